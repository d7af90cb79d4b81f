"""Which addresses a run may speak to, whatever DNS says.

A name that somebody else controls can point at a machine inside: at a service on loopback, a
router, or the metadata service of a cloud. An authorisation for the name is none for these.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from drs_conformance.target.origins import Origin

__all__ = ["Address", "Network", "refusal"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv4 addresses inside of IPv6 ones, which translators on the way take out (RFC 6052, section 2.1).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def refusal(address: Address, origin: Origin, networks: Sequence[Network]) -> str | None:
    """Return why `address` may not be spoken to as the host of `origin`; None when it may.

    Public unicast addresses may. Any other has to be named: `origin`, which is authorised, has that
    very address for its host, or is `localhost` and the address loopback; or it lies in one of
    `networks`, those of the authorisation.
    """
    kind = _kind(address)
    if kind is None or any(address in network for network in networks):
        return None
    if origin.host == "localhost" and address.is_loopback:
        return None
    if origin.host == (str(address) if address.version == 4 else f"[{address}]"):
        return None
    return f"{origin.host} is at {address}, which is {kind}"


def _kind(address: Address) -> str | None:
    """Return what keeps an address from being one of the public internet."""
    inner = [] if isinstance(address, ipaddress.IPv4Address) else _embedded(address)
    for each in (address, *inner):
        if each.is_loopback:
            return "a loopback address"
        if each.is_link_local:
            return "a link-local address, as metadata services have"
        if each.is_multicast:
            return "a multicast address"
    # Of an address that only carries another, the one carried says where it leads.
    if any(not each.is_global or each.is_reserved for each in inner or (address,)):
        return "a private or reserved address"
    return None


def _embedded(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
