"""Ranges: which are refused, and which of many hold an address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from drs_reference.exchange.networks import NetworkSet
from drs_reference.exchange.objects import ObjectError
from drs_reference.exchange.ranges import read_range
from drs_reference.exchange.stix_pattern import addresses
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "text",
    [
        "198.51.100.0/24",
        "203.0.113.7/32",
        "8.8.0.0/16",
        "2001:db8:40::/48",
        "2a00:1450::/32",
        "2a00:1450:4001::1/128",
    ],
)
def test_a_narrow_range_is_read(text: str):
    assert str(read_range(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.0.0.0/0", "wider"),
        ("8.0.0.0/15", "wider"),
        ("::/0", "wider"),
        ("2a00::/31", "wider"),
        ("8.8.8.8/24", "host bits"),
        ("2a00:1450::1/64", "host bits"),
        ("8.8.8.8", "must be written 8.8.8.8/32"),
        ("8.8.8.0/255.255.255.0", "must be written"),
        ("8.8.8.0/0.0.0.255", "must be written"),
        ("08.8.8.0/24", "CIDR"),
        ("8.8.8.0/33", "CIDR"),
        ("2A00:1450::/32", "must be written"),
        ("2a00:1450:0::/32", "must be written"),
        ("2a00:1450::%1/48", "must be written"),
        ("", "CIDR"),
        ("100.64.0.0/16", "CGNAT"),
        ("100.127.255.0/24", "CGNAT"),
        ("10.1.0.0/16", "private"),
        ("172.31.0.0/16", "private"),
        ("192.168.1.0/24", "private"),
        ("192.0.0.0/16", "assignments"),
        ("127.0.0.0/24", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("224.0.0.0/16", "multicast"),
        ("240.0.0.0/16", "reserved"),
        ("255.255.255.255/32", "reserved"),
        ("198.18.0.0/16", "benchmarks"),
        ("0.0.0.0/16", "this network"),
        ("::1/128", "global unicast"),
        ("::ffff:8.8.8.0/120", "must be written|global unicast"),
        ("::ffff:808:800/120", "global unicast"),
        ("64:ff9b::/96", "global unicast"),
        ("fc00::/32", "global unicast"),
        ("fe80::/64", "global unicast"),
        ("ff02::/32", "global unicast"),
        ("2002:808::/32", "6to4"),
        ("2001::/32", "Teredo"),
    ],
)
def test_a_range_that_is_not_narrow_or_not_one_campaign_s_is_refused(text: str, said: str):
    with pytest.raises(ObjectError, match=said) as refused:
        read_range(text)
    assert refused.value.reason == "networks"


def test_a_range_that_many_are_known_to_share_is_refused():
    shared = [IPv4Network("203.0.113.0/28")]
    assert read_range("203.0.113.64/28", shared)
    for text in ("203.0.113.0/24", "203.0.113.5/32"):
        with pytest.raises(ObjectError, match="many users share"):
            read_range(text, shared)


@settings(deadline=None)
@given(st.text("0123456789abcdef:./", max_size=44))
def test_any_text_is_a_range_or_refused(text: str):
    try:
        assert str(read_range(text)) == text
    except ObjectError as error:
        if error.reason != "networks":
            raise


# Few different bits, so that ranges nest and addresses hit them.
V4 = st.builds(
    lambda bits, length: ip_network((bits << 12 & (2**32 - 1), length), strict=False),
    st.integers(0x80000, 0x80200),
    st.integers(16, 32),
)
V6 = st.builds(
    lambda bits, length: ip_network((bits << 90, length), strict=False),
    st.integers(2**35, 2**35 + 50),
    st.integers(32, 128),
)
ADDRESSES = st.one_of(
    st.builds(
        lambda bits, low: IPv4Address((bits << 12) + low),
        st.integers(0x80000, 0x80200),
        st.integers(0, 3),
    ),
    st.builds(
        lambda bits, low: IPv6Address((bits << 90) + low),
        st.integers(2**35, 2**35 + 50),
        st.integers(0, 3),
    ),
)


@settings(deadline=None)
@given(st.lists(V4 | V6, max_size=30), st.lists(ADDRESSES, min_size=1, max_size=10))
def test_look_ups_find_the_ranges_that_hold_an_address(networks: list, asked: list):
    compiled = NetworkSet((network, number) for number, network in enumerate(networks))
    assert len(compiled) == len(networks)
    for address in asked:
        expected = {n for n, network in enumerate(networks) if address in network}
        found = compiled.lookup(str(address))
        assert set(found) == expected
        assert len(found) == len(expected)


def test_the_narrowest_comes_first_and_mapped_addresses_are_those_of_ipv4():
    ranges = ["198.51.0.0/16", "198.51.100.0/24", "198.51.100.7/32"]
    compiled = NetworkSet((ip_network(text), text) for text in ranges)
    assert compiled.lookup("198.51.100.7") == tuple(reversed(ranges))
    assert compiled.lookup("::ffff:198.51.100.7") == tuple(reversed(ranges))
    assert compiled.lookup("198.51.100.8") == ("198.51.100.0/24", "198.51.0.0/16")


@settings(deadline=None)
@given(st.text(max_size=45) | st.ip_addresses().map(str))
def test_text_that_is_no_address_is_in_no_range(text: str):
    compiled = NetworkSet([(ip_network("198.51.100.0/24"), 1)])
    try:
        expected = (1,) if ip_address(text) in ip_network("198.51.100.0/24") else ()
    except ValueError:
        expected = ()
    assert compiled.lookup(text) == expected


def test_a_pattern_of_addresses_is_read():
    pattern = (
        "[ipv4-addr:value = '198.51.100.0/24' OR ipv6-addr:value ISSUBSET '2001:db8:40::/48'] OR "
        "[ipv4-addr:value='203.0.113.9']"
    )
    assert [str(each) for each in addresses(pattern)] == [
        "198.51.100.0/24",
        "2001:db8:40::/48",
        "203.0.113.9/32",
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[]",
        "[ipv4-addr:value = '198.51.100.0/24'",
        "[ipv4-addr:value = '198.51.100.0/24' AND ipv4-addr:value = '203.0.113.9']",
        "[ipv4-addr:value = '198.51.100.0/24'] FOLLOWEDBY [ipv4-addr:value = '203.0.113.9']",
        "[ipv4-addr:value MATCHES '.*']",
        "[ipv4-addr:value != '198.51.100.0/24']",
        "[domain-name:value = 'x.example']",
        "[ipv6-addr:value = '198.51.100.0/24']",
        "[ipv4-addr:value = '0.0.0.0/0']",
        "[ipv4-addr:value = '198.51.100.0/24'] x",
        "[ipv4-addr:value = '198.51.100.0/24'] OR",
        "[" * 2048,
    ],
)
def test_another_pattern_is_refused(pattern: str):
    with pytest.raises(ObjectError):
        addresses(pattern)


@settings(deadline=None)
@given(st.text("[]ipv46-addr:value='0.O R/", max_size=120))
def test_any_pattern_is_read_or_refused(pattern: str):
    try:
        addresses(pattern)
    except ObjectError as error:
        if error.reason not in ("rule", "networks"):
            raise
