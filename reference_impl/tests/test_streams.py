"""How the emissions of a stream leave the thread that generates them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from drs_reference.gateway.app import build_app
from drs_reference.gateway.credentials import Credentials
from drs_reference.gateway.inference import together
from drs_reference.gateway.parts import standard_parts
from drs_reference.gateway.sampling import Decoding, Emission, Generation, Logits, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation.trace_withholding import Parameters, TraceWithholding
from drs_reference.signing import Signer
from drs_reference.storage.sqlite import SqliteStorage

MODEL = LanguageModel.load()
KEY = "k" * 32
STORY = [("user", "Tell me a story.")]


def emissions(count: int) -> list[Emission]:
    work = Generation(MODEL, STORY, Sampling(seed=5, max_tokens=count), choices=4)
    return list(work.emissions())


class Endless:
    """A model that says the same token for ever, a thousand times a second at most."""

    tokenizer = MODEL.tokenizer
    end = MODEL.end
    prompt_tokens = 1
    steps = 0

    def start(self, messages: Any) -> Decoding:
        return self

    def fork(self) -> Decoding:
        return self

    def logits(self) -> Logits:
        time.sleep(0.001)
        self.steps += 1
        scores = np.zeros(len(self.tokenizer.vocabulary), np.float32)
        scores[-1] = 50
        return scores

    def push(self, token: int) -> None:
        pass


def test_what_is_ready_soon_leaves_together_and_in_order() -> None:
    made = emissions(40)
    lists = list(together(iter(made)))
    assert list(chain(*lists)) == made
    assert len(lists) < len(made) / 4


def test_the_first_waits_for_nothing_and_the_others_not_for_long() -> None:
    first, second, third = emissions(3)[:3]

    def slow() -> Iterator[Emission]:
        yield first
        for emission in (second, third):
            time.sleep(0.02)
            yield emission

    assert list(together(slow())) == [[first], [second], [third]]


def test_what_came_before_a_failure_is_handed_over() -> None:
    made = emissions(3)

    def failing() -> Iterator[Emission]:
        yield from made
        raise ValueError("broken")

    seen: list[Emission] = []
    with pytest.raises(ValueError, match="broken"):
        seen.extend(chain.from_iterable(together(failing())))
    assert seen == made


def test_a_client_that_leaves_ends_the_generation(tmp_path: Path) -> None:
    model: Any = Endless()
    storage = SqliteStorage(tmp_path / "state")
    parts = standard_parts(
        issuer="http://127.0.0.1",
        storage=storage,
        credentials=Credentials({"control": KEY}),
        signer=Signer(bytes(32)),
        model=MODEL,
        perturbation=TraceWithholding(Parameters()),
    )
    app = build_app(replace(parts, model=model))
    body = {
        "model": "drs-reference-1",
        "messages": [{"role": "user", "content": "Go on."}],
        "max_tokens": 1024,
        "stream": True,
    }

    async def leave() -> None:
        gone, asked = anyio.Event(), False
        events = 0

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": json.dumps(body).encode()}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal events
            events += message["type"] == "http.response.body"
            if events == 20:
                gone.set()

        scope = {
            "type": "http",
            "asgi": {"spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/v1/chat/completions",
            "raw_path": b"/v1/chat/completions",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {KEY}".encode())],
            "client": ("127.0.0.1", 1),
        }
        with anyio.fail_after(20):
            await app(scope, receive, send)
        assert events >= 20

    anyio.run(leave)
    done = model.steps
    assert 0 < done < 500
    time.sleep(0.05)
    assert model.steps == done
    storage.close()
