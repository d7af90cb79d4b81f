"""What TAXII 2.1 asks of a server, endpoint by endpoint (XCH-01)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from drs_reference.exchange.message_signatures import Message, sign

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture(scope="module")
def filled(start_hub: Any, tmp_path_factory: pytest.TempPathFactory, a: Any, b: Any) -> Any:
    """A hub with five objects of seven versions, in the order of ``order``."""
    hub = start_hub(tmp_path_factory.mktemp("filled"))
    first, second, third = a.signature(), a.signature(), b.signature()
    hub.published(a, first)
    hub.published(a, second)
    hub.published(b, third, b.sighting(first))
    later = a.version(first, confidence=10)
    hub.published(a, later)
    last = a.version(later, confidence=20)
    hub.published(a, last)
    hub.published(b, b.sighting(second))
    hub.order = [first, second, third, None, later, last, None]
    return hub


def ids(answer: Any) -> list[str]:
    return [entry["id"] for entry in answer.get("objects", [])]


def test_discovery_names_the_roots_of_the_caller(hub: Any, a: Any, c: Any) -> None:
    document = hub.json(a, "/taxii2/")
    root = hub.url + "/group-1/"
    assert document == {"title": "Exchange of the tests", "default": root, "api_roots": [root]}
    assert hub.json(c, "/taxii2/")["api_roots"] == [hub.url + "/group-2/"]


def test_an_api_root(hub: Any, a: Any) -> None:
    document = hub.json(a, "/group-1/")
    assert document["title"] == "Group 1"
    assert document["versions"] == [TAXII]
    assert document["max_content_length"] > 2_200_000
    assert document["x_drs_log_key"] == hub.ready["log_keys"]["group-1"]


def test_collections(hub: Any, a: Any, c: Any) -> None:
    [collection] = hub.json(a, "/group-1/collections/")["collections"]
    assert collection == hub.json(a, a.path(""))
    assert collection["media_types"] == [STIX]
    assert (collection["can_read"], collection["can_write"]) == (True, True)
    assert "description" not in collection
    assert hub.json(c, c.path(""))["description"] == "C only."


def test_an_empty_collection_leaves_lists_out(empty_hub: Any, a: Any) -> None:
    for what in ("objects/", "manifest/"):
        answer = empty_hub.get(a, a.path(what))
        assert answer.json() == {}
        assert "x-taxii-date-added-first" not in answer.headers


def test_a_status_is_kept_for_who_asked(hub: Any, a: Any, b: Any) -> None:
    status = hub.post(a, a.signature()).json()
    assert status["status"] == "complete"
    assert MICROSECONDS.fullmatch(status["request_timestamp"])
    assert "failures" not in status
    assert hub.json(a, f"/group-1/status/{status['id']}/") == status
    assert hub.get(b, f"/group-1/status/{status['id']}/").status_code == 404


def test_the_latest_versions_are_shown(filled: Any, a: Any) -> None:
    _, second, third, _, _, last, _ = filled.order
    shown = filled.objects(a)
    assert [entry for entry in shown if entry["type"] == "indicator"] == [second, third, last]
    assert len(shown) == 5


def test_versions_can_be_matched(filled: Any, a: Any) -> None:
    first, _, _, _, later, last, _ = filled.order
    params = {"match[id]": first["id"]}

    def shown(version: str) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = filled.objects(a, **params, **{"match[version]": version})
        return objects

    assert shown("first") == [first]
    assert shown("last") == [last]
    assert shown("all") == [first, later, last]
    assert shown(later["modified"]) == [later]
    assert shown(f"first,{later['modified']}") == [first, later]
    assert shown("first,last") == [first, last]
    assert shown("2001-01-01T00:00:00Z") == []


def test_versions_of_an_object(filled: Any, a: Any) -> None:
    first, _, _, _, later, last, _ = filled.order
    answer = filled.get(a, a.path(f"objects/{first['id']}/versions/"))
    assert answer.json()["versions"] == [d["modified"] for d in (first, later, last)]
    assert MICROSECONDS.fullmatch(answer.headers["x-taxii-date-added-first"])
    assert answer.headers["x-taxii-date-added-first"] < answer.headers["x-taxii-date-added-last"]


def test_one_object(filled: Any, a: Any) -> None:
    first, _, _, _, _, last, _ = filled.order
    path = a.path(f"objects/{first['id']}/")
    assert filled.json(a, path)["objects"] == [last]
    assert filled.json(a, path, **{"match[version]": "first"})["objects"] == [first]
    assert filled.json(a, path, added_after="2099-01-01T00:00:00Z") == {}


def test_types_ids_and_spec_versions_can_be_matched(filled: Any, a: Any) -> None:
    _, second, third, *_ = filled.order
    assert len(filled.objects(a, **{"match[type]": "sighting"})) == 2
    assert len(filled.objects(a, **{"match[type]": "sighting,indicator"})) == 5
    assert filled.objects(a, **{"match[type]": "identity"}) == []
    both = f"{second['id']},{third['id']}"
    assert filled.objects(a, **{"match[id]": both}) == [second, third]
    assert filled.objects(a, **{"match[id]": both, "match[type]": "sighting"}) == []
    assert len(filled.objects(a, **{"match[spec_version]": "2.1"})) == 5
    assert filled.objects(a, **{"match[spec_version]": "2.0"}) == []


def test_a_manifest_tells_all_but_the_objects(filled: Any, a: Any) -> None:
    first, _, _, _, later, last, _ = filled.order
    records = filled.json(a, a.path("manifest/"), **{"match[version]": "all"})["objects"]
    assert len(records) == 7
    assert all(MICROSECONDS.fullmatch(record["date_added"]) for record in records)
    added = [record["date_added"] for record in records]
    assert added == sorted(set(added))
    assert {record["media_type"] for record in records} == {STIX}
    mine = [record["version"] for record in records if record["id"] == first["id"]]
    assert mine == [document["modified"] for document in (first, later, last)]


def test_polling_by_time_misses_nothing_and_repeats_nothing(filled: Any, a: Any) -> None:
    records = filled.json(a, a.path("manifest/"), **{"match[version]": "all"})["objects"]
    for number, record in enumerate(records):
        params = {"added_after": record["date_added"], "match[version]": "all"}
        after = filled.json(a, a.path("manifest/"), **params).get("objects", [])
        assert after == records[number + 1 :]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10**30])
@pytest.mark.parametrize("what", ["objects/", "manifest/"])
def test_pages_make_up_the_whole(filled: Any, a: Any, what: str, limit: int) -> None:
    params = {"match[version]": "all", "limit": limit}
    whole = filled.json(a, a.path(what), **{"match[version]": "all"})["objects"]
    collected: list[Any] = []
    answer = filled.get(a, a.path(what), params=params)
    while True:
        page = answer.json()
        assert len(page["objects"]) <= limit
        collected += page["objects"]
        assert answer.headers["x-taxii-date-added-last"]
        if not page.get("more"):
            assert "next" not in page
            break
        answer = filled.get(a, a.path(what), params={**params, "next": page["next"]})
    assert collected == whole


def test_versions_are_paged_too(filled: Any, a: Any) -> None:
    first = filled.order[0]
    path = a.path(f"objects/{first['id']}/versions/")
    whole = filled.json(a, path)["versions"]
    page = filled.json(a, path, limit=2)
    rest = filled.json(a, path, limit=2, next=page["next"])
    assert (page["more"], page["versions"] + rest["versions"]) == (True, whole)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "limit=",
        "limit=1&limit=2",
        "limit=%D9%A1",
        "added_after=yesterday",
        "added_after=2026-13-01T00:00:00Z",
        "added_after=2026-01-01T00:00:00",
        "added_after=2026-01-01T00:00:00%2B01:00",
        "added_after=",
        "added_after=2026-01-01T00:00:60Z",
        "match[version]=latest",
        "match[version]=",
        "match[id]=",
        "match[type]=indicator,,sighting",
        "match[nothing]=1",
        "match[]=1",
        "next=x",
        "next=",
        "next=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
@pytest.mark.parametrize("what", ["objects/", "manifest/"])
def test_a_malformed_query_is_400(hub: Any, a: Any, what: str, query: str) -> None:
    answer = hub.get(a, f"{a.path(what)}?{query}")
    assert answer.status_code == 400, answer.text
    document = answer.json()
    assert document["title"] == "Bad Request"
    assert document["http_status"] == "400"
    assert answer.headers["content-type"] == TAXII


def test_a_filter_that_an_endpoint_has_not_is_400(filled: Any, a: Any) -> None:
    path = a.path(f"objects/{filled.order[0]['id']}/")
    assert filled.get(a, path, params={"match[type]": "x"}).status_code == 400
    assert filled.get(a, path + "versions/", params={"match[version]": "1"}).status_code == 400


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (TAXII, 200),
        ("application/taxii+json", 200),
        ('application/taxii+json; version="2.1"', 200),
        ("APPLICATION/TAXII+JSON;VERSION=2.1", 200),
        ("text/html, application/taxii+json;version=2.1;q=0.1", 200),
        ("*/*", 200),
        ("application/*;q=0.5", 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/taxii+json;q=0", 406),
        ("application/json", 406),
        ("text/html", 406),
        ("nonsense", 406),
    ],
)
def test_accept(hub: Any, a: Any, accept: str, status: int) -> None:
    for path in ("/taxii2/", "/group-1/", "/group-1/collections/", a.path(""), a.path()):
        answer = hub.get(a, path, headers={"Accept": accept})
        assert answer.status_code == status
        assert answer.headers["content-type"] == TAXII


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/taxii+json", 401),
        ("application/taxii+json;version=2.0", 415),
        ("application/json", 415),
        (STIX, 415),
        ("", 415),
    ],
)
def test_content_type(hub: Any, a: Any, content_type: str, status: int) -> None:
    """401 where the type is taken: what was signed names another."""
    answer = hub.send(a, b"{}", headers={"Content-Type": content_type})
    assert answer.status_code == status


def test_a_content_type_without_version_is_taken(hub: Any, a: Any) -> None:
    kind = "application/taxii+json"
    content = json.dumps({"objects": [a.signature()]}).encode()
    message = Message("POST", hub.url + a.path(), kind, content)
    headers = {"Content-Type": kind, **sign(message, a.signer, datetime.now(UTC)).headers()}
    assert hub.send(a, content, headers=headers).status_code == 202


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_nothing_is_ever_removed_or_replaced(hub: Any, a: Any, method: str) -> None:
    document = a.signature()
    hub.published(a, document)
    for path in (a.path(), a.path(f"objects/{document['id']}/"), "/group-1/", "/taxii2/"):
        answer = hub.call(a, method, path)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
        assert answer.json()["http_status"] == "405"
    assert hub.objects(a, **{"match[id]": document["id"]}) == [document]


def test_only_objects_are_posted(hub: Any, a: Any) -> None:
    for path in ("/taxii2/", "/group-1/", "/group-1/collections/", a.path(""), a.path("manifest/")):
        assert hub.call(a, "POST", path, content=b"{}").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/taxii2",
        "/group-1",
        "/group-1/collections",
        "/group-1/collections/nothing/",
        "/group-1/status/nothing/",
        "/nothing/",
        "/group-1/nothing/",
    ],
)
def test_what_is_not_there_is_404(hub: Any, a: Any, path: str) -> None:
    answer = hub.get(a, path)
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"


def test_head_is_answered(hub: Any, a: Any) -> None:
    for path in ("/taxii2/", a.path(), a.path("push")):
        assert hub.call(a, "HEAD", path).status_code == 200
