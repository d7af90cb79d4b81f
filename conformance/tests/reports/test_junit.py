"""What CI systems read: nothing undecided is green, nothing waived is red."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from drs_conformance.reports.junit import render_junit
from drs_conformance.results.result import build_result
from drs_conformance.verdicts import SEVERITY
from hypothesis import given
from hypothesis import strategies as st
from sample_events import a_run, checked, finished, listed, started


def case(events) -> ET.Element:
    found = ET.fromstring(render_junit(build_result(events))).find(".//testcase")
    assert found is not None
    return found


def kinds(element: ET.Element) -> list[str]:
    return [child.tag for child in element if child.tag != "system-out"]


def identity(element: ET.Element) -> dict[str, str]:
    lines = (element.findtext("system-out") or "").splitlines()
    return dict(line.split(": ", 1) for line in lines)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("pass", []),
        ("fail", ["failure"]),
        ("harness-error", ["error"]),
        ("untestable", ["error"]),
        ("inconclusive", ["error"]),
        ("not-applicable", ["skipped"]),
    ],
)
def test_each_verdict_has_its_element(verdict, expected) -> None:
    element = case(a_run([verdict]))
    assert kinds(element) == expected
    assert element.get("classname") == "DCL"
    assert element.get("name") == "DCL-01 Title of DCL-01"
    assert identity(element)["requirement"] == "DCL-01"
    assert identity(element)["verdict"] == verdict


@pytest.mark.parametrize("status", ["not-run", "pending", "inspect", "attest"])
def test_what_is_not_tested_is_skipped(status) -> None:
    events = a_run(["pass"])
    events[1] = listed("DCL-01", status=status, reason="why")
    assert kinds(case(events)) == ["skipped"]


def test_a_waived_failure_is_skipped_and_named() -> None:
    waiver = {"requirement": "DCL-01", "reason": "known", "expires": "2026-12-31"}
    element = case(a_run(["fail"], waivers=(waiver,)))
    assert kinds(element) == ["skipped"]
    skipped = element.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "waived until 2026-12-31: known"


@pytest.mark.parametrize("verdict", ["fail", "untestable"])
def test_cause_and_commands_stand_below_the_summary(verdict) -> None:
    told = {"summary": "found", "cause": "because", "reproduce": ("curl a", "curl b\nrm c")}
    events = [started(), listed("DCL-01"), *checked("DCL-01", verdict, **told), finished()]
    element = case(events).find("failure" if verdict == "fail" else "error")
    assert element is not None
    assert element.get("type") == verdict
    assert element.get("message") == "found"
    assert element.text == "because\ncurl a\ncurl b\u27e6U+000A\u27e7rm c"


def test_a_waived_failure_still_says_fail() -> None:
    waiver = {"requirement": "DCL-01", "reason": "known", "expires": "2026-12-31"}
    element = case(a_run(["fail", "pass"], waivers=(waiver,)))
    assert identity(element)["verdict"] == "fail"


@given(st.text(st.characters(codec=None), max_size=200))
def test_no_text_breaks_the_document(text) -> None:
    waiver = {"requirement": "DCL-02", "reason": text, "expires": text}
    told = {"summary": text, "cause": text, "reproduce": (text,)}
    events = [
        started(waivers=(waiver,)),
        listed("DCL-01", title=text, family=text, digest=text, level=text),
        listed("DCL-02"),
        listed("DCL-03", status="attest", attested_by=text),
        *checked("DCL-01", "fail", **told),
        *checked("DCL-02", "fail", **told),
        finished(),
    ]
    root = ET.fromstring(render_junit(build_result(events)).encode("utf-8"))
    tags = [element.tag for element in root.iter() if element.tag != "system-out"]
    assert tags == [
        *("testsuites", "testsuite"),
        *("testcase", "failure"),
        *("testcase", "skipped"),
        *("testcase", "skipped"),
    ]


def test_the_counts_agree() -> None:
    events = a_run(["pass", "fail", "untestable", "not-applicable"])
    suite = ET.fromstring(render_junit(build_result(events))).find("testsuite")
    assert suite is not None
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["4", "1", "1", "1"]


# What junit-10.xsd of the Jenkins xUnit plugin allows: attributes, then children.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def test_it_follows_the_schema_that_ci_systems_share() -> None:
    root = ET.fromstring(render_junit(build_result(a_run(list(SEVERITY)))))
    assert {element.tag for element in root.iter()} == set(ALLOWED)
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
    for suite in root:
        assert {"name", "tests", "failures", "errors"} <= set(suite.attrib)
