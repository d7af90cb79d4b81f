"""``drs plan``: what a run would do. Sends nothing."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drs_conformance.commands.options import (
    add_selection,
    add_target,
    catalogue,
    selection_of,
    target_of,
)
from drs_conformance.dialects import Dialect, dialect
from drs_conformance.profiles import PROFILES, requests_expected
from drs_conformance.selection import choose, in_order
from drs_conformance.target import Target

__all__ = ["add_plan_command"]


def add_plan_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs plan``."""
    parser = subparsers.add_parser(
        "plan",
        help="say what a run would send; sends nothing",
        description="Check the target file and its authorisation and list what a run would test.",
    )
    add_target(parser)
    add_selection(parser)
    parser.set_defaults(handler=_plan)


def _plan(options: argparse.Namespace) -> int:
    standard = catalogue(options.spec)
    selection = selection_of(options, standard)
    target = target_of(options, standard)
    # What the declaration says is not known before the first request, so the most is planned.
    choices = choose(
        standard,
        selection.level or "L3",
        selection.classes or _classes(target),
        selection.only,
    )
    selected = in_order(choices)
    console = Console(highlight=False)
    budget, bounds = target.budget, target.authorisation.bounds
    expected = requests_expected(
        PROFILES[selection.profile], [item.design for item in selected if item.design is not None]
    )
    console.print(
        f"A run would test {len(selected)} requirements at {escape(target.root)}, with about "
        f"{expected} requests and never more than {budget.max_requests}."
    )
    console.print(
        f"Budget: {budget.max_requests} requests, {budget.max_output_tokens} output tokens, "
        f"{budget.max_cost_usd:.2f} USD, {budget.max_concurrency} at a time; authorised until "
        f"{target.authorisation.expires_at:%Y-%m-%d} by "
        f"{escape(target.authorisation.issued_by)} for at most {bounds.max_requests} requests, "
        f"{bounds.max_output_tokens} output tokens, {bounds.max_cost_usd:.2f} USD, "
        f"{bounds.max_concurrency} at a time."
    )
    if target.hub is None:
        console.print(_said_of(dialect(target.dialect, target.description)))
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "level", "title", "status"):
        table.add_column(heading)
    for choice in choices:
        item = choice.requirement
        status = choice.reason or choice.status
        table.add_row(item.id, item.level, item.title, status)
    console.print(table)
    if expected > budget.max_requests:
        console.print(
            f"The budget is below what the profile {selection.profile} needs; what does not fit "
            "will be inconclusive."
        )
    console.print("Nothing was sent.")
    return 0


def _classes(target: Target) -> tuple[str, ...]:
    """Return the classes that a target file can be about."""
    if target.hub is not None:
        return ("hub",)
    return ("provider",) if target.trust_group is None else ("provider", "participant")


def _said_of(spoken: Dialect) -> str:
    lacking = spoken.abilities.lacks()
    if not lacking:
        return f"Dialect: {spoken.name}, which can ask for all that the standard looks at."
    return (
        f"Dialect: {spoken.name}, which has no {', no '.join(lacking)}. What needs one of these is "
        "not applicable."
    )
