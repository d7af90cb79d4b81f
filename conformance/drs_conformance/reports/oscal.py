"""OSCAL 1.2.1: the catalogue of requirements, the plan of a run and its results, as JSON.

Identifiers are derived from what they name (UUID version 5), so that the same run gives the same
documents.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from drs_conformance.reports.headline import Entry, registered, tested
from drs_conformance.reports.plain_text import one_line
from drs_conformance.specification.catalogue import Catalogue, Requirement

__all__ = ["oscal_catalogue", "oscal_plan", "oscal_results", "oscal_text"]

OSCAL_VERSION = "1.2.1"
NAMESPACE = "https://distillation-resistance.example/oscal"
_STATES = {"pass": ("satisfied", "pass"), "fail": ("not-satisfied", "fail")}


def oscal_text(document: Mapping[str, Any]) -> str:
    """Return a document as it is written to a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def oscal_catalogue(catalogue: Catalogue, modified: str, remarks: str = "") -> dict[str, Any]:
    """Return the catalogue; ``modified`` is an RFC 3339 time, ``remarks`` go with it."""
    groups = []
    for chapter in catalogue.chapters:
        controls = [_control(r) for r in catalogue.requirements if r.chapter == chapter.name]
        if controls:
            family = (chapter.family or chapter.name).lower()
            groups.append({"id": family, "title": chapter.title, "controls": controls})
    metadata = _metadata(
        f"Distillation-Resistance Standard {catalogue.version}", modified, catalogue.version
    )
    body = {
        "metadata": {**metadata, "remarks": remarks} if remarks else metadata,
        "groups": groups,
    }
    # OSCAL wants another identifier whenever anything in the document is another.
    return {"catalog": {"uuid": _uuid("catalogue", json.dumps(body)), **body}}


def _control(item: Requirement) -> dict[str, Any]:
    identifier = item.id.lower()
    properties = {
        "label": item.id,
        "level": item.level,
        "keyword": item.keyword,
        "verify": item.verify,
        "digest": item.digest,
    }
    return {
        "id": identifier,
        "title": item.title,
        "props": _properties(properties),
        "parts": [
            {"id": f"{identifier}_smt", "name": "statement", "prose": item.sentence},
            {"id": f"{identifier}_gdn", "name": "guidance", "prose": item.rationale},
        ],
    }


def oscal_plan(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the assessment plan of a run."""
    title = f"Plan of a {result['profile']} run against {one_line(result['target']['name'], 200)}"
    return {
        "assessment-plan": {
            "uuid": _uuid("plan", result["seed_commitment"], result["started_at"]),
            "metadata": _metadata(title, result["started_at"], result["suite"]["version"]),
            # What a provider says of its own system is its declaration.
            "import-ssp": {"href": "../declaration.json"},
            "reviewed-controls": _reviewed(tested(result)),
        }
    }


def oscal_results(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the assessment results; what was not decided is not satisfied."""
    entries = tested(result)
    run = _uuid("run", result["seed_commitment"], result["started_at"])
    title = f"Results of a {result['profile']} run"
    registration = registered(result)
    said = (
        f"Exit code {result['exit_code']}",
        f"assurance: {result['assurance']['tier']}",
        f"registered {registration}" if registration else None,
    )
    findings = [_finding(e, run) for e in entries if e["outcome"]["verdict"] != "not-applicable"]
    body: dict[str, Any] = {
        "uuid": run,
        "title": title,
        "description": "; ".join(filter(None, said)) + ".",
        "start": result["started_at"],
        "end": result["ended_at"],
        "reviewed-controls": _reviewed(entries),
        "observations": [_observation(e, run, result["ended_at"]) for e in entries],
    }
    if findings:
        body["findings"] = findings
    return {
        "assessment-results": {
            "uuid": _uuid("results", run),
            "metadata": _metadata(title, result["ended_at"], result["suite"]["version"]),
            "import-ap": {"href": "assessment-plan.json"},
            "results": [body],
        }
    }


def _observation(entry: Entry, run: str, collected: str) -> dict[str, Any]:
    outcome = entry["outcome"]
    said = [outcome["summary"], outcome["cause"], outcome["excludes"]]
    observation: dict[str, Any] = {
        "uuid": _uuid(run, "observation", entry["id"]),
        "title": f"{entry['id']} {entry['title']}",
        "description": one_line("; ".join(filter(None, said))),
        "props": _properties({"verdict": outcome["verdict"]}),
        "methods": ["TEST"],
        "collected": collected,
    }
    if outcome["evidence"]:
        observation["relevant-evidence"] = [
            {
                "href": "../journal.jsonl",
                "description": f"Exchanges {', '.join(outcome['evidence'])}",
            }
        ]
    return observation


def _finding(entry: Entry, run: str) -> dict[str, Any]:
    state, reason = _STATES.get(entry["outcome"]["verdict"], ("not-satisfied", "other"))
    return {
        "uuid": _uuid(run, "finding", entry["id"]),
        "title": f"{entry['id']} {entry['title']}",
        "description": entry["sentence"],
        "target": {
            "type": "statement-id",
            "target-id": f"{entry['id'].lower()}_smt",
            "status": {"state": state, "reason": reason},
        },
        "related-observations": [{"observation-uuid": _uuid(run, "observation", entry["id"])}],
    }


def _reviewed(entries: Iterable[Entry]) -> dict[str, Any]:
    controls = [{"control-id": entry["id"].lower()} for entry in entries]
    selection: dict[str, Any] = {"include-controls": controls} if controls else {}
    return {"control-selections": [selection or {"include-all": {}}]}


def _metadata(title: str, modified: str, version: str) -> dict[str, str]:
    return {
        "title": title,
        "last-modified": modified,
        "version": version,
        "oscal-version": OSCAL_VERSION,
    }


def _properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "ns": NAMESPACE, "value": value} for name, value in values.items()]


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join((NAMESPACE, *parts))))
