"""The embedded language model: a real autoregressive network, small enough to ship.

    model = LanguageModel.load()
    decoding = model.start([("user", "What is 47 + 85?")])
    while (token := int(decoding.logits().argmax())) != model.end:
        print(model.tokenizer.token_text(token), end="")
        decoding.push(token)

Sampling is the caller's: ``Decoding.logits`` gives the distribution, ``Decoding.push`` takes the
choice.
"""

from drs_reference.model.decoding import Decoding, LanguageModel, log_softmax
from drs_reference.model.tokenizer import END, Tokenizer
from drs_reference.model.weights import Metadata, WeightsError

__all__ = [
    "END",
    "Decoding",
    "LanguageModel",
    "Metadata",
    "Tokenizer",
    "WeightsError",
    "log_softmax",
]
