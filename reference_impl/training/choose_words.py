"""Write ``model/words.py``: the multi-character tokens that shorten the language most.

Run it when the language has changed, and train again: weights fit just one vocabulary.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drs_reference.model.language import draw_sample

OUT = Path(__file__).resolve().parents[1] / "drs_reference/model/words.py"
COUNT = 153
"""256 less the specials and the single characters."""
PIECES = re.compile(r'\{"|": "|": \{"|": |", "|, "|"\}\}|"\}|->|\(x\)|_?[a-z]+(?=["_])| ?[A-Za-z]+')


def main() -> None:
    """Rank candidate pieces by how many tokens they save on 40,000 samples."""
    rng = Random(7)
    saved: Counter[str] = Counter()
    for _ in range(40_000):
        sample = draw_sample(rng)
        if sample.task == "small_talk":
            texts = [sample.answer]
        else:
            texts = [*(text for _, text in sample.messages), sample.answer]
        for text in texts:
            for piece in PIECES.findall(text):
                if len(piece) > 1:
                    saved[piece] += len(piece) - 1
    words = sorted(word for word, _ in saved.most_common(COUNT))
    lines = ['"""Tokens of more than one character; made by training/choose_words.py."""', ""]
    lines.append("WORDS: tuple[str, ...] = (")
    for word in words:
        literal = repr(word) if '"' in word else f'"{word}"'
        lines.append(f"    {literal},")
    OUT.write_text("\n".join([*lines, ")", ""]), encoding="ascii")


if __name__ == "__main__":
    main()
