"""A badge: level, verdict, date and expiry of a run, as SVG of our own and for shields.io.

It names nothing that a target wrote. What is not certified or not whole says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from drs_conformance.reports.headline import answer

__all__ = ["render_badge", "render_shields"]

# What passes and supports no claim is blue: only conformance is green.
_COLOURS = {"PASS": "#1f5fa8", "FAIL": "#b3261e", "UNDECIDED": "#8a6100"}
_CONFORMS = "#2a7d3f"
_CHARACTER, _PAD, _HEIGHT = 6.6, 8, 20
_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" \
aria-label="{whole}">
<title>{whole}</title>
<rect width="{width}" height="{height}" rx="3" fill="#444"/>
<path d="M{left} 0h{right_less}a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-{right_less}z" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{pad}" y="14" textLength="{label_length}">{label}</text>
<text x="{message_at}" y="14" textLength="{message_length}">{message}</text>
</g>
</svg>
"""


def render_badge(result: Mapping[str, Any]) -> str:
    """Return the badge of a document of the schema ``result`` as SVG."""
    label, message = _label(result), _message(result)
    label_length, message_length = round(len(label) * _CHARACTER), round(len(message) * _CHARACTER)
    left, right = label_length + 2 * _PAD, message_length + 2 * _PAD
    return _TEMPLATE.format(
        width=left + right,
        height=_HEIGHT,
        whole=escape(f"{label}: {message}"),
        left=left,
        right_less=right - 3,
        colour=_colour(result),
        pad=_PAD,
        label=escape(label),
        label_length=label_length,
        message_at=left + _PAD,
        message=escape(message),
        message_length=message_length,
    )


def render_shields(result: Mapping[str, Any]) -> str:
    """Return the badge as the JSON that shields.io reads from an endpoint (schema version 1)."""
    badge = {
        "schemaVersion": 1,
        "label": _label(result),
        "message": _message(result),
        "color": _colour(result).removeprefix("#"),
    }
    return json.dumps(badge, indent=2) + "\n"


def _colour(result: Mapping[str, Any]) -> str:
    return _CONFORMS if result["claim"]["supported"] else _COLOURS[answer(result)]


def _label(result: Mapping[str, Any]) -> str:
    return f"DRS {result['drs_version']} {result['selection']['level']}"


def _message(result: Mapping[str, Any]) -> str:
    count, waived = result["summary"]["verdicts"], result["summary"]["waived"]
    found = {
        "PASS": "conforms" if result["claim"]["supported"] else "passes",
        "FAIL": f"{count['fail'] - waived} fail",
        "UNDECIDED": "undecided",
    }[answer(result)]
    notes = [f"{waived} waived"] if waived else []
    if result["stopped"] is not None:
        notes.append("cut short")
    if result["selection"]["only"]:
        notes.append("in part")
    if not result["claim"]["supported"]:
        notes.append(f"not certified ({result['profile']} run)")
    dates = f"{result['ended_at'][:10]}, expires {result['trusted_until'][:10]}"
    return "; ".join([found, *notes, dates])
