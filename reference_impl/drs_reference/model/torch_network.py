"""The network in torch, for training and as an independent check of the numpy inference.

Pre-norm GPT with rotary positions: RMS norm without gain, squared-ReLU MLP, untied output matrix.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from drs_reference.model.network import EPSILON, Config, rotary_tables


class Block(nn.Module):
    """Attention and MLP; matrices act from the right, as in the numpy network."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, hidden = config.width, config.hidden
        self.heads = config.heads
        residual = 0.5 / math.sqrt(width * 2 * config.layers)
        self.qkv = nn.Parameter(torch.randn(width, 3 * width) / math.sqrt(width))
        self.out = nn.Parameter(torch.randn(width, width) * residual)
        self.up = nn.Parameter(torch.randn(width, hidden) / math.sqrt(width))
        self.down = nn.Parameter(torch.randn(hidden, width) * residual)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Activations (batch, length, width) to the same; ``mask`` is true where to attend."""
        batch, length, width = x.shape
        qkv = (norm(x) @ self.qkv).view(batch, length, 3 * self.heads, width // self.heads)
        q, k, v = qkv.transpose(1, 2).chunk(3, dim=1)
        q, k = (part * cos + rotated(part) * sin for part in (q, k))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + attended.transpose(1, 2).reshape(batch, length, width) @ self.out
        return x + F.relu(norm(x) @ self.up).square() @ self.down


def norm(x: Tensor) -> Tensor:
    """RMS norm over the last axis."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)


def rotated(x: Tensor) -> Tensor:
    """The quarter turn of rotary positions: halves (a, b) become (-b, a)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


class TorchModel(nn.Module):
    """Token ids (batch, length) to logits (batch, length, vocabulary)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Parameter(torch.randn(config.vocabulary, config.width))
        self.head = nn.Parameter(torch.randn(config.width, config.vocabulary) * 0.02)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        cos, sin = rotary_tables(config)
        self.register_buffer("cos", torch.from_numpy(cos))
        self.register_buffer("sin", torch.from_numpy(sin))

    def forward(self, ids: Tensor, document: Tensor | None = None) -> Tensor:
        """``document`` (batch, length) numbers the conversations packed into a row; attention
        stays inside one. Without it a row is one conversation."""
        length = ids.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        if document is not None:
            mask = (mask & (document[:, :, None] == document[:, None, :]))[:, None]
        x = self.embed[ids]
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length], mask)
        return norm(x) @ self.head

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights under the names of ``weights.npz``, as float16."""
        return {
            name.replace("blocks.", "layer"): value.detach().numpy().astype(np.float16)
            for name, value in self.named_parameters()
        }

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """The reverse of ``arrays``."""
        for name, value in self.named_parameters():
            stored = arrays[name.replace("blocks.", "layer")].astype(np.float32)
            value.data = torch.from_numpy(stored)
