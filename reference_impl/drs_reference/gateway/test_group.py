"""A trust group in which this endpoint can be tested: a hub beside it, and members for the suite.

The hub is a process of its own that delivers whatever a member has proven. What the endpoint's
member needs lies in one folder; the suite gets the keys and tokens of the other members.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from drs_reference.exchange.campaigns import (
    Campaign,
    NotPublishableError,
    Terms,
    campaign_signature,
)
from drs_reference.exchange.member.hub_client import HubError
from drs_reference.exchange.member.intake import HaltedError
from drs_reference.exchange.member.member import Member
from drs_reference.exchange.member.publishing import PublishRefusedError
from drs_reference.gateway.credentials import variable
from drs_reference.gateway.target_files import TargetFilesError, write_private
from drs_reference.server_process import ServeError
from drs_reference.signing import Signer
from drs_reference.timestamps import rfc3339

__all__ = ["TestGroup", "test_group"]

_LAB = "lab"
_PEERS = ("peer-1", "peer-2")
_ROOT = "group-1"
_TOKEN = "DRS_EXCHANGE_TOKEN"
_KEY_ID, _EPOCH = "test-group", 1
_POLL_S = 1
_EFFECT_S = 15
"""Of which most is for machines that are busy."""
_SHARED = "127.0.0.0/24"
_BENIGN_LINES = 200
_POPULAR_EVERY = 50
_POPULAR = (
    "Please summarise the attached minutes in five short bullet points and list the open questions "
    "that somebody should answer before the next meeting."
)
_THINGS = ("river", "apple", "window", "garden", "music", "letter", "bridge", "winter", "copper")
_CAMPAIGN_ACCOUNTS = 60
_TEMPLATE = (
    "You are a careful grader. Read the question, then the answer, and write the reasoning of an "
    "expert step by step before you give the grade as a number from one to ten."
)
_STOP_S = 20


@dataclass(frozen=True, slots=True)
class TestGroup:
    """A group whose hub runs. ``settings`` are those of the endpoint's member.

    ``hub`` is the origin of the hub, ``target`` what the target file says of the group, ``secrets``
    are tokens and keys of the other members by name.
    """

    __test__ = False  # pytest: no tests in here

    settings: Path
    hub: str
    target: Mapping[str, Any]
    secrets: Mapping[str, str]

    def publish(self, member: Member) -> None:
        """Let the endpoint's member publish a signature, of a campaign that was made up.

        Raises ``ServeError``.
        """
        settings, now = member.settings, datetime.now(UTC)
        key = settings.newest_key()
        assert key is not None
        texts = {f"account-{n}": [f"{_TEMPLATE} Case {n}."] for n in range(_CAMPAIGN_ACCOUNTS)}
        campaign = Campaign(texts, now - timedelta(hours=5), now - timedelta(hours=1))
        terms = Terms(
            name="Prompts of a template made up for tests",
            description="Made when the trust group was made; no account has sent them.",
            max_action="observe",
            confidence=50,
            # A sample so small bounds no lower rate.
            false_positive_max=0.05,
        )
        identity, benign = settings.identity, settings.benign
        try:
            member.publish(
                campaign_signature(campaign, benign, key, terms, settings.signer, identity, now)
            )
        except (HubError, HaltedError, PublishRefusedError, NotPublishableError) as error:
            raise ServeError(f"the trust group cannot be used: {error}") from error

    @property
    def personas(self) -> Mapping[str, Mapping[str, str]]:
        """The other members as personas of the target file."""
        return {name: {"credential": variable(name)} for name in _PEERS}


@contextlib.contextmanager
def test_group(folder: Path) -> Iterator[TestGroup]:
    """Make a group in ``folder``, which must not exist, and serve its hub meanwhile.

    Raises ``TargetFilesError`` and ``ServeError``.
    """
    names = (_LAB, *_PEERS)
    seeds = {name: secrets.token_bytes(32) for name in names}
    tokens = {name: secrets.token_urlsafe(32) for name in names}
    identities = {name: f"identity--{uuid.uuid4()}" for name in names}
    group_key, collection = secrets.token_hex(32), str(uuid.uuid4())
    since = rfc3339(datetime.now(UTC) - timedelta(days=1))
    keys = {name: {**Signer(seeds[name]).key_entry(), "valid_from": since} for name in names}
    membership = _membership(tokens, identities, keys, collection)
    try:
        folder.mkdir(mode=0o700)
        write_private(folder / "members.json", json.dumps(membership, indent=1))
    except FileExistsError as error:
        raise TargetFilesError(f"{folder} holds a trust group already; name another") from error
    except OSError as error:
        raise TargetFilesError(f"cannot write the trust group to {folder}: {error}") from error
    with _hub(folder) as ready:
        api_root = f"{ready['url']}/{_ROOT}/"
        # Settings name a variable, so that no token stands in a file of settings.
        os.environ[_TOKEN] = tokens[_LAB]
        settings = {
            "identity": identities[_LAB],
            "hub": {
                "api_root": api_root,
                "collection": collection,
                "token_env": _TOKEN,
                "log_key": ready["log_keys"][_ROOT],
            },
            "signing_key_file": "signing.key",
            "state_file": "member.sqlite",
            "group_keys": [{"key_id": _KEY_ID, "epoch": _EPOCH, "file": "group.key"}],
            "members": [{"id": identities[name], "keys": [keys[name]]} for name in names],
            "benign_file": "benign.jsonl",
            "shared_ranges_file": "shared-ranges.txt",
            "poll_s": _POLL_S,
        }
        for name, content in {
            "member.json": json.dumps(settings, indent=1),
            "signing.key": seeds[_LAB].hex(),
            "group.key": group_key,
            "benign.jsonl": "".join(f"{json.dumps(line)}\n" for line in _benign()),
            "shared-ranges.txt": f"{_SHARED}  # test personas\n",
        }.items():
            write_private(folder / name, content)
        yield TestGroup(
            settings=folder / "member.json",
            hub=ready["url"],
            target={
                "api_root": api_root,
                "collection": collection,
                "identity": identities[_LAB],
                "effect_s": _EFFECT_S,
                "group_key": {"key_id": _KEY_ID, "epoch": _EPOCH, "key": group_key},
                "benign_prompt": _POPULAR,
                "campaign_prompt": _TEMPLATE,
                "shared_range": _SHARED,
                "members": {
                    name: {
                        "identity": identities[name],
                        "kid": keys[name]["kid"],
                        "signing_key": f"{variable(name)}_KEY",
                    }
                    for name in _PEERS
                },
            },
            secrets={name: tokens[name] for name in _PEERS}
            | {f"{name}-key": seeds[name].hex() for name in _PEERS},
        )


def _membership(
    tokens: Mapping[str, str],
    identities: Mapping[str, str],
    keys: Mapping[str, Mapping[str, str]],
    collection: str,
) -> dict[str, Any]:
    """The document of the hub's members."""
    return {
        "name": "hub.example",
        "title": "Hub of a trust group for tests",
        "members": [
            {
                "id": identities[name],
                "title": name,
                "token_sha256": sha256(token.encode()).hexdigest(),
                "keys": [keys[name]],
            }
            for name, token in tokens.items()
        ],
        "groups": [
            {
                "root": _ROOT,
                "title": "Trust group for tests",
                "members": list(identities.values()),
                "collections": [{"id": collection, "title": "Signatures and sightings"}],
            }
        ],
    }


def _benign() -> Iterator[dict[str, str]]:
    """Lines of a benign sample: ordinary prompts, of which one comes again and again."""
    for number in range(_BENIGN_LINES):
        first, second = _THINGS[number % 9], _THINGS[number // 9 % 9]
        everyday = f"Tell me something about a {first} and a {second}, in {number} words?"
        text = _POPULAR if number % _POPULAR_EVERY == 0 else everyday
        yield {"text": text, "address": f"198.51.100.{number}"}


@contextlib.contextmanager
def _hub(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Serve the hub of the members in a folder; its ready line."""
    options = ("--members", folder / "members.json", "--deliver-all")
    storage = f"sqlite:///{(folder / 'hub.sqlite').resolve()}"
    hub = subprocess.Popen(
        [sys.executable, "-m", "drs_reference", "hub", *options, "--storage", storage],
        stdout=subprocess.PIPE,
    )
    try:
        assert hub.stdout is not None
        line = hub.stdout.readline()
        if not line:
            raise ServeError("the hub of the trust group did not start; its log says why")
        yield json.loads(line)
    finally:
        hub.terminate()
        try:
            hub.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            hub.kill()
            hub.wait()
        if hub.stdout is not None:
            hub.stdout.close()
