"""Benign traffic to calibrate the detector on: people, and those who look like harvesting.

Agents send much, continuous integration sends on schedule, evaluation suites cover a field with one
template, a class sits behind one address, a reseller's customers share a payment. Each is like a
campaign in one respect; none in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from drs_reference.detection.windows import Activity, Link, Request, Window

__all__ = ["benign_hour", "benign_window"]

DAYS = 7
_START = datetime(2026, 1, 5, tzinfo=UTC)
_TOPICS = (
    "taxes", "letters", "gardens", "trains", "recipes", "contracts", "holidays", "budgets",
    "essays", "chess", "birds", "maps", "poems", "rivers", "markets", "shoes", "bicycles",
    "museums", "planets", "bridges", "bread", "violins", "fabrics", "insurance",
)  # fmt: skip
_VERBS = (
    "explain", "improve", "shorten", "translate", "compare", "plan", "check", "summarise",
    "rewrite", "outline",
)  # fmt: skip
_WAYS = (
    "in plain words", "for a friend", "with an example", "in three steps", "for my boss",
    "as a list", "without jargon", "for a child", "before Friday", "in Spanish",
)  # fmt: skip
_FORMS = (
    "{verb} this text about {topic} {way}",
    "what should I know about {topic}",
    "can you {verb} my notes on {topic}",
    "I need help with {topic} and {other} {way}",
    "why do people like {topic} more than {other}",
    "{topic} or {other}, which is better {way}",
    "please {verb} the part about {topic}",
    "how do {topic} work, {way}",
)


def benign_window(rng: Random, number: int) -> Window:
    """Return the traffic of a week: people, and in some windows one of the other kinds."""
    accounts = list(_people(rng, rng.randint(8, 120)))
    if rng.random() < 0.4:
        accounts += rng.choice((_agents, _builds, _evaluators, _class, _resold))(rng)
    return Window(f"benign-{number}", tuple(accounts))


def benign_hour(rng: Random, number: int) -> list[tuple[str, str]]:
    """Return the (account, prompt) pairs of an hour in their order.

    An account sends in its hour what it would in a week, in one sitting: the denser the traffic,
    the more it looks like a campaign.
    """
    sent = []
    for account in benign_window(rng, number).accounts:
        begin = rng.uniform(0, 50)
        end = min(begin + rng.uniform(5, 60), 60)
        minutes = sorted(rng.uniform(begin, end) for _ in account.requests)
        for minute, request in zip(minutes, account.requests, strict=True):
            sent.append((minute, account.account, request.prompt))
    return [(account, prompt) for _, account, prompt in sorted(sent)]


def _people(rng: Random, count: int, **shared: str) -> Iterator[Activity]:
    for number in range(count):
        volume = 1 + int(rng.lognormvariate(1.8, 1.1))
        prompts = [_phrase(rng) for _ in range(min(volume, 200))]
        yield _activity(rng, f"p{number}", prompts, _daytime(rng), **shared)


def _phrase(rng: Random) -> str:
    return rng.choice(_FORMS).format(
        verb=rng.choice(_VERBS),
        topic=rng.choice(_TOPICS),
        other=rng.choice(_TOPICS),
        way=rng.choice(_WAYS),
    )


def _agents(rng: Random) -> list[Activity]:
    """One framework, users of their own: one template, volumes of all sizes, office hours."""
    return [
        _activity(
            rng,
            f"a{number}",
            [
                f"You are an agent with tools. Goal: {_phrase(rng)}. Step {step}. Think, then act."
                for step in range(min(5 + int(rng.lognormvariate(3.5, 1.2)), 400))
            ],
            _daytime(rng),
        )
        for number in range(rng.randint(3, 30))
    ]


def _builds(rng: Random) -> list[Activity]:
    """One company's builds: its template, its payment, at each commit."""
    return [
        _activity(
            rng,
            f"b{number}",
            [
                f"Review this change to {rng.choice(_TOPICS)}/{rng.choice(_VERBS)}.py, "
                f"lines {rng.randint(1, 900)}"
                for _ in range(5 + int(rng.lognormvariate(3, 0.8)))
            ],
            _daytime(rng) if rng.random() < 0.7 else lambda: rng.uniform(0, 24),
            payment="company",
        )
        for number in range(rng.randint(3, 15))
    ]


def _evaluators(rng: Random) -> list[Activity]:
    """One public suite, run by many: the same questions from each, in an hour."""
    suite = [
        f"Question: {_phrase(rng)}? Choices: A, B, C, D. Answer:"
        for _ in range(rng.randint(50, 200))
    ]
    made = []
    for number in range(rng.randint(3, 20)):
        hour = rng.uniform(0, 23)
        made.append(_activity(rng, f"e{number}", suite, lambda at=hour: rng.uniform(at, at + 1)))  # type: ignore[misc]
    return made


def _class(rng: Random) -> list[Activity]:
    """A university behind one address, with an exercise for everybody."""
    exercise = [f"solve exercise {step} about {rng.choice(_TOPICS)}" for step in range(1, 6)]
    made = list(_people(rng, rng.randint(20, 80), address="campus"))
    return [
        Activity(
            f"u{number}",
            account.links,
            (*account.requests, *_activity(rng, "", exercise, _daytime(rng)).requests),
        )
        for number, account in enumerate(made)
    ]


def _resold(rng: Random) -> list[Activity]:
    """A reseller's customers: one payment, lives of their own."""
    return [
        Activity(f"r{number}", account.links, account.requests)
        for number, account in enumerate(_people(rng, rng.randint(20, 80), payment="reseller"))
    ]


def _daytime(rng: Random) -> Callable[[], float]:
    """Return a clock of somebody who is awake at some hours; hours of the day."""
    noon = rng.uniform(0, 24)
    return lambda: rng.gauss(noon, 3.5) % 24


def _activity(
    rng: Random, name: str, prompts: list[str], hour: Callable[[], float], **shared: str
) -> Activity:
    times = sorted(_START + timedelta(days=rng.randrange(DAYS), hours=hour()) for _ in prompts)
    links = {"address": f"own-{rng.getrandbits(40)}", "payment": f"own-{rng.getrandbits(40)}"}
    return Activity(
        name,
        tuple(Link(kind, value) for kind, value in (links | shared).items()),
        tuple(Request(at, prompt) for at, prompt in zip(times, prompts, strict=True)),
    )
