"""A remote upstream: the reference endpoint over HTTP, and servers that answer wrongly."""

from __future__ import annotations

import json
import re
import socket
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from drs_reference.adapters.upstream import Upstream, UpstreamError, chosen_answer
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.structured_output import Form
from drs_reference.perturbation.best_of_n import BestOfN, BestOfNParameters
from drs_reference.response.ladder import Position
from drs_reference.response.measures import Measure
from drs_reference.response.procedure import Account
from raw_server import Answer, Answers, RawServer

MODEL = "drs-reference-1"
MARK = BestOfN(b"0123456789abcdef", BestOfNParameters(candidates=3))
SECRET = "sk-0123456789"
SINCE = datetime(2026, 11, 15, tzinfo=UTC)
STORY = (("user", "Tell me a story about a fox."),)


def account(*measures: str) -> Account:
    running = tuple(Measure(kind, SINCE) for kind in measures)
    return Account("a-1", None, None, Position("perturbed", SINCE, SINCE), SINCE, running)


def story(temperature: float = 1.0, **members: Any) -> ChatRequest:
    sampling = Sampling(temperature=temperature, seed=3, max_tokens=40, stop=("!",))
    return ChatRequest(MODEL, STORY, sampling, **members)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as opened:
        yield opened


@pytest.fixture
def upstream(client: httpx.Client, endpoint: Any, fresh: str) -> Upstream:
    return Upstream(client, endpoint.url + "/v1/chat/completions", endpoint.keys[fresh])


def test_the_key_chooses_among_what_one_request_brings(upstream: Upstream) -> None:
    texts = [answer.text for answer in upstream.answers(story(), 3)]
    assert len(set(texts)) == 3
    assert not any("!" in text for text in texts)
    chosen = chosen_answer(MARK, upstream, account("perturb"), story())
    assert chosen.text == MARK.chosen(texts, MARK.scoped_key("a-1"))
    assert chosen_answer(MARK, upstream, account("throttle"), story()).text == texts[0]
    cold = chosen_answer(MARK, upstream, account("perturb"), story(0))
    assert cold == upstream.answers(story(0))[0]


def test_log_probabilities_stand_beside_the_text(upstream: Upstream) -> None:
    chosen = chosen_answer(MARK, upstream, account("perturb"), story(logprobs=True, top_logprobs=2))
    assert "".join(token.text for token in chosen.tokens).startswith(chosen.text)
    for token in chosen.tokens:
        assert token.logprob <= 0
        assert len(token.alternatives) == 2
    assert upstream.answers(story())[0].tokens == ()


def test_a_status_is_told_with_what_the_upstream_said(client: httpx.Client, endpoint: Any) -> None:
    url = endpoint.url + "/v1/chat/completions"
    with pytest.raises(UpstreamError, match=f"status 200 from {url}; got 401: ") as raised:
        Upstream(client, url, SECRET).answers(story(), 3)
    assert SECRET not in str(raised.value)


def completion(*texts: str | None, **members: Any) -> Answer:
    choices = [{"message": {"content": text}, "finish_reason": "stop", **members} for text in texts]
    return Answers.response(json.dumps({"choices": choices}).encode())


