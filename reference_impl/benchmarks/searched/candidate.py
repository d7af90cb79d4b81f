"""What a candidate is: which draw of the teacher a cluster gets, and what is shown of it."""

from __future__ import annotations

from drs_reference.model.language import Sample
from drs_reference.perturbation.keys import integer

__all__ = ["Candidate", "Unperturbed"]

_CHANCE = b"draws that nobody steers"


class Candidate:
    """A mechanism in the laboratory. Base of all: it draws as ever and shows what was said.

    What stands in for a cluster is a name; two of different names are not known to belong together.
    """

    name: str
    idea: str

    def draw(self, sample: Sample, cluster: str, account: int, visit: int) -> int:
        """Return the seed under which the teacher answers; by default another for each request."""
        return integer(_CHANCE, f"{sample.messages}:{account}:{visit}") % 2**32

    def shown(self, sample: Sample, text: str, cluster: str) -> str:
        """Return what a cluster sees of an answer."""
        return text


class Unperturbed(Candidate):
    """An endpoint without a mechanism."""

    name = "none"
    idea = "nothing is done"
