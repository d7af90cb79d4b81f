"""The live line: on a terminal only, and never in CI."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from typing import IO

import pytest
from drs_conformance.reports.progress import Progress
from rich.console import Console


@pytest.fixture
def terminal() -> Iterator[tuple[IO[str], int]]:
    """A real terminal: the end to write to, and the descriptor on which that is read."""
    reading, writing = os.openpty()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream, reading
    os.close(reading)


def arrived(reading: int) -> str:
    """Return what the terminal has received so far."""
    os.set_blocking(reading, False)
    chunks = []
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(reading, 65536):
            chunks.append(chunk)
    return b"".join(chunks).decode()


def shown(stream: IO[str], title: str) -> None:
    with Progress(Console(file=stream, width=60), 3) as progress:
        progress.checking("DCL-01", title)
        progress.finished("DCL-01", "pass")
        progress.checking("DCL-02", title)


def test_a_terminal_sees_what_is_checked(terminal, monkeypatch) -> None:
    stream, reading = terminal
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    shown(stream, "Signed [bold]key[/bold]\x1b]0;title\x07\nPASS")
    seen = arrived(reading)
    assert "1/3  DCL-02 Signed [bold]key[/bold]\u27e6U+001B\u27e7]0;" in seen
    assert "\x1b]0;" not in seen
    assert seen.count("\n") == 1, "a long title does not become a second line"
    assert seen.rstrip("\r\n").endswith("\x1b[2K"), "the line is taken away at the end"


@pytest.mark.parametrize("variable", ["CI", "FORCE_COLOR"])
def test_a_file_and_a_ci_log_stay_empty(variable, terminal, monkeypatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv(variable, "1")
    file = io.StringIO()
    shown(file, "Title")
    assert file.getvalue() == ""
    if variable == "CI":
        stream, reading = terminal
        shown(stream, "Title")
        assert arrived(reading) == ""


def test_stopping_twice_is_stopping_once(terminal, monkeypatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with Progress(Console(file=terminal[0]), 1) as progress:
        progress.stop()
        progress.checking("DCL-01", "Title")
