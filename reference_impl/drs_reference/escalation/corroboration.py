"""Whether two members gathered the evidence independently (ESC-02)."""

from __future__ import annotations

from itertools import combinations

from drs_reference.json_text import Members

__all__ = ["uncorroborated"]

_NAMES_MAX = 1000
_WORDS_OF_OTHERS = frozenset({"signature", "sighting"})
"""Kinds of items that say what a signature of the exchange says: nothing that a member gathered."""


def uncorroborated(dossier: Members) -> str | None:
    """Why no two members are independent sources, or None. Raises ``BodyError``."""
    records: dict[str, set[str]] = {}
    for item in dossier.items("items"):
        if item.text("kind") not in _WORDS_OF_OTHERS:
            # What one took from a record may be the record of the other.
            held = {item.required("source"), item.required("digest")}
            records.setdefault(item.required("member"), set()).update(held)
    reasons = []
    for one, other in combinations(dossier.items("members"), 2):
        reason = _one_source(one, other, records)
        if reason is None:
            return None
        reasons.append(reason)
    found = "; ".join(reasons) or "fewer than two are named"
    return f"members: expected two that gathered evidence independently, but {found}"


def _one_source(one: Members, other: Members, records: dict[str, set[str]]) -> str | None:
    names = one.required("member"), other.required("member")
    if names[0] == names[1]:
        return f"{names[0]} is named twice"
    for name in names:
        if name not in records:
            return f"{name} gathered no item, signatures and sightings aside"
    for member, name in ((one, names[1]), (other, names[0])):
        if name not in member.strings("independent_of", _NAMES_MAX):
            return f"{member.get('member')} is not said to be independent of {name}"
    read = [set(member.strings("signatures", _NAMES_MAX)) for member in (one, other)]
    if shared := read[0] & read[1]:
        return f"{names[0]} and {names[1]} wrote or read the same signature, {min(shared)}"
    if records[names[0]] & records[names[1]]:
        return f"{names[0]} and {names[1]} took items from the same record"
    return None
