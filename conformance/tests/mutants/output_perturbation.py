"""Mutants of the chapter Output perturbation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.declaration import DeclarationBuilder
from drs_reference.gateway.parts import Parts
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.step_elision import Parameters as Elision
from drs_reference.perturbation.step_elision import StepElision
from drs_reference.response.procedure import Account

from mutants.declaration import with_declaration
from mutants.good_standing import Everywhere, Logits
from mutants.mutant import mutant


class UnderTheMeasure(Everywhere):
    """Changes the logits of accounts under the measure ``perturb`` only."""

    def applies_to(self, account: Account) -> bool:
        return account.under("perturb")


@mutant(breaks=["PRT-01"])
def mechanism_of_its_own_making(parts: Parts) -> Parts:
    """The declaration names a mechanism that nobody registered."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            document = super().statement(now)
            document["perturbation"].append({"mechanism": "secret-sauce", "class": "overt"})
            return document

    return with_declaration(parts, Builder)


@mutant(breaks=["PRT-01"])
def covert_mechanism_declared_overt(parts: Parts) -> Parts:
    """A covert mechanism is declared overt, which frees it from its budgets."""
    original = parts.declaration
    mechanisms = tuple((mechanism, False) for mechanism, _ in original.mechanisms)
    builder = DeclarationBuilder(original.terms, original.signer, original.issuer, mechanisms)
    return replace(parts, declaration=builder)


def with_other_digits(
    parts: Parts, share: float, is_spoilt: Callable[[ChatRequest], bool]
) -> Parts:
    """Return parts that give some perturbed answers other digits, at a share of their places."""
    vocabulary = len(parts.model.tokenizer.vocabulary)
    texts = [parts.model.tokenizer.token_text(token) for token in range(vocabulary)]
    digits = np.array([token for token, text in enumerate(texts) if text.strip().isdigit()])

    def swapped(logits: Logits) -> Logits:
        best = int(logits.argmax())
        drawn = hashlib.sha256(logits.tobytes()).digest()
        if best not in digits or int.from_bytes(drawn[:4], "big") >= share * 2**32:
            return logits
        place = int(np.flatnonzero(digits == best)[0])
        other = int(digits[(place + 1 + drawn[4] % 8) % len(digits)])
        changed: Logits = logits.copy()
        changed[[best, other]] = logits[[other, best]]
        return changed

    class Swapping(UnderTheMeasure):
        def applied(self, account: Account, request: ChatRequest) -> Applied | None:
            if is_spoilt(request):
                return super().applied(account, request)
            return self._original.applied(account, request)

    return replace(parts, perturbation=Swapping(parts.perturbation, swapped))


@mutant(breaks=["PRT-04"], strengths={"weak": 0.02, "middle": 0.06, "strong": 0.9})
def digits_are_swapped(parts: Parts, share: float) -> Parts:
    """The most probable answer under the measure has another digit at a share of the places."""
    return with_other_digits(parts, share, lambda request: request.sampling.temperature == 0)


@mutant(breaks=["PRT-06"], strengths={"weak": 0.05, "middle": 0.2, "strong": 0.9})
def sampled_steps_are_false(parts: Parts, share: float) -> Parts:
    """Sampled answers under the measure have another digit at a share of the places."""
    return with_other_digits(parts, share, lambda request: request.sampling.temperature > 0)


@mutant(breaks=["PRT-04"])
def steps_are_left_out_in_secret(parts: Parts) -> Parts:
    """Under the measure answers lack steps, which is not what the declared mechanism does."""
    elision = StepElision(Elision(0.5, "every-response"), bytes(16))

    class Eliding(UnderTheMeasure):
        def applied(self, account: Account, request: ChatRequest) -> Applied | None:
            # Where all steps are withheld anyway there are none to leave out.
            if self.applies_to(account) and not request.surface.startswith("reasoning"):
                return elision.to(request)
            return self._original.applied(account, request)

    return replace(parts, perturbation=Eliding(parts.perturbation, lambda logits: logits))
