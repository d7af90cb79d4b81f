"""``drs budget``: split a year's probability of a false FAIL over its runs, beforehand."""

from __future__ import annotations

import argparse
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_conformance.commands.errors import UsageFault
from drs_conformance.profiles import CERTIFY, RUN_ALPHA
from drs_conformance.statistics.alpha_budget import AlphaBudget, BudgetError

__all__ = ["add_alpha_budget", "add_budget_command", "leased", "refuse_budget"]


def add_budget_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs budget``."""
    parser = subparsers.add_parser(
        "budget",
        help="make the alpha budget of a year of nightly runs; sends nothing",
        description="Write a file from which each `drs run --alpha-budget FILE` takes its share "
        "of the probability that a conforming endpoint fails in any run of the year.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="file to write; not there yet")
    parser.add_argument(
        "--alpha", type=float, default=0.01, help="probability of the year (default: %(default)s)"
    )
    parser.add_argument(
        "--runs", type=int, default=365, metavar="N", help="runs of the year (default: %(default)s)"
    )
    parser.set_defaults(handler=_budget)


def add_alpha_budget(parser: argparse.ArgumentParser) -> None:
    """Add ``--alpha-budget``."""
    parser.add_argument(
        "--alpha-budget",
        type=Path,
        metavar="FILE",
        help="take this run's share of alpha from the budget that `drs budget` made "
        "(default: 1%% over 365 runs, on trust)",
    )


def refuse_budget(options: argparse.Namespace) -> None:
    """Refuse a budget where alpha is settled otherwise."""
    if options.alpha_budget is not None and options.profile == CERTIFY:
        raise UsageFault(f"--profile {CERTIFY} has an alpha of its own; leave --alpha-budget out")


def leased(budget: Path | None) -> dict[str, Any]:
    """Return what the journal's header says of alpha; the share is taken for good."""
    if budget is None:
        return {"alpha": RUN_ALPHA, "alpha_lease": None}
    try:
        lease = AlphaBudget(budget).lease(
            f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        )
    except (BudgetError, OSError) as error:
        raise UsageFault(f"{error}; nothing was sent") from error
    return {"alpha": lease.alpha, "alpha_lease": lease.run}


def _budget(options: argparse.Namespace) -> int:
    try:
        AlphaBudget.create(options.file, options.alpha, options.runs)
    except (BudgetError, OSError) as error:
        raise UsageFault(str(error)) from error
    print(f"{options.file} holds {options.alpha:g} for {options.runs} runs. Nothing was sent.")
    if options.alpha / options.runs < RUN_ALPHA:
        print("The caps of the standard are planned for larger shares: more may stay inconclusive.")
    return 0
