"""What may leave a member: nothing that a user wrote, and nothing that few have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from drs_reference.exchange.winnowing import chosen, gram_hashes
from drs_reference.exchange.words import words

__all__ = [
    "K_ANONYMITY",
    "Leak",
    "Publishable",
    "leaks",
    "plain_identifiers",
    "publishable_fingerprints",
]

K_ANONYMITY = 50
"""SIG-04."""

_EMAIL = re.compile(r"[^\s@<>\"']@[^\s@<>\"'.]+\.[^\s@<>\"']")
_ADDRESS = re.compile(r"(?<![\w.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w])|[0-9A-Fa-f:.]+)")
_NUMBER = re.compile(r"[0-9]{9}|\+[0-9][0-9 ()/-]{6}|[0-9]{4}(?:[ -][0-9]{4}){2}")
_QUOTATIONS = tuple(
    re.compile(f"{opens}([^{closes}]*){closes}")
    for opens, closes in (
        ('"', '"'),
        ("`", "`"),
        (r"(?<!\w)'", "'"),
        ("\u201c", "\u201d"),
        ("\u201e", "\u201c"),
        ("\u2018", "\u2019"),
        ("\u00ab", "\u00bb"),
        ("\u2039", "\u203a"),
    )
)
_WORDS_MAX = 4
"""Most words in a quotation; and more words in a row are not those of a prompt by chance."""
_WORDS_MIN = 3
"""A prompt of fewer words says nothing that a name of a signature could not say by itself."""


@dataclass(frozen=True, slots=True)
class Publishable:
    """Fingerprints that may be published, and in how many accounts each was seen."""

    accounts: Mapping[int, int]

    @property
    def values(self) -> frozenset[int]:
        """The fingerprints."""
        return frozenset(self.accounts)

    @property
    def accounts_min(self) -> int:
        """The least number of accounts behind any of them; 0 of none."""
        return min(self.accounts.values(), default=0)

    def most_common(self, count: int) -> Publishable:
        """The ``count`` fingerprints that were seen in the most accounts."""
        ranked = sorted(self.accounts.items(), key=lambda item: (-item[1], item[0]))
        return Publishable(dict(ranked[:count]))


@dataclass(frozen=True, slots=True)
class Leak:
    """A member of a document and what it holds that it must not; the words are not repeated."""

    member: str
    what: str


def publishable_fingerprints(
    texts_by_account: Mapping[str, Iterable[str]],
    benign_texts: Iterable[str],
    key: bytes,
    k: int,
    w: int,
    k_anonymity: int = K_ANONYMITY,
) -> Publishable:
    """The fingerprints that enough accounts have and no gram of the benign corpus has (SIG-04).

    Raises ``ValueError`` for a ``k_anonymity`` below 50 and as ``fingerprints`` does.
    """
    if k_anonymity < K_ANONYMITY:
        raise ValueError(f"at least {K_ANONYMITY} accounts are needed; got {k_anonymity}")
    accounts: Counter[int] = Counter()
    for texts in texts_by_account.values():
        seen: set[int] = set()
        for text in texts:
            seen.update(chosen(gram_hashes(words(text), key, k), w).tolist())
        accounts.update(seen)
    common = {value for value, count in accounts.items() if count >= k_anonymity}
    for text in benign_texts:
        common.difference_update(gram_hashes(words(text), key, k).tolist())
    return Publishable({value: accounts[value] for value in common})


def leaks(document: Mapping[str, Any], forbidden: Iterable[str] = ()) -> tuple[Leak, ...]:
    """What the texts for people and the rule of a signature give away (SIG-03).

    That are e-mail addresses, network addresses, long numbers, quotations, and of a text in
    ``forbidden``, such as a prompt of the campaign, five words in a row, or all of three or four.
    """
    texts = list(_texts(document))
    found = [Leak(member, what) for member, text in texts for what in plain_identifiers(text)]
    written_by_people = [(member, text) for member, text in texts if member != "pattern"]
    for member, text in written_by_people:
        if _NUMBER.search(text):
            found.append(Leak(member, "a number as long as one of a phone or a card"))
        quoted = (match[1] for pattern in _QUOTATIONS for match in pattern.finditer(text))
        if any(len(words(quotation)) > _WORDS_MAX for quotation in quoted):
            found.append(Leak(member, f"a quotation of more than {_WORDS_MAX} words"))
    return (*found, *_repeated(written_by_people, forbidden))


def _texts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for member in ("name", "description"):
        yield member, document[member]
    for number, label in enumerate(document.get("labels", ())):
        yield f"labels.{number}", label
    if document["pattern_type"] == "drs-cel":
        yield "pattern", document["pattern"]


def plain_identifiers(text: str) -> Iterator[str]:
    """What a text holds of e-mail and network addresses, as a sentence names it."""
    if _EMAIL.search(text):
        yield "an e-mail address"
    if any(_is_address(match[0]) for match in _ADDRESS.finditer(text)):
        yield "a network address"


def _is_address(text: str) -> bool:
    try:
        address = ip_address(text.rstrip(".:") if not text.endswith("::") else text)
    except ValueError:
        return False
    return not address.is_unspecified


def _repeated(texts: Iterable[tuple[str, str]], forbidden: Iterable[str]) -> Iterator[Leak]:
    run = _WORDS_MAX + 1
    spoken = {member: words(text) for member, text in texts}
    grams = {
        tuple(said[at : at + size]): member
        for member, said in spoken.items()
        for size in range(_WORDS_MIN, run + 1)
        for at in range(len(said) - size + 1)
    }
    told: set[str] = set()
    for text in forbidden:
        secret = words(text)
        size = min(run, len(secret))
        for at in range(len(secret) - size + 1 if size >= _WORDS_MIN else 0):
            member = grams.get(tuple(secret[at : at + size]))
            if member is not None and member not in told:
                told.add(member)
                yield Leak(member, "words of a text that must not leave")
