"""What the benchmark of output perturbation measured, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pages.measurements import origin, table

__all__ = ["perturbation_parts"]

_VIEWS = ("one key", "over keys")
_OBSERVERS = ("key-holder", "keyless, one key", "keyless, over keys")
_CHANGES = ("facts", "code", "JSON", "arguments", "refusals", "numbers")


def perturbation_parts(document: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what a page is filled with from a document of `make bench-perturbation`."""
    if document is None:
        return {}
    budgets, invariants = document["budgets"], document["invariants"]
    kinds = tuple(invariants[0]["right"])
    return {
        "perturbation origin": origin(document, "perturbation.json"),
        "perturbation budgets": table(
            ("mechanism", "expectation", "declared:", "exact:", "sampled:"),
            [_divergence(row, view) for row in budgets for view in _VIEWS],
        ),
        "perturbation observers": table(
            (
                "mechanism",
                "observer",
                "declared:",
                "advantage:",
                *map("AUC {}:".format, _sizes(budgets)),
            ),
            [_observer(row, observer) for row in budgets for observer in _OBSERVERS],
        ),
        "perturbation utility": table(
            ("mechanism", *(f"{kind}:" for kind in kinds), "lost, points:"),
            [_right(row, kinds) for row in invariants],
        ),
        "perturbation invariants": table(
            ("mechanism", "responses:", *(f"{change}:" for change in _CHANGES)),
            [
                [
                    _name(row),
                    f"{row['responses']:,}",
                    *(str(row["changed"][change]) for change in _CHANGES),
                ]
                for row in invariants
            ],
        ),
        "perturbation votes": table(
            ("mechanism", "prompts:", "single:", "majority of nine:"),
            [
                [_name(row), f"{row['prompts']:,}", f"{row['single']:.3f}", f"{row['voted']:.3f}"]
                for row in document["votes"]
            ],
        ),
    }


def _name(row: Mapping[str, Any]) -> str:
    return f"`{row['mechanism']}`"


def _sizes(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(rows[0]["key-holder"]["auc"])


def _divergence(row: Mapping[str, Any], view: str) -> list[str]:
    found = (f"{one['mean']:.4f} ± {one['error']:.4f}" for one in row[view].values())
    return [_name(row), view, f"{row['declared']['divergence_nats_per_response']:g}", *found]


def _observer(row: Mapping[str, Any], observer: str) -> list[str]:
    declared, found = row["declared"], row[observer]
    bound = observer != "key-holder" or observer in declared["panel"]
    advantage = found["advantage"]
    return [
        _name(row),
        observer,
        f"{declared['single_response_advantage']:g}" if bound else "",
        f"{advantage['mean']:.3f} ± {advantage['error']:.3f}",
        *(f"{value:.3f}" for value in found["auc"].values()),
    ]


def _right(row: Mapping[str, Any], kinds: Sequence[str]) -> list[str]:
    every = row["right"]
    asked, clean, perturbed = (
        sum(every[kind][key] for kind in kinds) for key in ("asked", "clean", "perturbed")
    )
    shares = (
        f"{every[kind]['perturbed'] / every[kind]['asked']:.1%} of "
        f"{every[kind]['clean'] / every[kind]['asked']:.1%}"
        for kind in kinds
    )
    return [_name(row), *shares, f"{100 * (clean - perturbed) / asked:.2f}"]
