"""Running the endpoint as a process: socket, ready line, signals, storage."""

from __future__ import annotations

import contextlib
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from drs_reference.eligibility.document import PolicyError
from drs_reference.gateway.app import build_app
from drs_reference.gateway.credentials import (
    Credentials,
    CredentialsError,
    fresh_credentials,
    read_credentials,
)
from drs_reference.gateway.declaration import Terms
from drs_reference.gateway.eligibility import declared_policy
from drs_reference.gateway.parts import Parts, standard_parts
from drs_reference.gateway.surfaces import DIALECTS
from drs_reference.gateway.target_files import (
    TargetFilesError,
    authorisation_document,
    source_addresses,
    target_document,
    write_target_files,
)
from drs_reference.model import LanguageModel, WeightsError
from drs_reference.perturbation.configured import configured
from drs_reference.perturbation.document import ParametersError
from drs_reference.perturbation.orders import carry_out, give, watch
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
from drs_reference.storage.base import Change, StorageError
from drs_reference.storage.sqlite import SqliteStorage

if TYPE_CHECKING:
    from drs_reference.gateway.test_group import TestGroup


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Options of ``drs-reference serve``.

    ``storage`` is ``sqlite:///relative/path`` or ``sqlite:////absolute/path``. Without it, state
    is kept below ``write_target``, else in a private file that is removed at the end. ``accounts``
    is the number of ordinary accounts beside the test personas, ``dialect`` the one of the surface
    that the target file names. ``perturbation`` is a document ``perturbation-parameters``; without
    it the mechanism is the green list on all surfaces. ``exchange`` are the settings of a member
    of an exchange; without them the endpoint takes part in none. ``eligibility`` is a policy, whose
    lists of parties are copied in ``lists``, by criterion; without it the criteria are invented.
    With ``test_group`` it takes part in an exchange that is made below ``write_target``, and can be
    tested as a participant.
    """

    host: str = "127.0.0.1"
    port: int = 0
    storage: str | None = None
    write_target: Path | None = None
    credentials: Path | None = None
    accounts: int = 0
    dialect: str = DIALECTS[0]
    perturbation: Path | None = None
    exchange: Path | None = None
    eligibility: Path | None = None
    lists: Mapping[str, Path] = field(default_factory=dict)
    test_group: bool = False


def unaltered(parts: Parts) -> Parts:
    """The parts as they are."""
    return parts


def unwrapped(app: ASGIApp) -> ASGIApp:
    """The application as it is."""
    return app


def run(
    options: ServeOptions,
    alter: Callable[[Parts], Parts] = unaltered,
    wrap: Callable[[ASGIApp], ASGIApp] = unwrapped,
) -> int:
    """Serve until SIGTERM or SIGINT; the exit status.

    ``alter`` may replace parts and ``wrap`` may stand before the application; ready line and
    target files stay the same. What cannot start is one line on stderr and exit status 2.
    """
    log_to_stderr()
    try:
        with contextlib.ExitStack() as stack:
            _serve(options, alter, wrap, stack)
    except (
        ServeError,
        StorageError,
        CredentialsError,
        ParametersError,
        PolicyError,
        TargetFilesError,
        WeightsError,
        StandardNotFoundError,
    ) as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 2
    return 0


def _serve(
    options: ServeOptions,
    alter: Callable[[Parts], Parts],
    wrap: Callable[[ASGIApp], ASGIApp],
    stack: contextlib.ExitStack,
) -> None:
    folder = options.write_target
    if folder is not None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise TargetFilesError(f"cannot make the folder {folder}: {error}") from error
    group = _test_group(options, stack)
    exchange = group.settings if group is not None else options.exchange
    accounts = options.accounts
    given = options.credentials
    keys = read_credentials(given, accounts) if given else fresh_credentials(accounts)
    path = _storage_path(options, stack)
    storage = SqliteStorage(path)
    stack.callback(storage.close)
    use = configured(options.perturbation, partial(_key, storage), datetime.now(UTC))
    if use.enabled is not None:
        storage.commit(Change(entries=(use.enabled,)))
    listener = listen(options.host, options.port)
    stack.callback(listener.close)
    here = origin(options.host, listener.getsockname()[1])
    signer = Signer(_key(storage, "declaration-key"))
    terms = Terms() if exchange is None else Terms(classes=("provider", "participant"))
    eligibility = declared_policy(
        options.eligibility,
        options.lists,
        issuer=here,
        appeals=terms.appeals_path,
        surfaces=[surface.id for surface in terms.surfaces],
        signer=signer,
        now=datetime.now(UTC),
    )
    parts = alter(
        standard_parts(
            issuer=here,
            storage=storage,
            credentials=Credentials(keys),
            signer=signer,
            model=LanguageModel.load(),
            perturbation=use.mechanism,
            perturbed=use.surfaces,
            until=use.until,
            terms=terms,
            eligibility=eligibility,
        )
    )
    if exchange is not None:
        parts = _sharing(exchange, parts, stack)
    if group is not None and parts.shared_detection is not None:
        group.publish(parts.shared_detection.member)
    carry_out(path, parts.kill_switch)
    stack.callback(watch(path, parts.kill_switch))
    app = RequestLog(wrap(build_app(parts)))
    ready: dict[str, Any] = {"url": here, "model": parts.terms.models[0]}
    if folder is not None:
        target = target_document(
            here,
            options.dialect,
            parts.terms,
            signer.public_key,
            keys,
            source_addresses(options.host, keys),
        )
        hubs: tuple[str, ...] = ()
        if group is not None:
            target["personas"] |= group.personas
            target["trust_group"] = group.target
            keys, hubs = {**keys, **group.secrets}, (group.hub,)
        write_target_files(
            folder,
            target=target,
            authorisation=authorisation_document(here, parts.clock.now(), *hubs),
            keys=keys,
        )
        ready["target"] = str(folder / "target.yaml")
    serve_until_stopped(app, listener, ready)


def _test_group(options: ServeOptions, stack: contextlib.ExitStack) -> TestGroup | None:
    if not options.test_group:
        return None
    from drs_reference.gateway.test_group import test_group

    if options.write_target is None or options.exchange is not None:
        raise ServeError(
            "--test-group makes an exchange below --write-target; leave out --exchange"
        )
    return stack.enter_context(test_group(options.write_target / "exchange"))


def _sharing(settings: Path, parts: Parts, stack: contextlib.ExitStack) -> Parts:
    from drs_reference.gateway.shared_detection import sharing

    shared = stack.enter_context(sharing(settings))
    parts.live_detection.listener = shared
    return replace(parts, shared_detection=shared)


def _key(storage: SqliteStorage, name: str) -> bytes:
    return storage.secret(name, lambda: secrets.token_bytes(32))


def order(storage: str, off: bool, approvals: Sequence[str]) -> int:
    """Throw the kill switch of the endpoint with this storage, running or not; the exit status."""
    try:
        give(storage_path(storage), off, approvals)
    except (ServeError, StorageError, OSError) as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 2
    print(f"perturbation is {'off' if off else 'on'}, by {', '.join(approvals)}")
    return 0


def _storage_path(options: ServeOptions, stack: contextlib.ExitStack) -> Path:
    if options.storage is not None:
        return storage_path(options.storage)
    if options.write_target is not None:
        return options.write_target / "storage.sqlite"
    folder = tempfile.TemporaryDirectory(prefix="drs-reference-")
    return Path(stack.enter_context(folder)) / "storage.sqlite"
