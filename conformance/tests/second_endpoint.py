"""A second endpoint, written from the text of the standard and its schemas alone.

One file, plain WSGI, a table instead of a model, and nothing of this project imported: it shows
that somebody who reads only `spec/` and `schemas/` can comply at level L1. It takes no covert
measure and declares five states of the ladder.

    python second_endpoint.py [--port N] [--write-target DIR]
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import random
import re
import secrets
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VERSION = "0.1"
MODEL = "table-1"
WELL_KNOWN = "/.well-known/distillation-resistance"
CHAT, ACCOUNT, APPEALS = "/v1/chat/completions", "/drs/v1/account", "/drs/v1/appeals"
CASES, TEST, SCORE = "/drs/v1/cases", "/drs/v1/test", "/drs/v1/scores"
LIKELIHOOD = "/drs/v1/likelihoods"
# The surface that withholds its reasoning, and where an auditor reads it for a while.
THINKER, THINKING, THOUGHTS = "table-1-thinker", "/v1/thinker/chat/completions", "/drs/v1/thoughts"
THOUGHTS_MAX, THOUGHTS_S = 256, 900
IANA = "https://iana.org/assignments/http-problem-types#"
OWN = "https://distillation-resistance.example/problems#"

# Bounds of both surfaces (chapter Interface exposure).
ALTERNATIVES_MAX, DECIMALS, CHOICES_MAX, TOKENS_MAX, BODY_MAX = 3, 3, 2, 512, 1 << 20
WINDOW_MAX = 32 << 20
# Share of benign weeks that the detector may flag.
FALSE_ALARMS = 0.01
# Requests in each window of so many seconds, by the policy in force.
QUOTAS = {"default": (6000, 60), "graduated": (5, 60)}
DAY = 86400
QUIET_S = {"observed": DAY, "throttled": 2 * DAY}
REVIEW_S, DECISION_S = 3 * DAY, 7 * DAY

# The registry `ladder`, as far as the declared states go: from, on, approvals, to.
STATES = ("standing", "observed", "throttled", "suspended", "terminated")
LADDER = (
    ("standing", "evidence", 0, "observed"),
    ("observed", "evidence", 0, "throttled"),
    ("throttled", "evidence", 1, "suspended"),
    ("suspended", "evidence", 2, "terminated"),
    ("throttled", "appeal-upheld", 1, "standing"),
    ("suspended", "appeal-upheld", 1, "standing"),
    ("terminated", "appeal-upheld", 1, "standing"),
)
# What time does: from, to, seconds.
STEPS_DOWN = {
    "observed": ("standing", QUIET_S["observed"]),
    "throttled": ("observed", QUIET_S["throttled"]),
    "suspended": ("observed", REVIEW_S),
}
MEASURES = {"throttled": "throttle", "suspended": "suspend", "terminated": "terminate"}
# The registry `evidence-kinds`.
EVIDENCE_KINDS = {
    "prompt-structure",
    "network",
    "burst",
    "coverage",
    "account-linkage",
    "reasoning-elicitation",
    "logprob-harvesting",
}
HELD = ("throttled", "suspended", "terminated")
PERSONAS = ("control", *(f"fresh-{number}" for number in range(1, 9)), *HELD)

Document = dict[str, Any]
Headers = list[tuple[str, str]]


class Refused(Exception):
    """A request that ends with a problem."""

    def __init__(
        self, status: int, detail: str, headers: Headers | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.headers = status, headers or []
        title = HTTPStatus(status).phrase
        self.problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        self.problem.update(more)


# -- the table that stands in for a model

OPENINGS = (("Well", 30), (" Sure", 25), (" Fine", 20), (" Right", 15), (" Good", 10))
STORY = (
    ((" then", 50), (" now", 30), (" so", 20)),
    ((",", 100),),
    ((" the", 60), (" a", 40)),
    ((" day", 40), (" fox", 35), (" river", 25)),
    ((" goes", 55), (" runs", 45)),
    ((" on", 70), (" by", 30)),
    ((".", 100),),
)
_SUM = re.compile(r"(\d+) ?(?:\+|and) ?(\d+)")
_HARM = re.compile(r"\b(?:poison|steal|blackmail|forge|fake|bully|stalk|bomb|spyware|phishing)\b")
_PROGRAM = re.compile(r"function (\w+) that (adds|subtracts|multiplies by) (\d+)")
_OPERATORS = {"adds": "+", "subtracts": "-", "multiplies by": "*"}


def slots(prompt: str) -> Iterator[tuple[tuple[str, int], ...]]:
    """Yield for each position of an answer the possible tokens with their weights, best first."""
    if _HARM.search(prompt):
        for token in ("I", " can't", " help", " with", " that."):
            yield ((token, 100),)
        return
    yield OPENINGS
    found, program = _SUM.search(prompt), _PROGRAM.search(prompt)
    if program is not None:
        name, operation, operand = program.groups()
        yield ((f"\ndef {name}(x):", 100),)
        yield ((f"\n    return x {_OPERATORS[operation]} {operand}", 100),)
    elif found is None:
        yield from STORY
    else:
        one, other = int(found[1]), int(found[2])
        for token in (",", f" {one}", " +", f" {other}", " =", f" {one + other}", "."):
            yield ((token, 100),)


def thought(prompt: str) -> str:
    """Return what the thinker makes of a prompt before it looks into the table."""
    numbers = re.findall(r"\d+", prompt)
    return (
        f"There are {len(prompt.split())} words to read, and {len(numbers)} of them are numbers. "
        "Two with a plus between them ask for a sum; whatever else comes gets the usual line."
    )


def sample(prompt: str, request: Document, choice: int) -> Document:
    """Return one choice of an answer in the dialect."""
    seed = request.get("seed")
    dice = random.SystemRandom() if seed is None else random.Random(f"{seed} {choice}")
    tokens, finish = [], "stop"
    for position, slot in enumerate(slots(prompt)):
        if position == request["max_tokens"]:
            finish = "length"
            break
        tokens.append((drawn(slot, request["temperature"], request["top_p"], dice), slot))
    shown = {"content": [scored(t, slot, request["top_logprobs"]) for t, slot in tokens]}
    text = "".join(token for token, _ in tokens)
    return {
        "index": choice,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": {**shown, "refusal": None} if request["logprobs"] else None,
        "finish_reason": finish,
    }


def drawn(
    slot: tuple[tuple[str, int], ...], temperature: float, top_p: float, dice: random.Random
) -> str:
    """Draw a token at a temperature, from the fewest tokens whose mass reaches ``top_p``."""
    if temperature == 0:
        return slot[0][0]
    most = slot[0][1]
    weights = [math.exp(max(math.log(w / most) / temperature, -700.0)) for _, w in slot]
    kept, mass = 0, 0.0
    while kept < len(slot) and (kept == 0 or mass < top_p * sum(weights)):
        mass += weights[kept]
        kept += 1
    return dice.choices([token for token, _ in slot[:kept]], weights[:kept])[0]


def scored(token: str, slot: tuple[tuple[str, int], ...], alternatives: int) -> Document:
    """Return a token with log-probabilities: those of the table, whatever the sampling."""
    total = sum(weight for _, weight in slot)

    def entry(name: str, weight: int) -> Document:
        value = round(math.log(weight / total), DECIMALS) + 0.0
        return {"token": name, "logprob": value, "bytes": list(name.encode())}

    return {
        **entry(token, dict(slot)[token]),
        "top_logprobs": [entry(name, weight) for name, weight in slot[:alternatives]],
    }


# -- accounts on the ladder


def rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Case:
    """What an auditor reads of one stay on the ladder."""

    id: str
    account: str
    opened_at: float
    transitions: list[Document] = field(default_factory=list)
    notices: list[Document] = field(default_factory=list)
    appeals: list[str] = field(default_factory=list)


@dataclass
class Account:
    """A test account. All its times are by its own clock, which the test mode can advance."""

    persona: str
    cases: dict[str, Case]
    id: str = field(default_factory=lambda: f"acct-{secrets.token_hex(6)}")
    offset_s: int = 0
    state: str = "standing"
    since: float = field(default_factory=time.time)
    shown_since: float = field(default_factory=time.time)
    quiet_since: float = 0.0
    case: Case | None = None
    windows: dict[str, tuple[float, int]] = field(default_factory=dict)
    sent: deque[str] = field(default_factory=lambda: deque(maxlen=64))

    @property
    def held(self) -> bool:
        return self.persona in HELD

    def now(self) -> float:
        return time.time() + self.offset_s

    def settle(self) -> None:
        """Step down as often as time asks for, each step at the moment when it fell due."""
        while not self.held and (due := self.due_at()) is not None and due <= self.now():
            self.move(STEPS_DOWN[self.state][0], "time", at=due)

    def due_at(self) -> float | None:
        if self.state not in STEPS_DOWN:
            return None
        # New evidence delays calm; the review of a suspension waits for nothing.
        start = self.since if self.state == "suspended" else max(self.since, self.quiet_since)
        return start + STEPS_DOWN[self.state][1]

    def happen(self, on: str, evidence: list[str], approvals: list[str]) -> None:
        """Take the transition that asks for most people of those that have enough."""
        people = sorted(set(approvals))
        open_ = [
            (needed, to)
            for state, event, needed, to in LADDER
            if (state, event) == (self.state, on) and needed <= len(people)
        ]
        if on == "evidence":
            self.quiet_since = self.now()
        if open_:
            self.move(max(open_)[1], on, evidence, people)

    def move(
        self,
        to: str,
        on: str,
        evidence: Iterable[str] = (),
        approvals: Iterable[str] = (),
        at: float | None = None,
    ) -> None:
        at = self.now() if at is None else at
        if self.case is None:
            self.case = Case(f"case-{secrets.token_hex(6)}", self.id, at)
            self.cases[self.case.id] = self.case
        self.case.transitions.append(
            {
                "from": self.state,
                "to": to,
                "on": on,
                "evidence": list(evidence),
                "approvals": list(approvals),
                "at": rfc3339(at),
            }
        )
        if to in MEASURES:
            told = rfc3339(at)
            self.case.notices.append(
                {"state": to, "mode": "immediate", "due_at": told, "given_at": told}
            )
        if MEASURES.get(to) != MEASURES.get(self.state):
            self.shown_since = at
        self.state, self.since = to, at
        self.quiet_since = max(self.quiet_since, at) if on == "evidence" else at
        if to == "standing":
            self.case = None
            self.windows.clear()

    def reset(self) -> None:
        """Back to good standing, or to the state in which it is held; records are kept."""
        if not self.held:
            if self.state != "standing":
                self.move("standing", "reset")
            self.since = self.shown_since = time.time()
        self.offset_s = 0
        self.windows.clear()
        self.sent.clear()

    def take(self) -> tuple[bool, Headers, int]:
        """Count a request: whether it is served, the rate-limit fields, seconds to the reset."""
        policy = "graduated" if self.state == "throttled" else "default"
        quota, window = QUOTAS[policy]
        began, used = self.windows.get(policy, (-math.inf, 0))
        if self.now() - began >= window:
            began, used = self.now(), 0
        served = used < quota
        used += served
        self.windows[policy] = (began, used)
        left = max(1, math.ceil(began + window - self.now()))
        fields = [
            ("RateLimit-Policy", f'"{policy}";q={quota};w={window}'),
            ("RateLimit", f'"{policy}";r={quota - used};t={left}'),
        ]
        return served, fields, left

    def view(self) -> Document:
        """Return the document `account-standing`; what is merely observed is not shown."""
        shown = self.state if self.state in MEASURES else "standing"
        due = self.due_at()
        return {
            "account": self.id,
            "standing": shown,
            "since": rfc3339(self.shown_since),
            "case": self.case.id if self.case and shown != "standing" else None,
            "measures": (
                [{"kind": MEASURES[shown], "since": rfc3339(self.since)}]
                if shown in MEASURES
                else []
            ),
            "review_at": rfc3339(due) if due is not None and shown in MEASURES else None,
            "appeal": APPEALS if shown in MEASURES else None,
        }

    def truth(self) -> Document:
        """Return the document `persona-state`."""
        return {
            "persona": self.persona,
            "account": self.id,
            "state": self.state,
            "since": rfc3339(self.since),
            "case": self.case.id if self.case else None,
            "notice_due_at": None,
            "clock_offset_s": self.offset_s,
            "held": self.held,
        }


# -- the endpoint


class Endpoint:
    """The WSGI application."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.key = Ed25519PrivateKey.generate()
        self.lock = threading.Lock()
        self.cases: dict[str, Case] = {}
        self.appeals: dict[str, tuple[str, Document]] = {}
        self.thoughts: dict[str, tuple[float, list[str]]] = {}
        self.accounts = {name: Account(name, self.cases) for name in PERSONAS}
        self.keys = {name: secrets.token_urlsafe(24) for name in (*PERSONAS, "auditor")}
        self.by_key = {key: name for name, key in self.keys.items()}
        for name in HELD:
            self._bring(name)

    def _bring(self, name: str) -> None:
        """Bring a persona up the ladder to the state that its name says."""
        account = self.accounts[name]
        while account.state != name:
            account.happen("evidence", ["burst"], ["approver-1", "approver-2"])

    def __call__(self, environ: Document, start: Callable[[str, Headers], Any]) -> list[bytes]:
        try:
            with self.lock:
                status, headers, document = self._answer(environ)
            kind = "application/json"
        except Refused as refused:
            status, headers, document = refused.status, refused.headers, refused.problem
            kind = "application/problem+json"
            if environ["PATH_INFO"] in (CHAT, THINKING):
                code = str(document["type"]).rpartition("#")[2]
                document["error"] = {
                    "message": document["detail"],
                    "type": "invalid_request_error",
                    "param": document.get("parameter"),
                    "code": code,
                }
        body = json.dumps(document, ensure_ascii=False).encode()
        start(
            f"{status} {HTTPStatus(status).phrase}",
            [("Content-Type", kind), ("Content-Length", str(len(body))), *headers],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: Document) -> tuple[int, Headers, Document]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        routes: tuple[tuple[str, str, Callable[..., tuple[int, Headers, Document]]], ...] = (
            ("GET", re.escape(WELL_KNOWN), self._declaration),
            ("POST", f"(?:{re.escape(CHAT)}|{re.escape(THINKING)})", self._chat),
            ("GET", re.escape(ACCOUNT), self._account),
            ("POST", re.escape(APPEALS), self._appeal),
            ("GET", re.escape(APPEALS) + "/([^/]+)", self._read_appeal),
            ("GET", re.escape(CASES) + "/([^/]+)", self._case),
            ("POST", re.escape(SCORE), self._score),
            ("POST", re.escape(LIKELIHOOD), self._likelihood),
            ("GET", re.escape(THOUGHTS) + "/([^/]+)", self._thoughts),
            ("GET", re.escape(TEST) + "/personas/([^/]+)", self._truth),
            ("POST", re.escape(TEST) + "/personas/([^/]+)/([a-z]+)", self._operate),
        )
        matching = [(m, found, run) for m, p, run in routes if (found := re.fullmatch(p, path))]
        if not matching:
            raise Refused(404, "There is nothing at this path.")
        allowed = sorted({m for m, _, _ in matching})
        for wanted, found, run in matching:
            if method == wanted:
                return run(environ, *found.groups())
        raise Refused(
            405, "This path does not answer that method.", [("Allow", ", ".join(allowed))]
        )

    # who asks

    def _caller(self, environ: Document) -> str:
        scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        name = self.by_key.get(key.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            challenge = [("WWW-Authenticate", "Bearer")]
            raise Refused(401, "Send a valid key: Authorization: Bearer KEY.", challenge)
        return name

    def _own(self, environ: Document) -> Account:
        name = self._caller(environ)
        if name == "auditor":
            raise Refused(403, "An auditor's credential has no account.")
        account = self.accounts[name]
        account.settle()
        return account

    def _require_auditor(self, environ: Document) -> None:
        if self._caller(environ) != "auditor":
            raise Refused(403, "This takes an auditor's credential.")

    # control plane

    def _declaration(self, _: Document) -> tuple[int, Headers, Document]:
        return 200, [("Cache-Control", "max-age=3600")], self.declaration()

    def _account(self, environ: Document) -> tuple[int, Headers, Document]:
        return 200, [("Cache-Control", "no-store")], self._own(environ).view()

    def _appeal(self, environ: Document) -> tuple[int, Headers, Document]:
        account = self._own(environ)
        request = read_object(environ, {"case": str, "statement": str})
        if not 1 <= len(request["statement"]) <= 20_000 or not request["case"]:
            raise Refused(400, "A statement has 1 to 20000 characters, a case is named.")
        case = self.cases.get(request["case"])
        if case is None or case.account != account.id:
            raise Refused(404, "There is no such case of this account.")
        name, now = f"appeal-{secrets.token_hex(8)}", account.now()
        document = {
            "appeal": name,
            "case": case.id,
            "status": "received",
            "received_at": rfc3339(now),
            "decide_by": rfc3339(now + DECISION_S),
        }
        case.appeals.append(name)
        self.appeals[name] = (account.id, document)
        return 202, [("Location", f"{APPEALS}/{name}")], document

    def _read_appeal(self, environ: Document, name: str) -> tuple[int, Headers, Document]:
        caller = self._caller(environ)
        owner, document = self.appeals.get(name, ("", {}))
        if not owner or (caller != "auditor" and self.accounts[caller].id != owner):
            raise Refused(404, "There is no such appeal.")
        return 200, [("Cache-Control", "no-store")], document

    def _case(self, environ: Document, name: str) -> tuple[int, Headers, Document]:
        self._require_auditor(environ)
        case = self.cases.get(name)
        if case is None:
            raise Refused(404, "There is no such case.")
        account = next(a for a in self.accounts.values() if a.id == case.account)
        account.settle()
        return (
            200,
            [("Cache-Control", "no-store")],
            {
                "case": case.id,
                "account": case.account,
                # A case that is closed ended where its last transition led.
                "state": case.transitions[-1]["to"],
                "opened_at": rfc3339(case.opened_at),
                "notices": case.notices,
                "transitions": case.transitions,
                "appeals": case.appeals,
            },
        )

    # hooks

    def _score(self, environ: Document) -> tuple[int, Headers, Document]:
        self._require_auditor(environ)
        members = dict.fromkeys(("drs_version", "window", "data", "from", "to"), str)
        window = read_object(environ, {**members, "accounts": list}, WINDOW_MAX)
        try:
            clusters = crews(window["accounts"])
        except (AttributeError, KeyError, TypeError):
            raise Refused(400, "An account has a name and requests with time and prompt.") from None
        # What honest weeks show at most so often: a score of its reciprocal is an e-value.
        score = 1 / FALSE_ALARMS
        kinds = ["prompt-structure"]
        answer = {
            "drs_version": VERSION,
            "window": window["window"],
            "detector": {"name": "crews", "version": "1"},
            "e_value": score if clusters else 0,
            "clusters": [{"accounts": c, "e_value": score, "kinds": kinds} for c in clusters],
            "threshold": score,
        }
        return 200, [("Cache-Control", "no-store")], answer

    def _likelihood(self, environ: Document) -> tuple[int, Headers, Document]:
        self._require_auditor(environ)
        members = {"drs_version": str, "model": str, "messages": list, "answers": list}
        asked = read_object(environ, members)
        if asked["model"] != MODEL:
            raise Refused(400, f"The declared model is {MODEL}.")
        prompt = [content(message) for message in asked["messages"]][-1:]
        if not prompt or not all(isinstance(answer, str) for answer in asked["answers"]):
            raise Refused(400, "There is a message at least, and answers are texts.")
        first = dict(next(slots(prompt[0])))
        total = sum(first.values())
        known = {answer: math.log(weight / total) for answer, weight in first.items()}
        values = [known.get(answer) for answer in asked["answers"]]
        answer = {"drs_version": VERSION, "model": MODEL, "log_probabilities": values}
        return 200, [("Cache-Control", "no-store")], answer

    def _thoughts(self, environ: Document, name: str) -> tuple[int, Headers, Document]:
        self._require_auditor(environ)
        since, thoughts = self.thoughts.get(name, (-math.inf, []))
        if time.time() - since > THOUGHTS_S:
            raise Refused(404, "Nothing is kept of such an answer.")
        answer = {"drs_version": VERSION, "answer": name, "model": THINKER, "reasoning": thoughts}
        return 200, [("Cache-Control", "no-store")], answer

    # test mode

    def _persona(self, environ: Document, name: str) -> Account:
        self._require_auditor(environ)
        if name not in self.accounts:
            raise Refused(404, "There is no test persona of this name.")
        account = self.accounts[name]
        account.settle()
        return account

    def _truth(self, environ: Document, name: str) -> tuple[int, Headers, Document]:
        return 200, [], self._persona(environ, name).truth()

    def _operate(self, environ: Document, name: str, what: str) -> tuple[int, Headers, Document]:
        account = self._persona(environ, name)
        if what == "reset":
            account.reset()
        elif what not in ("advance", "flag"):
            raise Refused(404, "There is no such operation.")
        elif account.held:
            raise Refused(409, "This persona is held in its state.")
        elif what == "advance":
            seconds = read_object(environ, {"seconds": int})["seconds"]
            if not 1 <= seconds <= 366 * DAY:
                raise Refused(400, "A clock moves by 1 second to 366 days at a time.")
            account.offset_s += seconds
            account.settle()
        else:
            self._flag(
                account, read_object(environ, {"on": str, "evidence": list, "approvals": list})
            )
        return 200, [], account.truth()

    def _flag(self, account: Account, flag: Document) -> None:
        kinds = [item.get("kind") if isinstance(item, dict) else None for item in flag["evidence"]]
        if flag["on"] not in ("evidence", "appeal-upheld"):
            raise Refused(400, "`on` is evidence or appeal-upheld.")
        if not all(isinstance(kind, str) and kind in EVIDENCE_KINDS for kind in kinds):
            raise Refused(400, "Each evidence has a kind of the registry `evidence-kinds`.")
        if not all(isinstance(person, str) and person for person in flag["approvals"]):
            raise Refused(400, "Approvals are names.")
        if (flag["on"] == "evidence") != bool(kinds):
            raise Refused(400, "Evidence comes with kinds, an upheld appeal without.")
        case = account.case
        account.happen(flag["on"], kinds, flag["approvals"])
        if flag["on"] == "appeal-upheld" and case is not None and account.state == "standing":
            for name in case.appeals:
                self.appeals[name][1]["status"] = "upheld"

    # inference

    def _chat(self, environ: Document) -> tuple[int, Headers, Document]:
        account = self._own(environ)
        model = THINKER if environ["PATH_INFO"] == THINKING else MODEL
        if account.state in ("suspended", "terminated"):
            raise Refused(
                403,
                f"This account is {account.state}; you can appeal.",
                type=f"{OWN}account-{account.state}",
                **self._recourse(account),
            )
        served, fields, left = account.take()
        if not served:
            self._refuse_for_quota(account, fields, left)
        try:
            request = chat_request(read_object(environ, {"model": str, "messages": list}), model)
        except Refused as refused:
            refused.headers += fields
            raise
        prompt = request["messages"][-1]
        account.sent.append(prompt)
        self._watch(opening(prompt))
        choices = [sample(prompt, request, number) for number in range(request["n"])]
        said = [c["message"]["content"] for c in choices]
        thoughts = [thought(prompt)] * request["n"] if model == THINKER else []
        used = sum(len(text.split()) for text in said + thoughts)
        answer = {
            "id": f"chatcmpl-{secrets.token_hex(8)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": choices,
            "usage": {
                "prompt_tokens": len(prompt.split()),
                "completion_tokens": used,
                "total_tokens": len(prompt.split()) + used,
            },
        }
        if thoughts:
            # Every account of this endpoint is a test persona.
            self.thoughts[answer["id"]] = (time.time(), thoughts)
            for forgotten in list(self.thoughts)[:-THOUGHTS_MAX]:
                del self.thoughts[forgotten]
        return 200, fields, answer

    def _watch(self, begun: str) -> None:
        """Take accounts for one campaign that begin alike, share the work and keep in step."""
        crew = [a for a in self.accounts.values() if list(map(opening, a.sent)).count(begun) > 2]
        prompts = [prompt for account in crew for prompt in account.sent]
        amounts = [len(account.sent) for account in crew]
        if len(crew) < 5 or len(set(prompts)) < len(prompts) or max(amounts) > min(amounts) + 1:
            return
        for account in crew:
            # What goes further than throttling is for people.
            if account.state in ("standing", "observed"):
                account.happen("evidence", ["prompt-structure"], [])
        for account in self.accounts.values():
            account.sent.clear()

    def _refuse_for_quota(self, account: Account, fields: Headers, left: int) -> None:
        headers = [*fields, ("Retry-After", str(left))]
        if account.state == "throttled":
            raise Refused(
                429,
                "The quota of a measure is used up; you can appeal.",
                headers,
                type=f"{IANA}abnormal-usage-detected",
                **{"violated-policies": ["graduated"]},
                **self._recourse(account),
            )
        more = {"violated-policies": ["default"]}
        raise Refused(429, "The quota is used up.", headers, type=f"{IANA}quota-exceeded", **more)

    def _recourse(self, account: Account) -> Document:
        assert account.case is not None
        return {"case": account.case.id, "appeal": APPEALS}

    # what is promised

    def declaration(self) -> Document:
        """Return the declaration, signed over its DSSE pre-authentication encoding."""
        now = int(time.time())
        document: Document = {
            "drs_version": VERSION,
            "issuer": self.origin,
            "name": "Table endpoint",
            "classes": ["provider"],
            "level": "L1",
            "issued_at": rfc3339(now),
            "expires_at": rfc3339(now + 30 * DAY),
            "surfaces": [
                {
                    "id": name,
                    "dialect": "openai_chat",
                    "path": path,
                    "models": [model],
                    "streaming": False,
                    "reasoning": reasoning,
                    "bounds": {
                        "top_logprobs_max": ALTERNATIVES_MAX,
                        "logprob_decimals": DECIMALS,
                        "choices_max": CHOICES_MAX,
                    },
                }
                for name, path, model, reasoning in (
                    ("chat", CHAT, MODEL, "shown"),
                    ("thinker", THINKING, THINKER, "withheld"),
                )
            ],
            "ladder": {
                "states": list(STATES),
                "quiet_s": QUIET_S,
                "suspension_review_s": REVIEW_S,
            },
            "control_plane": {
                "account": ACCOUNT,
                "appeals": APPEALS,
                "cases": CASES,
                "test": TEST,
                "score": SCORE,
                "likelihood": LIKELIHOOD,
                "reasoning": THOUGHTS,
            },
            "good_standing": {"false_positive_rate": FALSE_ALARMS, "benign_error_rate": 0.01},
            "notice": {"covert_delay_max_s": 0},
            "appeals": {"decision_max_s": DECISION_S, "contact": "mailto:appeals@lab.example"},
            "perturbation": [],
            "exemptions": [],
            "keys": [{"kid": "k-1", "alg": "Ed25519", "public_key": self.public_key}],
        }
        kind, payload = b"application/vnd.drs.declaration+json", rfc8785.dumps(document)
        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        return document | {"proof": {"kid": "k-1", "signature": b64(self.key.sign(signed))}}

    @property
    def public_key(self) -> str:
        return b64(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


# -- the detector


def opening(prompt: str) -> str:
    """Return the first two words of a prompt, with numbers all alike."""
    return " ".join(re.sub(r"\d+", "0", prompt.lower()).split()[:2])


def crews(accounts: list[Document]) -> list[list[str]]:
    """Return accounts that begin their prompts alike, share the work and never sleep."""
    by_opening: dict[str, dict[str, list[Document]]] = {}
    for account in accounts:
        for request in account["requests"]:
            begun = opening(request["prompt"])
            sent = by_opening.setdefault(begun, {}).setdefault(account["account"], [])
            sent.append(request)
    found: list[list[str]] = []
    for senders in by_opening.values():
        busy = {name: sent for name, sent in senders.items() if len(sent) >= 10}
        prompts = [request["prompt"] for sent in busy.values() for request in sent]
        hours = sorted(len({request["at"][11:13] for request in sent}) for sent in busy.values())
        known = {name for crew in found for name in crew}
        if len(busy) >= 20 and len(set(prompts)) >= 0.9 * len(prompts) and hours[0] >= 8:
            found.append(sorted(set(busy) - known))
    return [crew for crew in found if crew]


# -- requests


def read_object(environ: Document, members: Mapping[str, type], most: int = BODY_MAX) -> Document:
    """Return the JSON object of a body with at least these members, or refuse the request."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise Refused(411, "A body comes with its length.")
    if int(length) > most:
        raise Refused(413, f"A body may have at most {most} bytes.")
    try:
        document = json.loads(environ["wsgi.input"].read(int(length)).decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON in UTF-8.") from None
    if not isinstance(document, dict):
        raise Refused(400, "The body is not a JSON object.")
    for name, kind in members.items():
        value = document.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Refused(400, f"{name} is missing or of another type than {kind.__name__}.")
    if set(members) != {"model", "messages"} and set(document) != set(members):
        raise Refused(400, f"A member is not known; there are {', '.join(members)}.")
    return document


def chat_request(body: Document, model: str) -> Document:
    """Return the parameters of a chat request, within the declared bounds."""
    if body["model"] != model:
        raise Refused(404, f"There is no such model; use {model}.")
    texts = [content(message) for message in body["messages"]]
    if not texts:
        raise Refused(400, "messages holds at least one message.")
    if body.get("stream"):
        raise Refused(400, "This surface does not stream.")
    top = number(body, "top_logprobs", int, 0, math.inf, 0)
    choices = number(body, "n", int, 1, math.inf, 1)
    for name, asked, limit in (
        ("top_logprobs", top, ALTERNATIVES_MAX),
        ("n", choices, CHOICES_MAX),
    ):
        if asked > limit:
            more = {"parameter": name, "limit": limit}
            kind = f"{OWN}parameter-out-of-bounds"
            raise Refused(400, f"{name} may be at most {limit}.", type=kind, **more)
    logprobs, bias = body.get("logprobs"), body.get("logit_bias")
    if logprobs not in (None, True, False) or not isinstance(bias, dict | None):
        raise Refused(400, "logprobs is true or false, logit_bias an object.")
    if top and not logprobs:
        raise Refused(400, "top_logprobs needs logprobs to be true.")
    if logprobs and bias:
        raise Refused(400, "logit_bias and logprobs are not served together.")
    tokens = number(body, "max_tokens", int, 1, TOKENS_MAX, TOKENS_MAX)
    return {
        "messages": texts,
        "n": choices,
        "logprobs": bool(logprobs),
        "top_logprobs": top,
        "temperature": number(body, "temperature", float, 0, 2, 1),
        "top_p": number(body, "top_p", float, 0, 1, 1),
        "max_tokens": number(body, "max_completion_tokens", int, 1, TOKENS_MAX, tokens),
        "seed": number(body, "seed", int, -(2**63), 2**63 - 1, None),
    }


def content(message: Any) -> str:
    text = message.get("content") if isinstance(message, dict) else None
    if not isinstance(text, str) or not isinstance(message.get("role"), str):
        raise Refused(400, "A message has a role and a text as its content.")
    return text


def number(body: Document, name: str, kind: type, low: float, high: float, otherwise: Any) -> Any:
    value = body.get(name)
    if value is None:
        return otherwise
    right = isinstance(value, int) or (kind is float and isinstance(value, float))
    if isinstance(value, bool) or not right or not low <= value <= high:
        raise Refused(400, f"{name} is a number from {low} to {high}.")
    return value


# -- serving


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a log would hold what accounts did."""


def variable(persona: str) -> str:
    return f"TABLE_{persona.upper().replace('-', '_')}"


def _persona(name: str) -> dict[str, str]:
    """Give honest accounts another address than those that are probed."""
    honest = name == "control" or name.startswith("blind-")
    return {"credential": variable(name), "source_address": "127.0.0.2" if honest else "127.0.0.3"}


def write_target(folder: Path, endpoint: Endpoint) -> None:
    """Write the files that a test of this server needs; JSON is YAML."""
    now = datetime.now(UTC).replace(microsecond=0)
    bounds = {"max_requests": 16_000, "max_output_tokens": 500_000, "max_cost_usd": 1.0}
    target = {
        "drs_version": VERSION,
        "name": "Table endpoint",
        "base_url": f"{endpoint.origin}/v1",
        "dialect": "openai_chat",
        "model": MODEL,
        "authorisation": "authorisation.yaml",
        "personas": {name: _persona(name) for name in endpoint.keys},
        "budget": bounds,
        "trusted_key": endpoint.public_key,
    }
    authorisation = {
        "drs_version": VERSION,
        "issued_by": "Operator of the table endpoint",
        "contact": "mailto:operator@lab.example",
        "origins": [endpoint.origin],
        "not_before": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expires_at": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "bounds": {**bounds, "max_concurrency": 4},
    }
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{variable(name)}={key}\n" for name, key in endpoint.keys.items()]
    (folder / "credentials.env").write_text("".join(lines))
    (folder / "credentials.env").chmod(0o600)
    (folder / "authorisation.yaml").write_text(json.dumps(authorisation, indent=2))
    (folder / "target.yaml").write_text(json.dumps(target, indent=2))


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--write-target", type=Path)
    options = parser.parse_args()
    server = make_server("127.0.0.1", options.port, lambda e, s: [], Server, Handler)
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}")
    server.set_app(endpoint)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    if options.write_target is not None:
        write_target(options.write_target, endpoint)
    print(json.dumps({"url": endpoint.origin}), flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
