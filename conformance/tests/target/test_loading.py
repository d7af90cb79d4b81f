"""What a target file may say, and how the reader is told what is wrong."""

import copy
import pickle
from datetime import date

import pytest
from drs_conformance.target import (
    AuthorisationError,
    Budget,
    Persona,
    Prices,
    Start,
    TargetError,
    Waiver,
    load_target,
)

YAML = """
drs_version: "0.1"
name: Endpoint
base_url: https://API.example.com:443/v1/
dialect: openai_chat
model: model-1
authorisation: authorisation.yaml
personas:
  control: {credential: DRS_CONTROL}
budget: {max_requests: 2, max_output_tokens: 3, max_cost_usd: 0.5}
prices: {output_usd_per_mtok: 15}
timeout_s: 7
trusted_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8
waivers:
  - {requirement: EXP-02, reason: known, expires: 2027-01-01}
start: {command: [serve, --port, "0"], ready_timeout_s: 3}
"""
PERMIT = """
drs_version: "0.1"
issued_by: A. Tester
contact: tester@example.com
origins: [https://api.example.com]
not_before: 2026-01-01T00:00:00Z
expires_at: 2026-12-31T00:00:00Z
bounds: {max_requests: 9, max_output_tokens: 9, max_cost_usd: 9, max_concurrency: 1}
"""


def test_every_member_is_read(tmp_path, environ):
    (tmp_path / "target.yaml").write_text(YAML)
    (tmp_path / "authorisation.yaml").write_text(PERMIT)
    target = load_target(tmp_path / "target.yaml", environ)
    assert target.root == "https://api.example.com"
    assert target.base_url == "https://api.example.com/v1"
    assert target.base_path == "/v1"
    assert target.personas == {"control": Persona("control", "DRS_CONTROL", None)}
    assert target.budget == Budget(2, 3, 0.5)
    assert target.prices == Prices(0, 15)
    assert target.timeout_s == 7
    assert target.trusted_key == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert target.waivers == (Waiver("EXP-02", "known", date(2027, 1, 1)),)
    assert target.start == Start(("serve", "--port", "0"), 3)
    assert target.secrets.value("control") == environ["DRS_CONTROL"]
    assert target.secrets.variable("control") == "DRS_CONTROL"


def test_what_is_left_out_has_defaults(load):
    target = load()
    assert target.prices == Prices(0, 0)
    assert (target.timeout_s, target.trusted_key, target.waivers) == (30, None, ())
    assert target.start is None


def spoil_base_url(url):
    return lambda document, permit, environ: document.update(base_url=url)


