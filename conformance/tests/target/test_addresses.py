"""No name leads a run to a machine inside unless the authorisation says so."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from drs_conformance.target import Origin, TargetError, refusal

API = Origin.of("https://api.example.com")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "0.0.0.0",
        "::",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "192.0.2.1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::1",
    ],
)
def test_addresses_that_are_not_public_are_refused_behind_a_name(address: str) -> None:
    reason = refusal(ip_address(address), API, ())
    assert reason is not None
    assert str(ip_address(address)) in reason
    assert "api.example.com" in reason


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"],
)
def test_public_addresses_are_not(address: str) -> None:
    assert refusal(ip_address(address), API, ()) is None


@pytest.mark.parametrize(
    ("root", "address", "permitted"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1", True),
        ("http://[::1]:8080", "::1", True),
        ("http://10.1.2.3:8080", "10.1.2.3", True),
        ("http://10.1.2.3:8080", "10.1.2.4", False),
        ("http://localhost:8080", "127.0.0.1", True),
        ("http://localhost:8080", "::1", True),
        ("http://localhost:8080", "10.1.2.3", False),
        ("http://localhost.example.com", "127.0.0.1", False),
    ],
)
def test_an_address_that_the_origin_names_is_permitted(
    root: str, address: str, permitted: bool
) -> None:
    assert (refusal(ip_address(address), Origin.of(root), ()) is None) == permitted


def test_a_network_that_the_authorisation_names_is_permitted() -> None:
    networks = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))
    assert refusal(ip_address("10.1.255.1"), API, networks) is None
    assert refusal(ip_address("fd00:1::9"), API, networks) is None
    assert refusal(ip_address("10.2.0.1"), API, networks) is not None
    assert refusal(ip_address("169.254.169.254"), API, networks) is not None


@pytest.mark.parametrize(
    "host", ["2130706433", "127.1", "0x7f000001", "0177.0.0.1", "127.0.0.0x1", "1.2.3.4.5", "0x"]
)
def test_numbers_that_are_no_plain_address_are_no_host(host: str) -> None:
    with pytest.raises(ValueError, match="four numbers"):
        Origin.of(f"http://{host}:80/v1")


def test_networks_of_the_authorisation_are_read(load, permit) -> None:
    permit["networks"] = ["10.0.0.0/8", "fd00::/8"]
    networks = load().authorisation.networks
    assert networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    permit["networks"] = ["10.0.0.1/8"]
    with pytest.raises(TargetError, match=r"/networks/0.*host bits"):
        load()
