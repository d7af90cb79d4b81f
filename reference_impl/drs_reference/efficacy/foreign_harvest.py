"""Harvesting somebody else's endpoint over HTTP, within the bounds of the file that names it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any

import httpx

from drs_reference.adapters.completion import answers_of
from drs_reference.efficacy import corpus
from drs_reference.efficacy.foreign_file import (
    AuthorisationPassedError,
    ForeignCondition,
    ForeignError,
    ForeignTeacher,
    on_loopback,
)
from drs_reference.efficacy.foreign_journal import BoundReachedError, ForeignJournal, Said, Slot
from drs_reference.efficacy.harvest import Plan
from drs_reference.efficacy.tasks import opening
from drs_reference.json_text import BodyError, parse_object
from drs_reference.model.language import Sample

__all__ = ["gather", "slots"]

_TIMEOUT_S = 120
_BODY_MAX = 1 << 20
_TEXT_MAX = 4000
"""Characters of an answer that are kept; the longest of the language has 150."""
_SHOWN = 200
_ATTEMPTS = 4
_WAIT_MAX_S = 60
_SAID_EVERY = 100
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same request may be sent again, at the cost of one more."""


def slots(condition: str, plan: Plan, seed: int) -> list[Slot]:
    """The answers of a corpus, in its order."""
    return [
        Slot(condition, plan, seed, number, account, repeat)
        for number in range(plan.prompts)
        for account in range(plan.accounts)
        for repeat in range(plan.repeats)
    ]


def gather(
    teacher: ForeignTeacher,
    journal: ForeignJournal,
    wanted: Sequence[Slot],
    say: Callable[[str], None] = print,
) -> str | None:
    """Ask for the answers that the journal lacks, in their order; why it stopped before the end.

    None where all of them are there. It stops at the bound on requests, and where the last day has
    passed. Now and then ``say`` is told how far it is. Raises
    ``ForeignError`` for an endpoint that does not answer as chat completions do; whatever came
    before is kept.
    """
    missing = [slot for slot in wanted if slot.name not in journal.said]
    if not missing:
        return None
    url = httpx.URL(teacher.url)
    with httpx.Client(timeout=_TIMEOUT_S, trust_env=not on_loopback(url)) as client:
        crew = _Crew(teacher, journal, client, _prompts(missing), say)
        return crew.work(missing)


def _prompts(wanted: Iterable[Slot]) -> dict[int, list[Sample]]:
    most: dict[int, int] = {}
    for slot in wanted:
        most[slot.seed] = max(most.get(slot.seed, 0), slot.number + 1)
    return {seed: corpus.prompts(seed, count) for seed, count in most.items()}


@dataclass(frozen=True, slots=True)
class _Answered:
    status: int
    body: bytes
    retry_after: str
    wrong: str = ""


