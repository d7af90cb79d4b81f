"""Guides whose commands are run while the pages are built, so that what they show is what came.

A fence ```` ```console run ```` holds commands, each after ``$ ``. They are run one after another
in one shell in an empty folder; every page has a shell of its own. ``run 1`` says that the last
command of the fence exits with 1; anything else stops the build.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

__all__ = ["TranscriptError", "with_output"]

_FENCE = re.compile(r"^```console run(?: (?P<code>\d+))?\n(?P<commands>.*?)^```$", re.M | re.S)
_MARK = "::end of a command::"
_WIDTH = "96"


class TranscriptError(Exception):
    """A command of a guide did not exit as the guide says."""


def with_output(text: str, folder: Path, root: Path) -> str:
    """Return a page with the output of its commands, which run in ``folder``.

    ``$ROOT`` in a command is the checkout; the output shows neither its path nor ``folder``'s.

    Raises:
        TranscriptError: a command exited with another code than the guide says.

    """
    if not _FENCE.search(text):
        return text
    folder.mkdir(parents=True)
    with _Shell(folder, root) as shell:
        return _FENCE.sub(lambda fence: _transcript(fence, shell), text)


def _transcript(fence: re.Match[str], shell: _Shell) -> str:
    lines, code = [], 0
    for command in re.findall(r"^\$ (.*(?:\n> .*)*)$", fence["commands"], re.M):
        output, code = shell.run(command.replace("\n> ", "\n"))
        lines += [f"$ {command}", *output]
    expected = int(fence["code"] or 0)
    if code != expected:
        shown = "\n".join(lines)
        raise TranscriptError(f"expected exit code {expected}, got {code}:\n{shown}")
    return "```console\n" + "\n".join(lines) + "\n```"


class _Shell:
    def __init__(self, folder: Path, root: Path) -> None:
        programs = Path(sys.executable).parent
        self._hidden = (f"{folder}/", f"{root}/", str(root))
        self._process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "ROOT": str(root),
                "HOME": str(folder),
                "COLUMNS": _WIDTH,
                "LANG": "C.UTF-8",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> tuple[list[str], int]:
        """Return the lines that a command wrote, and its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\necho '{_MARK}' $?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            before, mark, code = line.rstrip("\n").partition(_MARK)
            for path in self._hidden:
                before = before.replace(path, "")
            if before or not mark:
                lines.append(before)
            if mark:
                return lines, int(code)
        raise TranscriptError(f"the shell ended at {command!r}:\n" + "\n".join(lines))

    def __enter__(self) -> _Shell:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.communicate()
