"""What the guides tell to do in CI systems and in Python is done."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ci import ROOT, environment, follows, guide_blocks
from endpoints import Endpoint, Run

SCHEMAS = {
    ".github/workflows/distillation-resistance.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    ".buildkite/pipeline.yml": "vendor.buildkite",
}
FILES = {block.splitlines()[0].removeprefix("# "): block for block in guide_blocks("ci.md", "yaml")}


def lines_of(name: str) -> list[str]:
    """Return the lines of a recipe as the shell of that system gets them; the first installs."""
    document: Any = yaml.safe_load(FILES[name])
    if name == ".gitlab-ci.yml":
        job = document["distillation-resistance"]
        return [*job["before_script"], *job["script"]]
    commands: list[str] = document["steps"][0]["commands"]
    # A single dollar would be filled in before the command runs.
    assert all(line.count("$") == 2 * line.count("$$") for line in commands)
    return [line.replace("$$", "$") for line in commands]


def in_shell(lines: list[str], folder: Path, endpoint: Endpoint, **variables: str) -> Run:
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env=environment(**endpoint.credentials, **variables),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr, folder / "results")


def target_in(folder: Path, endpoint: Endpoint, **changes: Any) -> None:
    """Lay a target file and its authorisation into a folder, with members changed if so wished."""
    target: Any = yaml.safe_load(endpoint.target.read_text("utf-8"))
    permit: Any = yaml.safe_load((endpoint.folder / target["authorisation"]).read_text("utf-8"))
    permit["origins"] = ["http://127.0.0.1:*"]
    (folder / target["authorisation"]).write_text(yaml.safe_dump(permit), "utf-8")
    (folder / "target.yaml").write_text(yaml.safe_dump(target | changes), "utf-8")


@pytest.mark.parametrize("name", FILES)
def test_each_recipe_follows_the_published_schema_of_its_system(name: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yml"
    file.write_text(FILES[name], "utf-8")
    assert follows(SCHEMAS[name], file)


def test_recipes_run_the_same_lines() -> None:
    assert set(FILES) == set(SCHEMAS)
    assert lines_of(".gitlab-ci.yml") == lines_of(".buildkite/pipeline.yml")


def test_a_recipe_ends_as_the_run_ended(endpoint: Endpoint, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    target_in(tmp_path, endpoint, base_url=f"http://127.0.0.1:{port}/v1")  # Nothing listens.
    run = in_shell(lines_of(".gitlab-ci.yml")[1:], tmp_path, endpoint)
    assert run.code == run.result["exit_code"] == 3, run.stderr
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("# UNDECIDED: ")
    assert (tmp_path / "results" / "junit.xml").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", [".gitlab-ci.yml", ".buildkite/pipeline.yml"])
def test_a_recipe_installs_the_suite_and_passes(
    name: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    target_in(tmp_path, endpoint)
    run = in_shell(lines_of(name), tmp_path, endpoint, DRS_SUITE=str(ROOT))
    assert run.code == 0, run.stdout + run.stderr
    assert (tmp_path / ".drs" / "bin" / "drs").exists()
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("# PASS: ")


def test_a_recipe_that_could_not_begin_says_so(endpoint: Endpoint, tmp_path: Path) -> None:
    run = in_shell(lines_of(".gitlab-ci.yml")[1:], tmp_path, endpoint)
    assert run.code == 2
    assert "target.yaml" in run.stderr
    assert not (tmp_path / "summary.md").exists()


def test_the_example_in_python_runs(
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = guide_blocks("library.md", "python")
    target_in(tmp_path, endpoint)
    monkeypatch.chdir(tmp_path)
    for name, value in endpoint.credentials.items():
        monkeypatch.setenv(name, value)
    exec(compile(example, "library.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "DCL-01 pass",
        "DCL-02 pass",
        "DCL-05 pass",
        "DCL-08 pass",
        "exit code 0",
    ]
    result = Run(0, "", "", tmp_path / "results").result
    assert result["seed"] == 7
    assert result["selection"]["only"] == ["DCL-05", "DCL-08"]
