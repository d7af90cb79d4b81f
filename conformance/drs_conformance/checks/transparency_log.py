"""Holding the proofs of a transparency log against its signed checkpoints.

Proofs are those of RFC 9162, section 2.1; a checkpoint is a signed note (C2SP tlog-checkpoint).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["Checkpoint", "LogFault", "checkpoint", "expect_consistent", "expect_included", "leaf"]

_ALGORITHM = b"\x01"
_NOTE = re.compile(
    r"(?P<text>[^\n]+\n(?P<size>0|[1-9]\d{0,18})\n(?P<root>[^\n]+)\n(?:[^\n]+\n)*)\n"
)


class LogFault(Exception):
    """A checkpoint or a proof does not hold; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log holds ``size`` entries under ``root``, 32 bytes."""

    size: int
    root: bytes


def leaf(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def checkpoint(note: str, log_key: str) -> Checkpoint:
    """Read a checkpoint that ``log_key`` (NAME+ID+KEY) has signed. Raises `LogFault`."""
    name, _, key = log_key.split("+", 2)
    raw = base64.b64decode(key)
    key_id = hashlib.sha256(f"{name}\n".encode() + raw).digest()[:4]
    found = _NOTE.match(note)
    if found is None or raw[:1] != _ALGORITHM:
        raise LogFault("expected a note of origin, size and root, an empty line and signatures")
    if not found["text"].startswith(f"{name}\n"):
        raise LogFault(f"the checkpoint is not of the log {name}")
    for line in note[found.end() :].splitlines():
        dash, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        signature = _bytes(encoded)
        if (dash, signer, signature[:4]) == ("—", name, key_id):
            try:
                Ed25519PublicKey.from_public_bytes(raw[1:]).verify(
                    signature[4:], found["text"].encode()
                )
            except InvalidSignature:
                raise LogFault("the signature under the checkpoint does not fit it") from None
            return Checkpoint(int(found["size"]), _bytes(found["root"]))
    raise LogFault(f"the checkpoint is not signed by the key {log_key}")


def expect_included(entry: bytes, index: int, proof: Sequence[bytes], at: Checkpoint) -> None:
    """Raise `LogFault` unless the leaf ``entry`` stands at ``index`` of the log."""
    if not 0 <= index < at.size:
        raise LogFault(f"a log of {at.size} entries has none at {index}")
    if _root_over(index, at.size, entry, proof) != at.root:
        raise LogFault(f"the proof does not lead from entry {index} to the root of {at.size}")


def expect_consistent(before: Checkpoint, after: Checkpoint, proof: Sequence[bytes]) -> None:
    """Raise `LogFault` unless the log of ``after`` begins with that of ``before``."""
    if before.size > after.size:
        raise LogFault(f"the log shrank from {before.size} to {after.size} entries")
    if before.size == 0:
        return
    if _both_roots(before.size, after.size, proof, before.root) != (before.root, after.root):
        raise LogFault(f"the log of {after.size} does not go on from that of {before.size}")


def _root_over(index: int, size: int, entry: bytes, proof: Sequence[bytes]) -> bytes:
    if size == 1:
        _expect_used_up(proof)
        return entry
    left, beside, rest = _taken(size, proof)
    if index < left:
        return _node(_root_over(index, left, entry, rest), beside)
    return _node(beside, _root_over(index - left, size - left, entry, rest))


def _both_roots(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes | None
) -> tuple[bytes, bytes]:
    """Return the roots of ``old`` and ``new`` leaves; ``old_root`` is known or None."""
    if old == new:
        if old_root is None:
            if not proof:
                raise LogFault("the proof is too short")
            *proof, old_root = proof
        _expect_used_up(proof)
        return old_root, old_root
    left, beside, rest = _taken(new, proof)
    if old <= left:
        before, after = _both_roots(old, left, rest, old_root)
        return before, _node(after, beside)
    before, after = _both_roots(old - left, new - left, rest, None)
    return _node(beside, before), _node(beside, after)


def _taken(size: int, proof: Sequence[bytes]) -> tuple[int, bytes, Sequence[bytes]]:
    """Return how many leaves lie left, the hash nearest to the root, and the rest of the proof."""
    if not proof:
        raise LogFault("the proof is too short")
    return 1 << ((size - 1).bit_length() - 1), proof[-1], proof[:-1]


def _expect_used_up(proof: Sequence[bytes]) -> None:
    if proof:
        raise LogFault("the proof is too long")


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise LogFault(f"expected base64, got {text[:60]!r}") from None
