"""The wire to a hub: TAXII 2.1, the endpoints of its log, and the push channel.

What comes is bounded in size and in time, and is not believed here; ``verification`` judges it.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from drs_reference.exchange.canonical import NoCanonicalFormError, canonical, parse
from drs_reference.exchange.member.settings import HubAddress
from drs_reference.exchange.message_signatures import Message, sign
from drs_reference.signing import Signer

__all__ = ["PAGE", "Channel", "HubClient", "HubError", "Outcome", "Page", "Shown"]

TAXII = "application/taxii+json;version=2.1"
PAGE = 100
"""Objects of a page: what one transaction takes in."""
_PAGE_MAX = 16 << 20
_ANSWER_MAX = 1 << 20
_EVENT_MAX = 8 << 20
_TIMEOUT = httpx.Timeout(10, pool=30)
_ANSWER_S = 60
_SILENCE_S = 40
"""Longer than two heartbeats of the hub."""
_STATUS_LOOKS = 20
_ADDED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_PROOF_MAX = 64
_EVENT_ID = re.compile(rb"id: ?([0-9]{1,18})")
_SHOWN_MAX = 300


class HubError(Exception):
    """The hub is out of reach or answers as it should not; the message says what came."""


@dataclass(frozen=True, slots=True)
class Page:
    """Objects in the hub's order, each in its canonical form, and how to go on."""

    objects: tuple[bytes, ...]
    last_added: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry of the log as the hub shows it; in which collection it is, is the hub's word."""

    collection: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an object that was sent in; ``refusal`` is None where it was taken."""

    id: str
    refusal: str | None


class HubClient:
    """A member's connection to its collection. Safe to use from several threads."""

    def __init__(self, hub: HubAddress, signer: Signer) -> None:
        self._hub = hub
        self._signer = signer
        self._objects = f"{hub.api_root}collections/{hub.collection}/objects/"
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            trust_env=False,
            headers={"Authorization": f"Bearer {hub.token}", "Accept-Encoding": "identity"},
        )

    def objects(self, added_after: str | None, following: str | None) -> Page:
        """A page of every version that was added after a time; ``following`` is a page's ``next``.

        Raises ``HubError``, as every method does.
        """
        params = {"limit": str(PAGE), "match[version]": "all"}
        params |= {"added_after": added_after} if added_after else {}
        params |= {"next": following} if following else {}
        answer, content = self._get(self._objects, params, _PAGE_MAX)
        envelope = _parsed(content)
        objects = envelope.get("objects", [])
        if not isinstance(objects, list) or not all(isinstance(one, dict) for one in objects):
            raise HubError("the hub sent an envelope whose objects are none")
        last = answer.headers.get("X-TAXII-Date-Added-Last") if objects else None
        if objects and not _ADDED.fullmatch(last or ""):
            raise HubError("the hub does not say when it added the last object")
        more = envelope.get("more") is True
        if more and not (objects and isinstance(envelope.get("next"), str)):
            raise HubError("the hub says that there is more, and not how to go on")
        bodies = tuple(canonical(one) for one in objects)
        return Page(bodies, last, envelope["next"] if more else None)

    def checkpoint(self) -> str:
        """The newest checkpoint of the log, a signed note."""
        _, content = self._get(f"{self._hub.api_root}log/checkpoint", {}, _ANSWER_MAX, "*/*")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise HubError("the hub sent a checkpoint that is not UTF-8") from error

    def inclusion(self, leaf: bytes, size: int) -> tuple[int, list[bytes]]:
        """The index of a leaf in the log of ``size``, and the proof of it."""
        answer = self._proof("inclusion", {"leaf": leaf.hex(), "size": str(size)})
        index = answer.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            raise HubError("the hub sent a proof of inclusion without an index")
        return index, _hashes(answer)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the log of ``new`` goes on from that of ``old``."""
        return _hashes(self._proof("consistency", {"from": str(old), "to": str(new)}))

    def entries(self, start: int) -> dict[int, Shown]:
        """Entries of the log from ``start`` on, whatever their collection, by index."""
        url = f"{self._hub.api_root}log/entries"
        params = {"start": str(start), "limit": str(PAGE)}
        entries = _parsed(self._get(url, params, _PAGE_MAX, "application/json")[1]).get("entries")
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise HubError("the hub sent entries of its log that are none")
        found = {}
        for one in entries:
            index, document = one.get("index"), one.get("object")
            if not isinstance(index, int) or not isinstance(document, dict):
                raise HubError("the hub sent an entry of its log without an index or an object")
            found[index] = Shown(str(one.get("collection")), canonical(document))
        return found

    def post(self, documents: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
        """Send objects in, in a signed request; what became of each."""
        content = json.dumps({"objects": list(documents)}).encode()
        message = Message("POST", self._objects, TAXII, content)
        fields = sign(message, self._signer, datetime.now(UTC)).headers()
        headers = {"Content-Type": TAXII, **fields}
        request = self._client.build_request(
            "POST", self._objects, content=content, headers={**headers, "Accept": TAXII}
        )
        status = _parsed(self._answer(request, _ANSWER_MAX)[1])
        for look in range(_STATUS_LOOKS):
            if status.get("status") == "complete":
                return _outcomes(status)
            time.sleep(min(0.1 * 2**look, 5))
            place = f"{self._hub.api_root}status/{str(status.get('id'))[:64]}/"
            status = _parsed(self._get(place, {}, _ANSWER_MAX)[1])
        raise HubError("the hub does not come to an end with what it was sent")

    @contextmanager
    def pushed(self, since: int) -> Iterator[Channel]:
        """The push channel from the log index ``since`` on, while it is open."""
        url = f"{self._hub.api_root}collections/{self._hub.collection}/push"
        headers = {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": str(since - 1)} if since else {}
        timeout = httpx.Timeout(10, read=_SILENCE_S)
        try:
            with self._client.stream("GET", url, headers=headers, timeout=timeout) as answer:
                _check_status(answer)
                yield Channel(answer)
        except httpx.HTTPError as error:
            raise HubError(f"the push channel broke: {_shown(error)}") from error

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def _proof(self, kind: str, params: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._hub.api_root}log/{kind}"
        return _parsed(self._get(url, params, _ANSWER_MAX, "application/json")[1])

    def _get(
        self, url: str, params: Mapping[str, str], most: int, accept: str = TAXII
    ) -> tuple[httpx.Response, bytes]:
        headers = {"Accept": accept}
        request = self._client.build_request("GET", url, params=params, headers=headers)
        return self._answer(request, most)

    def _answer(self, request: httpx.Request, most: int) -> tuple[httpx.Response, bytes]:
        until = time.monotonic() + _ANSWER_S
        kept = bytearray()
        try:
            answer = self._client.send(request, stream=True)
            try:
                for chunk in answer.iter_raw():
                    kept += chunk
                    if len(kept) > most or time.monotonic() > until:
                        raise HubError(f"the hub sends more than {most} bytes, or too slowly")
            finally:
                answer.close()
        except httpx.HTTPError as error:
            raise HubError(f"{self._hub.api_root} is out of reach: {_shown(error)}") from error
        _check_status(answer, bytes(kept))
        return answer, bytes(kept)


class Channel:
    """An open push channel."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    def indexes(self) -> Iterator[int]:
        """The log index of each object as it is added, until the channel ends."""
        rest = b""
        for chunk in self._answer.iter_raw():
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _EVENT_MAX:
                raise HubError(f"the hub pushed an event of more than {_EVENT_MAX} bytes")
            for line in lines:
                found = _EVENT_ID.fullmatch(line)
                if found is not None:
                    yield int(found[1])

    def end(self) -> None:
        """End it from another thread."""
        stream = self._answer.extensions["network_stream"]
        connection: socket.socket = stream.get_extra_info("socket")
        # Closing would leave the reader in its wait; this wakes it.
        connection.shutdown(socket.SHUT_RDWR)


