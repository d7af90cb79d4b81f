"""How much of reasoning that was withheld an answer reveals all the same (chapter Exposure)."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from drs_conformance.checks.auditor_hooks import AUDITOR
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable
from drs_conformance.dialects.neutral import ChatAnswer
from drs_conformance.ledger import Exchange

__all__ = ["LEAST", "read_withheld", "reasoning_path", "received", "revealed"]

RUN = 16
"""Characters that have to stand together to be counted as revealed."""
LEAST = 32
"""Characters of reasoning below which nothing is said of it."""
_RESULT_MAX = 40
_SENTENCE = re.compile(r"""[^.!?"\n]+[.!?"\n]?""")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2}){16,}")


def reasoning_path(lab: Lab, answer: ChatAnswer) -> str:
    """Return where the auditor reads what was withheld from an answer."""
    root = lab.declaration.hook("reasoning")
    if root is None:
        raise Untestable(
            "the declaration names no path under which withheld reasoning can be read",
            lab.declaration,
        )
    return f"{root}/{quote(answer.id, safe='')}"


def read_withheld(lab: Lab, answer: ChatAnswer) -> tuple[list[str], Exchange]:
    """Return what was withheld from each choice of an answer, as the auditor reads it."""
    exchange = lab.get(reasoning_path(lab, answer), AUDITOR)
    if exchange.status != 200:
        raise Untestable(
            f"reasoning withheld from an answer was asked for, the answer was {exchange.status}",
            exchange,
        )
    return list(lab.document(exchange, "withheld-reasoning")["reasoning"]), exchange


def revealed(
    reasoning: str, seen: Iterable[str], written: Iterable[str], result: int
) -> float | None:
    """Return the share of ``reasoning`` that stands in texts which the caller has ``seen``.

    What stands in the texts that the caller has ``written``, or in a short sentence with the
    ``result``, counts on neither side. None where less than `LEAST` characters are left.
    """
    texts = [view for text in seen for view in _views(text)]
    stated = [sentence for text in texts for sentence in _sentences_with(result, text)]
    plain = _normal(reasoning)
    own = _covered(plain, [*written, *stated])
    found = _covered(plain, texts)
    counted = len(plain) - len(own)
    return len(found - own) / counted if counted >= LEAST else None


def _covered(plain: str, texts: Iterable[str]) -> set[int]:
    """Return the places of ``plain`` that belong to a run which stands in one of the texts."""
    runs = {
        text[at : at + RUN] for text in map(_normal, texts) for at in range(len(text) - RUN + 1)
    }
    return {
        place
        for at in range(len(plain) - RUN + 1)
        if plain[at : at + RUN] in runs
        for place in range(at, at + RUN)
    }


def _normal(text: str) -> str:
    return "".join(text.split()).casefold()


def _views(text: str) -> Iterator[str]:
    """Yield a text as it is and as it may have been encoded."""
    yield text
    yield text[::-1]
    yield codecs.encode(text, "rot13")
    for start in (0, 1):
        yield "".join(text.split())[start::2]
        yield text[start::2]
    for found in _BASE64.findall(text):
        padded = found.replace("-", "+").replace("_", "/")
        padded = padded[: len(padded) // 4 * 4] if len(padded) % 4 == 1 else padded
        yield base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8", "replace")
    for found in _HEXADECIMAL.findall(text):
        yield binascii.unhexlify(found).decode("utf-8", "replace")


def _sentences_with(result: int, text: str) -> Iterator[str]:
    number = re.compile(rf"(?<!\d){result}(?!\d)")
    for sentence in _SENTENCE.findall(text):
        if len(sentence) <= _RESULT_MAX and number.search(sentence):
            yield sentence


def received(answer: ChatAnswer) -> list[str]:
    """Return every text in an answer, whatever its member; parts of one text are put together."""
    texts: dict[str, list[str]] = {}
    for place, text in _strings(answer.raw, ""):
        texts.setdefault(place, []).append(text)
    return ["".join(parts) for parts in texts.values()]


def _strings(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _strings(member, f"{place}/{name}")
    elif isinstance(value, Sequence):
        for member in value:
            # Events of a stream and tokens of a text follow each other; choices and calls do not.
            index = member.get("index", "") if isinstance(member, dict) else ""
            yield from _strings(member, f"{place}/{index}")
