"""The checks as tests of pytest: chosen and shown by pytest, recorded as `drs run` records."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from drs_conformance.cli import main
from drs_conformance.specification.catalogue import load_catalogue
from endpoints import ENVIRONMENT, FILES, Endpoint, Run, mutant

OWN_TEST = "def test_of_the_lab():\n    raise SystemError('not asked for')\n"
OWN_SETTINGS = """\
[pytest]
testpaths = tests
python_files = spec_*.py
python_functions = check_*
addopts = --strict-markers --strict-config --doctest-modules --showlocals
"""

RunPytest = Callable[..., Run]
Probing = Callable[..., Run]
PLUGINS = ("-p", "no:cacheprovider", "-p", "drs_conformance.pytest_options")


@pytest.fixture(name="run_pytest")
def _run_pytest(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> RunPytest:
    """Return what runs pytest in a lab's folder, within this process; results lie in `results`.

    Other plugins that are installed here take longer to load than most of these tests.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def run_pytest(folder: Path, *arguments: str | Path) -> Run:
        monkeypatch.chdir(folder)
        code = pytest.main([*PLUGINS, f"--rootdir={folder}", *map(str, arguments)])
        told = capfd.readouterr()
        return Run(int(code), told.out, told.err, folder / "results")

    return run_pytest


@pytest.fixture(name="probing")
def _probing(run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch) -> Probing:
    """Return what probes an endpoint so."""

    def probing(folder: Path, endpoint: Endpoint, *arguments: str | Path) -> Run:
        for name, value in endpoint.credentials.items():
            monkeypatch.setenv(name, value)
        given = ("--drs-target", endpoint.target, "--drs-out", "results", "--drs-seed", "1")
        return run_pytest(folder, *given, *arguments)

    return probing


def test_collecting_lists_every_check_and_sends_nothing(
    endpoint: Endpoint, probing: Probing, tmp_path: Path
) -> None:
    run = probing(tmp_path, endpoint, "--collect-only", "-q")
    assert run.code == 0, run.stdout + run.stderr
    listed = [line.rpartition("[")[2][:-1] for line in run.stdout.splitlines() if "::" in line]
    tested = [item.id for item in load_catalogue().requirements if item.verify == "test"]
    assert set(listed) <= set(tested)
    assert len(listed) == len(set(listed)) >= 60
    assert not run.folder.exists()


def test_a_check_is_chosen_by_its_requirement_whatever_the_lab_configures(
    endpoint: Endpoint, probing: Probing, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "spec_own.py").write_text(OWN_TEST)
    (tmp_path / "pytest.ini").write_text(OWN_SETTINGS)
    run = probing(
        tmp_path, endpoint, "-k", "DCL-05", "-v", "-rA", "--log-level=DEBUG", "--junitxml=own.xml"
    )
    assert run.code == 0, run.stdout + run.stderr
    for line in (
        "test_no_undeclared_surface_answers[DCL-05] PASSED",
        "drs: what was chosen depends on DCL-01, DCL-02, tested too",
        "PASS 3 of 3 tested requirements hold",
    ):
        assert line in run.stdout
    assert set(run.files()) == FILES
    assert run.result["selection"]["only"] == ["DCL-05"]
    assert set(run.verdicts()) == {"DCL-01", "DCL-02", "DCL-05"}
    own = (tmp_path / "own.xml").read_text("utf-8")
    assert {case.get("name") for case in ET.fromstring(own).iter("testcase")} >= {
        "test_no_undeclared_surface_answers[DCL-05]"
    }
    for credential in endpoint.credentials.values():
        assert credential not in run.stdout + run.stderr + own
    # What the HTTP library logs is not redacted.
    assert "httpcore" not in run.stdout
    assert main(["replay", str(run.folder)]) == 0
    assert "byte for byte" in " ".join(capfd.readouterr().out.split())


def test_verdicts_are_shown_as_what_they_mean(probing: Probing, tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    with mutant("declaration-cached-for-a-year", tmp_path / "target") as endpoint:
        only = ("--drs-only", "DCL-08,EXP-01")
        run = probing(tmp_path / "lab", endpoint, *only, "-x", "-v")
        assert run.code == 1
        assert "[DCL-08] FAILED" in run.stdout
        assert "reproduce with:" in run.stdout
        assert "curl " in run.stdout
        assert "Traceback" not in run.stdout
        assert run.result["stopped"] == "interrupted"
        assert run.verdicts()["EXP-01"] == "inconclusive"

        waiver = "waivers:\n- {requirement: DCL-08, reason: The CDN, expires: 2099-12-31}\n"
        endpoint.target.write_text(endpoint.target.read_text() + waiver)
        (tmp_path / "poor").mkdir()
        poor = probing(tmp_path / "poor", endpoint, *only, "--drs-max-requests", "3", "-v", "-rx")
        assert poor.code == 1
        assert "waived until 2099-12-31: The CDN" in poor.stdout
        assert "[EXP-01] INCONCLUSIVE" in poor.stdout
        assert "1 xfailed" in poor.stdout
        assert "UNDECIDED" in poor.stdout
        assert poor.result["exit_code"] == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-p", "xdist", "-n", "2"), "one ledger serves one thread"),
        (("tests",), "run your own tests with a command of their own"),
        (("drs/test_declaration.py::test_nothing",), "expected the id of a check"),
        (("--drs-only", "DCL-99"), "DCL-99"),
        (("--drs-max-requests", "100000000"), "/budget/max_requests"),
    ],
    ids=["xdist", "own tests", "unknown id", "unknown requirement", "more than permitted"],
)
def test_what_cannot_be_is_refused(
    arguments: tuple[str, ...], told: str, endpoint: Endpoint, probing: Probing, tmp_path: Path
) -> None:
    run = probing(tmp_path, endpoint, *arguments)
    assert run.code == 4
    assert told in run.stderr
    assert "INTERNALERROR" not in run.stdout + run.stderr
    assert not run.folder.exists()


def test_it_is_inert_without_a_target(run_pytest: RunPytest, tmp_path: Path) -> None:
    shown = (
        "import sys, pytest; pytest.main(['--collect-only', '-q', '-p', 'no:schemathesis']); "
        "print(*sorted(name for name in sys.modules if name.startswith('drs_')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", shown],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "drs_conformance drs_conformance.pytest_options"
    refused = run_pytest(tmp_path, "--drs-out", "results")
    assert refused.code == 4
    assert "expected --drs-target FILE beside --drs-out" in refused.stderr
