"""What the benchmark of provenance measured, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.measurements import origin, table

__all__ = ["provenance_parts"]

_RATES = ("0.5", "0.1", "0.01", "0.001", "1e-06")
_CLAIMS = ("0.001", "1e-06")


def provenance_parts(document: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what a page is filled with from a document of `make bench-provenance`."""
    if document is None:
        return {}
    below = [f"p ≤ {rate}:" for rate in _RATES]
    claims = [f"recognised at {rate}:" for rate in _CLAIMS]
    kinds = [
        [name, kind, *_distribution(row)]
        for name, found in document["clean"].items()
        for kind, row in found["kinds"].items()
    ]
    own = [
        [name, count, *_recognised(row)]
        for name, sizes in document["own"].items()
        for count, row in sizes.items()
    ]
    return {
        "provenance origin": origin(document, "provenance.json"),
        "provenance clean": table(
            ("mechanism", "corpora:", "trials:", *below, "excluded:"),
            (
                [name, str(row["corpora"]), *_distribution(row), _excluded(row)]
                for name, row in document["clean"].items()
            ),
        ),
        "provenance kinds": table(("mechanism", "corpora", "trials:", *below), kinds),
        "provenance clean-students": table(
            ("mechanism, seen through", "students:", "trials:", *below, "excluded:"),
            (
                [name, str(row["students"]), *_distribution(row), _excluded(row)]
                for name, row in document["clean_students"].items()
            ),
        ),
        "provenance own": table(
            ("mechanism", "answers:", "corpora:", *claims, "median p:"),
            own,
        ),
        "provenance marked-students": table(
            ("mechanism, seen through", "students:", *claims, "median p:"),
            ([name, *_recognised(row)] for name, row in document["marked_students"].items()),
        ),
    }


def _distribution(row: Mapping[str, Any]) -> list[str]:
    shares = (row["at_most"][rate] / row["trials"] for rate in _RATES)
    return [f"{row['trials']:,}", *(f"{share:.4f}" for share in shares)]


def _excluded(row: Mapping[str, Any]) -> str:
    return f"{row['excluded']['0.001']:.1e}"


def _recognised(row: Mapping[str, Any]) -> list[str]:
    shares = (f"{row['recognised'][rate] / row['corpora']:.0%}" for rate in _CLAIMS)
    return [str(row["corpora"]), *shares, f"{row['median_p']:.0e}"]
