"""A Hypothesis backend whose draws depend on the seed and on nothing around it.

Hypothesis now and then draws a constant that stands in the source of a module that is not
installed, and keeps these in a folder `.hypothesis` where it runs. A checkout and an installed
wheel would then draw other examples from the same seed, and a replay on another machine would
diverge.
"""

from __future__ import annotations

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

__all__ = ["BACKEND"]

BACKEND = "drs-seed-only"


class _SeedOnlyProvider(HypothesisProvider):
    """Draws as Hypothesis does, without constants."""

    def _maybe_draw_constant(self, *_: object, **__: object) -> None:
        return None


AVAILABLE_PROVIDERS[BACKEND] = f"{__name__}.{_SeedOnlyProvider.__name__}"
