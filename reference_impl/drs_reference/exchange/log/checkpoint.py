"""Checkpoints: what a log says that it holds, signed (C2SP tlog-checkpoint and signed-note).

The text of a checkpoint is the origin of the log, its size and the root of its tree in base64, a
line each; the key that signs it has the origin as its name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drs_reference.exchange.proofs import unbase64url
from drs_reference.signing import Signer

_ED25519 = b"\x01"
_NOTE_MAX = 64 << 10
_SIZE_MAX = 2**63 - 1
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class CheckpointError(Exception):
    """A checkpoint cannot be relied on; the message says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first ``size`` leaves of the log ``origin`` have the root ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key of a log; ``raw`` has 32 bytes."""

    name: str
    raw: bytes

    @classmethod
    def of(cls, name: str, signer: Signer) -> LogKey:
        """The public key of ``signer`` under the name of a log."""
        return cls(name, unbase64url(signer.public_key))

    @classmethod
    def parse(cls, text: str) -> LogKey:
        """The key that ``str`` wrote. Raises ``CheckpointError``."""
        # Base64 may hold a plus, a name may not.
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        data = _unbase64(encoded, "the key of a log")
        key = cls(name, data[1:])
        if not _NAME.fullmatch(name) or data[:1] != _ED25519 or len(key.raw) != 32:
            raise CheckpointError("the key of a log must be NAME+ID+KEY, an Ed25519 key")
        if key.key_id.hex() != key_id:
            raise CheckpointError(f"the key of {name} has the id {key.key_id.hex()}, not {key_id}")
        return key

    @property
    def key_id(self) -> bytes:
        """Four bytes that lead to the key; no more than a hint."""
        name = self.name.encode()
        return hashlib.sha256(name + b"\n" + _ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.raw)}"


def signed(checkpoint: Checkpoint, signer: Signer) -> str:
    """The checkpoint as a note with the signature of its log."""
    key = LogKey.of(checkpoint.origin, signer)
    signature = _base64(key.key_id + signer.raw(checkpoint.text.encode()))
    return f"{checkpoint.text}\n— {key.name} {signature}\n"


def opened(note: str, key: LogKey) -> Checkpoint:
    """The checkpoint that ``key`` signed. Raises ``CheckpointError``.

    Signatures by other keys, such as witnesses, are passed over.
    """
    if len(note) > _NOTE_MAX or _CONTROL.search(note):
        raise CheckpointError(f"a note has at most {_NOTE_MAX} characters, none of them control")
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    if not blank or not signatures.endswith("\n"):
        raise CheckpointError("a note is a text, an empty line, and signatures")
    found = [data[4:] for name, data in _signatures(signatures) if (name, data[:4]) == _of(key)]
    if not found:
        raise CheckpointError(f"the note is not signed by {key.name}+{key.key_id.hex()}")
    for signature in found:
        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, text.encode())
        except InvalidSignature as error:
            raise CheckpointError(f"the signature of {key.name} does not fit the note") from error
    return _checkpoint(text, key)


def _of(key: LogKey) -> tuple[str, bytes]:
    return key.name, key.key_id


def _signatures(lines: str) -> Iterator[tuple[str, bytes]]:
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, signature = rest.partition(" ")
        if dash != "—" or not _NAME.fullmatch(name):
            raise CheckpointError("a line of signatures is an em dash, a name and a signature")
        yield name, _unbase64(signature, f"the signature of {name}")


def _checkpoint(text: str, key: LogKey) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or not _SIZE.fullmatch(lines[1]) or int(lines[1]) > _SIZE_MAX:
        raise CheckpointError("a checkpoint is an origin, a size and a root, a line each")
    root = _unbase64(lines[2], "the root of a checkpoint")
    if lines[0] != key.name or len(root) != 32:
        raise CheckpointError(f"the checkpoint is not one of {key.name} with a root of 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointError(f"{what} is not base64: {error}") from error
    if _base64(data) != text:
        raise CheckpointError(f"{what} is not base64 in its one form")
    return data
