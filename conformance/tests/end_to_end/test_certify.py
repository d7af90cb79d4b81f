"""A run for certification is registered before its first request, and every attempt counts."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from certified import Certified, Lab, certify, drs
from drs_conformance.certification.register import parse_register
from drs_conformance.specification.schemas import problems
from endpoints import FILES, Endpoint, Run

CERTIFIED_FILES = FILES | {"registration.json"}
WAIVER = "waivers:\n- {requirement: DCL-08, reason: Later, expires: 2099-12-31}\n"


@pytest.fixture(scope="module", name="certified")
def _certified(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """A registered and witnessed run against the reference endpoint, after one that was killed."""
    return certify(endpoint, tmp_path_factory.mktemp("certified"))


@pytest.fixture(scope="module", name="unregistered")
def _unregistered(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nobody registered."""
    out = tmp_path_factory.mktemp("unregistered") / "results"
    arguments = ["run", "--target", endpoint.target, "--out", out, "--only", "DCL-01"]
    return drs(*arguments, environment=endpoint.credentials, folder=out)


def lab_nonce(certified: Certified) -> str:
    return (certified.lab.folder / "registration-2.nonce").read_text().strip()


# -- a run in order


def test_it_passes_and_leaves_its_registration(certified: Certified) -> None:
    assert certified.run.code == 0, certified.run.stdout + certified.run.stderr
    assert set(certified.run.files()) == CERTIFIED_FILES
    assert certified.run.result["profile"] == "certify"
    registered = f"Registered as attempt 2 of the register {certified.lab.lines()[0]['register']}"
    assert registered in " ".join(certified.run.stdout.split())
    assert "with the witness ed25519-" in (certified.run.folder / "report.html").read_text("utf-8")


def test_journal_events_result_and_registration_follow_their_schemas(certified: Certified) -> None:
    for record in certified.run.records():
        assert problems("journal-record", record) == []
    for line in (certified.run.folder / "events.jsonl").read_text("utf-8").splitlines():
        assert problems("event", json.loads(line)) == []
    for name in ("result", "registration"):
        checked = drs("validate", name, certified.run.folder / f"{name}.json")
        assert checked.code == 0, checked.stdout


def test_the_registration_comes_first_and_the_nonce_last(certified: Certified) -> None:
    first, *_, last = (certified.run.folder / "journal.jsonl").read_bytes().splitlines()
    signed = json.loads(certified.lab.registration(2, ".signed").read_bytes())
    assert json.loads(first)["registration"] == signed
    assert signed["witness"]["nonce"]
    assert json.loads(last)["lab_nonce"] == lab_nonce(certified)
    assert (
        signed["commitment"][7:] == hashlib.sha256(bytes.fromhex(lab_nonce(certified))).hexdigest()
    )


def test_the_nonce_stands_nowhere_else(certified: Certified) -> None:
    nonce = lab_nonce(certified)
    journal = certified.run.folder / "journal.jsonl"
    for path in [*certified.run.files().values(), *certified.lab.folder.glob("*.json*")]:
        content = path.read_text("utf-8")
        if path == journal:
            content = content[: content.rindex("\n", 0, -1)]
        assert nonce not in content, path
    assert (certified.lab.folder / "registration-2.nonce").stat().st_mode & 0o077 == 0


def test_the_seed_follows_from_both_nonces(certified: Certified) -> None:
    registration = certified.run.records()[0]["registration"]
    nonces = bytes.fromhex(lab_nonce(certified) + registration["witness"]["nonce"])
    digest = hashlib.sha256(b"drs-registered-seed:" + nonces).hexdigest()
    assert certified.run.result["seed"] == int(digest, 16) >> (256 - 53) < 2**53


def test_the_register_tells_of_the_run(certified: Certified) -> None:
    assert [line["kind"] for line in certified.lab.lines()] == [
        "opened",
        "registered",
        "began",
        "registered",
        "began",
        "ended",
    ]
    ended = certified.lab.lines()[-1]
    report = (certified.run.folder / "result.json").read_bytes()
    assert ended["report"] == f"sha256:{hashlib.sha256(report).hexdigest()}"
    assert ended["journal"] == certified.run.result["journal"]["head"]
    assert ended["outcome"] == "pass"


