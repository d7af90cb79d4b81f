"""Hypothesis strategies over facts of eligibility, made from the criteria of a policy.

A criterion is what the schema ``eligibility-policy`` says, facts are a document of the schema
``eligibility-facts``. For a criterion there is one strategy for each form that may not be left to
chance. What facts come to under the whole policy is for the check to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise, product
from string import ascii_uppercase
from typing import Any

from hypothesis import strategies as st

__all__ = ["Facts", "beyond", "just_within", "merged", "unmentioned"]

Facts = dict[str, list[Any]]
Criterion = Mapping[str, Any]
Criteria = Sequence[Criterion]
Forms = list[st.SearchStrategy[Facts]]

_OWNERS = ("A cooperative of its members", "A foundation for schools", "Several small holders")
_USES = (
    "Teaching of arithmetic",
    "Letters to customers",
    "Minutes of meetings",
    "Translation of manuals",
    "Search in a library",
    "Tests of software",
)
_NAMES = ("Elm Street Bakery", "Blue Kettle Software", "Harbour School of Music")
_PLACES = tuple("".join(pair) for pair in product(ascii_uppercase, repeat=2))
_WHOSE = ("customer", "end-user-organisation")
_SUBDIVISIONS = ("1", "7", "QZ")
# Shares differ by no less than the one and are split no finer than the other.
_SHARE_DECIMALS, _PART_DECIMALS = 4, 9


def merged(*documents: Mapping[str, Sequence[Any]]) -> Facts:
    """Return everything that documents say, holdings only as long as they are one whole."""
    facts: Facts = {}
    for document in documents:
        together = [*facts.get("holdings", ()), *document.get("holdings", ())]
        is_possible = sum(Decimal(repr(holding["share"])) for holding in together) <= 1
        for member, entries in document.items():
            if member != "holdings" or is_possible:
                facts[member] = [*facts.get(member, ()), *entries]
    return facts


def beyond(criterion: Criterion, criteria: Criteria) -> Forms:
    """Return strategies over accounts that a criterion of ``criteria`` excludes, if any."""
    kind = criterion["kind"]
    if kind == "majority-ownership":
        return _beyond_ownership(criterion)
    if kind == "jurisdiction":
        return _seats(criterion, criteria, is_excluded=True)
    member, said = ("uses", "uses") if kind == "end-use" else ("names", "test_parties")
    return [_texts(member, criterion[said])]


def just_within(criterion: Criterion, criteria: Criteria) -> Forms:
    """Return strategies over accounts at the edge of a criterion that it does not exclude."""
    kind = criterion["kind"]
    if kind == "majority-ownership":
        return _within_ownership(criterion)
    if kind == "jurisdiction":
        return _seats(criterion, criteria, is_excluded=False)
    if kind == "end-use":
        return [_texts("uses", [f"{use}, as a subject of history" for use in criterion["uses"]])]
    names = criterion["test_parties"]
    alike = (
        [f"{name} Bakery" for name in names],
        [f"Friends of {name}" for name in names],
        [" ".join(name.split()[:-1]) for name in names],
    )
    known = {"", *(" ".join(name.split()).casefold() for name in names)}
    unlisted = [[name for name in part if name.casefold() not in known] for part in alike]
    return [_texts("names", part) for part in unlisted if part]


def unmentioned(criteria: Criteria) -> list[Facts]:
    """Return what criteria have nothing to do with: owners, uses and names; places, all of them."""
    share = round(1 / len(_OWNERS), _SHARE_DECIMALS)
    found: list[Facts] = [
        {
            "holdings": [{"owner": owner, "share": share} for owner in _OWNERS],
            "uses": list(_USES),
            "names": list(_NAMES),
        },
        {"holdings": [{"owner": _OWNERS[0], "share": 1}]},
    ]
    for whose in _WHOSE:
        about = [c for c in criteria if c["kind"] == "jurisdiction" and c["of"] == whose]
        if all(c["effect"] == "not-served" for c in about):
            free = _outside([place for c in about for place in c["places"]], criteria)
            found.append({"seats": [{"of": whose, "place": place} for place in free]})
    return found


# -- ownership


def _edge(criterion: Criterion) -> tuple[Decimal, Decimal]:
    """Return the share of a criterion, and by how much another differs from it at least."""
    share = Decimal(repr(criterion["share_min"]))
    exponent = share.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return share, Decimal(1).scaleb(-min(max(-exponent, _SHARE_DECIMALS), _PART_DECIMALS))


def _held(owner: str, total: Decimal, step: Decimal) -> st.SearchStrategy[Facts]:
    """Return a strategy over one to four holdings of an owner that add up to ``total``."""
    units = int(total / step)
    if units * step != total:
        return st.just({"holdings": [_holding(owner, total)]})

    def parted(cuts: Sequence[int]) -> Facts:
        edges = [0, *sorted({cut for cut in cuts if 0 < cut < units}), units]
        return {"holdings": [_holding(owner, (to - at) * step) for at, to in pairwise(edges)]}

    return st.lists(st.integers(1, max(units - 1, 1)), max_size=3).map(parted)


def _holding(owner: str, share: Decimal) -> dict[str, Any]:
    return {"owner": owner, "share": float(share)}


def _beyond_ownership(criterion: Criterion) -> Forms:
    share, step = _edge(criterion)
    owner = criterion["owner"]
    more = [total for total in (share + step, Decimal(1)) if total <= 1]
    further = st.sampled_from(more).flatmap(lambda total: _held(owner, total, step))
    return [_held(owner, share, step), further]


def _within_ownership(criterion: Criterion) -> Forms:
    share, step = _edge(criterion)
    owner = criterion["owner"]
    less = share // step * step
    less = less if less < share else less - step
    others = st.sampled_from((*_OWNERS, f"{owner} until last year"))
    alone = others.map(lambda other: {"holdings": [_holding(other, Decimal(1))]})
    if not less:
        return [alone]
    rest = others.map(lambda other: {"holdings": [_holding(other, 1 - less)]})
    return [st.builds(merged, _held(owner, less, step), rest), alone]


# -- seats


def _seats(criterion: Criterion, criteria: Criteria, *, is_excluded: bool) -> Forms:
    """Return strategies over single seats: within the places, or near them and anywhere else.

    A seat of whom the criterion is not about is not excluded either.
    """
    places = criterion["places"]
    if is_excluded == (criterion["effect"] == "not-served"):
        parts = [f"{p}-{part}" for p in places if "-" not in p for part in _SUBDIVISIONS]
        groups = [list(places), parts]
    else:
        groups = [_near(places, criteria), _outside(places, criteria)]
    seats = [(criterion["of"], group) for group in groups]
    if not is_excluded:
        (other,) = (whose for whose in _WHOSE if whose != criterion["of"])
        is_named = criterion["effect"] == "not-served"
        seats.append((other, places if is_named else _outside(places, criteria)))
    return [_seat(whose, group) for whose, group in seats if group]


def _seat(whose: str, places: Sequence[str]) -> st.SearchStrategy[Facts]:
    return st.sampled_from(places).map(lambda place: {"seats": [{"of": whose, "place": place}]})


def _near(places: Sequence[str], criteria: Criteria) -> list[str]:
    """Return places outside whose codes are as like those of ``places`` as can be."""
    found = []
    for place in places:
        country, dash, part = place.partition("-")
        if dash:
            found += [f"{country}-{other}" for other in (f"{part}1", f"{part}0", *_SUBDIVISIONS)]
        else:
            found += [place[::-1], *(f"{place[0]}{letter}" for letter in ascii_uppercase)]
    codes = [place for place in found if len(place) <= len("XX-000")]
    return _apart(codes, places, criteria)


def _outside(places: Sequence[str], criteria: Criteria) -> list[str]:
    """Return every place with a code of two letters that lies outside of ``places``."""
    return _apart(_PLACES, places, criteria)


def _apart(codes: Sequence[str], places: Sequence[str], criteria: Criteria) -> list[str]:
    """Return those of ``codes`` that lie in none of ``places``, and hold no place of a criterion.

    Who sits in a country of which a criterion names a part may sit in that part or not.
    """
    named = {p for c in criteria if c["kind"] == "jurisdiction" for p in c["places"]}
    unclear = {place.partition("-")[0] for place in named if "-" in place}
    return [
        code
        for code in codes
        if not {code, code.partition("-")[0]} & set(places) and code not in unclear
    ]


# -- uses and names


def _texts(member: str, texts: Sequence[str]) -> st.SearchStrategy[Facts]:
    """Return a strategy over one of ``texts``, alone or before or after ordinary ones."""
    ordinary = _USES if member == "uses" else _NAMES
    some = st.lists(st.sampled_from(ordinary), max_size=2, unique=True)
    return st.builds(
        lambda text, before, after: {member: [*before, text, *after]},
        st.sampled_from(texts),
        some,
        some,
    )
