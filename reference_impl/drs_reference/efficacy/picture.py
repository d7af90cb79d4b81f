"""The picture of a card: scores of students by samples, with and without the mechanism."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

__all__ = ["learning_curves"]

_LEFT, _TOP, _WIDE, _HIGH, _RIGHT, _BELOW = 52, 16, 360, 220, 170, 44
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.axis{stroke:#888}"
    ".undefended{stroke:#0b6;fill:#0b6}.passive{stroke:#c30;fill:#c30}.adaptive{stroke:#06c;fill:#06c}.curve{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)
_SHAPES = {
    "undefended": '<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>',
    "passive": '<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="8" height="8"/>',
    "adaptive": '<path class="{kind}" d="M{x:.1f} {top:.1f}l5 9h-10z"/>',
}


def learning_curves(card: Mapping[str, Any], title: str) -> str:
    """An SVG document of the runs of a card; each run is a mark, undefended means are joined."""
    strongest = next(one for one in card["adaptive"] if one["attack"] == card["strongest"])
    groups = {
        "undefended": card["undefended"],
        "passive": card["passive"],
        "adaptive": strongest["arms"],
    }
    words = {
        "undefended": "no mechanism",
        "passive": "mechanism, as it came",
        "adaptive": f"mechanism, {card['strongest']}",
    }
    sizes = [arm["samples"] for arms in groups.values() for arm in arms]
    low, high = math.log(min(sizes)), math.log(max(sizes))

    def x(samples: int) -> float:
        share = (math.log(samples) - low) / (high - low) if high > low else 0.5
        return _LEFT + 12 + share * (_WIDE - 24)

    def y(score: float) -> float:
        return _TOP + (1 - score) * _HIGH

    parts = [
        f'<path class="axis" fill="none" d="M{_LEFT} {_TOP}V{_TOP + _HIGH}H{_LEFT + _WIDE}"/>',
        *(
            f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.0%}</text>'
            for tick in (0, 0.25, 0.5, 0.75, 1)
        ),
        *(
            f'<text x="{x(size):.1f}" y="{_TOP + _HIGH + 18}" text-anchor="middle">{size:,}</text>'
            for size in sorted(set(sizes))
        ),
        f'<text x="{_LEFT + _WIDE / 2}" y="{_TOP + _HIGH + 38}" text-anchor="middle">'
        "harvested answers</text>",
        f'<path class="axis" stroke-dasharray="4 4" d="M{_LEFT} {y(card["floor"]):.1f}h{_WIDE}"/>',
    ]
    means = [f"{x(arm['samples']):.1f},{y(_mean(arm)):.1f}" for arm in card["undefended"]]
    parts.append(f'<polyline class="undefended curve" points="{" ".join(means)}"/>')
    for number, (kind, arms) in enumerate(groups.items()):
        marks = [(x(arm["samples"]), y(run["score"])) for arm in arms for run in arm["runs"]]
        legend = (_LEFT + _WIDE + 14.0, _TOP + 12.0 + 22 * number)
        parts += [
            _SHAPES[kind].format(kind=kind, x=a, y=b, left=a - 4, top=b - 4)
            for a, b in (*marks, legend)
        ]
        parts.append(f'<text x="{legend[0] + 10}" y="{legend[1] + 4}">{escape(words[kind])}</text>')
    size = f"{_LEFT + _WIDE + _RIGHT} {_TOP + _HIGH + _BELOW}"
    said = "; ".join(
        f"{words[kind]}: " + ", ".join(f"{arm['samples']:,} {_mean(arm):.0%}" for arm in arms)
        for kind, arms in groups.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(said)}</desc>\n<style>{_STYLE}</style>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _mean(arm: Mapping[str, Any]) -> float:
    return float(sum(run["score"] for run in arm["runs"]) / len(arm["runs"]))
