"""Windows of traffic that never happened, for the score hook: honest weeks and campaigns.

Each window follows from the generator of random numbers that it is given and is different from
every other one: subjects, templates, hours and volumes are drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

__all__ = ["HARD_CASES", "campaign", "divided_work", "one_address", "ordinary"]

Account = dict[str, Any]

DAYS = 7
_MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

_SUBJECTS = (
    "a lease", "sourdough", "my garden", "a cover letter", "the tides", "old radios", "a budget",
    "a wedding speech", "knitting", "a bicycle chain", "the moon", "tax forms", "a short film",
    "rental cars", "volcanoes", "home insurance", "a violin", "choosing a school", "chess problems",
    "a birthday poem", "glaciers", "a vegetable stew", "the metric system", "a train journey",
    "spreadsheets", "a science fair", "old towns", "a noisy neighbour", "migraines", "wallpaper",
)  # fmt: skip
_ASKS = (
    "Help me with {a}.", "What is the difference between {a} and {b}?", "I was thinking about {a}",
    "Could you rewrite this for me? It is about {a} and also {b}.", "Give me ideas for {a}.",
    "Is it true what they say about {a}?", "{a}: where do I start?", "Summarise the gist of {a}.",
    "Write something nice about {a} for a colleague who likes {b}.", "Why does {a} take so long?",
    "My daughter asked about {a} today. What do I say?", "Correct my grammar: i has learn of {a}",
    "Translate to French: we talked about {a} over dinner.", "Plan a weekend around {a} and {b}.",
    "Tell me more.", "Shorter please.", "And in a table?", "Thanks, that helps with {a}.",
)  # fmt: skip
_FIELDS = (
    "organic chemistry", "contract law", "number theory", "unit tests", "query planning",
    "differential diagnosis", "logic puzzles", "shell scripts", "geometry proofs", "type systems",
)  # fmt: skip
_ORDERS = (
    "Solve the following task on {field} and show every step of your reasoning: {task}",
    "You are an expert in {field}. Answer in detail and explain why each step holds. {task}",
    "Write a difficult question about {field} on {task}, then its full solution.",
    "Judge these two answers about {field} by the rubric, then decide. {task}",
)


def ordinary(rng: Random, name: str) -> dict[str, Any]:
    """Return a week of ten to thirty people with nothing in common."""
    return _window(rng, name, [_person(rng) for _ in range(rng.randint(10, 30))])


def one_address(rng: Random, name: str) -> dict[str, Any]:
    """Return a week of people who have one address in common, and no phrase of what they ask."""
    address, asks = _pseudonym(rng, "net"), rng.sample(_ASKS, len(_ASKS))
    made = []
    while len(asks) > 3:
        own = [asks.pop() for _ in range(3)]
        prompts = [_ask(rng, own) for _ in range(rng.randint(1, 12))]
        made.append(_account(rng, prompts, _awake(rng), address=address))
    return _window(rng, name, made)


def campaign(
    rng: Random, name: str, accounts: int, a_day: int
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a week with a campaign among people, and the names of the campaign's accounts.

    It uses a few templates, divides the work, runs round the clock and has few means of payment.
    """
    field, orders = rng.choice(_FIELDS), rng.sample(_ORDERS, 3)
    payments = [_pseudonym(rng, "pay") for _ in range(max(1, accounts // 12))]
    addresses = [_pseudonym(rng, "net") for _ in range(max(1, accounts // 3))]
    made = []
    for _ in range(accounts):
        prompts = [
            rng.choice(orders).format(field=field, task=_task(rng))
            for _ in range(a_day * DAYS + rng.randint(-a_day, a_day))
        ]
        made.append(
            _account(
                rng,
                prompts,
                lambda: timedelta(days=rng.uniform(0, DAYS)),
                payment=rng.choice(payments),
                address=rng.choice(addresses),
            )
        )
    members = frozenset(account["account"] for account in made)
    return _among_people(rng, name, made), members


def divided_work(rng: Random) -> Iterator[str]:
    """Yield the prompts of a campaign without end, no prompt twice: one field, a few templates."""
    field, orders = rng.choice(_FIELDS), rng.sample(_ORDERS, rng.randint(1, 3))
    given: set[str] = set()
    while True:
        prompt = rng.choice(orders).format(field=field, task=_task(rng))
        if prompt not in given:
            given.add(prompt)
            yield prompt


def _agents(rng: Random, name: str) -> dict[str, Any]:
    """Agents: a public framework, users of their own, much traffic in working hours."""
    frame = f"You can call tools. Task {{n}}: {{ask}} Begin with {rng.choice(('a plan', 'facts'))}."
    made = []
    for _ in range(rng.randint(3, 8)):
        asks = [_ask(rng) for _ in range(3 + int(rng.lognormvariate(3.2, 1.1)) % 250)]
        made.append(
            _account(rng, [frame.format(n=n, ask=a) for n, a in enumerate(asks)], _awake(rng))
        )
    return _among_people(rng, name, made)


def _builds(rng: Random, name: str) -> dict[str, Any]:
    """Bots of continuous integration: one company, the same jobs every night and at each merge."""
    company = {"organisation": _pseudonym(rng, "org"), "payment": _pseudonym(rng, "pay")}
    jobs = [f"Write release notes for the {rng.choice(_SUBJECTS)} service." for _ in range(4)]
    made = []
    for _ in range(rng.randint(3, 8)):
        hour = rng.uniform(0, 23)
        prompts = [rng.choice(jobs) for _ in range(7)]
        prompts += [
            f"Find mistakes in merge request {rng.randint(100, 9999)}."
            for _ in range(int(rng.lognormvariate(2.3, 0.9)))
        ]
        nightly = _at(rng, lambda hour=hour: hour + rng.uniform(0, 0.2))  # type: ignore[misc]
        made.append(_account(rng, prompts, nightly, **company))
    return _among_people(rng, name, made)


def _evaluators(rng: Random, name: str) -> dict[str, Any]:
    """Teams that run one published suite: all of it, once, each in its own hour."""
    field = rng.choice(_FIELDS)
    suite = [f"[{field}] {_task(rng)} Answer with one letter." for _ in range(rng.randint(30, 60))]
    made = []
    for _ in range(rng.randint(3, 6)):
        begin = timedelta(hours=rng.uniform(0, 160))
        made.append(
            _account(
                rng,
                suite,
                lambda begin=begin: begin + timedelta(minutes=rng.uniform(0, 50)),  # type: ignore[misc]
            )
        )
    return _among_people(rng, name, made)


def _campus(rng: Random, name: str) -> dict[str, Any]:
    """The users behind one shared address, who were set the same exercises."""
    address = _pseudonym(rng, "net")
    sheet = [f"Exercise {n}: {_task(rng)}" for n in range(1, 5)]
    made = [_person(rng, sheet, address=address) for _ in range(rng.randint(15, 30))]
    return _window(rng, name, made)


def _resold(rng: Random, name: str) -> dict[str, Any]:
    """A reseller's honest customers: one means of payment, lives of their own."""
    payment = _pseudonym(rng, "pay")
    made = [_person(rng, payment=payment) for _ in range(rng.randint(10, 25))]
    return _among_people(rng, name, made)


HARD_CASES: Mapping[str, Callable[[Random, str], dict[str, Any]]] = {
    "agents": _agents,
    "continuous integration": _builds,
    "evaluation suites": _evaluators,
    "one shared address": _campus,
    "a reseller's customers": _resold,
}
"""Honest traffic that is like a campaign in one respect."""


def _among_people(rng: Random, name: str, accounts: list[Account]) -> dict[str, Any]:
    people = [_person(rng) for _ in range(rng.randint(5, 15))]
    return _window(rng, name, [*accounts, *people])


def _person(rng: Random, also: Sequence[str] = (), **shared: str) -> Account:
    asks = [_ask(rng) for _ in range(1 + int(rng.lognormvariate(1.5, 0.9)) % 60)]
    return _account(rng, [*asks, *also], _awake(rng), **shared)


def _ask(rng: Random, asks: Sequence[str] = _ASKS) -> str:
    return rng.choice(asks).format(a=rng.choice(_SUBJECTS), b=rng.choice(_SUBJECTS))


def _task(rng: Random) -> str:
    subject, number = rng.choice(_SUBJECTS), rng.randint(2, 9999)
    return rng.choice(
        (
            f"Consider case {number} with {subject} and decide which rule applies.",
            f"Given {number} items of {subject}, find how many remain after step {number % 17}.",
            f"Derive the result for {subject} when the bound is {number}.",
            f"Compare {subject} with {rng.choice(_SUBJECTS)} under condition {number}.",
        )
    )


def _awake(rng: Random) -> Callable[[], timedelta]:
    """Return a clock of somebody who sleeps."""
    noon = rng.uniform(0, 24)
    return _at(rng, lambda: rng.gauss(noon, 3) % 24)


def _at(rng: Random, hour: Callable[[], float]) -> Callable[[], timedelta]:
    return lambda: timedelta(days=rng.randrange(DAYS), hours=hour())


def _account(
    rng: Random,
    prompts: Iterable[str],
    when: Callable[[], timedelta],
    **shared: str,
) -> Account:
    links = {"address": _pseudonym(rng, "net"), "payment": _pseudonym(rng, "pay")} | shared
    sent = sorted((_MONDAY + when(), prompt) for prompt in prompts)
    return {
        "account": _pseudonym(rng, "acct"),
        "links": [{"kind": kind, "value": value} for kind, value in sorted(links.items())],
        "requests": [{"at": _rfc3339(at), "prompt": prompt} for at, prompt in sent],
    }


def _window(rng: Random, name: str, accounts: list[Account]) -> dict[str, Any]:
    rng.shuffle(accounts)
    return {
        "drs_version": "0.1",
        "window": name,
        "data": "test",
        "from": _rfc3339(_MONDAY),
        "to": _rfc3339(_MONDAY + timedelta(days=DAYS + 1)),
        "accounts": accounts,
    }


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _pseudonym(rng: Random, kind: str) -> str:
    return f"{kind}-{rng.getrandbits(40):010x}"
