"""Running the hub as a process."""

from __future__ import annotations

import contextlib
import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drs_reference.exchange.hub.admissions import Admissions
from drs_reference.exchange.hub.app import build_app
from drs_reference.exchange.hub.cursors import Cursors
from drs_reference.exchange.hub.database import Database
from drs_reference.exchange.hub.delivery import delivered
from drs_reference.exchange.hub.intake import judged
from drs_reference.exchange.hub.membership import MembershipError
from drs_reference.exchange.hub.parts import Parts
from drs_reference.exchange.hub.roster import Roster
from drs_reference.exchange.hub.store import Store
from drs_reference.exchange.hub.target_files import (
    STORAGE,
    TestMembers,
    write_hub_target,
    write_members,
)
from drs_reference.gateway.target_files import TargetFilesError
from drs_reference.request_log import RequestLog
from drs_reference.server_process import (
    ServeError,
    listen,
    log_to_stderr,
    origin,
    serve_until_stopped,
    storage_path,
)
from drs_reference.signing import Signer
from drs_reference.standard import StandardNotFoundError
from drs_reference.storage.base import StorageError

_KEY_BYTES = 32
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


@dataclass(frozen=True, slots=True)
class HubOptions:
    """Options of ``drs-reference hub``.

    ``members`` is the document that ``membership.read_membership`` reads, ``storage`` is
    ``sqlite:///FILE``. ``origin`` is what members write before the path, where something stands
    between them and this process; they sign it. With ``deliver_all`` what a member has proven is
    taken whatever it says, so that members can be tested. With ``write_target`` members and storage
    lie in that folder, and are made with test members and with what tests the hub.
    """

    members: Path | None = None
    storage: str | None = None
    write_target: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    origin: str | None = None
    deliver_all: bool = False


Alter = Callable[[Parts], Parts]


def unaltered(parts: Parts) -> Parts:
    """The parts as they are."""
    return parts


def run(options: HubOptions, alter: Alter = unaltered) -> int:
    """Serve until SIGTERM or SIGINT; the exit status. ``alter`` may replace parts.

    What cannot start is one line on stderr and exit status 2.
    """
    log_to_stderr()
    try:
        with contextlib.ExitStack() as stack:
            _serve(options, stack, alter)
    except (
        ServeError,
        StorageError,
        MembershipError,
        StandardNotFoundError,
        TargetFilesError,
    ) as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 2
    return 0


def _serve(options: HubOptions, stack: contextlib.ExitStack, alter: Alter) -> None:
    if options.origin is not None and not _ORIGIN.fullmatch(options.origin):
        raise ServeError(
            "--origin must be scheme, host and port, such as https://hub.example; "
            f"got {options.origin!r}"
        )
    members, storage = options.members, options.storage
    if options.write_target is not None:
        test_members = TestMembers.drawn()
        if members or storage:
            raise ServeError("--write-target makes members and storage; leave out those given")
        members = write_members(options.write_target, test_members, datetime.now(UTC))
        storage = f"sqlite:///{options.write_target.resolve() / STORAGE}"
    if members is None or storage is None:
        raise ServeError("name --members and --storage, or a folder with --write-target")
    roster = Roster(members)
    database = Database(storage_path(storage))
    stack.callback(database.close)
    name = roster.current().name
    kept = database.secret("name", name.encode).decode()
    if kept != name:
        raise ServeError(f"the storage has the logs of {kept}; the members name the hub {name}")
    listener = listen(options.host, options.port)
    stack.callback(listener.close)
    here = origin(options.host, listener.getsockname()[1])
    parts = Parts(
        origin=options.origin or here,
        name=name,
        roster=roster,
        store=Store(database),
        admissions=Admissions(database),
        cursors=Cursors(_key(database, "cursor-key")),
        signer=Signer(_key(database, "log-key")),
        judge=delivered if options.deliver_all else judged,
    )
    keys = {root: str(parts.log_key(root)) for root in roster.current().groups}
    if options.write_target is not None:
        write_hub_target(options.write_target, test_members, parts.origin, keys["group-1"])
    parts = alter(parts)
    ready = {"url": here, "discovery": f"{parts.origin}/taxii2/", "log_keys": keys}
    serve_until_stopped(RequestLog(build_app(parts)), listener, ready, parts.bell.close)


def _key(database: Database, name: str) -> bytes:
    return database.secret(name, lambda: secrets.token_bytes(_KEY_BYTES))
