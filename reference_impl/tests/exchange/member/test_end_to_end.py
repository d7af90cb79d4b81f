"""A hub and two labs, all in processes of their own: what one finds, the other is spared."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from typing import Any

CREW = [f"fresh-{number}" for number in range(1, 9)]
FOUND = re.compile(r"published as (indicator--[0-9a-f-]{36})")
_numbers = itertools.count(1000)


def task(number: int) -> str:
    return (
        "You are a careful grader who never hurries. Read the question and write down, step by "
        f"step, why the answer is right or wrong: {number} boxes hold {number + 7} pens."
    )


def ask(endpoint: Any, client: Any, name: str, prompt: str, **members: Any) -> Any:
    body = {
        "model": "drs-reference-1",
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": 1,
        **members,
    }
    headers = {"Authorization": f"Bearer {endpoint.keys[name]}"}
    return client.post("/v1/chat/completions", json=body, headers=headers)


def state(endpoint: Any, persona: str) -> str:
    path = f"/drs/v1/test/personas/{persona}"
    return str(endpoint.call("auditor", "GET", path).json()["state"])


def until(condition: Callable[[], Any], what: str) -> float:
    """Seconds until something holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 60, what
        time.sleep(0.05)
    return time.monotonic() - began


def test_what_one_lab_finds_the_other_is_spared(
    joined: Any,
    empty_hub: Any,
    start: Any,
    a: Any,
    b: Any,
    everyday: Any,
    signature_by: Any,
    tmp_path: Any,
) -> None:
    benign = [everyday(number) for number in range(4000)]
    parties = [joined(empty_hub, lab, benign=benign) for lab in (a, b)]
    lab_a, lab_b = (
        start(tmp_path / f"lab-{party.lab.name}", "--exchange", str(party.file), *more)
        for party, more in zip(parties, [("--accounts", "52"), ()], strict=True)
    )
    with lab_b.client(None) as client:
        before = [_everyday_answers(lab_b, client, everyday)]
        _crew_is_unknown(lab_b)
        found, times = _a_finds_a_campaign(lab_a)
        times["taken in and in force at B"] = until(
            lambda: "1 in force" in lab_b.log, "nothing came to B"
        )
        # The first two requests of accounts that B has never seen.
        began = time.monotonic()
        for persona in CREW * 2:
            ask(lab_b, client, persona, task(next(_numbers)))
        lab_b.reset("auditor")
        assert [state(lab_b, persona) for persona in CREW] == ["throttled"] * 8
        times["eight accounts throttled at B"] = time.monotonic() - began
        (case,) = {lab_b.standing(persona)["case"] for persona in CREW[:1]}
        steps = lab_b.case(case)["transitions"]
        assert [step["evidence"] for step in steps] == [["prompt-structure"]] * 2
        assert not any(step["approvals"] for step in steps)
        # Whoever asks everyday things sees nothing of it.
        before.append(_everyday_answers(lab_b, client, everyday))
        assert before[0] == before[1]
        assert state(lab_b, "control") == "standing"
        began = time.monotonic()
        done = parties[0].command("revoke", found, "--reason", "campaign-ended")
        assert done.returncode == 0, done.stderr
        until(lambda: " 0 in force" in lab_b.log, "the revocation did not come to B")
        times["revoked by a command and out of force at B"] = time.monotonic() - began
        for persona in CREW:
            lab_b.reset(persona)
        for persona in CREW[:3] * 3:
            ask(lab_b, client, persona, task(next(_numbers)))
        lab_b.reset("auditor")
        assert [state(lab_b, persona) for persona in CREW[:3]] == ["standing"] * 3
        # An author who allows to observe gets no more, however often it matches.
        mild = {"max_action": "observe", "pattern": "fp.containment >= 0.5"}
        parties[0].member().publish(signature_by(a, task(1), **mild))
        until(lambda: lab_b.log.count("1 in force") == 2, "the milder one did not come to B")
        for persona in CREW[3:6] * 3:
            ask(lab_b, client, persona, task(next(_numbers)))
        lab_b.reset("auditor")
        assert [state(lab_b, persona) for persona in CREW[3:6]] == ["observed"] * 3
    for what, seconds in times.items():
        print(f"{what}: {seconds:.2f} s")
    for lab in (lab_a, lab_b):
        assert lab.stop() == 0
        assert "Traceback" not in lab.log
        assert not any(token in lab.log for token in (a.token, b.token))


def _crew_is_unknown(lab: Any) -> None:
    assert {state(lab, persona) for persona in CREW} == {"standing"}


def _a_finds_a_campaign(lab: Any) -> tuple[str, dict[str, float]]:
    """52 accounts divide a task, 8 of them at speed, until they are found; signature and times."""
    began = time.monotonic()
    with lab.client(None) as client:
        for account in range(9, 53):
            ask(lab, client, f"blind-{account}", task(next(_numbers)))
        for _ in range(20):
            for account in range(1, 9):
                ask(lab, client, f"blind-{account}", task(next(_numbers)))
            if FOUND.search(lab.log):
                break
    times = {"the campaign runs until it is published by A": time.monotonic() - began}
    found = FOUND.search(lab.log)
    assert found is not None, lab.log[-2000:]
    return found[1], times


def _everyday_answers(lab: Any, client: Any, everyday: Any) -> list[tuple[Any, ...]]:
    """What control is told, but for what every answer has of its own."""
    shown = []
    for number in range(5000, 5004):
        answer = ask(lab, client, "control", everyday(number), seed=7, max_tokens=8)
        said = [choice["message"]["content"] for choice in answer.json()["choices"]]
        shown.append((answer.status_code, said, sorted(answer.headers)))
    return shown
