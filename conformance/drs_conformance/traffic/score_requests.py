"""Valid score requests of every shape that the schema allows, small ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from drs_conformance.traffic.odd_text import odd_texts, texts

__all__ = ["score_requests"]

_KINDS = ("address", "payment", "device", "organisation", "credential")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 7, 23), timezones=st.just(UTC)).map(
    lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
)


def score_requests() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy over documents ``score-request``."""
    return st.builds(
        lambda window, accounts: {
            "drs_version": "0.1",
            "window": f"w-{window}",
            "data": "test",
            "from": "2026-01-01T00:00:00Z",
            "to": "2026-01-08T00:00:00Z",
            "accounts": [
                {"account": f"a-{number}", **account} for number, account in enumerate(accounts)
            ],
        },
        _names(),
        st.lists(_accounts(), min_size=1, max_size=5),
    )


def _names() -> st.SearchStrategy[str]:
    return texts(_LETTERS, 1, 12)


def _accounts() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            # Many people share nothing with anybody.
            "links": st.just([])
            | st.lists(
                st.fixed_dictionaries({"kind": st.sampled_from(_KINDS), "value": _names()}),
                max_size=16,
            ),
            "requests": st.lists(_requests(), min_size=1, max_size=6).map(
                lambda requests: sorted(requests, key=lambda request: str(request["at"]))
            ),
        }
    )


def _requests() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"at": _MOMENTS, "prompt": odd_texts(80)},
        optional={
            "output_tokens": st.integers(0, 100_000),
            "asks_logprobs": st.booleans(),
            "asks_reasoning": st.booleans(),
        },
    )
