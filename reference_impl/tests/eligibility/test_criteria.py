"""Each kind of criterion at its edge, and what none of them mentions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from drs_reference.eligibility.criteria import criterion_from
from drs_reference.eligibility.facts import Facts
from hypothesis import given
from hypothesis import strategies as st

OWNER = {"id": "owner-1", "kind": "majority-ownership", "owner": "Owners in XA"}
SEAT = {"id": "seat-1", "kind": "jurisdiction", "of": "customer", "places": ["XA", "XB-1"]}
USE = {"id": "use-1", "kind": "end-use", "uses": ["Control of weapons"]}
LISTED = {"id": "list-1", "kind": "listed-party", "test_parties": ["Hollow Lantern Trading"]}


def excludes(criterion: dict[str, Any], **facts: Any) -> bool:
    return criterion_from(criterion).excludes(Facts.of(facts))


def held(*shares: float, owner: str = "Owners in XA") -> list[dict[str, Any]]:
    return [{"owner": owner, "share": share} for share in shares]


@pytest.mark.parametrize(
    ("share_min", "shares", "is_excluded"),
    [
        (0.5, [0.5], True),
        (0.5, [0.4999], False),
        (0.5, [0.25, 0.25], True),
        (0.5, [1], True),
        (0.5, [], False),
        # In binary these add up to 0.7999999999999999 and 0.30000000000000004.
        (0.8, [0.7, 0.1], True),
        (0.3, [0.1, 0.1, 0.1], True),
        (0.30000000000000004, [0.1, 0.1, 0.1], False),
        (1, [0.9999999], False),
    ],
)
def test_shares_are_added_as_they_are_written(
    share_min: float, shares: list[float], is_excluded: bool
) -> None:
    assert excludes({**OWNER, "share_min": share_min}, holdings=held(*shares)) is is_excluded


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=3), st.integers(1, 9999))
def test_shares_are_counted_as_whole_parts_would_be(parts: list[int], least: int) -> None:
    criterion = {**OWNER, "share_min": float(Decimal(least) / 10000)}
    holdings = held(*(float(Decimal(part) / 10000) for part in parts))
    assert excludes(criterion, holdings=holdings) == (sum(parts) >= least)


def test_others_own_what_they_like() -> None:
    criterion = {**OWNER, "share_min": 0.5}
    assert not excludes(criterion, holdings=held(1, owner="Owners in XAB"))
    assert not excludes(criterion, holdings=[*held(0.3), *held(0.7, owner="Owners in XB")])
    assert excludes(criterion, holdings=held(0.5, owner="OWNERS  in xa"))


@pytest.mark.parametrize(
    ("place", "is_inside"),
    [
        ("XA", True),
        ("XA-7", True),
        ("XB-1", True),
        ("XB", False),
        ("XB-2", False),
        ("XB-11", False),
        ("AX", False),
    ],
)
def test_a_place_contains_its_subdivisions_only(place: str, is_inside: bool) -> None:
    seats = [{"of": "customer", "place": place}]
    assert excludes({**SEAT, "effect": "not-served"}, seats=seats) is is_inside
    assert excludes({**SEAT, "effect": "served"}, seats=seats) is not is_inside


@pytest.mark.parametrize("effect", ["served", "not-served"])
def test_seats_of_others_and_unknown_ones_exclude_nobody(effect: str) -> None:
    criterion = {**SEAT, "effect": effect}
    for place in ("XA", "XC"):
        assert not excludes(criterion, seats=[{"of": "end-user-organisation", "place": place}])
    assert not excludes(criterion)


def test_one_seat_of_several_is_enough() -> None:
    seats = [{"of": "customer", "place": place} for place in ("XC", "XA")]
    for effect in ("served", "not-served"):
        assert excludes({**SEAT, "effect": effect}, seats=seats)


@pytest.mark.parametrize(
    ("use", "is_excluded"),
    [
        ("Control of weapons", True),
        (" control OF\tweapons ", True),
        ("Control of weapons, as a subject of history", False),
        ("Control", False),
    ],
)
def test_uses_are_compared_as_wholes(use: str, is_excluded: bool) -> None:
    assert excludes(USE, uses=["Teaching", use]) is is_excluded


def test_names_are_looked_up_on_the_list_and_among_the_test_parties() -> None:
    criterion = criterion_from(LISTED, ["Second  Example party"])
    for name, is_listed in (
        ("Second Example Party", True),
        ("hollow lantern trading", True),
        ("Hollow Lantern", False),
        ("Hollow Lantern Trading Bakery", False),
        ("", False),
    ):
        assert criterion.excludes(Facts(names=("Elm Street Bakery", name))) is is_listed, name


def test_what_no_criterion_mentions_counts_for_nothing() -> None:
    told: dict[str, Any] = {
        "holdings": held(1, owner="A cooperative of its members"),
        "seats": [{"of": "customer", "place": "XC"}],
        "uses": ["Teaching"],
        "names": ["Elm Street Bakery"],
    }
    for criterion in (
        {**OWNER, "share_min": 0.0001},
        {**SEAT, "effect": "not-served"},
        USE,
        LISTED,
    ):
        assert not excludes(criterion, **told)
        assert not excludes(criterion)
