"""A claim of conformance for people: one HTML page without scripts, a function of the claim."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from drs_conformance.reports.html_text import shown

__all__ = ["render_claim"]

_OUTCOMES = {
    "pass": "passes",
    "fail": "fails",
    "undecided": "not decided",
    "aborted": "aborted: it began and did not end",
    "not-begun": "never begun",
}
_STATUSES = {
    "inspect": "for inspection",
    "attest": "for attestation",
    "pending": "test not built yet",
    "not-run": "not selected",
}


def render_claim(claim: Mapping[str, Any]) -> str:
    """Return the page for a document of the schema ``conformance-claim``."""
    style = _read("html_report.css")
    return (
        _environment()
        .get_template("claim_page.html.j2")
        .render(
            claim=claim,
            outcomes=_OUTCOMES,
            statuses=_STATUSES,
            untested=sum(entry["verdict"] is None for entry in claim["requirements"]),
            style=Markup(style),
            style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
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
    environment.filters.update(shown=shown, day=lambda moment: moment[:10])
    return environment
