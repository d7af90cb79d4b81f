"""Mutants of the chapter Declaration."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from drs_reference.gateway.declaration import DeclarationBuilder
from drs_reference.gateway.parts import Parts
from starlette.types import ASGIApp, Receive, Scope, Send

from mutants.asgi import Fields, answer, editing_fields, read_json, replaying
from mutants.mutant import mutant

WELL_KNOWN = "/.well-known/distillation-resistance"


def with_declaration(parts: Parts, builder: type[DeclarationBuilder]) -> Parts:
    """Replace the builder of the declaration by one of another class."""
    original = parts.declaration
    return replace(
        parts,
        declaration=builder(original.terms, original.signer, original.issuer, original.mechanisms),
    )


@mutant(breaks=["DCL-01"], wraps=True)
def declaration_behind_a_login(app: ASGIApp) -> ASGIApp:
    """The declaration is shown to account holders only."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        anonymous = b"authorization" not in dict(scope.get("headers", ()))
        if scope["type"] == "http" and scope["path"] == WELL_KNOWN and anonymous:
            await answer(send, 401, {"error": {"message": "Please log in."}})
        else:
            await app(scope, receive, send)

    return wrapped


@mutant(breaks=["DCL-02"])
def declaration_with_a_private_member(parts: Parts) -> Parts:
    """The declaration has a member that the schema does not know."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            return {**super().statement(now), "x_internal_build": "2026.11"}

    return with_declaration(parts, Builder)


@mutant(breaks=["DCL-02"])
def declaration_of_another_origin(parts: Parts) -> Parts:
    """The declaration names an issuer that did not serve it."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            return {**super().statement(now), "issuer": "https://api.elsewhere.example"}

    return with_declaration(parts, Builder)


@mutant(breaks=["DCL-03"])
def declaration_edited_after_signing(parts: Parts) -> Parts:
    """Somebody corrected the name of the service without signing again."""

    class Builder(DeclarationBuilder):
        def document(self, now: datetime) -> dict[str, Any]:
            return {**super().document(now), "name": "Reference endpoint (corrected)"}

    return with_declaration(parts, Builder)


@mutant(breaks=["DCL-04"])
def declaration_expired(parts: Parts) -> Parts:
    """Nobody renewed the declaration."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            return super().statement(now - timedelta(days=45))

    return with_declaration(parts, Builder)


@mutant(breaks=["DCL-05"], wraps=True)
def forgotten_completions_surface(app: ASGIApp) -> ASGIApp:
    """The legacy completions path still answers, and is not declared."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/completions":
            await app(scope, receive, send)
            return
        body = await read_json(receive)
        body["messages"] = [{"role": "user", "content": body.pop("prompt")}]
        chat = {**scope, "path": "/v1/chat/completions", "raw_path": b"/v1/chat/completions"}
        await app(chat, replaying(body), send)

    return wrapped


@mutant(breaks=["DCL-06"])
def appeals_decided_within_sixty_days(parts: Parts) -> Parts:
    """The declared time for deciding appeals is longer than the standard allows."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            document = super().statement(now)
            document["appeals"]["decision_max_s"] = 60 * 86_400
            return document

    return with_declaration(parts, Builder)


@mutant(breaks=["DCL-07"])
def surface_that_was_taken_down(parts: Parts) -> Parts:
    """A declared surface is not there any more."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            document = super().statement(now)
            gone = {**document["surfaces"][0], "id": "beta", "path": "/v1/beta/chat/completions"}
            document["surfaces"].append(gone)
            return document

    return with_declaration(parts, Builder)


@mutant(breaks=["DCL-07"], wraps=True)
def block_everyone(app: ASGIApp) -> ASGIApp:
    """The endpoint refuses every request for inference, which does stop extraction."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/chat/completions"):
            error = {"message": "Request refused.", "type": "permission_error"}
            await answer(send, 403, {"error": error})
        else:
            await app(scope, receive, send)

    return wrapped


@mutant(breaks=["DCL-07"], wraps=True)
def too_busy_for_everyone(app: ASGIApp) -> ASGIApp:
    """Every request for inference is asked to come back later, which it does in vain."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/v1/chat/completions":
            error = {"message": "Too many requests.", "type": "rate_limit_error"}
            await answer(send, 429, {"error": error}, [(b"retry-after", b"1")])
        else:
            await app(scope, receive, send)

    return wrapped


@mutant(breaks=["DCL-08"], wraps=True)
def declaration_cached_for_a_year(app: ASGIApp) -> ASGIApp:
    """Caches may keep the declaration for a year."""

    def edit(_: int, fields: Fields) -> Fields:
        kept = [(name, value) for name, value in fields if name != b"cache-control"]
        return [*kept, (b"cache-control", b"public, max-age=31536000")]

    return editing_fields(app, lambda scope: scope["path"] == WELL_KNOWN, edit)
