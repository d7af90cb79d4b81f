"""An in-toto statement about a run, to be signed by whoever publishes it.

Predicate: https://in-toto.io/attestation/test-result/v0.1. Undecided requirements are warned tests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

import drs_conformance
from drs_conformance.reports.headline import tested
from drs_conformance.results.result import result_bytes

__all__ = ["render_in_toto", "suite_digest"]

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
_KINDS = {"pass": "passedTests", "fail": "failedTests"}
_SUFFIXES = frozenset({".py", ".j2", ".css", ".ini"})


def render_in_toto(result: Mapping[str, Any], declaration: bytes) -> str:
    """Return the statement; its subject is the declaration that the endpoint served."""
    tests: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for entry in tested(result):
        verdict = entry["outcome"]["verdict"]
        if verdict != "not-applicable":
            tests[_KINDS.get(verdict, "warnedTests")].append(f"{entry['id']}@{entry['digest']}")
    outcome = {0: "PASSED", 1: "FAILED"}.get(result["exit_code"], "WARNED")
    journal = result["journal"]
    configuration = [
        _described("suite", suite_digest(), version=result["suite"]["version"]),
        _described("spec", _bare(result["spec"]["digest"]), version=result["spec"]["version"]),
        _described("result", hashlib.sha256(result_bytes(result)).hexdigest()),
    ]
    registration = result["registration"]
    if registration is not None:
        digest = hashlib.sha256(rfc8785.dumps(registration)).hexdigest()
        witness = registration["witness"]
        by = witness["signature"]["kid"] if witness else "self-asserted"
        configuration.append(_described("registration", digest, witness=by))
    if journal is not None:
        configuration.append(_described("journal-head", _bare(journal["head"])))
    statement = {
        "_type": STATEMENT,
        "subject": [
            {
                "name": result["target"]["root"],
                "digest": {"sha256": hashlib.sha256(declaration).hexdigest()},
            }
        ],
        "predicateType": PREDICATE,
        "predicate": {"result": outcome, "configuration": configuration, **tests},
    }
    return json.dumps(statement, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@cache
def suite_digest() -> str:
    """Return the SHA-256 over the files of the suite: names and digests in order of the names."""
    root = Path(drs_conformance.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES)
    lines = [
        f"{path.relative_to(root).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in files
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _described(name: str, digest: str, **annotations: str) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "digest": {"sha256": digest}}
    return {**described, "annotations": annotations} if annotations else described


def _bare(digest: str) -> str:
    return digest.removeprefix("sha256:")
