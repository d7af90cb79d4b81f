"""Real hubs in processes of their own, members with their keys, and objects to publish."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from drs_reference.exchange.message_signatures import Message, sign
from drs_reference.exchange.proofs import EXTENSIONS, SIGHTING_TYPE, SIGNATURE_TYPE, proven
from drs_reference.signing import Signer

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "schemas" / "0.1" / "examples" / "valid"
TAXII = "application/taxii+json;version=2.1"
SIGNATURES = "3f2c4b16-0a5d-4c1e-9b7a-5d8e6f708192"
OTHERS = "91b7f0aa-5c3d-4e2f-8a1b-2c3d4e5f6071"
LISTS = ("features", "fingerprints", "selectors", "networks")
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
AMBER_STRICT = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ago(**duration: float) -> str:
    return stamp(datetime.now(UTC) - timedelta(**duration))


def ahead(**duration: float) -> str:
    return stamp(datetime.now(UTC) + timedelta(**duration))


@dataclass(frozen=True)
class Lab:
    """A member of the exchange, with one key for its objects and its requests."""

    name: str
    signer: Signer
    identity: str
    token: str

    @classmethod
    def named(cls, name: str) -> Lab:
        seed = hashlib.sha256(name.encode()).digest()
        identity = str(uuid.UUID(bytes=seed[:16], version=4))
        return cls(name, Signer(seed), f"identity--{identity}", f"token-{seed.hex()}")

    @property
    def root(self) -> str:
        return "/group-2" if self.name == "c" else "/group-1"

    def path(self, what: str = "objects/") -> str:
        """A path in the collection of its group."""
        collection = OTHERS if self.name == "c" else SIGNATURES
        return f"{self.root}/collections/{collection}/{what}"

    def entry(self, **changes: Any) -> dict[str, Any]:
        """Its entry among the members; ``changes`` that begin with ``key_`` are its key's."""
        of_key = {n.removeprefix("key_"): v for n, v in changes.items() if n.startswith("key_")}
        key = {**self.signer.key_entry(), "valid_from": ago(days=30), **of_key}
        return {
            "id": self.identity,
            "title": self.name,
            "token_sha256": hashlib.sha256(self.token.encode()).hexdigest(),
            "keys": [key],
            **{n: v for n, v in changes.items() if not n.startswith("key_")},
        }

    def proven(self, document: dict[str, Any]) -> dict[str, Any]:
        kind = SIGHTING_TYPE if document["type"] == "sighting" else SIGNATURE_TYPE
        return proven(document, kind, self.signer)

    def signature(self, **changes: Any) -> dict[str, Any]:
        """A signature of its own, valid from now on, under a new id."""
        document = json.loads((EXAMPLES / "signature" / "template.json").read_text("utf-8"))
        document |= {
            "id": f"indicator--{uuid.uuid4()}",
            "created_by_ref": self.identity,
            "created": ago(hours=1),
            "modified": ago(hours=1),
            "valid_from": ago(hours=1),
            "valid_until": ahead(days=20),
        }
        return self.version(document, **{"seq": 1, "retention_until": ahead(days=60), **changes})

    def version(self, old: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A later version; changes to what the extension has go there."""
        document = copy.deepcopy(old)
        kind = SIGHTING_TYPE if document["type"] == "sighting" else SIGNATURE_TYPE
        extension = document["extensions"][EXTENSIONS[kind]]
        within = set(extension) | {"revocation_reason", "seq", *LISTS}
        if "seq" not in changes:
            changes["seq"] = extension["seq"] + 1
            changes.setdefault("modified", stamp(datetime.now(UTC)))
        extension |= {n: v for n, v in changes.items() if n in within}
        document |= {n: v for n, v in changes.items() if n not in within}
        return self.proven(document)

    def revocation(self, old: dict[str, Any]) -> dict[str, Any]:
        return self.version(old, revoked=True, revocation_reason="error")

    def sighting(self, signature: dict[str, Any], **changes: Any) -> dict[str, Any]:
        document = json.loads((EXAMPLES / "sighting" / "confirmed.json").read_text("utf-8"))
        document |= {
            "id": f"sighting--{uuid.uuid4()}",
            "created_by_ref": self.identity,
            "created": ago(minutes=5),
            "modified": ago(minutes=5),
            "first_seen": ago(minutes=30),
            "last_seen": ago(minutes=10),
            "sighting_of_ref": signature["id"],
            "object_marking_refs": signature["object_marking_refs"],
        }
        return self.version(document, seq=1, signature_seq=1, **changes)


A, B, C = Lab.named("a"), Lab.named("b"), Lab.named("c")


def membership(*entries: dict[str, Any]) -> dict[str, Any]:
    """A and B in one group, C in another; ``entries`` replace those of the same member."""
    members = {entry["id"]: entry for entry in (A.entry(), B.entry(), C.entry(), *entries)}
    return {
        "name": "hub.example",
        "title": "Exchange of the tests",
        "members": list(members.values()),
        "groups": [
            {
                "root": "group-1",
                "title": "Group 1",
                "description": "A and B.",
                "members": [A.identity, B.identity],
                "collections": [{"id": SIGNATURES, "title": "Signatures and sightings"}],
            },
            {
                "root": "group-2",
                "title": "Group 2",
                "members": [C.identity],
                "collections": [{"id": OTHERS, "title": "Of others", "description": "C only."}],
            },
        ],
    }


@dataclass
class Hub:
    """A running ``drs-reference hub``."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    folder: Path
    order: list[Any] = field(default_factory=list)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20, trust_env=False))

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def log(self) -> str:
        return (self.folder / "hub.log").read_text("utf-8")

    def get(self, lab: Lab, path: str, **options: Any) -> httpx.Response:
        return self.call(lab, "GET", path, **options)

    def call(self, lab: Lab | None, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Accept": TAXII, **options.pop("headers", {})}
        if lab is not None:
            headers = {"Authorization": f"Bearer {lab.token}", **headers}
        return self.client.request(method, self.url + path, headers=headers, **options)

    def json(self, lab: Lab, path: str, **params: Any) -> Any:
        answer = self.get(lab, path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def objects(self, lab: Lab, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json(lab, lab.path(), **params).get("objects", [])
        return found

    def post(self, lab: Lab, *objects: dict[str, Any], **options: Any) -> httpx.Response:
        """A signed request with an envelope; see ``send``."""
        return self.send(lab, json.dumps({"objects": objects}).encode(), **options)

    def send(
        self,
        lab: Lab,
        content: bytes,
        *,
        path: str | None = None,
        signer: Signer | None = None,
        created: datetime | None = None,
        nonce: str | None = None,
        headers: dict[str, str] | None = None,
        unsigned: bool = False,
    ) -> httpx.Response:
        """A request with content as it is, signed by the lab unless another is to sign."""
        path = path or lab.path()
        message = Message("POST", self.url + path, TAXII, content)
        fields = sign(message, signer or lab.signer, created or datetime.now(UTC), nonce)
        signed = {} if unsigned else fields.headers()
        sent = {"Content-Type": TAXII, **signed, **(headers or {})}
        return self.call(lab, "POST", path, content=content, headers=sent)

    def published(self, lab: Lab, *objects: dict[str, Any]) -> None:
        answer = self.post(lab, *objects)
        assert answer.status_code == 202, answer.text
        assert answer.json()["success_count"] == len(objects), answer.text

    def refusal(self, lab: Lab, document: dict[str, Any]) -> str:
        """Why an object was not taken."""
        answer = self.post(lab, document)
        assert answer.status_code == 202, answer.text
        status = answer.json()
        assert (status["success_count"], status["failure_count"]) == (0, 1), status
        assert status["failures"][0]["id"] == document["id"]
        return str(status["failures"][0]["message"])

    def change_members(self, *entries: dict[str, Any]) -> None:
        """As an operator does; the hub has seen it when this returns."""
        write_members(self.folder, membership(*entries))
        time.sleep(1.1)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def write_members(folder: Path, document: dict[str, Any]) -> None:
    """In one step, as an operator should."""
    (folder / "members.new").write_text(json.dumps(document), "utf-8")
    (folder / "members.new").replace(folder / "members.json")


StartHub = Callable[..., Hub]


@pytest.fixture(scope="session")
def start_hub() -> Iterator[StartHub]:
    """Starts hubs: ``start_hub(folder, *options, members=entries)``; all are stopped at the end."""
    running: list[Hub] = []

    def started(folder: Path, *options: str, members: Sequence[Any] = ()) -> Hub:
        write_members(folder, membership(*members))
        places = ("--members", f"{folder}/members.json")
        places += ("--storage", f"sqlite:///{folder}/hub.sqlite")
        with (folder / "hub.log").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                (sys.executable, "-m", "drs_reference", "hub", *places, *options),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT / "reference_impl")},
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "hub.log").read_text("utf-8")
        running.append(Hub(process, json.loads(line), folder))
        return running[-1]

    yield started
    for hub in running:
        hub.client.close()
        hub.kill()
        if hub.process.stdout is not None:
            hub.process.stdout.close()


@pytest.fixture(scope="session")
def hub(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """One hub for all tests that can bear what others have published."""
    return start_hub(tmp_path_factory.mktemp("hub"))


@pytest.fixture
def empty_hub(start_hub: StartHub, tmp_path: Path) -> Hub:
    """A hub for one test."""
    return start_hub(tmp_path)


@pytest.fixture(scope="session")
def a() -> Lab:
    """A member of group-1."""
    return A


@pytest.fixture(scope="session")
def b() -> Lab:
    """Another member of group-1."""
    return B


@pytest.fixture(scope="session")
def c() -> Lab:
    """The member of group-2."""
    return C
