"""Formats and patterns of JSON Schema as the schemas of the standard mean them.

jsonschema checks `date-time` and `uri` only with further packages and silently passes them
otherwise, and it reads patterns as Python's regular expressions, in which `$` lets a line break
through and `\\d` takes digits of any script. Both would accept documents that others refuse.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jsonschema import FormatChecker, ValidationError

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# RFC 3986, appendix A, without the inner grammar of IP literals.
_CHARACTER = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_USER = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)"
_TAIL = rf"(?:\?(?:{_CHARACTER}|[/?])*)?(?:#(?:{_CHARACTER}|[/?])*)?"
_AUTHORITY = rf"//(?:{_USER}*@)?{_HOST}(?::[0-9]*)?(?:/{_CHARACTER}*)*"
_ABSOLUTE = rf"/(?:{_CHARACTER}+(?:/{_CHARACTER}*)*)?"
_ROOTLESS = rf"{_CHARACTER}+(?:/{_CHARACTER}*)*"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:(?:{_AUTHORITY}|{_ABSOLUTE}|{_ROOTLESS})?{_TAIL}")


def format_checker() -> FormatChecker:
    """Return a checker that knows `date`, `date-time` and `uri`, and nothing else."""
    checker = FormatChecker(formats=())
    checks: dict[str, Callable[[str], bool]] = {
        "date": is_date,
        "date-time": is_date_time,
        "uri": is_uri,
    }
    for name, check in checks.items():
        checker.checkers[name] = (_for_text(check), ())
    return checker


def is_date_time(text: str) -> bool:
    """Tell whether `text` is a date-time of RFC 3339, section 5.6."""
    try:
        moment(text)
    except ValueError:
        return False
    return True


def moment(text: str) -> datetime.datetime:
    """Read a date-time of RFC 3339; a leap second counts as the second before it.

    Raises:
        ValueError: it is none.

    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a date-time of RFC 3339, got {text!r}")
    # Python's clock has no leap seconds.
    second = "59" if match[3] == "60" else match[3]
    zone = "+00:00" if match[5] in "Zz" else match[5]
    fraction = (match[4] or "")[:7]
    return datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}:{second}{fraction}{zone}")


def is_date(text: str) -> bool:
    """Tell whether `text` is a full-date of RFC 3339, section 5.6."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_uri(text: str) -> bool:
    """Tell whether `text` is a URI with a scheme (RFC 3986)."""
    return _URI.fullmatch(text) is not None


@cache
def ecma_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern of JSON Schema (ECMA-262) for Python.

    `$` matches only at the very end, `\d` and `\w` take ASCII only. Other differences between the
    two languages do not occur in the schemas of the standard.
    """
    translated = []
    in_class = False
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == r"\d":
            translated.append("0-9" if in_class else "[0-9]")
        elif part == r"\w":
            translated.append("A-Za-z0-9_" if in_class else "[A-Za-z0-9_]")
        elif part == "$" and not in_class:
            translated.append(r"\Z")
        else:
            in_class = part == "[" or (in_class and part != "]")
            translated.append(part)
    return re.compile("".join(translated))


def check_pattern(
    validator: Any,
    pattern: str,
    instance: object,
    schema: object,
) -> Iterator[ValidationError]:
    """Check the keyword `pattern`; yields at most one error."""
    if isinstance(instance, str) and not ecma_pattern(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _for_text(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda instance: not isinstance(instance, str) or check(instance)
