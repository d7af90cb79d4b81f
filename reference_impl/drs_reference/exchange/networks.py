"""Many ranges, and those of them that hold an address, in about a microsecond."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Generic, TypeVar

from drs_reference.exchange.ranges import Network

__all__ = ["NetworkSet"]

_PART = {4: 16, 6: 96}
"""Bits of an address below those that all ranges fix."""
_MAPPED = 0xFFFF

Owner = TypeVar("Owner")
_Tables = tuple[tuple[int, dict[int, tuple[Owner, ...]]], ...]


class NetworkSet(Generic[Owner]):
    """Ranges with their owners, such as signatures; several may own one range.

    No range is wider than /16 (IPv4) or /32 (IPv6). So those bits of an address find its part of
    the ranges, and there a look-up for each length of prefix in use: 17 and 97 at the very most.
    """

    def __init__(self, entries: Iterable[tuple[Network, Owner]]) -> None:
        """The ranges were read with ``ranges.read_range``."""
        found: dict[int, dict[tuple[int, int], dict[int, list[Owner]]]] = {4: {}, 6: {}}
        self._count = 0
        for network, owner in entries:
            address = int(network.network_address)
            shift = network.max_prefixlen - network.prefixlen
            place = (address >> _PART[network.version], shift)
            table = found[network.version].setdefault(place, {})
            table.setdefault(address >> shift, []).append(owner)
            self._count += 1
        self._v4, self._v6 = _parts(found[4]), _parts(found[6])

    def __len__(self) -> int:
        return self._count

    def lookup(self, address: str) -> tuple[Owner, ...]:
        """The owners of the ranges that hold an address, the narrowest first.

        Text that is no address is in no range; an IPv4 address written in IPv6 is in those of IPv4.
        """
        try:
            if ":" in address:
                value = int.from_bytes(socket.inet_pton(socket.AF_INET6, address), "big")
            else:
                value = int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big")
                return _held(value, self._v4.get(value >> _PART[4], ()))
        except (OSError, ValueError):
            return ()
        if value >> 32 == _MAPPED:
            value &= 0xFFFFFFFF
            return _held(value, self._v4.get(value >> _PART[4], ()))
        return _held(value, self._v6.get(value >> _PART[6], ()))


def _held(value: int, tables: _Tables[Owner]) -> tuple[Owner, ...]:
    owners: tuple[Owner, ...] = ()
    for shift, table in tables:
        held = table.get(value >> shift)
        if held is not None:
            owners += held
    return owners


def _parts(found: dict[tuple[int, int], dict[int, list[Owner]]]) -> dict[int, _Tables[Owner]]:
    parts: dict[int, _Tables[Owner]] = {}
    for (part, shift), table in sorted(found.items()):
        held = {prefix: tuple(owners) for prefix, owners in table.items()}
        parts[part] = (*parts.get(part, ()), (shift, held))
    return parts
