"""The badge says what the result says, and never more."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from drs_conformance.reports.badge import render_badge, render_shields
from drs_conformance.results.result import build_result
from drs_conformance.verdicts import SEVERITY
from sample_events import a_run, finished

SVG = "{http://www.w3.org/2000/svg}"
WAIVER = {"requirement": "DCL-01", "reason": "<later> & more", "expires": "2027-01-01"}
ONLY = {"level": "L2", "classes": ["provider"], "only": ["DCL-01"]}
DATES = "2026-11-23, expires 2026-12-23"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (a_run(["pass", "pass"]), "conforms"),
        (a_run(["pass"], profile="smoke"), "passes; not certified (smoke run)"),
        (a_run(["pass"], registration=None), "passes; not certified (certify run)"),
        (a_run(["pass"], selection=ONLY), "passes; in part; not certified (certify run)"),
        (
            a_run(["fail", "pass"], waivers=(WAIVER,)),
            "passes; 1 waived; not certified (certify run)",
        ),
        (a_run(["pass", "fail"]), "1 fail; not certified (certify run)"),
        (a_run(["pass", "untestable"]), "undecided; not certified (certify run)"),
        (
            [*a_run(["pass"])[:-1], finished(stopped="interrupted")],
            "passes; cut short; not certified (certify run)",
        ),
    ],
)
def test_it_says_level_verdict_waivers_and_dates(events: Any, message: str) -> None:
    result = build_result(events)
    level = result["selection"]["level"]
    badge = ET.fromstring(render_badge(result))
    assert [text.text for text in badge.iter(f"{SVG}text")] == [
        f"DRS 0.1 {level}",
        f"{message}; {DATES}",
    ]
    assert badge.attrib["aria-label"] == f"DRS 0.1 {level}: {message}; {DATES}"
    assert json.loads(render_shields(result))["message"] == f"{message}; {DATES}"


def test_only_what_conforms_is_green() -> None:
    green = json.loads(render_shields(build_result(a_run(["pass"]))))["color"]
    others = [a_run([verdict]) for verdict in SEVERITY if verdict != "pass"]
    for events in (*others, a_run(["pass"], profile="smoke"), a_run(["pass"], selection=ONLY)):
        assert json.loads(render_shields(build_result(events)))["color"] != green


def test_it_fetches_and_runs_nothing() -> None:
    badge = ET.fromstring(render_badge(build_result(a_run(["pass"]))))
    assert {each.tag.removeprefix(SVG) for each in badge.iter()} == {
        "svg",
        "title",
        "rect",
        "path",
        "g",
        "text",
    }
    assert not [name for each in badge.iter() for name in each.attrib if "href" in name]
