"""Starting a target and stopping it with everything that it started."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from drs_conformance.target.model import Start
from drs_conformance.target.origins import Origin
from drs_conformance.target.secrets import Secrets

__all__ = ["BadReadyLineError", "LaunchError", "NotReadyError", "NotStartedError", "launch"]

_STOP_TIMEOUT_S = 5.0
_POLL_S = 0.02
_STDERR_LINES = 15
_STDERR_BYTES = 16_384
_LINE_BYTES = 65_536
_SHOWN_CHARACTERS = 200


class LaunchError(Exception):
    """The target of a `start:` entry could not be brought up. Nothing was sent."""


class NotStartedError(LaunchError):
    """The command could not be run, or ended before it was ready."""


class NotReadyError(LaunchError):
    """No ready line came in time."""


class BadReadyLineError(LaunchError):
    """The first line on standard output is not the ready line."""


@contextlib.contextmanager
def launch(
    start: Start, cwd: Path, environ: Mapping[str, str], secrets: Secrets | None = None
) -> Iterator[str]:
    """Run `start.command` in `cwd` and give the `url` of its ready line.

    The command gets a process group of its own, which is terminated on leaving: SIGTERM, and
    SIGKILL after five seconds. Its standard error is quoted in errors, without the credentials
    in `secrets`.

    Raises:
        NotStartedError: the command could not be run or ended early.
        NotReadyError: no line came within `start.ready_timeout_s`.
        BadReadyLineError: the first line is not JSON with a root URL in `url`.

    """
    with tempfile.TemporaryFile() as stderr:
        try:
            process = subprocess.Popen(
                start.command,
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NotStartedError(
                f"could not run {start.command[0]!r} in {cwd}: {reason}; "
                "correct `start: command` in the target file"
            ) from None
        try:
            yield _ready_url(process, start, _Quoting(stderr, secrets))
        finally:
            _stop(process)


class _Quoting:
    """The end of a file as text for an error message."""

    def __init__(self, stream: IO[bytes], secrets: Secrets | None) -> None:
        self._stream = stream
        self._secrets = secrets

    def hide(self, text: str) -> str:
        return self._secrets.hide(text) if self._secrets else text

    def __str__(self) -> str:
        size = self._stream.seek(0, os.SEEK_END)
        self._stream.seek(max(0, size - _STDERR_BYTES))
        lines = self._stream.read().decode("utf-8", "replace").splitlines()[-_STDERR_LINES:]
        if not lines:
            return "nothing on standard error"
        return self.hide("last lines on standard error:\n  " + "\n  ".join(lines))


def _ready_url(process: subprocess.Popen[bytes], start: Start, stderr: _Quoting) -> str:
    line = _first_line(process, start.ready_timeout_s)
    if line is None:
        raise NotReadyError(
            f"{start.command[0]!r} printed no ready line within {start.ready_timeout_s:g} s "
            f"(one line of JSON with `url` on standard output); {stderr}"
        )
    if not line:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)
        ending = "closed its standard output" if process.returncode is None else "ended"
        code = "" if process.returncode is None else f" with exit code {process.returncode}"
        raise NotStartedError(f"{start.command[0]!r} {ending}{code} before it was ready; {stderr}")
    try:
        document = json.loads(line)
        url = document["url"]
        Origin.of(url)
    except (ValueError, TypeError, KeyError, RecursionError):
        shown = stderr.hide(line.decode("utf-8", "replace").strip())[:_SHOWN_CHARACTERS]
        raise BadReadyLineError(
            f"expected the first line of {start.command[0]!r} on standard output to be JSON such "
            f'as {{"url": "http://127.0.0.1:8080"}}, got {shown!r}; {stderr}'
        ) from None
    return str(url)


def _first_line(process: subprocess.Popen[bytes], timeout_s: float) -> bytes | None:
    """Return the first line, empty at the end of output, None when none came in time.

    Later output is read and dropped, so that the target never blocks on a full pipe.
    """
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    stdout = process.stdout
    assert stdout is not None

    def read() -> None:
        with stdout:
            lines.put(stdout.readline(_LINE_BYTES))
            while stdout.read1(_LINE_BYTES):  # type: ignore[attr-defined]
                pass

    threading.Thread(target=read, name="ready-line", daemon=True).start()
    try:
        return lines.get(timeout=timeout_s)
    except queue.Empty:
        return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while time.monotonic() < deadline:
        process.poll()
        if not _signal_group(process, 0):
            break
        time.sleep(_POLL_S)
    else:
        _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the process group; False when nobody is left in it."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