SPOILT = {
    "unknown member": (lambda d, p, e: d.update(model_name="m"), "", "model_name"),
    "no control": (lambda d, p, e: d["personas"].pop("control"), "/personas", "control"),
    "misspelt persona": (
        lambda d, p, e: d["personas"].update({"fresh1": {"credential": "DRS_FRESH_1"}}),
        "/personas",
        "fresh1",
    ),
    "credential itself": (
        lambda d, p, e: d["personas"]["control"].update(credential="sk-abc"),
        "/personas/control/credential",
        "environment variable",
    ),
    "no requests": (
        lambda d, p, e: d["budget"].update(max_requests=0),
        "/budget/max_requests",
        "1",
    ),
    "bad address": (
        lambda d, p, e: d["personas"]["control"].update(source_address="127.0.0.400"),
        "/personas/control/source_address",
        "127.0.0.400",
    ),
    "shared address": (
        lambda d, p, e: d["personas"]["fresh-1"].update(source_address="127.0.0.2"),
        "/personas/fresh-1/source_address",
        "127.0.0.2 as control does",
    ),
    "no certificates": (
        lambda d, p, e: d.update(ca_file="target.json"),
        "/ca_file",
        "certificates in PEM",
    ),
    "user information": (spoil_base_url("http://u:p@127.0.0.1/v1"), "/base_url", "expected"),
    "query": (spoil_base_url("http://127.0.0.1/v1?x=y"), "/base_url", "expected"),
    "other scheme": (spoil_base_url("ftp://127.0.0.1/v1"), "/base_url", "expected"),
    "port": (spoil_base_url("http://127.0.0.1:99999/v1"), "/base_url", "65535"),
    "IDN": (spoil_base_url("http://ex%61mple.com/v1"), "/base_url", "host"),
    "waiver date": (
        lambda d, p, e: d.update(
            waivers=[{"requirement": "EXP-02", "reason": "r", "expires": "2026-02-30"}]
        ),
        "/waivers/0/expires",
        "date",
    ),
    "waiver of nothing": (
        lambda d, p, e: d.update(
            waivers=[{"requirement": "EXP2", "reason": "r", "expires": "2026-02-03"}]
        ),
        "/waivers/0/requirement",
        "EXP2",
    ),
    "variable not set": (
        lambda d, p, e: e.pop("DRS_FRESH_1"),
        "/personas/fresh-1/credential",
        "export DRS_FRESH_1=",
    ),
    "variable empty": (
        lambda d, p, e: e.update(DRS_FRESH_1=""),
        "/personas/fresh-1/credential",
        "is empty",
    ),
    "short credential": (
        lambda d, p, e: e.update(DRS_FRESH_1="hunter2"),
        "/personas/fresh-1/credential",
        "at least 12 characters, got 7",
    ),
    "control character": (
        lambda d, p, e: e.update(DRS_FRESH_1="sk-fresh-0123456789\n"),
        "/personas/fresh-1/credential",
        "visible ASCII",
    ),
    "same credential": (
        lambda d, p, e: e.update(DRS_FRESH_1=e["DRS_CONTROL"]),
        "/personas/fresh-1/credential",
        "control (DRS_CONTROL) and fresh-1 (DRS_FRESH_1)",
    ),
    "same variable": (
        lambda d, p, e: d["personas"]["fresh-1"].update(credential="DRS_CONTROL"),
        "/personas/fresh-1/credential",
        "same credential",
    ),
    "same but for case": (
        lambda d, p, e: e.update(DRS_FRESH_1=e["DRS_CONTROL"].upper()),
        "/personas/fresh-1/credential",
        "same credential",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_mistake_is_told_with_place_and_remedy(load, document, permit, environ, name):
    spoil, pointer, words = SPOILT[name]
    secrets = {*environ.values(), "hunter2"}
    spoil(document, permit, environ)
    with pytest.raises(TargetError) as caught:
        load()
    assert not isinstance(caught.value, AuthorisationError)
    problem = next(p for p in caught.value.problems if p.pointer.startswith(pointer))
    assert problem.pointer == pointer
    assert words in str(problem)
    assert problem.file.endswith("target.json")
    assert problem.remedy
    assert not any(secret.strip() in str(caught.value) for secret in secrets)


def test_everything_that_is_wrong_is_told_at_once(load, document, permit, environ):
    environ.pop("DRS_CONTROL")
    environ["DRS_FRESH_1"] = "short"
    document["base_url"] = "http://127.0.0.1:0/v1"
    permit["origins"] = ["http://example.com:*"]
    with pytest.raises(TargetError) as caught:
        load()
    assert [problem.pointer for problem in caught.value.problems] == [
        "/base_url",
        "/personas/control/credential",
        "/personas/fresh-1/credential",
        "/origins/0",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "- a", "a: 1\na: 2", "a: &x 1\nb: *x", "{", "\x00", "name: !!python/name:os.system"],
)
def test_files_that_are_no_document_are_told_with_a_line(tmp_path, environ, text):
    (tmp_path / "target.yaml").write_text(text)
    with pytest.raises(TargetError, match=r"target\.yaml:\d"):
        load_target(tmp_path / "target.yaml", environ)


def test_a_missing_target_file_is_told(tmp_path, environ):
    with pytest.raises(TargetError, match=r"nowhere\.yaml.*No such file.*--target"):
        load_target(tmp_path / "nowhere.yaml", environ)


def test_a_missing_authorisation_is_told_apart(load, document):
    document["authorisation"] = "elsewhere.yaml"
    with pytest.raises(AuthorisationError, match=r"elsewhere\.yaml.*No such file.*ask whoever"):
        load()


@pytest.mark.parametrize(
    "origin",
    [
        "http://example.com:*",
        "http://localhost:*",
        "http://127.0.0.2:*",
        "http://*:80",
        "http://127.0.0.1:8*",
        "http://127.0.0.1:80/",
        "http://127.0.0.1:80/v1",
        "http://u@127.0.0.1",
        "ftp://127.0.0.1",
        "http://[::1",
        "http://[::g]:80",
        "*",
    ],
)
def test_origins_are_exact(load, permit, origin):
    permit["origins"] = [origin]
    with pytest.raises(AuthorisationError, match="/origins/0"):
        load()


def test_secrets_show_themselves_nowhere(load, environ):
    target = load()
    for text in (repr(target), str(target), repr(target.secrets), str(target.personas)):
        assert not any(secret in text for secret in environ.values())
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(target.secrets)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(target.secrets)
    shown = target.secrets.hide(f"a {environ['DRS_CONTROL']} b")
    assert shown == "a ${DRS_CONTROL} b"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9999", "http://127.0.0.1:9999/"])
def test_the_ready_line_replaces_the_root(load, url):
    target = load().rebased(url)
    assert target.root == "http://127.0.0.1:9999"
    assert target.base_url == "http://127.0.0.1:9999/v1"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9999/v1", "127.0.0.1:9999", "", "http://a/?b"])
def test_a_ready_line_gives_a_root(load, url):
    with pytest.raises(TargetError, match="ready line"):
        load().rebased(url)


def test_a_budget_only_shrinks(load):
    target = load()
    assert target.narrowed(50, 0.25).budget == Budget(50, 20000, 0.25)
    assert target.narrowed(None, None) == target
    assert target.narrowed(max_requests=200).budget == target.budget
    with pytest.raises(TargetError) as caught:
        target.narrowed(201, -1)
    assert [p.pointer for p in caught.value.problems] == [
        "/budget/max_requests",
        "/budget/max_cost_usd",
    ]
