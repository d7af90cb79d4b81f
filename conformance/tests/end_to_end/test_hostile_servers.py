"""Servers that are broken in every way: never a pass, a traceback, a hang or unbounded memory.

Each case is shown from the first byte on, or behind a valid signed declaration, or both. A dozen
of the worst are part of every test run, all others of the long one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.answers import CHAT
from hostile.bodies import BODIES
from hostile.declared import behind_a_declaration
from hostile.framing import FRAMING
from hostile.infrastructure import INFRASTRUCTURE
from hostile.running import assert_sober, run_against
from raw_server import RawServer

FROM_THE_FIRST_BYTE = {**FRAMING, **BODIES, **INFRASTRUCTURE}
BEHIND_A_DECLARATION = {**FROM_THE_FIRST_BYTE, **CHAT}
ALWAYS = {
    "never ends, in chunks",
    "headers without end",
    "1xx without end",
    "an object of a million",
}
ALWAYS_BEHIND = {
    "two answers to one request",
    "a list of a million",
    "deep objects",
    "a gzip bomb",
    "content of three megabytes",
    "logprobs above zero",
    "answers to the request before",
}


def cases(table: dict[str, object], always: set[str]) -> list[object]:
    assert always <= set(table)
    return [
        name if name in always else pytest.param(name, marks=pytest.mark.long) for name in table
    ]


@pytest.fixture
def server() -> Iterator[RawServer]:
    running = RawServer([])
    yield running
    running.stop()


@pytest.mark.parametrize("fault", cases(FROM_THE_FIRST_BYTE, ALWAYS))
def test_a_server_that_is_broken_from_the_first_byte(
    fault: str, server: RawServer, tmp_path: Path
) -> None:
    server.script.append(FROM_THE_FIRST_BYTE[fault])
    run = run_against(server.root, tmp_path)
    assert_sober(run)
    # A JSON object is all that the first requirement asks for.
    assert run.with_verdict("pass") <= {"DCL-01"}


@pytest.mark.parametrize("fault", cases(BEHIND_A_DECLARATION, ALWAYS_BEHIND))
def test_a_server_that_has_nothing_but_a_declaration(
    fault: str, server: RawServer, tmp_path: Path
) -> None:
    server.script.append(behind_a_declaration(BEHIND_A_DECLARATION[fault]))
    run = run_against(server.root, tmp_path)
    assert_sober(run)
    passed = run.with_verdict("pass")
    assert {"DCL-01", "DCL-02", "DCL-03", "DCL-04"} <= passed
    wrongly = {i for i in passed if not i.startswith("DCL")}
    assert not wrongly, run.stdout
