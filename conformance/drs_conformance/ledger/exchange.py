"""One request and what came of it, as checks see them: already redacted."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from drs_conformance.ledger.bodies import encode_body
from drs_conformance.specification.canonical import canonical_json
from drs_conformance.specification.documents import DocumentError
from drs_conformance.specification.json_text import parse_json

__all__ = [
    "BEARER",
    "Attempt",
    "CredentialField",
    "Exchange",
    "Fault",
    "FaultKind",
    "Headers",
    "MalformedBody",
    "WireRequest",
    "parse_body",
]

Headers = tuple[tuple[str, str], ...]
FaultKind = Literal["connect", "timeout", "reset", "protocol", "too-large", "encoded", "censored"]

_METHOD = re.compile(r"[A-Z]{1,16}")
# Origin-form of RFC 9112, section 3.2.1; `#` would start a fragment, which is never sent.
_PATH = re.compile(r"/[!-\"$-~]*")
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"[\x20-\x7e\t]*")


@dataclass(frozen=True, slots=True)
class CredentialField:
    """The header field that carries a credential, and what stands before the credential in it.

    Raises:
        ValueError: HTTP cannot carry it.

    """

    name: str
    prefix: str = ""

    def __post_init__(self) -> None:
        if _FIELD_NAME.fullmatch(self.name) is None or _FIELD_VALUE.fullmatch(self.prefix) is None:
            raise ValueError(f"expected a header field in ASCII, got {self.name!r}")


BEARER = CredentialField("Authorization", "Bearer ")
"""RFC 6750, section 2.1; the control plane of the standard knows no other."""


class MalformedBody(Exception):
    """The body of a response is not the JSON that was expected; the message says why."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as a check asks for it.

    `path` is absolute below the root of the target, with its query if it has one. `persona` None
    sends no credential. `headers` replace those that the ledger would send under the same name.
    `output_tokens` is the most that the answer can cost and is reserved before sending.
    `credential` is the field in which the ledger sends the credential of the persona.

    Raises:
        ValueError: a part that HTTP cannot carry, or an own credential beside a persona.

    """

    method: str
    path: str
    persona: str | None
    headers: Headers = ()
    body: bytes | None = None
    output_tokens: int = 0
    credential: CredentialField = BEARER

    def __post_init__(self) -> None:
        if _METHOD.fullmatch(self.method) is None:
            raise ValueError(f"expected a method in capitals, got {self.method!r}")
        if _PATH.fullmatch(self.path) is None:
            raise ValueError(
                f"expected an absolute path of visible ASCII without fragment, got {self.path!r}"
            )
        for name, value in self.headers:
            if _FIELD_NAME.fullmatch(name) is None or _FIELD_VALUE.fullmatch(value) is None:
                raise ValueError(f"expected a header field in ASCII, got {name!r}: {value!r}")
            if self.persona is not None and name.lower() in {
                "authorization",
                self.credential.name.lower(),
            }:
                raise ValueError(f"a request speaks for a persona or brings its own {name}")
        if self.output_tokens < 0:
            raise ValueError(f"expected output_tokens of at least 0, got {self.output_tokens}")

    def record(self) -> dict[str, object]:
        """Return the request as the journal keeps it."""
        return self._record(encode_body(self.body))

    def digest(self) -> str:
        """Return the SHA-256 of the request's record in JCS (RFC 8785), with its prefix.

        In place of the body stands its own digest, whatever form the journal gives it.
        """
        body = None if self.body is None else _sha256(self.body)
        return _sha256(canonical_json(self._record(body)))

    def _record(self, body: object) -> dict[str, object]:
        record: dict[str, object] = {
            "method": self.method,
            "path": self.path,
            "persona": self.persona,
            "headers": [list(pair) for pair in self.headers],
            "body": body,
            "output_tokens": self.output_tokens,
        }
        if self.credential != BEARER:
            record["credential"] = {"name": self.credential.name, "prefix": self.credential.prefix}
        return record


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that is about to be sent, and the exchange that it repeats, if it does."""

    request: WireRequest
    retry_of: str | None = None


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no response: a fault of the infrastructure, never a refusal."""

    kind: FaultKind
    detail: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was sent and its response or fault; nothing in it holds a credential.

    `ordinal` counts the exchanges of `lane` from 1. `sent_at` and `received_at` are RFC 3339 UTC,
    `elapsed_s` seconds from the first to the last byte. `url` and `sent_headers` are what went out,
    `address` is the IP address that was spoken to. `earlier` are the attempts that it is a retry
    of, oldest first. `after_gap` marks the first that was sent after the run had been cut off and
    was resumed: time passed that nobody watched.
    """

    id: str
    lane: str
    ordinal: int
    request: WireRequest
    status: int | None
    headers: Headers
    body: bytes
    elapsed_s: float
    sent_at: str
    received_at: str
    fault: Fault | None = None
    url: str = ""
    sent_headers: Headers = ()
    earlier: tuple[Exchange, ...] = ()
    address: str | None = None
    after_gap: bool = False

    def header(self, name: str) -> str | None:
        """Return the value of a response field; several lines are joined (RFC 9110, 5.3)."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def media_type(self) -> str | None:
        """Type and subtype of the body in lower case, without parameters."""
        value = self.header("content-type")
        return value.partition(";")[0].strip().lower() if value else None

    @property
    def utf8_valid(self) -> bool:
        """Whether the body is UTF-8."""
        try:
            self.body.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def text(self) -> str:
        """Return the body as text; bytes that are not UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> object:
        """Return the body as a JSON value.

        Raises:
            MalformedBody: there is no response, or its body is not UTF-8, not JSON, repeats a
                member, nests deeper than 100 levels, or holds a number that is not finite.

        """
        if self.fault is not None:
            raise MalformedBody(
                f"expected a JSON body, got no response ({self.fault.kind}: {self.fault.detail})"
            )
        return parse_body(self.body, f"body of {self.id}")


def parse_body(body: bytes, name: str) -> object:
    """Parse JSON bytes strictly; `name` says in errors what they are.

    Raises:
        MalformedBody: as `Exchange.json`.

    """
    if not body.strip():
        raise MalformedBody(f"{name}: expected JSON, got nothing")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(
            f"{name}: expected UTF-8, got the byte 0x{body[error.start]:02x} at {error.start}"
        ) from None
    try:
        return parse_json(text, file=name).value
    except DocumentError as error:
        raise MalformedBody(str(error)) from None
    except (ValueError, LookupError, AssertionError, RecursionError):
        # The parser explains a refusal by reading on, and what follows need not be JSON.
        raise MalformedBody(f"{name}: expected JSON, got something else") from None
