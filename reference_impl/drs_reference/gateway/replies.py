"""Refusals of a surface, in the words of its dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from drs_reference.gateway.dialects.dialect import Dialect
from drs_reference.gateway.problems import Problem, problem_response

__all__ = ["RefusedError", "Replies"]


class RefusedError(Exception):
    """The answer that ends a request early."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass(frozen=True, slots=True)
class Replies:
    """What is said to one request; ``fields`` are header fields of every answer to it."""

    dialect: Dialect
    request_id: str
    fields: Mapping[str, str]

    @classmethod
    def to(cls, request: Request, dialect: Dialect) -> Replies:
        """The replies to a request, which ``RequestLog`` has named."""
        name = str(request.scope.get("drs_request_id", ""))
        return cls(dialect, name, {dialect.id_field: name} if dialect.id_field else {})

    def refused(self, problem: Problem, headers: Mapping[str, str] | None = None) -> RefusedError:
        """A refusal by policy."""
        response = problem_response(self.dialect.with_error(problem), self._all(headers))
        return RefusedError(response)

    def wrong(
        self,
        status: int,
        message: str,
        member: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> RefusedError:
        """An error that is no policy."""
        error = self.dialect.error(status, message, member, code)
        document = self.dialect.named(error, self.request_id)
        return RefusedError(JSONResponse(document, status, self._all(headers)))

    def _all(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {**self.fields, **(headers or {})}
