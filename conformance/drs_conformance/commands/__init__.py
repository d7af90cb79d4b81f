"""The commands of ``drs``, one module each."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from drs_conformance.commands.budget import add_budget_command
from drs_conformance.commands.bundle import add_bundle_command
from drs_conformance.commands.claim import add_claim_command
from drs_conformance.commands.compare import add_compare_command
from drs_conformance.commands.plan import add_plan_command
from drs_conformance.commands.register import add_register_command
from drs_conformance.commands.replay import add_replay_command
from drs_conformance.commands.report import add_report_command
from drs_conformance.commands.resume import add_resume_command
from drs_conformance.commands.run import add_run_command
from drs_conformance.commands.verify import add_verify_command
from drs_conformance.commands.witness import add_witness_command
from drs_conformance.specification.commands import (
    add_catalogue_command,
    add_matrix_command,
    add_spec_command,
    add_validate_command,
)

__all__ = ["ADD_COMMANDS"]

Add = Callable[["argparse._SubParsersAction[Any]"], None]

ADD_COMMANDS: tuple[Add, ...] = (
    add_run_command,
    add_resume_command,
    add_plan_command,
    add_budget_command,
    add_replay_command,
    add_verify_command,
    add_report_command,
    add_compare_command,
    add_register_command,
    add_witness_command,
    add_claim_command,
    add_bundle_command,
    add_catalogue_command,
    add_spec_command,
    add_validate_command,
    add_matrix_command,
)
