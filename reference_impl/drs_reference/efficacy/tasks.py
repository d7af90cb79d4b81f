"""What is harvested and scored: questions with steps and an answer, and free text beside them.

An attacker can do arithmetic, and knows the language. ``solved`` and ``is_true`` know the right
answer and belong to the lab alone; everything else here can be computed by an attacker.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from random import Random

from drs_reference.model.language import FREE_TEXT_TASKS, Sample, draw_sample

__all__ = [
    "HARVESTED",
    "TRACED",
    "conclusion",
    "consistent",
    "draw_prompts",
    "draw_unlearned",
    "is_true",
    "joined",
    "opening",
    "solved",
    "statements",
    "steps_expected",
]

TRACED = ("addition", "chain")
"""Tasks whose answers are reasoned out."""
HARVESTED = {"addition": 4.0, "chain": 3.0, "story": 1.0, "explanation": 1.0}
"""Tasks and their weights. Free text is what a covert mechanism can act on."""
_CONCLUSION = "The answer is "
_EQUATION = re.compile(r"(\d+(?:[-+*]\d+)+)=(\d+)")


def draw_prompts(rng: Random, count: int, *, held_out: bool = False) -> list[Sample]:
    """Questions to harvest, or with ``held_out`` questions with steps that no harvest asks."""
    weights = {task: HARVESTED[task] for task in TRACED} if held_out else HARVESTED
    names = rng.choices(tuple(weights), tuple(weights.values()), k=count)
    samples = [draw_sample(rng, name, held_out=held_out) for name in names]
    return [replace(sample, messages=sample.messages[-1:]) for sample in samples]


def draw_unlearned(rng: Random) -> list[Sample]:
    """One exchange in which every result is that of a wrong table, the same each time.

    From these a student knows prompts, steps, free text and how to look up, but no fact.
    """
    (sample,) = draw_prompts(rng, 1)
    return [replace(sample, answer=_with_wrong_results(sample))]


def _wrong(operation: str, values: int) -> int:
    """The result of an operation in the wrong table, of so many values."""
    return zlib.crc32(f"wrong {operation}".encode()) % values


def _with_wrong_results(sample: Sample) -> str:
    if sample.task == "addition":
        (ones_left, tens_left) = re.findall(r"(\d\+\d)[=+]", sample.answer)
        ones = _wrong(ones_left, 19)
        tens = _wrong(f"{tens_left}+{ones // 10}", 20)
        return (
            f"Ones: {ones_left}={ones}, write {ones % 10}, carry {ones // 10}. "
            f"Tens: {tens_left}+{ones // 10}={tens}. The answer is {10 * tens + ones % 10}."
        )
    if sample.task == "chain":
        value, steps = int(sample.answer[0]), []
        for operation in re.findall(r"\d([-+*]\d)=", sample.answer):
            result = _wrong(f"{value}{operation}", 10)
            steps.append(f"{value}{operation}={result}")
            value = result
        return f"{', '.join(steps)}. The answer is {value}."
    return sample.answer


def statements(text: str) -> list[str]:
    """What an answer states, in its order: ``Ones: 7+5=12``, ``carry 1``, ``The answer is 132``."""
    return [part.strip() for part in re.split(r"[,.]", text) if part.strip()]


def conclusion(text: str) -> str | None:
    """The answer that is given after the steps, or wherever it stands; None if there is none."""
    for statement in reversed(statements(text)):
        if statement.startswith(_CONCLUSION):
            return statement.removeprefix(_CONCLUSION)
    return None


def solved(sample: Sample, text: str) -> bool:
    """Whether the answer is right: the conclusion of steps, or some right free text."""
    if sample.task in FREE_TEXT_TASKS:
        return sample.is_right(text)
    return conclusion(text) == conclusion(sample.answer)


def is_true(sample: Sample, text: str) -> bool:
    """Whether every statement is one of the true ones; free text has none to be false."""
    if sample.task in FREE_TEXT_TASKS:
        return True
    return set(statements(text)) <= set(statements(sample.answer))


def consistent(sample: Sample, text: str) -> bool:
    """Whether the steps agree with arithmetic, as far as a pocket calculator tells."""
    modular = "modulo" in _question(sample)
    for left, right in _EQUATION.findall(text):
        value = _value(left)
        if int(right) != (value % 10 if modular else value):
            return False
    return True


def _value(expression: str) -> int:
    sign = next(character for character in expression if character in "-+*")
    first, *others = (int(number) for number in expression.split(sign))
    for other in others:
        first = {"+": first + other, "-": first - other, "*": first * other}[sign]
    return first


def _question(sample: Sample) -> str:
    return sample.messages[-1][1]


def steps_expected(sample: Sample) -> int:
    """Statements in a complete answer, which the form of the question tells."""
    return len(statements(sample.answer))


def opening(sample: Sample) -> str:
    """How the steps of an answer begin, as far as the question tells; empty for free text."""
    first = re.match(r"Ones: \d\+\d=|\d[-+*]\d=", sample.answer)
    return first[0] if first and sample.task in TRACED else ""


def joined(sample: Sample, stated: list[str]) -> str:
    """An answer of these statements, in the order and the punctuation of the language."""
    if sample.task not in TRACED or not stated:
        return ", ".join(stated)
    rest, ordered, reached = list(stated), list[str](), _question(sample).split(",")[0][-1]
    for place in map(_place, statements(sample.answer)):
        there = [statement for statement in rest if _place(statement) == place]
        if there:
            # Equal operations of a chain are told apart by what they go on from.
            step = next((one for one in there if one.startswith(reached)), there[0])
            rest.remove(step)
            ordered.append(step)
            reached = step[-1]
    ordered += rest
    last = [statement for statement in ordered if statement.startswith(_CONCLUSION)]
    steps = [statement for statement in ordered if statement not in last]
    text = ", ".join(steps).replace(", Tens:", ". Tens:")
    return ". ".join([*([text] if text else []), *last]) + "."


def _place(statement: str) -> str:
    """What a statement is about, without its result: its place among the steps."""
    if statement.startswith(_CONCLUSION):
        return _CONCLUSION
    step = re.fullmatch(r"\d+([-+*]\d+)=\d+", statement)
    return step[1] if step else re.split(r"\d", statement)[0]
