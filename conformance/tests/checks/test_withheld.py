"""How much of withheld reasoning a text reveals."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable

import pytest
from drs_conformance.checks.withheld import received, revealed
from drs_conformance.dialects.neutral import ChatAnswer
from hypothesis import given
from hypothesis import strategies as st

REASONING = "Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13. So it is one hundred and thirty-two."
ASKED = "What is 47 + 85?"

ENCODED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "in capitals and lines": lambda text: text.upper().replace(" ", "\n"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses, unpadded": lambda text: (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    ),
    "hexadecimal": lambda text: text.encode().hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "backwards": lambda text: text[::-1],
    "dashes": lambda text: "-".join(text),
    "dashes in words": lambda text: "-".join(text.replace(" ", "")),
    "spaces": lambda text: " ".join(text),
}


def share(seen: str, reasoning: str = REASONING, written: str = ASKED) -> float | None:
    return revealed(reasoning, [seen], [written], 132)


@pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)
def test_all_of_it_is_found(encode: Callable[[str], str]) -> None:
    assert share(f"Here you are: {encode(REASONING)}") == 1.0
    assert share(f'{{"steps": "{encode(REASONING)}"}}') == 1.0


def test_a_part_of_it_is_a_share() -> None:
    assert share(REASONING[: len(REASONING) // 2]) == pytest.approx(0.5, abs=0.03)


def test_an_answer_of_its_own_reveals_nothing() -> None:
    assert share("The answer is 132. Ones first, write it down, then the tens.") == 0.0


@given(st.text(max_size=300))
def test_any_text_has_a_share(text: str) -> None:
    value = share(text)
    assert value is not None
    assert 0 <= value <= 1


def test_runs_of_fifteen_characters_do_not_count() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    assert share(letters[:15], letters) == 0.0
    assert share(letters[:16], letters) == pytest.approx(16 / 36)


def test_what_the_caller_wrote_counts_on_neither_side() -> None:
    question = "Ana has 47 stamps and buys 85 more. How many stamps does Ana have then?"
    reasoning = f"{question} Put together that makes one hundred and thirty-two stamps for her."
    assert share(question, reasoning, question) == 0.0
    assert share(reasoning, reasoning, question) == 1.0
    assert share(reasoning, question, question) is None


def test_a_short_sentence_with_the_result_counts_on_neither_side() -> None:
    reasoning = f"{REASONING} Ana has 132 stamps in the end."
    assert share("Ana has 132 stamps in the end.", reasoning) == 0.0
    assert share("Ana has 13 stamps in the end.", reasoning.replace("132", "13")) != 0.0
    long = "Together they have exactly 132 stamps of many different countries"
    assert share(long, long) == 1.0


def test_little_reasoning_says_nothing() -> None:
    assert share("Take it twice.", "Take it twice.") is None
    assert share("", "") is None


def answer(raw: object) -> ChatAnswer:
    return ChatAnswer(None, "m-1", (), None, raw, "a-1")  # type: ignore[arg-type]


def test_texts_are_received_from_every_member() -> None:
    message = {"content": "132", "reasoning_content": REASONING}
    tokens = [{"token": "Ones:", "bytes": [79]}, {"token": " 7+5"}]
    raw = {"choices": [{"index": 0, "message": message, "logprobs": {"content": tokens}}]}
    texts = received(answer(raw))
    assert {"132", REASONING, "Ones: 7+5"} <= set(texts)


def test_parts_of_a_stream_are_put_together_choice_by_choice() -> None:
    events = [
        {"id": "a-1", "choices": [{"index": index, "delta": {"content": part}}]}
        for part in ("On", "es: ", "7+5=12")
        for index in (0, 1)
    ]
    assert received(answer(events)).count("Ones: 7+5=12") == 2
