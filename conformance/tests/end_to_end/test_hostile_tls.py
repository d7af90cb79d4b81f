"""TLS that is expired, somebody else's, cut off or none at all; and TLS in good order."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile.certificates import Authority
from hostile.declared import behind_a_declaration
from hostile.framing import FRAMING
from hostile.running import assert_sober, run_against
from raw_server import Answer, Answers, RawServer

PLAIN = Answers.response(b"{}")


def _old(authority: Authority) -> ssl.SSLContext:
    context = authority.server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _unknown(authority: Authority) -> ssl.SSLContext:
    folder = authority.file.parent / "another"
    folder.mkdir()
    return Authority(folder).server()


FAULTS: dict[str, tuple[Callable[[Authority], ssl.SSLContext | None], str]] = {
    "expired": (lambda authority: authority.server(days=-1), "expired"),
    "of another authority": (_unknown, "certificate verify failed"),
    "for another name": (lambda authority: authority.server(host="api.lab.example"), "mismatch"),
    "for another address": (lambda authority: authority.server(host="127.0.0.2"), "mismatch"),
    "too old": (_old, ""),
    "plain HTTP": (lambda _: None, ""),
}


@contextlib.contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None) -> Iterator[RawServer]:
    server = RawServer([answer], tls)
    yield server
    server.stop()


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_no_request_is_sent_through_tls_that_proves_nothing(fault: str, tmp_path: Path) -> None:
    make, reason = FAULTS[fault]
    with serving(PLAIN, make(Authority(tmp_path))) as server:
        root = server.root.replace("http:", "https:")
        run = run_against(root, tmp_path, "ca_file: ca.pem")
        assert_sober(run)
        assert server.seen == []
    assert set(run.verdicts().values()) == {"untestable"}
    assert reason in run.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    "cut", ["resets in the middle of its body", "length too long", "never ends, in chunks"]
)
def test_tls_that_is_cut_off(cut: str, tmp_path: Path) -> None:
    with serving(FRAMING[cut], Authority(tmp_path).server()) as server:
        run = run_against(server.root, tmp_path, "ca_file: ca.pem")
        assert_sober(run)
        assert server.seen
    assert not run.with_verdict("pass")


def test_tls_of_an_authority_that_the_target_file_names(tmp_path: Path) -> None:
    with serving(
        behind_a_declaration(PLAIN, scheme="https"), Authority(tmp_path).server()
    ) as server:
        run = run_against(server.root, tmp_path, "ca_file: ca.pem")
        assert_sober(run)
        assert {"DCL-01", "DCL-02", "DCL-03"} <= run.with_verdict("pass")
