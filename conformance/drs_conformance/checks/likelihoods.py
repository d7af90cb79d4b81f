"""How probable answers of one token are under the declared model, as the likelihood hook says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange

__all__ = ["AUDITOR", "likelihood_request", "likelihoods"]

AUDITOR = "auditor"


def likelihood_request(lab: Lab, request: ChatRequest, answers: Sequence[str]) -> dict[str, Any]:
    """Return the document that asks about answers to the messages of a chat request."""
    return {
        "drs_version": "0.1",
        "model": lab.target.model,
        "messages": [{"role": role, "content": content} for role, content in request.messages],
        "answers": list(answers),
    }


def likelihoods(
    lab: Lab, request: ChatRequest, answers: Sequence[str]
) -> tuple[list[float], Exchange]:
    """Return the probability of each of different answers, and the exchange that says so."""
    path = lab.declaration.hook("likelihood")
    if path is None:
        raise Untestable("the declaration names no likelihood hook", lab.declaration)
    exchange = lab.post(path, likelihood_request(lab, request, answers), AUDITOR)
    if exchange.status != 200:
        raise Untestable(f"the likelihood hook answered {exchange.status}, not 200", exchange)
    values = lab.document(exchange, "likelihood-response")["log_probabilities"]
    if len(values) != len(answers):
        raise Untestable("the likelihood hook answered for another number of texts", exchange)
    return [0.0 if value is None else math.exp(value) for value in values], exchange
