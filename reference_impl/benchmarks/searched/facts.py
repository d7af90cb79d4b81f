"""Whether what is shown says something false that the teacher did not say."""

from __future__ import annotations

from drs_reference.efficacy.tasks import TRACED, conclusion, statements
from drs_reference.model.language import Sample

from searched.forms import sorted_form

__all__ = ["falsified"]


def falsified(sample: Sample, said: str, shown: str) -> bool:
    """Tell whether an answer has a wrong fact of the mechanism's making.

    The conclusion must be the teacher's, and each statement one of the teacher's, word for word or
    with two numbers exchanged in a sum or a product. Free text must still be right where it was.
    """
    if sample.task not in TRACED:
        return sample.is_right(said) and not sample.is_right(shown)
    if conclusion(shown) != conclusion(said):
        return True
    again, own = (set(statements(sorted_form(sample, text))) for text in (shown, said))
    return not again <= own
