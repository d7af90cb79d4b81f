"""The report for people: one HTML file without scripts, and nothing loaded from anywhere."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from drs_conformance.reports.exchange_view import ExchangeView
from drs_conformance.reports.headline import (
    answer,
    blocked,
    headline,
    in_chapters,
    tested,
    with_verdict,
)
from drs_conformance.reports.plain_text import visible
from drs_conformance.verdicts import SEVERITY

__all__ = ["render_html"]

BODY_SHOWN = 4000
"""Characters of a request or response that are shown."""

_LETTERS = {
    "pass": "P",
    "fail": "F",
    "harness-error": "H",
    "untestable": "U",
    "inconclusive": "I",
    "not-applicable": "–",
}
_BAR_WIDTH = 1000


def render_html(result: Mapping[str, Any], exchanges: Mapping[str, ExchangeView]) -> str:
    """Return the report. Texts that the target wrote are shown as text, whatever they hold."""
    style = _read("report.css")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            answer=answer(result),
            headline=headline(result),
            style=Markup(style),
            style_hash=_hash(style),
            chapters=in_chapters(tested(result)),
            failures=with_verdict(result, "fail"),
            undecided=with_verdict(result, "harness-error", "untestable", "inconclusive"),
            blocked={e["id"]: blocked(result, e["id"]) for e in tested(result)},
            untested={
                status: [e for e in result["requirements"] if e["status"] == status]
                for status in ("inspect", "attest", "pending", "not-run")
            },
            exchanges=exchanges,
            bar=_bar(result),
            letters=_LETTERS,
        )
    )


def _bar(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the segments of the stacked bar, from the worst verdict to the best."""
    counts = result["summary"]["verdicts"]
    total = sum(counts.values()) or 1
    segments, at = [], 0.0
    for verdict in SEVERITY:
        width = counts[verdict] / total * _BAR_WIDTH
        if width:
            segments.append({"verdict": verdict, "count": counts[verdict], "x": at, "width": width})
        at += width
    return segments


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _body(text: str) -> str:
    """Return a body as it is shown: JSON indented, cut where it is long."""
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return visible(text, BODY_SHOWN)


@cache
def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(seen=visible, body=_body)
    return environment
