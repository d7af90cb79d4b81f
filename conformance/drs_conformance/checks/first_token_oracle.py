"""What a surface tells of the first token of an answer, for the attacks on the hidden size."""

from __future__ import annotations

from collections.abc import Mapping

from drs_conformance.checks.lab import Lab
from drs_conformance.dialects.neutral import ChatRequest

__all__ = ["FirstTokens"]

_CHOICES_MAX = 16


class FirstTokens:
    """The surface under test as `hidden_size.Interface`, asked by a fresh persona."""

    def __init__(self, lab: Lab) -> None:
        """Lease the persona."""
        self._lab = lab
        self._surface = lab.surface
        self._persona = lab.fresh().name
        self.alternatives = self._surface.alternatives_max
        self.step = 10.0**-self._surface.decimals
        self.requests = 0
        self._choices = self._surface.choices(_CHOICES_MAX)

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        """Send one request; with heat it asks for as many choices as there may be.

        A bias that the dialect has no word for brings nothing.
        """
        abilities = self._lab.dialect.abilities
        if bias is not None and not abilities.has("logit_bias"):
            return {}
        self.requests += 1
        request = ChatRequest(
            messages=(("user", prompt),),
            max_tokens=1,
            temperature=temperature,
            seed=self._lab.key(f"seed {self.requests}") % 2**31,
            n=self._choices if temperature > 0 else None,
            logprobs=True,
            top_logprobs=self.alternatives,
            logit_bias=bias,
        )
        request = abilities.fitted(request)
        exchange = self._lab.ask(request, self._persona)
        if exchange.status != 200:
            return {}
        values: dict[str, float] = {}
        for choice in self._lab.read(exchange, request).choices:
            for first in choice.tokens[:1]:
                values |= {first.token: first.logprob} | dict(first.alternatives)
        # Parts of a character are all shown as U+FFFD; they are no token that could be compared.
        return {token: value for token, value in values.items() if "\ufffd" not in token}