def test_no_credential_stands_in_anything_of_the_lab(certified: Certified) -> None:
    for path in certified.lab.folder.parent.rglob("*"):
        if path.is_file():
            content = path.read_text("utf-8")
            for value in certified.lab.endpoint.credentials.values():
                assert value not in content, path


# -- verification


@pytest.mark.long
def test_verify_names_the_witness(certified: Certified) -> None:
    verified = drs("verify", certified.run.folder, "--witness-key", certified.lab.public_key)
    assert verified.code == 0, verified.stdout
    key = certified.lab.lines()[4]["witness"]
    assert f"Witnessed by {key}: attempt 2 of the register" in verified.stdout
    assert "--witness-key" not in verified.stdout
    unnamed = drs("verify", certified.run.folder)
    assert unnamed.code == 0
    assert "Whose key that is was not checked" in unnamed.stdout


def test_verify_refuses_another_witness(certified: Certified, tmp_path: Path) -> None:
    assert drs("witness", "keygen", "--out", tmp_path / "other").code == 0
    verified = drs("verify", certified.run.folder, "--witness-key", tmp_path / "other.pub")
    assert verified.code == 1
    assert verified.stdout.startswith("registration: signed by ed25519-")
    unreadable = drs("verify", certified.run.folder, "--witness-key", tmp_path / "other")
    assert unreadable.code == 2


def test_verify_refuses_a_run_without_witness_where_one_is_named(
    unregistered: Run, certified: Certified
) -> None:
    verified = drs("verify", unregistered.folder, "--witness-key", certified.lab.public_key)
    assert verified.code == 1
    assert verified.stdout.startswith("registration: no witness signed it")


@pytest.mark.parametrize("name", ["registration.json", "result.json", "journal.jsonl"])
def test_a_flipped_byte_is_found_and_its_file_named(
    name: str, certified: Certified, tmp_path: Path
) -> None:
    copy = shutil.copytree(certified.run.folder, tmp_path / "copy")
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    verified = drs("verify", copy)
    assert verified.code == 1, verified.stdout + verified.stderr
    assert verified.stdout.startswith(name)


@pytest.mark.long
def test_each_flipped_byte_of_the_registration_in_the_journal_is_found(
    certified: Certified, tmp_path: Path
) -> None:
    content = (certified.run.folder / "journal.jsonl").read_bytes()
    start, end = content.index(b'"registration":'), content.index(b'"run":')
    journal = tmp_path / "journal.jsonl"
    for place in range(start, end, 97):
        changed = bytearray(content)
        changed[place] ^= 1
        journal.write_bytes(changed)
        verified = drs("verify", tmp_path)
        assert verified.code == 1
        assert verified.stdout.startswith("journal.jsonl: damaged: line "), verified.stdout


