"""Hooks of the control plane that answer auditors and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable, expect
from drs_conformance.ledger import Exchange

__all__ = ["AUDITOR", "ask_hook", "expect_auditors_only"]

AUDITOR = "auditor"


def ask_hook(
    lab: Lab, hook: str, document: Mapping[str, Any], schema: str
) -> tuple[dict[str, Any], Exchange]:
    """Return what a hook answers the auditor, a document of ``schema``, and the exchange."""
    path = lab.declaration.hook(hook)
    if path is None:
        raise Untestable(f"the declaration names no {hook} hook", lab.declaration)
    exchange = lab.post(path, document, AUDITOR)
    if exchange.status != 200:
        raise Untestable(f"the {hook} hook answered {exchange.status}, expected 200", exchange)
    return lab.document(exchange, schema), exchange


def expect_auditors_only(lab: Lab, path: str, document: Mapping[str, Any]) -> None:
    """Expect that a document which the auditor may send is refused to accounts."""
    for persona in ("control", lab.fresh().name):
        exchange = lab.send("POST", path, persona, document, faults_too=True)
        expect(
            exchange.status == 403,
            f"a request by an account was answered {exchange.status}, expected 403",
            exchange,
        )
