"""The hub under test, as members of its trust group speak with it (chapter Exchange, Profile)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from drs_conformance.checks.hub_objects import (
    PAYLOAD_TYPE,
    Document,
    identifier,
    proven,
    signature,
)
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.transparency_log import Checkpoint, LogFault, checkpoint
from drs_conformance.ledger import Exchange, Headers, MalformedBody, WireRequest
from drs_conformance.specification.canonical import canonical_json
from drs_conformance.target import Origin
from drs_conformance.verdicts import Inconclusive, Untestable, Violation

__all__ = ["STIX", "TAXII", "Hub", "Posted"]

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
_COVERED = '("@method" "@target-uri" "content-digest" "content-type")'
_STATUS_TRIES = 10


class Posted:
    """What became of a request that brought objects."""

    def __init__(self, answer: Exchange, status: Mapping[str, Any]) -> None:
        self.answer = answer
        self.status = status

    @property
    def taken(self) -> list[str]:
        """Identifiers of what was accepted, as often as they were."""
        return [entry["id"] for entry in self.status.get("successes", ())]


class Hub:
    """Requests to a hub for one check; every one goes through the ledger."""

    def __init__(self, lab: Lab, group: Mapping[str, Any] | None = None) -> None:
        """Speak with the hub under test, or with that of a trust ``group`` of a participant.

        Raises `Untestable` when the target file names no hub.
        """
        target = lab.target
        if group is not None:
            self.origin = str(Origin.of(group["api_root"]))
            self.root = urlsplit(group["api_root"]).path.rstrip("/")
            collection = group["collection"]
        else:
            self.origin, self.root, collection = target.root, target.base_path, target.model
        about = group or target.hub
        if about is None:
            raise Untestable(
                "the target file names no hub",
                cause="Give it the dialect taxii, and say under `hub` who the personas are.",
            )
        self.lab = lab
        self.objects = f"{self.root}/collections/{collection}/objects/"
        self.manifest = f"{self.root}/collections/{collection}/manifest/"
        self._about = about
        self._made = 0
        self._signed = 0

    # -- members

    def member(self, persona: str) -> Mapping[str, Any]:
        """Return identity and names of keys. Raises `Untestable` when it is no member."""
        members = self._about["members"]
        if persona not in members:
            raise Untestable(
                f"the target file names no member {persona}",
                cause=f"Let the hub's operator make one, and name it under `hub` as {persona}.",
            )
        found: Mapping[str, Any] = members[persona]
        return found

    def revoked_kid(self) -> str:
        """Return the name of a key of `control` that is revoked."""
        kid = self.member("control").get("revoked_kid")
        if kid is None:
            raise Untestable(
                "the target file names no revoked key of control",
                cause="Let the hub's operator revoke a key of this member, and name it there.",
            )
        return str(kid)

    # -- objects

    def draft(self, author: str = "control", now: datetime | None = None) -> Document:
        """Return a new signature of a member, without proof."""
        self._made += 1
        now = now or self.lab.now()
        name = identifier("indicator", f"{self.lab.key('objects')}:{self._made}:{now}")
        return signature(name, self.member(author)["identity"], now)

    def prove(
        self,
        document: Mapping[str, Any],
        by: str = "control",
        *,
        kid: str | None = None,
        payload_type: str = PAYLOAD_TYPE,
    ) -> Document:
        """Return the document with a proof by a member's key."""
        name = kid or self.member(by)["kid"]
        return proven(document, name, lambda message: self.lab.sign(name, message), payload_type)

    def made(self, author: str = "control") -> Document:
        """Return a new signature with its proof."""
        return self.prove(self.draft(author), author)

    # -- reading

    def get(
        self,
        path: str,
        persona: str | None = "control",
        query: Mapping[str, object] | None = None,
        accept: str = TAXII,
    ) -> Exchange:
        """Send a GET request; whatever comes back is returned."""
        if query:
            path += "?" + urlencode(query, quote_via=quote, safe=",[]:")
        request = WireRequest("GET", path, persona, (("Accept", accept),))
        return self.lab.deliver(request, faults_too=True)

    def document(self, exchange: Exchange, status: int = 200) -> Document:
        """Return an answer that has to be an object of JSON with ``status``; else `Violation`."""
        what = f"{exchange.request.method} {exchange.request.path}"
        if exchange.status != status:
            raise Violation(
                f"{what} was answered {exchange.status}, expected {status}",
                exchange,
                cause=exchange.text()[:400],
            )
        try:
            document = exchange.json()
        except MalformedBody as error:
            raise Violation(f"{what}: {error}", exchange) from error
        if not isinstance(document, dict):
            raise Violation(f"{what}: expected an object of JSON", exchange)
        return document

    def listed(self, exchange: Exchange, name: str = "objects") -> list[Any]:
        """Return the list under ``name`` of an envelope; one that is left out is empty."""
        found = self.document(exchange).get(name, [])
        if not isinstance(found, list):
            raise Violation(f"expected a list of {name}, got something else", exchange)
        return found

    def pages(
        self, query: Mapping[str, object], most: int, persona: str = "control"
    ) -> Iterator[tuple[Exchange, list[Any], Document]]:
        """Yield the pages of a query, ``most`` at most: answer, objects and envelope of each."""
        parameters = query
        for _ in range(most):
            answer = self.get(self.objects, persona, parameters)
            page, envelope = self.listed(answer), self.document(answer)
            yield answer, page, envelope
            if not envelope.get("more"):
                break
            parameters = {**query, "next": envelope.get("next")}

    def held(self, name: str, persona: str = "control") -> tuple[list[Document], Exchange]:
        """Return all versions of an object that the hub shows, and the answer that shows them."""
        query = {"match[id]": name, "match[version]": "all"}
        answer = self.get(self.objects, persona, query)
        return self.listed(answer), answer

    # -- writing

    def post(
        self,
        content: bytes | Sequence[Mapping[str, Any]],
        persona: str = "control",
        *,
        headers: Headers | None = None,
        content_type: str = TAXII,
    ) -> Exchange:
        """Send objects, or a body as it is, signed by the persona unless ``headers`` are given."""
        if not isinstance(content, bytes):
            content = envelope(content)
        if headers is None:
            headers = self.signed(content, persona)
        given = (("Accept", TAXII), ("Content-Type", content_type), *headers)
        return self.lab.deliver(
            WireRequest("POST", self.objects, persona, given, content), faults_too=True
        )

    def signed(
        self,
        content: bytes,
        by: str = "control",
        *,
        kid: str | None = None,
        named: str | None = None,
    ) -> Headers:
        """Return the fields that sign a request (RFC 9421, RFC 9530).

        It is signed by the key ``kid``, by default that of ``by``, and says it was by ``named``.
        """
        key = kid or self.member(by)["kid"]
        self._signed += 1
        now = self.lab.now()
        source = f"{self.lab.key('nonces')}:{self._signed}:{now}"
        nonce = base64.urlsafe_b64encode(hashlib.sha256(source.encode()).digest()[:24]).decode()
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"
        covered = (
            f'{_COVERED};created={int(now.timestamp())};keyid="{named or key}"'
            f';nonce="{nonce}";alg="ed25519"'
        )
        lines = (
            '"@method": POST',
            f'"@target-uri": {self.origin}{self.objects}',
            f'"content-digest": {digest}',
            f'"content-type": {TAXII}',
            f'"@signature-params": {covered}',
        )
        signature = base64.b64encode(self.lab.sign(key, "\n".join(lines).encode())).decode()
        return (
            ("Content-Digest", digest),
            ("Signature-Input", f"drs={covered}"),
            ("Signature", f"drs=:{signature}:"),
        )

    def publish(self, objects: Sequence[Mapping[str, Any]], persona: str = "control") -> Posted:
        """Publish objects that have to be taken; else `Violation`."""
        answer = self.post(objects, persona)
        posted = self.outcome(answer, persona)
        wanted = [one["id"] for one in objects]
        if posted is None or sorted(posted.taken) != sorted(wanted):
            raise Violation(
                f"of {len(wanted)} signatures in order that their author sent, "
                f"{len(posted.taken) if posted else 0} were taken",
                answer,
                cause=answer.text()[:400],
            )
        return posted

    def outcome(self, answer: Exchange, persona: str = "control") -> Posted | None:
        """Return what became of a request, once that is known; None when it was refused whole."""
        if answer.status == 429:
            raise Untestable("the test member's quota of objects is used up", answer)
        if answer.status is not None and 400 <= answer.status < 500:
            return None
        status = self.document(answer, 202)
        for _ in range(_STATUS_TRIES):
            if status.get("status") == "complete":
                return Posted(answer, status)
            self.lab.pause(1)
            path = f"{self.root}/status/{status.get('id')}/"
            answer = self.get(path, persona)
            status = self.document(answer)
        raise Inconclusive(f"the request was still not complete after {_STATUS_TRIES} s", answer)

    # -- the log

    def checkpoint(self, persona: str = "control") -> tuple[Checkpoint, Exchange]:
        """Return what the log says that it holds, and the answer. Raises `Violation`."""
        answer = self.get(f"{self.root}/log/checkpoint", persona, accept="text/plain")
        if answer.status != 200:
            raise Violation(f"the log's checkpoint was answered {answer.status}", answer)
        try:
            return checkpoint(answer.text(), self._about["log_key"]), answer
        except LogFault as error:
            raise Violation(f"the log's checkpoint: {error}", answer) from error

    def proof(
        self, kind: str, persona: str, **query: object
    ) -> tuple[Document, list[bytes], Exchange]:
        """Return the answer to ``log/inclusion`` or ``log/consistency`` and the proof in it."""
        path = f"{self.root}/log/{kind}"
        answer = self.get(path, persona, query, accept="application/json")
        document = self.document(answer)
        try:
            return document, [bytes.fromhex(step) for step in document["proof"]], answer
        except (KeyError, TypeError, ValueError):
            raise Violation(f"{path} has no proof in hexadecimal", answer) from None


def envelope(objects: Sequence[Mapping[str, Any]]) -> bytes:
    """Return objects as the content of a request."""
    return json.dumps({"objects": [*objects]}, ensure_ascii=False, separators=(",", ":")).encode()


def same(one: object, other: object) -> bool:
    """Tell whether two values are one document of JSON."""
    return canonical_json(one) == canonical_json(other)
