"""What a signature must not hold: words of a prompt, addresses, identifiers of people (SIG-03)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from drs_conformance.checks.fingerprints import words_of

__all__ = ["plain_text_in"]

_WORDS_IN_A_ROW = 5
"""Words that are those of a prompt, and not so by chance."""
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"'.]+\.[^\s@<>\"']+")
_ADDRESS = re.compile(r"(?<![\w.:])[0-9A-Fa-f]*[.:][0-9A-Fa-f:.]*(?:/\d{1,3})?")
_CARD = re.compile(r"(?<!\d)\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?!\d)")


def plain_text_in(document: Mapping[str, Any], prompt: str) -> Iterator[str]:
    """Yield what a signature holds that it must not, as far as the prompt of a campaign tells.

    Ranges stand where the standard has a place for them, as those of hosts and not of people.
    """
    said = words_of(prompt)
    rows = {tuple(said[at : at + _WORDS_IN_A_ROW]) for at in range(len(said) - _WORDS_IN_A_ROW + 1)}
    for place, text in _texts("", document):
        words = words_of(text)
        if any(
            tuple(words[at : at + _WORDS_IN_A_ROW]) in rows
            for at in range(len(words) - _WORDS_IN_A_ROW + 1)
        ):
            yield f"{place} quotes {_WORDS_IN_A_ROW} words of the prompt"
        if _EMAIL.search(text):
            yield f"{place} has an e-mail address"
        has_ranges = place == "/pattern" or "/networks/" in place
        if not has_ranges and any(_is_one_address(one[0]) for one in _ADDRESS.finditer(text)):
            yield f"{place} has the address of one host"
        if " " in text and _CARD.search(text):
            yield f"{place} has the number of a card"


def _texts(place: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "proof":
                yield from _texts(f"{place}/{name}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(f"{place}/{number}", inner)


def _is_one_address(text: str) -> bool:
    """Tell whether a text is an address, or a range of one address only."""
    try:
        if "/" in text:
            network = ip_network(text, strict=False)
            return network.prefixlen == network.max_prefixlen
        ip_address(text.rstrip(".:"))
    except ValueError:
        return False
    return True
