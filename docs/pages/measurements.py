"""What the benchmark of the decision engine measured, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drs_conformance.specification.catalogue import Catalogue

from pages.links import requirement_link

__all__ = ["decision_engine_parts", "measured_link", "origin", "table"]

_KNOWN = (
    *("design", "fixed:", "W₀:", "W₁:", "×W₀:", "×W₁:", "batch:", "×W₀ in batches:"),
    *("×W₀ in 32s:", "least in 32s:"),
    *("false FAIL:", "false PASS:", "nightly:"),
)
_SUITE = (
    *("requirement", "false FAIL:", "false PASS:", "no verdict:", "least:", "mean requests:"),
    *("cap:", "fixed:"),
)


def decision_engine_parts(
    document: Mapping[str, Any] | None, catalogue: Catalogue
) -> dict[str, str]:
    """Return what a page is filled with from a document of `make bench-statistics`."""
    if document is None:
        return {}
    suite = [_suite(row, catalogue) for row in document["suite"]]
    power = [_power(row, catalogue) for row in document["power"]]
    return {
        "decision-engine origin": origin(document, "decision_engine.json"),
        "decision-engine known": table(_KNOWN, map(_known, document["known"])),
        "decision-engine suite": table(_SUITE, suite),
        "decision-engine nights": _nights(document["nights"]["whole"]),
        "decision-engine power": table(("mutant", "requirement", "power:"), power),
    }


def origin(document: Mapping[str, Any], file: str) -> str:
    """Say where figures come from; ``file`` lies beside the page."""
    at = f" at commit `{document['commit']}`" if "commit" in document else ""
    where = "" if at else ", each with its commit"
    return (
        f"Measured by `{document['command']}`{at} on {document['machine']}; the figures are in "
        f"[{file}]({file}){where}.\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a column whose head ends in a colon holds numbers."""
    rule = ["--:" if head.endswith(":") else "---" for head in heads]
    lines = [[head.removesuffix(":") for head in heads], rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def measured_link(catalogue: Catalogue, identifier: str) -> str:
    """Return a link to a requirement, or its name where it was withdrawn since."""
    if identifier not in catalogue.by_id:
        return identifier
    return requirement_link(catalogue, identifier, "../standard/")


def _known(row: Mapping[str, Any]) -> list[str]:
    return [
        row["design"],
        f"{row['fixed']:,}",
        f"{row['wald_conforming']:,.0f}",
        f"{row['wald_violating']:,.0f}",
        f"{row['ratio_conforming']:.2f}",
        f"{row['ratio_violating']:.2f}",
        str(row["batch"]),
        f"{row['ratio_batch']:.2f}",
        f"{row['ratio_batch_32']:.2f}",
        f"{row['least_batch_32']:.2f}" if row["least_batch_32"] >= 1 else "",
        f"{row['false_fail']:.4f}",
        f"{row['false_pass']:.4f}",
        f"{row['nightly_fixed'] / row['nightly_mean']:.1f}",
    ]


def _suite(row: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    return [
        measured_link(catalogue, row["id"]) + (", not built yet" if row["pending"] else ""),
        f"{row['false_fail'] / row['alpha']:.2f}",
        f"{row['false_pass']:.3f}",
        f"{row['inconclusive']:.4f}",
        f"{row['least']:,.0f}",
        f"{row['requests']:,.0f}",
        f"{row['cap']:,}",
        f"{row['fixed']:,}",
    ]


def _nights(nights: Mapping[str, Any]) -> str:
    return (
        f"- over {nights['nights']:,} simulated nights, {nights['all_pass']:.2%} have a PASS from "
        f"all of the {nights['designs']} designs, and {nights['inconclusive']:.2%} one that comes "
        "to no verdict;\n"
        f"- a year of nightly runs has a false FAIL with probability "
        f"{nights['yearly_false_fail']:.2%};\n"
        f"- a night takes {nights['requests_mean']:,.0f} requests on average where the target only "
        f"just conforms, {nights['other_requests']:,} of them for checks without statistics;\n"
        f"- tests of fixed size take {nights['fixed']:,} where ours take "
        f"{nights['statistical_requests_mean']:,.0f}, which is {nights['saving']:.1f} times as "
        "many.\n"
    )


def _power(row: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    power = "not known" if row["power"] is None else f"{row['power']:.4f}"
    return [f"`{row['mutant']}`", measured_link(catalogue, row["requirement"]), power]
