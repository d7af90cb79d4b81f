"""The pictures of statistical verdicts say what the numbers say, in shapes and in words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from drs_conformance.reports.html_report import render_html
from drs_conformance.reports.picture_operating import operating_picture
from drs_conformance.reports.picture_process import process_picture
from drs_conformance.reports.picture_spending import spending_picture
from drs_conformance.reports.quantities import approximately
from drs_conformance.results.result import build_result, result_bytes
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.trial import Trial
from sample_events import checked, finished, listed, started

from .test_html_report import Page

RATE = {"kind": "rate", "conforming": 0.01, "violating": 0.1, "alpha": 0.01, "beta": 0.05}
HOSTILE = 'a "quoted" <b>name</b>'


def statistics(
    events: Sequence[bool], *alternatives: str, verdict: str, **members: Any
) -> dict[str, Any]:
    """Return the record of a trial whose first alternative sees ``events`` over and over."""
    trial = Trial(
        Design({**RATE, "cap": 400, **members}), 1e-6, alternatives or ("one",), "text", "truth"
    )
    names = tuple(trial.processes)
    number = 0
    while trial.open:
        for name in trial.open:
            trial.observe_coin(events[number % len(events)] and name == names[0], name)
        number += 1
    assert trial.decision == verdict
    return trial.record(0)


@pytest.fixture(name="result", scope="module")
def _result() -> dict[str, Any]:
    found = {
        "DCL-01": ("pass", statistics([False], verdict="pass")),
        "DCL-02": ("fail", statistics([True], "sly", HOSTILE, verdict="fail")),
        "DCL-03": ("inconclusive", statistics([False], verdict="inconclusive", cap=9)),
    }
    events = [
        event
        for identifier, (verdict, record) in found.items()
        for event in checked(identifier, verdict, statistics=record)
    ]
    return build_result(
        [
            started(),
            *map(listed, found),
            listed("DCL-04"),
            *events,
            *checked("DCL-04", "pass"),
            finished(),
        ]
    )


def of(result: dict[str, Any], identifier: str) -> dict[str, Any]:
    entry = next(entry for entry in result["requirements"] if entry["id"] == identifier)
    record: dict[str, Any] = entry["outcome"]["statistics"]
    return record


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_a_line_ends_at_the_boundary_that_it_reached(result) -> None:
    for identifier, kind in (("DCL-01", "pass"), ("DCL-02", "fail")):
        (panel, *_) = process_picture(of(result, identifier))["panels"]
        ends = {line["class"]: points(line["points"])[-1] for line in panel["lines"]}
        heights = {line["class"]: line["y"] for line in panel["boundaries"]}
        assert ends[kind][1] == pytest.approx(heights[kind], abs=0.2)
        (other,) = {"pass", "fail"} - {kind}
        assert ends[other][1] > heights[other]


def test_each_alternative_has_a_panel_below_the_one_before(result) -> None:
    picture = process_picture(of(result, "DCL-02"))
    one, other = picture["panels"]
    assert (one["alternative"], other["alternative"]) == ("sly", HOSTILE)
    assert one["bottom"] < other["top"] < other["bottom"] < picture["height"]


def test_what_lies_beyond_the_axis_is_left_out(result) -> None:
    picture = process_picture(of(result, "DCL-03"))
    assert picture["bounds"] == []
    for panel in picture["panels"]:
        for line in panel["lines"]:
            for x, y in points(line["points"]):
                assert picture["left"] <= x <= picture["right"]
                assert panel["top"] <= y <= panel["bottom"]


@pytest.mark.parametrize(
    "members",
    [
        RATE,
        {**RATE, "conforming": 0.8, "violating": 0.5},
        {**RATE, "kind": "difference", "effect": 0.1, "discordant": 0.2},
        {**RATE, "kind": "divergence", "effect": 0.01, "cost": 2, "regret": 5},
        {**RATE, "kind": "mean", "effect": 0.25, "spread": 1},
    ],
    ids=["rate", "falling rate", "difference", "divergence", "mean"],
)
def test_the_areas_fill_the_frame(members) -> None:
    trial = Trial(Design({**members, "cap": 2000}), 1e-6, ["one"], "text", "truth")
    picture = operating_picture(trial.record(0))
    lowest, middle, highest = (points(area["points"]) for area in picture["areas"])
    half = len(lowest) // 2
    # One area ends where the next begins.
    assert lowest[:half] == middle[half:][::-1]
    assert middle[:half] == highest[half:][::-1]
    assert {y for _, y in highest[:half]} == {picture["top"]}
    assert {y for _, y in lowest[half:]} == {picture["bottom"]}
    assert [x for x, _ in lowest[:half]] == sorted(x for x, _ in lowest[:half])
    assert (lowest[0][0], lowest[half - 1][0]) == (picture["left"], picture["right"])
    assert picture["left"] < picture["middle"]["x"] < picture["right"]


def test_marks_stand_in_the_order_of_their_numbers(result) -> None:
    entries = [entry for entry in result["requirements"] if entry["outcome"]]
    picture = spending_picture(entries)
    assert picture is not None
    assert [row["id"] for row in picture["rows"]] == ["DCL-01", "DCL-02", "DCL-03"]
    for row in picture["rows"]:
        by_number = sorted(row["at"], key=lambda name: row[name])
        places = [row["at"][name] for name in by_number]
        assert places == sorted(places)
        assert all(picture["left"] <= x <= picture["right"] for x in places)
    bounds = [of(result, row["id"])["bound"] for row in picture["rows"]]
    kinds = ["conforming", "violating", "conforming"]
    expected = [round(bound[kind]) for bound, kind in zip(bounds, kinds, strict=True)]
    assert [row["bound"] for row in picture["rows"]] == expected


def test_without_statistics_there_is_no_picture() -> None:
    result = build_result([started(), listed("DCL-01"), *checked("DCL-01", "pass"), finished()])
    assert spending_picture(result["requirements"]) is None
    assert "What the statistical verdicts took" not in render_html(result, {})


def test_the_page_holds_every_picture_once_and_in_words(result) -> None:
    page = Page(render_html(result, {}))
    assert page.open == []
    names = [a["id"] for _, a in page.elements if "id" in a]
    assert len(names) == len(set(names))
    for identifier in ("DCL-01", "DCL-02", "DCL-03"):
        assert {f"process-{identifier}-desc", f"operating-{identifier}-desc"} <= set(names)
        used = max(process["observations"] for process in of(result, identifier)["processes"])
        assert re.search(rf"{identifier}, \w+: {used} observations; bound \d+", page.text)
    assert "fails 95.0%, passes 5.0%" in page.text
    pictures = [a for tag, a in page.elements if tag == "svg" and a.get("role") == "img"]
    for picture in pictures:
        assert set((picture["aria-labelledby"] or "").split()) <= set(names)


def test_a_result_that_was_read_again_gives_the_same_page(result) -> None:
    again = json.loads(result_bytes(result))
    assert render_html(again, {}) == render_html(result, {})


def test_a_name_is_text_and_nothing_else(result) -> None:
    assert "<b>name" not in render_html(result, {})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (20, "20"),
        (0.015, "0.015"),
        (1.97e6, "2.0 × 10⁶"),
        (9.99e6, "1.0 × 10⁷"),
        (1234, "1200"),
        (4e-5, "4.0 × 10⁻⁵"),
    ],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert approximately(value) == shown
