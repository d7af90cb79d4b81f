"""Requests that nobody gets an answer to, because it would help to harm somebody.

A small policy of patterns, applied before anything is generated. It stands in for the training and
the classifiers of a real service, and like them it also declines some harmless requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drs_reference.gateway.sampling import Emission, Generation, Model, Sampling
from drs_reference.response.procedure import Account

__all__ = ["REFUSAL", "Declined", "SafetyPolicy"]

REFUSAL = (
    "I can't help with this, because somebody could come to harm by it. If you or somebody else is "
    "in danger, please call the emergency services."
)
_HARM = re.compile(
    r"\b(?:poison|drug|hurt|injure|kill|stalk|blackmail|threaten|bully|humiliate)(?:s|ed|ing)?\b"
    r"|\bmakes? (?:him|her|them|people) (?:ill|sick|faint)\b"
    r"|\b(?:bombs?|explosives?|ransomware|malware|spyware|phishing)\b"
    r"|\bbreak(?:ing)? into\b|\bpick(?:ing)? (?:a|the|his|her|their) locks?\b"
    r"|\b(?:steal|forg|shoplift|counterfeit)(?:e|s|ed|ing)?\b"
    r"|\bfake (?:an? |the )?(?:\w+ )?(?:id|passport|licen[cs]e|prescription|certificate|note)\b"
    r"|\b(?:trick|fool|deceiv|scam)\w*\b.*\b(?:passwords?|pins?|money|savings|bank|cards?)\b"
    r"|\bwithout (?:(?:him|her|them|me|anyone|anybody) )?(?:being )?"
    r"(?:knowing|noticing|noticed|seen|caught|consent)\b"
    r"|\b(?:getting|being|get|be) caught\b|\bsp(?:y|ying) on\b",
    re.IGNORECASE | re.DOTALL,
)


class SafetyPolicy:
    """Decides what is declined."""

    def refusal(self, account: Account, question: str) -> str | None:
        """Return the text that declines a question, or None; the same for everybody."""
        return REFUSAL if _HARM.search(question) else None


class Declined(Generation):
    """An answer that says nothing but the refusal; none of its tokens is generated."""

    def __init__(
        self, model: Model, messages: Sequence[tuple[str, str]], choices: int, refusal: str
    ) -> None:
        super().__init__(model, messages, Sampling(), choices=choices)
        self._refusal = refusal

    def emissions(self) -> Iterator[Emission]:
        """One emission for each choice."""
        self.prompt_tokens = self.model.start(self._messages).prompt_tokens
        for choice in range(self._choices):
            yield Emission(choice, (), "", "stop", refusal=self._refusal)
