"""Whatever a target writes, no report runs it, hides it or breaks on it."""

from __future__ import annotations

import html.parser
import io
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from drs_conformance.reports.exchange_view import ExchangeView
from drs_conformance.reports.html_report import render_html
from drs_conformance.reports.junit import render_junit
from drs_conformance.reports.markdown import render_markdown
from drs_conformance.reports.plain_text import visible
from drs_conformance.reports.terminal import print_result
from drs_conformance.results.result import build_result
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sample_events import a_run, checked, finished, listed, started

HOSTILE = [
    "<script>document.title='run'</script>",
    "</style><script>document.title='run'</script>",
    "<img src=x onerror=\"document.title='run'\">",
    '"><svg onload=document.title="run">',
    "]]></failure><evil/>",
    "[bold red]markup[/bold red] [link=https://evil.example]here[/link]",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png) | cell | `code` <b>",
    "\x1b]0;title\x07\x1b[31mred\x1b[0m\x9b31m",
    "before\u202egnp.exe\u2066\u200b",
    "nul\x00 and \ud800 alone \ufffe",
    "line one\n# heading\n```\nfence\n````\n",
    "x" * 100_000,
    "{{ 7 * 7 }} {% raw %} ${HOME} $(id) `id`",
]


def hostile_run(text: str) -> dict:
    """Return the result of a run in which the target's text got everywhere that it can."""
    target = {"name": text, "root": "https://lab.example", "dialect": "openai_chat", "model": text}
    return build_result(
        [
            started(target=target),
            listed("DCL-01"),
            listed("DCL-02"),
            *checked("DCL-01", "fail", summary=text, cause=text, reproduce=(text,)),
            *checked("DCL-02", "untestable", summary=text, cause=text, blocked_by="DCL-01"),
            finished(),
        ]
    )


def exchange(text: str) -> dict[str, ExchangeView]:
    fields = ((text, text),)
    return {
        "x-000001": ExchangeView(
            "x-000001", "DCL-01", "GET", f"https://lab.example/{text}", "control", fields, text,
            200, fields, text, 0.1, "2026-11-23T10:00:00Z", None, text,
        )
    }  # fmt: skip


class Tags(html.parser.HTMLParser):
    """Notes every tag and its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append((tag, dict(attrs)))


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(page)
    return parser.seen


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_html_shows_it_as_text(text: str) -> None:
    page = render_html(hostile_run(text), exchange(text))
    page.encode("utf-8")
    harmless = {tag for tag, _ in tags_of(render_html(hostile_run("plain"), exchange("plain")))}
    for tag, attributes in tags_of(page):
        assert tag in harmless
        assert tag != "script"
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src"):
            assert (attributes.get(name) or "#").startswith("#")
    assert len(page) < 200_000
    assert not re.search("[\x00-\x08\x0b\x0e-\x1f\x9b\u202a-\u202e\u2066-\u2069]", page)


def test_the_page_allows_nothing_but_its_own_style() -> None:
    page = render_html(hostile_run("x"), {})
    (policy,) = [a["content"] for t, a in tags_of(page) if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_junit_stays_well_formed(text: str) -> None:
    root = ET.fromstring(render_junit(hostile_run(text)))
    assert len(root.findall(".//testcase")) == 2
    assert len(root.findall(".//failure")) == 1
    assert len(root.findall(".//error")) == 1
    assert root.find(".//evil") is None


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_terminal_obeys_nothing(text: str, width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False, highlight=False)
    print_result(hostile_run(text), console, Path("results"), 1.0)
    printed = out.getvalue()
    printed.encode("utf-8")
    assert printed.startswith("FAIL  1 of 2 tested requirements fails")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed)
    assert len(printed) < 50_000


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_markdown_keeps_it_text(text: str) -> None:
    page = render_markdown(hostile_run(text))
    page.encode("utf-8")
    outside = re.sub(r"(?ms)^(`{3,})sh$.*?^\1$", "", page)
    assert "<" not in re.sub(r"\\<", "", outside)
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert [line for line in outside.splitlines() if re.match(r"#+ ", line)] == [
        "# FAIL: 1 of 2 tested requirements fails, 1 could not be decided",
        "## Where to begin",
        "## Failures",
        "## Details",
        "### DCL-01 Title of DCL-01: fail",
    ]


@given(st.text(max_size=200))
def test_every_writer_takes_every_text(text: str) -> None:
    result = hostile_run(text)
    render_html(result, exchange(text)).encode("utf-8")
    ET.fromstring(render_junit(result))
    render_markdown(result).encode("utf-8")


@given(st.text(st.characters(codec=None), max_size=300))
def test_visible_hides_nothing(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert all(
        c == "\n" or c == "\t" or c.isprintable() or c.isspace() or ord(c) > 160 for c in shown
    )
    assert visible("x" * 5000).endswith("(1000 of 5000 characters are not shown)")


def test_a_browser_runs_nothing(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        assert not os.environ.get("CI"), "CI needs chromium, which .ci/run installs"
        pytest.skip("chromium is not installed; the report was not opened in a browser")
    text = "".join(HOSTILE[:4])
    page = tmp_path / "report.html"
    page.write_text(render_html(hostile_run(text), exchange(text)), "utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--dump-dom",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    done = subprocess.run(
        [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None
    assert title[1].startswith("FAIL: ")
    assert "<script" not in done.stdout


def test_without_anything_hostile_the_answer_comes_first() -> None:
    out = io.StringIO()
    result = build_result(a_run(["pass", "pass"]))
    print_result(result, Console(file=out, width=80, highlight=False), None, None, brief=True)
    assert out.getvalue() == "PASS  2 of 2 tested requirements hold\n"
