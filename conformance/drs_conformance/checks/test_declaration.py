"""Checks of the chapter Declaration (DCL)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drs_conformance.checks.cache_control import seconds_kept
from drs_conformance.checks.discovery import offered
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.pointers import matches
from drs_conformance.checks.requirement import Untestable, Violation, expect, requirement
from drs_conformance.dialects import UnknownDialect, dialect, filled
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.dsse import pre_authentication_encoding
from drs_conformance.ledger import BEARER, Exchange, Headers, MalformedBody, WireRequest
from drs_conformance.specification.formats import moment
from drs_conformance.traffic.prompts import prompts

VALIDITY_MAX = timedelta(days=90)
KEPT_MAX_S = 86_400
PAYLOAD_TYPE = "application/vnd.drs.declaration+json"


@requirement("DCL-01")
def test_the_declaration_is_public(lab: Lab) -> None:
    """GET without credentials: 200, application/json, a JSON object."""
    answer = lab.declaration_exchange
    if answer.status != 200:
        lab.remark = offered(lab)
    expect(
        answer.status == 200,
        f"GET {answer.request.path}: expected status 200, got {answer.status}",
        answer,
    )
    expect(
        answer.media_type == "application/json",
        f"expected the media type application/json, got {answer.media_type or 'none'}",
        answer,
    )
    try:
        document = answer.json()
    except MalformedBody as error:
        raise Violation(f"expected a JSON object: {error}", answer) from error
    expect(isinstance(document, dict), "expected a JSON object, got another JSON value", answer)


@requirement("DCL-02")
def test_the_declaration_is_valid(lab: Lab) -> None:
    """The document follows the schema and speaks for the origin that served it."""
    answer = lab.declaration_exchange
    document = lab.expect_document(answer, "declaration")
    expect(
        document["issuer"] == lab.target.root,
        f"expected the issuer {lab.target.root}, got {document['issuer']}",
        answer,
    )


@requirement("DCL-03")
def test_the_declaration_is_signed(lab: Lab) -> None:
    """The proof verifies under a listed key, and under the pinned one where there is one."""
    declaration = lab.declaration
    document = dict(declaration.document)
    proof = document.pop("proof")
    keys = {key["kid"]: key["public_key"] for key in document["keys"]}
    expect(proof["kid"] in keys, f"the proof names the key {proof['kid']}, not listed", declaration)
    pinned = lab.target.trusted_key
    expect(
        pinned is None or keys[proof["kid"]] == pinned,
        "the declaration is signed by another key than the one that the target file pins",
        declaration,
    )
    try:
        payload = rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        raise Violation(
            f"the declaration has no canonical form (RFC 8785): {error}", declaration
        ) from error
    signed = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    try:
        key = Ed25519PublicKey.from_public_bytes(_bytes(keys[proof["kid"]]))
        key.verify(_bytes(proof["signature"]), signed)
    except (InvalidSignature, ValueError) as error:
        raise Violation(
            f"the signature does not verify under the key {proof['kid']}",
            declaration,
            cause=str(error) or "the signed bytes or the key differ",
        ) from error


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@requirement("DCL-04")
def test_the_declaration_is_in_force(lab: Lab) -> None:
    """Issued in the past, not expired, valid for 90 days at most."""
    declaration = lab.declaration
    issued = moment(declaration.document["issued_at"])
    expires = moment(declaration.document["expires_at"])
    received = moment(lab.declaration_exchange.received_at)
    expect(
        issued <= received + timedelta(minutes=5),
        f"issued_at {issued.isoformat()} has not passed at {received.isoformat()}",
        declaration,
    )
    expect(
        received < expires,
        f"the declaration expired at {expires.isoformat()}, before {received.isoformat()}",
        declaration,
    )
    expect(
        expires - issued <= VALIDITY_MAX,
        f"valid for {(expires - issued).days} days, expected at most {VALIDITY_MAX.days}",
        declaration,
    )


@requirement("DCL-05")
def test_no_undeclared_surface_answers(lab: Lab) -> None:
    """Every known path that is not declared is asked; none may answer with generated content."""
    model = lab.surface.models[0]
    declared = {
        filled(surface.path, name)
        for surface in lab.declaration.surfaces
        for name in (*surface.models, model)
    }
    prompt = lab.draw(prompts(), 1)[0]
    asked = []
    for entry in lab.registry("surfaces")["entries"]:
        path = filled(entry["path"], model)
        if path in declared:
            continue
        body = _filled(entry["body"], model=model, prompt=prompt)
        answer = lab.deliver(_as_its_dialect_does(entry["dialect"], path, body))
        asked.append(answer)
        expect(
            not _holds_generated_content(answer),
            f"the surface {path} answers and is not declared",
            answer,
        )
    lab.tried(asked)


def _as_its_dialect_does(name: str, path: str, body: object) -> WireRequest:
    """Return a request by `control`, its credential where the dialect expects one."""
    try:
        spoken = dialect(name)
    except UnknownDialect:
        headers: Headers = ()
        credential = BEARER
    else:
        headers, credential = spoken.headers, spoken.credential
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    fields = (("Content-Type", "application/json"), *headers)
    return WireRequest("POST", path, "control", fields, text, 16, credential)


def _filled(template: Any, **values: str) -> Any:
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", value)
        return template
    if isinstance(template, list):
        return [_filled(member, **values) for member in template]
    if isinstance(template, dict):
        return {name: _filled(member, **values) for name, member in template.items()}
    return template


def _holds_generated_content(answer: Exchange) -> bool:
    if answer.status is None or not 200 <= answer.status < 300:
        return False
    try:
        document = answer.json()
    except MalformedBody:
        return answer.media_type == "text/event-stream"
    return isinstance(document, dict) and any(
        document.get(member) for member in ("choices", "output", "content", "candidates", "data")
    )


@requirement("DCL-06")
def test_bounds_are_no_weaker_than_the_worst_values(lab: Lab) -> None:
    """Each declared bound is held against the registry at the declared level."""
    declaration = lab.declaration
    compared = []
    for bound in lab.registry("bounds")["bounds"]:
        worst = bound["worst"][declaration.level]
        for pointer, value in matches(declaration.document, bound["declared_at"]):
            compared.append(pointer)
            expect(
                value <= worst,
                f"{pointer} is {value} {bound['unit']}, at level {declaration.level} it may be "
                f"{worst} at most",
                declaration,
            )
    if not compared:
        raise Untestable("the declaration states no bound", declaration)


@requirement("DCL-07")
def test_declared_surfaces_answer(lab: Lab) -> None:
    """Each surface in the target's dialect answers, plain and streamed, for each model."""
    spoken = lab.surfaces
    if not spoken:
        raise Untestable(
            f"no declared surface speaks {lab.dialect.declared_as}, the dialect of the target file",
            lab.declaration,
        )
    asked = []
    for surface in spoken:
        for model in surface.models:
            for stream in (False, True) if surface.streaming else (False,):
                prompt = lab.draw(prompts(), 1)[0]
                # Some services of the dialect openai_responses take no fewer.
                request = ChatRequest(messages=(("user", prompt),), max_tokens=16, stream=stream)
                answer = lab.ask(request, surface=surface, model=model)
                asked.append(answer)
                form = "streamed" if stream else "plain"
                expect(
                    answer.status == 200,
                    f"{surface.path} ({form}, model {model}) answered {answer.status}, expected "
                    "200",
                    answer,
                )
                try:
                    read = lab.read(answer, request)
                except Untestable as error:
                    raise Violation(
                        f"{surface.path} ({form}): {error.summary}", answer, cause=error.cause
                    ) from error
                expect(
                    any(choice.text for choice in read.choices),
                    f"{surface.path} ({form}) answered without any generated text",
                    answer,
                )
    lab.tried(asked)


@requirement("DCL-08")
def test_the_declaration_is_not_kept_for_long(lab: Lab) -> None:
    """Cache-Control allows at most a day."""
    answer = lab.declaration_exchange
    field = answer.header("cache-control")
    if field is None:
        raise Violation("the response has no Cache-Control field", answer)
    kept = seconds_kept(field)
    if kept is None:
        raise Violation(f"Cache-Control '{field}' states no time", answer)
    expect(
        kept <= KEPT_MAX_S,
        f"Cache-Control allows {kept} s, expected at most {KEPT_MAX_S} s",
        answer,
    )
