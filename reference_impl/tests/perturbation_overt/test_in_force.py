"""Where, for how long and to whom a mechanism is applied, and when an account is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from drs_reference.gateway.account_view import AccountView
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Sampling
from drs_reference.perturbation.in_force import InForce
from drs_reference.perturbation.kill_switch import KillSwitch
from drs_reference.perturbation.logprob_refusal import LogprobRefusal, Parameters
from drs_reference.response.ladder import Event, Ladder
from drs_reference.response.notices import NoticePolicy
from drs_reference.response.procedure import Account, Procedure
from drs_reference.standard import registry
from drs_reference.storage.sqlite import SqliteStorage

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LADDER = Ladder.from_registry(
    registry("ladder"),
    states=("standing", "observed", "throttled", "perturbed", "suspended", "terminated"),
    quiet_s=dict.fromkeys(("observed", "throttled", "perturbed"), 86400),
    suspension_review_s=86400,
)
COVERT = Procedure(LADDER, NoticePolicy(HOUR))
OVERT = Procedure(LADDER, NoticePolicy(timedelta(), frozenset()))
MECHANISM = LogprobRefusal(Parameters())


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[KillSwitch]:
    storage = SqliteStorage(tmp_path / "storage.sqlite")
    yield KillSwitch(storage)
    storage.close()


def account(procedure: Procedure, flags: int) -> Account:
    opened = procedure.open_account("acct-1", None, None, T0)
    for _ in range(flags):
        opened = procedure.apply(opened, Event("evidence", ("burst",)), T0, "case-1").account
    return opened


def ask(surface: str) -> ChatRequest:
    return ChatRequest("m", (("user", "Hello"),), Sampling(), surface=surface)


def test_only_under_the_measure_on_its_surfaces_while_it_lasts(switch: KillSwitch) -> None:
    now = [T0]
    applied = InForce(MECHANISM, switch, frozenset({"chat"}), T0 + HOUR, lambda: now[0]).applied
    perturbed = account(OVERT, 3)
    assert perturbed.under("perturb")
    assert applied(perturbed, ask("chat")) is not None
    assert applied(perturbed, ask("responses")) is None
    assert all(applied(account(OVERT, flags), ask("chat")) is None for flags in range(3))
    now[0] = T0 + HOUR
    assert applied(perturbed, ask("chat")) is None


def test_what_is_switched_off_is_not_shown_as_a_measure(switch: KillSwitch) -> None:
    in_force = InForce(MECHANISM, switch)
    view = AccountView("/appeals", in_force.mechanism, in_force.lasts)
    perturbed = account(OVERT, 3)

    def kinds() -> list[str]:
        shown = view.standing(perturbed, OVERT, T0)["measures"]
        return [measure["kind"] for measure in shown]

    assert kinds() == ["throttle", "perturb"]
    switch.throw(True, ("ann", "bob"))
    assert in_force.applied(perturbed, ask("chat")) is None
    assert kinds() == ["throttle"]
    switch.throw(False, ("ann", "bob"))
    assert in_force.applied(perturbed, ask("chat")) is not None
    with pytest.raises(ValueError, match="2 different people have to agree; got ann"):
        switch.throw(True, ("ann", "Ann"))
    assert not switch.off


def test_an_account_that_waits_for_a_notice_is_told_when_the_mechanism_becomes_overt() -> None:
    waiting, now = account(COVERT, 3), T0 + HOUR / 2
    assert COVERT.view(COVERT.settle(waiting, now).account, now).state == "throttled"
    told = OVERT.settle(waiting, now).account
    assert OVERT.view(told, now).state == "perturbed"
    assert told.case is not None
    assert told.case.notices[-1].given_at == now
