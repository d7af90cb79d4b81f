"""An exchange as a command that anyone can repeat by hand."""

from __future__ import annotations

import base64
import re
import shlex

from drs_conformance.ledger.exchange import CredentialField, Exchange, WireRequest

__all__ = ["curl_command"]

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_PLAIN = re.compile(r"[A-Za-z0-9 _=:.-]*")
_ADDED_BY_CURL = frozenset({"host", "content-length", "connection"})


def curl_command(exchange: Exchange) -> str:
    """Return a POSIX shell command that sends the exchange's request again.

    The credential stands as `"${VARIABLE}"`, to be taken from the environment; all other text is
    quoted so that no shell takes it for anything but text. That holds for `${...}` elsewhere too:
    a path may come from the target, which must not choose what of the environment is sent to it.
    A body with bytes that an argument cannot carry is piped in.
    """
    request = exchange.request
    parts = ["curl", "--silent", "--show-error", "--include", "--path-as-is", "--globoff"]
    parts += ["--request", request.method] if request.method != "HEAD" else ["--head"]
    present = {name.lower() for name, _ in exchange.sent_headers}
    for name, value in exchange.sent_headers:
        if name.lower() not in _ADDED_BY_CURL:
            # curl sends a field without value only when it ends in a semicolon.
            parts += ["--header", _field(name, value, _carrier(request))]
    prefix = ""
    if request.body is not None:
        if "content-type" not in present:
            parts += ["--header", "'Content-Type:'"]
        if b"\0" in request.body or not _is_text(request.body):
            encoded = base64.b64encode(request.body).decode("ascii")
            prefix = f"printf %s {encoded} | base64 -d | "
            parts += ["--data-binary", "@-"]
        else:
            parts += ["--data-raw", shlex.quote(request.body.decode("utf-8"))]
    return f"{prefix}{' '.join(parts)} {shlex.quote(exchange.url)}"


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _carrier(request: WireRequest) -> CredentialField | None:
    """Return the field in which the ledger itself added a credential."""
    return None if request.persona is None else request.credential


def _field(name: str, value: str, carrier: CredentialField | None) -> str:
    """Return a header argument; the variable of the credential is left for the shell to fill in."""
    if carrier is not None and name == carrier.name and value.startswith(carrier.prefix):
        variable = value.removeprefix(carrier.prefix)
        if _VARIABLE.fullmatch(variable) and _PLAIN.fullmatch(carrier.prefix):
            return f'"{name}: {carrier.prefix}{variable}"'
    return shlex.quote(f"{name}: {value}" if value else f"{name};")
