"""How an operator throws the kill switch of a server that runs: by a file beside its storage.

The server holds its storage alone, so an order lies in a file of its own until it is carried out.
Whoever may write there may also change the storage; the file is as private as that.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from drs_reference.perturbation.kill_switch import KillSwitch
from drs_reference.storage.base import StorageError
from drs_reference.storage.sqlite import SqliteStorage

__all__ = ["carry_out", "give", "watch"]

log = logging.getLogger(__name__)
EVERY_S = 0.25
PATIENCE_S = 10.0


def _path(storage: Path) -> Path:
    return storage.with_name(storage.name + ".perturbation-order")


def give(storage: Path, off: bool, approvals: Sequence[str]) -> None:
    """Leave an order and return when it is carried out: by the server, else, if none runs, here.

    Raises ``StorageError`` if there is no such storage, or if nobody carries it out in time.
    """
    if not storage.is_file():
        raise StorageError(f"there is no storage at {storage}; name the one that the server uses")
    path = _path(storage)
    _write(path, json.dumps({"off": off, "approvals": list(approvals)}))
    deadline = time.monotonic() + PATIENCE_S
    while path.exists():
        if time.monotonic() > deadline:
            raise StorageError(
                f"the server that holds {storage} did not carry out the order in {PATIENCE_S:g} s; "
                "it does when it answers again or is started anew"
            )
        try:
            with contextlib.closing(SqliteStorage(storage)) as own:
                carry_out(storage, KillSwitch(own))
        except StorageError:
            # A server has the storage, and will look for orders.
            time.sleep(EVERY_S / 5)


def carry_out(storage: Path, switch: KillSwitch) -> None:
    """Carry out the order that waits beside a storage, if there is one."""
    path = _path(storage)
    try:
        order = json.loads(path.read_text("utf-8"))
        switch.throw(order["off"] is not False, order["approvals"])
        log.warning("perturbation is %s by order", "off" if switch.off else "on")
    except FileNotFoundError:
        return
    except (ValueError, TypeError, KeyError) as error:
        log.error("%s holds no order: %r", path.name, error)
    path.unlink(missing_ok=True)


def watch(storage: Path, switch: KillSwitch) -> Callable[[], None]:
    """Look for orders in a thread of its own; return what ends it."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY_S):
            try:
                carry_out(storage, switch)
            except Exception as error:
                log.error("an order is not carried out yet: %s", error)

    thread = threading.Thread(target=look, name="orders", daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


def _write(path: Path, text: str) -> None:
    """Make a file that only its owner can read, whole and on the disk."""
    fresh = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
