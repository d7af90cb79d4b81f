"""Origins: scheme, host and port, compared exactly (RFC 6454)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Origin", "path_of"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK_HOSTS = ("127.0.0.1", "[::1]")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host in lower case (IPv6 in brackets) and port. `port` None stands for `*`."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of an http or https URL.

        Raises:
            ValueError: not such a URL, or one with user information.

        """
        parts = _split(url)
        return cls(parts[0], parts[1], _port(parts[2], parts[0]))

    @classmethod
    def pattern(cls, text: str) -> Origin:
        """Return an entry of an authorisation: an origin, or a loopback one with port `*`.

        Raises:
            ValueError: the text has a path, or `*` elsewhere than as a port of loopback.

        """
        scheme, host, port = _split(text)
        if path_of(text):
            raise ValueError(f"expected scheme, host and port only, got {text!r}")
        if port != "*":
            return cls(scheme, host, _port(port, scheme))
        if host not in _LOOPBACK_HOSTS:
            raise ValueError(
                f"expected a port number, got * (it is for 127.0.0.1 and [::1] only) in {text!r}"
            )
        return cls(scheme, host, None)

    def covers(self, other: Origin) -> bool:
        """Tell whether this entry of an authorisation permits `other`."""
        same_place = (self.scheme, self.host) == (other.scheme, other.host)
        return same_place and self.port in (None, other.port)

    def __str__(self) -> str:
        """Return the origin as text, without a default port."""
        if self.port == _DEFAULT_PORTS[self.scheme]:
            return f"{self.scheme}://{self.host}"
        return f"{self.scheme}://{self.host}:{'*' if self.port is None else self.port}"


def path_of(url: str) -> str:
    """Return the path of a URL without slashes at its end: empty for a bare origin.

    Raises:
        ValueError: the URL has a query or a fragment.

    """
    parts = urlsplit(url)
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError(f"expected a URL without query and fragment, got {url!r}")
    return parts.path.rstrip("/")


def _split(url: str) -> tuple[str, str, str]:
    if _PRINTABLE.fullmatch(url) is None or "\\" in url:
        raise ValueError(f"expected a URL of visible ASCII characters, got {url!r}")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise ValueError(f"expected http://HOST or https://HOST, got {url!r}")
    if "@" in parts.netloc:
        raise ValueError("expected a URL without user information, got one with it")
    host, port = _host_and_port(parts.netloc.lower(), url)
    return parts.scheme, host, port


def _host_and_port(netloc: str, url: str) -> tuple[str, str]:
    if netloc.startswith("["):
        inner, bracket, rest = netloc[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"expected a host in closed brackets, got {url!r}")
        if "%" in inner:
            raise ValueError(f"expected an address without a zone, got {url!r}")
        return f"[{ipaddress.IPv6Address(inner).compressed}]", rest[1:]
    host, _, port = netloc.partition(":")
    if _HOST.fullmatch(host) is None:
        raise ValueError(f"expected a host name or address (IDNs in their xn-- form), got {url!r}")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        # Anything else that ends in a number is an address in a spelling that hides which.
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(f"expected an IPv4 address as four numbers, got {url!r}") from None
    return host, port


def _port(text: str, scheme: str) -> int:
    if not text:
        return _DEFAULT_PORTS[scheme]
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ValueError(f"expected a port from 1 to 65535, got {text!r}")
    return int(text)