class _Crew:
    """Threads that take slots in turn until all are done, one fails, or the bound is reached."""

    def __init__(
        self,
        teacher: ForeignTeacher,
        journal: ForeignJournal,
        client: httpx.Client,
        prompts: dict[int, list[Sample]],
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._teacher = teacher
        self._journal = journal
        self._client = client
        self._prompts = prompts
        self._conditions = {one.name: one for one in teacher.conditions}
        self._stop = Event()
        self._lock = Lock()

    def work(self, wanted: Sequence[Slot]) -> str | None:
        rest, count = iter(wanted), self._teacher.concurrency_max
        with ThreadPoolExecutor(count) as pool:
            try:
                working = [pool.submit(self._each, rest) for _ in range(count)]
                errors = [one.exception() for one in working]
            finally:
                self._stop.set()
        stopped = None
        for error in errors:
            if isinstance(error, BoundReachedError):
                stopped = f"the bound of {self._journal.requests_max} requests is reached"
            elif isinstance(error, AuthorisationPassedError):
                stopped = str(error)
            elif error is not None:
                raise error
        return stopped

    def _each(self, rest: Iterator[Slot]) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    slot = next(rest, None)
                if slot is None:
                    return
                said = self._ask(slot)
                if said is not None:
                    self._journal.keep(slot, said)
                    kept = len(self._journal.said)
                    if kept % _SAID_EVERY == 0:
                        self._say(f"harvest: {kept} answers, {self._journal.sent} requests")
        except BaseException:
            self._stop.set()
            raise

    def _ask(self, slot: Slot) -> Said | None:
        """The answer; None where the crew is to stop first."""
        condition = self._conditions[slot.condition]
        keys = condition.key_variables
        key = self._teacher.keys[keys[(slot.account + slot.number) % len(keys)]]
        sample = self._prompts[slot.seed][slot.number]
        begun = opening(sample) if slot.plan.prefill else ""
        body = self._body(sample, begun)
        for attempt in range(1, _ATTEMPTS + 1):
            self._teacher.check_authorised()
            self._journal.sending(slot)
            came: _Answered | httpx.TransportError
            try:
                came = self._post(body, key)
            except httpx.TransportError as error:
                came = error
            if isinstance(came, _Answered) and came.status not in _AGAIN:
                return self._said(came, condition, slot, key, begun)
            wait = _wait(came, attempt)
            if attempt == _ATTEMPTS or wait > _WAIT_MAX_S:
                raise self._error(came, condition, slot, key)
            if self._stop.wait(wait):
                return None
        raise AssertionError("unreachable")

    def _body(self, sample: Sample, begun: str) -> dict[str, Any]:
        teacher = self._teacher
        said = [("system", teacher.instruction)] if teacher.instruction else []
        said += sample.messages
        said += [("assistant", begun)] if begun else []
        return {
            "model": teacher.model,
            "messages": [{"role": role, "content": text} for role, text in said],
            "temperature": teacher.temperature,
            teacher.limit_member: teacher.answer_tokens_max,
        }

    def _post(self, body: dict[str, Any], key: str) -> _Answered:
        """What comes; raises ``httpx.TransportError``, also where it takes too long."""
        deadline, answer = time.monotonic() + _TIMEOUT_S, bytearray()
        headers = {"Authorization": f"Bearer {key}"}
        # A redirect would carry the key to where nobody authorised it.
        with self._client.stream(
            "POST", self._teacher.url, json=body, headers=headers, follow_redirects=False
        ) as response:
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > _BODY_MAX:
                    wrong = f"a body of more than {_BODY_MAX} bytes"
                    return _Answered(response.status_code, b"", "", wrong)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"the body took longer than {_TIMEOUT_S} s")
            again = response.headers.get("retry-after", "")
            return _Answered(response.status_code, bytes(answer), again)

    def _said(
        self, came: _Answered, condition: ForeignCondition, slot: Slot, key: str, begun: str
    ) -> Said:
        if came.status != 200 or came.wrong:
            raise self._error(came, condition, slot, key)
        try:
            answer = answers_of(parse_object(came.body), logprobs=False)[0]
        except BodyError as error:
            raise self._error(came, condition, slot, key, error.message) from None
        # What an endpoint repeats of a key is kept no more than what it says in errors.
        text, refusal = (one.replace(key, "(the key)") for one in (answer.text, answer.refusal))
        if refusal:
            return Said(refusal[:_TEXT_MAX], declined=True)
        return Said((text if text.startswith(begun) else begun + text)[:_TEXT_MAX])

    def _error(
        self,
        came: _Answered | httpx.TransportError,
        condition: ForeignCondition,
        slot: Slot,
        key: str,
        wrong: str = "",
    ) -> ForeignError:
        got = (
            f"status {came.status}: {came.wrong or wrong or came.body.decode('utf-8', 'replace')}"
            if isinstance(came, _Answered)
            else f"{type(came).__name__}: {came}"
        )
        got = got.replace(key, "(the key)")[:_SHOWN]
        return ForeignError(
            f"expected a chat completion with status 200 from {self._teacher.url} for condition "
            f"{condition.name!r}, seed {slot.seed}, prompt {slot.number}; got {got}. "
            f"{len(self._journal.said)} answers are kept; the same command goes on from there"
        )


def _wait(came: _Answered | httpx.TransportError, attempt: int) -> float:
    """Seconds to wait: what the endpoint asks for in whole seconds, else longer each time."""
    asked = came.retry_after.strip() if isinstance(came, _Answered) else ""
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return float(asked)
    return float(2 ** (attempt - 1))
