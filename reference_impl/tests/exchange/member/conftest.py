"""Members beside a real hub, and a hub that lies: it logs and serves whatever it is given."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from drs_reference.exchange.authoring import Draft, Evidence, build_signature
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.log.checkpoint import Checkpoint, LogKey, signed
from drs_reference.exchange.log.merkle import Tree, leaf_hash
from drs_reference.exchange.matching import RequestFeatures
from drs_reference.exchange.member.member import Member
from drs_reference.exchange.signature import FingerprintSet, Signature
from drs_reference.exchange.winnowing import fingerprints
from drs_reference.signing import Signer


def _beside(name: str) -> ModuleType:
    """The fixtures of the hub's tests: hubs in processes of their own, and labs with keys."""
    path = Path(__file__).parents[1] / "hub" / "conftest.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_hub = _beside("exchange_hub_fixtures")
start_hub, hub, empty_hub, a, b = (
    getattr(_hub, name) for name in ("start_hub", "hub", "empty_hub", "a", "b")
)
ROOT: Path = _hub.ROOT
SIGNATURES: str = _hub.SIGNATURES
GROUP_KEY = bytes(range(100, 132))
EPOCH = 2958
TEMPLATE = (
    "You are a careful grader. Read the question, then the answer, and write the reasoning of an "
    "expert step by step before you give the grade as a number from one to ten."
)
WORDS = (
    *("river", "apple", "window", "garden", "music", "letter"),
    *("bridge", "winter", "copper", "basket", "ladder", "meadow"),
)


def everyday(number: int) -> str:
    """An ordinary prompt; no two are the same."""
    picked = [WORDS[(number // 12**place) % 12] for place in range(4)]
    return f"Tell me something about a {picked[0]} and a {picked[1]}, {' '.join(picked[2:])}?"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Party:
    """A lab with the folder of its member."""

    lab: Any
    folder: Path
    settings: dict[str, Any]
    environment: dict[str, str]
    opened: list[Member] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "member.json"

    def write(self, **changes: Any) -> Path:
        """Write the settings with changes."""
        self.settings |= changes
        self.file.write_text(json.dumps(self.settings), "utf-8")
        return self.file

    def member(self, **changes: Any) -> Member:
        self.opened.append(Member(self.write(**changes)))
        return self.opened[-1]

    def trust(self, *entries: dict[str, Any]) -> None:
        """Whom the member trusts: ``entries`` of labs."""
        known = [{"id": entry["id"], "keys": entry["keys"]} for entry in entries]
        self.settings["members"] = known

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments), capture_output=True, text=True, timeout=60, env=self.processes()
        )

    def argv(self, *arguments: str) -> list[str]:
        settings = ("--settings", str(self.file))
        return [sys.executable, "-m", "drs_reference", "member", *settings, *arguments]

    def processes(self) -> dict[str, str]:
        path = {"PYTHONPATH": str(ROOT / "reference_impl")}
        return {**os.environ, **path, **self.environment}


NewParty = Callable[..., Party]


@pytest.fixture
def party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewParty]:
    """Labs with settings for a hub: ``party(lab, url, log_key, benign=texts)``."""
    parties: list[Party] = []

    def made(
        lab: Any, url: str, log_key: str, benign: Any = None, others: tuple[Any, ...] = ()
    ) -> Party:
        folder = tmp_path / f"member-{lab.name}-{len(parties)}"
        folder.mkdir()
        for name, content in (("signing.key", _seed(lab)), ("group.key", GROUP_KEY.hex())):
            (folder / name).write_text(content)
            (folder / name).chmod(0o600)
        lines = (json.dumps({"text": text}) for text in benign or map(everyday, range(400)))
        (folder / "benign.jsonl").write_text("\n".join(lines))
        variable = f"TOKEN_OF_{lab.name.upper()}"
        monkeypatch.setenv(variable, lab.token)
        settings = {
            "identity": lab.identity,
            "hub": {
                "api_root": f"{url}/group-1/",
                "collection": SIGNATURES,
                "token_env": variable,
                "log_key": log_key,
            },
            "signing_key_file": "signing.key",
            "state_file": "member.sqlite",
            "group_keys": [{"key_id": "group-1", "epoch": EPOCH, "file": "group.key"}],
            "benign_file": "benign.jsonl",
            "poll_s": 1,
        }
        parties.append(Party(lab, folder, settings, {variable: lab.token}))
        parties[-1].trust(*(each.entry() for each in (_hub.A, _hub.B, *others)))
        parties[-1].write()
        return parties[-1]

    yield made
    for each in parties:
        for member in each.opened:
            member.close()


@pytest.fixture
def joined(party: NewParty) -> Callable[..., Party]:
    """Labs with settings for a real hub."""

    def made(hub: Any, lab: Any, **options: Any) -> Party:
        return party(lab, hub.url, hub.ready["log_keys"]["group-1"], **options)

    return made


def _seed(lab: Any) -> str:
    return str(lab.token.removeprefix("token-"))


