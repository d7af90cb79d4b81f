"""The parts that an endpoint is made of; each can be replaced by one that behaves otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from drs_reference.detection import live
from drs_reference.detection.detector import Calibration, Detector
from drs_reference.gateway.account_view import AccountView
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.appeals_desk import AppealsDesk
from drs_reference.gateway.case_file import CaseFile
from drs_reference.gateway.clock import Clock
from drs_reference.gateway.credentials import Credentials
from drs_reference.gateway.declaration import DeclarationBuilder, Terms
from drs_reference.gateway.dialects.anthropic_messages import AnthropicMessages
from drs_reference.gateway.dialects.dialect import Dialect
from drs_reference.gateway.dialects.gemini_generate import GeminiGenerate
from drs_reference.gateway.dialects.openai_chat import OpenAIChat
from drs_reference.gateway.dialects.openai_responses import OpenAIResponses
from drs_reference.gateway.eligibility import Eligibility
from drs_reference.gateway.exposure import ExposureRules
from drs_reference.gateway.likelihood_hook import LikelihoodHook
from drs_reference.gateway.limiter import Limiter
from drs_reference.gateway.live_detection import LiveDetection
from drs_reference.gateway.problems import Refusals
from drs_reference.gateway.provenance_hook import ProvenanceHook
from drs_reference.gateway.reasoning import ReasoningHook
from drs_reference.gateway.safety import SafetyPolicy
from drs_reference.gateway.sampling import Model
from drs_reference.gateway.score_hook import ScoreHook
from drs_reference.gateway.test_mode import TestMode
from drs_reference.model import LanguageModel
from drs_reference.perturbation.base import Perturbation
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelWatermark
from drs_reference.perturbation.in_force import InForce
from drs_reference.perturbation.kill_switch import KillSwitch
from drs_reference.perturbation.provenance import Recognition, Sample, recognise
from drs_reference.perturbation.tournament import TournamentWatermark
from drs_reference.response.ladder import Ladder
from drs_reference.response.notices import NoticePolicy
from drs_reference.response.procedure import Procedure
from drs_reference.signing import Signer
from drs_reference.standard import registry
from drs_reference.storage.base import Storage

if TYPE_CHECKING:
    from drs_reference.gateway.shared_detection import SharedDetection


@dataclass(frozen=True, slots=True)
class Parts:
    """Collaborators of one endpoint. Replace some with ``dataclasses.replace``.

    ``procedure`` and ``accounts`` are classes: the application makes them from the ladder, the
    notice policy, the storage and the clock that it is given. ``shared_detection`` is there where
    the endpoint takes part in an exchange, ``eligibility`` where it has a policy.
    """

    terms: Terms
    clock: Clock
    storage: Storage
    credentials: Credentials
    model: Model
    perturbation: Perturbation
    kill_switch: KillSwitch
    safety: SafetyPolicy
    ladder: Ladder
    notices: NoticePolicy
    declaration: DeclarationBuilder
    limiter: Limiter
    exposure: ExposureRules
    refusals: Refusals
    dialect: OpenAIChat
    further_dialects: tuple[Dialect, ...]
    account_view: AccountView
    appeals: AppealsDesk
    cases: CaseFile
    test_mode: TestMode
    score_hook: ScoreHook
    likelihood_hook: LikelihoodHook
    live_detection: LiveDetection
    reasoning_hook: ReasoningHook
    provenance_hook: ProvenanceHook
    procedure: type[Procedure] = Procedure
    accounts: type[Accounts] = Accounts
    shared_detection: SharedDetection | None = None
    eligibility: Eligibility | None = None

    def spoken(self, dialect: str) -> Dialect:
        """A dialect by its name."""
        every = (self.dialect, *self.further_dialects)
        return next(known for known in every if known.name == dialect)

    def spoken_at(self, path: str) -> Dialect:
        """The dialect of what lies at or near a path; the first one where there is nothing."""
        for surface in self.terms.surfaces:
            if path.startswith(surface.path.partition("{")[0]):
                return self.spoken(surface.dialect)
        return self.dialect


def standard_parts(
    *,
    issuer: str,
    storage: Storage,
    credentials: Credentials,
    signer: Signer,
    model: LanguageModel,
    perturbation: Perturbation,
    perturbed: frozenset[str] | None = None,
    until: datetime | None = None,
    terms: Terms | None = None,
    eligibility: Eligibility | None = None,
) -> Parts:
    """The parts of the endpoint that does what it declares. ``issuer`` is its origin.

    The mechanism is applied on the surfaces ``perturbed`` (None: on all), and only ``until`` then.
    Without ``eligibility`` everybody is served.
    """
    terms = terms or Terms()
    find: Callable[[Iterable[Sample]], Recognition] = _unrecognisable
    if isinstance(perturbation, GreenListWatermark | GumbelWatermark | TournamentWatermark):
        find = partial(recognise, model, perturbation)
    else:
        terms = replace(terms, provenance_path="")
    if eligibility is None:
        terms = replace(terms, eligibility_path="")
    switch = KillSwitch(storage)
    in_force = InForce(perturbation, switch, perturbed, until)
    delay = terms.covert_delay_max_s if perturbation.covert else 0
    return Parts(
        terms=terms,
        clock=Clock(),
        storage=storage,
        credentials=credentials,
        model=model,
        perturbation=in_force,
        kill_switch=switch,
        safety=SafetyPolicy(),
        ladder=Ladder.from_registry(
            registry("ladder"),
            states=terms.states,
            quiet_s=terms.quiet_s,
            suspension_review_s=terms.suspension_review_s,
        ),
        notices=NoticePolicy(
            timedelta(seconds=delay),
            frozenset({"perturbed"} if perturbation.covert else ()),
        ),
        declaration=DeclarationBuilder(
            terms, signer, issuer, ((perturbation.mechanism, perturbation.covert),)
        ),
        limiter=Limiter(),
        exposure=ExposureRules(terms.bounds, registry("raw-outputs")),
        refusals=Refusals(terms.appeals_path),
        dialect=OpenAIChat(model.tokenizer, terms.models),
        further_dialects=tuple(
            dialect(model.tokenizer, terms.models)
            for dialect in (OpenAIResponses, AnthropicMessages, GeminiGenerate)
        ),
        account_view=AccountView(terms.appeals_path, perturbation.mechanism, in_force.lasts),
        appeals=AppealsDesk(terms.decision_max_s, eligibility),
        cases=CaseFile(),
        test_mode=TestMode(),
        score_hook=ScoreHook(Detector(), terms.false_positive_rate),
        likelihood_hook=LikelihoodHook(model),
        live_detection=LiveDetection(Calibration.read(live.CALIBRATION), terms.false_positive_rate),
        reasoning_hook=ReasoningHook(),
        provenance_hook=ProvenanceHook(perturbation.mechanism, terms.level, find),
        eligibility=eligibility,
    )


def _unrecognisable(samples: Iterable[Sample]) -> Recognition:
    """What is found where the mechanism leaves no trace."""
    return Recognition(1.0, 0)
