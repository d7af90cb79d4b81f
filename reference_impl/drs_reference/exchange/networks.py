"""Many ranges, and those of them that hold an address, in about a microsecond."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar

from drs_reference.exchange.ranges import Network

__all__ = ["NetworkSet"]

Owner = TypeVar("Owner")
_Table = tuple[int, dict[int, tuple[Owner, ...]]]


class NetworkSet(Generic[Owner]):
    """Ranges with their owners, such as signatures; several may own one range.

    One look-up in a dictionary for each length of prefix in use: 17 at most for IPv4, and 97 for
    IPv6, whatever the number of ranges.
    """

    def __init__(self, entries: Iterable[tuple[Network, Owner]]) -> None:
        """The ranges were read with ``ranges.read_range``."""
        found: dict[tuple[int, int], dict[int, list[Owner]]] = defaultdict(dict)
        self._count = 0
        for network, owner in entries:
            shift = network.max_prefixlen - network.prefixlen
            table = found[network.version, shift]
            table.setdefault(int(network.network_address) >> shift, []).append(owner)
            self._count += 1
        self._v4 = _tables(found, 4)
        self._v6 = _tables(found, 6)

    def __len__(self) -> int:
        return self._count

    def lookup(self, address: str) -> tuple[Owner, ...]:
        """The owners of the ranges that hold an address, the narrowest first.

        Text that is no address is in no range; an IPv4 address written in IPv6 is in those of IPv4.
        """
        try:
            if ":" not in address:
                value = int.from_bytes(socket.inet_pton(socket.AF_INET, address))
                tables = self._v4
            else:
                value = int.from_bytes(socket.inet_pton(socket.AF_INET6, address))
                tables = self._v6
                if value >> 32 == 0xFFFF:
                    value, tables = value & 0xFFFFFFFF, self._v4
        except (OSError, ValueError):
            return ()
        owners: tuple[Owner, ...] = ()
        for shift, table in tables:
            held = table.get(value >> shift)
            if held is not None:
                owners += held
        return owners


def _tables(
    found: dict[tuple[int, int], dict[int, list[Owner]]], version: int
) -> tuple[_Table[Owner], ...]:
    return tuple(
        (shift, {prefix: tuple(owners) for prefix, owners in table.items()})
        for (of, shift), table in sorted(found.items())
        if of == version
    )
