"""The files with which anyone can test this server: target, credentials, authorisation."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from drs_reference.gateway.credentials import BLIND, variable
from drs_reference.gateway.declaration import Terms
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

VALIDITY = timedelta(days=7)
CREDENTIALS = "credentials.env"
_EGRESS = {"control": "127.0.0.2", "auditor": "127.0.0.4"}
_PROBED_EGRESS = "127.0.0.3"
_BLIND_EGRESS = "127.0.1."


class TargetFilesError(Exception):
    """The target files cannot be written; the message says where and why."""


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace ``path`` in one step; nobody can read more than ``mode`` allows at any time."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def bindable(address: str) -> bool:
    """Whether a client on this machine can send from ``address``."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def source_addresses(host: str, names: Iterable[str]) -> dict[str, str]:
    """Source address by name, so that control, probed, auditor and blind accounts share none.

    Empty unless the server listens on IPv4 loopback and this machine has all the addresses.
    """
    if not host.startswith("127."):
        return {}
    addresses = {name: _egress(name) for name in names}
    return addresses if all(bindable(address) for address in set(addresses.values())) else {}


def _egress(name: str) -> str:
    if name.startswith(BLIND):
        return _BLIND_EGRESS + name.removeprefix(BLIND)
    return _EGRESS.get(name, _PROBED_EGRESS)


def target_document(
    origin: str,
    dialect: str,
    terms: Terms,
    trusted_key: str,
    names: Iterable[str],
    addresses: Mapping[str, str],
) -> dict[str, Any]:
    """The target file (schema ``target``) for the personas and accounts ``names``."""
    path = next(surface.path for surface in terms.surfaces if surface.dialect == dialect)
    version = path.split("/")[1]
    personas = {}
    for name in names:
        personas[name] = {"credential": variable(name)}
        if name in addresses:
            personas[name]["source_address"] = addresses[name]
    return {
        "drs_version": VERSION,
        "name": "Reference endpoint",
        "base_url": f"{origin}/{version}",
        "dialect": dialect,
        "model": terms.models[0],
        "authorisation": "authorisation.yaml",
        "personas": personas,
        "budget": {"max_requests": 16000, "max_output_tokens": 500000, "max_cost_usd": 1.0},
        "trusted_key": trusted_key,
    }


def authorisation_document(origin: str, now: datetime, *further: str) -> dict[str, Any]:
    """The authorisation to test this server, and ``further`` origins beside it.

    A document of the schema ``authorisation``.
    """
    begin = now.replace(microsecond=0)
    return {
        "drs_version": VERSION,
        "issued_by": "drs-reference serve",
        "contact": Terms().contact,
        "origins": [origin, *further],
        "not_before": rfc3339(begin),
        "expires_at": rfc3339(begin + VALIDITY),
        "bounds": {
            "max_requests": 20000,
            "max_output_tokens": 500000,
            "max_cost_usd": 1.0,
            "max_concurrency": 8,
        },
    }


def write_target_files(
    folder: Path,
    *,
    target: Mapping[str, Any],
    authorisation: Mapping[str, Any],
    keys: Mapping[str, str],
) -> None:
    """Write target.yaml, credentials.env (mode 0600) and authorisation.yaml.

    Raises ``TargetFilesError``.
    """
    lines = [f"{variable(persona)}={key}\n" for persona, key in keys.items()]
    try:
        write_private(folder / CREDENTIALS, "".join(lines))
        for name, document in (("authorisation", authorisation), ("target", target)):
            text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
            write_private(folder / f"{name}.yaml", text, 0o644)
    except OSError as error:
        raise TargetFilesError(f"cannot write the target files to {folder}: {error}") from error
