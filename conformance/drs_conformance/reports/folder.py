"""The folder of a run: which report lies where, and how each is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from drs_conformance.certification.documents import document_text
from drs_conformance.checks.declaration import Declaration
from drs_conformance.ledger import JOURNAL_NAME, Exchange, JournalScan
from drs_conformance.reports.badge import render_badge, render_shields
from drs_conformance.reports.exchange_view import ExchangeView, view_of
from drs_conformance.reports.html_report import render_html
from drs_conformance.reports.html_text import BODY_SHOWN
from drs_conformance.reports.in_toto import render_in_toto
from drs_conformance.reports.junit import render_junit
from drs_conformance.reports.markdown import render_markdown
from drs_conformance.reports.oscal import oscal_catalogue, oscal_plan, oscal_results, oscal_text
from drs_conformance.results.result import result_bytes
from drs_conformance.specification.catalogue import installed_catalogue

__all__ = [
    "DECLARATION_NAME",
    "FORMATS",
    "REGISTRATION_NAME",
    "RESULT_NAME",
    "contents",
    "declaration_of",
    "read_exchanges",
    "write_reports",
]

RESULT_NAME = "result.json"
DECLARATION_NAME = "declaration.json"
REGISTRATION_NAME = "registration.json"
WHOLE_BODY_BYTES = 100_000
Exchanges = Mapping[str, Exchange]
Render = Callable[[Mapping[str, Any], Exchanges], str]


def declaration_of(exchanges: Exchanges) -> bytes:
    """Return the body of the declaration as the endpoint served it; empty if it served none."""
    for exchange in exchanges.values():
        if exchange.request.path == Declaration.PATH and exchange.status == 200:
            return exchange.body
    return b""


def _html(result: Mapping[str, Any], exchanges: Exchanges) -> str:
    views: dict[str, ExchangeView] = {name: view_of(each) for name, each in exchanges.items()}
    return render_html(result, views)


FORMATS: Mapping[str, Render] = {
    "html": _html,
    "junit": lambda result, _: render_junit(result),
    "markdown": lambda result, _: render_markdown(result),
    "oscal": lambda result, _: oscal_text(oscal_results(result)),
    "badge": lambda result, _: render_badge(result),
    "shields": lambda result, _: render_shields(result),
    "intoto": lambda result, exchanges: render_in_toto(result, declaration_of(exchanges)),
}


def read_exchanges(folder: Path, result: Mapping[str, Any]) -> dict[str, Exchange]:
    """Return by identifier what reports and claims need of the journal in ``folder``.

    Those are the exchanges that the result points at, those of the declaration, and the first that
    was answered on each path.
    """
    outcomes = (entry["outcome"] for entry in result["requirements"])
    shown = {name for outcome in outcomes if outcome is not None for name in outcome["evidence"]}
    paths: set[str] = set()
    kept: dict[str, Exchange] = {}
    for exchange in JournalScan(folder / JOURNAL_NAME).exchanges():
        path = exchange.request.path.partition("?")[0]
        is_first = exchange.status is not None and path not in paths
        if exchange.id in shown or is_first or path == Declaration.PATH:
            kept[exchange.id] = exchange if path == Declaration.PATH else _cut(exchange)
        if is_first:
            paths.add(path)
    return kept


def _cut(exchange: Exchange) -> Exchange:
    """Return an exchange whose body, if it is long, is the part that reports show, and a note.

    A result can point at a thousand exchanges, and each body can have four megabytes.
    """
    if len(exchange.body) <= WHOLE_BODY_BYTES:
        return exchange
    note = f" ... (cut off; the journal has all {len(exchange.body)} bytes)"
    begin = exchange.body[: BODY_SHOWN - len(note)].decode("utf-8", "ignore")
    return replace(exchange, body=(begin + note).encode())


def contents(result: Mapping[str, Any], exchanges: Exchanges) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file that follows from the result and the journal."""
    yield RESULT_NAME, result_bytes(result)
    yield DECLARATION_NAME, declaration_of(exchanges)
    for name, form in (("report.html", "html"), ("junit.xml", "junit"), ("intoto.json", "intoto")):
        yield name, FORMATS[form](result, exchanges).encode()
    catalogue = oscal_catalogue(installed_catalogue(result["drs_version"]), result["started_at"])
    if result["registration"] is not None:
        yield REGISTRATION_NAME, document_text(result["registration"]).encode()
    yield "oscal/catalog.json", oscal_text(catalogue).encode()
    yield "oscal/assessment-plan.json", oscal_text(oscal_plan(result)).encode()
    yield "oscal/assessment-results.json", oscal_text(oscal_results(result)).encode()


def write_reports(folder: Path, result: Mapping[str, Any]) -> None:
    """Write every file of :func:`contents`, each whole or not at all."""
    for name, content in contents(result, read_exchanges(folder, result)):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        draft.write_bytes(content)
        os.replace(draft, path)
