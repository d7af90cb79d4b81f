"""The pages, built once from this tree, and a browser that looks at them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docs"))

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for by name is not looked up, so that no test depends on a network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True)
class Site:
    """A built site: its folder, what mkdocs said, and where it is served."""

    folder: Path
    said: str
    origin: str

    @property
    def pages(self) -> list[str]:
        return sorted(
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html")
        )


def generate(out: Path, root: Path = ROOT, **environment: str) -> None:
    command = [sys.executable, ROOT / "docs" / "generate.py", out, "--root", root]
    subprocess.run(command, check=True, timeout=900, env=os.environ | environment)


def build(pages: Path, out: Path) -> str:
    """Build the site and return what mkdocs said."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", out],
        cwd=ROOT,
        env=os.environ | {"DRS_DOCS": str(pages), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session", name="site")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    generate(folder / "pages")
    said = build(folder / "pages", folder / "built")
    handler = functools.partial(_Quiet, directory=str(folder / "built"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Site(folder / "built", said, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


# Of a module and no wider: while it lasts, its event loop counts as running in this thread, and
# no other test could run one.
@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        assert not os.environ.get("CI"), "CI needs chromium, which .ci/run installs"
        pytest.skip("chromium is not installed; the pages were not opened in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
