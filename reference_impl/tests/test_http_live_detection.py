"""Live detection over HTTP: evidence reaches the ladder, and stops where people decide."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from drs_reference.storage.audit import check_chain
from drs_reference.storage.sqlite import SqliteStorage

CREW = [f"fresh-{number}" for number in range(1, 9)]
CHAT = "/v1/chat/completions"


class Crew:
    """Eight accounts that divide the questions of one template."""

    def __init__(self, endpoint: Any, clients: list[Any]) -> None:
        self.endpoint = endpoint
        self.clients = clients
        self.numbers = itertools.count()

    def round(self) -> list[Any]:
        """Let each of them send one request; return the answers."""
        return [self.ask(client) for client in self.clients]

    def ask(self, client: Any) -> Any:
        number = next(self.numbers)
        text = f"Solve this step by step and explain why: {number} boxes of {number} pens"
        messages = [{"role": "user", "content": text}]
        body = {"model": "drs-reference-1", "messages": messages, "max_tokens": 1}
        return client.post(CHAT, json=body)

    def states(self) -> list[str]:
        """Return the true states, once all evidence so far has been applied."""
        self.endpoint.reset("control")
        return [state(self.endpoint, persona) for persona in CREW]


def state(endpoint: Any, persona: str) -> str:
    path = f"/drs/v1/test/personas/{persona}"
    return str(endpoint.call("auditor", "GET", path).json()["state"])


@pytest.fixture(name="crew")
def _crew(endpoint: Any) -> Iterator[Crew]:
    for persona in CREW:
        endpoint.reset(persona)
    with contextlib.ExitStack() as stack:
        yield Crew(endpoint, [stack.enter_context(endpoint.client(name)) for name in CREW])
    for persona in CREW:
        endpoint.reset(persona)


def test_a_campaign_is_observed_then_throttled_and_left_to_people(
    endpoint: Any, crew: Crew
) -> None:
    for _ in range(12):
        before = crew.round()
        if state(endpoint, CREW[0]) != "standing":
            break
    assert crew.states() == ["observed"] * 8
    assert {endpoint.standing(persona)["standing"] for persona in CREW} == {"standing"}
    after = crew.round()
    assert [set(answer.headers) for answer in after] == [set(answer.headers) for answer in before]
    assert [set(answer.json()) for answer in after] == [set(answer.json()) for answer in before]
    for _ in range(30):
        crew.round()
    assert crew.states() == ["throttled"] * 8
    assert state(endpoint, "control") == "standing"
    case = endpoint.case(endpoint.standing(CREW[0])["case"])
    assert [step["to"] for step in case["transitions"]] == ["observed", "throttled"]
    assert {tuple(step["evidence"]) for step in case["transitions"]} == {("prompt-structure",)}
    assert not any(step["approvals"] for step in case["transitions"])


def test_what_happened_is_in_the_audit_trail(start: Any, tmp_path: Any) -> None:
    endpoint = start(tmp_path / "target")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(endpoint.client(name)) for name in CREW]
        own = Crew(endpoint, clients)
        for _ in range(25):
            own.round()
        own.states()
    assert endpoint.stop() == 0
    storage = SqliteStorage(endpoint.folder / "storage.sqlite")
    records = list(storage.audit())
    storage.close()
    assert check_chain(records) is not None
    steps = [record.document()["entry"] for record in records]
    seen = [(e["from"], e["to"]) for e in steps if e["evidence"] == ["prompt-structure"]]
    assert seen.count(("standing", "observed")) >= 8
    assert seen.count(("observed", "throttled")) >= 8


def test_a_reset_forgets_what_was_sent(endpoint: Any, crew: Crew) -> None:
    for _ in range(3):
        crew.round()
    for persona in CREW:
        endpoint.reset(persona)
    for _ in range(3):
        crew.round()
    assert crew.states() == ["standing"] * 8
