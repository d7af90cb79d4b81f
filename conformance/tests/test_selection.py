"""Which requirements a run tests."""

from __future__ import annotations

import pytest
from drs_conformance.selection import UnknownRequirement, choose, in_order
from drs_conformance.specification.catalogue import load_catalogue
from hypothesis import given
from hypothesis import strategies as st

CATALOGUE = load_catalogue()
RUNNABLE = [r.id for r in CATALOGUE.requirements if r.verify == "test" and not r.excluded]
LEVELS = st.sampled_from(("L1", "L2", "L3"))


def selected(*arguments: object) -> list[str]:
    return [item.id for item in in_order(choose(CATALOGUE, *arguments))]  # type: ignore[arg-type]


def status(level: str, identifier: str, classes: tuple[str, ...] = ("provider",)) -> str:
    choices = {c.requirement.id: c for c in choose(CATALOGUE, level, classes)}
    return choices[identifier].status


def test_levels_are_cumulative() -> None:
    assert set(selected("L1", ["provider"])) <= set(selected("L2", ["provider"]))
    assert status("L1", "EXP-11") == "not-run"
    assert status("L2", "EXP-11") == "pending"


def test_other_classes_select_nothing_of_a_provider() -> None:
    assert selected("L3", ["hub"]) == [f"XCH-0{number}" for number in range(1, 7)]
    assert status("L3", "DCL-01", ("hub",)) == "not-run"
    members = [
        *(f"SIG-0{number}" for number in (1, 3, 5, 7, 8)),
        *(f"XCH-{number:02}" for number in range(8, 12)),
    ]
    assert selected("L3", ["participant"]) == members


def test_what_is_not_tested_keeps_its_kind() -> None:
    assert status("L3", "DCL-09") == "attest"
    assert status("L3", "DCL-10") == "inspect"


def test_only_pulls_in_prerequisites() -> None:
    assert selected("L3", ["provider"], ["EXP-02"]) == ["DCL-01", "DCL-02", "DCL-07", "EXP-02"]


def test_prerequisites_come_first() -> None:
    order = selected("L3", ["provider"])
    place = {identifier: number for number, identifier in enumerate(order)}
    for identifier in order:
        for prerequisite in CATALOGUE.by_id[identifier].depends_on:
            assert place[prerequisite] < place[identifier]


@pytest.mark.parametrize("identifier", ["DCL-99", "nonsense", "DCL-09", "EXP-11"])
def test_only_refuses_what_cannot_be_run(identifier: str) -> None:
    with pytest.raises(UnknownRequirement, match=identifier):
        choose(CATALOGUE, "L3", ["provider"], [identifier])


@given(LEVELS, st.lists(st.sampled_from(("provider", "hub")), unique=True))
def test_every_requirement_is_accounted_for_with_a_reason(level: str, classes: list[str]) -> None:
    choices = choose(CATALOGUE, level, classes)
    assert [choice.requirement for choice in choices] == list(CATALOGUE.requirements)
    for choice in choices:
        item = choice.requirement
        if item.verify != "test":
            assert (choice.status, choice.reason) == (item.verify, None)
        elif item.level > level or not set(item.applies_to) & set(classes):
            assert choice.status == "not-run"
            assert choice.reason
        elif item.excluded:
            assert (choice.status, choice.reason) == ("pending", item.excluded)
        else:
            assert (choice.status, choice.reason) == ("selected", None)


@given(LEVELS, st.sets(st.sampled_from(RUNNABLE), min_size=1))
def test_only_selects_the_closure_of_what_was_named(level: str, only: set[str]) -> None:
    wanted, grown = set[str](), set(only)
    while grown != wanted:
        wanted = grown
        grown = wanted | {d for i in wanted for d in CATALOGUE.by_id[i].depends_on}
    order = selected(level, ["provider"], sorted(only))
    assert len(order) == len(set(order))
    assert set(order) == {
        i
        for i in wanted & set(RUNNABLE)
        if CATALOGUE.by_id[i].level <= level and "provider" in CATALOGUE.by_id[i].applies_to
    }