Serve = Callable[..., RawServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(*answers)`` starts a server that gives each in turn, and the last from then on."""
    running: list[RawServer] = []

    def serve(*answers: Answer) -> RawServer:
        running.append(RawServer([*answers]))
        return running[-1]

    yield serve
    for server in running:
        server.stop()


Asking = Callable[..., Upstream]


@pytest.fixture
def asking(client: httpx.Client) -> Asking:
    """``asking(server)`` is an upstream at it."""

    def at(server: RawServer, timeout_s: float = 5) -> Upstream:
        return Upstream(client, f"{server.root}/chat/completions", SECRET, timeout_s=timeout_s)

    return at


@pytest.mark.parametrize(
    ("first", "counts"),
    [
        (Answers.response(b'{"error": "n is unknown"}', 400), [3, None, None, None]),
        (completion("one"), [3, None, None]),
    ],
    ids=["n is refused", "n is ignored"],
)
def test_without_n_each_answer_is_asked_for_with_a_seed_of_its_own(
    serve: Serve, asking: Asking, first: Answer, counts: list[int | None]
) -> None:
    server = serve(first, completion("two"))
    upstream = asking(server)
    assert len(upstream.answers(story(), 3)) == 3
    sent = [json.loads(seen.body) for seen in server.seen]
    assert [document.get("n") for document in sent] == counts
    singles = [document["seed"] for document in sent if "n" not in document]
    assert singles == [3, 4, 5][-len(singles) :]
    upstream.answers(story(), 2)
    assert len(server.seen) == len(sent) + 2, "n is tried once"


def test_what_is_sent(serve: Serve, asking: Asking) -> None:
    server = serve(completion("Yes."))
    asked = Sampling(0.7, 0.9, 0.1, 0.2, {5: -1.0}, max_tokens=9)
    request = ChatRequest("m", STORY, asked, logprobs=False)
    assert [answer.text for answer in asking(server).answers(request)] == ["Yes."]
    assert server.seen[0].headers["authorization"] == f"Bearer {SECRET}"
    assert json.loads(server.seen[0].body) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Tell me a story about a fox."}],
        "temperature": 0.7,
        "top_p": 0.9,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "logit_bias": {"5": -1.0},
        "max_tokens": 9,
    }


def test_what_is_declined_stays_declined(serve: Serve, asking: Asking) -> None:
    message = {"content": None, "refusal": "I cannot help with that."}
    server = serve(completion(None, "Gladly.", "Of course.", message=message))
    chosen = chosen_answer(MARK, asking(server), account("perturb"), story())
    assert (chosen.text, chosen.refusal) == ("", "I cannot help with that.")


PLACE = "choices[0]."
SCORED = {"token": "Yes", "logprob": -0.5}
FAULTS: dict[str, tuple[Answer, str]] = {
    "the connection breaks": (Answers.reset, "got ReadError"),
    "half of a response": (
        Answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"),
        "got RemoteProtocolError",
    ),
    "no HTTP": (Answers.raw(b"what?\r\n\r\n"), "got RemoteProtocolError"),
    "silence": (Answers.silence, "got ReadTimeout"),
    "one byte at a time": (
        Answers.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b"x" * 40, 0.01),
        "within 0.5 s",
    ),
    "no end": (Answers.endless(b"x" * 65536), "at most 100000 bytes"),
    "the key in the answer": (
        Answers.response(json.dumps({"choices": SECRET}).encode()),
        r'choices must be an array; got the string "\(the key\)"',
    ),
    "the key everywhere": (Answers.echo, "choices must be an array of at least one choice"),
    "the key in an error": (
        Answers.response(f'{{"error": "no such key: {SECRET}"}}'.encode(), 401),
        r'status 200 .* got 401: {"error": "no such key: \(the key\)"}',
    ),
    "elsewhere": (
        Answers.response(b"", 307, (("Location", "http://127.0.0.1:9/"),)),
        "got 307",
    ),
    "no JSON": (Answers.response(b"<html>"), "the body must be JSON"),
    "no object": (Answers.response(b"[]"), "an array of 0"),
    "no choices": (Answers.response(b'{"choices": []}'), "got an array of 0"),
    "no message": (
        Answers.response(b'{"choices": [{"finish_reason": "stop"}]}'),
        re.escape(PLACE + "message.content must be a string; got nothing"),
    ),
    "no text": (completion(None), re.escape(PLACE + "message.content must be a string; got null")),
    "no end of an answer": (
        completion("Yes", finish_reason=None),
        re.escape(PLACE + "finish_reason must be a string"),
    ),
    "no log-probabilities": (
        completion("Yes"),
        re.escape(PLACE + "logprobs.content must be an array"),
    ),
    "a token without a number": (
        completion("Yes", logprobs={"content": [SCORED, {"token": "!"}]}),
        re.escape(PLACE + "logprobs.content[1].logprob must be a number; got nothing"),
    ),
    "an alternative without a text": (
        completion("Yes", logprobs={"content": [SCORED | {"top_logprobs": [{"logprob": -1}]}]}),
        re.escape("top_logprobs[0].token must be a string; got nothing"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_one_error_that_says_what_and_where(
    serve: Serve, asking: Asking, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("drs_reference.adapters.upstream.BODY_MAX", 100_000)
    answer, expected = FAULTS[fault]
    server = serve(answer)
    with pytest.raises(UpstreamError, match=expected) as raised:
        asking(server, timeout_s=0.5).answers(story(logprobs=True))
    assert f" from {server.root}/chat/completions; got " in str(raised.value)
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert len(server.seen) == 1, "nothing is sent twice"


def test_nobody_listens(client: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/chat/completions"
    with pytest.raises(UpstreamError, match=f"an answer from {url}; got ConnectError"):
        Upstream(client, url).answers(story())


@pytest.mark.parametrize(
    ("url", "key", "message"),
    [
        ("http://me:secret/chat/completions", "", "cannot be read"),
        ("ftp://host/chat/completions", "", "begin with http"),
        ("http://me:secret@host/chat/completions", "", "hold no credentials"),
        ("http://host/chat/completions", "line\nbreak", "characters of a Bearer token"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    client: httpx.Client, url: str, key: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        Upstream(client, url, key)
    assert "secret" not in str(raised.value)


def test_tools_and_forms_are_not_dropped_in_silence(client: httpx.Client) -> None:
    with pytest.raises(ValueError, match="no tools and no response format"):
        Upstream(client, "http://127.0.0.1:9/chat/completions").answers(story(form=Form(schema={})))


def test_the_guides_example(
    endpoint: Any, fresh: str, own_stack: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    yours = {
        "url": endpoint.url + "/v1/chat/completions",
        "credential": endpoint.keys[fresh],
        "upstream_model": MODEL,
        "account": account("perturb"),
        "key": b"0123456789abcdef",
    }
    exec(own_stack[2], yours)
    assert float(capsys.readouterr().out.split()[-1]) < 0
