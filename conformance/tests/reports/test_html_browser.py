"""A real browser opens the page: nothing runs, and a link opens what it leads to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from drs_conformance.reports.html_report import render_html
from drs_conformance.results.result import build_result
from sample_events import a_run

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
)


@pytest.fixture(name="dom")
def _dom(tmp_path: Path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        assert not os.environ.get("CI"), "CI needs chromium, which .ci/run installs"
        pytest.skip("chromium is not installed; the report was not opened in a browser")

    def dump(page: str, fragment: str = "") -> str:
        file = tmp_path / "report.html"
        file.write_text(page, "utf-8")
        done = subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", file.as_uri() + fragment],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    return dump


def test_a_script_that_got_in_all_the_same_does_not_run(dom) -> None:
    page = render_html(build_result(a_run(["pass", "fail"])), {})
    script = "<script>document.body.append('it ran')</script>"
    # The policy is the second wall: what would run without it does not run behind it.
    assert "</script>it ran" in dom(
        re.sub("<meta http-equiv.*?>", "", page).replace("</body>", script + "</body>")
    )
    assert "</script>it ran" not in dom(page.replace("</body>", script + "</body>"))


def test_a_link_opens_the_requirement_that_it_leads_to(dom) -> None:
    shown = dom(render_html(build_result(a_run(["pass", "fail"])), {}), "#DCL-01")
    opened = re.findall(
        r'<details class="requirement" open="">.*?id="([A-Z0-9-]+)"', shown, re.DOTALL
    )
    assert opened == ["DCL-01"]
