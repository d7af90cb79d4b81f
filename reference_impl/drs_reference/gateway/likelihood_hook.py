"""The likelihood hook: an auditor asks how probable answers are under the declared model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.gateway.sampling import Model, log_probabilities
from drs_reference.standard import VERSION

__all__ = ["LikelihoodHook"]

_DECIMALS = 9


class LikelihoodHook(AuditorsOnly):
    """Answers for the model as it is declared, whatever is done to what accounts get."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def answer(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ``likelihood-response`` for a valid ``likelihood-request``."""
        messages = [(message["role"], message["content"]) for message in document["messages"]]
        known = self.log_probabilities(messages)
        found = (known.get(text, -math.inf) for text in document["answers"])
        return {
            "drs_version": VERSION,
            "model": document["model"],
            "log_probabilities": [
                round(value, _DECIMALS) if math.isfinite(value) else None for value in found
            ],
        }

    def log_probabilities(self, messages: Sequence[tuple[str, str]]) -> dict[str, float]:
        """Return the log-probabilities of all answers of one token, by their text."""
        known: dict[str, float] = {}
        for token, value in enumerate(log_probabilities(self._model.start(messages).logits())):
            text = self._model.tokenizer.token_text(token)
            known[text] = float(np.logaddexp(known.get(text, -math.inf), value))
        # Sums of rounded numbers may come out a hair above zero.
        return {text: min(value, 0.0) for text, value in known.items()}
