"""Mutants of the chapter Exchange: the reference hub with one rule forgotten.

A mutant is a process of its own, so some replace a function of a module in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from drs_reference.exchange.hub import intake, log_view, messages, posting, reading, succession
from drs_reference.exchange.hub.admissions import Admissions
from drs_reference.exchange.hub.entries import Candidate, Held, Page, Refusal
from drs_reference.exchange.hub.membership import Group, Member, Membership
from drs_reference.exchange.hub.parts import Parts
from drs_reference.exchange.hub.queries import FIRST, Query
from drs_reference.exchange.hub.store import Store
from drs_reference.exchange.log.checkpoint import Checkpoint, signed
from drs_reference.exchange.log.merkle import leaf_hash
from drs_reference.exchange.message_signatures import Message, SignatureFields, Signed
from drs_reference.exchange.proofs import EXTENSIONS, SIGNATURE_TYPE, PublicKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mutants.mutant import mutant

MANY = 9
"""Objects of one request from which on something goes wrong."""


def _with_store(parts: Parts, kind: Callable[[Any], Store]) -> Parts:
    return replace(parts, store=kind(parts.store._database))


# -- TAXII (XCH-01)


@mutant(breaks=["XCH-01"], hub=True)
def media_type_only_with_its_version(parts: Parts) -> Parts:
    """Whoever accepts TAXII without naming a version is turned away."""
    usual = messages.check_accept

    def check(request: Request) -> None:
        if request.headers.get("accept") == "application/taxii+json":
            raise messages.TaxiiError(406, "Name the version.")
        usual(request)

    reading.check_accept = check
    return parts


@mutant(breaks=["XCH-01"], hub=True)
def pages_begin_with_the_newest(parts: Parts) -> Parts:
    """The objects of a page stand in the wrong order."""

    class Reversed(Store):
        def page(self, query: Query, bodies: bool = True) -> Page:
            found = super().page(query, bodies)
            return Page(found.entries[::-1], found.more)

    return _with_store(parts, Reversed)


@mutant(breaks=["XCH-01"], hub=True)
def queries_that_make_no_sense_are_answered(parts: Parts) -> Parts:
    """A time that is none is passed over, as if it had not been given."""
    usual = reading.read_filters

    def lenient(query: str, *match: str) -> Any:
        try:
            return usual(query, *match)
        except messages.TaxiiError:
            return usual("", *match)

    reading.read_filters = lenient
    return parts


@mutant(breaks=["XCH-01"], hub=True, rare=True)
def first_versions_after_a_time_are_forgotten(parts: Parts) -> Parts:
    """Asked for first versions that were added after a time, it shows none."""

    class Forgetful(Store):
        def page(self, query: Query, bodies: bool = True) -> Page:
            if query.versions == {FIRST} and query.added_after is not None:
                return Page((), False)
            return super().page(query, bodies)

    return _with_store(parts, Forgetful)


# -- Who writes (XCH-02)


def _unverified(
    message: Message, fields: SignatureFields, keys: Mapping[str, PublicKey], now: datetime
) -> Signed:
    return Signed(next(iter(keys)), f"none-{now.timestamp()}", now)


@mutant(breaks=["XCH-02"], hub=True)
def requests_need_no_signature(parts: Parts) -> Parts:
    """Whoever has a member's token may write, whether the request is signed or not."""
    usual = posting.verify

    def verify(
        message: Message, fields: SignatureFields, keys: Mapping[str, PublicKey], now: datetime
    ) -> Signed:
        given = usual if fields.signature else _unverified
        return given(message, fields, keys, now)

    posting.verify = verify
    return parts


@mutant(breaks=["XCH-02"], hub=True)
def nonces_are_forgotten(parts: Parts) -> Parts:
    """A request that somebody has seen can be sent again."""

    class Forgetful(Admissions):
        _count = 0

        def admit(self, member: Member, signed: Signed, objects: int, now: datetime) -> None:
            self._count += 1
            fresh = replace(signed, nonce=f"{signed.nonce}-{self._count}")
            super().admit(member, fresh, objects, now)

    return replace(parts, admissions=Forgetful(parts.admissions._database))


