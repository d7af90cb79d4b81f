"""What members send in: signed requests with objects, taken one by one (sections 5.5, XCH-02)."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from drs_reference.exchange.hub.admission import CHALLENGE
from drs_reference.exchange.hub.admissions import NonceUsedError, QuotaError
from drs_reference.exchange.hub.intake import read_envelope
from drs_reference.exchange.hub.membership import Collection, Group, Member
from drs_reference.exchange.hub.messages import (
    TaxiiError,
    check_accept,
    check_content,
    resource,
)
from drs_reference.exchange.hub.parts import MAX_CONTENT_LENGTH, Parts
from drs_reference.exchange.message_signatures import (
    Message,
    MessageSignatureError,
    SignatureFields,
    Signed,
    verify,
)
from drs_reference.gateway.body import BodyTimeoutError, BodyTooLargeError, read_body


class Posting:
    """The one endpoint that takes objects."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def objects(self, request: Request) -> Response:
        """Answer with 202 and the status, once all that was taken is on the disk."""
        member, group, collection = self._parts.collection(request)
        check_accept(request)
        if not member.may_write:
            raise TaxiiError(403, "You may read this collection only.")
        content_type = check_content(request)
        try:
            content = await read_body(request, MAX_CONTENT_LENGTH)
        except BodyTooLargeError as error:
            raise TaxiiError(413, str(error)) from error
        except BodyTimeoutError as error:
            raise TaxiiError(408, "The content did not arrive in time.") from error
        message = Message(request.method, self._target(request), content_type, content)
        fields = _signature_fields(request)
        taken = partial(self._taken, message, fields, member, group, collection)
        document = await anyio.to_thread.run_sync(taken)
        self._parts.bell.ring()
        return resource(document, 202)

    def _taken(
        self,
        message: Message,
        fields: SignatureFields,
        member: Member,
        group: Group,
        collection: Collection,
    ) -> dict[str, Any]:
        now = datetime.now(UTC)
        keys = member.usable_keys(now)
        try:
            signed = verify(message, fields, keys, now)
        except MessageSignatureError as error:
            raise _unsigned(f"The request is not signed as it must be: {error}.") from error
        objects = read_envelope(message.content)
        self._admit(member, signed, len(objects), now)
        results = [self._parts.judge(one, member.id, keys, now) for one in objects]
        return self._parts.store.take(group.root, collection.id, member.id, results, now)

    def _admit(self, member: Member, signed: Signed, objects: int, now: datetime) -> None:
        try:
            self._parts.admissions.admit(member, signed, objects, now)
        except NonceUsedError as error:
            raise _unsigned("The nonce of the signature came before.") from error
        except QuotaError as error:
            wait = str(math.ceil(error.wait.total_seconds()))
            message = f"At most {member.objects_per_day} objects may be sent in a day."
            raise TaxiiError(429, message, {"Retry-After": wait}) from error

    def _target(self, request: Request) -> str:
        """The target URI as the sender wrote it, under the origin that members know."""
        path: bytes = request.scope["raw_path"]
        query: bytes = request.scope["query_string"]
        return self._parts.origin + (path + (b"?" + query if query else b"")).decode("latin-1")


def _signature_fields(request: Request) -> SignatureFields:
    digest, covered, signature = (
        ", ".join(request.headers.getlist(name))
        for name in ("content-digest", "signature-input", "signature")
    )
    return SignatureFields(digest, covered, signature)


def _unsigned(description: str) -> TaxiiError:
    return TaxiiError(401, description, {"WWW-Authenticate": CHALLENGE})
