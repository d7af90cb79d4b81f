"""A reasoning trace as a sequence of steps."""

from __future__ import annotations

from collections.abc import Sequence

from drs_reference.gateway.sampling import Chosen

__all__ = ["steps", "text_of"]

_ENDS = (",", ".", ";", "\n")


def text_of(tokens: Sequence[Chosen]) -> str:
    """The text of some tokens."""
    return "".join(token.text for token in tokens)


def steps(trace: Sequence[Chosen]) -> list[Sequence[Chosen]]:
    """Cut a trace after commas, semicolons, full stops and line ends; joined, they are the trace.

    A separator before a digit belongs to a number, and a step has a letter or a digit.
    """
    found: list[Sequence[Chosen]] = []
    begin = 0
    for end, token in enumerate(trace, 1):
        next_text = trace[end].text if end < len(trace) else ""
        said = any(map(str.isalnum, text_of(trace[begin:end])))
        if said and token.text.endswith(_ENDS) and not next_text[:1].isdigit():
            found.append(trace[begin:end])
            begin = end
    rest = trace[begin:]
    if found and not any(map(str.isalnum, text_of(rest))):
        return [*found[:-1], [*found[-1], *rest]]
    return [*found, rest] if rest else found
