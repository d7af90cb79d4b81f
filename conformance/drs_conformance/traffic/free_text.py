"""Everyday requests for a text of which there are many good ones: stories and explanations."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["free_text_prompts"]

_HEROES = (
    "fox", "bear", "cat", "dog", "wolf", "horse", "farmer", "sailor", "king", "dragon", "robot",
    "girl", "boy", "hen", "hedgehog", "baker", "lighthouse keeper", "postman",
)  # fmt: skip
_TURNS = (
    "", "", " and a river", " and a lamp", " who lost a key", " in winter", " and a small town",
    " who could not sleep", " for my niece", " for tonight",
)  # fmt: skip
_STORIES = (
    "Tell me a story about a {hero}{turn}.",
    "Write a short story about a {hero}{turn}.",
    "A story about a {hero}{turn}?",
    "Please make up a story: a {hero}{turn}.",
)
_MATTERS = (
    "rain", "wind", "music", "sleep", "light", "water", "fire", "salt", "bread", "paper", "gold",
    "time", "money", "language", "patience", "friendship", "snow", "trade", "memory", "glass",
)  # fmt: skip
_EXPLANATIONS = (
    "Explain {matter}.",
    "Explain {matter} to a child.",
    "Why is {matter} important?",
    "What is {matter}?",
    "Explain how {matter} works.",
    "I have to give a talk on {matter}. Where do I begin?",
    "What should everybody know about {matter}?",
)
_TALK = (
    "How do I spend a free {day} in {place}?",
    "Give me an idea for a {day} evening in {place}.",
    "What would you pack for a {day} in {place}?",
    "Write a few friendly lines to somebody who moves to {place} on {day}.",
    "Is {place} a good place to be on a {day}?",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PLACES = ("Rome", "Oslo", "Lima", "the mountains", "a small town", "a harbour", "the country")


def free_text_prompts() -> st.SearchStrategy[str]:
    """Return a strategy over requests for stories, explanations and advice."""
    return st.builds(
        str.format,
        st.one_of(*map(st.sampled_from, (_STORIES, _EXPLANATIONS, _TALK))),
        hero=st.sampled_from(_HEROES),
        turn=st.sampled_from(_TURNS),
        matter=st.sampled_from(_MATTERS),
        day=st.sampled_from(_DAYS),
        place=st.sampled_from(_PLACES),
    )
