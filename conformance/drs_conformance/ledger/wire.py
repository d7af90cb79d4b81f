"""Sending a request and taking in what comes back: the only code that talks to a network."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import logging
import os
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from drs_conformance.ledger.exchange import Fault, FaultKind, Headers, WireRequest
from drs_conformance.ledger.resolving import AddressRefused, Resolver, Unresolved
from drs_conformance.target import Address, Origin

__all__ = ["MAX_BODY_BYTES", "MAX_BODY_PARTS", "Received", "Sending", "Wire"]

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_BODY_PARTS = 200_000
"""Values, arrays and objects of JSON: a few megabytes of empty ones take hundreds in memory."""
_PARTS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[,\[{]', re.DOTALL)

# Both log what is sent and received, before redaction. The level is what loggers below inherit.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Received:
    """What came back, not yet redacted: a response, or a fault.

    `address` is the IP address that was spoken to or tried last, None where there was none.
    """

    status: int | None
    headers: Headers
    body: bytes
    elapsed_s: float
    fault: Fault | None
    address: str | None = None


Sending = tuple[WireRequest, Headers, str | None]
"""A request, exactly the header fields that go out with it (and `Host`, `Content-Length`), and the
source address."""


class Wire:
    """Connections to one root, a pool for each persona so that no two accounts share one.

    The requests look like those of any program that uses this HTTP library: its own User-Agent,
    because a name borrowed from another program would not agree with the order of the fields and
    the TLS handshake, and so would single the suite out.
    """

    def __init__(
        self,
        root: str,
        timeout_s: float,
        resolver: Resolver | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """Take the root without a slash at its end and the deadline of a whole exchange.

        `ca_file` holds certificates that are trusted beside the public ones. Without
        `resolver` the authorisation names no network beside the root: see `refusal`.
        """
        self._root = root
        self._origin = Origin.of(root)
        self._resolver = resolver or Resolver(self._origin)
        self._timeout_s = timeout_s
        self._runner = asyncio.Runner()
        # Without the client that httpx puts around it: cookies, redirects and authentication of its
        # own have no place here, and cost as much as the transport.
        self._transports: dict[str | None, httpx.AsyncHTTPTransport] = {}
        self._urls: dict[Address, httpx.URL] = {}
        self._tls: ssl.SSLContext | bool = _tls(ca_file) if root.startswith("https:") else False

    def headers(self, request: WireRequest) -> Headers:
        """Return the header fields that go out for a request, without the credential."""
        given = {name.lower() for name, _ in request.headers}
        ordinary = (
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "keep-alive"),
            ("User-Agent", f"python-httpx/{httpx.__version__}"),
        )
        return (*(pair for pair in ordinary if pair[0].lower() not in given), *request.headers)

    def send(self, sendings: Sequence[Sending], take: Callable[[int, Received], object]) -> None:
        """Send requests at once and `take` each answer, with its place among them, as it comes.

        Never raises for what the target or the network does.
        """
        self._runner.run(self._send_all(sendings, take))

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            self._runner.run(transport.aclose())
        self._transports.clear()
        self._runner.close()

    async def _send_all(
        self, sendings: Sequence[Sending], take: Callable[[int, Received], object]
    ) -> None:
        async def send(place: int) -> None:
            take(place, await self._send(*sendings[place]))

        if len(sendings) == 1:
            await send(0)
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                for place in range(len(sendings)):
                    tasks.create_task(send(place))
        except BaseExceptionGroup as several:
            # Only `take` raises, and the first that it could not take says why.
            raise several.exceptions[0] from None

    async def _send(
        self, request: WireRequest, headers: Headers, source_address: str | None
    ) -> Received:
        transport = self._transport(request.persona, source_address)
        taken = _Taken()
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_s):
                fault = await self._try_addresses(
                    transport, request, headers, source_address, taken
                )
        except TimeoutError:
            fault = Fault("timeout", f"no whole response within {self._timeout_s:g} s{taken}")
        except (AddressRefused, Unresolved) as error:
            fault = Fault("connect", str(error))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._resolver.forget()
            fault = Fault("connect", f"could not connect to {self._root}: {_cause(error)}")
        except (httpx.ReadError, httpx.WriteError, httpx.CloseError) as error:
            kind: FaultKind = "protocol" if taken.status is not None else "reset"
            fault = Fault(kind, f"the connection broke: {_reason(error)}{taken}")
        except httpx.RemoteProtocolError as error:
            # The peer closed before a whole response head; anything else is not HTTP.
            silent = taken.status is None and "without sending" in str(error)
            fault = Fault("reset" if silent else "protocol", f"{_reason(error)}{taken}")
        except httpx.HTTPError as error:
            fault = Fault("protocol", f"{_reason(error)}{taken}")
        elapsed_s = round(time.perf_counter() - started, 6)
        if fault is not None:
            return Received(None, (), b"", elapsed_s, fault, taken.address)
        body = bytes(taken.body)
        return Received(taken.status, taken.headers, body, elapsed_s, None, taken.address)

    async def _try_addresses(
        self,
        transport: httpx.AsyncHTTPTransport,
        request: WireRequest,
        headers: Headers,
        source_address: str | None,
        taken: _Taken,
    ) -> Fault | None:
        """Send to the first address that a connection can be made to; raises what httpx raises."""
        addresses = await self._resolver.addresses()
        if source_address is not None:
            version = ipaddress.ip_address(source_address).version
            addresses = tuple(each for each in addresses if each.version == version)
        # Of connecting and of the handshake of TLS each: one address where nobody answers does not
        # use up the time of the others, and no deadline of ours cancels httpcore in a handshake,
        # which would leave the connection open (`start_tls` closes it after errors alone).
        connect_s = self._timeout_s / (2 * max(len(addresses), 1))
        for address in addresses:
            taken.address = str(address)
            try:
                message = self._message(request, headers, address, connect_s)
                fault = await taken.take(transport, message)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise
            else:
                self._resolver.prefer(address)
                return fault
        return Fault("connect", f"{self._root} has no address that {source_address} can speak to")

    def _message(
        self, request: WireRequest, headers: Headers, address: Address, connect_s: float
    ) -> httpx.Request:
        host, scheme = self._origin.host, self._origin.scheme
        at = str(address) if address.version == 4 else f"[{address}]"
        if address not in self._urls:
            self._urls[address] = httpx.URL(f"{scheme}://{at}:{self._origin.port}")
        extensions: dict[str, object] = {
            # As given, where httpx would normalise escapes and dots of its URL.
            "target": request.path.encode("ascii"),
            "timeout": {"connect": connect_s},
        }
        if host != at:
            extensions["sni_hostname"] = host
        return httpx.Request(
            request.method,
            self._urls[address],
            headers=[("Host", self._root.partition("://")[2]), *headers],
            content=request.body,
            extensions=extensions,
        )

    def _transport(
        self, persona: str | None, source_address: str | None
    ) -> httpx.AsyncHTTPTransport:
        if persona not in self._transports:
            self._transports[persona] = httpx.AsyncHTTPTransport(
                verify=self._tls, trust_env=False, local_address=source_address
            )
        return self._transports[persona]


class _Taken:
    """As much of a response as has come."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.status: int | None = None
        self.headers: Headers = ()
        self.body = bytearray()

    async def take(
        self, transport: httpx.AsyncHTTPTransport, message: httpx.Request
    ) -> Fault | None:
        response = await transport.handle_async_request(message)
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        try:
            self.status = response.status_code
            self.headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in response.headers.raw
            )
            encoding = response.headers.get("content-encoding", "identity").strip().lower()
            if encoding not in {"", "identity"}:
                return Fault(
                    "encoded", f"content-encoding {encoding!r}, although identity was asked for"
                )
            async for chunk in stream:
                self.body += chunk
                if len(self.body) > MAX_BODY_BYTES:
                    return Fault("too-large", f"a body of more than {MAX_BODY_BYTES} bytes")
        finally:
            await stream.aclose()
        if _has_too_many_parts(self.body):
            return Fault("too-large", f"a body of more than {MAX_BODY_PARTS} values")
        return None

    def __str__(self) -> str:
        if self.status is None:
            return " (no response line came)"
        return f" (after status {self.status} and {len(self.body)} bytes of the body)"


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _has_too_many_parts(body: bytearray) -> bool:
    if sum(map(body.count, (b",", b"[", b"{"))) <= MAX_BODY_PARTS:
        return False
    outside_of_texts = (None for match in _PARTS.finditer(body) if match[0][:1] != b'"')
    return next(itertools.islice(outside_of_texts, MAX_BODY_PARTS, None), 0) is None


def _cause(error: BaseException) -> str:
    """Return what the system said of a connection that could not be made."""
    innermost = error
    while (deeper := innermost.__cause__ or innermost.__context__) is not None:
        innermost = deeper
    if isinstance(innermost, OSError) and not isinstance(innermost, ssl.SSLError):
        return os.strerror(innermost.errno) if innermost.errno else _reason(error)
    return _reason(error)


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
