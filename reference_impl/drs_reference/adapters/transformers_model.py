"""A causal language model of Hugging Face transformers as mechanisms and recognition know models.

It follows answers (``provenance.Follower``), and it is a ``Model``: a second expert or a proxy
student of the mechanisms of the laboratory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from drs_reference.adapters.extra import module_of_extra
from drs_reference.gateway.sampling import Decoding, Logits, Tokens

__all__ = ["TransformersModel"]

Prompt = Callable[[Sequence[tuple[str, str]]], list[int]]
"""(role, text) messages to the tokens after which the answer begins."""


class TransformersModel:
    """A model that is ready for inference, and its tokenizer.

    Prompts are made by the chat template of the tokenizer, or by ``prompt``. The token that ends
    an answer is that of the tokenizer, or ``end``.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, prompt: Prompt | None = None, end: int | None = None
    ) -> None:
        self._torch = module_of_extra("torch")
        if model.training:
            raise ValueError("expected a model that is ready for inference: call model.eval()")
        ends = tokenizer.eos_token_id if end is None else end
        if ends is None:
            raise ValueError("expected a tokenizer with an eos_token, or the token `end`")
        self.end: int = ends
        self.tokenizer: Tokens = _Tokens(tokenizer, model.config.get_text_config().vocab_size)
        self._model = model
        self._tokenizer = tokenizer
        self._prompt = prompt or self._template

    def batch(self, conversations: Sequence[Sequence[tuple[str, str]]]) -> dict[str, Any]:
        """Arguments of ``generate`` for (role, text) messages each; shorter prompts are padded."""
        ids = [self.prompt(messages) for messages in conversations]
        padded = self._tokenizer.pad(
            {"input_ids": ids}, padding_side="left", return_tensors="pt"
        ).to(self._model.device)
        return {name: padded[name] for name in ("input_ids", "attention_mask")}

    def prompt(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """The tokens after which the answer to messages begins; for none, to an empty question."""
        return self._prompt(messages or [("user", "")]) or [self.end]

    def start(self, messages: Sequence[tuple[str, str]]) -> Decoding:
        """Begin the answer to (role, text) messages. The context must hold both."""
        prompt = self.prompt(messages)
        return _Decoding(self, prompt, len(prompt))

    def follow(self, messages: Sequence[tuple[str, str]], answer: str) -> tuple[list[int], Logits]:
        """Tokens of an answer, and the logits (tokens, vocabulary) of the place of each.

        What does not fit into the context beside the messages is left out. Text does not always
        encode to the tokens that it was made of; where it does not, there is less to recognise.
        """
        context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        prompt = self.prompt(messages)[-(context or 0) :]
        tokens = self._tokenizer.encode(answer, add_special_tokens=False)
        if context is not None:
            tokens = tokens[: context - len(prompt)]
        return tokens, self.read([*prompt, *tokens], len(tokens) + 1)[:-1]

    def read(self, tokens: Sequence[int], last: int) -> Logits:
        """Logits (last, vocabulary) after each of the last tokens."""
        ids = self._torch.tensor([tokens], device=self._model.device)
        with self._torch.no_grad():
            found = self._model(input_ids=ids, use_cache=False).logits[0, -last:]
        logits: Logits = found.float().cpu().numpy()
        return logits

    def _template(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        said = [{"role": role, "content": text} for role, text in messages]
        text = self._tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens


class _Decoding:
    """Reads all tokens anew for each one: how a cache is kept differs between models."""

    def __init__(self, model: TransformersModel, tokens: Sequence[int], prompt_tokens: int) -> None:
        self.prompt_tokens = prompt_tokens
        self._model = model
        self._tokens = [*tokens]

    def logits(self) -> Logits:
        logits: Logits = self._model.read(self._tokens, 1)[0]
        return logits

    def push(self, token: int) -> None:
        self._tokens.append(token)

    def fork(self) -> _Decoding:
        return _Decoding(self._model, self._tokens, self.prompt_tokens)


class _Tokens:
    """Names as many as the model has logits, which may be more than its tokenizer has tokens."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        names = tokenizer.convert_ids_to_tokens(list(range(min(size, len(tokenizer)))))
        unused = (f"<unused-{number}>" for number in range(len(names), size))
        self.vocabulary: tuple[str, ...] = (*names, *unused)
        self._tokenizer = tokenizer

    def token_text(self, token: int) -> str:
        """Text of a token by itself; that of a whole answer may have other spaces."""
        text: str = self._tokenizer.decode([token], skip_special_tokens=True)
        return text

    def encode(self, text: str) -> list[int]:
        """Tokens of a text."""
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return tokens