def edited(certified: Certified, folder: Path, edit: Callable[[Any, Any], None]) -> Path:
    """Copy a run, change header and footer of its journal, and make the chain good again."""
    copy = shutil.copytree(certified.run.folder, folder / "copy")
    records = certified.run.records()
    edit(records[0], records[-1])
    prev, lines = "0" * 64, []
    for record in records:
        lines.append(rfc8785.dumps({**record, "prev": prev}))
        prev = hashlib.sha256(lines[-1]).hexdigest()
    (copy / "journal.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return copy


def of_registration(name: str, value: Any) -> Callable[[Any, Any], None]:
    return lambda header, _: header["registration"].update({name: value})


EDITS: dict[str, tuple[Callable[[Any, Any], None], str]] = {
    "commitment": (of_registration("commitment", "sha256:" + "0" * 64), "signature"),
    "attempt": (of_registration("attempt", 1), "signature"),
    "register": (lambda h, _: h["registration"]["register"].update(records=1), "signature"),
    "target": (lambda h, _: h["registration"]["target"].update(model="m"), "model"),
    "spec": (lambda h, _: h["registration"]["spec"].update(digest="sha256:" + "0" * 64), "digest"),
    "selection": (lambda h, _: h["registration"]["selection"].update(level="L1"), "level"),
    "witness nonce": (lambda h, _: h["registration"]["witness"].update(nonce="0" * 64), "seed"),
    "witness taken away": (of_registration("witness", None), "seed"),
    "signature": (
        lambda h, _: h["registration"]["witness"]["signature"].update(signature="A" * 86),
        "signature",
    ),
    "registration taken away": (lambda h, _: h.pop("registration"), "has to have one"),
    "malformed": (of_registration("attempt", "two"), "/attempt"),
    "lab nonce": (lambda _, f: f.update(lab_nonce="0" * 64), "committed"),
    "lab nonce malformed": (lambda _, f: f.update(lab_nonce="zero"), "/lab_nonce"),
    "lab nonce kept": (lambda _, f: f.pop("lab_nonce"), "reveal"),
    "seed": (lambda h, _: h["run"]["selection"].update(seed=7), "seed"),
    "pinned key": (lambda h, _: h["run"].update(trusted_key=None), "pinned key"),
    "waivers": (lambda h, _: h["run"].update(waivers=[{"requirement": "DCL-08"}]), "waivers"),
    "alpha": (lambda h, _: h["run"].update(alpha=1e-9), "alpha of"),
    "header without run": (lambda h, _: h["run"].pop("selection"), "lacks"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_changed_registration_is_named_even_when_the_chain_is_made_good(
    name: str, certified: Certified, tmp_path: Path
) -> None:
    edit, expected = EDITS[name]
    verified = drs("verify", edited(certified, tmp_path, edit))
    assert verified.code == 1, verified.stdout + verified.stderr
    assert all(line.startswith("registration: ") for line in verified.stdout.splitlines())
    assert expected in verified.stdout


# -- refusals


@pytest.fixture(scope="module")
def waiting(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab whose first attempt was begun and whose second is signed and was not."""
    folder = tmp_path_factory.mktemp("waiting")
    lab = Lab(endpoint, folder / "lab")
    lab.folder.mkdir()
    lab.enrol()
    lab.kill_a_run(lab.sign(1), folder / "killed")
    lab.enrol("--level", "L1")
    lab.sign(2)
    return lab


def refused(lab: Lab, out: Path, *arguments: str, number: int = 2, **changes: str) -> str:
    """Return what a run said that was refused; nothing was sent and nothing written."""
    before = lab.register.read_bytes()
    file = lab.registration(number, ".signed")
    run = lab.run(file, out, *arguments, target=lab.target(**changes))
    assert run.code == 2, run.stdout + run.stderr
    assert not out.exists()
    assert lab.register.read_bytes() == before
    return run.stderr


def test_a_registration_is_needed(endpoint: Endpoint, tmp_path: Path) -> None:
    arguments = ["--target", endpoint.target, "--profile", "certify", "--out", tmp_path / "out"]
    run = drs("run", *arguments, environment=endpoint.credentials)
    assert run.code == 2
    assert "drs register" in run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("profile", ["smoke", "full"])
def test_a_registration_is_for_certification(profile: str, waiting: Lab, tmp_path: Path) -> None:
    assert "certify only" in refused(waiting, tmp_path / "out", "--profile", profile)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"waivers": WAIVER}, "takes no waivers"),
        ({"max_requests: 16000": "max_requests: 300"}, "needs about"),
        ({"name: Reference endpoint": "name: Another endpoint"}, "the name of the target"),
        ({"model: drs-reference-1": "model: drs-reference-2"}, "the model of the target"),
        ({"trusted_key: ": "trusted_key: A", "timeout_s": ""}, "/trusted_key"),
        ({"127.0.0.3": "127.0.0.5"}, "source addresses"),
    ],
    ids=["waivers", "budget", "name", "model", "malformed key", "addresses"],
)
def test_a_target_that_is_not_as_registered_is_refused(
    changes: dict[str, str], named: str, waiting: Lab, tmp_path: Path
) -> None:
    assert named in refused(waiting, tmp_path / "out", **changes)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--seed", "1"], "leave --seed out"),
        (["--only", "DCL-01"], "leave --only out"),
        (["--level", "L2"], "level of the run: L2, registered: L1"),
        (["--class", "hub"], "classes of the run: hub, registered: as declared"),
    ],
)
def test_a_selection_that_is_not_as_registered_is_refused(
    arguments: list[str], named: str, waiting: Lab, tmp_path: Path
) -> None:
    assert named in refused(waiting, tmp_path / "out", *arguments)


def test_a_used_registration_is_refused(waiting: Lab, tmp_path: Path) -> None:
    assert "was begun on" in refused(waiting, tmp_path / "out", number=1)


def test_an_unsigned_registration_is_refused(waiting: Lab, tmp_path: Path) -> None:
    run = waiting.run(waiting.registration(2), tmp_path / "out")
    assert run.code == 2
    assert "no witness signed" in run.stderr


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("attempt", 3, "does not verify"),
        ("registered_at", "2026-01-01T00:00:00Z", "does not verify"),
        ("witness", None, "no witness signed"),
        ("seed", 7, "known members"),
    ],
)
def test_a_forged_registration_is_refused(
    name: str, value: Any, named: str, waiting: Lab, tmp_path: Path
) -> None:
    document = json.loads(waiting.registration(2, ".signed").read_bytes())
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps({**document, name: value}))
    run = waiting.run(forged, tmp_path / "out")
    assert run.code == 2
    assert named in run.stderr


def test_a_lost_or_changed_nonce_is_refused(waiting: Lab, tmp_path: Path) -> None:
    nonce = waiting.folder / "registration-2.nonce"
    kept = nonce.read_text()
    try:
        nonce.write_text("0" * 64)
        assert "is not the nonce" in refused(waiting, tmp_path / "out")
        nonce.write_text("0" * 10)
        assert "expected 32 bytes" in refused(waiting, tmp_path / "out")
        nonce.unlink()
        assert "could not read the lab's nonce" in refused(waiting, tmp_path / "out")
    finally:
        nonce.write_text(kept)


def test_a_register_without_the_attempt_is_refused(waiting: Lab, tmp_path: Path) -> None:
    copy = tmp_path / "attempts.jsonl"
    copy.write_bytes(b"".join(waiting.register.read_bytes().splitlines(keepends=True)[:-1]))
    shutil.copy(waiting.folder / "registration-2.nonce", tmp_path)
    arguments = waiting.arguments(waiting.registration(2, ".signed"), tmp_path / "out")
    arguments[arguments.index("--register") + 1] = str(copy)
    run = drs(*arguments, environment=waiting.endpoint.credentials)
    assert run.code == 2
    assert "does not hold this registration" in run.stderr


def test_only_the_last_registration_can_begin(endpoint: Endpoint, tmp_path: Path) -> None:
    lab = Lab(endpoint, tmp_path)
    for _ in range(2):
        assert lab.enrol().code == 0
    run = lab.run(lab.registration(1), tmp_path / "out", "--no-witness")
    assert run.code == 2
    assert "the attempt 2 was registered since" in run.stderr


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"waivers": WAIVER}, "takes no waivers"),
        ({"max_requests: 16000": "max_requests: 300"}, "needs about"),
    ],
)
def test_what_could_not_be_certified_is_not_registered(
    changes: dict[str, str], named: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    lab = Lab(endpoint, tmp_path)
    enrolled = lab.enrol(target=lab.target(**changes))
    assert enrolled.code == 2
    assert named in enrolled.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_register_is_about_one_target(waiting: Lab) -> None:
    target = waiting.target(**{"model: drs-reference-1": "model: drs-reference-2"})
    enrolled = waiting.enrol(target=target)
    assert enrolled.code == 2
    assert "is the register of drs-reference-1" in enrolled.stderr


def test_a_credential_in_the_target_file_is_not_registered(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    lab = Lab(endpoint, tmp_path)
    value = endpoint.credentials["DRS_FRESH_1"]
    target = lab.target(**{"name: Reference endpoint": f"name: Endpoint {value}"})
    enrolled = lab.enrol(target=target)
    assert enrolled.code == 2
    assert value not in enrolled.stderr + enrolled.stdout
    assert not list(tmp_path.glob("*.json"))


# -- claims


def test_a_claim_tells_of_every_attempt(certified: Certified) -> None:
    claim = json.loads(certified.claim.read_bytes())
    assert problems("conformance-claim", claim) == []
    assert [(a["attempt"], a["outcome"]) for a in claim["attempts"]["made"]] == [
        (1, "aborted"),
        (2, "pass"),
    ]
    assert claim["shared_error"] == {"total": 0.05, "attempts": 2, "each": 0.025}
    assert claim["assertion"] == "witnessed"
    assert [s["role"] for s in claim["signatures"]] == ["witness"]


def test_a_claim_names_what_cnf_08_asks_for(certified: Certified) -> None:
    claim, result = json.loads(certified.claim.read_bytes()), certified.run.result
    report = (certified.run.folder / "result.json").read_bytes()
    assert claim["spec"] == result["spec"]
    assert claim["classes"] == ["provider"]
    assert claim["level"] == result["selection"]["level"]
    probed = {"/v1/chat/completions", "/v1/reasoning/chat/completions"}
    assert {s["path"] for s in claim["surfaces"]} == probed
    assert claim["assurance"] == result["assurance"]
    assert claim["report"]["digest"] == f"sha256:{hashlib.sha256(report).hexdigest()}"
    assert claim["report"]["date"] == result["ended_at"]
    assert int(claim["expires_at"][:4]) == int(result["ended_at"][:4]) + 1
    pins = {(r["id"], r["digest"]): r["verdict"] for r in claim["requirements"]}
    assert pins == {
        (r["id"], r["digest"]): r["outcome"] and r["outcome"]["verdict"]
        for r in result["requirements"]
    }


def test_what_is_not_tested_yet_is_a_reason(certified: Certified) -> None:
    claim = json.loads(certified.claim.read_bytes())
    pending = certified.run.result["summary"]["pending"]
    assert claim["conforms"] is (not pending)
    assert claim["reasons"] == certified.run.result["claim"]["doubts"]


@pytest.mark.long
def test_a_later_attempt_that_did_not_pass_speaks_against_the_claim(
    certified: Certified, tmp_path: Path
) -> None:
    lab = Lab(certified.lab.endpoint, tmp_path)
    for path in certified.lab.folder.glob("*"):
        shutil.copy(path, tmp_path)
    lab.enrol()
    early = json.loads(read_claim(lab, certified, tmp_path / "early.json"))
    lab.kill_a_run(lab.registration(3), tmp_path / "killed", "--no-witness")
    late = json.loads(read_claim(lab, certified, tmp_path / "late.json"))
    assert early["attempts"]["made"][2]["outcome"] == "not-begun"
    assert early["shared_error"]["attempts"] == 3
    assert not any("came later" in reason for reason in early["reasons"])
    assert "the attempt 3, which came later, has the outcome aborted" in late["reasons"]
    assert late["conforms"] is False


def read_claim(lab: Lab, certified: Certified, out: Path) -> bytes:
    made = lab.claim(certified.run, out)
    assert made.code == 1, made.stdout + made.stderr
    return out.read_bytes()


def test_a_run_that_the_register_does_not_know_gives_no_claim(
    unregistered: Run, certified: Certified, tmp_path: Path
) -> None:
    refused = certified.lab.claim(unregistered, tmp_path / "claim.json")
    assert refused.code == 2
    assert "was not registered" in refused.stderr
    earlier = tmp_path / "attempts.jsonl"
    earlier.write_bytes(
        b"".join(certified.lab.register.read_bytes().splitlines(keepends=True)[:-1])
    )
    made = drs("claim", "--run", certified.run.folder, "--register", earlier)
    assert made.code == 2
    assert "does not say that the attempt 2 ended like this" in made.stderr
    assert not (certified.run.folder / "claim.json").exists()


def test_a_claim_beside_its_run_is_verified(certified: Certified, tmp_path: Path) -> None:
    copy = shutil.copytree(certified.run.folder, tmp_path / "copy")
    shutil.copy(certified.claim, copy / "claim.json")
    without = drs("verify", copy)
    assert without.code == 0, without.stdout
    assert "Not checked: the attempts in claim.json" in without.stdout
    shutil.copy(certified.lab.register, copy)
    verified = drs("verify", copy)
    assert verified.code == 0, verified.stdout
    assert "claim.json follows from the run. The claim is signed by ed25519-" in verified.stdout
    assert "Not checked" not in verified.stdout


LIES: dict[str, Any] = {
    "level": "L3",
    "expires_at": "2099-01-01T00:00:00Z",
    "surfaces": [],
    "reasons": ["none"],
}


@pytest.mark.parametrize(
    "names", [*(pytest.param({n}, marks=pytest.mark.long, id=n) for n in LIES), set(LIES)]
)
def test_a_claim_that_says_more_than_its_run_is_found(
    names: set[str], certified: Certified, tmp_path: Path
) -> None:
    copy = shutil.copytree(certified.run.folder, tmp_path / "copy")
    lies = {name: LIES[name] for name in names}
    (copy / "claim.json").write_text(
        json.dumps({**json.loads(certified.claim.read_bytes()), **lies})
    )
    verified = drs("verify", copy)
    assert verified.code == 1
    *found, last = verified.stdout.splitlines()
    assert last.startswith("claim.json: the signature by")
    said = re.compile(r"claim\.json: (\w+) does not follow from the run")
    assert {match[1] for line in found if (match := said.match(line))} == names


def test_attempts_that_are_left_out_are_found(certified: Certified, tmp_path: Path) -> None:
    copy = shutil.copytree(certified.run.folder, tmp_path / "copy")
    claim = json.loads(certified.claim.read_bytes())
    del claim["attempts"]["made"][0], claim["signatures"]
    claim["shared_error"] = {"total": 0.05, "attempts": 1, "each": 0.05}
    (copy / "claim.json").write_text(json.dumps(claim))
    shutil.copy(certified.lab.register, copy)
    verified = drs("verify", copy)
    assert verified.code == 1
    assert "claim.json: attempts does not follow from the run" in verified.stdout


# -- without a witness


@pytest.mark.long
def test_without_a_witness_everything_reads_self_asserted(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    lab = Lab(endpoint, tmp_path / "lab")
    lab.folder.mkdir()
    assert lab.enrol("--level", "L1").code == 0
    run = lab.run(lab.registration(1), tmp_path / "results", "--no-witness")
    assert run.code == 0, run.stderr
    assert lab.lines()[2]["witness"] is None
    verified = drs("verify", run.folder)
    assert verified.code == 0, verified.stdout
    assert "Self-asserted: attempt 1 of the register" in verified.stdout
    made = lab.claim(run, run.folder / "claim.json", "--key", lab_key(tmp_path))
    claim = json.loads((run.folder / "claim.json").read_bytes())
    assert claim["assertion"] == "self-asserted"
    assert claim["registration"]["witness"] is None
    assert claim["signatures"][0]["role"] == "issuer"
    out = tmp_path / "public.zip"
    assert drs("bundle", run.folder, "--kind", "public", "--out", out).code == 0
    texts = [
        run.stdout,
        made.stdout,
        (run.folder / "report.html").read_text("utf-8"),
        (run.folder / "intoto.json").read_text("utf-8"),
        (run.folder / "oscal" / "assessment-results.json").read_text("utf-8"),
        drs("report", run.folder, "--format", "markdown").stdout,
    ]
    for text in texts:
        assert "self-asserted" in text.lower(), text


def lab_key(folder: Path) -> Path:
    key = folder / "lab.key"
    assert drs("witness", "keygen", "--out", key).code == 0
    return key


def test_the_register_holds_together(certified: Certified) -> None:
    content = certified.lab.register.read_bytes()
    assert parse_register(content).content == content
