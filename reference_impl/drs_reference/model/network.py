"""Inference in numpy: a small pre-norm GPT that decodes one token at a time with a cache.

RMS norm without gain, rotary positions, squared-ReLU MLP. The weights are trained by
``reference_impl/training``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
EPSILON = 1e-6


@dataclass(frozen=True)
class Config:
    """Shape of a network; sizes count elements."""

    vocabulary: int
    layers: int = 3
    heads: int = 4
    width: int = 96
    hidden: int = 192
    context: int = 128

    def shapes(self) -> dict[str, tuple[int, int]]:
        """Name and shape of every weight array."""
        width, hidden = self.width, self.hidden
        shapes = {"embed": (self.vocabulary, width), "head": (width, self.vocabulary)}
        for layer in range(self.layers):
            shapes[f"layer{layer}.qkv"] = (width, 3 * width)
            shapes[f"layer{layer}.out"] = (width, width)
            shapes[f"layer{layer}.up"] = (width, hidden)
            shapes[f"layer{layer}.down"] = (hidden, width)
        return shapes

    def as_dict(self) -> dict[str, int]:
        """Field names and values."""
        return asdict(self)


def rotary_tables(config: Config) -> tuple[Array, Array]:
    """Cosines and sines of rotary positions, each (context, width / heads)."""
    size = config.width // config.heads
    frequency = 1000.0 ** (-np.arange(size // 2) / (size // 2))
    angle = np.arange(config.context)[:, None] * np.concatenate((frequency, frequency))
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


class Cache:
    """Keys and values of one sequence, (layers, heads, context, width / heads) each."""

    __slots__ = ("keys", "length", "values")

    def __init__(self, config: Config) -> None:
        size = config.width // config.heads
        shape = (config.layers, config.heads, config.context, size)
        self.keys: Array = np.zeros(shape, np.float32)
        self.values: Array = np.zeros(shape, np.float32)
        self.length = 0

    def copy(self) -> Cache:
        """An independent cache with the same content."""
        twin = Cache.__new__(Cache)
        twin.keys, twin.values, twin.length = self.keys.copy(), self.values.copy(), self.length
        return twin


@dataclass(frozen=True)
class _Layer:
    projection: Array  # (width, 5 width): q, k, q turned, k turned, v
    out: Array
    up: Array
    down: Array


class Network:
    """Immutable weights and the two ways to run them: ``prefill`` and ``step``."""

    def __init__(self, config: Config, arrays: Mapping[str, NDArray[np.float16]]) -> None:
        self.config = config
        self.arrays = arrays
        weights = {name: np.ascontiguousarray(arrays[name], np.float32) for name in config.shapes()}
        self._embed, self._head = weights["embed"], weights["head"]
        self._layers = tuple(
            _Layer(
                _with_turned(weights[f"layer{layer}.qkv"], config),
                *(weights[f"layer{layer}.{part}"] for part in ("out", "up", "down")),
            )
            for layer in range(config.layers)
        )
        cos, sin = rotary_tables(config)
        self._cos = np.tile(cos, (1, 2 * config.heads))
        self._sin = np.tile(sin, (1, 2 * config.heads))

    def prefill(self, tokens: list[int]) -> tuple[Cache, Array]:
        """Cache after ``tokens`` and logits (len(tokens), vocabulary), one row after each token.

        Raises ``ValueError`` unless there are 1 to ``context`` tokens.
        """
        config, length = self.config, len(tokens)
        width, heads = config.width, config.heads
        if not 1 <= length <= config.context:
            raise ValueError(f"prefill takes 1 to {config.context} tokens, not {length}")
        cache = Cache(config)
        cache.length = length
        future = np.triu(np.full((length, length), -np.inf, np.float32), 1)
        x = self._embed[tokens]
        for layer, keys, values in zip(self._layers, cache.keys, cache.values, strict=True):
            p = _norm_rows(x) @ layer.projection
            qk = p[:, : 2 * width] * self._cos[:length]
            qk += p[:, 2 * width : 4 * width] * self._sin[:length]
            q = qk[:, :width].reshape(length, heads, -1).transpose(1, 0, 2)
            keys[:, :length] = qk[:, width:].reshape(length, heads, -1).transpose(1, 0, 2)
            values[:, :length] = p[:, 4 * width :].reshape(length, heads, -1).transpose(1, 0, 2)
            scores = q @ keys[:, :length].transpose(0, 2, 1) + future
            scores -= scores.max(-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(-1, keepdims=True)
            attended = (scores @ values[:, :length]).transpose(1, 0, 2).reshape(length, width)
            x = x + attended @ layer.out
            h = np.maximum(_norm_rows(x) @ layer.up, 0)
            x += (h * h) @ layer.down
        return cache, _norm_rows(x) @ self._head

    def step(self, cache: Cache, token: int) -> Array:
        """Append ``token`` to ``cache`` and return the logits (vocabulary,) after it.

        Raises ``ValueError`` if the cache is full.
        """
        config, t = self.config, cache.length
        width, heads = config.width, config.heads
        if t >= config.context:
            raise ValueError(f"the cache is full: {t} tokens")
        cos, sin = self._cos[t], self._sin[t]
        x = self._embed[token].copy()
        for layer, keys, values in zip(self._layers, cache.keys, cache.values, strict=True):
            p = _norm(x) @ layer.projection
            qk = p[: 2 * width] * cos
            qk += p[2 * width : 4 * width] * sin
            keys[:, t] = qk[width:].reshape(heads, -1)
            values[:, t] = p[4 * width :].reshape(heads, -1)
            scores = (keys[:, : t + 1] @ qk[:width].reshape(heads, -1, 1))[:, :, 0]
            scores -= scores.max(1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(1, keepdims=True)
            x += (scores[:, None] @ values[:, : t + 1]).reshape(width) @ layer.out
            h = _norm(x) @ layer.up
            np.maximum(h, 0, out=h)
            h *= h
            x += h @ layer.down
        cache.length = t + 1
        return _norm(x) @ self._head


def _with_turned(qkv: Array, config: Config) -> Array:
    """Columns for q, k, their quarter turns and v.

    With the turned columns in the matrix a step rotates by two multiplications, and the scale of
    the scores costs nothing.
    """
    width, size = config.width, config.width // config.heads
    qk, v = qkv[:, : 2 * width].copy(), qkv[:, 2 * width :]
    qk[:, :width] /= math.sqrt(size)
    halves = qk.reshape(width, 2 * config.heads, 2, size // 2)
    turned = np.stack((-halves[:, :, 1], halves[:, :, 0]), axis=2).reshape(width, 2 * width)
    return np.ascontiguousarray(np.concatenate((qk, turned, v), axis=1))


def _norm(x: Array) -> Array:
    return x * np.float32(1 / math.sqrt(float(x @ x) / x.size + EPSILON))


def _norm_rows(x: Array) -> Array:
    mean: Array = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float32)
    scaled: Array = x / np.sqrt(mean + np.float32(EPSILON))
    return scaled
