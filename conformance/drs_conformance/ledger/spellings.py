r"""The ways in which a credential can be written, as one regular expression.

Each character may stand as itself, as a JSON or script escape (`\u0073`, `\x73`, `\u{73}`), as a
percent-encoding or as an HTML reference, independently of the others and escaped more than once.
Base64 and hexadecimal forms of the whole credential count too.
"""

from __future__ import annotations

import base64
import string

__all__ = ["letters", "spellings"]

_NAMED = {'"': "quot", "&": "amp", "'": "apos", "<": "lt", ">": "gt"}
_ALPHABETS = (b"+/", b"-_")
# A run is bounded so that a body of nothing but backslashes is searched in linear time.
_BACKSLASHES = r"\\{1,16}+"


def spellings(credential: str) -> str:
    """Return a pattern for `credential`, which is visible ASCII; matches ignore case."""
    encoded = _base64_forms(credential)
    hexadecimal = credential.encode("ascii").hex()
    forms = [_text(credential), *map(_base64_text, encoded), _either_case(hexadecimal)]
    # Looking at one byte first makes most positions cheap to rule out.
    starts = {text[0] for text in (credential, hexadecimal, *encoded)} | {"\\", "%", "&"}
    first = "".join(map(_plain_in_set, sorted(starts)))
    return f"(?=[{first}])(?:{'|'.join(forms)})"


def letters(credential: str) -> frozenset[int]:
    """Return a set of bytes beyond which no spelling of `credential` reaches.

    White space is never among them, so most text falls into words too short for any spelling.
    """
    syntax = "\\{}%&#;\0" + "+/-_="
    cased = credential.lower() + credential.upper()
    return frozenset((string.ascii_letters + string.digits + syntax + cased).encode("ascii"))


def _text(credential: str) -> str:
    # UTF-16 and UTF-32 put zero bytes between the characters.
    return "\\x00{0,3}".join(map(_character, credential))


def _base64_text(text: str) -> str:
    # Writers escape `+`, `/` and `=`, never the letters and digits.
    return "".join(_either_case(c) if c.isalnum() else _character(c) for c in text)


def _character(character: str) -> str:
    code = ord(character)
    digits = _either_case(f"{code:02x}")
    # The plain character comes last, lest `%` be taken from `%25` and the rest left behind.
    forms = [
        rf"{_BACKSLASHES}(?:[uU]0*{digits}|[uU]\{{0*{digits}\}}|[xX]{digits})",
        rf"%(?:25)*{digits}",
        rf"&(?:[aA][mM][pP];)*\#0*(?:{code}|[xX]0*{digits});?",
    ]
    if name := _NAMED.get(character):
        forms.append(rf"&(?:[aA][mM][pP];)*{_either_case(name)};")
    if not character.isalnum():
        # `\/` and `\"` are JSON.
        backslashes = r"\\{1,16}" if character == "\\" else _BACKSLASHES
        forms.append(f"{backslashes}{_either_case(character)}")
    forms.append(_either_case(character))
    return "(?:" + "|".join(forms) + ")"


def _either_case(text: str) -> str:
    return "".join(f"[{_plain_in_set(c)}]" if c.isalpha() else _plain_in_set(c) for c in text)


def _plain_in_set(character: str) -> str:
    if character.isalpha():
        return character.lower() + character.upper()
    return f"\\x{ord(character):02x}"


def _base64_forms(credential: str) -> list[str]:
    """Return what base64 of any text around the credential is bound to hold.

    What stands before it shifts it by 0, 1 or 2 bytes. A character carries 6 bits; those at the
    edges that also carry bits of the neighbours are left out.
    """
    data = credential.encode("ascii")
    forms = []
    for shift in range(3):
        end = shift + len(data)
        padded = bytes(shift) + data + bytes(-end % 3)
        for alphabet in _ALPHABETS:
            encoded = base64.b64encode(padded, alphabet).decode("ascii")
            forms.append(encoded[-(-shift * 8 // 6) : end * 8 // 6])
    return list(dict.fromkeys(forms))
