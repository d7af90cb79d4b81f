"""The summary for a CI page, read as a forge reads it: by a Markdown parser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from drs_conformance.reports.markdown import MOST_BYTES, render_markdown
from drs_conformance.results.result import build_result
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from sample_events import a_run, checked, finished, listed, started

HOSTILE = (
    "<script>run()</script>",
    "<!-- hidden",
    "[click](https://evil.example) ![x](//evil.example/x.png)",
    "[ref]: https://evil.example",
    "<https://evil.example> https://evil.example www.evil.example a@evil.example",
    "a | b | c\n| --- | --- |\n| 1 | 2 |",
    "first\n# second\n\n- third\n\n> fourth",
    "- item",
    "1. item",
    "---",
    "=====",
    "```\nout of the fence\n```\n# heading",
    "```",
    "  `````  ",
    "`````` ~~~",
    "    indented",
    "**bold** ~~gone~~ &lt;b&gt; \\",
    "\x1b[31m \u202e \x00 \ud800",
)


def failing(text: str) -> dict[str, Any]:
    """Return the result of a run with ``text`` in all places that a target can write to."""
    target = {"name": text, "root": text, "dialect": "openai_chat", "model": text}
    waiver = {"requirement": "DCL-02", "reason": text, "expires": "2026-12-31"}
    told = {"summary": text, "cause": text, "reproduce": (text, f"curl '{text}'")}
    return build_result(
        [
            started(target=target, waivers=(waiver,)),
            *map(listed, ("DCL-01", "DCL-02", "DCL-03", "DCL-04")),
            *checked("DCL-01", "fail", **told),
            *checked("DCL-02", "fail", **told),
            *checked("DCL-03", "untestable", summary=text, blocked_by="DCL-01"),
            *checked("DCL-04", "harness-error", summary=text),
            finished(),
        ]
    )


def tokens(page: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page):
        yield token
        yield from token.children or ()


def shape(page: str) -> list[str]:
    """Return kinds of blocks and spans in order, text apart."""
    return [token.type for token in tokens(page) if token.type != "text"]


def check_harmless(text: str) -> None:
    page = render_markdown(failing(text))
    page.encode("utf-8")
    plain = shape(render_markdown(failing("plain")))
    assert [kind for kind in shape(page) if kind != "text_special"] == plain
    fences = [token for token in tokens(page) if token.type == "fence"]
    assert [fence.info for fence in fences] == ["sh", "sh"]
    assert all(fence.content.count("\n") == 2 for fence in fences)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_target_writes_marks_nothing_up(text: str) -> None:
    check_harmless(text)


@given(st.text(st.characters(codec=None), min_size=1, max_size=80).map("x".__add__))
def test_no_text_marks_anything_up(text: str) -> None:
    check_harmless(text)


@given(st.text("`~#-=+*_[]()<>!|\\&1. \n\t", min_size=1, max_size=40).filter(str.strip))
def test_no_heap_of_marks_marks_anything_up(text: str) -> None:
    check_harmless(text)


@pytest.mark.parametrize(
    "address", ["https://evil.example", "www.evil.example", "WWW.EVIL.example", "a@evil.example"]
)
def test_addresses_are_no_links_where_forges_make_them(address: str) -> None:
    assert f" {address} " not in render_markdown(failing(f"see {address} there")).replace(
        f"'see {address} there'", ""
    ).replace(f"\nsee {address} there", "")


def test_the_answer_comes_first_and_causes_follow() -> None:
    page = render_markdown(failing("the reason"))
    lines = page.splitlines()
    assert lines[0] == "# FAIL: 1 of 4 tested requirements fails, 2 could not be decided"
    assert "| fail | 2 |" in lines
    assert "| waived failures | 1 |" in lines
    assert lines.index("## Failures") < lines.index("## Undecided") < lines.index("## Details")
    assert lines.index("## Details") < lines.index("### DCL-01 Title of DCL-01: fail")
    again = "`drs run --target FILE --only DCL-01 --seed 1`"
    more = "1 more cannot be tested for want of it"
    assert f"| DCL-01 Title of DCL-01 | the reason; {more} | {again} |" in lines
    assert "Blocked by this: DCL-03" in lines
    assert "### DCL-03 Title of DCL-03: untestable" not in lines
    assert "Waived until 2026-12-31: the reason" in lines
    assert "### DCL-04 Title of DCL-04: harness-error" in lines
    assert "This run supports no claim of conformance: 2 fail; 1 harness-error; " in page


def test_commands_stand_in_a_fence_as_they_are() -> None:
    command = 'curl --data-raw \'{"a":"```` <b> | *"}\' https://lab.example/'
    events = [started(), listed("DCL-01"), *checked("DCL-01", "fail", reproduce=(command,))]
    page = render_markdown(build_result([*events, finished()]))
    (fence,) = [token for token in tokens(page) if token.type == "fence"]
    assert fence.content == f"{command}\n"


def test_a_run_that_supports_a_claim_raises_no_doubt() -> None:
    page = render_markdown(build_result(a_run(["pass"])))
    assert page.startswith("# PASS: 1 of 1 tested requirements hold\n")
    assert "supports no claim" not in page
    assert "## " not in page


def test_an_endless_text_is_cut() -> None:
    assert len(render_markdown(failing("x" * 1_000_000))) < 100_000


def test_a_forge_takes_it_whatever_failed() -> None:
    text = "\u202e*" * 10_000
    names = [f"DCL-{number:02}" for number in range(1, 66)]
    found = [
        event
        for name in names
        for event in checked(name, "fail", summary=text, cause=text, reproduce=(text,) * 40)
    ]
    page = render_markdown(build_result([started(), *map(listed, names), *found, finished()]))
    assert len(page.encode()) <= MOST_BYTES < 1024 * 1024
    assert page.count("| `drs run ") == 65
    assert "Too long for this page, see the report: DCL-" in page


def test_a_waiver_without_need_is_told() -> None:
    waiver = {"requirement": "DCL-01", "reason": "later", "expires": "2026-12-31"}
    result = build_result(a_run(["pass", "pass"], waivers=(waiver,)))
    assert result["needless_waivers"] == ["DCL-01"]
    assert "Waived without need, for nothing fails there: DCL-01." in render_markdown(result)
