"""Ed25519 keys in PEM, as ``openssl genpkey`` and ``drs witness keygen`` make them."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from drs_reference.exchange.proofs import PublicKey
from drs_reference.signing import Signer, key_id

__all__ = ["PemKeyError", "read_public_key", "read_signer"]


class PemKeyError(Exception):
    """A file does not hold the key that is expected; the message never shows what it holds."""


def read_signer(path: Path) -> Signer:
    """The private key of a file. Raises ``PemKeyError`` or ``OSError``."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise PemKeyError(f"{path}: expected a private Ed25519 key in PEM without a password")
    return Signer(key.private_bytes_raw())


def read_public_key(path: Path) -> PublicKey:
    """The public key of a file. Raises ``PemKeyError`` or ``OSError``."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise PemKeyError(f"{path}: expected a public Ed25519 key in PEM")
    raw = key.public_bytes_raw()
    return PublicKey(key_id(raw), raw)
