"""Harvested answers, in memory and on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from drs_reference.efficacy.tasks import draw_prompts
from drs_reference.model.language import Sample

__all__ = ["Corpus", "Response", "prompts", "read", "test_questions", "write"]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to the prompt of a sample, and the number of the account that got it."""

    sample: Sample
    text: str
    account: int = 0

    def saying(self, text: str) -> Response:
        """The same with another text."""
        return replace(self, text=text)


Corpus = Sequence[Response]


def prompts(seed: int, count: int) -> list[Sample]:
    """The prompts of a harvest; those of a smaller one are the first of a larger one."""
    rng = Random(f"harvest {seed}")
    return [draw_prompts(rng, 1)[0] for _ in range(count)]


def test_questions(seed: int, count: int) -> list[Sample]:
    """Questions that no harvest asks."""
    return draw_prompts(Random(f"test {seed}"), count, held_out=True)


def write(path: Path, texts: Iterable[tuple[int, int, str]]) -> None:
    """Keep (number of the prompt, account, text), a line each; the file is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(line) + "\n" for line in texts), "utf-8")
    partial.replace(path)


def read(path: Path, seed: int) -> list[Response]:
    """A corpus that was written for the prompts of a seed."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    asked = prompts(seed, 1 + max((number for number, _, _ in lines), default=-1))
    return [Response(asked[number], text, account) for number, account, text in lines]
