"""The suite as a library: one call probes an endpoint and returns the result."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.options import CLASSES, catalogue, selection_of, target_of
from drs_conformance.commands.run import conducted, launched, new_folder, new_ledger
from drs_conformance.profiles import CERTIFY, PROFILES
from drs_conformance.results.events import Event
from drs_conformance.selection import LEVELS

__all__ = ["UNREGISTERED", "probe"]

UNREGISTERED = tuple(name for name in PROFILES if name != CERTIFY)
"""Profiles that need no registration; a run for certification is made with ``drs run``."""


def probe(
    target: str | os.PathLike[str],
    *,
    profile: str = "smoke",
    level: str | None = None,
    classes: Sequence[str] = (),
    only: Sequence[str] = (),
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    max_requests: int | None = None,
    max_cost_usd: float | None = None,
    spec: str | None = None,
    hear: Callable[[Event], None] = lambda event: None,
) -> dict[str, Any]:
    """Probe the endpoint that a target file names, as ``drs run`` does with the same options.

    Returns a document of the schema ``result``; its ``exit_code`` is 0, 1 or 3. Every file of a run
    is written into the folder ``out``, which is new or empty (default: drs-results/TIME). ``hear``
    is given each event as it comes. One run at a time, and none inside a running event loop: there,
    call it with ``asyncio.to_thread``.

    Raises:
        UsageFault: an argument, the target file or the authorisation is wrong. Nothing was sent.
        JournalUnwritable: the journal could not be continued; there is no result.

    """
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise UsageFault(
            "expected no running event loop in this thread; call probe with asyncio.to_thread"
        )
    _expect("profile", profile, UNREGISTERED)
    if level is not None:
        _expect("level", level, LEVELS)
    for each in classes:
        _expect("class", each, CLASSES)
    options = argparse.Namespace(
        target=Path(target),
        profile=profile,
        level=level,
        classes=list(classes),
        only=",".join(only),
        seed=seed,
        max_requests=max_requests,
        max_cost=max_cost_usd,
    )
    standard = catalogue(spec)
    selection = selection_of(options, standard)
    found = target_of(options, standard)
    folder = new_folder(None if out is None else Path(out))
    with contextlib.ExitStack() as stack:
        found = launched(found, stack)
        ledger = new_ledger(found, standard, selection, folder)
        return conducted(ledger, folder, standard, hear)


def _expect(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageFault(f"expected a {what} of {', '.join(known)}, got {value!r}")
