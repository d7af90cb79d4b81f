"""The settings of a member: the document that its operator writes, in YAML or JSON.

Files that it names lie beside it unless their path is absolute. What it names and what it holds
are read together, so that a member either starts with all of it or says what is wrong.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from drs_reference.exchange.benign import BenignSample
from drs_reference.exchange.campaigns import GroupKey
from drs_reference.exchange.log.checkpoint import CheckpointError, LogKey
from drs_reference.exchange.markings import TLP
from drs_reference.exchange.matching import Keys
from drs_reference.exchange.member.benign import read_benign
from drs_reference.exchange.member.trust import Trust
from drs_reference.exchange.members import (
    COLLECTION,
    IDENTITY,
    MemberKey,
    only,
    read_key,
    read_mapping,
    text_like,
)
from drs_reference.exchange.proofs import PublicKey
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.sightings import ACTIONS
from drs_reference.json_text import BodyError, Members
from drs_reference.signing import Signer

__all__ = ["Campaigns", "HubAddress", "Settings", "SettingsError", "read_settings"]

_SIZE_MAX = 4 << 20
_POLL_S = 60
_POLL_MAX_S = 24 * 3600
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,64}")
_SEED = re.compile(r"[0-9a-fA-F]{64}")
_HOST_HERE = {"127.0.0.1", "::1", "localhost"}
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_HOW_SURE = 70


class SettingsError(Exception):
    """The settings cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where the hub is: the API root with a slash at its end, the collection, and the log's key."""

    api_root: str
    collection: str
    log_key: LogKey
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Campaigns:
    """How a campaign that was found is published by itself, if it is."""

    publish: bool = True
    max_action: str = "throttle"
    confidence: int = _HOW_SURE
    tlp: str = "TLP:AMBER"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a member goes by; ``keys`` are those of the trust group by key id and epoch."""

    identity: str
    hub: HubAddress
    signer: Signer = field(repr=False)
    state: Path
    keys: Keys = field(repr=False)
    trust: Trust
    benign: BenignSample = field(repr=False)
    shared: tuple[Network, ...]
    poll_s: int
    campaigns: Campaigns

    def newest_key(self) -> GroupKey | None:
        """The key that fingerprints are made under: that of the latest epoch."""
        if not self.keys:
            return None
        key_id, epoch = max(self.keys, key=lambda one: (one[1], one[0]))
        return GroupKey(self.keys[key_id, epoch], key_id, epoch)


def read_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings and every file that they name. Raises ``SettingsError``.

    ``identity``; ``hub`` with ``api_root``, ``collection``, ``token_env`` (the name of a variable
    of the environment) and ``log_key``; ``signing_key_file``; ``state_file``; ``group_keys`` with
    ``key_id``, ``epoch`` and ``file``; ``members`` with ``id`` and ``keys`` as the document of the
    hub's members has them; ``benign_file``; and optionally ``shared_ranges_file``, ``poll_s`` and
    ``campaigns`` with ``publish``, ``max_action``, ``confidence`` and ``tlp``.
    """
    try:
        return _settings(read_mapping(_text(path)), path.parent, environment)
    except (BodyError, OSError, UnicodeDecodeError) as error:
        said = error.message if isinstance(error, BodyError) else str(error)
        raise SettingsError(f"{path}: {said}") from error


def _settings(given: Members, folder: Path, environment: Mapping[str, str]) -> Settings:
    only(
        given,
        *("identity", "hub", "signing_key_file", "state_file", "group_keys", "members"),
        *("benign_file", "shared_ranges_file", "poll_s", "campaigns"),
    )
    identity = text_like(given, "identity", IDENTITY, "the id of a STIX identity")
    signer = Signer(bytes.fromhex(_secret(given, "signing_key_file", folder, _SEED, "32 bytes")))
    shared = given.text("shared_ranges_file", 1)
    return Settings(
        identity=identity,
        hub=_hub(given.inner("hub"), environment),
        signer=signer,
        state=folder / given.required("state_file"),
        keys=_group_keys(given, folder),
        trust=_trust(given, identity, signer),
        benign=read_benign(folder / given.required("benign_file")),
        shared=tuple(_ranges(folder / shared)) if shared else (),
        poll_s=given.integer("poll_s", 1, _POLL_MAX_S) or _POLL_S,
        campaigns=_campaigns(given.inner("campaigns")),
    )


