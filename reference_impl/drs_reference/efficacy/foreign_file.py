"""The file that names somebody else's teacher: where it is, who allows it, how much is asked.

It holds no key: it names the environment variables in which the keys are.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx
import yaml

from drs_reference.efficacy.attacks import ATTACKS, PASSIVE
from drs_reference.json_text import BodyError, Members, parse_object
from drs_reference.yaml_text import load

__all__ = [
    "FORM",
    "AuthorisationPassedError",
    "ForeignCondition",
    "ForeignError",
    "ForeignTeacher",
    "on_loopback",
]

FORM = (
    "Write sums and chains exactly like these two answers, with all steps. "
    "Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13. The answer is 132. "
    "Chains: 3+4=7, 7*2=4, 4-9=5. The answer is 5. "
    "Answer everything else in at most two short sentences."
)
"""What is said to a teacher that does not know how the lab writes steps."""
_SIZE_MAX = 1 << 16
_CONDITIONS_MAX = 20
_ACCOUNTS_MAX = 100
_REQUESTS_MAX = 10**7
_CONCURRENCY_MAX = 64
_ANSWER_TOKENS = 128
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEY = re.compile(r"[A-Za-z0-9._~+/:=-]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_LIMITS = ("max_tokens", "max_completion_tokens")
_MEMBERS = frozenset(
    (
        *("base_url", "model", "authorised_by", "authorised_until"),
        *("requests_max", "concurrency_max", "conditions", "instruction"),
        *("temperature", "answer_tokens_max", "limit_member"),
    )
)
_OF_A_CONDITION = frozenset(("name", "key_variables", "baseline", "attacks", "mechanism"))


class ForeignError(Exception):
    """The file cannot be used, or nothing may be sent (any more); the message says why."""


class AuthorisationPassedError(ForeignError):
    """The last day on which something may be sent has passed."""


@dataclass(frozen=True, slots=True)
class ForeignCondition:
    """Accounts in one state: the names of the variables with their keys, and attackers to try.

    The ``baseline`` is the one in good standing. ``mechanism`` is what its provider says of it.
    """

    name: str
    key_variables: tuple[str, ...]
    baseline: bool = False
    attacks: tuple[str, ...] = ()
    mechanism: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignTeacher:
    """What the file says. ``keys`` are secret, by the names of their variables."""

    base_url: str
    model: str
    authorised_by: str
    authorised_until: date
    requests_max: int
    concurrency_max: int
    conditions: tuple[ForeignCondition, ...]
    instruction: str = FORM
    temperature: float = 1.0
    answer_tokens_max: int = _ANSWER_TOKENS
    limit_member: str = _LIMITS[0]
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: Path, environment: Mapping[str, str]) -> ForeignTeacher:
        """What a file in YAML or JSON says, with keys from the environment.

        Raises ``ForeignError``. A day that has passed is no error yet: answers that are there may
        still be learnt from.
        """
        try:
            return _read(Members(_document(path)), environment)
        except BodyError as error:
            raise ForeignError(f"{path}: {error.message}") from None

    @property
    def url(self) -> str:
        """Where chat completions are asked for."""
        return self.base_url.rstrip("/") + "/chat/completions"

    @property
    def baseline(self) -> str | None:
        """The name of the condition in good standing, if there is one."""
        return next((one.name for one in self.conditions if one.baseline), None)

    def check_authorised(self, today: date | None = None) -> None:
        """Check that the last day (UTC) has not passed. Raises ``AuthorisationPassedError``."""
        now = today or datetime.now(UTC).date()
        if now > self.authorised_until:
            raise AuthorisationPassedError(
                f"authorised_until must be a day that has not passed; got {self.authorised_until}, "
                f"and it is {now}: nothing is sent. Ask {self.authorised_by!r} again"
            )


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_MAX + 1)
        if len(data) > _SIZE_MAX:
            raise BodyError(None, f"the file must have at most {_SIZE_MAX} bytes; it has more")
        if path.suffix != ".json":
            data = json.dumps(load(data.decode("utf-8"))).encode()
    except yaml.MarkedYAMLError as error:
        # Without the line itself: a key may stand there.
        mark = error.problem_mark
        where = f" at line {mark.line + 1}" if mark else ""
        raise ForeignError(f"{path} cannot be read as YAML: {error.problem}{where}") from None
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise ForeignError(f"{path} cannot be read as JSON or YAML: {error}") from None
    return parse_object(data)


def _read(members: Members, environment: Mapping[str, str]) -> ForeignTeacher:
    _known(members, _MEMBERS)
    # Who allows it comes first: without that nothing else is worth reading.
    by, until = members.required("authorised_by"), _day(members)
    conditions = tuple(_conditions(members))
    variables = [name for one in conditions for name in one.key_variables]
    limit = members.text("limit_member") or _LIMITS[0]
    if limit not in _LIMITS:
        raise members.wrong("limit_member", f"one of {', '.join(_LIMITS)}")
    instruction = members.text("instruction")
    keys = {name: _key(name, environment) for name in variables}
    if len({*keys.values()}) < len(keys):
        raise ForeignError("every key_variable must hold the key of another account; two are equal")
    return ForeignTeacher(
        base_url=_base_url(members),
        model=members.required("model"),
        authorised_by=by,
        authorised_until=until,
        requests_max=_bound(members, "requests_max", _REQUESTS_MAX),
        concurrency_max=_bound(members, "concurrency_max", _CONCURRENCY_MAX),
        conditions=conditions,
        instruction=FORM if instruction is None else instruction,
        temperature=members.number("temperature", 0, 2, 1.0),
        answer_tokens_max=members.integer("answer_tokens_max", 1, 4096) or _ANSWER_TOKENS,
        limit_member=limit,
        keys=keys,
    )


def _known(members: Members, names: frozenset[str]) -> None:
    for name in sorted(members.members.keys() - names):
        path = f"{members.path}{name[:80]}"
        raise BodyError(path, f"{path} is unknown; known are {', '.join(sorted(names))}")


def _day(members: Members) -> date:
    text = members.required("authorised_until")
    try:
        return date.fromisoformat(text)
    except ValueError:
        _wrong(members, "authorised_until", "a day as 2026-12-31")


def _wrong(members: Members, name: str, expected: str) -> NoReturn:
    raise members.wrong(name, expected) from None


def _bound(members: Members, name: str, most: int) -> int:
    found = members.integer(name, 1, most)
    if found is None:
        raise members.wrong(name, f"a whole number from 1 to {most}")
    return found


def _base_url(members: Members) -> str:
    """The URL below which ``chat/completions`` lies. It is not quoted: it may hold credentials."""
    expected = "begin with https:// (http:// on loopback alone) and hold no credentials or query"
    error = BodyError("base_url", f"base_url must {expected}; got another one")
    try:
        url = httpx.URL(members.required("base_url"))
    except httpx.InvalidURL:
        raise error from None
    safe = url.scheme == "https" or (url.scheme == "http" and on_loopback(url))
    if not safe or not url.host or url.userinfo or url.query or url.fragment:
        raise error
    return str(url)


def on_loopback(url: httpx.URL) -> bool:
    """Whether a URL leads to this machine."""
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return url.host == "localhost"


def _conditions(members: Members) -> Iterator[ForeignCondition]:
    found = list(members.items("conditions"))
    if not 1 <= len(found) <= _CONDITIONS_MAX:
        raise members.wrong("conditions", f"an array of 1 to {_CONDITIONS_MAX} conditions")
    names, variables, baselines = set[str](), set[str](), 0
    for one in found:
        _known(one, _OF_A_CONDITION)
        name = one.required("name")
        # Files are named after conditions.
        plain = re.sub(r"[\W_]+", "-", name.casefold())
        if not _NAME.fullmatch(name) or plain in names:
            raise one.wrong("name", "letters, digits, spaces and . _ -, unlike every other name")
        names.add(plain)
        own = one.strings("key_variables", _ACCOUNTS_MAX)
        if not own or any(not _VARIABLE.fullmatch(variable) for variable in own):
            # Not quoted: it may be a key that stands where its name should.
            path = f"{one.path}key_variables"
            expected = f"1 to {_ACCOUNTS_MAX} names of environment variables"
            raise BodyError(path, f"{path} must be {expected}, never keys; got something else")
        if len({*own} | variables) < len(own) + len(variables):
            path = f"{one.path}key_variables"
            raise BodyError(path, f"{path} must name variables that no other account has")
        variables |= {*own}
        baselines += (baseline := one.boolean("baseline"))
        if baselines > 1:
            raise one.wrong("baseline", "true for one condition only")
        yield ForeignCondition(
            name, own, baseline, _attacks(one, len(own), baseline), one.text("mechanism", 1)
        )


def _attacks(condition: Members, accounts: int, baseline: bool) -> tuple[str, ...]:
    """Those that are named; else, beside the baseline, those that take no further answers."""
    if condition.array("attacks") is None:
        if baseline:
            return ()
        plain = ATTACKS[PASSIVE].plan(1)
        return tuple(n for n, attack in ATTACKS.items() if n != PASSIVE and attack.plan(1) == plain)
    named = condition.strings("attacks", len(ATTACKS))
    path = f"{condition.path}attacks"
    for name in named:
        if name not in ATTACKS or name == PASSIVE:
            known = ", ".join(other for other in ATTACKS if other != PASSIVE)
            raise BodyError(path, f"{path} must be of {known}; got {name[:80]!r}")
        if ATTACKS[name].accounts > accounts:
            needed = ATTACKS[name].accounts
            raise BodyError(path, f"{path}: {name} takes {needed} key_variables; got {accounts}")
    return tuple(dict.fromkeys(named))


def _key(variable: str, environment: Mapping[str, str]) -> str:
    key = environment.get(variable, "")
    if not _KEY.fullmatch(key):
        came = "a value with other characters" if key else "nothing"
        raise ForeignError(
            f"the environment variable {variable} must hold a key of the characters of a Bearer "
            f"token; got {came}"
        )
    return key
