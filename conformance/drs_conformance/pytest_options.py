"""What pytest loads wherever the suite is installed: options, and nothing else without them.

``pytest --drs-target FILE`` runs the checks as items of that session. Imports stand inside
functions, because every session of pytest loads this module.
"""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, which are those of ``drs run``."""
    group = parser.getgroup("drs", "Distillation-Resistance Standard")
    group.addoption("--drs-target", type=Path, metavar="FILE", help="probe the target of this file")
    group.addoption("--drs-profile", choices=("smoke", "full"), help="how much (default: smoke)")
    group.addoption("--drs-level", choices=("L1", "L2", "L3"), help="default: as declared")
    group.addoption("--drs-only", metavar="ID,...", help="these and what they depend on")
    group.addoption("--drs-out", type=Path, metavar="DIR", help="default: drs-results/TIME")
    group.addoption("--drs-seed", type=int, metavar="N", help="seed of the generated examples")
    group.addoption("--drs-max-requests", type=int, metavar="N", help="send at most N requests")
    group.addoption("--drs-max-cost", type=float, metavar="USD", help="spend at most USD")


def pytest_configure(config: pytest.Config) -> None:
    """Take the session over when a target is named; an option without one is a mistake."""
    if config.option.drs_target is not None:
        from drs_conformance.pytest_session import take_over

        take_over(config)
        return
    for name, value in vars(config.option).items():
        if name.startswith("drs_") and value is not None:
            option = f"--{name.replace('_', '-')}"
            raise pytest.UsageError(f"expected --drs-target FILE beside {option}, got none")
