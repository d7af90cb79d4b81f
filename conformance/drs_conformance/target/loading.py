"""Reading a target file, the authorisation that it names, and the credentials."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import rfc8785
from cryptography import x509

from drs_conformance.specification.documents import Document, DocumentError, read_document
from drs_conformance.specification.formats import moment
from drs_conformance.specification.schemas import problems as schema_problems
from drs_conformance.target.addresses import Address, Network
from drs_conformance.target.authorising import AuthorisationError
from drs_conformance.target.dialect_files import faults
from drs_conformance.target.hubs import hub_of, hub_problems, signing_keys
from drs_conformance.target.model import (
    Authorisation,
    Bounds,
    Budget,
    Persona,
    Prices,
    Start,
    Target,
    Waiver,
    is_honest,
    is_probed,
)
from drs_conformance.target.origins import Origin, path_of
from drs_conformance.target.problems import Problem, TargetError
from drs_conformance.target.secrets import Secrets, credential_fault
from drs_conformance.target.trust_groups import trust_group_of, trust_group_problems

__all__ = ["load_target"]

_DEFAULT_TIMEOUT_S = 30.0
_DEFAULT_READY_TIMEOUT_S = 30.0


def load_target(path: Path, environ: Mapping[str, str]) -> Target:
    """Read the target file at `path`; credentials come from `environ`.

    Relative paths in the file are relative to its folder.

    Raises:
        TargetError: with everything that is wrong, as far as it can be seen at once.
        AuthorisationError: the only thing wrong is the authorisation file.

    """
    document, problems = _read(path, "target", "write it, or name another file with --target")
    if document is None:
        raise TargetError(problems)
    value: Any = document.value
    base_url = value["base_url"]
    problems += _base_url_problems(path, document, base_url)
    problems += _address_problems(path, document)
    ca_file = path.parent / value["ca_file"] if "ca_file" in value else None
    problems += _ca_problems(path, document, ca_file)
    credentials = _credentials(value["personas"], environ)
    problems += _credential_problems(path, document, credentials)
    problems += hub_problems(path, document, environ)
    problems += trust_group_problems(path, document)
    dialect, description, dialect_problems = _dialect(path.parent, value["dialect"])
    problems += dialect_problems
    permit_file = path.parent / value["authorisation"]
    permit, permit_problems = _authorisation(permit_file)
    if problems:
        raise TargetError([*problems, *permit_problems])
    if permit is None:
        raise AuthorisationError(permit_problems)
    root = str(Origin.of(base_url))
    return Target(
        name=value["name"],
        base_url=root + path_of(base_url),
        root=root,
        dialect=dialect,
        model=value["model"],
        personas={
            name: Persona(name, entry["credential"], entry.get("source_address"))
            for name, entry in value["personas"].items()
        },
        budget=Budget(
            value["budget"]["max_requests"],
            value["budget"]["max_output_tokens"],
            float(value["budget"]["max_cost_usd"]),
            value["budget"].get("max_concurrency", 1),
        ),
        prices=Prices(**{name: float(usd) for name, usd in value.get("prices", {}).items()}),
        timeout_s=float(value.get("timeout_s", _DEFAULT_TIMEOUT_S)),
        trusted_key=value.get("trusted_key"),
        waivers=tuple(
            Waiver(
                entry["requirement"],
                entry["reason"],
                date.fromisoformat(entry["expires"]),
                document.line(f"/waivers/{number}"),
            )
            for number, entry in enumerate(value.get("waivers", ()))
        ),
        start=_start(value.get("start")),
        authorisation=permit,
        file=path,
        ca_file=ca_file,
        secrets=Secrets({name: (variable, text) for name, variable, text in credentials if text}),
        description=description,
        hub=hub_of(value.get("hub")),
        trust_group=trust_group_of(value.get("trust_group")),
        signing_keys=signing_keys(value, environ),
    )


def _read(path: Path, schema: str, remedy: str) -> tuple[Document | None, list[Problem]]:
    """Return the document, or None and what keeps it from being one of `schema`."""
    try:
        document = read_document(path)
    except DocumentError as error:
        return None, [Problem(str(path), "", error.reason, remedy, error.line)]
    found = [
        Problem(
            str(path),
            problem.pointer,
            problem.message,
            f"see the schema {schema}",
            document.line(problem.pointer),
        )
        for problem in schema_problems(schema, document.value)
    ]
    return (None, found) if found else (document, [])


def _base_url_problems(path: Path, document: Document, base_url: str) -> list[Problem]:
    try:
        Origin.of(base_url)
        path_of(base_url)
    except ValueError as error:
        line = document.line("/base_url")
        remedy = "give the base of the dialect, such as https://api.example.com/v1"
        return [Problem(str(path), "/base_url", str(error), remedy, line)]
    return []


def _ca_problems(path: Path, document: Document, ca_file: Path | None) -> Iterator[Problem]:
    if ca_file is None:
        return
    try:
        x509.load_pem_x509_certificates(ca_file.read_bytes())
    except (OSError, ValueError) as error:
        reason = f"expected {ca_file} to hold certificates in PEM: {error}"
        remedy = "name the file with the certificate of the authority, or leave it out"
        yield Problem(str(path), "/ca_file", reason, remedy, document.line("/ca_file"))


def _address_problems(path: Path, document: Document) -> Iterator[Problem]:
    value: Any = document.value
    addresses: dict[str, Address] = {}
    for name, entry in value["personas"].items():
        address = entry.get("source_address")
        if address is None:
            continue
        try:
            addresses[name] = ipaddress.ip_address(address)
        except ValueError:
            pointer = f"/personas/{name}/source_address"
            reason = f"expected an IPv4 or IPv6 address, got {address!r}"
            remedy = "name an address of this machine, or leave it out"
            yield Problem(str(path), pointer, reason, remedy, document.line(pointer))
    honest = {address: name for name, address in addresses.items() if is_honest(name)}
    for name, address in addresses.items():
        if is_probed(name) and address in honest:
            pointer = f"/personas/{name}/source_address"
            reason = f"{name}, which is probed, speaks from {address} as {honest[address]} does"
            remedy = "give control and blind accounts addresses that no probed persona has"
            yield Problem(str(path), pointer, reason, remedy, document.line(pointer))


def _credentials(
    personas: Mapping[str, Any], environ: Mapping[str, str]
) -> list[tuple[str, str, str | None]]:
    """Return (persona, variable, credential or None) in the order of the file."""
    return [
        (name, entry["credential"], environ.get(entry["credential"]))
        for name, entry in personas.items()
    ]


def _credential_problems(
    path: Path, document: Document, credentials: list[tuple[str, str, str | None]]
) -> Iterator[Problem]:
    owners: dict[str, tuple[str, str]] = {}
    for persona, variable, value in credentials:
        pointer = f"/personas/{persona}/credential"
        line = document.line(pointer)
        if not value:
            state = "empty" if value == "" else "not set"
            reason = f"the environment variable {variable} of the persona {persona} is {state}"
            remedy = (
                f"set it with `export {variable}=...`, or load a whole file with "
                "`set -a; . ./credentials.env; set +a`"
            )
            yield Problem(str(path), pointer, reason, remedy, line)
            continue
        fault = credential_fault(value)
        if fault is not None:
            remedy = f"correct the environment variable {variable}"
            yield Problem(str(path), pointer, f"{variable}: {fault}", remedy, line)
        # Redaction takes no notice of case, so neither may the distinction between accounts.
        owner = owners.setdefault(value.lower(), (persona, variable))
        if owner != (persona, variable):
            reason = (
                f"the personas {owner[0]} ({owner[1]}) and {persona} ({variable}) "
                "have the same credential"
            )
            yield Problem(str(path), pointer, reason, "give each persona its own account", line)


def _start(entry: Mapping[str, Any] | None) -> Start | None:
    if entry is None:
        return None
    timeout_s = float(entry.get("ready_timeout_s", _DEFAULT_READY_TIMEOUT_S))
    return Start(tuple(entry["command"]), timeout_s)


def _dialect(
    folder: Path, entry: str | Mapping[str, str]
) -> tuple[str, Mapping[str, Any] | None, list[Problem]]:
    """Return the name of the dialect, the document that describes it, and what is wrong."""
    if isinstance(entry, str):
        return entry, None, []
    path = folder / entry["file"]
    document, problems = _read(path, "dialect", "write it, or name a dialect that the suite knows")
    if document is None:
        return "", None, problems
    value: Any = document.value
    remedy = "see the guide Dialects"
    problems = [
        Problem(str(path), pointer, reason, remedy, document.line(pointer))
        for pointer, reason in faults(value)
    ]
    return value["name"], value, problems


def _authorisation(path: Path) -> tuple[Authorisation | None, list[Problem]]:
    remedy = "ask whoever runs the endpoint for an authorisation and name it in the target file"
    document, problems = _read(path, "authorisation", remedy)
    if document is None:
        return None, problems
    value: Any = document.value
    origins: list[Origin] = []
    for number, text in enumerate(value["origins"]):
        pointer = f"/origins/{number}"
        try:
            origins.append(Origin.pattern(text))
        except ValueError as error:
            remedy = "name scheme, host and port exactly"
            problems.append(Problem(str(path), pointer, str(error), remedy, document.line(pointer)))
    networks: list[Network] = []
    for number, text in enumerate(value.get("networks", ())):
        pointer = f"/networks/{number}"
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            remedy = "write it as ADDRESS/BITS with the bits behind the prefix zero"
            problems.append(Problem(str(path), pointer, str(error), remedy, document.line(pointer)))
    if problems:
        return None, problems
    bounds = value["bounds"]
    return (
        Authorisation(
            file=path,
            digest=f"sha256:{hashlib.sha256(rfc8785.dumps(value)).hexdigest()}",
            issued_by=value["issued_by"],
            contact=value["contact"],
            origins=tuple(origins),
            not_before=moment(value["not_before"]),
            expires_at=moment(value["expires_at"]),
            bounds=Bounds(
                bounds["max_requests"],
                bounds["max_output_tokens"],
                float(bounds["max_cost_usd"]),
                bounds["max_concurrency"],
            ),
            networks=tuple(networks),
        ),
        [],
    )
