"""Credentials: held for sending and for redaction, shown nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

__all__ = ["MIN_CREDENTIAL_CHARACTERS", "Secrets", "credential_fault"]

MIN_CREDENTIAL_CHARACTERS = 12
_SENDABLE = re.compile(r"[\x21-\x7e]+")


class Secrets:
    """The credentials of a target's personas, each with the variable that it came from.

    Neither `repr` nor `str` nor pickling shows a value.
    """

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Mapping[str, tuple[str, str]]) -> None:
        """Take persona -> (name of the environment variable, credential)."""
        self._credentials = dict(credentials)

    def value(self, persona: str) -> str:
        """Return the credential of `persona`; KeyError when it has none."""
        return self._credentials[persona][1]

    def variable(self, persona: str) -> str:
        """Return the name of the variable behind `persona`; KeyError when it has none."""
        return self._credentials[persona][0]

    def variables(self) -> Iterator[tuple[str, str]]:
        """Yield (credential, name of its variable), longest credential first."""
        pairs = ((value, name) for name, value in self._credentials.values())
        yield from sorted(pairs, key=lambda pair: (-len(pair[0]), pair))

    def hide(self, text: str) -> str:
        """Return `text` with each credential that stands in it verbatim as `${VARIABLE}`."""
        for value, name in self.variables():
            text = text.replace(value, f"${{{name}}}")
        return text

    def __repr__(self) -> str:
        """Return how many credentials there are."""
        return f"Secrets({len(self._credentials)} credentials)"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("credentials are not pickled")


def credential_fault(value: str) -> str | None:
    """Return why `value` cannot serve as a credential, without showing it; None when it can.

    A short credential could not be told from ordinary text when it is redacted; anything but
    visible ASCII cannot stand in a field of a request (RFC 9110, section 5.5; RFC 6750).
    """
    if len(value) < MIN_CREDENTIAL_CHARACTERS:
        return (
            f"expected a credential of at least {MIN_CREDENTIAL_CHARACTERS} characters, "
            f"got {len(value)}"
        )
    if _SENDABLE.fullmatch(value) is None:
        return "expected a credential of visible ASCII characters, got one with others in it"
    return None
