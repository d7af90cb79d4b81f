"""Running steps of CI systems as their runners do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import check_jsonschema
import yaml

ROOT = Path(__file__).parents[2]
EXPRESSION = re.compile(r"\$\{\{ (inputs|steps)\.([a-z.-]+) \}\}")
VENV = Path(sys.executable).parent


def environment(**more: str) -> dict[str, str]:
    """Return what a runner gives to a step: little, and the suite's own tools on the path."""
    return {"PATH": f"{VENV}:{os.environ['PATH']}", "HOME": "/nonexistent", "CI": "true", **more}


def guide_blocks(name: str, kind: str) -> list[str]:
    """Return the fenced blocks of a kind in a guide."""
    text = (ROOT / "docs" / "guides" / name).read_text("utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def follows(schema: str, file: Path) -> bool:
    """Tell whether a file follows a schema that check-jsonschema brings along."""
    try:
        check_jsonschema.main(["--builtin-schema", schema, str(file)])
    except SystemExit as ended:
        return ended.code in (0, None)
    return True


@dataclass(frozen=True)
class Job:
    """What steps left behind: the code of the last one, outputs by step, summary and log."""

    code: int
    outputs: Mapping[str, Mapping[str, str]]
    summary: str
    log: str


def run_action(
    workspace: Path, inputs: Mapping[str, str], variables: Mapping[str, str], action: Path = ROOT
) -> Job:
    """Run the steps of `action.yml` in a workspace until one fails."""
    document: Any = yaml.safe_load((action / "action.yml").read_text("utf-8"))
    given = {name: inputs.get(name, each.get("default", "")) for name, each in
             document["inputs"].items()}  # fmt: skip
    outputs: dict[str, dict[str, str]] = {}

    def filled(text: str) -> str:
        return EXPRESSION.sub(lambda found: value(found[1], found[2]), text)

    def value(context: str, path: str) -> str:
        if context == "inputs":
            return given[path]
        step, _, name = path.split(".")
        return outputs[step].get(name, "")

    temporary = workspace.parent / "runner"
    temporary.mkdir()
    summary, log, code = "", "", 0
    for step in document["runs"]["steps"]:
        files = {name: temporary / f"{step['id']}-{name}" for name in ("output", "summary")}
        for path in files.values():
            path.touch()
        script = temporary / f"{step['id']}.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=workspace,
            env=environment(
                GITHUB_ACTION_PATH=str(action),
                GITHUB_OUTPUT=str(files["output"]),
                GITHUB_STEP_SUMMARY=str(files["summary"]),
                RUNNER_TEMP=str(temporary),
                **variables,
                **{name: filled(text) for name, text in step["env"].items()},
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )
        lines = files["output"].read_text().splitlines()
        outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
        summary += files["summary"].read_text("utf-8")
        log += done.stdout
        code = done.returncode
        if code != 0:
            break
    return Job(code, outputs, summary, log)
