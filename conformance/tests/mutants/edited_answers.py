"""Whole answers of the dialect, edited before they are sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.openai_chat import OpenAIChat, Round
from drs_reference.gateway.sampling import Emission, Generating


class EditedAnswers(OpenAIChat):
    """Answers as they are, but for what ``edit`` changes."""

    def edit(
        self, document: dict[str, Any], request: ChatRequest, generation: Generating, shown: Round
    ) -> None:
        raise NotImplementedError

    def completion(
        self,
        request: ChatRequest,
        emissions: Iterable[Emission],
        generation: Generating,
        shown: Round,
        created: int,
    ) -> dict[str, Any]:
        document = super().completion(request, emissions, generation, shown, created)
        self.edit(document, request, generation, shown)
        return document
