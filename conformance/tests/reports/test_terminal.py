"""The result on a terminal: the answer first, nothing cut, nothing obeyed."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from drs_conformance.reports.terminal import print_requirement, print_result
from drs_conformance.results.result import build_result
from drs_conformance.verdicts import SEVERITY
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sample_events import a_run, checked, finished, listed, started

WIDTHS = pytest.mark.parametrize("width", [80, 120])
LONG = "A title of fifty characters, which is rather long"
WAIVER = {"requirement": "DCL-01", "reason": "known", "expires": "2026-12-31"}


def printed(result: dict[str, Any], width: int = 80, **options: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, force_terminal=False)
    print_result(result, console, Path("results"), 1.25, **options)
    return out.getvalue()


def blocking(root: str = "fail", **changes: Any) -> dict[str, Any]:
    """Return a result in which DCL-01 does not hold and blocks DCL-02 and DCL-03."""
    identifiers = ("DCL-02", "DCL-03")
    blocked = [
        event
        for name in identifiers
        for event in checked(name, "untestable", summary="blocked by DCL-01", blocked_by="DCL-01")
    ]
    return build_result(
        [
            started(),
            listed("DCL-01"),
            *(listed(name, title=LONG) for name in identifiers),
            *checked("DCL-01", root, **changes),
            *blocked,
            finished(),
        ]
    )


@pytest.mark.parametrize(
    ("verdicts", "first"),
    [
        (["pass", "pass"], "PASS  2 of 2 tested requirements hold"),
        (["pass", "fail", "fail"], "FAIL  2 of 3 tested requirements fail"),
        (["pass", "untestable"], "UNDECIDED  nothing fails, and not everything could be decided"),
    ],
)
def test_the_first_line_is_the_answer(verdicts, first) -> None:
    result = build_result(a_run(verdicts))
    assert printed(result).splitlines()[0].startswith(first)
    assert printed(result, brief=True).count("\n") == 1


@WIDTHS
def test_verdict_and_identifier_are_never_cut(width) -> None:
    text = printed(blocking(), width)
    assert "  \u2717 fail        DCL-01  Title of DCL-01\n" in text
    assert "  ? untestable  DCL-02, DCL-03" in text
    own = build_result([started(), listed("DCL-02", title=LONG), *checked("DCL-02", "untestable")])
    assert "  ? untestable  DCL-02  A title of fifty characters" in printed(own, width)
    assert "\u2026" not in text


@WIDTHS
def test_only_commands_are_wider_than_the_screen(width) -> None:
    command = "curl " + "x" * 300
    text = printed(blocking(reproduce=(command,), cause="why " * 100), width)
    assert f"    {command}\n" in text, "a command must be copied whole"
    assert [line for line in text.splitlines() if len(line) > width] == [f"    {command}"]
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_what_is_blocked_is_told_once_with_its_cause() -> None:
    text = printed(blocking(cause="the key is not on the curve"))
    assert text.count("DCL-02, DCL-03 (blocked by DCL-01)") == 1
    assert text.count("the key is not on the curve") == 1
    assert "? untestable  DCL-02 A title" not in text


@given(st.lists(st.sampled_from(SEVERITY), max_size=6))
def test_each_tested_requirement_has_one_row(verdicts) -> None:
    text = printed(build_result(a_run(verdicts)))
    for number, verdict in enumerate(verdicts, 1):
        assert len(re.findall(rf"(?m)^  \S {verdict} +DCL-{number:02}  Title", text)) == 1


def test_the_last_lines_say_what_it_took_and_what_it_means() -> None:
    events = a_run(["pass", "fail"], profile="smoke")
    text = printed(build_result([*events[:-1], finished(stopped="budget")]), 120)
    for line in (
        "4 of 10 requests in 1.2 s, seed 1.",
        "The run ended early: budget.",
        "Nothing else is excluded.",
        "Supports no claim: the run did not come to its end; 1 fail; the smoke profile is too "
        "small for a claim.",
        "Report: results/report.html",
    ):
        assert f"{line}\n" in text
    assert text.endswith("\nExit code 1: at least one requirement fails.\n")


@pytest.mark.parametrize(
    ("verdicts", "waivers", "meaning"),
    [
        (["pass"], (), "0: every requirement that was tested and applies passes."),
        (["fail", "pass"], (WAIVER,), "0: every requirement that was tested and applies passes or"),
        (["pass", "inconclusive"], (), "3: nothing fails, and something could not be decided."),
        (["not-applicable"], (), "3: nothing fails, and nothing passes."),
        (["fail"], (WAIVER,), "3: nothing fails that is not waived, and nothing passes."),
    ],
)
def test_the_exit_code_is_said_truly(verdicts, waivers, meaning) -> None:
    result = build_result(a_run(verdicts, waivers=waivers))
    assert f"\nExit code {meaning}" in printed(result)


def test_a_waived_failure_is_marked_and_explained() -> None:
    text = printed(build_result(a_run(["fail", "pass"], waivers=(WAIVER,))))
    assert "  \u2717 waived  DCL-01" in text
    assert "    waived until 2026-12-31: known\n" in text


def hostile(text: str) -> dict[str, Any]:
    target = {"name": text, "root": text, "dialect": "openai_chat", "model": text}
    return build_result(
        [
            started(target=target),
            listed("DCL-01", title=text, chapter=text),
            *checked("DCL-01", "fail", summary=text, cause=text, reproduce=(text, text)),
            finished(),
        ]
    )


@WIDTHS
@pytest.mark.parametrize(
    "breaker", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x0b", "\x1b[2K\x1b[1G"]
)
def test_no_text_forges_a_line(breaker, width) -> None:
    lines = printed(hostile(f"x{breaker}PASS  40 of 40 hold"), width).splitlines()
    assert lines[0] == "FAIL  1 of 1 tested requirements fails"
    assert [line for line in lines if line.lstrip().startswith("PASS")] == []


@given(st.text(st.characters(codec=None), max_size=200))
def test_no_text_steers_the_terminal(text) -> None:
    shown = printed(hostile(text))
    shown.encode("utf-8")
    assert all(line.isprintable() for line in shown.split("\n"))


def test_markup_is_shown_and_not_obeyed() -> None:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=True, color_system="truecolor")
    text = "[bold red]x[/bold red] [link=https://evil.example]here[/link] :warning:"
    print_result(hostile(text), console, None, None)
    assert out.getvalue().count(text) >= 5
    assert "\x1b]8;" not in out.getvalue()


def test_colours_are_for_terminals() -> None:
    assert "\x1b" not in printed(blocking())
    out = io.StringIO()
    print_result(blocking(), Console(file=out, force_terminal=True, width=80), None, None)
    assert "\x1b[1;31m" in out.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_an_output_that_lacks_characters_still_gets_the_report(encoding) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=out, width=80, highlight=False, force_terminal=False)
    print_result(hostile("設計 \u202e"), console, None, None)
    out.flush()
    text = raw.getvalue().decode(encoding)
    assert text.startswith("FAIL  1 of 1 tested requirements fails")
    assert "  x fail  DCL-01  " in text
    assert "\\u8a2d\\u8a08" in text


def test_one_requirement_is_explained_alone() -> None:
    result = blocking(cause="because", reproduce=("curl a", "curl b"))
    out = io.StringIO()
    print_requirement(result["requirements"][0], Console(file=out, width=80, highlight=False))
    assert out.getvalue() == (
        "\u2717 fail  DCL-01 Title of DCL-01\n"
        "    A provider MUST do it.\n"
        "    as found\n"
        "    because\n"
        "    evidence: x-000001\n"
        "    reproduce with:\n"
        "    curl a\n"
        "    curl b\n"
    )


def test_a_requirement_that_was_not_tested_says_so() -> None:
    events = a_run(["pass"])
    events.insert(2, listed("DCL-09", status="inspect", evidence="the policy"))
    out = io.StringIO()
    entry = build_result(events)["requirements"][1]
    print_requirement(entry, Console(file=out, width=80, highlight=False))
    assert out.getvalue() == "DCL-09 Title of DCL-09: inspect\n"
