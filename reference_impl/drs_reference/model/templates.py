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
        return self.filling(text) is not None

    def filling(self, text: str) -> tuple[str, ...] | None:
        """What fills the slots where they give exactly this text, in their order; else None."""
        pattern = "".join(
            re.escape(part) if isinstance(part, str) else f"({'|'.join(map(re.escape, part))})"
            for part in self.parts
        )
        found = re.fullmatch(pattern, text)
        return None if found is None else found.groups()

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
