"""The command ``drs-reference member``."""

from __future__ import annotations

import json
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_reference.exchange.authoring import milliseconds
from drs_reference.exchange.canonical import NoCanonicalFormError, canonical, parse
from drs_reference.exchange.member.feed import Feed
from drs_reference.exchange.member.hub_client import HubError
from drs_reference.exchange.member.intake import HaltedError
from drs_reference.exchange.member.member import Member, NotHeldError, Pulled
from drs_reference.exchange.member.publishing import PublishRefusedError
from drs_reference.exchange.member.settings import Settings, SettingsError
from drs_reference.exchange.member.state import LogEntry, MemberStateError, listed
from drs_reference.exchange.objects import ObjectError
from drs_reference.exchange.proofs import SIGNATURE_TYPE, proven
from drs_reference.exchange.signature import (
    EXTENSION,
    Signature,
    SignatureError,
    read_signature,
)
from drs_reference.server_process import log_to_stderr
from drs_reference.standard import StandardNotFoundError

__all__ = ["MemberOptions", "run"]


class _WithheldError(Exception):
    """The hub leaves out of the collection what its log has."""

    def __init__(self, withheld: Sequence[LogEntry]) -> None:
        super().__init__(f"the hub withholds what its log has: {listed(withheld)}")


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """Options of ``drs-reference member``; which are used says ``action``."""

    settings: Path
    action: str
    signature: Path | None = None
    id: str | None = None
    reason: str | None = None
    json: bool = False


def run(options: MemberOptions) -> int:
    """Do what is asked; the exit status: 0 done, 1 refused, 2 it could not start."""
    log_to_stderr()
    try:
        member = Member(options.settings)
    except (SettingsError, MemberStateError, StandardNotFoundError) as error:
        return _failed(error, 2)
    try:
        _ACTIONS[options.action](member, options)
    except (
        HaltedError,
        PublishRefusedError,
        NotHeldError,
        ObjectError,
        _WithheldError,
    ) as error:
        return _failed(error, 1)
    except (HubError, NoCanonicalFormError, OSError) as error:
        return _failed(error, 2)
    finally:
        member.close()
    return 0


def _failed(error: Exception, status: int) -> int:
    print(f"drs-reference: {error}", file=sys.stderr)
    return status


def _pull(member: Member, options: MemberOptions) -> None:
    pulled = member.pull()
    _tell_pulled(pulled, options)
    if pulled.withheld:
        raise _WithheldError(pulled.withheld)


def _follow(member: Member, options: MemberOptions) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    before: list[Pulled] = []

    def after(pulled: Pulled) -> None:
        if not before or pulled.taken or pulled.refused:
            _tell_pulled(pulled, options)
        before[:] = [pulled]

    feed = Feed(member, after)
    feed.start()
    stopped.wait()
    feed.stop()


def _tell_pulled(pulled: Pulled, options: MemberOptions) -> None:
    refused = [{"id": one.id, "reason": one.reason} for one in pulled.refused]
    document = {
        "taken": pulled.taken,
        "refused": refused,
        "in_force": pulled.in_force,
        "log_size": pulled.log_size,
        "withheld": [{"entry": one.index, "id": one.id} for one in pulled.withheld],
    }
    shown = (f"  refused {one['id']}: {one['reason']}" for one in refused)
    _say(options, document, str(pulled), *shown)


def _status(member: Member, options: MemberOptions) -> None:
    member.refresh()
    document = member.status()
    count = len(document["signatures"])
    line = f"{document['in_force']} of {count} in force, the log has {document['log_size']}"
    if document["elsewhere"]:
        line += f", {document['elsewhere']} of them in other collections, as the hub says"
    if document["withheld"]:
        line = f"WITHHELD by the hub: {len(document['withheld'])} entries of its log; {line}"
    if document["halted"] is not None:
        line = f"HALTED, nothing is taken in: {document['halted']}; {line}"
    shown = (
        f"  {one['action']:9} {one['id']} {one['name']}: {one['because']}"
        for one in document["signatures"]
    )
    _say(options, document, line, *shown)


def _publish(member: Member, options: MemberOptions) -> None:
    assert options.signature is not None
    draft = parse(options.signature.read_bytes())
    signature = _completed(draft, member.settings, datetime.now(UTC))
    member.publish(signature)
    document = {"published": signature.id, "seq": signature.seq}
    _say(options, document, f"published {signature.id}, version {signature.seq}")


def _revoke(member: Member, options: MemberOptions) -> None:
    assert options.id is not None
    assert options.reason is not None
    member.pull()
    signature = member.revoke(options.id, options.reason)
    document = {"revoked": signature.id, "seq": signature.seq}
    _say(options, document, f"revoked {signature.id}, version {signature.seq}")


def _completed(draft: dict[str, Any], settings: Settings, now: datetime) -> Signature:
    """What an author wrote, with what lacks filled in, and proven. Raises ``ObjectError``."""
    made = milliseconds(now)
    document = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid4()}",
        "created_by_ref": settings.identity,
        "created": made,
        "modified": made,
        **draft,
    }
    if document["created_by_ref"] != settings.identity:
        came = str(document["created_by_ref"])
        raise SignatureError("content", f"created_by_ref must be {settings.identity}; got {came}")
    extensions = document.get("extensions")
    extension = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    if not isinstance(extension, dict):
        raise SignatureError("schema", f"extensions must have {EXTENSION}")
    document["extensions"] = {**document["extensions"], EXTENSION: {"seq": 1, **extension}}
    return read_signature(canonical(proven(document, SIGNATURE_TYPE, settings.signer)))


def _say(options: MemberOptions, document: Mapping[str, Any], *lines: str) -> None:
    print(*([json.dumps(document)] if options.json else lines), sep="\n", flush=True)


_ACTIONS: Mapping[str, Callable[[Member, MemberOptions], None]] = {
    "pull": _pull,
    "follow": _follow,
    "status": _status,
    "publish": _publish,
    "revoke": _revoke,
}
