"""What a check holds in its hands: the target, its declaration, and test personas.

Everything a check sends goes through the ledger in the lane of its requirement, so that the
journal tells who sent what and a replay finds each answer again.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import strategies as st

from drs_conformance.checks.declaration import Declaration, Surface
from drs_conformance.checks.quota import WAIT_MAX_S, retry_after
from drs_conformance.checks.sent import Sent, is_doubtful
from drs_conformance.checks.session import Session
from drs_conformance.checks.subject import Subject
from drs_conformance.dialects import Dialect, Inexpressible, dialect
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest, MalformedAnswer
from drs_conformance.ledger import Exchange, MalformedBody, WireRequest, classify
from drs_conformance.profiles import Profile
from drs_conformance.scheduling.ladder import Ladder
from drs_conformance.scheduling.leases import Fresh, Pool
from drs_conformance.specification.schemas import schema_set
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.trial import Trial
from drs_conformance.target import is_honest
from drs_conformance.traffic.requests import draw
from drs_conformance.verdicts import (
    Evidence,
    Finding,
    Inconclusive,
    NotApplicable,
    Untestable,
    Violation,
)

__all__ = ["Lab"]

Example = TypeVar("Example")
Built = TypeVar("Built")


class Lab:
    """The bench of one check."""

    def __init__(self, session: Session, lane: str) -> None:
        self._session = session
        self.lane = lane
        self.trials = 0
        self.statistics: dict[str, Any] | None = None
        self.remark: str | None = None
        self.sent = Sent()
        self.doubtful: list[Exchange] = []
        self.has_begun_again = False
        self._leased: list[str] = []
        self._recalled: list[str] = []
        self._ladder = Ladder.from_registry(session.registry("ladder"))

    # -- what the run is about

    @property
    def target(self) -> Subject:
        """The endpoint under test."""
        return self._session.target

    @property
    def profile(self) -> Profile:
        """How much this run sends."""
        return self._session.profile

    @property
    def ladder(self) -> Ladder:
        """The ladder of the standard."""
        return self._ladder

    @property
    def dialect(self) -> Dialect:
        """The dialect that the target file names."""
        if self.target.hub is not None:
            raise Untestable("the target file points at a hub, which has no inference surface")
        return dialect(self.target.dialect, self.target.description)

    def registry(self, name: str) -> Mapping[str, Any]:
        """Return a registry of the version under test."""
        return self._session.registry(name)

    def has_persona(self, name: str) -> bool:
        """Whether the target file has a credential for the persona ``name``."""
        return name in self.target.personas

    def key(self, purpose: str) -> int:
        """Return a number that depends on the run's seed and ``purpose`` only."""
        text = f"{self._session.seed}:{self.lane}:{purpose}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")

    def draw(self, strategy: st.SearchStrategy[Example], count: int) -> list[Example]:
        """Draw ``count`` examples of ``strategy`` before any of them is sent."""
        return draw(strategy, count, self.key("examples"))

    def draw_of_each(
        self, strategies: Sequence[st.SearchStrategy[Example]], count: int
    ) -> list[Example]:
        """Draw ``count`` examples or a few more, of each strategy as many.

        For forms of which none may be left to chance.
        """
        each = -(-count // len(strategies))
        return [
            example
            for number, strategy in enumerate(strategies)
            for example in draw(strategy, each, self.key(f"examples {number}"))
        ]

    def examples(self, strategy: st.SearchStrategy[Example], batch: int) -> Iterator[Example]:
        """Yield examples of ``strategy`` without end; each batch is drawn before it is sent."""
        for number in itertools.count():
            yield from draw(strategy, batch, self.key(f"examples {number}"))

    # -- the declaration

    @property
    def declaration_exchange(self) -> Exchange:
        """The one request without credentials for the declaration."""
        return self.episode("declaration", lambda lab: lab.get(Declaration.PATH, persona=None))

    @property
    def declaration(self) -> Declaration:
        """The declaration, once it is known to be one."""
        return self.episode("declared", Lab._declared)

    def _declared(self) -> Declaration:
        exchange = self.declaration_exchange
        document = self.document(exchange, "declaration")
        listed = document.get("probing", {}).get("authorisations")
        if listed is not None and self.target.authorisation not in listed:
            self._session.refusal = Untestable(
                "the target lists the authorisations in force, and this run's is none of them; "
                f"ask {document['probing']['contact']}",
                exchange,
            )
        return Declaration(exchange.id, document)

    @property
    def surface(self) -> Surface:
        """The declared surface that the target file points at."""
        wanted = self.path
        for surface in self.surfaces:
            if wanted == self.dialect.place(surface.path, self.target.model):
                return surface
        raise Untestable(
            f"the declaration lists no {self.dialect.declared_as} surface at {wanted}, where the "
            "target file points",
            self.declaration_exchange,
        )

    @property
    def path(self) -> str:
        """The path that the target file points at."""
        spoken = self.dialect
        return spoken.place(self.target.base_path + spoken.path_below, self.target.model)

    @property
    def surfaces(self) -> list[Surface]:
        """The declared surfaces in the target's dialect, as far as that can ask for what they do.

        What it has no words for is not asked for; it counts as not offered.
        """
        spoken = self.dialect
        return [
            surface.within(spoken.abilities)
            for surface in self.declaration.surfaces
            if surface.dialect == spoken.declared_as
        ]

    # -- sending

    def send(
        self,
        method: str,
        path: str,
        persona: str | None = "control",
        document: Mapping[str, Any] | None = None,
        *,
        output_tokens: int = 0,
        faults_too: bool = False,
    ) -> Exchange:
        """Send one request; raise :class:`Untestable` when infrastructure stands in the way.

        With ``faults_too`` every answer that arrives is returned, whatever its status. An account
        for honest traffic whose quota is used up waits as it is told to, and asks once more.
        """
        headers: tuple[tuple[str, str], ...] = ()
        body = None
        if document is not None:
            headers = (("Content-Type", "application/json"),)
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        request = WireRequest(method, path, persona, headers, body, output_tokens)
        return self.deliver(request, faults_too=faults_too)

    def deliver(self, request: WireRequest, *, faults_too: bool = False) -> Exchange:
        """Send one request as it is; see :meth:`send`."""
        exchange = self._deliver(request, faults_too)
        wait = retry_after(exchange)
        if not (is_honest(request.persona) and self._session.is_patient):
            wait = None
        if wait is not None and wait <= WAIT_MAX_S:
            self._session.ledger.sleep(wait, self.lane)
            exchange = self._deliver(request, faults_too)
            # Who is refused after waiting is not refused for want of quota alone.
            self._session.is_patient = exchange.status != 429
        return exchange

    def _deliver(self, request: WireRequest, faults_too: bool) -> Exchange:
        persona, what = request.persona, f"{request.method} {request.path}"
        if persona is not None and not self.has_persona(persona):
            raise Untestable(
                f"the target file has no credential for the persona {persona}",
                cause="Open this test account, and name it in the target file.",
            )
        if self._session.refusal is not None:
            raise self._session.refusal
        exchange = self._session.ledger.send(self.lane, request)
        self.sent.note(exchange)
        self._session.last_at = exchange.received_at
        if is_doubtful(exchange):
            self.doubtful.append(exchange)
        if exchange.fault is not None:
            raise Untestable(
                f"no usable answer to {what}: {exchange.fault.kind}",
                exchange,
                cause=exchange.fault.detail,
            )
        if not faults_too and classify(exchange) == "infrastructure":
            raise Untestable(f"{what} answered {exchange.status}: a fault, not a policy", exchange)
        return exchange

    def get(self, path: str, persona: str | None = "control") -> Exchange:
        """Send a GET request."""
        return self.send("GET", path, persona)

    def post(
        self, path: str, document: Mapping[str, Any] | None, persona: str | None = "control"
    ) -> Exchange:
        """Send a POST request with a JSON document."""
        return self.send("POST", path, persona, document)

    def ask(
        self,
        request: ChatRequest,
        persona: str = "control",
        *,
        surface: Surface | None = None,
        model: str | None = None,
        faults_too: bool = False,
    ) -> Exchange:
        """Send a chat request to a surface (the target file's by default).

        What the dialect cannot express is not applicable.
        """
        surface = surface or self.surface
        if model is None:
            model = self.target.model if self.target.model in surface.models else surface.models[0]
        try:
            wire = self.dialect.encode(request, model, surface.path, persona)
        except Inexpressible as error:
            raise NotApplicable(str(error)) from error
        return self.deliver(wire, faults_too=faults_too)

    def read(self, exchange: Exchange, request: ChatRequest) -> ChatAnswer:
        """Read an answer in the target's dialect; it must be a success in that dialect."""
        if exchange.status != 200:
            raise Untestable(
                f"a well-formed request was answered {exchange.status}, expected 200",
                exchange,
                cause=exchange.text()[:400],
            )
        try:
            return self.dialect.decode(exchange, request.stream)
        except MalformedAnswer as error:
            raise Untestable(
                f"the answer is not in the dialect {self.dialect.name}: {error}", exchange
            ) from error

    def chat(self, request: ChatRequest, persona: str = "control") -> ChatAnswer:
        """Send a chat request and read the answer."""
        return self.read(self.ask(request, persona), request)

    def now(self) -> datetime:
        """Return the time; a replay returns the one of the recorded run."""
        return self._session.ledger.now(self.lane)

    def pause(self, seconds: float) -> None:
        """Wait; a replay does not."""
        self._session.ledger.sleep(seconds, self.lane)

    def sign(self, kid: str, message: bytes) -> bytes:
        """Return the Ed25519 signature of ``message`` by a test member's key."""
        return self._session.ledger.sign(self.lane, kid, message)

    # -- documents

    def document(self, exchange: Exchange, schema: str) -> dict[str, Any]:
        """Return the body as a document of ``schema``; :class:`Untestable` if it is none."""
        fault, document = self._examine(exchange, schema)
        if fault is not None:
            raise Untestable(fault, exchange)
        return document

    def expect_document(self, exchange: Exchange, schema: str) -> dict[str, Any]:
        """Return the body as a document of ``schema``; :class:`Violation` if it is none."""
        fault, document = self._examine(exchange, schema)
        if fault is not None:
            raise Violation(fault, exchange)
        return document

    def faults(self, document: object, schema: str) -> list[str]:
        """Return what keeps a document from being one of ``schema``, the first three faults."""
        found = schema_set(self._session.spec_version).problems(schema, document)
        return [str(fault) for fault in found[:3]]

    def _examine(self, exchange: Exchange, schema: str) -> tuple[str | None, dict[str, Any]]:
        """Return what is wrong with the body as a document of ``schema``, and the document."""
        what = f"{exchange.request.method} {exchange.request.path}: not a document {schema}: "
        try:
            document = exchange.json()
        except MalformedBody as error:
            return f"{what}{error}", {}
        faults = schema_set(self._session.spec_version).problems(schema, document)
        if faults or not isinstance(document, dict):
            return what + ("; ".join(map(str, faults[:3])) or "not an object"), {}
        return None, document

    # -- personas and episodes

    def fresh(self) -> Fresh:
        """Lease a persona in good standing until the check ends."""
        (fresh,) = self.several_fresh(1)
        return fresh

    def several_fresh(self, count: int) -> list[Fresh]:
        """Lease personas in good standing, all at once, until the check ends."""
        leased = self._pool.lease(self.send, count)
        self._leased += [fresh.name for fresh in leased]
        return leased

    @property
    def control(self) -> Fresh:
        """What the test mode can do for `control`, which is never brought into a state."""
        return self._pool.persona("control", self.send)

    @property
    def _pool(self) -> Pool:
        session = self._session
        if session.pool is None:
            declaration = self.declaration
            session.pool = Pool(
                [name for name in self.target.personas if name.startswith("fresh-")],
                declaration.test_root,
                self.ladder,
                declaration.states,
                schema_set(session.spec_version),
            )
        return session.pool

    def close(self) -> None:
        """Give back what was leased."""
        if self._session.pool is not None:
            self._session.pool.give_back(self._leased)
        self._leased.clear()

    def leave_out(self) -> bool:
        """Take it that what is doubtful bears on no verdict; tell whether there was any."""
        any_doubt = bool(self.doubtful)
        self.doubtful.clear()
        return any_doubt

    def begin_again(self) -> None:
        """Forget what is doubtful, so that the check can run once more."""
        self.close()
        self.has_begun_again = True
        self.doubtful.clear()
        for name in self._recalled:
            if self._session.episodes.get(name, (None, []))[1]:
                del self._session.episodes[name]

    def episode(self, name: str, play: Callable[[Lab], Built]) -> Built:
        """Play an episode once for all checks that look at it; return what was seen.

        An episode that could not be played is untestable for each of them.
        """
        episodes = self._session.episodes
        if name not in episodes:
            lab = Lab(self._session, f"episode:{name}")
            try:
                episodes[name] = play(lab), lab.doubtful
            except Finding as finding:
                episodes[name] = finding, lab.doubtful
            finally:
                lab.close()
                self.sent.add(lab.sent)
        self._recalled.append(name)
        seen, doubtful = episodes[name]
        self.doubtful.extend(doubtful)
        if isinstance(seen, Finding):
            raise seen
        built: Built = seen
        return built

    # -- statistical verdicts

    def trial(
        self, *alternatives: str, channel: str, reference: str, conforming: float | None = None
    ) -> Trial:
        """Begin the test that the requirement's design asks for, in this run's profile.

        ``conforming`` is the rate that this target declares, where the design's is only the worst
        that any of its level may. False failures are bounded over all statistical verdicts of a
        run together.
        """
        session = self._session
        design = Design(session.designs[self.lane.partition(":")[0]])
        if design.levels:
            design = design.at(self.declaration.level)
        if conforming is not None:
            design = design.shifted(conforming)
        return Trial(
            session.profile.adapted(design),
            session.alpha / len(session.designs),
            alternatives,
            channel,
            reference,
        )

    def conclude(self, trial: Trial, violation: str, *evidence: Evidence) -> None:
        """Raise what the trial came to, unless it passed."""
        self.statistics = trial.record(self.sent.repeated)
        self.trials = trial.observations
        found = [
            f"{name}: {dual.decision or 'not decided'} after {dual.observations}"
            for name, dual in trial.processes.items()
        ]
        cause = f"{trial.channel} against {trial.reference}; {'; '.join(found)}"
        # What was lost is censored: its retry is another observation.
        self.leave_out()
        if trial.decision == "fail":
            raise Violation(violation, *evidence, cause=cause)
        if trial.decision != "pass":
            raise Inconclusive(
                f"{trial.observations} observations decide neither way", *evidence, cause=cause
            )

    def tried(self, evidence: Sequence[object]) -> None:
        """Note how many independent probes the verdict rests on."""
        self.trials = len(evidence)
