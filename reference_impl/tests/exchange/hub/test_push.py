"""The push channel: every object once, in order, also over a lost connection."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest


@dataclass(frozen=True)
class Event:
    id: int
    data: dict[str, Any]


def read_events(lines: Iterator[str]) -> Iterator[Event]:
    """The events of a stream; comments are passed over, as a browser does."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            assert fields["event"] == "added"
            yield Event(int(fields["id"]), json.loads(fields["data"]))
            fields = {}


@contextlib.contextmanager
def channel(hub: Any, lab: Any, since: int = 0, **headers: str) -> Iterator[Iterator[Event]]:
    headers["Authorization"] = f"Bearer {lab.token}"
    url = f"{hub.url}{lab.path('push')}?since={since}"
    with (
        httpx.Client(timeout=20, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read_events(answer.iter_lines())


def test_what_is_there_and_what_comes(empty_hub: Any, a: Any, b: Any) -> None:
    first = a.signature()
    empty_hub.published(a, first)
    with channel(empty_hub, b) as events:
        event = next(events)
        assert (event.id, event.data["index"], event.data["object"]) == (0, 0, first)
        later = [a.signature(), b.signature(), a.version(first, confidence=5)]
        for document in later:
            empty_hub.published(b if document is later[1] else a, document)
        began = time.monotonic()
        assert [next(events).data["object"] for _ in later] == later
        assert time.monotonic() - began < 5
    entries = empty_hub.json(b, "/group-1/log/entries", start=1)["entries"]
    with channel(empty_hub, b, since=1) as events:
        assert [next(events).data for _ in later] == entries
    with channel(empty_hub, b, **{"Last-Event-ID": "2"}) as events:
        assert next(events).data["object"] == later[2]


def test_a_refused_object_is_not_pushed(empty_hub: Any, a: Any, b: Any) -> None:
    with channel(empty_hub, b) as events:
        document = a.signature()
        assert empty_hub.refusal(a, b.signature())
        empty_hub.published(a, document)
        empty_hub.published(a, document)
        empty_hub.published(a, a.version(document, confidence=1))
        assert [next(events).data["object"]["id"] for _ in range(2)] == [document["id"]] * 2


def test_another_group_is_not_pushed(empty_hub: Any, a: Any, c: Any) -> None:
    """What C publishes must not show in the channel of A, not even as a number that is passed."""
    with channel(empty_hub, a) as events:
        empty_hub.published(c, c.signature())
        empty_hub.published(a, a.signature())
        assert next(events).id == 0


def test_channels_are_bounded(empty_hub: Any, a: Any, b: Any) -> None:
    """A member opens channels until the hub has no more to give; the fifth is 429."""
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(channel(empty_hub, a))
        answer = empty_hub.get(a, a.path("push"))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        stack.enter_context(channel(empty_hub, b))
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(AssertionError), channel(empty_hub, a):
            break
        assert time.monotonic() < deadline, "closed channels still count"
        time.sleep(0.2)


def test_a_member_that_was_put_out_hears_no_more(
    start_hub: Any, tmp_path: Any, a: Any, b: Any
) -> None:
    """Its channel is open; it must end before the next object is told."""
    hub = start_hub(tmp_path)
    with channel(hub, a) as events:
        hub.published(b, b.signature())
        assert next(events).id == 0
        hub.change_members(a.entry(token_sha256="0" * 64))
        hub.published(b, b.signature())
        assert list(events) == []


def test_a_stop_ends_the_channels_at_once(start_hub: Any, tmp_path: Any, a: Any) -> None:
    hub = start_hub(tmp_path)
    with channel(hub, a) as events:
        stopped = threading.Timer(0.5, hub.process.terminate)
        stopped.start()
        assert list(events) == []
    assert hub.process.wait(timeout=10) == 0
    assert "ERROR" not in hub.log


@pytest.mark.parametrize("query", ["since=-1", "since=x", "since=1&since=2"])
def test_a_malformed_place_is_400(hub: Any, a: Any, query: str) -> None:
    assert hub.get(a, a.path(f"push?{query}")).status_code == 400


@pytest.mark.long
def test_silence_is_broken_by_comments(empty_hub: Any, a: Any) -> None:
    """Something on the way ends connections that are silent; the hub must not let them be."""
    headers = {"Authorization": f"Bearer {a.token}"}
    with (
        httpx.Client(timeout=40, trust_env=False) as client,
        client.stream("GET", empty_hub.url + a.path("push"), headers=headers) as answer,
    ):
        comments = [line for line, _ in zip(answer.iter_lines(), range(3), strict=False) if line]
    assert comments == [": open", ": nothing new"]
