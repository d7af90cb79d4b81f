"""JUnit XML, as CI systems read it: one test case a requirement.

What could not be decided is an error and never a skip, for a skip reads green. Elements and
attributes are those of junit-10.xsd of the Jenkins xUnit plugin, which has no properties below a
test case: what identifies a requirement stands in its output.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from drs_conformance.reports.headline import Entry, headline
from drs_conformance.reports.plain_text import commands_shown, one_line, visible

__all__ = ["render_junit"]


def render_junit(result: Mapping[str, Any]) -> str:
    """Return the report; well-formed whatever the texts in the result hold."""
    suite = ET.Element(
        "testsuite", name=f"Distillation-Resistance Standard {result['drs_version']}"
    )
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for entry in result["requirements"]:
        name = one_line(f"{entry['id']} {entry['title']}")
        case = ET.SubElement(suite, "testcase", classname=visible(entry["family"]), name=name)
        counts["tests"] += 1
        kind = _mark(case, entry)
        ET.SubElement(case, "system-out").text = _identity(entry)
        if kind is not None:
            counts[kind] += 1
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.set("timestamp", result["started_at"])
    root = ET.Element("testsuites", name=visible(headline(result)))
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _identity(entry: Entry) -> str:
    outcome = entry["outcome"]
    values = {
        "requirement": entry["id"],
        "digest": entry["digest"],
        "level": entry["level"],
        "verdict": outcome["verdict"] if outcome else entry["status"],
    }
    return "\n".join(f"{name}: {visible(value)}" for name, value in values.items())


def _mark(case: ET.Element, entry: Entry) -> str | None:
    outcome = entry["outcome"]
    if outcome is None:
        _say(case, "skipped", entry["status"], _reason(entry))
        return "skipped"
    verdict, waived = outcome["verdict"], entry["waived"]
    if waived is not None:
        _say(case, "skipped", "waived", f"waived until {waived['expires']}: {waived['reason']}")
        return "skipped"
    if verdict == "pass":
        return None
    if verdict == "not-applicable":
        _say(case, "skipped", verdict, outcome["summary"])
        return "skipped"
    tag = "failure" if verdict == "fail" else "error"
    details = [visible(outcome["cause"])] if outcome["cause"] else []
    details += commands_shown(outcome["reproduce"])
    _say(case, tag, verdict, outcome["summary"], "\n".join(details))
    return f"{tag}s"


def _reason(entry: Entry) -> str:
    who = entry["attested_by"] or entry["evidence"] or entry["reason"]
    return f"{entry['status']}: {who}" if who else str(entry["status"])


def _say(case: ET.Element, tag: str, kind: str, message: str, text: str = "") -> None:
    """Add an element; ``text`` has been made harmless, ``message`` has not."""
    element = ET.SubElement(case, tag, type=kind, message=visible(message))
    if text:
        element.text = text
