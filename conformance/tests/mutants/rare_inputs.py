"""Mutants that go wrong on few inputs, outside the chapter Interface exposure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from drs_reference.detection.windows import Window
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.appeals_desk import AppealsDesk
from drs_reference.gateway.likelihood_hook import LikelihoodHook
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.score_hook import ScoreHook
from drs_reference.gateway.test_mode import TestMode
from drs_reference.json_text import BodyError
from drs_reference.response.appeals import Appeal
from drs_reference.response.ladder import Edge, Event, Ladder
from drs_reference.response.procedure import Account
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mutants.asgi import answer, read_body
from mutants.graduated_response import with_ladder
from mutants.mutant import mutant

CHAT = "/v1/chat/completions"
COLUMN = 2_000
"""Characters that fit into a column of a database."""
Messages = list[dict[str, str]]


def with_messages(
    app: ASGIApp, concerns: Callable[[Messages], bool], otherwise: Callable[[Send], Send]
) -> ASGIApp:
    """Let chat requests that ``concerns`` finds have their answers sent otherwise."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == CHAT:
            body, receive = await read_body(receive)
            if concerns(json.loads(body)["messages"]):
                send = otherwise(send)
        await app(scope, receive, send)

    return wrapped


@mutant(breaks=["RSP-02"], wraps=True, rare=True)
def no_quota_beside_other_scripts(app: ASGIApp) -> ASGIApp:
    """Answers to text in other scripts than the Latin one say nothing of the quota."""

    def otherwise(send: Send) -> Send:
        async def without(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [(n, v) for n, v in message["headers"] if b"ratelimit" not in n.lower()]
                message = {**message, "headers": fields}
            await send(message)

        return without

    return with_messages(app, lambda m: not m[-1]["content"].isascii(), otherwise)


def refused_otherwise(
    app: ASGIApp, concerns: Callable[[Messages], bool], kind: bytes, status: int
) -> ASGIApp:
    """Send another refusal in the place of the problem of a kind."""

    def otherwise(send: Send) -> Send:
        held: list[Message] = []

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
            elif held and kind in message.get("body", b""):
                held.clear()
                await answer(send, status, {"error": {"message": "This cannot be answered."}})
            else:
                while held:
                    await send(held.pop())
                await send(message)

        return changed

    return with_messages(app, concerns, otherwise)


@mutant(breaks=["RSP-05"], wraps=True, rare=True)
def suspended_in_mid_conversation(app: ASGIApp) -> ASGIApp:
    """A suspended account that goes on with a conversation gets an error that explains nothing."""
    return refused_otherwise(
        app, lambda m: any(turn["role"] == "assistant" for turn in m), b"account-suspended", 400
    )


@mutant(breaks=["RSP-06"], wraps=True, rare=True)
def terminated_with_a_system_message(app: ASGIApp) -> ASGIApp:
    """A terminated account that sends a system message is treated as if it had never been."""
    return refused_otherwise(app, lambda m: m[0]["role"] == "system", b"account-terminated", 401)


@mutant(breaks=["RSP-07"], rare=True)
def three_kinds_at_once_skip_a_step(parts: Parts) -> Parts:
    """Three kinds of evidence that arrive together count as two pieces of evidence."""
    skipped = {"standing": "throttled", "observed": "perturbed"}

    class Jumping(Ladder):
        def event_edge(self, state: str, event: Event) -> Edge | None:
            if state in skipped and len(event.evidence) == 3:
                return Edge("jump", state, skipped[state], "evidence")
            return super().event_edge(state, event)

    return with_ladder(parts, Jumping)


@mutant(breaks=["RSP-09"], rare=True)
def names_with_a_comma_are_two_people(parts: Parts) -> Parts:
    """Approvals are kept as text with commas, and so a surname and a first name are two people."""

    class Splitting(Ladder):
        def event_edge(self, state: str, event: Event) -> Edge | None:
            people = tuple(",".join(event.approvals).split(","))
            return super().event_edge(state, replace(event, approvals=people))

    return with_ladder(parts, Splitting)


@mutant(breaks=["REC-04"], rare=True)
def long_appeals_find_no_case(parts: Parts) -> Parts:
    """An appeal that does not fit into a column of the database is refused."""

    class Desk(AppealsDesk):
        def receive(
            self, accounts: Accounts, account: Account, request: Mapping[str, Any]
        ) -> Appeal | None:
            if len(request["statement"]) > COLUMN:
                return None
            return super().receive(accounts, account, request)

    return replace(parts, appeals=Desk(parts.terms.decision_max_s))


@mutant(breaks=["CNF-03"], rare=True)
def test_mode_takes_numbers_of_rows(parts: Parts) -> Parts:
    """The test mode takes a number for that of a row in the table of accounts."""

    class Mode(TestMode):
        def look(self, accounts: Accounts, persona: str) -> Account | None:
            rows = list(accounts.personas())
            return super().look(
                accounts, rows[int(persona) % len(rows)] if persona.isdigit() else persona
            )

    return replace(parts, test_mode=Mode())


@mutant(breaks=["STD-11"], rare=True)
def answers_are_split_at_blank_lines(parts: Parts) -> Parts:
    """The likelihood hook takes the parts of an answer with a blank line for answers."""

    class Splitting(LikelihoodHook):
        def answer(self, document: Mapping[str, Any]) -> dict[str, Any]:
            answers = "\n\n".join(document["answers"]).split("\n\n")
            return super().answer({**document, "answers": answers})

    return replace(parts, likelihood_hook=Splitting(parts.model))


@mutant(breaks=["DET-09"], rare=True)
def windows_with_a_blank_at_an_end(parts: Parts) -> Parts:
    """The score hook refuses a window in which a prompt ends with a blank."""

    class Strict(ScoreHook):
        def answer(self, document: Mapping[str, Any], window: Window) -> dict[str, Any]:
            for account in document["accounts"]:
                for request in account["requests"]:
                    if request["prompt"] != request["prompt"].rstrip():
                        raise BodyError("prompt", "a prompt must not end with a blank")
            return super().answer(document, window)

    return replace(parts, score_hook=Strict(parts.score_hook.detector, 0.003))
