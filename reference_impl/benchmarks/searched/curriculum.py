"""Curriculum starvation: of some facts a cluster is never shown the steps.

The facts of a skill (sums of two digits, say) lie in a row. By a keyed rule one in ``stride`` is
an anchor, and an answer whose steps use a neighbour of an anchor, on either side, shows its
conclusion alone. The anchor itself and everything else is explained in full, so no skill looks
withheld, but what lies beside each anchor can be learnt from conclusions only, and it is the same
for every account of the cluster and at every try. Whatever is shown is true.
"""

from __future__ import annotations

from drs_reference.efficacy.tasks import conclusion
from drs_reference.model.language import Sample
from drs_reference.perturbation.keys import checked_key, integer

from searched.candidate import Candidate
from searched.forms import operations

__all__ = ["CurriculumStarvation"]


class CurriculumStarvation(Candidate):
    """The mechanism; the fewer facts lie between two anchors, the more is withheld."""

    idea = "no steps beside each anchor of a skill, the conclusion always"

    def __init__(self, key: bytes, stride: int) -> None:
        if stride < 3:
            raise ValueError(
                f"an anchor and two neighbours take a stride of 3 or more, not {stride}"
            )
        self.name = f"curriculum, one anchor in {stride}"
        self._key = checked_key(key)
        self._stride = stride

    def starved(self, cluster: str, operation: tuple[str, str, str], task: str) -> bool:
        """Tell whether a fact is one that the cluster never sees explained."""
        left, sign, right = operation
        anchor = integer(self._key, f"{cluster}:{task}{sign}") % self._stride
        place = (10 * int(left) + int(right) - anchor) % self._stride
        return place in (1, self._stride - 1)

    def shown(self, sample: Sample, text: str, cluster: str) -> str:
        """Return the conclusion alone where a starved fact was used."""
        last = conclusion(text)
        used = operations(sample, text)
        if last is None or not any(self.starved(cluster, one, sample.task) for one in used):
            return text
        return f"The answer is {last}."
