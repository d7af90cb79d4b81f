"""Mechanisms inside of ``generate`` do what they do in the reference's own generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from drs_reference.gateway.sampling import Generation, Sampling, log_probabilities
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.bucketed import BucketedSampling
from drs_reference.perturbation.green_list import (
    GreenListParameters,
    GreenListWatermark,
    entropy,
)
from drs_reference.perturbation.gumbel import GumbelParameters, GumbelWatermark
from drs_reference.perturbation.product_of_experts import ProductOfExperts
from drs_reference.perturbation.provenance import evidence, p_value, recognise
from drs_reference.perturbation.tournament import TournamentParameters, TournamentWatermark

torch = pytest.importorskip("torch", reason="torch is not installed: adapters are NOT tested")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: adapters are NOT tested"
)

from drs_reference.adapters.logits_processor import PerturbedLogits  # noqa: E402
from drs_reference.adapters.transformers_model import TransformersModel  # noqa: E402

KEY, OTHER = b"0123456789abcdef", b"fedcba9876543210"
COUNT, BABBLE = [("user", "count")], [("user", "babble babble babble")]
MARKS: dict[str, Any] = {
    "green-list": lambda key: GreenListWatermark(key, GreenListParameters(delta=2.0)),
    "gumbel": lambda key: GumbelWatermark(
        key, GumbelParameters(context_tokens=3, key_scope="provider")
    ),
    "tournament": lambda key: TournamentWatermark(
        key, TournamentParameters(layers=4, context_tokens=3)
    ),
    "bucketed": BucketedSampling,
}
DRAWING = [name for name in MARKS if name != "green-list"]
KEYED = [name for name in MARKS if name != "bucketed"]


@pytest.fixture(scope="module")
def own(network: Any, tokenizer: Any) -> TransformersModel:
    return TransformersModel(network, tokenizer)


def generated(
    own: TransformersModel,
    network: Any,
    conversations: Sequence[Any],
    applied: Sequence[Any] | None,
    **options: Any,
) -> Any:
    """What ``generate`` returns: tokens of the answers, logits before and scores after."""
    inputs = own.batch(conversations)
    size = inputs["input_ids"].shape[1]
    processors = [] if applied is None else [PerturbedLogits(applied, own.end, size)]
    options = {"max_new_tokens": 20, "do_sample": True, "top_k": 0} | options
    torch.manual_seed(options.pop("torch_seed", 0))
    found = network.generate(
        **inputs,
        logits_processor=transformers.LogitsProcessorList(processors),
        return_dict_in_generate=True,
        output_logits=True,
        output_scores=True,
        **options,
    )
    found.sequences = found.sequences[:, size:]
    return found


def test_a_tilt_is_just_that_of_the_mechanism_at_every_step(
    own: TransformersModel, network: Any
) -> None:
    """Prompts of two lengths, a row that is left alone, and a row for each choice."""
    mark = MARKS["green-list"](KEY)
    conversations = [BABBLE, [("user", "babble")], COUNT]
    applied = [mark.answering(m, Sampling()) for m in conversations]
    found = generated(
        own, network, conversations, [applied[0], None, applied[2]], num_return_sequences=2
    )
    tilted, floor = 0, 0
    for place, (logits, scores) in enumerate(zip(found.logits, found.scores, strict=True)):
        for row in range(6):
            said, clean = found.sequences[row, :place].tolist(), logits[row].numpy()
            alone = row in (2, 3) or own.end in said
            expected = clean if alone else mark.step(clean, [own.end, *said])
            np.testing.assert_array_equal(scores[row].numpy(), expected)
            tilted += bool((expected != clean).any())
            floor += row > 3 and not alone
            assert row < 4 or (expected == clean).all() or entropy(clean) >= 0.9
    assert tilted >= 40
    assert floor >= 10


@pytest.mark.parametrize("name", DRAWING)
def test_draws_are_those_of_the_references_own_generation(
    own: TransformersModel, network: Any, name: str
) -> None:
    asked = Sampling(temperature=0.9, top_p=0.95, seed=7, max_tokens=20)
    mark = MARKS[name](KEY)
    applied = [mark.answering(messages, asked) for messages in (COUNT, BABBLE)]
    found = generated(own, network, [COUNT, BABBLE], applied, num_return_sequences=2)
    for number, messages in enumerate((COUNT, BABBLE)):
        expected: list[list[int]] = [[], []]
        generation = Generation(
            own,
            messages,
            applied[number].sampling,
            choices=2,
            perturb=applied[number].step,
            draw=applied[number].draw,
        )
        for emission in generation.emissions():
            expected[emission.choice] += [token.token for token in emission.tokens]
        for choice in range(2):
            tokens = found.sequences[2 * number + choice].tolist()
            said = tokens[: tokens.index(own.end)] if own.end in tokens else tokens
            assert said == expected[choice]


@pytest.mark.parametrize("name", DRAWING)
def test_the_key_decides_where_generate_draws_by_chance(
    own: TransformersModel, network: Any, name: str
) -> None:
    """Other randomness of torch, greedy or not: the same answers; another key: others."""
    sampling = Sampling(seed=5)

    def answers(key: bytes, **options: Any) -> list[list[int]]:
        applied = [MARKS[name](key).answering(m, sampling) for m in (COUNT, BABBLE)]
        made = generated(own, network, [COUNT, BABBLE], applied, **options)
        lists: list[list[int]] = made.sequences.tolist()
        return lists

    first = answers(KEY)
    assert answers(KEY, torch_seed=1) == answers(KEY, do_sample=False) == first
    assert answers(OTHER)[1] != first[1]


def test_at_low_temperatures_a_tilt_is_drawn_by_the_key(
    own: TransformersModel, network: Any
) -> None:
    mark = MARKS["green-list"](KEY)
    applied = [mark.answering(BABBLE, Sampling(temperature=0))]
    one, two = (
        generated(own, network, [BABBLE], applied, torch_seed=seed, num_return_sequences=2)
        for seed in (1, 2)
    )
    assert (one.sequences == two.sequences[0]).all()


@pytest.mark.parametrize("name", KEYED)
def test_a_corpus_is_recognised_by_its_key_alone(
    own: TransformersModel, network: Any, tokenizer: Any, name: str
) -> None:
    mark = MARKS[name](KEY)

    def corpus(applied: Any) -> list[tuple[Any, str]]:
        made = generated(own, network, [BABBLE] * 24, applied, max_new_tokens=40)
        texts = tokenizer.batch_decode(made.sequences, skip_special_tokens=True)
        return [(BABBLE, text) for text in texts]

    marked = corpus([mark.answering(BABBLE, Sampling()) for _ in range(24)])
    assert recognise(own, mark, marked).p_value < 1e-6
    assert recognise(own, mark, [([], text) for _, text in marked]).p_value < 1e-3
    found = evidence(own, mark, marked)
    others = [number.to_bytes(16, "big") for number in range(20)]
    assert min(p_value(found, mark, other) for other in others) > 1e-3
    assert recognise(own, mark, corpus(None)).p_value > 1e-3


def test_a_second_expert_is_a_model_of_transformers(own: TransformersModel, network: Any) -> None:
    """The expert is the model itself: logits plus .3 log-probabilities, above the floor."""
    applied = ProductOfExperts(own).answering(BABBLE, Sampling())
    found = generated(own, network, [BABBLE], [applied], num_return_sequences=2, max_new_tokens=4)
    for logits, scores in zip(found.logits, found.scores, strict=True):
        for row in range(2):
            clean = logits[row].numpy()
            expected = clean + 0.3 * log_probabilities(clean)
            np.testing.assert_allclose(scores[row].numpy(), expected, atol=1e-4)


def test_bias_and_penalties_of_the_request_hold(own: TransformersModel, network: Any) -> None:
    sampling = Sampling(logit_bias={10: -100.0}, frequency_penalty=1.0)
    applied = MARKS["green-list"](KEY).answering(COUNT, sampling)
    found = generated(own, network, [COUNT], [applied], do_sample=False, max_new_tokens=8)
    said = found.sequences[0].tolist()
    assert 10 not in said
    raised = found.scores[1][0] - found.logits[1][0]
    assert raised[said[0]] == pytest.approx(-1, abs=1e-5)


def test_follow_gives_the_logits_of_each_place(
    own: TransformersModel, network: Any, tokenizer: Any
) -> None:
    found = generated(own, network, [BABBLE], None)
    text = tokenizer.decode(found.sequences[0])
    tokens, logits = own.follow(BABBLE, text)
    assert tokens == found.sequences[0].tolist()
    np.testing.assert_allclose(logits, torch.cat(found.logits).numpy(), atol=1e-4)
    assert logits.shape == (20, len(own.tokenizer.vocabulary))
    assert own.follow(BABBLE, "")[0] == []
    tokens, logits = own.follow(BABBLE, "animal-a " * 100)
    assert len(tokens) == len(logits) == 64 - len(own.prompt(BABBLE))


def test_what_does_not_fit_is_said(own: TransformersModel, network: Any, tokenizer: Any) -> None:
    applied = [MARKS["gumbel"](KEY).answering(COUNT, Sampling())]
    inputs = own.batch([COUNT] * 2)["input_ids"]
    scores = torch.zeros((2, 4))
    with pytest.raises(ValueError, match=r"begins with 2 tokens.*got tokens of shape \(2, 3\)"):
        PerturbedLogits(applied, own.end, 2)(inputs, scores)
    with pytest.raises(ValueError, match="expected a multiple of 3 sequences, got 2"):
        PerturbedLogits(applied * 3, own.end, 3)(inputs, scores)
    with pytest.raises(ValueError, match="expected covert mechanisms"):
        PerturbedLogits([Applied(Sampling(), kind=Generation)], own.end, 3)
    network.train()
    try:
        with pytest.raises(ValueError, match=r"model\.eval"):
            TransformersModel(network, tokenizer)
    finally:
        network.eval()


def test_the_guides_examples(
    network: Any, tokenizer: Any, own_stack: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    yours = {"model": network, "tokenizer": tokenizer, "key": KEY, "conversations": [BABBLE] * 12}
    exec(own_stack[0] + own_stack[1], yours)
    assert float(capsys.readouterr().out.split()[2]) < 1e-3
