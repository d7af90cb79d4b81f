"""Trust groups stay apart (XCH-06): what is elsewhere looks like what is nowhere."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

PATHS = (
    "/",
    "/collections/",
    "/collections/{collection}/",
    "/collections/{collection}/objects/",
    "/collections/{collection}/objects/{object}/",
    "/collections/{collection}/objects/{object}/versions/",
    "/collections/{collection}/manifest/",
    "/collections/{collection}/push",
    "/status/{status}/",
    "/log/checkpoint",
    "/log/inclusion?leaf=" + "0" * 64,
    "/log/consistency?from=1",
    "/log/entries",
    "/collections/{collection}/objects/?limit=0",
    "/collections/{collection}/manifest/?next=x",
)


@pytest.fixture(scope="module")
def theirs(hub: Any, c: Any) -> dict[str, str]:
    """What C has in its group."""
    document = c.signature()
    answer = hub.post(c, document)
    assert answer.status_code == 202
    collection = c.path("").split("/")[3]
    return {"collection": collection, "object": document["id"], "status": answer.json()["id"]}


def comparable(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but its name and its time."""
    headers = {n: v for n, v in answer.headers.items() if n not in ("x-request-id", "date")}
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
def test_cross_group_read(hub: Any, a: Any, theirs: dict[str, str], path: str, method: str) -> None:
    """A asks for what C has; the answer must be the same as for what nobody has."""
    there = hub.call(a, method, "/group-2" + path.format(**theirs))
    nowhere = hub.call(a, method, "/group-9" + path.format(**theirs))
    assert comparable(there) == comparable(nowhere)
    assert there.status_code in (404, 405)
    assert theirs["object"].encode() not in there.content


@pytest.mark.parametrize("path", [p for p in PATHS if "?limit" not in p and "?next" not in p])
def test_cross_group_read_through_the_own_root(
    hub: Any, a: Any, theirs: dict[str, str], path: str
) -> None:
    """A puts identifiers of C into paths of its own group; they must be as unknown as any."""
    if "{" not in path:
        return
    made_up = {name: str(uuid.uuid4()) for name in theirs}
    made_up["object"] = f"indicator--{made_up['object']}"
    there = hub.get(a, "/group-1" + path.format(**theirs))
    nowhere = hub.get(a, "/group-1" + path.format(**made_up))
    assert comparable(there) == comparable(nowhere)
    assert there.status_code == 404
    inside = {**theirs, "collection": a.path("").split("/")[3]}
    if "{object}" in path:
        assert hub.get(a, "/group-1" + path.format(**inside)).status_code == 404


def test_cross_group_write(hub: Any, a: Any, c: Any) -> None:
    """A signs and sends to the collection of C; it must be as if there were none."""
    answer = hub.post(a, a.signature(), path=c.path())
    assert answer.status_code == 404
    nowhere = hub.post(a, a.signature(), path=c.path().replace("group-2", "group-9"))
    assert comparable(answer) == comparable(nowhere)


def test_an_id_that_another_group_holds(hub: Any, a: Any, c: Any, theirs: dict[str, str]) -> None:
    """A publishes under an id of C; a refusal would tell A that it is taken."""
    mine = a.signature(id=theirs["object"])
    hub.published(a, mine)
    assert hub.objects(a, **{"match[id]": mine["id"]}) == [mine]
    [still] = hub.objects(c, **{"match[id]": mine["id"]})
    assert still["created_by_ref"] == c.identity


def test_foreign_pagination_cursor(hub: Any, a: Any, b: Any, c: Any) -> None:
    """A cursor of another member, of another group, or changed by a bit; all must be 400."""
    hub.published(a, a.signature(), a.signature())
    hub.published(c, c.signature(), c.signature())
    mine = hub.json(a, a.path(), limit=1)["next"]
    assert hub.get(a, a.path(), params={"next": mine}).status_code == 200
    assert hub.get(b, b.path(), params={"next": mine}).status_code == 400
    theirs = hub.json(c, c.path(), limit=1)["next"]
    assert hub.get(a, a.path(), params={"next": theirs}).status_code == 400
    for place in (0, 8, len(mine) - 2):
        changed = mine[:place] + ("B" if mine[place] == "A" else "A") + mine[place + 1 :]
        assert hub.get(a, a.path(), params={"next": changed}).status_code == 400


def test_a_cursor_of_who_has_left_is_of_no_use(
    start_hub: Any, tmp_path: Any, a: Any, b: Any
) -> None:
    """The cursor gives no right: whoever sends it is authorised anew."""
    hub = start_hub(tmp_path)
    hub.published(b, b.signature(), b.signature())
    cursor = hub.json(a, a.path(), limit=1)["next"]
    hub.change_members(a.entry(token_sha256="0" * 64))
    assert hub.get(a, a.path(), params={"next": cursor}).status_code == 401
