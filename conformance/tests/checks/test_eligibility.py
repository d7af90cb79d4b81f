"""Accounts that are made from a policy lie on the side of each criterion that they should."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from string import ascii_uppercase
from typing import Any

from drs_conformance.checks.eligibility import Policy
from drs_conformance.specification.schemas import problems
from drs_conformance.traffic.eligibility import beyond, just_within, merged, unmentioned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = st.lists(st.sampled_from(("Vole", "Moth", "Larch", "Fen")), min_size=1, max_size=3)
TEXTS = st.lists(WORDS.map(" ".join), min_size=1, max_size=3, unique=True)
PLACES = st.lists(
    st.sampled_from(("XA", "XA-1", "XB", "XB-QZ", "XC-1", "XC-11", "ZZ", "AX")),
    min_size=1,
    max_size=4,
    unique=True,
)
SHARES = st.one_of(
    st.integers(1, 10_000).map(lambda part: float(Decimal(part) / 10_000)),
    st.sampled_from((0.5, 1, 1 / 3, 0.00001, 0.123456789, 1e-12)),
    st.floats(0, 1, exclude_min=True, allow_subnormal=False),
)
KINDS = (
    st.builds(
        lambda owner, share: {"kind": "majority-ownership", "owner": owner, "share_min": share},
        WORDS.map(" ".join),
        SHARES,
    ),
    st.builds(
        lambda whose, places, effect: {
            "kind": "jurisdiction",
            "of": whose,
            "places": places,
            "effect": effect,
        },
        st.sampled_from(("customer", "end-user-organisation")),
        PLACES,
        st.sampled_from(("served", "not-served")),
    ),
    TEXTS.map(lambda uses: {"kind": "end-use", "uses": uses}),
    TEXTS.map(lambda names: {"kind": "listed-party", "test_parties": names}),
)
CRITERIA = st.lists(st.one_of(*KINDS), max_size=4).map(
    lambda found: [{"id": f"c-{number}", **one} for number, one in enumerate(found)]
)
many = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)


def excluding(criteria: list[dict[str, Any]], facts: Any) -> frozenset[str]:
    assert problems("eligibility-facts", facts) == []
    total = sum(Decimal(repr(holding["share"])) for holding in facts.get("holdings", ()))
    assert total <= 1
    return Policy({"criteria": criteria}).excluding(facts)


@many
@given(CRITERIA, st.data())
def test_each_criterion_is_tried_on_both_sides(criteria: list[Any], data: Any) -> None:
    for criterion in criteria:
        for form in beyond(criterion, criteria):
            assert criterion["id"] in excluding(criteria, data.draw(form)), criterion
        for form in just_within(criterion, criteria):
            assert criterion["id"] not in excluding(criteria, data.draw(form)), criterion


@many
@given(CRITERIA)
def test_what_is_not_mentioned_excludes_nobody(criteria: list[Any]) -> None:
    for facts in unmentioned(criteria):
        assert excluding(criteria, facts) == frozenset()


@many
@given(st.sampled_from((0.5, 0.0001, 1, 0.3333, 1e-9)), st.data())
def test_ownership_is_tried_at_its_very_edge(share: float, data: Any) -> None:
    criterion = {"id": "c", "kind": "majority-ownership", "owner": "Vole", "share_min": share}

    def held(facts: Any) -> Decimal:
        parts = [h["share"] for h in facts["holdings"] if h["owner"] == "Vole"]
        return sum(map(Decimal, map(repr, parts)), Decimal(0))

    assert held(data.draw(beyond(criterion, [criterion])[0])) == Decimal(repr(share))
    near = held(data.draw(just_within(criterion, [criterion])[0]))
    assert Decimal(repr(share)) - near <= Decimal("0.0001")


def test_every_other_place_is_tried_and_none_that_is_unclear() -> None:
    seat = {"id": "c", "kind": "jurisdiction", "of": "customer", "effect": "not-served"}
    (customers,) = (
        facts["seats"]
        for facts in unmentioned([{**seat, "places": ["XA", "XB-1"]}])
        if facts.get("seats", [{"of": ""}])[0]["of"] == "customer"
    )
    places = {entry["place"] for entry in customers}
    assert len(places) == 26 * 26 - 2
    assert not places & {"XA", "XB"}


def test_who_may_sit_in_some_places_only_may_sit_there() -> None:
    seat = {"id": "c", "kind": "jurisdiction", "of": "customer", "effect": "served"}
    criteria = [{**seat, "places": ["XA"]}]
    for place, is_excluded in (("XA", False), ("XA-1", False), ("XB", True), ("XAA", True)):
        found = Policy({"criteria": criteria}).excluding(
            {"seats": [{"of": "customer", "place": place}]}
        )
        assert bool(found) is is_excluded, place
    assert all(not Policy({"criteria": criteria}).excluding(f) for f in unmentioned(criteria))


def test_a_criterion_that_excludes_nobody_has_nobody_beyond_it() -> None:
    everywhere = [f"{one}{other}" for one in ascii_uppercase for other in ascii_uppercase]
    seat = {"id": "c", "kind": "jurisdiction", "of": "customer", "places": everywhere}
    served, not_served = ({**seat, "effect": effect} for effect in ("served", "not-served"))
    assert beyond(served, [served]) == []
    assert len(just_within(served, [served])) == 2
    assert len(beyond(not_served, [not_served])) == 2
    assert len(just_within(not_served, [not_served])) == 1


def test_holdings_are_never_more_than_a_whole() -> None:
    half, most = ({"holdings": [{"owner": "Vole", "share": share}]} for share in (0.5, 0.6))
    assert merged(half, most) == half
    assert len(merged(half, half)["holdings"]) == 2
    assert merged(half, {"uses": ["a"]}, {"uses": ["b"]}) == {**half, "uses": ["a", "b"]}


def test_a_policy_holds_where_and_while_it_says() -> None:
    policy = Policy(
        {
            "surfaces": ["chat"],
            "valid_from": "2026-01-01T00:00:00Z",
            "valid_until": "2026-02-01T00:00:00Z",
        }
    )
    for surface, month, day, holds in (
        ("chat", 1, 1, True),
        ("chat", 2, 1, False),
        ("messages", 1, 15, False),
    ):
        assert policy.holds(surface, datetime(2026, month, day, tzinfo=UTC)) is holds
