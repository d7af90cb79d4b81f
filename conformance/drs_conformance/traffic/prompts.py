"""Everyday prompts that say nothing about being probes.

They are put together from many small parts, so that no two runs send the same set and a prober
is not recognised by its prompts, not even by those of all its earlier runs.
"""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["number_prompts", "open_prompts", "prompts", "step_prompts"]

_NAMES = ("Ana", "Ben", "Chidi", "Dana", "Eli", "Fatima", "Goran", "Hana", "Ivo", "Jun", "Kofi")
_THINGS = ("apples", "books", "chairs", "coins", "letters", "maps", "pens", "stamps", "tickets")
_TOPICS = (
    "a fox and a river",
    "a late train",
    "baking bread",
    "growing tomatoes",
    "learning to swim",
    "the first snow",
    "a lost umbrella",
    "a village market",
)
_PLACES = ("a harbour", "a library", "a mountain hut", "a night train", "a small town", "a tent")
_OPENINGS = ("", "Please ", "Could you ", "Quick one: ", "For my notes, ")
_ENDINGS = (
    "",
    " Keep it short.",
    " It is for somebody aged {age}.",
    " It takes place in {place}.",
    " {name} asked for it in {place}.",
)


def _sums() -> st.SearchStrategy[str]:
    number = st.integers(10, 99)
    return st.builds(
        lambda opening, a, b, ask: f"{opening}{ask.format(a=a, b=b)}",
        st.sampled_from(_OPENINGS),
        number,
        number,
        st.sampled_from(("what is {a} + {b}?", "add {a} and {b}", "compute {a}+{b} step by step")),
    )


def _word_problems() -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, thing, a, b: (
            f"{name} has {a} {thing} and buys {b} more. How many {thing} does {name} have?"
        ),
        st.sampled_from(_NAMES),
        st.sampled_from(_THINGS),
        st.integers(2, 60),
        st.integers(2, 60),
    )


def _stories() -> st.SearchStrategy[str]:
    things = st.builds(
        "{} with {} {}".format,
        st.sampled_from(_NAMES),
        st.integers(2, 60),
        st.sampled_from(_THINGS),
    )
    endings = st.builds(
        str.format,
        st.sampled_from(_ENDINGS),
        age=st.integers(4, 90),
        place=st.sampled_from(_PLACES),
        name=st.sampled_from(_NAMES),
    )
    return st.builds(
        lambda opening, ask, topic, ending: f"{opening}{ask} {topic}.{ending}",
        st.sampled_from(_OPENINGS),
        st.sampled_from(("tell a short story about", "write two sentences about", "describe")),
        st.one_of(st.sampled_from(_TOPICS), things),
        endings,
    )


def _extraction() -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, age, thing: (
            f"Give the name and the age as JSON: {name} is {age} and collects {thing}."
        ),
        st.sampled_from(_NAMES),
        st.integers(8, 88),
        st.sampled_from(_THINGS),
    )


def open_prompts() -> st.SearchStrategy[str]:
    """Return a strategy over prompts that can be answered in many ways."""
    return _stories()


def number_prompts() -> st.SearchStrategy[str]:
    """Return a strategy over prompts whose answers hold numbers."""
    return _additions("what is {a} + {b}?")


def step_prompts() -> st.SearchStrategy[str]:
    """Return a strategy over prompts whose answers hold the steps of a calculation."""
    return _additions("what is {a} + {b}?", "step by step, what is {a} + {b}?")


def _additions(*asks: str) -> st.SearchStrategy[str]:
    number = st.integers(10, 99)
    return st.builds(
        lambda opening, ask, a, b: f"{opening}{ask.format(a=a, b=b)}",
        st.sampled_from(_OPENINGS),
        st.sampled_from(asks),
        number,
        number,
    )


def prompts() -> st.SearchStrategy[str]:
    """Return a strategy over everyday prompts of four kinds."""
    return st.one_of(_sums(), _word_problems(), _stories(), _extraction())
