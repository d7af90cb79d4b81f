"""Reading a policy, the lists that it refers to, and the facts of one account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from drs_reference.documents import check_document
from drs_reference.eligibility.facts import Facts
from drs_reference.eligibility.faults import policy_fault
from drs_reference.json_text import BodyError, parse_object
from drs_reference.signing import Signer
from drs_reference.standard import VERSION, registry
from drs_reference.timestamps import from_rfc3339, rfc3339
from drs_reference.yaml_text import load

__all__ = [
    "PAYLOAD_TYPE",
    "PolicyError",
    "complete",
    "default_policy",
    "read_facts",
    "read_lists",
    "read_policy",
]

PAYLOAD_TYPE = "application/vnd.drs.eligibility-policy+json"
_DEFAULT = Path(__file__).with_name("policy.yaml")
_VALIDITY = timedelta(days=365)
_LISTED = "listed-party"
# What stands for a signature until there is one.
_UNSIGNED = {"kid": "unsigned", "signature": "A" * 86}


class PolicyError(Exception):
    """A policy, a list or facts cannot be used; the message says which, where and why."""


def read_policy(path: Path) -> dict[str, Any]:
    """The policy of a file in JSON or YAML, as its operator wrote it. Raises ``PolicyError``."""
    return _read(path)


def default_policy(now: datetime, surfaces: Sequence[str]) -> dict[str, Any]:
    """The policy of an endpoint that was given none: invented criteria of each kind."""
    begin = now.replace(microsecond=0)
    return {
        "valid_from": rfc3339(begin),
        "valid_until": rfc3339(begin + _VALIDITY),
        "surfaces": list(surfaces),
        **_read(_DEFAULT),
    }


def complete(
    document: Mapping[str, Any],
    *,
    issuer: str,
    appeals: str,
    surfaces: Sequence[str] | None = None,
    signer: Signer | None = None,
    where: str = "the policy",
) -> dict[str, Any]:
    """The whole document ``eligibility-policy`` of an issuer, with a proof made by ``signer``.

    An operator may leave out what follows from the endpoint: version, issuer, problem type and
    place of appeals; where they stand they have to agree. So do ``surfaces``, the known ones.
    Raises ``PolicyError``.
    """
    known = {
        "drs_version": VERSION,
        "issuer": issuer,
        "refusal": _refusal(),
        "appeals": appeals,
    }
    whole = {**known, **document, "proof": _UNSIGNED}
    fault = policy_fault(whole)
    if fault is not None:
        raise PolicyError(f"{where}: {fault} (schema eligibility-policy)")
    for name, value in known.items():
        if whole[name] != value:
            raise PolicyError(
                f"{where}: {name} must be {value} at this endpoint, or be left out; "
                f"got {whole[name]}"
            )
    strange = sorted(set(whole["surfaces"]) - set(surfaces or whole["surfaces"]))
    if strange:
        raise PolicyError(
            f"{where}: surfaces must be of {', '.join(surfaces or ())}; got {', '.join(strange)}"
        )
    names = [criterion["id"] for criterion in whole["criteria"]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PolicyError(f"{where}: each criterion has an id of its own; {twice[0]} stands twice")
    if from_rfc3339(whole["valid_from"]) >= from_rfc3339(whole["valid_until"]):
        raise PolicyError(f"{where}: valid_until must be later than valid_from")
    return signer.sign(PAYLOAD_TYPE, whole) if signer else whole


def read_lists(policy: Mapping[str, Any], files: Mapping[str, Path]) -> dict[str, tuple[str, ...]]:
    """The entries of each list of a policy, from a copy for each: a name a line, in UTF-8.

    ``files`` are the copies by criterion. Raises ``PolicyError``.
    """
    wanted = {item["id"] for item in policy["criteria"] if item["kind"] == _LISTED}
    for name in sorted(wanted - set(files)):
        raise PolicyError(
            f"the criterion {name} needs a copy of its list, a name a line: --list {name}=FILE"
        )
    for name in sorted(set(files) - wanted):
        raise PolicyError(f"--list {name}=...: the policy has no {_LISTED} criterion {name}")
    return {name: _entries(path) for name, path in files.items()}


def read_facts(path: Path) -> Facts:
    """The facts of a file in JSON or YAML. Raises ``PolicyError``."""
    document = _read(path)
    try:
        check_document(document, "eligibility-facts")
    except BodyError as error:
        raise PolicyError(f"{path}: {error.message}") from error
    return Facts.of(document)


def _entries(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"the list {path} cannot be read: {error}") from error
    return tuple(line for line in lines if line.strip())


def _refusal() -> str:
    entries = registry("problem-types")["entries"]
    return str(next(entry["type"] for entry in entries if entry["id"] == "not-eligible"))


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        if path.suffix != ".json":
            text = json.dumps(load(text))
        return parse_object(text.encode())
    except BodyError as error:
        raise PolicyError(f"{path}: {error.message}") from error
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise PolicyError(f"{path} cannot be read as JSON or YAML: {error}") from error
