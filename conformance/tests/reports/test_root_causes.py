"""Each cause is told once, what undoes most comes first, and every step leads somewhere."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from drs_conformance.reports.first_steps import FIRST_STEPS
from drs_conformance.reports.html_report import render_html
from drs_conformance.reports.markdown import render_markdown
from drs_conformance.reports.root_causes import CAUSES_SHOWN, causes, reading
from drs_conformance.reports.terminal import print_result
from drs_conformance.results.result import build_result
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.specification.location import standard_root
from rich.console import Console
from sample_events import checked, finished, listed, started

WAIVER = {"requirement": "DCL-03", "reason": "later", "expires": "2027-01-01"}
NO_MODE = {"summary": "the provider declares no test mode", "cause": "Serve the test mode."}


def a_lab(**changes: Any) -> dict[str, Any]:
    """Return a result with one cause of each kind."""
    found = [
        ("DCL-01", "pass", {}),
        ("DCL-02", "fail", {"summary": "a misspelt member"}),
        ("DCL-03", "fail", {}),
        ("EXP-01", "untestable", NO_MODE),
        ("EXP-02", "untestable", NO_MODE),
        ("EXP-03", "untestable", NO_MODE),
        ("RSP-01", "fail", {"summary": "answered 404"}),
        *((f"REC-0{n}", "untestable", {"blocked_by": "RSP-01"}) for n in range(1, 5)),
        ("REC-05", "untestable", {"blocked_by": "EXP-01"}),
    ]
    return build_result(
        [
            started(waivers=(WAIVER,), **changes),
            *(listed(name) for name, _, _ in found),
            *(e for name, verdict, more in found for e in checked(name, verdict, **more)),
            finished(),
        ]
    )


def test_what_undoes_most_comes_first_and_the_same_reason_once() -> None:
    found = causes(a_lab())
    assert [(cause.heading, cause.reach) for cause in found] == [
        ("RSP-01 Title of RSP-01", 5),
        ("The provider declares no test mode", 4),
        ("DCL-02 Title of DCL-02", 1),
    ]
    assert found[0].found == "fail: answered 404; 4 more that rest on it could not be tested"
    assert found[0].step == FIRST_STEPS["RSP-01"]
    assert found[1].found == "3 requirements could not be tested, nor 1 more on top of them"
    assert found[1].step.text == "Serve the test mode."


def test_failures_in_the_same_words_are_still_two() -> None:
    events = [started(), listed("EXP-01"), listed("EXP-02")]
    events += [*checked("EXP-01", "fail"), *checked("EXP-02", "fail"), finished()]
    assert [cause.reach for cause in causes(build_result(events))] == [1, 1]


def test_a_waived_failure_is_named_where_it_blocks_others() -> None:
    events = [started(waivers=(WAIVER,)), listed("DCL-03"), listed("DCL-04")]
    events += [*checked("DCL-03", "fail"), *checked("DCL-04", "untestable", blocked_by="DCL-03")]
    (cause,) = causes(build_result([*events, finished()]))
    assert cause.heading == "DCL-03 Title of DCL-03"


def test_a_root_that_was_not_tested_is_named_all_the_same() -> None:
    events = [started(), listed("DCL-04"), *checked("DCL-04", "untestable", blocked_by="DCL-03")]
    (cause,) = causes(build_result([*events, finished()]))
    assert (cause.heading, cause.reach) == ("DCL-03", 1)
    assert cause.found == "1 that rests on it could not be tested"


def pages(result: dict[str, Any]) -> list[str]:
    out = io.StringIO()
    print_result(result, Console(file=out, width=1000), None, None)
    return [render_html(result, {}), render_markdown(result), out.getvalue()]


def test_every_report_names_the_causes_and_what_holds_in_this_order() -> None:
    for page in pages(a_lab()):
        begin = page[page.index("Where to begin") :]
        order = ["RSP-01", "Serve the account view", "no test mode", "DCL-02", "Holds already"]
        places = [begin.index(word) for word in order]
        assert places == sorted(places)
        assert "DCL-01" in begin[places[-1] :]


def test_the_terminal_tells_the_same_reason_once() -> None:
    text = pages(a_lab())[2]
    assert text.count("    Serve the test mode.\n    ") == 1
    assert "the same holds for EXP-02, EXP-03" in text
    assert "untestable  EXP-02 Title" not in text


def test_nothing_is_to_be_done_where_all_is_well() -> None:
    events = [started(), listed("DCL-01"), *checked("DCL-01", "pass"), finished()]
    for page in pages(build_result(events)):
        assert "Where to begin" not in page


def test_no_more_causes_are_named_than_fit_a_page() -> None:
    names = [f"EXP-{number:02}" for number in range(1, CAUSES_SHOWN + 4)]
    events = [started(), *map(listed, names), *(e for n in names for e in checked(n, "fail"))]
    for page in pages(build_result([*events, finished()])):
        begin = page[page.index("Where to begin") :]
        assert re.search(r"Further causes .*: 3\.", begin[: begin.index("Holds already")])


@pytest.mark.parametrize("name", sorted(FIRST_STEPS))
def test_every_step_leads_to_files_that_exist(name: str) -> None:
    requirement = load_catalogue().by_id[name]
    place = {"file": requirement.file, "line": requirement.line}
    events = [started(), listed(name, **place), *checked(name, "fail"), finished()]
    (cause,) = causes(build_result(events))
    for where in reading(cause, "0.1"):
        if not where.startswith("drs "):
            assert (standard_root() / where.partition(":")[0]).exists(), where


def test_there_is_a_step_for_whatever_others_rest_on() -> None:
    needed = {name for item in load_catalogue().requirements for name in item.depends_on}
    assert needed == set(FIRST_STEPS)
