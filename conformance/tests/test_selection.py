"""Which requirements a run tests."""

from __future__ import annotations

import pytest
from drs_conformance.selection import UnknownRequirement, choose, in_order
from drs_conformance.specification.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def selected(*arguments: object) -> list[str]:
    return [item.id for item in in_order(choose(CATALOGUE, *arguments))]  # type: ignore[arg-type]


def status(level: str, identifier: str, classes: tuple[str, ...] = ("provider",)) -> str:
    choices = {c.requirement.id: c for c in choose(CATALOGUE, level, classes)}
    return choices[identifier].status


def test_levels_are_cumulative() -> None:
    assert set(selected("L1", ["provider"])) <= set(selected("L2", ["provider"]))
    assert status("L1", "EXP-09") == "not-run"
    assert status("L2", "EXP-09") == "pending"


def test_other_classes_select_nothing_of_a_provider() -> None:
    assert selected("L3", ["hub"]) == []
    assert status("L3", "DCL-01", ("hub",)) == "not-run"


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


@pytest.mark.parametrize("identifier", ["DCL-99", "nonsense", "DCL-09", "EXP-09"])
def test_only_refuses_what_cannot_be_run(identifier: str) -> None:
    with pytest.raises(UnknownRequirement, match=identifier):
        choose(CATALOGUE, "L3", ["provider"], [identifier])
