"""Whether an answer declines what it was asked for."""

from __future__ import annotations

import re

from drs_conformance.dialects.neutral import ChatAnswer

__all__ = ["is_declined"]

_REFUSED = re.compile(
    r"\W*(?:(?:I'm |I am )?(?:so |very )?sorry\b|Unfortunately|I must decline"
    r"|I (?:can't|cannot|can not|won't|will not)\b|I(?:'m| am) (?:not able|unable)\b)",
    re.IGNORECASE,
)


def is_declined(answer: ChatAnswer) -> bool:
    """Tell whether the model declines, in a member of its own or in so many words."""
    choice = answer.choices[0]
    return bool(choice.refusal) or _REFUSED.match(choice.text.replace("\u2019", "'")) is not None
