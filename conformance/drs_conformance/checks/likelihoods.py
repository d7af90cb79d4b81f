"""How probable answers of one token are under the declared model, as the likelihood hook says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from drs_conformance.checks.auditor_hooks import ask_hook
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange

__all__ = ["likelihood_request", "likelihoods"]


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
    question = likelihood_request(lab, request, answers)
    document, exchange = ask_hook(lab, "likelihood", question, "likelihood-response")
    values = document["log_probabilities"]
    if len(values) != len(answers):
        raise Untestable("the likelihood hook answered for another number of texts", exchange)
    return [0.0 if value is None else math.exp(value) for value in values], exchange