def _hub(given: Members, environment: Mapping[str, str]) -> HubAddress:
    only(given, "api_root", "collection", "token_env", "log_key")
    root = given.required("api_root")
    try:
        url = urlsplit(root)
        here, port = url.hostname in _HOST_HERE, url.port
    except ValueError as error:
        raise given.wrong("api_root", "a URL") from error
    safe = url.scheme == "https" or (url.scheme == "http" and here)
    plain = not (url.query or url.fragment or url.username or url.password)
    if not (safe and plain and url.hostname and url.path.endswith("/")) or port == 0:
        expected = "an https URL (http on this machine only) that ends in a slash"
        raise given.wrong("api_root", expected)
    variable = text_like(given, "token_env", _VARIABLE, "the name of an environment variable")
    token = environment.get(variable, "")
    if not _TOKEN.fullmatch(token):
        path = f"{given.path}token_env"
        raise BodyError(path, f"{path} names {variable}, which must hold the member's bearer token")
    try:
        key = LogKey.parse(given.required("log_key"))
    except CheckpointError as error:
        path = f"{given.path}log_key"
        raise BodyError(path, f"{path}: {error}") from error
    return HubAddress(root, text_like(given, "collection", COLLECTION, "a UUID"), key, token)


def _group_keys(given: Members, folder: Path) -> dict[tuple[str, int], bytes]:
    keys: dict[tuple[str, int], bytes] = {}
    for entry in given.items("group_keys"):
        only(entry, "key_id", "epoch", "file")
        epoch = entry.integer("epoch", 0)
        if epoch is None:
            raise entry.wrong("epoch", "a whole number of at least 0")
        name = (text_like(entry, "key_id", _KEY_ID, "an identifier"), epoch)
        if name in keys:
            raise BodyError(entry.path, f"{entry.path}key_id and epoch stand twice")
        keys[name] = bytes.fromhex(_secret(entry, "file", folder, _HEX, "16 to 64 bytes"))
    return keys


def _trust(given: Members, identity: str, signer: Signer) -> Trust:
    members: dict[str, tuple[MemberKey, ...]] = {}
    for entry in given.items("members"):
        only(entry, "id", "keys")
        id = text_like(entry, "id", IDENTITY, "the id of a STIX identity")
        if id in members:
            raise BodyError(entry.path, f"{entry.path}id stands twice among the members: {id}")
        members[id] = tuple(read_key(key) for key in entry.items("keys"))
    own = PublicKey.of(signer.key_entry())
    if own not in [entry.key for entry in members.get(identity, ())]:
        raise BodyError(
            "members",
            f"members must hold {identity}, the member itself, with the public key of "
            f"signing_key_file: kid {own.kid}, public_key {signer.public_key}",
        )
    return Trust(members)


def _campaigns(given: Members) -> Campaigns:
    only(given, "publish", "max_action", "confidence", "tlp")
    usual = Campaigns()
    confidence = given.integer("confidence", 0, 100)
    return Campaigns(
        publish="publish" not in given.members or given.boolean("publish"),
        max_action=_one_of(given, "max_action", ACTIONS[1:]) or usual.max_action,
        confidence=usual.confidence if confidence is None else confidence,
        tlp=_one_of(given, "tlp", tuple(TLP)) or usual.tlp,
    )


def _one_of(given: Members, name: str, known: tuple[str, ...]) -> str | None:
    text = given.text(name, 1)
    if text is not None and text not in known:
        raise given.wrong(name, f"one of {', '.join(known)}")
    return text


def _ranges(path: Path) -> Iterator[Network]:
    """Ranges, one a line; what follows a # is a remark."""
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = line.partition("#")[0].strip()
        try:
            if text:
                yield ip_network(text)
        except ValueError as error:
            raise BodyError(None, f"{path} line {number}: {error}") from error


def _secret(given: Members, name: str, folder: Path, form: re.Pattern[str], expected: str) -> str:
    """A key in hexadecimal, in a file that only its owner reads. What is there is never shown."""
    path = folder / given.required(name)
    where = f"{given.path}{name}"
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BodyError(where, f"{where}: others may read {path}; make it mode 0600")
    text = _text(path).strip()
    if not form.fullmatch(text):
        raise BodyError(where, f"{where}: {path} must hold {expected} in hexadecimal")
    return text


def _text(path: Path) -> str:
    if path.stat().st_size > _SIZE_MAX:
        raise BodyError(None, f"{path} has more than {_SIZE_MAX} bytes")
    return path.read_text("utf-8")
