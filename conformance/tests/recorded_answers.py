"""Answers in the shape that each public API reference shows, plain and as streams."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

STREAM = "text/event-stream; charset=utf-8"

RESPONSES: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1764000000,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "model": "model-1",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [
                {
                    "type": "output_text",
                    "text": "Hi you",
                    "annotations": [],
                    "logprobs": [
                        {
                            "token": "Hi",
                            "logprob": -0.25,
                            "bytes": [72, 105],
                            "top_logprobs": [{"token": "Hi", "logprob": -0.25, "bytes": [72, 105]}],
                        },
                        {"token": " you", "logprob": -1, "bytes": [], "top_logprobs": []},
                    ],
                }
            ],
        },
    ],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}
RESPONSES_EVENTS: list[Json] = [
    {"type": "response.created", "response": {**RESPONSES, "status": "in_progress", "output": []}},
    {"type": "response.output_item.added", "output_index": 1, "item": {"type": "message"}},
    {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "Hi"},
    {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": " you"},
    {"type": "response.output_text.done", "text": "Hi you"},
    {"type": "response.completed", "response": RESPONSES},
]

MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "model-1",
    "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": " you"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
MESSAGE_EVENTS: list[Json] = [
    {
        "type": "message_start",
        "message": {
            **MESSAGE,
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 3, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "Hi"},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": " you"},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 2},
    },
    {"type": "message_stop"},
]

GEMINI: Json = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Let me see", "thought": True},
                    {"text": "Hi"},
                    {"text": " you"},
                ],
            },
            "finishReason": "STOP",
            "avgLogprobs": -0.6,
            "logprobsResult": {
                "topCandidates": [
                    {
                        "candidates": [
                            {"token": "Hi", "tokenId": 5, "logProbability": -0.25},
                            {"token": "Oh", "tokenId": 6, "logProbability": -2},
                        ]
                    },
                    {},
                ],
                "chosenCandidates": [
                    {"token": "Hi", "tokenId": 5, "logProbability": -0.25},
                    {"token": " you", "tokenId": 7, "logProbability": -1},
                ],
            },
        },
        {"content": {"parts": [{"text": "Oh"}]}, "finishReason": "MAX_TOKENS", "index": 1},
    ],
    "usageMetadata": {
        "promptTokenCount": 3,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 9,
    },
    "modelVersion": "model-1",
    "responseId": "r-1",
}
GEMINI_EVENTS: list[Json] = [
    {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "index": 0},
            {"content": {"role": "model", "parts": [{"text": "O"}]}, "index": 1},
        ],
        "usageMetadata": {"promptTokenCount": 3},
        "modelVersion": "model-1",
        "responseId": "r-1",
    },
    {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": " you"}]},
                "finishReason": "STOP",
                "logprobsResult": GEMINI["candidates"][0]["logprobsResult"],
            },
            {"content": {"parts": [{"text": "h"}]}, "finishReason": "MAX_TOKENS", "index": 1},
        ],
        "usageMetadata": GEMINI["usageMetadata"],
        "modelVersion": "model-1",
    },
]

TOKEN: Json = {
    "token": "Hi",
    "logprob": -0.25,
    "bytes": [72, 105],
    "top_logprobs": [{"token": "Hi", "logprob": -0.25}, {"token": "Oh", "logprob": -2}],
}
CHAT: Json = {
    "id": "c-1",
    "object": "chat.completion",
    "model": "model-1",
    "choices": [
        {
            "index": 1,
            "message": {"role": "assistant", "content": None, "refusal": "No."},
            "finish_reason": "stop",
            "logprobs": None,
        },
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi"},
            "finish_reason": "length",
            "logprobs": {"content": [TOKEN]},
        },
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
CHAT_EVENTS: list[Json] = [
    {"id": "c-1", "model": "model-1", "choices": [{"index": 0, "delta": {"role": "assistant"}}]},
    {
        "id": "c-1",
        "model": "model-1",
        "choices": [
            {"index": 0, "delta": {"content": "H"}, "logprobs": {"content": [TOKEN]}},
            {"index": 1, "delta": {"refusal": "No."}, "finish_reason": "stop"},
        ],
        "usage": None,
    },
    {
        "id": "c-1",
        "model": "model-1",
        "choices": [{"index": 0, "delta": {"content": "i"}, "finish_reason": "length"}],
    },
    {
        "id": "c-1",
        "model": "model-1",
        "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    },
]


def stream_of(events: list[Json], end: str = "") -> bytes:
    """Return events as a stream; those with a `type` are named by it, as two dialects do."""
    named = (
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        if "type" in event
        else f"data: {json.dumps(event)}\n\n"
        for event in events
    )
    return ("".join(named) + end).encode()
