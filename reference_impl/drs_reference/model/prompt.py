"""From messages to the tokens that the network continues."""

from __future__ import annotations

from collections.abc import Sequence

from drs_reference.model.tokenizer import END, ROLES, Tokenizer


def render(tokenizer: Tokenizer, messages: Sequence[tuple[str, str]]) -> list[int]:
    """Token ids of a conversation up to the opening of the next assistant message.

    Each message is its role's token and its text; an assistant's message is closed by ``<end>``.
    Raises ``ValueError`` for a role other than system, user, assistant and tool.
    """
    ids: list[int] = []
    for role, text in messages:
        if role not in ROLES:
            raise ValueError(f"a role must be one of {', '.join(ROLES)}, not {role!r}")
        ids.append(ROLES[role])
        ids += tokenizer.encode(text)
        if role == "assistant":
            ids.append(END)
    ids.append(ROLES["assistant"])
    return ids