@mutant(breaks=["XCH-02"], hub=True)
def members_write_for_each_other(parts: Parts) -> Parts:
    """An object that another member proved is taken from anybody, as what that member says."""
    usual = intake.judged

    def judged(
        document: Mapping[str, Any], member: str, keys: Mapping[str, PublicKey], now: datetime
    ) -> Candidate | Refusal:
        author = document.get("created_by_ref")
        others = parts.roster.current().members
        if isinstance(author, str) and author in others:
            return usual(document, author, others[author].usable_keys(now), now)
        return usual(document, member, keys, now)

    return replace(parts, judge=judged)


@mutant(breaks=["XCH-02"], hub=True)
def objects_need_no_proof(parts: Parts) -> Parts:
    """A proof is looked at where there is one that fits, and not missed where there is none."""

    def check(document: Mapping[str, Any], kind: str, keys: Mapping[str, PublicKey]) -> None:
        pass

    intake.check_proof = check  # type: ignore[assignment]
    usual = intake._candidate

    def candidate(
        document: Mapping[str, Any], member: str, keys: Mapping[str, PublicKey], now: datetime
    ) -> Candidate:
        proof = document["extensions"][EXTENSIONS[SIGNATURE_TYPE]].get("proof", {})
        if proof and proof.get("kid") not in keys:
            raise intake._NotTakenError("the key is not one of the author")
        return usual(document, member, keys, now)

    intake._candidate = candidate
    return parts


@mutant(breaks=["XCH-02"], hub=True, rare=True)
def labels_are_not_proven(parts: Parts) -> Parts:
    """Labels may be added to what an author proved."""
    usual = intake.check_proof

    def check(document: Mapping[str, Any], kind: str, keys: Mapping[str, PublicKey]) -> PublicKey:
        return usual({n: v for n, v in document.items() if n != "labels"}, kind, keys)

    intake.check_proof = check
    return parts


# -- The log (XCH-03)


@mutant(breaks=["XCH-03"], hub=True)
def each_member_has_its_own_history(parts: Parts) -> Parts:
    """One member is shown the checkpoint of another log, signed like the true one."""
    usual = log_view.LogView.checkpoint

    def checkpoint(self: log_view.LogView, request: Request) -> Response:
        member, group = parts.group(request)
        if member.title != "peer":
            return usual(self, request)
        with parts.store.log(group.root) as log:
            size = len(log.tree)
        other = Checkpoint(parts.log_name(group.root), size, leaf_hash(b"another history"))
        return Response(signed(other, parts.signer), media_type="text/plain")

    log_view.LogView.checkpoint = checkpoint  # type: ignore[method-assign]
    return parts


@mutant(breaks=["XCH-03"], hub=True)
def the_log_stands_still(parts: Parts) -> Parts:
    """The checkpoint stays the first that anybody asked for."""
    usual = log_view.LogView.checkpoint
    kept: list[Response] = []

    def checkpoint(self: log_view.LogView, request: Request) -> Response:
        kept.append(usual(self, request))
        return kept[0]

    log_view.LogView.checkpoint = checkpoint  # type: ignore[method-assign]
    return parts


@mutant(breaks=["XCH-03"], hub=True)
def proofs_are_those_of_another_entry(parts: Parts) -> Parts:
    """Whatever is asked for, the log proves its first entry."""

    def inclusion(self: log_view.LogView, request: Request) -> Response:
        _, group = parts.group(request)
        with parts.store.log(group.root) as log:
            size = int(request.query_params.get("size", len(log.tree)))
            proof = log.tree.inclusion(0, size)
        shown = [step.hex() for step in proof]
        return JSONResponse({"index": 0, "size": size, "proof": shown})

    log_view.LogView.inclusion = inclusion  # type: ignore[method-assign]
    return parts


