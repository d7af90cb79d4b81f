"""Each exit code and each reason for it, over the command line."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from drs_conformance.cli import main
from endpoints import Endpoint, mutant

Document = dict[str, Any]
Change = Callable[[Document], object]


@dataclass(frozen=True)
class Runs:
    """Two finished runs: one that passes, and a later one that fails."""

    passing: Path
    failing: Path


@pytest.fixture(scope="module", name="runs")
def _runs(endpoint: Endpoint) -> Iterator[Runs]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = Runs(folder / "passing", folder / "failing")
        assert run(endpoint, runs.passing, "--only", "DCL-08") == 0
        with mutant("declaration-cached-for-a-year", folder / "target") as broken:
            assert run(broken, runs.failing, "--only", "DCL-08") == 1
        yield runs


def run(endpoint: Endpoint, out: Path, *options: str, change: Change = len) -> int:
    """Run ``drs run`` with a changed target file and return its exit code.

    An authorisation that stands in the target itself is laid into a file.
    """
    target = yaml.safe_load(endpoint.target.read_text("utf-8"))
    change(target)
    if isinstance(target["authorisation"], dict):
        file = out.parent / "authorisation.yaml"
        file.write_text(yaml.safe_dump(target["authorisation"]), "utf-8")
        target["authorisation"] = str(file)
    with (
        tempfile.NamedTemporaryFile(
            "w", suffix=".yaml", dir=endpoint.folder, encoding="utf-8"
        ) as file,
        pytest.MonkeyPatch.context() as patch,
    ):
        yaml.safe_dump(target, file)
        file.flush()
        for variable, value in endpoint.credentials.items():
            patch.setenv(variable, value)
        return code_of("run", "--target", file.name, "--out", str(out), *options)


def code_of(*arguments: str | Path) -> int:
    """Return the exit code, as the process would end with it."""
    try:
        return main([*map(str, arguments)])
    except SystemExit as ended:
        return int(ended.code or 0)


def permit(change: Callable[[Document], object]) -> Change:
    """Return a change of the target: another authorisation, itself changed."""

    def changed(target: Document) -> None:
        document = {
            "drs_version": "0.1",
            "issued_by": "A. Tester",
            "contact": "tester@example.com",
            "origins": ["http://127.0.0.1:*"],
            "not_before": "2026-01-01T00:00:00Z",
            "expires_at": "2099-12-31T00:00:00Z",
            "bounds": {
                "max_requests": 10**6,
                "max_output_tokens": 10**9,
                "max_cost_usd": 10**6,
                "max_concurrency": 1,
            },
        }
        change(document)
        target["authorisation"] = document

    return changed


def nowhere(target: Document) -> None:
    """Point at a port where nothing listens."""
    permit(len)(target)
    with socket.create_server(("127.0.0.1", 0)) as server:
        target["base_url"] = f"http://127.0.0.1:{server.getsockname()[1]}/v1"


def waived(requirement: str, expires: str = "2099-12-31") -> Change:
    waiver = {"requirement": requirement, "reason": "known", "expires": expires}
    return lambda target: target.update(waivers=[waiver])


@pytest.mark.parametrize(
    ("code", "options", "change", "told"),
    [
        (0, (), len, "Exit code 0"),
        (0, (), waived("DCL-08"), "Waived without need, for nothing fails there: DCL-08."),
        (3, ("--max-requests", "0"), len, "Exit code 3"),
        (3, (), nowhere, "untestable"),
        (2, ("--max-requests", "100000000"), len, "/budget/max_requests"),
        (2, ("--only", "DCL-99"), len, "DCL-99"),
        (2, ("--seed", "-1"), len, "--seed"),
        (2, ("--profile", "large"), len, "invalid choice"),
        (2, ("--profile", "certify"), len, "needs a registration"),
        (2, ("--spec", "9.9"), len, "9.9"),
        (2, ("--alpha-budget", "/nonexistent"), len, "nothing was sent"),
        (2, (), lambda target: target.pop("model"), "model"),
        (2, (), lambda target: target.update(raeson=1), "raeson"),
        (2, (), lambda target: target.update(authorisation="nowhere.json"), "nowhere.json"),
        (2, (), permit(lambda it: it.update(origins=["https://lab.example"])), "/origins"),
        (2, (), permit(lambda it: it.update(expires_at="2026-02-01T00:00:00Z")), "ended at"),
        (2, (), permit(lambda it: it.update(not_before="2099-01-01T00:00:00Z")), "begins at"),
        (2, (), permit(lambda it: it["bounds"].update(max_requests=1)), "above the authorised"),
        (2, (), waived("DCL-80"), "did you mean DCL-08?"),
        (2, (), waived("DCL-08", "2026-01-01"), "expired on 2026-01-01"),
        (2, (), lambda target: target.update(start={"command": ["/nonexistent"]}), "/nonexistent"),
        (
            2,
            (),
            lambda target: target["personas"]["control"].update(credential="DRS_UNSET"),
            "DRS_UNSET",
        ),
    ],
)
def test_run(
    code: int,
    options: tuple[str, ...],
    change: Change,
    told: str,
    endpoint: Endpoint,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    chosen = () if {"--only", "certify"} & {*options} else ("--only", "DCL-08")
    assert run(endpoint, tmp_path / "results", *chosen, *options, change=change) == code
    captured = capfd.readouterr()
    assert told in " ".join((captured.out if code != 2 else captured.err).split())
    assert (tmp_path / "results").exists() == (code != 2)


def test_run_into_a_folder_that_is_used(
    endpoint: Endpoint, runs: Runs, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(endpoint, runs.passing) == 2
    assert "a new or empty folder" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        (0, "passing", "passing"),
        (0, "failing", "failing"),
        (0, "failing", "passing"),
        (0, "passing/result.json", "passing"),
        (1, "passing", "failing"),
        (2, "passing", "nowhere"),
        (2, "passing/journal.jsonl", "passing"),
        (3, "passing", "less"),
    ],
)
def test_compare(code: int, old: str, new: str, runs: Runs, endpoint: Endpoint) -> None:
    less = runs.passing.parent / "less"
    if new == "less" and not less.exists():
        run(endpoint, less, "--only", "DCL-01")
    assert code_of("compare", less.parent / old, less.parent / new) == code


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ("report", "failing", "--format", "badge")),
        (1, ("replay", "failing")),
        (1, ("replay", "edited")),
        (2, ("report", "nowhere")),
        (2, ("report", "passing", "--format", "pdf")),
        (2, ("replay", "nowhere")),
        (2, ("replay", "passing", "DCL-99")),
        (2, ()),
        (2, ("probe",)),
    ],
)
def test_other_commands(code: int, arguments: tuple[str, ...], runs: Runs) -> None:
    folder = runs.passing.parent
    if "edited" in arguments:
        shutil.copytree(runs.passing, folder / "edited")
        result = folder / "edited" / "result.json"
        result.write_bytes(result.read_bytes().replace(b'"fail":0', b'"fail":1'))
    placed = [folder / part if place == 1 and part != "DCL-99" else part
              for place, part in enumerate(arguments)]  # fmt: skip
    assert code_of(*placed) == code
