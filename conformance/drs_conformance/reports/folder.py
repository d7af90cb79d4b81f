"""The folder of a run: which report lies where, and how each is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drs_conformance.ledger import JOURNAL_NAME, exchanges_of, read_journal
from drs_conformance.reports.exchange_view import ExchangeView, view_of
from drs_conformance.reports.html_report import render_html
from drs_conformance.reports.junit import render_junit
from drs_conformance.reports.markdown import render_markdown
from drs_conformance.results.result import result_bytes

__all__ = ["FORMATS", "RESULT_NAME", "read_exchanges", "write_reports"]

RESULT_NAME = "result.json"
Render = Callable[[Mapping[str, Any], Mapping[str, ExchangeView]], str]

FORMATS: Mapping[str, Render] = {
    "html": render_html,
    "junit": lambda result, _: render_junit(result),
    "markdown": lambda result, _: render_markdown(result),
}


def read_exchanges(folder: Path) -> dict[str, ExchangeView]:
    """Return the exchanges of the journal in ``folder`` by identifier."""
    records, _ = read_journal(folder / JOURNAL_NAME)
    return {exchange.id: view_of(exchange) for exchange in exchanges_of(records)}


def write_reports(folder: Path, result: Mapping[str, Any]) -> None:
    """Write ``result.json``, ``report.html`` and ``junit.xml``, each whole or not at all."""
    exchanges = read_exchanges(folder)
    _write(folder / RESULT_NAME, result_bytes(result))
    _write(folder / "report.html", render_html(result, exchanges).encode())
    _write(folder / "junit.xml", render_junit(result).encode())


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    os.replace(draft, path)
