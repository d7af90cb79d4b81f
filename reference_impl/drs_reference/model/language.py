"""The synthetic language that the embedded model speaks: its tasks, prompts and true answers.

Every task draws a prompt and the ``Template`` of its right answers. Arithmetic, letter shifts,
JSON, tool calls and code have exactly one right answer; stories, explanations and small talk have
many, with an entropy of several nats. Changing what a task can say changes the language: raise
``GRAMMAR_VERSION`` and train again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from drs_reference.model import free_text
from drs_reference.model.templates import Template, fixed, words

GRAMMAR_VERSION = "1"

Message = tuple[str, str]
"""(role, text); the role is one of system, user, assistant and tool."""

TOOL_CALL_NOTICE = "Answer with a tool call."
"""System text under which the model answers a request with the JSON of one tool call."""

SYSTEM_TEXTS = ("You are a helpful assistant.", "Be brief.", "Answer the question.")
NAMES = words(
    "Anna Ben Clara David Emma Felix Grace Henry Ines Jonas Karin Leo Maria Nora Omar Paula "
    "Rosa Samir Tara Viktor"
)
CITIES = words("Paris Rome Oslo Lima Cairo Tokyo Delhi Berlin Madrid Quito Hanoi Boston")
ITEMS = words("lamp chair table book phone clock cup bike coat drum")
STATES = words("open paid sent lost")
FUNCTIONS = words("f g h step scale shift")
OPERATIONS = {"adds": "+", "subtracts": "-", "multiplies by": "*"}


@dataclass(frozen=True)
class Sample:
    """One exchange of the language.

    ``messages`` end with a user or tool message; ``answer`` is one right answer and ``accepted``
    describes all of them.
    """

    task: str
    messages: tuple[Message, ...]
    answer: str
    accepted: Template

    def is_right(self, text: str) -> bool:
        """Whether ``text`` is a right answer, character for character."""
        return self.accepted.accepts(text)


Drawn = tuple[tuple[Message, ...], Template]


def _ask(prompt: str, answer: Template) -> Drawn:
    return (("user", prompt),), answer


def addition_trace(a: int, b: int) -> str:
    """The written-out sum of two numbers below 100."""
    ones = a % 10 + b % 10
    carry = ones // 10
    tens = a // 10 + b // 10 + carry
    return (
        f"Ones: {a % 10}+{b % 10}={ones}, write {ones % 10}, carry {carry}. "
        f"Tens: {a // 10}+{b // 10}+{carry}={tens}. The answer is {a + b}."
    )


def _operand(rng: Random) -> int:
    return rng.randrange(10) if rng.random() < 0.15 else rng.randrange(10, 100)


def _known_or_new(rng: Random, known: Sequence[str]) -> str:
    """A word of the list or, half the time, a made-up one, so that copying is learnt."""
    if rng.random() < 0.5:
        return rng.choice(known)
    word = free_text.pseudo_word(rng)
    return word.capitalize() if known[0][0].isupper() else word.lower()


def _addition(rng: Random) -> Drawn:
    a, b = _operand(rng), _operand(rng)
    prompt = rng.choice(
        ("What is {} + {}?", "Add {} and {}.", "Compute {} + {}.", "What is the sum of {} and {}?")
    ).format(a, b)
    return _ask(prompt, fixed(addition_trace(a, b)))


def _chain(rng: Random) -> Drawn:
    value = rng.randrange(10)
    said, steps = [f"Start with {value}"], []
    for _ in range(3):
        sign, word = rng.choice((("+", "add"), ("-", "subtract"), ("*", "multiply by")))
        operand = rng.randrange(1, 10)
        result = {"+": value + operand, "-": value - operand, "*": value * operand}[sign] % 10
        said.append(f"{word} {operand}")
        steps.append(f"{value}{sign}{operand}={result}")
        value = result
    prompt = ", ".join(said) + ". Work modulo 10."
    return _ask(prompt, fixed(", ".join(steps) + f". The answer is {value}."))


def _shift(rng: Random) -> Drawn:
    letters = [rng.randrange(26) for _ in range(rng.randrange(2, 5))]
    by = rng.randrange(1, 4)
    word = "".join(chr(97 + letter) for letter in letters)
    moved = "".join(chr(97 + (letter + by) % 26) for letter in letters)
    prompt = rng.choice(('Shift the letters of "{}" by {}.', 'Shift "{}" by {}.'))
    trace = ",".join(f"{old}->{new}" for old, new in zip(word, moved, strict=True))
    return _ask(prompt.format(word, by), fixed(f'{trace}. The answer is "{moved}".'))


def _extraction(rng: Random) -> Drawn:
    name, city, item = (_known_or_new(rng, known) for known in (NAMES, CITIES, ITEMS))
    number = rng.randrange(10, 100)
    order = rng.randrange(100, 1000)
    keys, text, answer = rng.choice(
        (
            (
                "name and age",
                f"{name} is {number} years old.",
                f'{{"name": "{name}", "age": {number}}}',
            ),
            (
                "name and city",
                f"{name} lives in {city}.",
                f'{{"name": "{name}", "city": "{city}"}}',
            ),
            (
                "item and price",
                f"The {item} costs {number} dollars.",
                f'{{"item": "{item}", "price": {number}}}',
            ),
            (
                "order and state",
                f"Order {order} is {(state := rng.choice(STATES))}.",
                f'{{"order": {order}, "state": "{state}"}}',
            ),
        )
    )
    prompt = rng.choice(("Extract the {} as JSON: {}", "Return JSON with {}. {}"))
    return _ask(prompt.format(keys, text), fixed(answer))


def _tool_request(rng: Random) -> tuple[str, str, str, str]:
    """User text, tool call, tool result and the sentence that reports the result."""
    a, b = rng.randrange(10, 100), rng.randrange(10, 100)
    city, order, state = _known_or_new(rng, CITIES), rng.randrange(100, 1000), rng.choice(STATES)
    return rng.choice(
        (
            (
                rng.choice(("What is the weather in {}?", "How is the weather in {}?")).format(
                    city
                ),
                f'{{"name": "get_weather", "arguments": {{"city": "{city}"}}}}',
                f'{{"degrees": {a}}}',
                f"It is {a} degrees in {city}.",
            ),
            (
                rng.choice(("Set a timer for {} minutes.", "Start a timer of {} minutes.")).format(
                    a
                ),
                f'{{"name": "set_timer", "arguments": {{"minutes": {a}}}}}',
                '{"state": "set"}',
                f"The timer is set for {a} minutes.",
            ),
            (
                rng.choice(("What is {} + {}?", "Add {} and {}.")).format(a, b),
                f'{{"name": "calculate", "arguments": {{"expression": "{a}+{b}"}}}}',
                f'{{"result": {a + b}}}',
                f"The answer is {a + b}.",
            ),
            (
                rng.choice(("Where is order {}?", "What is the state of order {}?")).format(order),
                f'{{"name": "find_order", "arguments": {{"order": {order}}}}}',
                f'{{"state": "{state}"}}',
                f"Order {order} is {state}.",
            ),
        )
    )


def _tool_call(rng: Random) -> Drawn:
    request, call, _, _ = _tool_request(rng)
    return (("system", TOOL_CALL_NOTICE), ("user", request)), fixed(call)


def _tool_result(rng: Random) -> Drawn:
    request, call, result, report = _tool_request(rng)
    messages: tuple[Message, ...] = (("user", request), ("assistant", call), ("tool", result))
    if rng.random() < 0.7:
        messages = (("system", TOOL_CALL_NOTICE), *messages)
    return messages, fixed(report)


def _code(rng: Random) -> Drawn:
    function, operand = _known_or_new(rng, FUNCTIONS), rng.randrange(1, 100)
    word = rng.choice(tuple(OPERATIONS))
    prompt = rng.choice(
        ("Write a function {} that {} {}.", "Write a Python function {} that {} {}.")
    ).format(function, word, operand)
    return _ask(prompt, fixed(f"def {function}(x): return x {OPERATIONS[word]} {operand}"))


def _story(rng: Random) -> Drawn:
    return _ask(*free_text.story(rng))


def _explanation(rng: Random) -> Drawn:
    return _ask(*free_text.explanation(rng))


def _small_talk(rng: Random) -> Drawn:
    return _ask(*free_text.small_talk(rng))


_DRAW: Mapping[str, tuple[float, Callable[[Random], Drawn]]] = {
    "addition": (4.0, _addition),
    "chain": (3.0, _chain),
    "shift": (2.0, _shift),
    "extraction": (3.0, _extraction),
    "tool_call": (2.0, _tool_call),
    "tool_result": (1.0, _tool_result),
    "code": (1.0, _code),
    "story": (1.5, _story),
    "explanation": (1.5, _explanation),
    "small_talk": (2.0, _small_talk),
}
TASKS: tuple[str, ...] = tuple(_DRAW)
"""Names of the tasks."""
FREE_TEXT_TASKS: tuple[str, ...] = ("story", "explanation", "small_talk")
"""Tasks with many right answers, so with entropy."""
_WEIGHTS = tuple(weight for weight, _ in _DRAW.values())


def is_held_out(sample: Sample) -> bool:
    """Whether the sample belongs to the tenth of the one-answer exchanges kept from training.

    The answer decides (it names every operand), so all wordings of one question go together.
    """
    return sample.accepted.entropy == 0 and zlib.crc32(sample.answer.encode()) % 10 == 0


def draw_sample(rng: Random, task: str | None = None, *, held_out: bool = False) -> Sample:
    """One exchange, of the named task or of a task drawn with the training weights.

    With ``held_out`` it is one that training never showed; tasks of free text have no such part
    and are drawn as ever. Raises ``KeyError`` if there is no such task.
    """
    name = rng.choices(TASKS, _WEIGHTS)[0] if task is None else task
    while True:
        messages, accepted = _DRAW[name][1](rng)
        if messages[0][0] == "user" and rng.random() < 0.2:
            messages = (("system", _system_text(rng)), *messages)
        sample = Sample(name, messages, accepted.draw(rng), accepted)
        if name in FREE_TEXT_TASKS or is_held_out(sample) == held_out:
            return sample


def _system_text(rng: Random) -> str:
    return free_text.noise(rng) if rng.random() < 0.3 else rng.choice(SYSTEM_TEXTS)


def draw_conversation(rng: Random) -> tuple[Sample, ...]:
    """One to three exchanges that follow each other; only the first may carry a system message.

    Under ``TOOL_CALL_NOTICE`` every further request is answered with a tool call too.
    """
    first = draw_sample(rng)
    noticed = first.messages[0] == ("system", TOOL_CALL_NOTICE)
    samples = [first]
    while len(samples) < 3 and rng.random() < 0.25:
        further = draw_sample(rng, "tool_call" if noticed else None)
        if further.task == "tool_call" and not noticed:
            continue
        messages = tuple(message for message in further.messages if message[0] != "system")
        samples.append(replace(further, messages=messages))
    return tuple(samples)
