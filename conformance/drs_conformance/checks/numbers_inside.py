"""Finding numbers from inside a model in an answer that should hold only text and counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["fraction_inside", "numbers_from_inside"]

# Members of ordinary answers that hold counts, times, what the request said, or ratings.
_ORDINARY = frozenset(
    {
        *("usage", "usageMetadata", "created", "created_at", "completed_at", "index"),
        *("service_tier", "temperature", "top_p", "presence_penalty", "frequency_penalty"),
        *("avgLogprobs", "safetyRatings"),
    }
)
# Servers report how long they took, llama.cpp as `timings` of members such as `prompt_ms`.
_TIME = re.compile(r"(?:^|_)(?:ms|seconds?|per_second|time|duration)$")


def numbers_from_inside(document: Any, tokens_max: int) -> str | None:
    """Return where an answer holds fractional numbers or too many positions, or None.

    ``tokens_max`` is the number of tokens that were asked for; log-probabilities of more
    positions than that are those of the prompt. The request asked for no log-probabilities.
    """
    fraction = fraction_inside(document)
    if fraction is not None:
        return fraction
    choices = document.get("choices") if isinstance(document, dict) else None
    for index, choice in enumerate(choices if isinstance(choices, list) else ()):
        reported = choice.get("logprobs") if isinstance(choice, dict) else None
        for name, positions in reported.items() if isinstance(reported, dict) else ():
            if isinstance(positions, list) and len(positions) > tokens_max:
                return f"{len(positions)} positions at /choices/{index}/logprobs/{name}"
    return None


def fraction_inside(document: Any) -> str | None:
    """Return where an answer, or the events of one, holds a number with a fraction, or None."""
    for pointer, value in _leaves(document, ""):
        if isinstance(value, float) and not value.is_integer():
            return f"a number at {pointer}"
    return None


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            timed = isinstance(member, float) and _TIME.search(name)
            if name not in _ORDINARY and not timed:
                yield from _leaves(member, f"{at}/{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _leaves(member, f"{at}/{index}")
    else:
        yield at, value
