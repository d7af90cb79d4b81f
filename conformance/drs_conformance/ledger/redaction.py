"""Taking credentials out of everything that is kept or shown.

Redaction happens at capture: what the journal holds and what a check sees went through it. Case is
ignored throughout, because some encodings ignore it and no credential is so short that this would
hit ordinary text.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from drs_conformance.ledger.exchange import Headers, WireRequest
from drs_conformance.ledger.fragments import joined_texts
from drs_conformance.ledger.spellings import letters, spellings

__all__ = ["Redacted", "Redactor"]

# Values that bind a session and are no business of a journal, whoever sent them.
_SESSION_FIELDS = frozenset({"set-cookie", "set-cookie2", "cookie", "proxy-authorization"})
_SESSION_MARK = "[redacted]"
_SHORT = 256
"""Characters up to which a text is remembered together with what is shown of it."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A body without credentials. `withheld` means that a note stands in its place."""

    body: bytes
    withheld: bool


class Redactor:
    """Replaces each of a set of credentials, in every spelling, by `${VARIABLE}`."""

    def __init__(self, credentials: Iterable[tuple[str, str]] = ()) -> None:
        """Take pairs (credential, name of its variable)."""
        ordered = sorted(set(credentials), key=lambda pair: (-len(pair[0]), pair))
        self._shortest = min((len(value) for value, _ in ordered), default=0)
        self._patterns = tuple(
            (re.compile(spellings(value).encode("ascii")), f"${{{variable}}}".encode("ascii"))
            for value, variable in ordered
        )
        reached = frozenset[int]().union(*(letters(value) for value, _ in ordered))
        # Names and many values of header fields come again with every exchange.
        self._hide_short = functools.lru_cache(maxsize=4096)(self._hide)
        self._words = bytes(byte if byte in reached else 0x20 for byte in range(256))

    def hide_bytes(self, data: bytes) -> bytes:
        """Return `data` without credentials."""
        if not self._has_credential(data):
            return data
        for pattern, mark in self._patterns:
            data = pattern.sub(mark, data)
        return data

    def hide(self, text: str) -> str:
        """Return `text` without credentials; characters outside Unicode become U+FFFD."""
        return self._hide_short(text) if len(text) <= _SHORT else self._hide(text)

    def _hide(self, text: str) -> str:
        clean = text.encode("utf-8", "replace")
        hidden = self.hide_bytes(clean)
        return hidden.decode("utf-8", "replace")

    def hide_value(self, value: object) -> object:
        """Return a JSON value with every text in it, names too, without credentials."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {self.hide(str(key)): self.hide_value(item) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, bytes):
            return [self.hide_value(item) for item in value]
        return value

    def hide_headers(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Return header fields without credentials and without values that bind a session."""
        return tuple(
            (
                self.hide(name),
                _SESSION_MARK if name.strip().lower() in _SESSION_FIELDS else self.hide(value),
            )
            for name, value in headers
        )

    def hide_request(self, request: WireRequest) -> WireRequest:
        """Return a request without credentials in path, header fields and body.

        The suite wrote the body and hides nothing in pieces.
        """
        return replace(
            request,
            path=self.hide(request.path),
            headers=self.hide_headers(request.headers),
            body=None if request.body is None else self.hide_bytes(request.body),
        )

    def hide_body(self, body: bytes) -> Redacted:
        """Return a body without credentials.

        A credential that appears only when the texts of successive events or members are put
        together, as when a model echoes it token by token, cannot be cut out of them: then a note
        with the body's digest takes the place of the whole body.
        """
        hidden = self.hide_bytes(body)
        if self._patterns and any(
            self._has_credential(t.encode("utf-8", "replace")) for t in joined_texts(hidden)
        ):
            return Redacted(_note(body), withheld=True)
        return Redacted(hidden, withheld=False)

    def _has_credential(self, data: bytes) -> bool:
        if len(data) < self._shortest or not self._patterns:
            return False
        # Most text is ruled out without a look at it: its words are shorter than any credential.
        long_words = [w for w in data.translate(self._words).split() if len(w) >= self._shortest]
        return any(pattern.search(word) for word in long_words for pattern, _ in self._patterns)


def _note(body: bytes) -> bytes:
    note = {
        "withheld": "the texts of this body, put together, hold a credential of the target",
        "sha256": hashlib.sha256(body).hexdigest(),
        "bytes": len(body),
    }
    return json.dumps(note, separators=(",", ":")).encode("ascii")
