"""Clients and validators of others read the hub: taxii2-client and stix2-validator."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from drs_reference.exchange.message_signatures import Message, sign
from requests.auth import AuthBase
from taxii2client.exceptions import TAXIIServiceException
from taxii2client.v21 import Server, as_pages

VALIDATOR = Path(__file__).parents[4] / ".servers" / "venv" / "bin" / "stix2_validator"


class SignedRequests(AuthBase):
    """What a client of TAXII has to be given so that it can write: the signature of the request."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.lab.token}"
        if request.method == "POST":
            content = request.body.encode() if isinstance(request.body, str) else request.body
            kind = request.headers["Content-Type"]
            message = Message("POST", str(request.url), kind, content or b"")
            request.headers.update(sign(message, self.lab.signer, datetime.now(UTC)).headers())
        return request


@pytest.fixture
def server(empty_hub: Any, a: Any) -> Any:
    """The hub as A sees it, an empty one."""
    with Server(empty_hub.ready["discovery"], auth=SignedRequests(a)) as found:
        yield found


def test_discovery_roots_and_collections(server: Any, a: Any) -> None:
    assert server.title == "Exchange of the tests"
    [root] = server.api_roots
    assert root.url == server.default.url
    assert (root.title, root.max_content_length) == ("Group 1", 4 << 20)
    [collection] = root.collections
    assert collection.id in a.path()
    assert (collection.can_read, collection.can_write) == (True, True)


def test_publishing_and_reading(server: Any, a: Any, b: Any) -> None:
    [collection] = server.api_roots[0].collections
    good = [a.signature() for _ in range(5)]
    status = collection.add_objects({"objects": [*good, b.signature()]})
    assert (status.status, status.success_count, status.failure_count) == ("complete", 5, 1)
    assert "created_by_ref" in status.failures[0]["message"]
    again = server.api_roots[0].get_status(status.id)
    assert again.successes == status.successes
    assert collection.get_objects()["objects"] == good
    assert collection.get_object(good[0]["id"])["objects"] == [good[0]]
    newer = a.version(good[0], confidence=10)
    assert collection.add_objects({"objects": [newer]}).success_count == 1
    versions = collection.object_versions(good[0]["id"])["versions"]
    assert versions == [good[0]["modified"], newer["modified"]]
    manifest = collection.get_manifest()["objects"]
    assert [record["id"] for record in manifest] == [d["id"] for d in (*good[1:], newer)]
    after = collection.get_objects(added_after=manifest[-2]["date_added"])
    assert after["objects"] == [newer]
    assert collection.get_objects(id=good[2]["id"])["objects"] == [good[2]]
    assert collection.get_objects(type="sighting") == {}


def test_pages(server: Any, a: Any, empty_hub: Any) -> None:
    documents = [a.signature() for _ in range(7)]
    empty_hub.published(a, *documents)
    [collection] = server.api_roots[0].collections
    pages = list(as_pages(collection.get_objects, per_request=3))
    assert [len(page["objects"]) for page in pages] == [3, 3, 1]
    assert [document for page in pages for document in page["objects"]] == documents


def test_errors_are_told_as_the_client_knows_them(server: Any, a: Any) -> None:
    [collection] = server.api_roots[0].collections
    with pytest.raises((requests.HTTPError, TAXIIServiceException), match="404"):
        collection.get_object("indicator--00000000-0000-4000-8000-000000000000")


def test_what_is_served_is_valid_stix(hub: Any, a: Any, b: Any, tmp_path: Path) -> None:
    """The validator of OASIS finds no error in a signature, its revocation and a sighting."""
    if not VALIDATOR.exists():
        assert not os.environ.get("CI"), "CI needs what `make servers` installs"
        pytest.skip("stix2-validator is not installed (`make servers`)")
    document = a.signature()
    hub.published(a, document)
    sighting = b.sighting(document)
    hub.published(b, sighting)
    hub.published(a, a.revocation(document))
    params = {"match[id]": f"{document['id']},{sighting['id']}", "match[version]": "all"}
    served = hub.objects(b, **params)
    assert len(served) == 3
    for number, one in enumerate(served):
        (tmp_path / f"{number}.json").write_text(json.dumps(one), "utf-8")
    command = (VALIDATOR, "--version", "2.1", *sorted(tmp_path.glob("*.json")))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
