"""What changed between two runs, and what that says about a build."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drs_conformance.reports.comparison import COMPARISON_FORMATS
from drs_conformance.results.comparison import compare
from drs_conformance.results.result import build_result
from drs_conformance.specification.schemas import problems
from markdown_it import MarkdownIt
from sample_events import a_run, checked, finished, listed, started

WAIVER = {"requirement": "DCL-01", "reason": "later", "expires": "2026-12-31"}
UNDECIDED = ("harness-error", "untestable", "inconclusive")


def a_result(state: str, title: str = "Title") -> dict[str, Any]:
    """Return a result in which DCL-01 is in a state and DCL-02 passes."""
    rest = [listed("DCL-02"), *checked("DCL-02", "pass"), finished()]
    if state == "absent":
        return build_result([started(), *rest])
    if state in ("not-run", "pending"):
        return build_result([started(), listed("DCL-01", title=title, status=state), *rest])
    waivers = (WAIVER,) if state == "waived" else ()
    verdict: Any = "fail" if state == "waived" else state
    told = checked("DCL-01", verdict, summary=title)
    return build_result([started(waivers=waivers), listed("DCL-01", title=title), *told, *rest])


@pytest.mark.parametrize(
    ("was", "now", "group", "code"),
    [
        ("pass", "pass", None, 0),
        ("fail", "fail", None, 0),
        ("inconclusive", "inconclusive", None, 0),
        ("waived", "waived", None, 0),
        ("not-run", "pending", None, 0),
        ("pass", "fail", "worse", 1),
        ("inconclusive", "fail", "worse", 1),
        ("not-applicable", "fail", "worse", 1),
        ("waived", "fail", "worse", 1),
        ("not-run", "fail", "worse", 1),
        ("absent", "fail", "worse", 1),
        *[("pass", undecided, "worse", 3) for undecided in UNDECIDED],
        ("not-applicable", "inconclusive", "worse", 3),
        ("waived", "untestable", "worse", 3),
        # Undecided before and after: nothing is lost that was known.
        ("inconclusive", "untestable", "worse", 0),
        ("untestable", "inconclusive", "better", 0),
        ("fail", "pass", "better", 0),
        ("waived", "pass", "better", 0),
        ("inconclusive", "pass", "better", 0),
        # A known failure that cannot be seen now may be there still.
        ("fail", "inconclusive", "changed", 3),
        ("fail", "waived", "changed", 0),
        ("pass", "waived", "changed", 0),
        ("pass", "not-applicable", "changed", 0),
        ("fail", "not-applicable", "changed", 0),
        ("not-applicable", "pass", "better", 0),
        ("pending", "pass", "appeared", 0),
        ("absent", "inconclusive", "appeared", 3),
        ("pass", "not-run", "vanished", 3),
        ("fail", "not-run", "vanished", 3),
        ("fail", "absent", "vanished", 3),
    ],
)
def test_every_change_has_its_kind_and_code(was: str, now: str, group: str, code: int) -> None:
    comparison = compare(a_result(was), a_result(now))
    assert problems("comparison", comparison) == []
    found = {name: each for name in ("worse", "better", "changed", "appeared", "vanished")
             if (each := comparison[name])}  # fmt: skip
    assert list(found) == ([group] if group else [])
    if group:
        (change,) = found[group]
        assert (change["requirement"], change["old"], change["new"]) == ("DCL-01", was, now)
    assert comparison["exit_code"] == code


def test_runs_that_are_not_alike_say_in_what() -> None:
    old = build_result(a_run(["pass"], profile="smoke", registration=None))
    new = build_result(
        [
            *a_run(["pass"], selection={"level": "L2", "classes": ["hub"], "only": ["DCL-01"]})[
                :-1
            ],
            finished(stopped="budget"),
        ]
    )
    differences = {
        each["what"]: (each["old"], each["new"]) for each in compare(old, new)["differences"]
    }
    assert differences == {
        "profile": ("smoke", "certify"),
        "level": ("L1", "L2"),
        "classes": ("provider", "hub"),
        "only": ("all", "DCL-01"),
        "ended early": ("no", "budget"),
    }


def test_the_answer_comes_first_in_every_form() -> None:
    comparison = compare(a_result("pass"), a_result("fail"))
    text = COMPARISON_FORMATS["text"](comparison)
    assert text.startswith("WORSE: 1 worse, 1 as before\n")
    assert "DCL-01 Title: pass -> fail" in text
    markdown = COMPARISON_FORMATS["markdown"](comparison)
    assert markdown.startswith("# WORSE: 1 worse, 1 as before\n")
    assert "| DCL-01 Title | pass | fail | Title |" in markdown
    assert json.loads(COMPARISON_FORMATS["json"](comparison)) == comparison


@pytest.mark.parametrize(
    "text", ["<script>run()</script>", "a | b\n# c", "[x](https://evil.example)", "\x1b[31m\u202e"]
)
def test_what_a_target_writes_stays_text(text: str) -> None:
    comparison = compare(a_result("pass", text), a_result("fail", text))
    plain = compare(a_result("pass", "x"), a_result("fail", "x"))

    def shape(each: dict[str, Any]) -> list[str]:
        page = MarkdownIt("commonmark").enable("table").parse(COMPARISON_FORMATS["markdown"](each))
        spans = [span for token in page for span in (token, *(token.children or ()))]
        return [span.type for span in spans if span.type not in ("text", "text_special")]

    assert shape(comparison) == shape(plain)
    written = COMPARISON_FORMATS["text"](comparison)
    assert "\x1b" not in written
    assert len(written.splitlines()) == len(COMPARISON_FORMATS["text"](plain).splitlines())
