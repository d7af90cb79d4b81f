"""llama.cpp's server over a tiny model with random weights; runs in the servers' own environment.

``python llama_server.py FOLDER`` writes the model there, serves it on a free port of 127.0.0.1 and
prints one line of JSON with its ``url`` when it is ready.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import gguf
import numpy
import xllamacpp

WIDTH, HEADS, INNER, LAYERS, CONTEXT = 32, 4, 64, 2, 2048
WORDS = [f"\u2581{a}{b}" for a in "bdfgklmnprst" for b in "aeiou"]
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def write_model(path: Path) -> None:
    """Write a model of llama's architecture; always the same, for its weights come from seed 0."""
    kinds = gguf.TokenType
    tokens = [
        ("<unk>", kinds.UNKNOWN),
        ("<s>", kinds.CONTROL),
        ("</s>", kinds.CONTROL),
        *((f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)),
        *((word, kinds.NORMAL) for word in WORDS),
    ]
    model = gguf.GGUFWriter(path, "llama")
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(LAYERS)
    model.add_feed_forward_length(INNER)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_rope_dimension_count(WIDTH // HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_vocab_size(len(tokens))
    model.add_tokenizer_model("llama")
    model.add_token_list([text.encode() for text, _ in tokens])
    model.add_token_scores([0.0] * len(tokens))
    model.add_token_types([int(kind) for _, kind in tokens])
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)
    model.add_chat_template(TEMPLATE)
    random = numpy.random.default_rng(0)

    def weights(*shape: int) -> numpy.ndarray:
        return random.normal(0, 0.3, shape).astype(numpy.float32)

    # The first dimension is 1 in every layer, a bias that keeps all tokens but words unsaid.
    embedding, output = weights(len(tokens), WIDTH), weights(len(tokens), WIDTH)
    embedding[:, 0] = 1
    output[:, 0] = 0
    output[: -len(WORDS), 0] = -50
    model.add_tensor("token_embd.weight", embedding)
    model.add_tensor("output.weight", output)
    model.add_tensor("output_norm.weight", numpy.ones(WIDTH, numpy.float32))
    for layer in range(LAYERS):
        for part, shape in (
            ("attn_q", (WIDTH, WIDTH)),
            ("attn_k", (WIDTH, WIDTH)),
            ("attn_v", (WIDTH, WIDTH)),
            ("attn_output", (WIDTH, WIDTH)),
            ("ffn_gate", (INNER, WIDTH)),
            ("ffn_up", (INNER, WIDTH)),
            ("ffn_down", (WIDTH, INNER)),
        ):
            matrix = weights(*shape)
            if part in ("attn_output", "ffn_down"):
                matrix[0] = 0
            model.add_tensor(f"blk.{layer}.{part}.weight", matrix)
        for part in ("attn_norm", "ffn_norm"):
            model.add_tensor(f"blk.{layer}.{part}.weight", numpy.ones(WIDTH, numpy.float32))
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


def main(folder: Path) -> None:
    """Serve until SIGTERM."""
    path = folder / "random.gguf"
    write_model(path)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.offline = True
    params.ui = False
    params.port = 0
    params.n_ctx = 4 * CONTEXT
    params.n_parallel = 4
    params.warmup = False
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(json.dumps({"url": server.listening_address}), flush=True)
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
