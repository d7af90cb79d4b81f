"""STIX patterns over addresses, the only ones that a signature may hold.

They are ``[ipv4-addr:value = '198.51.100.0/24' OR ipv6-addr:value = '2001:db8::/48']``, or several
of these joined by ``OR`` (STIX 2.1, section 9.7): no repetition, no order in time, nothing else.
"""

from __future__ import annotations

import re

from drs_reference.exchange.objects import ObjectError
from drs_reference.exchange.ranges import Network, read_range

__all__ = ["addresses"]

_TOKEN = re.compile(
    r"[\t\n\r ]*(?:(?P<object>ipv[46]-addr:value)|(?P<or>OR\b)|(?P<is>=|ISSUBSET\b)"
    r"|(?P<open>\[)|(?P<close>\])|'(?P<range>[0-9a-f.:/]{2,43})'|(?P<end>\Z))"
)
_NEXT = {
    "open": ("object",),
    "object": ("is",),
    "is": ("range",),
    "range": ("or", "close"),
    "close": ("or", "end"),
}


def addresses(pattern: str) -> tuple[Network, ...]:
    """The ranges that a pattern names. Raises ``ObjectError`` (``rule`` or ``networks``)."""
    ranges: list[Network] = []
    expected: tuple[str, ...] = ("open",)
    at, inside, version = 0, False, ""
    while True:
        token = _TOKEN.match(pattern, at)
        kind = None if token is None else token.lastgroup
        if token is None or kind not in expected:
            raise ObjectError("rule", f"column {at + 1}: expected {' or '.join(expected)}")
        if kind == "end":
            return tuple(ranges)
        if kind == "object":
            version = token["object"][3]
        elif kind == "range":
            ranges.append(_range(token["range"], version))
        if kind in ("open", "close"):
            inside = kind == "open"
        expected = _NEXT[kind] if kind != "or" else (("object",) if inside else ("open",))
        at = token.end()


def _range(text: str, version: str) -> Network:
    single = {"4": "/32", "6": "/128"}[version]
    network = read_range(text if "/" in text else text + single)
    if str(network.version) != version:
        raise ObjectError("rule", f"{network} is not an address of IPv{version}")
    return network