def of_template(
    lab: Any, text: str = TEMPLATE, made: datetime | None = None, **changes: Any
) -> Signature:
    """A signature of prompts that contain six tenths of a text's fingerprints."""
    made = made or now()
    values = frozenset(int(value, 16) for value in fingerprints(text, GROUP_KEY, 5, 4))
    draft = Draft(
        name="Prompts of one grading template",
        description="Variations of a template over many accounts.",
        attack_class="prompt-structure",
        pattern="fp.containment >= 0.6",
        max_action="throttle",
        confidence=80,
        evidence=Evidence(
            accounts=60,
            requests=900,
            first_seen=made - timedelta(hours=5),
            last_seen=made - timedelta(hours=1),
            false_positive_rate=0.0009,
            benign_windows=4000,
            benign_corpus="sha256:" + "c0" * 32,
        ),
        fingerprints=(FingerprintSet("group-1", EPOCH, 5, 4, values, 60),),
    )
    return build_signature(replace(draft, **changes), lab.signer, lab.identity, made)


def actions(member: Member, text: str = TEMPLATE, address: str | None = None) -> list[str]:
    """What may be done about a request now."""
    found = member.match(RequestFeatures(text=text, address=address), now())
    return [one.ruling.action for one in found]


def ruling(member: Member, id: str) -> dict[str, Any]:
    """What the member says of a signature."""
    (found,) = [one for one in member.status()["signatures"] if one["id"] == id]
    return dict(found)


class LyingHub:
    """Serves the TAXII and the log of ``bodies`` that it is given, valid or not.

    Those ``unserved`` are in the log alone, which shows them unless they are ``hidden`` too;
    ``collections`` says of those that it names where they are.
    """

    def __init__(self) -> None:
        self.signer = Signer(bytes(range(1, 33)))
        self.name = "lying.example/group-1"
        self.bodies: list[bytes] = []
        self.unlogged: set[int] = set()
        self.unserved: set[int] = set()
        self.hidden: set[int] = set()
        self.collections: dict[int, str] = {}
        self.dates: Callable[[int], int] = lambda index: index
        self.raw: dict[str, bytes] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def log_key(self) -> str:
        return str(LogKey.of(self.name, self.signer))

    def serve(self, *documents: Any) -> None:
        """Add objects; bytes are served as they are."""
        for one in documents:
            document = one.document if isinstance(one, Signature) else one
            self.bodies.append(one if isinstance(one, bytes) else canonical(document))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _tree(self) -> Tree:
        logged = (b for i, b in enumerate(self.bodies) if i not in self.unlogged)
        return Tree(map(leaf_hash, logged))

    def answer(self, path: str, query: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        tree, kind = self._tree(), path.rpartition("/")[2]
        if path.endswith("/objects/"):
            return self._page(query)
        if kind == "checkpoint":
            note = signed(Checkpoint(self.name, len(tree), tree.root()), self.signer)
            return note.encode(), {}
        if kind == "entries":
            return self._entries(int(query["start"])), {}
        if kind == "inclusion":
            leaves = [leaf_hash(b) for i, b in enumerate(self.bodies) if i not in self.unlogged]
            index = leaves.index(bytes.fromhex(query["leaf"]))
            proof = tree.inclusion(index, int(query["size"]))
            document: dict[str, Any] = {"index": index}
        else:
            proof = tree.consistency(int(query["from"]), int(query["to"]))
            document = {}
        document["proof"] = [step.hex() for step in proof]
        return json.dumps(document).encode(), {}

    def _page(self, query: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        dated = [
            (self._stamp(index), body)
            for index, body in enumerate(self.bodies)
            if index not in self.unserved
        ]
        new = [one for one in dated if one[0] > query.get("added_after", "")]
        content = b'{"objects":[%b]}' % b",".join(body for _, body in new) if new else b"{}"
        return content, {"X-TAXII-Date-Added-Last": new[-1][0]} if new else {}

    def _entries(self, start: int) -> bytes:
        shown = [
            b'{"index":%d,"collection":"%b","object":%b}'
            % (index, self.collections.get(index, SIGNATURES).encode(), body)
            for index, body in enumerate(self.bodies)
            if index >= start and index not in self.hidden
        ]
        return b'{"entries":[%b]}' % b",".join(shown)

    def _stamp(self, index: int) -> str:
        return f"2026-01-01T00:00:00.{self.dates(index) + 1:06d}Z"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        lying = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                lying.asked.append(url.path)
                try:
                    content, headers = lying.answer(url.path, query)
                    status = 200
                except (ValueError, KeyError):
                    content, headers, status = b"{}", {}, 404
                content = lying.raw.get(url.path.rpartition("/group-1/")[2], content)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@pytest.fixture
def lying_hub() -> Iterator[LyingHub]:
    hub = LyingHub()
    yield hub
    hub.close()


@pytest.fixture
def victim(party: NewParty, lying_hub: LyingHub, b: Any) -> Party:
    """Lab B, whose member trusts the lying hub's log key, A and itself."""
    return party(b, lying_hub.url, lying_hub.log_key)


@pytest.fixture(scope="session")
def signature_by() -> Callable[..., Signature]:
    """``signature_by(lab, text, made, **changes of the draft)``: of prompts like the text."""
    return of_template


@pytest.fixture(scope="session")
def acts() -> Callable[..., list[str]]:
    """``acts(member, text, address)``: what may be done about a request now."""
    return actions


@pytest.fixture(scope="session")
def ruled() -> Callable[..., dict[str, Any]]:
    """``ruled(member, id)``: what the member's status says of a signature."""
    return ruling


@pytest.fixture(scope="session")
def template() -> str:
    """A prompt that ``signature_by`` makes signatures of."""
    return TEMPLATE


@pytest.fixture(scope="session", name="everyday")
def _everyday() -> Callable[[int], str]:
    """``everyday(number)``: an ordinary prompt, another for each number below 20,000."""
    return everyday
