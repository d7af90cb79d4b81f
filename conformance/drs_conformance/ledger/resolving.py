"""Where the host of a target lies: looked up, checked, and only then spoken to.

Connections are made to the addresses that were checked. A second look-up could get another answer
(DNS rebinding).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

from drs_conformance.target import Address, Network, Origin, refusal

__all__ = ["AddressRefused", "Resolver", "Unresolved"]


class AddressRefused(Exception):
    """The target's host has an address that the authorisation does not permit."""


class Unresolved(Exception):
    """The name of the target's host leads nowhere."""


LookUp = Callable[[str, int], Awaitable[Iterable[str]]]


async def ask_dns(host: str, port: int) -> list[str]:
    """Return the addresses that this machine knows for a name; OSError when there is none."""
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(answer[4][0]) for answer in answers]


class Resolver:
    """The addresses of one origin, kept until no connection to them can be made."""

    def __init__(
        self, origin: Origin, networks: Sequence[Network] = (), look_up: LookUp = ask_dns
    ) -> None:
        """Take what the authorisation permits beside public addresses: see `refusal`."""
        self._origin = origin
        self._networks = tuple(networks)
        self._look_up = look_up
        self._found: tuple[Address, ...] = ()

    def require_permitted(self) -> None:
        """Look the name up; nothing is sent to the host.

        Raises:
            AddressRefused: the host has an address that may not be spoken to.

        """
        with contextlib.suppress(Unresolved):
            asyncio.run(self.addresses())

    async def addresses(self) -> tuple[Address, ...]:
        """Return the addresses, the one to try first at the front; every one is permitted.

        Raises:
            AddressRefused: one of them is not.
            Unresolved: there is none.

        """
        if not self._found:
            found = await self._resolved()
            for address in found:
                reason = refusal(address, self._origin, self._networks)
                if reason is not None:
                    raise AddressRefused(reason)
            self._found = found
        return self._found

    def prefer(self, address: Address) -> None:
        """Put first what a connection was made to."""
        if self._found[:1] != (address,):
            self._found = (address, *(each for each in self._found if each != address))

    def forget(self) -> None:
        """Look the name up again the next time."""
        self._found = ()

    async def _resolved(self) -> tuple[Address, ...]:
        host, port = self._origin.host.strip("[]"), self._origin.port
        assert port is not None, "the port * is for authorisations"
        try:
            return (ipaddress.ip_address(host),)
        except ValueError:
            pass
        try:
            found = await self._look_up(host, port)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Unresolved(f"the name {host} leads to no address: {reason}") from None
        return tuple(dict.fromkeys(map(ipaddress.ip_address, found)))
