"""Templates with free slots: texts whose entropy is known exactly."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Template:
    """A sequence of fixed strings and slots; every slot is filled uniformly and independently.

    The choices of one slot must be distinct and none may be a prefix of another followed by the
    text after the slot, or two fillings would give one text and ``entropy`` would overstate.
    """

    parts: tuple[str | tuple[str, ...], ...]

    def draw(self, rng: Random) -> str:
        """One text, every slot filled."""
        return "".join(part if isinstance(part, str) else rng.choice(part) for part in self.parts)

    def accepts(self, text: str) -> bool:
        """Whether some filling of the slots gives exactly this text."""
        pattern = "".join(
            re.escape(part)
            if isinstance(part, str)
            else "(?:" + "|".join(re.escape(choice) for choice in part) + ")"
            for part in self.parts
        )
        return re.fullmatch(pattern, text) is not None

    @property
    def entropy(self) -> float:
        """Entropy of one text, in nats."""
        return sum(math.log(len(part)) for part in self.parts if not isinstance(part, str))


def fixed(text: str) -> Template:
    """The template that gives this one text."""
    return Template((text,))


def words(text: str) -> tuple[str, ...]:
    """The choices of a slot, written with spaces between them."""
    return tuple(text.split())
