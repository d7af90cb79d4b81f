"""Keyed digests of account details: pseudonyms that change with the epoch (SIG-06)."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from drs_reference.signing import base64url

__all__ = ["KINDS", "VALUE_MAX", "normalised", "selector"]

VALUE_MAX = 1024
"""Longest account detail, characters."""

_PREFIX = {4: 24, 6: 48}


def selector(kind: str, value: str, key: bytes) -> str:
    """The selector of an account detail under the group's key of an epoch: 43 characters.

    Raises ``ValueError`` for an unknown kind and a value that is none of its kind.
    """
    message = kind.encode() + b"\0" + normalised(kind, value).encode()
    return base64url(hmac.digest(key, message, hashlib.sha256))


def normalised(kind: str, value: str) -> str:
    """The form of a value that is digested. Raises ``ValueError``, without repeating the value."""
    if kind not in KINDS:
        raise ValueError(f"a selector is of one of the kinds {', '.join(KINDS)}; got {kind[:40]!r}")
    if len(value) > VALUE_MAX:
        raise ValueError(f"a value has at most {VALUE_MAX} characters; got {len(value)}")
    return KINDS[kind](value)


def _plain(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip()


def _email(value: str) -> str:
    local, at, domain = value.strip().casefold().rpartition("@")
    local = local.partition("+")[0]
    if not (at and local and domain):
        raise ValueError("an e-mail address has a local part, @ and a domain")
    return f"{local}@{domain}"


def _address(value: str) -> str:
    try:
        address = ip_address(value.strip())
    except ValueError:
        raise ValueError("an address is one of IPv4 or IPv6") from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network(f"{address}/{_PREFIX[address.version]}", strict=False))


KINDS: Mapping[str, Callable[[str], str]] = {
    "email": _email,
    "payment": _plain,
    "device": _plain,
    "address": _address,
    "organisation": _plain,
}
"""How a value of each kind is normalised."""
