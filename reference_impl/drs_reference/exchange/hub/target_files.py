"""The files with which anyone can test this hub: test members, target and authorisation."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from drs_reference.gateway.credentials import variable
from drs_reference.gateway.target_files import (
    TargetFilesError,
    authorisation_document,
    write_private,
    write_target_files,
)
from drs_reference.signing import Signer
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

MEMBERS = "members.json"
STORAGE = "hub.sqlite"
_ROOTS = {"control": "group-1", "peer": "group-1", "outsider": "group-2"}
_REVOKED = "control-revoked"
_OBJECTS_PER_DAY = 1_000_000
_REQUESTS = 2000


@dataclass(frozen=True, slots=True)
class TestMembers:
    """The test members of a hub, with fresh keys, tokens and identities."""

    __test__ = False  # pytest: no tests in here

    seeds: Mapping[str, bytes]
    tokens: Mapping[str, str]
    identities: Mapping[str, str]
    collection: str

    @classmethod
    def drawn(cls) -> TestMembers:
        """Draw members: two in a group, one in another, and a revoked key of the first."""
        return cls(
            seeds={name: secrets.token_bytes(32) for name in (*_ROOTS, _REVOKED)},
            tokens={name: secrets.token_urlsafe(32) for name in _ROOTS},
            identities={name: f"identity--{uuid.uuid4()}" for name in _ROOTS},
            collection=str(uuid.uuid4()),
        )

    def signer(self, name: str) -> Signer:
        """The key of a member, or the revoked one of control."""
        return Signer(self.seeds[name])

    def membership(self, now: datetime) -> dict[str, Any]:
        """The document of the members."""
        return {
            "name": "hub.example",
            "title": "Reference hub",
            "members": [self._entry(name, now) for name in _ROOTS],
            "groups": [
                {
                    "root": root,
                    "title": f"Test group {root}",
                    "members": [self.identities[n] for n, own in _ROOTS.items() if own == root],
                    "collections": [{"id": collection, "title": "Signatures and sightings"}],
                }
                for root, collection in (
                    ("group-1", self.collection),
                    ("group-2", str(uuid.uuid4())),
                )
            ],
        }

    def _entry(self, name: str, now: datetime) -> dict[str, Any]:
        since = {"valid_from": rfc3339(now - timedelta(days=1))}
        keys: list[dict[str, str]] = [{**self.signer(name).key_entry(), **since}]
        if name == "control":
            revoked = rfc3339(now - timedelta(hours=1))
            keys.append({**self.signer(_REVOKED).key_entry(), **since, "revoked_at": revoked})
        return {
            "id": self.identities[name],
            "title": name,
            "token_sha256": sha256(self.tokens[name].encode()).hexdigest(),
            "objects_per_day": _OBJECTS_PER_DAY,
            "keys": keys,
        }

    def target(self, origin: str, log_key: str) -> dict[str, Any]:
        """The target file (schema ``target``)."""
        members = {
            name: {
                "identity": self.identities[name],
                "kid": self.signer(name).kid,
                "signing_key": _key_variable(name),
            }
            for name in _ROOTS
        }
        members["control"] |= {
            "revoked_kid": self.signer(_REVOKED).kid,
            "revoked_signing_key": _key_variable(_REVOKED),
        }
        return {
            "drs_version": VERSION,
            "name": "Reference hub",
            "base_url": f"{origin}/{_ROOTS['control']}",
            "dialect": "taxii",
            "model": self.collection,
            "authorisation": "authorisation.yaml",
            "personas": {name: {"credential": variable(name)} for name in _ROOTS},
            "hub": {"log_key": log_key, "members": members},
            "budget": {"max_requests": _REQUESTS, "max_output_tokens": 0, "max_cost_usd": 0},
        }


def _key_variable(name: str) -> str:
    return f"{variable(name)}_KEY"


def write_members(folder: Path, members: TestMembers, now: datetime) -> Path:
    """Write the document of the members into a folder that holds no hub yet; its path.

    Raises ``TargetFilesError``.
    """
    path = folder / MEMBERS
    if (folder / STORAGE).exists() or path.exists():
        raise TargetFilesError(f"{folder} holds a hub already; name another folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps(members.membership(now), indent=1))
    except OSError as error:
        raise TargetFilesError(f"cannot write the members to {path}: {error}") from error
    return path


def write_hub_target(folder: Path, members: TestMembers, origin: str, log_key: str) -> None:
    """Write target.yaml, authorisation.yaml and credentials.env. Raises ``TargetFilesError``."""
    keys = {f"{name}-key": seed.hex() for name, seed in members.seeds.items()}
    write_target_files(
        folder,
        target=members.target(origin, log_key),
        authorisation=authorisation_document(origin, datetime.now(UTC)),
        keys={**members.tokens, **keys},
    )
