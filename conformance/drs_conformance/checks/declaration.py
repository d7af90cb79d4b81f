"""The declaration as the checks read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from drs_conformance.dialects import Abilities
from drs_conformance.verdicts import Untestable

__all__ = ["Declaration", "Surface"]

_FORMS = {"schema": "structured_output", "tool": "tools"}
_ASKED_BY = {"schema": "schema", "tool": "tools"}


@dataclass(frozen=True, slots=True)
class Surface:
    """One declared surface with its bounds."""

    id: str
    dialect: str
    path: str
    models: tuple[str, ...]
    streaming: bool
    withholds_reasoning: bool
    alternatives_max: int
    decimals: int
    choices_max: int
    forms: frozenset[str] = frozenset()

    def choices(self, most: int | None = None) -> int | None:
        """Return how many choices to ask for, ``most`` at the most; None where it is one."""
        allowed = self.choices_max if most is None else min(self.choices_max, most)
        return allowed if allowed > 1 else None

    def within(self, abilities: Abilities) -> Surface:
        """Return the surface as far as the requests of a dialect can ask for what it does."""
        return replace(
            self,
            streaming=self.streaming and abilities.has("stream"),
            alternatives_max=self.alternatives_max if abilities.has("logprobs") else 0,
            choices_max=self.choices_max if abilities.has("n") else 1,
            forms=frozenset(form for form in self.forms if abilities.has(_ASKED_BY[form])),
        )

    def offers(self, form: str) -> bool:
        """Tell whether the surface declares ``form``: schema (of the answer) or tool (calls)."""
        return form in self.forms


@dataclass(frozen=True)
class Declaration:
    """A document valid under the schema ``declaration``; ``id`` is the exchange that brought it."""

    PATH: ClassVar[str] = "/.well-known/distillation-resistance"

    id: str
    document: Mapping[str, Any]

    @property
    def level(self) -> str:
        """Declared level."""
        return str(self.document["level"])

    @property
    def surfaces(self) -> tuple[Surface, ...]:
        """Declared surfaces."""
        return tuple(
            Surface(
                id=surface["id"],
                dialect=surface["dialect"],
                path=surface["path"],
                models=tuple(surface["models"]),
                streaming=surface["streaming"],
                withholds_reasoning=surface.get("reasoning") == "withheld",
                alternatives_max=surface["bounds"]["top_logprobs_max"],
                decimals=surface["bounds"]["logprob_decimals"],
                choices_max=surface["bounds"]["choices_max"],
                forms=frozenset(form for form, name in _FORMS.items() if surface.get(name)),
            )
            for surface in self.document["surfaces"]
        )

    @property
    def states(self) -> frozenset[str]:
        """States of the ladder that the provider uses."""
        return frozenset(self.document["ladder"]["states"])

    def control_plane(self, part: str) -> str:
        """Return the path of ``part``: account, appeals or cases."""
        return str(self.document["control_plane"][part])

    def hook(self, name: str) -> str | None:
        """Return the path of a hook for auditors, or None where there is none."""
        path: str | None = self.document["control_plane"].get(name)
        return path

    @property
    def test_root(self) -> str | None:
        """Root of the test mode, or None where there is none."""
        root: str | None = self.document["control_plane"].get("test")
        return root

    def quiet_s(self, state: str) -> int:
        """Return the seconds without evidence after which ``state`` steps down."""
        quiet = self.document["ladder"]["quiet_s"].get(state)
        if quiet is None:
            raise Untestable(f"the declaration states no quiet_s for the state {state}", self)
        return int(quiet)

    @property
    def suspension_review_s(self) -> int:
        """Seconds after which an unconfirmed suspension lapses."""
        return int(self.document["ladder"]["suspension_review_s"])

    @property
    def covert_delay_max_s(self) -> int:
        """Longest deferral of the notice of a covert measure, in seconds."""
        return int(self.document["notice"]["covert_delay_max_s"])

    @property
    def decision_max_s(self) -> int:
        """Longest time from an appeal to its decision, in seconds."""
        return int(self.document["appeals"]["decision_max_s"])

    @property
    def covert_mechanisms(self) -> tuple[str, ...]:
        """Names of the covert mechanisms that may be applied."""
        return self._mechanisms("covert")

    @property
    def overt_mechanisms(self) -> tuple[str, ...]:
        """Names of the overt mechanisms that may be applied."""
        return self._mechanisms("overt")

    def _mechanisms(self, kind: str) -> tuple[str, ...]:
        return tuple(
            entry["mechanism"] for entry in self.document["perturbation"] if entry["class"] == kind
        )
