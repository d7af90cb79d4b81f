"""Network ranges that a signature may name: written in one way, narrow, and not everybody's.

What is refused follows XCH-11 and the special-purpose registries of IANA (RFC 6890). Ranges for
documentation pass: nobody leaves by them, so nobody is hit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from drs_reference.exchange.objects import ObjectError

__all__ = ["Network", "read_range"]

Network = IPv4Network | IPv6Network

_WIDEST = {4: 16, 6: 32}
_V4_SPECIAL = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private use",
    "100.64.0.0/10": "shared by the customers of carriers (CGNAT)",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private use",
    "192.0.0.0/24": "protocol assignments",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "6to4 relays",
    "192.168.0.0/16": "private use",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarks",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_V6_SPECIAL = {
    "2001::/23": "protocol assignments, Teredo among them",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "AS112",
}
_V6_UNICAST = IPv6Network("2000::/3")
_SPECIAL: tuple[tuple[Network, str], ...] = (
    *((IPv4Network(text), what) for text, what in _V4_SPECIAL.items()),
    *((IPv6Network(text), what) for text, what in _V6_SPECIAL.items()),
)


def read_range(text: str, shared: Iterable[Network] = ()) -> Network:
    """The range that ``text`` names in CIDR form. Raises ``ObjectError`` (``networks``).

    ``shared`` are ranges that many users leave by, as the member knows them: carriers' translators,
    public proxies, campuses. A range that overlaps one of them is refused.
    """
    try:
        network = ip_network(text, strict=True)
    except ValueError as error:
        raise ObjectError("networks", f"a range is not in CIDR form: {error}") from error
    # Without the zone that an address of IPv6 may carry, which means nothing elsewhere.
    written = re.sub("%[^/]*", "", str(network))
    if written != text:
        raise ObjectError("networks", f"the range {text[:64]} must be written {written}")
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        raise ObjectError("networks", f"the range {text} is wider than /{widest}")
    if isinstance(network, IPv6Network) and not network.subnet_of(_V6_UNICAST):
        raise ObjectError("networks", f"the range {text} is not of global unicast addresses")
    for special, what in _SPECIAL:
        if network.overlaps(special):
            raise ObjectError("networks", f"the range {text} overlaps {special}: {what}")
    for known in shared:
        if network.overlaps(known):
            raise ObjectError("networks", f"the range {text} overlaps {known}: many users share it")
    return network
