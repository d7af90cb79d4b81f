"""What whole runs found of each mutant, by strength."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drs_conformance.specification.catalogue import Catalogue

from pages.measurements import measured_link, origin, table
from pages.svg import figure, label

__all__ = ["operating_parts"]

_STRENGTHS = ("weak", "middle", "strong")
_LEFT, _WIDE, _ROW, _RIGHT, _TOP = 64, 360, 26, 150, 6
_FULL = "full:"
_FEW = "@rare"
_PATTERNS = {
    "fail": '<rect class="figure" width="3" height="8"/>',
    "open": '<circle class="figure" cx="4" cy="4" r="2"/>',
    "pass": "",
}


def operating_parts(
    document: Mapping[str, Any] | None,
    catalogue: Catalogue,
    engine: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Return what a page is filled with from a table of `make bench-operating`.

    ``engine`` is the document of `make bench-statistics`.
    """
    if document is None:
        return {}
    cells: Mapping[str, Mapping[str, Any]] = document["cells"]
    full = [
        [
            f"`{name.removeprefix(_FULL)}`",
            ", ".join(measured_link(catalogue, identifier) for identifier in cell["fails"]),
            ", ".join(measured_link(catalogue, identifier) for identifier in cell["open"]),
            f"{cell['requests'][0]:,}",
        ]
        for name, cell in cells.items()
        if name.startswith(_FULL)
    ]
    few = [
        [
            f"`{name.removesuffix(_FEW)}`",
            measured_link(catalogue, identifier),
            f"{cell['fails'].get(identifier, 0)} of {len(cell['seeds'])}",
        ]
        for name, cell in cells.items()
        if name.endswith(_FEW)
        for identifier in cell["only"]
    ]
    return {
        "operating origin": origin(document, "operating.json"),
        "operating reference": _reference(cells["reference"], engine)
        if "reference" in cells
        else "",
        "operating strengths": _patterns() + "".join(_graded(cells, catalogue)),
        "operating few": table(("mutant", "requirement", "found in"), few),
        "operating full": table(("mutant", "fails", "no verdict", "requests:"), full),
    }


def _reference(cell: Mapping[str, Any], engine: Mapping[str, Any] | None) -> str:
    runs, requests = len(cell["seeds"]), cell["requests"]
    verdicts = ", ".join(f"{count:,} {verdict}" for verdict, count in cell["verdicts"].items())
    mean = sum(requests) / runs
    said = f"{runs} runs: {verdicts}. {mean:,.0f} requests on average, {max(requests):,} at most.\n"
    if engine is None:
        return said
    nights = engine["nights"]["whole"]
    fixed = nights["fixed"] + nights["other_requests"]
    return (
        f"{said}With tests of fixed size a run would send {fixed:,}, {fixed / mean:.1f} times as "
        "many.\n"
    )


def _graded(cells: Mapping[str, Mapping[str, Any]], catalogue: Catalogue) -> Iterator[str]:
    graded = [name for name in cells if "@" in name and not name.endswith(_FEW)]
    for mutant in dict.fromkeys(name.partition("@")[0] for name in graded):
        strengths = {s: cells[f"{mutant}@{s}"] for s in _STRENGTHS if f"{mutant}@{s}" in cells}
        for identifier in next(iter(strengths.values()))["only"]:
            yield f"\n`{mutant}`, {measured_link(catalogue, identifier)}\n\n"
            yield _picture(mutant, identifier, strengths)


def _picture(mutant: str, identifier: str, strengths: Mapping[str, Mapping[str, Any]]) -> str:
    parts, said = [], []
    for number, (strength, cell) in enumerate(strengths.items()):
        runs = len(cell["seeds"])
        fails, undecided = (cell[name].get(identifier, 0) for name in ("fails", "open"))
        shares = {"fail": fails, "open": undecided, "pass": runs - fails - undecided}
        top, at = _TOP + number * _ROW, float(_LEFT)
        parts.append(label((_LEFT - 8, top + 15), strength, "end"))
        for kind, count in shares.items():
            width = _WIDE * count / runs
            if count:
                parts.append(
                    f'<rect class="share" fill="url(#share-{kind})" x="{at:g}" y="{top}" '
                    f'width="{width:g}" height="{_ROW - 6}"/>'
                )
            at += width
        words = f"{fails} of {runs} fail" + (f", {undecided} open" if undecided else "")
        parts.append(label((_LEFT + _WIDE + 10, top + 15), words))
        said.append(f"{strength}: {words}")
    return figure(
        f"{mutant}-{identifier}",
        f"Verdicts on {identifier} at each strength of {mutant}",
        "; ".join(said) + ".",
        (_LEFT + _WIDE + _RIGHT, _TOP + _ROW * len(strengths)),
        parts,
    )


def _patterns() -> str:
    patterns = "".join(
        f'<pattern id="share-{kind}" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect class="ground {kind}" width="8" height="8"/>{figure}'
        "</pattern>\n"
        for kind, figure in _PATTERNS.items()
    )
    return (
        '<svg class="shares" width="0" height="0" aria-hidden="true"><defs>\n'
        f"{patterns}</defs></svg>\n"
    )