# -- What was acknowledged (XCH-04)


@mutant(breaks=["XCH-04"], hub=True)
def revocations_go_under(parts: Parts) -> Parts:
    """A revocation is acknowledged and not shown to anybody."""

    class Forgiving(Store):
        def page(self, query: Query, bodies: bool = True) -> Page:
            found = super().page(query, bodies)
            kept = tuple(entry for entry in found.entries if b'"revoked":true' not in entry.body)
            return Page(kept, found.more)

    return _with_store(parts, Forgiving)


@mutant(breaks=["XCH-04"], hub=True, rare=True)
def large_requests_lose_their_last_object(parts: Parts) -> Parts:
    """Of many objects in one request the last is acknowledged and not kept."""

    class Hasty(Store):
        def take(
            self,
            root: str,
            collection: str,
            member: str,
            judged: Sequence[Candidate | Refusal],
            now: datetime,
        ) -> dict[str, Any]:
            if len(judged) < MANY:
                return super().take(root, collection, member, judged, now)
            *kept, lost = judged
            document = super().take(root, collection, member, kept, now)
            told = {"id": lost.id, "version": lost.version}
            document["successes"] = [*document.get("successes", []), told]
            document["total_count"] += 1
            document["success_count"] += 1
            return document

    return _with_store(parts, Hasty)


# -- What is old (XCH-05)


@mutant(breaks=["XCH-05"], hub=True)
def the_last_that_comes_is_the_latest(parts: Parts) -> Parts:
    """A version may have any number and any time, as long as it is another one."""
    usual = succession.is_new

    def is_new(candidate: Candidate, held: Held | None, signature: Held | None) -> bool:
        if held is not None and candidate.body != held.body:
            earlier = {"seq": candidate.seq - 1, "modified": candidate.modified - 1}
            held = replace(held, **earlier)
        return usual(candidate, held, signature)

    import drs_reference.exchange.hub.store as store

    store.is_new = is_new
    return parts


@mutant(breaks=["XCH-05"], hub=True)
def what_has_ended_is_taken(parts: Parts) -> Parts:
    """A signature comes in though its validity is over."""
    usual = intake.read_signature

    def read(body: bytes) -> Any:
        found = usual(body)
        return replace(found, valid_until=datetime.max.replace(tzinfo=found.valid_until.tzinfo))

    intake.read_signature = read
    return parts


@mutant(breaks=["XCH-05"], hub=True)
def revoked_keys_still_sign(parts: Parts) -> Parts:
    """A key that its member has withdrawn signs as before."""

    def usable(self: Member, now: datetime) -> dict[str, PublicKey]:
        return {entry.key.kid: entry.key for entry in self.keys}

    Member.usable_keys = usable  # type: ignore[method-assign]
    return parts


# -- Groups (XCH-06)


@mutant(breaks=["XCH-06"], hub=True)
def outsiders_are_told_to_stay_out(parts: Parts) -> Parts:
    """A member of another group is told 403, so that it knows that the group exists."""
    usual = Membership.group

    def group(self: Membership, root: str, member: Member) -> Group | None:
        found = usual(self, root, member)
        if found is None and root in self.groups:
            raise messages.TaxiiError(403, "This group is not yours.")
        return found

    Membership.group = group  # type: ignore[method-assign]
    return parts


@mutant(breaks=["XCH-06"], hub=True)
def groups_are_read_by_everybody(parts: Parts) -> Parts:
    """Any member may read any group."""

    def group(self: Membership, root: str, member: Member) -> Group | None:
        return self.groups.get(root)

    Membership.group = group  # type: ignore[method-assign]
    return parts


@mutant(breaks=["XCH-06"], hub=True)
def markings_are_relaxed(parts: Parts) -> Parts:
    """A later version may be for more eyes than the one before."""

    def laxer(new: str, old: str) -> bool:
        return False

    succession.laxer = laxer
    return parts
