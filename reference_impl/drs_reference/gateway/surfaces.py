"""The inference surfaces: which dialect lies where, and what it can expose."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["DIALECTS", "SURFACES", "Bounds", "Surface"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a response may expose: tokens, decimal digits, choices."""

    top_logprobs_max: int = 5
    logprob_decimals: int = 4
    choices_max: int = 4


@dataclass(frozen=True, slots=True)
class Surface:
    """One declared surface. ``{model}`` in a path stands for the name of a model.

    With ``withholds`` it serves the models whose steps are kept back. ``logprobs`` and ``choices``
    say whether its dialect has log-probabilities and several choices at all.
    """

    id: str
    dialect: str
    path: str
    withholds: bool = False
    logprobs: bool = True
    choices: bool = True

    def within(self, bounds: Bounds) -> Bounds:
        """The bounds of the endpoint, as far as the dialect reaches them."""
        if not self.logprobs:
            bounds = replace(bounds, top_logprobs_max=0, logprob_decimals=0)
        return bounds if self.choices else replace(bounds, choices_max=1)


_PLAIN = (
    Surface("chat", "openai_chat", "/v1/chat/completions"),
    Surface("responses", "openai_responses", "/v1/responses", choices=False),
    Surface("messages", "anthropic_messages", "/v1/messages", logprobs=False, choices=False),
    Surface("gemini", "gemini_generate", "/v1beta/models/{model}:generateContent"),
)


def _withholding(surface: Surface) -> Surface:
    name = "reasoning" if surface.id == "chat" else f"reasoning-{surface.id}"
    root, _, rest = surface.path.removeprefix("/").partition("/")
    return replace(surface, id=name, path=f"/{root}/reasoning/{rest}", withholds=True)


DIALECTS = tuple(surface.dialect for surface in _PLAIN)
SURFACES = (*_PLAIN, *map(_withholding, _PLAIN))
