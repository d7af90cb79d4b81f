"""A case with real records, two real keys, and the command line as people use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from drs_reference.cli import main

CRITERIA = (
    "extraction-established",
    "scale",
    "deception",
    "cluster-control",
    "corroboration",
    "measures-exhausted",
    "law-engaged",
    "proportionate",
)


def item(number: int, member: str, kind: str, record: str) -> dict[str, Any]:
    return {
        "id": f"item-{number}",
        "member": member,
        "kind": kind,
        "record": record,
        "custody": [
            {"at": "2026-11-01T09:00:00Z", "person": "analyst-3", "step": "collected"},
            {"at": "2026-11-02T09:00:00Z", "person": "custodian-1", "step": "sealed"},
        ],
    }


def a_case() -> dict[str, Any]:
    used = {"scale", "cluster-control", "measures-exhausted"}
    case: dict[str, Any] = {
        "drs_version": "0.1",
        "id": "dossier-4",
        "campaign": "campaign-12",
        "recipient": {"kind": "regulator", "name": "Example authority"},
        "criteria": [
            {
                "criterion": name,
                "met": True,
                "evidence": ["item-1" if name in used else "item-2"],
                "reason": "See the item.",
            }
            for name in CRITERIA
        ],
        "items": [
            item(1, "member-a", "traffic-statistics", "records/accounts.jsonl"),
            item(2, "member-b", "provenance-response", "records/corpus.json"),
        ],
        "members": [
            {
                "member": one,
                "independent_of": [other],
                "signatures": [],
                "how": "On material of its own.",
            }
            for one, other in (("member-a", "member-b"), ("member-b", "member-a"))
        ],
        "technical_sign_off": {
            "person": "engineer-1",
            "role": "Head of engineering",
            "statement": "The evidence was gathered as described.",
        },
        "legal_sign_off": {
            "person": "counsel-1",
            "role": "General counsel",
            "statement": "The transfer is lawful.",
        },
        "legal_basis": ["Example Act, section 7"],
        "personal_data": [{"category": "accounts", "criterion": "scale", "persons": 240}],
        "exculpatory": ["Two accounts also ran an announced evaluation."],
        "retention_until": "2100-01-01T00:00:00Z",
    }
    case["criteria"][1]["figures"] = {"accounts": 240, "exchanges": 900, "days": 31}
    case["items"][0]["fields"] = [
        {"field": "account", "criterion": "scale"},
        {"field": "payment", "criterion": "cluster-control"},
    ]
    return case


@dataclass(frozen=True)
class Desk:
    """A folder with a case, its records and keys; ``say`` runs ``drs-reference escalate``."""

    folder: Path
    say: Callable[..., tuple[int, str, str]]

    @property
    def dossier(self) -> Path:
        return self.folder / "out" / "dossier.json"

    def draft(self, case: Any) -> tuple[int, str, str]:
        (self.folder / "case.yaml").write_text(yaml.safe_dump(case, allow_unicode=True))
        return self.say("draft", self.folder / "case.yaml", "--out", self.folder / "out")

    def sign(self, role: str, key: str | None = None) -> tuple[int, str, str]:
        key_file = self.folder / f"{key or role}.key"
        return self.say("sign", self.dossier, "--role", role, "--key", key_file)

    def verify(self, *more: str | Path) -> tuple[int, str, str]:
        keys = [
            part
            for role in ("technical", "legal")
            for part in (f"--{role}-key", self.folder / f"{role}.key.pub")
        ]
        return self.say("verify", self.dossier, *keys, *more)

    def read(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.dossier.read_bytes())
        return document

    def write(self, document: Any) -> None:
        self.dossier.write_text(json.dumps(document))


@pytest.fixture(name="case")
def _case() -> dict[str, Any]:
    return a_case()


@pytest.fixture(name="desk")
def _desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    def say(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["escalate", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    (tmp_path / "records").mkdir()
    rows = [
        {"account": f"a-{n}", "payment": f"p-{n % 3}", "name": f"Person {n}", "notes": {"n": n}}
        for n in range(5)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "records" / "accounts.jsonl").write_text(lines)
    (tmp_path / "records" / "corpus.json").write_text('{\n "recognised": true\n}\n')
    for name in ("technical", "legal"):
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.key").write_bytes(private)
        (tmp_path / f"{name}.key.pub").write_bytes(public)
    return Desk(tmp_path, say)


@pytest.fixture(name="signed")
def _signed(desk: Desk, case: dict[str, Any]) -> Desk:
    """A desk whose dossier both persons signed."""
    assert desk.draft(case)[0] == 0
    assert desk.sign("legal")[0] == 0
    assert desk.sign("technical")[0] == 0
    return desk
