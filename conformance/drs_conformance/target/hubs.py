"""What a target file says of a hub, and the keys with which its members sign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drs_conformance.specification.documents import Document
from drs_conformance.target.model import Hub, HubMember
from drs_conformance.target.problems import Problem
from drs_conformance.target.secrets import Secrets

__all__ = ["TAXII", "hub_of", "hub_problems", "signing_keys"]

TAXII = "taxii"
"""The dialect of hubs."""
_KEY = re.compile(r"[0-9a-f]{64}")
_KEYS = {"kid": "signing_key", "revoked_kid": "revoked_signing_key"}


def hub_of(entry: Mapping[str, Any] | None) -> Hub | None:
    """Return what stands under `hub`, which has the form of its schema."""
    if entry is None:
        return None
    members = {
        name: HubMember(member["identity"], member["kid"], member.get("revoked_kid"))
        for name, member in entry["members"].items()
    }
    return Hub(entry["log_key"], members)


def signing_keys(target: Mapping[str, Any], environ: Mapping[str, str]) -> Secrets:
    """Return the private keys of members by `kid`, in hexadecimal."""
    return Secrets(
        {kid: (variable, environ[variable]) for _, kid, variable in _named(target)},
    )


def hub_problems(path: Path, document: Document, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with `hub`, and with the members of it or of a trust group."""
    value: Any = document.value
    entry = value.get("hub")
    if (value["dialect"] == TAXII) != (entry is not None):
        yield Problem(
            str(path),
            "/dialect",
            f"expected `hub` with the dialect {TAXII} and with no other",
            "say under `hub` who the personas are in the exchange, or leave it out",
            document.line("/dialect"),
        )
    for pointer, _, variable in _named(value):
        if not _KEY.fullmatch(environ.get(variable, "")):
            yield Problem(
                str(path),
                pointer,
                f"expected {variable} to hold a private Ed25519 key, 32 bytes in hexadecimal",
                f"set the environment variable {variable}",
                document.line(pointer),
            )
    for place, name, _ in _members(value):
        if name not in value["personas"]:
            pointer = f"/{place}/members/{name}"
            yield Problem(
                str(path),
                pointer,
                f"expected {name} among the personas, with its token",
                "name it there too, or leave it out",
                document.line(pointer),
            )


def _members(target: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield where a member stands, its name, and what is said of it."""
    for place in ("hub", "trust_group"):
        for name, member in target.get(place, {"members": {}})["members"].items():
            yield place, name, member


def _named(target: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield where a key is named, its `kid`, and the variable that holds it."""
    for place, name, member in _members(target):
        for kid, key in _KEYS.items():
            if key in member:
                yield f"/{place}/members/{name}/{key}", member[kid], member[key]
