"""A run speaks to the addresses that were checked, and to no other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_network

import pytest
from drs_conformance.ledger import Ledger, WireRequest, exchanges_of, read_journal
from drs_conformance.ledger.resolving import AddressRefused, Resolver, Unresolved
from drs_conformance.ledger.wire import Wire
from drs_conformance.target import AuthorisationError, Origin

GET = WireRequest("GET", "/v1/thing", "control")
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Dns:
    """Gives one answer after the other, and the last for ever."""

    def __init__(self, *answers: Iterable[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Iterable[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def name_of(server) -> str:
    """The root of a server under a name that only `Dns` knows."""
    return server.root.replace("127.0.0.1", "api.lab.example")


def send(wire: Wire, request: WireRequest = GET, source: str | None = None):
    taken = []
    sending = (request, wire.headers(request), source)
    wire.send([sending], lambda _, received: taken.append(received))
    (received,) = taken
    return received


def test_the_connection_goes_to_the_address_and_names_the_host(endpoint):
    server = endpoint()
    dns = Dns(["127.0.0.1"])
    wire = Wire(name_of(server), 2, Resolver(Origin.of(name_of(server)), LOOPBACK, dns))
    first, second = send(wire), send(wire)
    wire.close()
    assert (first.status, first.address, second.address) == (200, "127.0.0.1", "127.0.0.1")
    assert server.seen[0].headers["host"] == name_of(server).removeprefix("http://")
    assert [seen.connection for seen in server.seen] == [1, 1]
    assert dns.asked == ["api.lab.example"]


def test_a_name_that_is_bound_anew_to_a_machine_inside_gets_nothing(endpoint):
    """The second answer, a moment later, is the metadata service."""
    server = endpoint()
    dns = Dns(["127.0.0.1"], ["169.254.169.254"])
    wire = Wire(name_of(server), 2, Resolver(Origin.of(name_of(server)), LOOPBACK, dns))
    assert send(wire).status == 200
    server.stop()
    found = [send(wire).fault for _ in range(3)]
    wire.close()
    assert [fault.kind for fault in found if fault][-1] == "connect"
    assert "169.254.169.254" in found[-1].detail
    assert len(dns.asked) >= 2


def test_one_address_inside_among_others_is_enough_to_refuse():
    dns = Dns(["93.184.215.14", "10.0.0.1"])
    resolver = Resolver(Origin.of("https://api.lab.example"), look_up=dns)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        asyncio.run(resolver.addresses())


def test_where_nobody_answers_the_next_address_is_tried(endpoint):
    server = endpoint()
    dns = Dns(["127.0.0.9", "127.0.0.1"])
    wire = Wire(name_of(server), 2, Resolver(Origin.of(name_of(server)), LOOPBACK, dns))
    assert [send(wire).address for _ in range(2)] == ["127.0.0.1"] * 2
    wire.close()


def test_a_source_address_speaks_to_its_own_kind_only(endpoint):
    server = endpoint()
    dns = Dns(["::1"])
    networks = (ip_network("::1/128"),)
    wire = Wire(name_of(server), 2, Resolver(Origin.of(name_of(server)), networks, dns))
    received = send(wire, source="127.0.0.2")
    wire.close()
    assert received.fault.kind == "connect"
    assert "127.0.0.2" in received.fault.detail


def test_a_name_that_leads_nowhere_is_a_connect_fault():
    wire = Wire("http://no-such-host.invalid", 5)
    received = send(wire)
    wire.close()
    assert (received.fault.kind, received.address) == ("connect", None)
    assert "no-such-host.invalid" in received.fault.detail


def test_the_address_stands_in_the_journal(endpoint, answers, record, tmp_path):
    server = endpoint(answers.response(), answers.response(headers=(("Content-Encoding", "br"),)))
    ledger = record(server.root)
    sent = [ledger.send("T", GET).address for _ in range(2)]
    ledger.close("end of the test")
    records, _ = read_journal(tmp_path / "run-1" / "journal.jsonl")
    kept = [exchange.address for exchange in exchanges_of(records)]
    assert sent == kept == ["127.0.0.1"] * 2


def own_name() -> str | None:
    """A real name of this machine, other than localhost, that leads inside."""
    for name in (socket.gethostname().lower(), "localhost.localdomain", "ip6-localhost"):
        try:
            asyncio.run(Resolver(Origin.of(f"http://{name}:9")).addresses())
        except AddressRefused:
            return name
        except (Unresolved, ValueError):
            continue
    return None


def test_a_run_whose_host_lies_inside_is_not_begun(endpoint, make_target, tmp_path):
    """By the real resolver of this machine; and begun when the authorisation names the network."""
    name = own_name()
    if name is None:
        pytest.skip("this machine has no name but localhost")
    origin = f"http://{name}:9"
    target = make_target(origin, permitted={"origins": [origin]})
    with pytest.raises(AuthorisationError, match="networks"):
        Ledger.record(tmp_path / "run", target, {"seed": 1})
    assert not (tmp_path / "run").exists()
    target = make_target(origin, permitted={"origins": [origin], "networks": ["0.0.0.0/0", "::/0"]})
    Ledger.record(tmp_path / "run", target, {"seed": 1}).close("end of the test")
