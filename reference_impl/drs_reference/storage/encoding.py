"""Accounts, cases and appeals as JSON rows and back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from drs_reference.eligibility.facts import Facts
from drs_reference.response.appeals import Appeal
from drs_reference.response.cases import Case
from drs_reference.response.ladder import Position, Transition
from drs_reference.response.measures import Measure
from drs_reference.response.notices import Notice
from drs_reference.response.procedure import Account, View
from drs_reference.timestamps import from_rfc3339, rfc3339


def encode(row: Account | Case | Appeal) -> str:
    """JSON text of a row; the open case of an account stands in its own row."""
    return json.dumps(_plain(row), ensure_ascii=True, sort_keys=True)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Account):
        fields: dict[str, Any] = {name: _plain(getattr(value, name)) for name in value.__slots__}
        return {**fields, "case": value.case.id if value.case else None}
    if hasattr(value, "__slots__") and not isinstance(value, (str, int)):
        return {name: _plain(getattr(value, name)) for name in value.__slots__}
    return value


def _time(text: str | None) -> datetime | None:
    return None if text is None else from_rfc3339(text)


def _measures(rows: list[dict[str, Any]]) -> tuple[Measure, ...]:
    return tuple(Measure(row["kind"], from_rfc3339(row["since"])) for row in rows)


def open_case_of(text: str) -> str | None:
    """Identifier of the open case in an account's row."""
    case: str | None = json.loads(text)["case"]
    return case


def decode_account(text: str, case: Case | None) -> Account:
    """An account from its row and the row of its open case."""
    row = json.loads(text)
    position, told = row["position"], row["told"]
    return Account(
        id=row["id"],
        persona=row["persona"],
        held_in=row["held_in"],
        position=Position(
            position["state"],
            from_rfc3339(position["since"]),
            from_rfc3339(position["waits_from"]),
        ),
        shown_since=from_rfc3339(row["shown_since"]),
        measures=_measures(row["measures"]),
        told=None
        if told is None
        else View(
            told["state"],
            from_rfc3339(told["since"]),
            _measures(told["measures"]),
            _time(told["review_at"]),
        ),
        case=case,
        clock_offset_s=row["clock_offset_s"],
        # Rows that were written before there was eligibility have no facts.
        facts=None if row.get("facts") is None else Facts.of(row["facts"]),
    )


def decode_case(text: str) -> Case:
    """A case from its row."""
    row = json.loads(text)
    return Case(
        id=row["id"],
        account=row["account"],
        opened_at=from_rfc3339(row["opened_at"]),
        transitions=tuple(
            Transition(
                item["source"],
                item["target"],
                item["on"],
                tuple(item["evidence"]),
                tuple(item["approvals"]),
                from_rfc3339(item["at"]),
            )
            for item in row["transitions"]
        ),
        notices=tuple(
            Notice(
                item["state"],
                item["mode"],
                from_rfc3339(item["due_at"]),
                _time(item["given_at"]),
            )
            for item in row["notices"]
        ),
        appeals=tuple(row["appeals"]),
    )


def decode_appeal(text: str) -> Appeal:
    """An appeal from its row."""
    row = json.loads(text)
    for name in ("received_at", "decide_by"):
        row[name] = from_rfc3339(row[name])
    return Appeal(**row)
