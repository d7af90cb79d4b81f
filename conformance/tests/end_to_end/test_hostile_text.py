"""Whatever a target writes in answers, header fields, errors and its declaration runs nowhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from endpoints import drs
from hostile.injection import PROOF, TEXTS, everywhere, undeclared
from hostile.running import HostileRun, assert_sober, run_against
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, sync_playwright
from raw_server import Answer, RawServer

# Nothing that a page asks for by name is looked up, so no test depends on a network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069]")
ALL = "".join(TEXTS.values())
CASES = [
    pytest.param(where, text, id=f"{where.__name__}-{name}", marks=pytest.mark.long)
    for where in (everywhere, undeclared)
    for name, text in TEXTS.items()
]


# Of a module and no wider: while it lasts, its event loop counts as running in this thread.
@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        assert not os.environ.get("CI"), "CI needs chromium, which .ci/run installs"
        pytest.skip("chromium is not installed; the report was not opened in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def attacked(answer: Answer, folder: Path) -> HostileRun:
    server = RawServer([answer])
    try:
        run = run_against(server.root, folder)
    finally:
        server.stop()
    assert_sober(run)
    return run


def assert_harmless(run: HostileRun, browser: Browser) -> None:
    report = (run.folder / "report.html").as_uri()
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.wait_for_timeout(100)
    assert PROOF not in page.title()
    assert asked == [report]
    assert page.locator("script, iframe, form, base, object, embed, img").count() == 0
    assert page.locator("[onload], [onerror], [onfocus]").count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0
    page.close()
    assert CONTROL.search(run.stdout + run.stderr) is None
    junit = ET.parse(run.folder / "junit.xml")
    assert junit.find(".//evil") is None
    for path in (run.folder / "oscal").iterdir():
        json.loads(path.read_bytes())
    shown = drs("report", run.folder, "--format", "markdown").stdout
    blocks = MarkdownIt("commonmark").enable("table").parse(shown)
    tokens = [token for block in blocks for token in (block, *(block.children or ()))]
    assert not {"html_block", "html_inline", "image"} & {token.type for token in tokens}
    assert all(token.attrs["href"].startswith("#") for token in tokens if token.type == "link_open")
    assert [t for t in blocks if t.type == "inline" and t.content == "Passed"] == []
    assert CONTROL.search(shown) is None


@pytest.mark.parametrize("where", [everywhere, undeclared])
def test_all_texts_at_once(where, browser: Browser, tmp_path: Path) -> None:
    run = attacked(where(ALL), tmp_path)
    assert_harmless(run, browser)
    # The text came as far as the report, or nothing was shown.
    assert "it-ran" in (run.folder / "report.html").read_text()


@pytest.mark.parametrize(("where", "text"), CASES)
def test_a_text_is_only_ever_text(where, text: str, browser: Browser, tmp_path: Path) -> None:
    assert_harmless(attacked(where(text), tmp_path), browser)