def _check_status(answer: httpx.Response, content: bytes = b"") -> None:
    if answer.status_code not in (200, 202):
        said = ""
        with suppress(ValueError, AttributeError, RecursionError):
            said = str(json.loads(content).get("description", ""))
        raise HubError(f"the hub answers with {answer.status_code}. {_shown(said)}".rstrip(" ."))
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise HubError("the hub answers with a content coding that nobody asked for")


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return parse(content)
    except NoCanonicalFormError as error:
        raise HubError(f"the hub sent what has no one meaning: {_shown(error)}") from error


def _hashes(answer: Mapping[str, Any]) -> list[bytes]:
    proof = answer.get("proof")
    if not isinstance(proof, list) or len(proof) > _PROOF_MAX:
        raise HubError(f"the hub sent a proof that is no list of at most {_PROOF_MAX} hashes")
    if not all(isinstance(step, str) and _HASH.fullmatch(step) for step in proof):
        raise HubError("the hub sent a proof with a step that is no hash")
    return [bytes.fromhex(step) for step in proof]


def _outcomes(status: Mapping[str, Any]) -> tuple[Outcome, ...]:
    found = []
    for name in ("successes", "failures"):
        entries = status.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise HubError(f"the hub sent a status whose {name} are none")
        for one in entries:
            refusal = _shown(one.get("message", "no reason")) if name == "failures" else None
            found.append(Outcome(str(one.get("id")), refusal))
    return tuple(found)


def _shown(said: object) -> str:
    """What somebody else wrote, on one line of a log."""
    text = str(said)[:_SHOWN_MAX]
    return "".join(character if character.isprintable() else "?" for character in text)
