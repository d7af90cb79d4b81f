"""Hypothesis strategies over text that is valid and not what a programmer expects."""

from __future__ import annotations

from string import ascii_lowercase, digits

from hypothesis import strategies as st

__all__ = ["account_identifiers", "odd_texts", "pseudonyms", "statements", "texts"]

# Beside letters: line ends, quotes, signs of other scripts, some that need two UTF-16 units.
_CHARACTERS = (ascii_lowercase + digits) + (
    ' \t\n"\\/{}<>&%\u00e9\u00df\u0416\u05d0\u0639\u0939\u4e2d\u200d\u0301\U0001f600\U00010348'
)
_STATEMENT_MAX = 20_000
_SENTENCES = (
    "We build a spelling tutor for schools.",
    "The burst was our nightly import.",
    "Two of us share an office and an address.",
    "I did not send what you say I sent.",
    "Please look at this again.",
)


def texts(characters: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Return a strategy over texts of ``least`` to ``most`` of the given characters.

    The strategy of Hypothesis for text would leave a folder `.hypothesis` behind.
    """
    return st.lists(st.sampled_from(characters), min_size=least, max_size=most).map("".join)


def odd_texts(most: int) -> st.SearchStrategy[str]:
    """Return a strategy over texts of up to ``most`` characters of many kinds."""
    return texts(_CHARACTERS, 0, most)


def statements() -> st.SearchStrategy[str]:
    """Return a strategy over statements of appeals: plain ones, odd ones, long ones."""
    plain = st.lists(st.sampled_from(_SENTENCES), min_size=1, max_size=4).map(" ".join)
    odd = st.builds("{} {}".format, plain, odd_texts(40))
    long = st.builds(
        lambda text, length: (f"{text}\n" * length)[:length],
        plain,
        st.integers(2_000, _STATEMENT_MAX),
    )
    return st.one_of(plain, odd, long)


def pseudonyms() -> tuple[st.SearchStrategy[str], ...]:
    """Return strategies over names of one person, one for each form that a duty roster has."""
    first, last = st.sampled_from(("Ana", "Ben", "Zo\u00eb")), st.sampled_from(("Okafor", "Li"))
    return (
        first.map(str.lower),
        st.builds("{1}, {0}".format, first, last),
        st.builds("{}.{}@lab.example".format, first.map(str.lower), last.map(str.lower)),
    )


def account_identifiers() -> st.SearchStrategy[str]:
    """Return a strategy over what other systems call accounts; fit for a path as they are."""
    words = texts(ascii_lowercase, 4, 13)
    return st.one_of(
        st.builds("{}-{}".format, words, st.integers(100, 99_999)),
        st.integers(1, 10**9).map(str),
        st.uuids().map(str),
        st.builds("{}@{}.example".format, words, words),
    )
