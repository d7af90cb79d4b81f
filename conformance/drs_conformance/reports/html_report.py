"""The report for people: one HTML file without scripts, and nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from drs_conformance.reports.exchange_view import ExchangeView
from drs_conformance.reports.headline import answer, in_chapters, registered, tested, with_verdict
from drs_conformance.reports.html_findings import answer_of, credentials, steps
from drs_conformance.reports.html_text import body, prose, shown
from drs_conformance.reports.picture_operating import operating_picture
from drs_conformance.reports.picture_process import process_picture
from drs_conformance.reports.picture_spending import spending_picture
from drs_conformance.reports.picture_verdicts import BAR_WIDTH, MARKS, segments
from drs_conformance.reports.root_causes import CAUSES_SHOWN, causes, findings, reading

__all__ = ["render_html"]

_UNTESTED = ("inspect", "attest", "pending", "not-run")


def render_html(result: Mapping[str, Any], exchanges: Mapping[str, ExchangeView]) -> str:
    """Return the page for a document of the schema ``result`` and the exchanges of its journal.

    What the target wrote is shown as text, whatever it holds. An exchange that a requirement
    names and ``exchanges`` lacks is said to be missing.
    """
    style = _read("html_report.css")
    requirements = result["requirements"]
    return (
        _environment()
        .get_template("html_report.html.j2")
        .render(
            result=result,
            word=answer(result),
            registered=registered(result),
            answer=answer_of(result),
            # No text of a result gets into the style, so that its digest can be relied on.
            style=Markup(style),
            style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            causes=causes(result),
            CAUSES_SHOWN=CAUSES_SHOWN,
            holding=in_chapters(with_verdict(result, "pass")),
            failures=findings(result, "fail"),
            undecided=findings(result, "harness-error", "untestable", "inconclusive"),
            chapters=in_chapters(tested(result)),
            untested={
                status: [entry for entry in requirements if entry["status"] == status]
                for status in _UNTESTED
            },
            by_id={entry["id"]: entry for entry in requirements},
            exchanges=exchanges,
            spent=spending_picture(tested(result)),
            segments=segments(result["summary"]["verdicts"]),
            bar_width=BAR_WIDTH,
            marks=MARKS,
        )
    )


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
    environment.filters.update(
        body=body,
        operating_picture=operating_picture,
        process_picture=process_picture,
        credentials=credentials,
        moment=_moment,
        prose=prose,
        reading=reading,
        shown=shown,
        steps=steps,
    )
    return environment


def _moment(timestamp: str) -> str:
    """Return a timestamp of RFC 3339 in UTC to the second, as people read it."""
    return f"{timestamp[:10]} {timestamp[11:19]} UTC"
