"""Checks of the chapter Exchange (XCH) that a hub has to pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from drs_conformance.checks.hub import STIX, TAXII, Hub, envelope, same
from drs_conformance.checks.hub_objects import (
    AMBER,
    CLEAR,
    EXTENSION,
    Document,
    stamp,
    version,
)
from drs_conformance.checks.hub_queries import Query, expected, queries
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable, expect, requirement
from drs_conformance.checks.transparency_log import (
    LogFault,
    expect_consistent,
    expect_included,
    leaf,
)
from drs_conformance.ledger import Exchange
from drs_conformance.specification.canonical import canonical_json
from drs_conformance.specification.formats import moment
from drs_conformance.verdicts import Violation

_ADDED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)
_NOWHERE = "indicator--00000000-0000-4000-8000-000000000000"
_TAMPERED: tuple[dict[str, Any], ...] = (
    {"name": "Another name"},
    {"description": "Something else than its author wrote."},
    {"pattern": "win.accounts >= 1"},
    {"confidence": 99},
    {"labels": ["trusted"]},
    {"object_marking_refs": [CLEAR]},
    {"indicator_types": ["malicious-activity"], "pattern_version": "0.2"},
    {"max_action": "block"},
    {"window_s": 60},
    {"attack_class": "coverage"},
    {"scope": "account-window"},
    {"revoked": True, "revocation_reason": "error"},
)
"""One or two members that somebody may have changed on the way; the form stays that of a
signature."""


@requirement("XCH-01")
def test_hubs_answer_as_taxii_says(lab: Lab) -> None:
    """Resources, errors and content negotiation, and drawn queries over what was published."""
    hub = Hub(lab)
    _expect_resources(hub)
    first = [hub.made() for _ in range(4)]
    posted = hub.publish(first)
    _expect_status(hub, posted.status, len(first), posted.answer)
    later = [_successor(hub, one) for one in first[:2]]
    hub.publish(later)
    again = hub.publish(later[:1])
    held, answer = hub.held(later[0]["id"])
    expect(
        len(held) == 2,
        f"a version that was sent twice makes {len(held)} versions, expected 2",
        again.answer,
        answer,
    )
    published = [*first, *later]
    added = _expect_manifest(hub, published)
    count = 12 if lab.profile.name == "smoke" else 40
    for query in lab.draw(queries([one["id"] for one in first], added), count):
        _expect_answer(hub, query, published, added)
    _expect_one_object(hub, published)
    _expect_errors(hub)
    lab.trials = count


def _expect_resources(hub: Hub) -> None:
    lab = hub.lab
    answer = hub.get("/taxii2/")
    discovery = hub.document(answer)
    expect(
        answer.header("content-type") is not None and _is_taxii(answer),
        f"discovery has the media type {answer.header('content-type')}, expected {TAXII}",
        answer,
    )
    roots = [urlsplit(str(root)).path.rstrip("/") for root in discovery.get("api_roots", ())]
    expect(isinstance(discovery.get("title"), str), "discovery has no title", answer)
    expect(hub.root in roots, f"discovery does not list the API root {hub.root}/", answer)
    answer = hub.get(f"{hub.root}/")
    about = hub.document(answer)
    limit = about.get("max_content_length")
    expect(
        isinstance(about.get("title"), str)
        and TAXII in about.get("versions", ())
        and isinstance(limit, int)
        and limit > 0,
        f"the API root lacks its title, the version {TAXII}, or max_content_length",
        answer,
    )
    answer = hub.get(f"{hub.root}/collections/")
    listed = {one.get("id"): one for one in hub.listed(answer, "collections")}
    expect(lab.target.model in listed, "the list of collections lacks this one", answer)
    answer = hub.get(f"{hub.root}/collections/{lab.target.model}/")
    one = hub.document(answer)
    expect(
        same(one, listed[lab.target.model])
        and one.get("can_read") is True
        and one.get("can_write") is True
        and isinstance(one.get("title"), str),
        "the collection is not what the list of collections says, or has no title, or a member "
        "may not read and write it",
        answer,
    )


def _expect_status(hub: Hub, status: Mapping[str, Any], sent: int, answer: Exchange) -> None:
    counts = [status.get(f"{name}_count") for name in ("total", "success", "failure", "pending")]
    expect(
        counts == [sent, sent, 0, 0] and isinstance(status.get("id"), str),
        f"the status of {sent} objects that were taken counts {counts} (total, success, failure, "
        "pending)",
        answer,
    )
    read = hub.get(f"{hub.root}/status/{status['id']}/")
    expect(same(hub.document(read), status), "the status reads otherwise than it was given", read)


def _expect_manifest(hub: Hub, published: Sequence[Document]) -> list[str]:
    """Return when each object was added, as the manifest says."""
    names = ",".join(sorted({one["id"] for one in published}))
    answer = hub.get(hub.manifest, query={"match[id]": names, "match[version]": "all"})
    records = hub.listed(answer)
    shown = [(record.get("id"), _instant(record.get("version"))) for record in records]
    wanted = [(one["id"], _instant(one["modified"])) for one in published]
    expect(shown == wanted, "the manifest is not what was published, in its order", answer)
    added = [str(record.get("date_added")) for record in records]
    expect(
        all(map(_ADDED.fullmatch, added)) and added == sorted(added),
        "date_added is not a time to the microsecond, or goes back",
        answer,
    )
    expect(
        all(record.get("media_type") == STIX for record in records),
        f"a record of the manifest has another media type than {STIX}",
        answer,
    )
    return added


def _expect_answer(
    hub: Hub, query: Query, published: Sequence[Document], added: Sequence[str]
) -> None:
    """Read all pages of a query and hold them against what was published."""
    wanted = expected(query, published, added)
    found: list[Document] = []
    times: list[str] = []
    for answer, page, shown in hub.pages(query.parameters(), len(published) + 1):
        expect(
            query.limit is None or len(page) <= query.limit,
            f"a page has {len(page)} objects, asked for were at most {query.limit}",
            answer,
        )
        if page:
            edges = [answer.header(f"x-taxii-date-added-{edge}") for edge in ("first", "last")]
            expect(
                all(edge is not None and _ADDED.fullmatch(edge) for edge in edges),
                "a page has no X-TAXII-Date-Added-First and -Last to the microsecond",
                answer,
            )
            times += [str(edge) for edge in edges]
        found += page
        if shown.get("more"):
            expect(bool(page), "an empty page says that there is more", answer)
            expect(isinstance(shown.get("next"), str), "more is true without next", answer)
    expect(times == sorted(times), "the times of the pages go back", answer)
    expect(
        [canonical_json(one) for one in found] == [canonical_json(one) for one in wanted],
        f"{query} shows {len(found)} objects that are not the {len(wanted)} expected",
        answer,
        cause=f"expected {_names(wanted)}; got {_names(found)}",
    )


def _expect_one_object(hub: Hub, published: Sequence[Document]) -> None:
    name = published[0]["id"]
    both = [one for one in published if one["id"] == name]
    answer = hub.get(f"{hub.objects}{name}/")
    expect(
        [canonical_json(one) for one in hub.listed(answer)] == [canonical_json(both[-1])],
        "an object by its identifier is not its latest version",
        answer,
    )
    answer = hub.get(f"{hub.objects}{name}/versions/")
    expect(
        [_instant(each) for each in hub.listed(answer, "versions")]
        == [_instant(one["modified"]) for one in both],
        "the versions of an object are not those that were published",
        answer,
    )


def _expect_errors(hub: Hub) -> None:
    """What is wrong is told by the status that TAXII names, in its error message."""
    elsewhere = f"{hub.root}/collections/00000000-0000-4000-8000-000000000000/objects/"
    for path, query, accept, status in (
        (hub.objects, {"added_after": "yesterday"}, TAXII, 400),
        (hub.objects, {"limit": "few"}, TAXII, 400),
        (hub.objects, None, "text/html", 406),
        (f"{hub.objects}{_NOWHERE}/", None, TAXII, 404),
        (elsewhere, None, TAXII, 404),
        (f"{hub.root}/status/00000000-0000-4000-8000-000000000000/", None, TAXII, 404),
    ):
        answer = hub.get(path, query=query, accept=accept)
        _expect_error(hub, answer, status)
    without = hub.get("/taxii2/", persona=None)
    expect(
        without.status == 401,
        f"discovery without a token was answered {without.status}, expected 401",
        without,
    )
    answer = hub.get("/taxii2/", accept="application/taxii+json")
    expect(
        answer.status == 200,
        f"the media type without a version was answered {answer.status}, expected 200",
        answer,
    )
    _expect_error(hub, hub.post([hub.made()], content_type="text/plain"), 415)
    body = b'{"objects": ['
    answer = hub.post(body)
    expect(
        answer.status in (400, 422),
        f"a body that is not JSON was answered {answer.status}, expected 400 or 422",
        answer,
    )


def _expect_error(hub: Hub, answer: Exchange, status: int) -> None:
    message = hub.document(answer, status)
    expect(
        isinstance(message.get("title"), str) and _is_taxii(answer),
        "an error has no title, or not the media type of TAXII",
        answer,
    )


@requirement("XCH-02")
def test_members_speak_for_themselves_only(lab: Lab) -> None:
    """Nothing comes in unsigned, by another key, changed on the way, or for another author."""
    hub = Hub(lab)
    peer = hub.member("peer")
    foreign = hub.made("peer")
    hub.publish([foreign], "peer")
    tries: list[tuple[str, Document, Callable[[Document], Exchange]]] = []

    def attempt(what: str, document: Document, send: Callable[[Document], Exchange]) -> None:
        tries.append((what, document, send))

    def plainly(document: Document) -> Exchange:
        return hub.post([document])

    attempt("an unsigned request", hub.made(), lambda one: hub.post([one], headers=()))
    attempt(
        "a request signed by the key of another member",
        hub.made(),
        lambda one: hub.post([one], headers=hub.signed(envelope([one]), "peer")),
    )
    attempt(
        "a request whose signature names a key that did not make it",
        hub.made(),
        lambda one: hub.post(
            [one],
            headers=hub.signed(
                envelope([one]), kid=peer["kid"], named=hub.member("control")["kid"]
            ),
        ),
    )
    attempt(
        "a request whose content is not what was signed",
        hub.made(),
        lambda one: hub.post([one], headers=hub.signed(envelope([hub.made()]))),
    )
    attempt("an object for another author", hub.prove(hub.draft("peer")), plainly)
    attempt("an object of another member, sent on", hub.made("peer"), plainly)
    mine = version(foreign, created_by_ref=hub.member("control")["identity"])
    taken_over = _successor(hub, mine)
    attempt("a later version of another member's object", taken_over, plainly)
    bare = hub.draft()
    attempt("an object without a proof", bare, plainly)
    attempt("a proof by the key of another member", hub.prove(hub.draft(), "peer"), plainly)
    other_type = "application/vnd.drs.sighting+json"
    attempt(
        "a proof of another payload type",
        hub.prove(hub.draft(), payload_type=other_type),
        plainly,
    )
    attempt("two meanings in one body", hub.made(), lambda one: hub.post(_ambiguous(one)))
    changes = lab.draw(st.permutations(_TAMPERED), 1)[0]
    for change in changes[: 4 if lab.profile.name == "smoke" else None]:
        shown = " and ".join(change)
        attempt(f"an object with another {shown}", version(hub.made(), **change), plainly)
    for what, document, send in tries:
        _expect_refused(hub, what, document, send(document))
    _expect_nonces_once(hub)
    lab.trials = len(tries) + 1


def _ambiguous(document: Document) -> bytes:
    """Return a body in which a member stands twice."""
    content = envelope([document])
    return content.replace(b'"name":', b'"name":"One that others read","name":', 1)


def _expect_nonces_once(hub: Hub) -> None:
    """Who has seen a signed request can send it again, but not have it taken once more."""
    content = envelope([hub.made()])
    headers = hub.signed(content)
    first = hub.post(content, headers=headers)
    expect(hub.outcome(first) is not None, f"a signed request was answered {first.status}", first)
    again = hub.post(content, headers=headers)
    expect(
        hub.outcome(again) is None,
        "a request was taken a second time with the signature and nonce of the first",
        first,
        again,
    )


def _expect_refused(hub: Hub, what: str, document: Document, answer: Exchange) -> None:
    """Expect that a hub says no to a version, and does not show it."""
    name = document["id"]
    posted = hub.outcome(answer)
    expect(
        posted is None or name not in posted.taken,
        f"{what} was taken",
        answer,
    )
    held, shown = hub.held(name)
    expect(
        not any(same(one, document) for one in held),
        f"{what} was refused and is shown to members",
        answer,
        shown,
    )


@requirement("XCH-03")
def test_the_log_has_what_was_taken(lab: Lab) -> None:
    """Inclusion of each object, and one history for all members, by proofs alone."""
    hub = Hub(lab)
    evidence: list[Exchange] = []
    hub.publish([hub.made()])
    before, begun = hub.checkpoint()
    evidence.append(begun)
    sizes = lab.draw(st.lists(st.integers(1, 6), min_size=2, max_size=3), 1)[0]
    for size in sizes:
        objects = [hub.made() for _ in range(size)]
        objects.append(_successor(hub, objects[0]))
        hub.publish(objects)
        for persona in ("control", "peer"):
            hub.member(persona)
            after, answer = hub.checkpoint(persona)
            evidence.append(answer)
            _, proof, shown = hub.proof(
                "consistency", persona, **{"from": before.size, "to": after.size}
            )
            _holds(partial(expect_consistent, before, after, proof), answer, shown)
            for document in objects:
                entry = leaf(canonical_json(document))
                found, proof, shown = hub.proof(
                    "inclusion", persona, leaf=entry.hex(), size=after.size
                )
                index = found.get("index")
                if not isinstance(index, int):
                    raise Violation("a proof of inclusion names no index", shown)
                _holds(partial(expect_included, entry, index, proof, after), answer, shown)
                evidence.append(shown)
            before = after
    lab.tried(evidence)


def _holds(prove: Callable[[], None], *shown: Exchange) -> None:
    try:
        prove()
    except LogFault as fault:
        raise Violation(f"the log does not prove what it says: {fault}", *shown) from fault


@requirement("XCH-04")
def test_what_was_acknowledged_stays(lab: Lab) -> None:
    """Every version that was acknowledged is there at once, and after everything that followed."""
    hub = Hub(lab)
    largest = 12 if lab.profile.name == "smoke" else 30
    sizes = [1, *lab.draw(st.lists(st.integers(1, largest), min_size=3, max_size=5), 1)[0], largest]
    acknowledged: list[Document] = []
    latest: list[Document] = []
    for size in sizes:
        objects = [hub.made() for _ in range(size)]
        if latest:
            objects.append(_successor(hub, latest[0], revoked=True, revocation_reason="error"))
            objects.append(_successor(hub, latest[-1]) if len(latest) > 1 else hub.made())
        posted = hub.publish(objects)
        _expect_shown(hub, objects, posted.answer)
        acknowledged += objects
        latest = objects[:size]
    for begin in range(0, len(acknowledged), 20):
        _expect_shown(hub, acknowledged[begin : begin + 20])
    lab.trials = len(acknowledged)


def _expect_shown(hub: Hub, objects: Sequence[Document], *evidence: Exchange) -> None:
    names = ",".join(sorted({one["id"] for one in objects}))
    query = {"match[id]": names, "match[version]": "all"}
    pages = list(hub.pages(query, 2 * len(objects) + 2))
    answer = pages[-1][0]
    shown = {canonical_json(one) for _, page, _ in pages for one in page}
    lost = [one for one in objects if canonical_json(one) not in shown]
    expect(
        not lost,
        f"{len(lost)} of {len(objects)} versions that were acknowledged are not there",
        *evidence,
        answer,
        cause=f"missing: {_names(lost)}",
    )


@requirement("XCH-05")
def test_what_is_old_is_refused(lab: Lab) -> None:
    """Versions that go back, validity that has ended, and proofs by a revoked key."""
    hub = Hub(lab)
    tried = 0
    for seq, minutes, what in (
        (2, 1.5, "a version with a lower number than the one held"),
        (3, 1.5, "another version with the number of the one held"),
        (4, 0, "a version that was made before the one held"),
    ):
        first = hub.draft()
        held = hub.prove(version(first, seq=3, modified=_moved(first, minutes=0.5)))
        hub.publish([held])
        modified = _moved(first, minutes=minutes)
        stale = hub.prove(version(held, seq=seq, modified=modified, confidence=10))
        _expect_refused(hub, what, stale, hub.post([stale]))
        tried += 1
    now = lab.now()
    ended = hub.draft(now=now - timedelta(days=3))
    ended = hub.prove(version(ended, valid_until=stamp(now - timedelta(hours=1))))
    _expect_refused(hub, "an object whose validity has ended", ended, hub.post([ended]))
    kid = hub.revoked_kid()
    revoked = hub.prove(hub.draft(), kid=kid)
    _expect_refused(hub, "a proof by a revoked key", revoked, hub.post([revoked]))
    late = hub.made()
    content = envelope([late])
    answer = hub.post(content, headers=hub.signed(content, kid=kid))
    _expect_refused(hub, "a request signed by a revoked key", late, answer)
    lab.trials = tried + 3


@requirement("XCH-06")
def test_groups_learn_nothing_of_each_other(lab: Lab) -> None:
    """Another group's member sees what it sees where nothing is; no version relaxes its marking."""
    hub = Hub(lab)
    hub.member("outsider")
    document = hub.made()
    posted = hub.publish([document])
    answer = hub.get("/taxii2/", "outsider")
    if answer.status != 200:
        raise Untestable(f"discovery was answered {answer.status} to the outsider", answer)
    roots = [urlsplit(str(r)).path.rstrip("/") for r in hub.document(answer).get("api_roots", ())]
    expect(hub.root not in roots, "discovery tells an outsider of the group", answer)
    collection = f"{hub.root}/collections/{lab.target.model}"
    paths = [
        f"{hub.root}/",
        f"{hub.root}/collections/",
        f"{collection}/",
        hub.objects,
        hub.manifest,
        f"{hub.objects}{document['id']}/",
        f"{hub.objects}{document['id']}/versions/",
        f"{hub.root}/status/{posted.status['id']}/",
        f"{hub.root}/log/checkpoint",
        f"{hub.root}/log/entries",
        f"{hub.root}/log/inclusion?leaf={leaf(canonical_json(document)).hex()}",
    ]
    nowhere = "/group-that-is-nowhere"
    for path in paths:
        here = hub.get(path, "outsider")
        there = hub.get(path.replace(hub.root, nowhere, 1), "outsider")
        expect(
            not 200 <= (here.status or 0) < 300,
            f"GET {path} was answered {here.status} to a member of another group",
            here,
        )
        told = (here.status, _shape(here, hub.root), here.media_type)
        expect(
            told == (there.status, _shape(there, nowhere), there.media_type),
            f"GET {path} tells an outsider that there is such a group",
            here,
            there,
            cause=f"answered {here.status}, and {there.status} where there is none",
        )
    stricter = hub.prove(version(hub.draft(), object_marking_refs=[AMBER]))
    hub.publish([stricter])
    relaxed = _successor(hub, stricter, object_marking_refs=[CLEAR])
    _expect_refused(hub, "a version with a laxer marking", relaxed, hub.post([relaxed]))
    lab.trials = len(paths) + 1


def _successor(hub: Hub, document: Document, **changes: Any) -> Document:
    """Return the next version of a signature, with a proof by `control`."""
    seq = document["extensions"][EXTENSION]["seq"] + 1
    return hub.prove(version(document, seq=seq, modified=_moved(document, minutes=1), **changes))


def _moved(document: Document, *, minutes: float) -> str:
    return stamp(moment(document["modified"]) + timedelta(minutes=minutes))


def _instant(text: object) -> object:
    """Return the time that a text is; whatever else it is as it came."""
    try:
        return moment(str(text))
    except ValueError:
        return text


def _is_taxii(answer: Exchange) -> bool:
    kind = (answer.header("content-type") or "").replace(" ", "").lower()
    return kind in (TAXII, TAXII.replace("2.1", '"2.1"'))


def _shape(answer: Exchange, root: str) -> str:
    return answer.text().replace(root, "")


def _names(objects: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{one.get('id')} of {one.get('modified')}" for one in objects) or "none"
