"""The catalogue as a document of the schema `catalogue` and as Markdown."""

from drs_conformance.specification.catalogue import Catalogue, Requirement


def catalogue_document(catalogue: Catalogue) -> dict[str, object]:
    """Return the catalogue as a document of the schema `catalogue`."""
    return {
        "drs_version": catalogue.version,
        "digest": catalogue.digest,
        "chapters": [
            {
                "name": chapter.name,
                "title": chapter.title,
                "family": chapter.family,
                "order": chapter.order,
                "file": chapter.file,
            }
            for chapter in catalogue.chapters
        ],
        "requirements": [_requirement_document(item) for item in catalogue.requirements],
        "threats": [
            {
                "id": threat.id,
                "title": threat.title,
                "text": threat.text,
                "file": threat.file,
                "line": threat.line,
            }
            for threat in catalogue.threats
        ],
        "retired": [
            {"id": item.id, "since": item.since, "reason": item.reason}
            for item in catalogue.retired
        ],
    }


def catalogue_markdown(catalogue: Catalogue) -> str:
    """Return the catalogue as Markdown, one table a chapter."""
    lines = [
        f"# Requirements of version {catalogue.version}",
        "",
        f"{len(catalogue.requirements)} requirements, digest `{catalogue.digest}`.",
    ]
    for chapter in catalogue.chapters:
        members = [item for item in catalogue.requirements if item.chapter == chapter.name]
        if not members:
            continue
        lines += ["", f"## {chapter.title}", ""]
        lines += ["| id | title | level | keyword | applies to | verified by | threats |"]
        lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
        for item in members:
            cells = (
                item.id,
                item.title.replace("|", "\\|"),
                f"{item.level}, core" if item.core else item.level,
                item.keyword,
                ", ".join(item.applies_to),
                f"{item.verify} ({item.excluded})" if item.excluded else item.verify,
                ", ".join(item.threats),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _requirement_document(item: Requirement) -> dict[str, object]:
    document: dict[str, object] = {
        "id": item.id,
        "title": item.title,
        "chapter": item.chapter,
        "family": item.family,
        "level": item.level,
        "keyword": item.keyword,
        "applies_to": list(item.applies_to),
        "verify": item.verify,
        "core": item.core,
        "depends_on": list(item.depends_on),
        "threats": list(item.threats),
        "schemas": list(item.schemas),
        "registries": list(item.registries),
        "since": item.since,
        "sentence": item.sentence,
        "rationale": item.rationale,
        "digest": item.digest,
        "file": item.file,
        "line": item.line,
    }
    optional = {
        "attested_by": item.attested_by,
        "evidence": item.evidence,
        "excluded": item.excluded,
        "design": None if item.design is None else dict(item.design),
    }
    return document | {name: value for name, value in optional.items() if value is not None}
