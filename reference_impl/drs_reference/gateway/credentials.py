"""Bearer credentials of test personas and ordinary accounts; only their digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers

PERSONAS: Mapping[str, str | None] = {
    "control": None,
    **{f"fresh-{number}": None for number in range(1, 9)},
    "throttled": "throttled",
    "perturbed": "perturbed",
    "suspended": "suspended",
    "terminated": "terminated",
    "auditor": None,
}
"""Test personas, and the state in which each is held, if any."""
AUDITOR = "auditor"
PREFIX = "drs-test-"
ORDINARY_PREFIX = "sk-"
BLIND = "blind-"
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{32,}")


class CredentialsError(Exception):
    """A credentials file cannot be used; the message says what is wrong with it."""


def variable(persona: str) -> str:
    """Name of the environment variable of a persona: ``fresh-1`` has ``DRS_FRESH_1``."""
    return "DRS_" + persona.upper().replace("-", "_")


def blind(accounts: int) -> tuple[str, ...]:
    """What a target file calls so many ordinary accounts."""
    return tuple(f"{BLIND}{number}" for number in range(1, accounts + 1))


def fresh_credentials(accounts: int = 0) -> dict[str, str]:
    """A new random key (256 bits) for every persona and for so many ordinary accounts."""
    prefixes = dict.fromkeys(PERSONAS, PREFIX) | dict.fromkeys(blind(accounts), ORDINARY_PREFIX)
    return {name: prefix + secrets.token_urlsafe(32) for name, prefix in prefixes.items()}


def read_credentials(path: Path, accounts: int = 0) -> dict[str, str]:
    """Keys by name from lines ``NAME=value``. Raises ``CredentialsError``."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"the credentials file {path} cannot be read: {error}") from error
    values = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            values[name.strip()] = value.strip()
    keys = {}
    for persona in (*PERSONAS, *blind(accounts)):
        name = variable(persona)
        if not _KEY.fullmatch(values.get(name, "")):
            raise CredentialsError(
                f"{path} must hold a line {name}=KEY, the key of 32 or more characters of the "
                "bearer token alphabet (RFC 6750); write a new file with --write-target"
            )
        keys[persona] = values[name]
    if len(set(keys.values())) != len(keys):
        raise CredentialsError(f"{path} gives two personas the same key; each needs its own")
    return keys


def authorization(headers: Headers) -> str | None:
    """The value of the one ``Authorization`` field; None if there is none or more than one."""
    values = headers.getlist("authorization")
    return values[0] if len(values) == 1 else None


class Credentials:
    """Who a request comes from."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        """Keys by name. An account that is no persona is known by an identifier of its own."""
        self._digests = {
            name if name in PERSONAS else f"acct-{self._digest(f'account {key}').hex()[:32]}": (
                self._digest(key)
            )
            for name, key in keys.items()
        }

    @property
    def ordinary(self) -> tuple[str, ...]:
        """Identifiers of the accounts that are no personas."""
        return tuple(name for name in self._digests if name not in PERSONAS)

    @staticmethod
    def _digest(key: str) -> bytes:
        return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()

    def caller(self, authorization: str | None) -> str | None:
        """The name for an ``Authorization`` field value, or None. Takes the same time for all."""
        scheme, _, key = (authorization or "").partition(" ")
        presented = self._digest(key.strip())
        found = None
        for name, digest in self._digests.items():
            if hmac.compare_digest(presented, digest):
                found = name
        return found if scheme.lower() == "bearer" else None

    def is_auditor(self, persona: str | None) -> bool:
        """Whether a persona may use the test mode and read case records."""
        return persona == AUDITOR
