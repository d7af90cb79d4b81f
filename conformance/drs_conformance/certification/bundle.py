"""Bundles of a run: a restricted one for auditors, and a public one that nobody can tune against.

A bundle is a zip file whose bytes depend on its content only: sorted names, one fixed time, no
compression, since compressors differ.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drs_conformance.certification.claim import CLAIM_NAME, signature_faults
from drs_conformance.certification.documents import document_text
from drs_conformance.certification.register import REGISTER_NAME
from drs_conformance.certification.registration import document_digest, signature_fault
from drs_conformance.ledger import JOURNAL_NAME, Redactor
from drs_conformance.reports.claim_page import render_claim
from drs_conformance.reports.folder import REGISTRATION_NAME
from drs_conformance.results.events import EVENTS_NAME

__all__ = [
    "INTOTO_NAME",
    "MANIFEST_NAME",
    "PAGE_NAME",
    "BundleRefused",
    "manifest_faults",
    "packed",
    "public_faults",
    "public_files",
    "require_no_credential",
    "restricted_files",
    "with_manifest",
]

MANIFEST_NAME = "manifest.json"
PAGE_NAME = "index.html"
INTOTO_NAME = "intoto.json"
_TIME = (1980, 1, 1, 0, 0, 0)
Files = dict[str, bytes]
Document = Mapping[str, Any]


class BundleRefused(Exception):
    """The run cannot be bundled."""


def restricted_files(
    folder: Path, derived: Mapping[str, bytes], claim: Document | None, register: bytes | None
) -> Files:
    """Return every file of a run, by name, and nothing else that lies in its folder."""
    files = {name: (folder / name).read_bytes() for name in (JOURNAL_NAME, EVENTS_NAME)}
    files |= derived
    if claim is not None:
        files[CLAIM_NAME] = document_text(claim).encode()
    if register is not None:
        files[REGISTER_NAME] = register
    return files


def public_files(derived: Mapping[str, bytes], claim: Document) -> Files:
    """Return what may be published: claim, registration, in-toto statement and a page.

    None of them holds a probe, an answer, a summary of what was seen, a seed or a count.
    """
    return {
        CLAIM_NAME: document_text(claim).encode(),
        REGISTRATION_NAME: derived[REGISTRATION_NAME],
        INTOTO_NAME: derived[INTOTO_NAME],
        PAGE_NAME: render_claim(claim).encode(),
    }


def require_no_credential(
    files: Mapping[str, bytes], header: Document, environ: Mapping[str, str]
) -> None:
    """Refuse files in which a credential stands, as far as the environment still has them.

    Raises:
        BundleRefused: one does.

    """
    variables = {entry["credential"] for entry in header["target"]["personas"].values()}
    found = [(environ[name], name) for name in sorted(variables) if environ.get(name)]
    redactor = Redactor(found)
    for name, content in files.items():
        if redactor.hide_bytes(content) != content:
            raise BundleRefused(f"a credential stands in {name}; nothing was written")


def with_manifest(kind: str, version: str, report: str, files: Mapping[str, bytes]) -> Files:
    """Return the files with their manifest."""
    manifest = {
        "drs_version": version,
        "kind": kind,
        "report": report,
        "files": [
            {
                "name": name,
                "sha256": f"sha256:{hashlib.sha256(files[name]).hexdigest()}",
                "bytes": len(files[name]),
            }
            for name in sorted(files)
        ],
    }
    return {**files, MANIFEST_NAME: document_text(manifest).encode()}


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return the bytes of the zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as bundle:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            bundle.writestr(entry, files[name])
    return stream.getvalue()


def manifest_faults(folder: Path, manifest: Document) -> list[str]:
    """Return which files of an unpacked bundle are not those of its manifest, by name."""
    faults = []
    listed = {entry["name"]: entry for entry in manifest["files"]}
    present = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    } - {MANIFEST_NAME}
    for name in sorted(listed.keys() | present):
        if name not in present:
            faults.append(f"{name}: missing, the manifest lists it")
        elif name not in listed:
            faults.append(f"{name}: not in the manifest")
        else:
            content = (folder / name).read_bytes()
            if f"sha256:{hashlib.sha256(content).hexdigest()}" != listed[name]["sha256"]:
                faults.append(f"{name}: not what the manifest lists")
    return faults


def public_faults(
    folder: Path, manifest: Document, claim: Document, registration: Document
) -> list[str]:
    """Return how the files of an unpacked public bundle contradict each other, by name."""
    faults = [f"{CLAIM_NAME}: {fault}" for fault in signature_faults(claim)]
    if claim["report"]["digest"] != manifest["report"]:
        faults.append(f"{CLAIM_NAME}: rests on another report than the manifest names")
    if claim["registration"]["digest"] != document_digest(registration):
        faults.append(f"{REGISTRATION_NAME}: not the registration that the claim names")
    fault = signature_fault(registration)
    if fault is not None:
        faults.append(f"{REGISTRATION_NAME}: {fault}")
    if (folder / PAGE_NAME).read_bytes() != render_claim(claim).encode():
        faults.append(f"{PAGE_NAME}: not what the claim gives")
    statement = (folder / INTOTO_NAME).read_bytes()
    return faults + [f"{INTOTO_NAME}: {fault}" for fault in _statement_faults(statement, claim)]


def _statement_faults(content: bytes, claim: Document) -> list[str]:
    try:
        predicate = json.loads(content)["predicate"]
        digests = {
            entry["name"]: f"sha256:{entry['digest']['sha256']}"
            for entry in predicate["configuration"]
        }
        passed = set(predicate["passedTests"])
    except (ValueError, KeyError, TypeError):
        return ["not a statement of a run"]
    expected = {
        "result": claim["report"]["digest"],
        "journal-head": claim["report"]["journal"],
        "spec": claim["spec"]["digest"],
        "suite": claim["suite"]["digest"],
        "registration": claim["registration"]["digest"],
    }
    pins = {f"{r['id']}@{r['digest']}" for r in claim["requirements"] if r["verdict"] == "pass"}
    faults = [
        f"the digest of {name} is not that of the claim"
        for name in expected
        if digests.get(name) != expected[name]
    ]
    return faults + (["the passed tests are not those of the claim"] if passed != pins else [])
