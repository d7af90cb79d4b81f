"""The command line ``drs-reference``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drs_reference import __version__
from drs_reference.gateway.surfaces import DIALECTS

_EXTRA = {"anyio", "numpy", "starlette", "uvicorn"}
_ACCOUNTS_MAX = 99
_NAME_MAX = 128
_THRESHOLD_MAX = 1e-3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drs-reference",
        description="Reference implementation of the Distillation-Resistance Standard.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve the reference endpoint",
        description="Serve the reference endpoint until SIGTERM or SIGINT. When it is ready, one "
        "line of JSON with its url is written to stdout; logs go to stderr.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument(
        "--port", type=_port, default=0, help="port; 0, the default, takes a free one"
    )
    serve.add_argument(
        "--storage",
        metavar="URL",
        help="where state is kept, sqlite:///FILE (sqlite:////FILE for an absolute path); default: "
        "below the --write-target folder, else a private file that is removed at the end",
    )
    serve.add_argument(
        "--write-target",
        type=Path,
        metavar="DIR",
        help="write target.yaml, credentials.env and authorisation.yaml there and go on serving",
    )
    serve.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="take the personas' keys from a credentials.env instead of making fresh ones",
    )
    serve.add_argument(
        "--accounts",
        type=_accounts,
        default=0,
        metavar="N",
        help="serve so many ordinary accounts too; the target file calls them blind-1 and so on, "
        "the endpoint does not",
    )
    serve.add_argument(
        "--dialect",
        choices=DIALECTS,
        default=DIALECTS[0],
        help="dialect of the surface that the target file names; all are served (%(default)s)",
    )
    serve.add_argument(
        "--perturbation",
        type=Path,
        metavar="FILE",
        help="a document perturbation-parameters, JSON or YAML: the mechanism that is applied; "
        "default: the green list on all surfaces",
    )
    serve.add_argument(
        "--exchange",
        type=Path,
        metavar="FILE",
        help="settings of a member: act on the signatures of the group, and publish campaigns",
    )
    serve.add_argument(
        "--eligibility",
        type=Path,
        metavar="FILE",
        help="a document eligibility-policy, JSON or YAML: who is served; default: invented "
        "criteria, which exclude test personas only",
    )
    serve.add_argument(
        "--test-group",
        action="store_true",
        help="make a trust group with a hub and other members below the --write-target folder and "
        "take part in it, so that `drs run --class participant` can test this endpoint",
    )
    _add_lists(serve)
    switch = commands.add_parser(
        "perturbation",
        help="end every perturbation for every account, or allow it again",
        description="Throw the kill switch of an endpoint. A server that runs obeys within a "
        "second; what was ordered holds over restarts and stands in the audit trail.",
    )
    switch.add_argument("order", choices=("off", "on"))
    switch.add_argument(
        "--storage", metavar="URL", required=True, help="that of the server, sqlite:///FILE"
    )
    switch.add_argument(
        "--by",
        action="append",
        metavar="PERSON",
        required=True,
        help="pseudonym of a person who agrees; give it for two different people",
    )
    _add_audit(commands)
    _add_hub(commands)
    _add_member(commands)
    _add_provenance(commands)
    _add_efficacy(commands)
    _add_escalate(commands)
    _add_eligibility(commands)
    return parser


def _add_lists(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--list",
        type=_list,
        action="append",
        default=[],
        dest="lists",
        metavar="CRITERION=FILE",
        help="a copy of the list of a criterion listed-party, a name a line; needed for each",
    )


def _add_eligibility(commands: Any) -> None:
    eligibility = commands.add_parser(
        "eligibility", help="say what an eligibility policy decides about one account"
    )
    actions = eligibility.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser(
        "check",
        help="say whether an account is served, and which criterion excludes it",
        description="Hold the facts of one account against a policy, offline. Exit status: 0 it "
        "is served, 10 a criterion excludes it, 2 a file cannot be used.",
    )
    check.add_argument("policy", type=Path, metavar="POLICY", help="a document eligibility-policy")
    check.add_argument("facts", type=Path, metavar="FACTS", help="a document eligibility-facts")
    _add_lists(check)
    check.add_argument("--json", action="store_true", help="print a document instead of lines")


def _add_audit(commands: Any) -> None:
    audit = commands.add_parser("audit", help="hand the audit trail on, and verify it offline")
    actions = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser(
        "export",
        help="write the audit trail, a line of JSON for each record",
        description="Write the records of the audit trail as lines of JSON (schema audit-record), "
        "while the server runs or not, and the head of the chain to stderr. Exit status: 0 "
        "written, 1 the trail was changed, 2 it could not be read or written.",
    )
    export.add_argument(
        "--storage", metavar="URL", required=True, help="that of the server, sqlite:///FILE"
    )
    export.add_argument(
        "--after",
        type=_sequence,
        default=0,
        metavar="N",
        help="begin after the record of this number; default: with the first",
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    verify = actions.add_parser(
        "verify",
        help="say whether exported records follow from each other",
        description="Verify an exported audit trail, offline. Exit status: 0 the records follow "
        "from each other and from the earlier head, 1 they do not, 2 it could not be decided.",
    )
    verify.add_argument("file", type=Path, metavar="FILE", help="what `audit export` wrote")
    verify.add_argument(
        "--head",
        type=_digest,
        metavar="SHA256",
        help="head of the chain as it was recorded earlier, sha256:...: it has to be in the chain",
    )


def _add_hub(commands: Any) -> None:
    hub = commands.add_parser(
        "hub",
        help="serve the hub through which members exchange signatures",
        description="Serve a TAXII 2.1 hub with a transparency log until SIGTERM or SIGINT. When "
        "it is ready, one line of JSON with its url is written to stdout; logs go to stderr. The "
        "document of the members is read anew when it changes.",
    )
    hub.add_argument(
        "--members",
        type=Path,
        metavar="FILE",
        help="who takes part, YAML or JSON: members, their keys, trust groups, collections",
    )
    hub.add_argument(
        "--storage",
        metavar="URL",
        help="where objects, logs and the key of the logs are kept, sqlite:///FILE",
    )
    hub.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    hub.add_argument("--port", type=_port, default=0, help="port; 0, the default, takes a free one")
    hub.add_argument(
        "--origin",
        metavar="ORIGIN",
        help="scheme, host and port as members write them, where a proxy stands before the hub",
    )
    hub.add_argument(
        "--write-target",
        type=Path,
        metavar="DIR",
        help="instead of members and storage: make a hub of test members in DIR, with the files "
        "with which `drs run` tests it",
    )
    hub.add_argument(
        "--deliver-all",
        action="store_true",
        help="take whatever a member has proven, without reading it: for a group in which members "
        "are tested, which have to judge by themselves",
    )


def _add_member(commands: Any) -> None:
    member = commands.add_parser(
        "member",
        help="take part in the exchange of signatures",
        description="Take part in the exchange of signatures. Exit status: 0 done, 1 the hub "
        "refused, or its log cannot be relied on; 2 it could not start or not reach the hub.",
    )
    member.add_argument(
        "--settings", type=Path, metavar="FILE", required=True, help="of the member, YAML or JSON"
    )
    member.add_argument("--json", action="store_true", help="print a document instead of lines")
    actions = member.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("pull", help="take in what is new, once")
    actions.add_parser("follow", help="take in what is new until SIGTERM or SIGINT")
    actions.add_parser("status", help="say what is held and what would be done; asks no hub")
    publish = actions.add_parser("publish", help="publish a signature")
    publish.add_argument(
        "signature",
        type=Path,
        metavar="FILE",
        help="the indicator as JSON; id, author, times and seq are filled in where they lack, "
        "the proof is made anew",
    )
    revoke = actions.add_parser("revoke", help="withdraw a signature of the member's own")
    revoke.add_argument("id", metavar="ID", help="indicator--...")
    revoke.add_argument(
        "--reason",
        required=True,
        choices=("false-positives", "campaign-ended", "error", "unlawful"),
    )


def _add_provenance(commands: Any) -> None:
    provenance = commands.add_parser(
        "provenance",
        help="say whether a corpus or a student owes something to the key of a mechanism",
        description="Look for the mark of a key, offline. Exit status: 0 not recognised, "
        "10 recognised, 2 it could not be looked for.",
    )
    subject = provenance.add_mutually_exclusive_group(required=True)
    subject.add_argument(
        "corpus",
        nargs="?",
        type=Path,
        metavar="CORPUS",
        help="JSON lines of {messages: [{role, content}], answer} or {answer}",
    )
    subject.add_argument(
        "--student",
        type=Path,
        metavar="WEIGHTS",
        help="look at the probabilities of a student of the efficacy lab instead",
    )
    provenance.add_argument(
        "--outputs", action="store_true", help="look at 1000 answers of the student"
    )
    key = provenance.add_mutually_exclusive_group(required=True)
    key.add_argument(
        "--storage", metavar="URL", help="take the root key of the server with this storage"
    )
    key.add_argument(
        "--key", type=Path, metavar="FILE", help="take the root key of a file, in hexadecimal"
    )
    provenance.add_argument(
        "--perturbation",
        type=Path,
        metavar="FILE",
        help="the document perturbation-parameters of the mechanism; default: the green list",
    )
    for name, whose in (("account", "an account"), ("cluster", "a cluster")):
        provenance.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="ID",
            help=f"{whose} that comes in question, where keys are narrower than the provider; "
            "may be given several times",
        )
    provenance.add_argument(
        "--threshold",
        type=_threshold,
        metavar="P",
        help="probability of a wrong claim, at most 0.001; default: that of the level which the "
        "endpoint declares (PRT-08)",
    )
    provenance.add_argument(
        "--weights", type=Path, metavar="FILE", help="those of the endpoint; default: the shipped"
    )
    provenance.add_argument("--json", action="store_true", help="print a document instead of lines")


def _add_efficacy(commands: Any) -> None:
    efficacy = commands.add_parser(
        "efficacy",
        help="measure what output perturbation does to students",
        description="Harvest the reference endpoint under each condition, train students on the "
        "answers and ask them held-out questions. Writes efficacy.json, the table, and a card and "
        "a picture of each mechanism; goes on where it stopped. Needs torch: the extra training.",
    )
    efficacy.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="default: drs-efficacy, with --foreign drs-efficacy-foreign",
    )
    efficacy.add_argument(
        "--foreign",
        type=Path,
        metavar="FILE",
        help="harvest the endpoint that this file names, YAML or JSON, within its bounds and "
        "while it is authorised; exit status 3: its bound on requests was reached",
    )
    efficacy.add_argument(
        "--conditions", nargs="*", default=[], metavar="NAME", help="default: all of the table"
    )
    efficacy.add_argument(
        "--samples", type=_count, default=4000, metavar="N", help="harvested answers (%(default)s)"
    )
    efficacy.add_argument("--seeds", type=_count, default=3, metavar="N", help="(%(default)s)")
    efficacy.add_argument(
        "--questions", type=_count, default=300, metavar="N", help="held-out ones (%(default)s)"
    )
    efficacy.add_argument(
        "--full",
        action="store_true",
        help="every attack at every seed, diluted corpora, and a teacher of its own for each seed",
    )
    efficacy.add_argument(
        "--jobs", type=_count, default=2, metavar="N", help="processes at a time (%(default)s)"
    )
    efficacy.add_argument(
        "--cache", type=Path, metavar="DIR", help="where trained weights are kept between runs"
    )
    efficacy.add_argument(
        "--issuer",
        default="http://127.0.0.1",
        metavar="ORIGIN",
        help="origin that the cards name as their issuer (%(default)s)",
    )


def _add_escalate(commands: Any) -> None:
    escalate = commands.add_parser(
        "escalate",
        help="make a dossier for law enforcement or a regulator, sign, verify and show it",
        description="Tell an authority of a campaign, by the shared criteria. Exit status: 0 done, "
        "1 refused or not verified, with the reasons; 2 something could not be read or written.",
    )
    actions = escalate.add_subparsers(dest="action", required=True, metavar="ACTION")
    draft = actions.add_parser(
        "draft",
        help="make a draft where every criterion is met",
        description="Make a draft of a dossier, with the items of evidence, from a case.",
    )
    draft.add_argument("case", type=Path, metavar="CASE", help="YAML or JSON, records beside it")
    draft.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for both")
    sign = actions.add_parser("sign", help="sign a dossier as one of the two persons")
    sign.add_argument("--role", required=True, choices=("technical", "legal"))
    sign.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="private Ed25519 key in PEM"
    )
    verify = actions.add_parser("verify", help="say whether a dossier may be relied on, offline")
    for role in ("technical", "legal"):
        verify.add_argument(
            f"--{role}-key",
            type=Path,
            required=True,
            metavar="FILE",
            help=f"public Ed25519 key in PEM of the person with {role} responsibility",
        )
    verify.add_argument("--evidence", type=Path, metavar="DIR", help="folder of the items alone")
    verify.add_argument(
        "--records", type=Path, metavar="DIR", help="folder with the records they were taken from"
    )
    render = actions.add_parser("render", help="show a dossier, signed or not, as a page of HTML")
    render.add_argument("--out", type=Path, required=True, metavar="FILE")
    for action in (sign, verify, render):
        action.add_argument("dossier", type=Path, metavar="DOSSIER")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**7:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 9999999, not {text!r}")
    return int(text)


def _sequence(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"expected the number of a record, not {text!r}")
    return int(text)


def _digest(text: str) -> str:
    if not re.fullmatch("sha256:[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(
            f"expected sha256: and 64 hexadecimal digits, not {text!r}"
        )
    return text


def _threshold(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _THRESHOLD_MAX:
        raise argparse.ArgumentTypeError(f"expected a number above 0, at most 0.001, not {text!r}")
    return value


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _list(text: str) -> tuple[str, Path]:
    criterion, equals, file = text.partition("=")
    if not (criterion and equals and file):
        raise argparse.ArgumentTypeError(f"expected CRITERION=FILE, not {text!r}")
    return criterion, Path(file)


def _accounts(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _ACCOUNTS_MAX:
        raise argparse.ArgumentTypeError(
            f"expected a number from 0 to {_ACCOUNTS_MAX}, not {text!r}"
        )
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status: 0 done, 2 it could not start.

    ``provenance`` returns 10 where it recognises something, ``efficacy --foreign`` 3 where the
    bound on requests was reached, ``member`` 1 where it was refused, ``audit`` 1 where the trail
    was changed, ``escalate`` 1 where it refuses or something does not verify, ``eligibility`` 10
    where a criterion excludes the account.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        if options.command == "efficacy":
            return _efficacy(options)
        if options.command == "provenance":
            return _provenance(options, parser)
        if options.command == "perturbation":
            return _switch(options, parser)
        if options.command == "audit":
            return _audit(options)
        if options.command == "hub":
            return _hub(options)
        if options.command == "member":
            return _member(options)
        if options.command == "escalate":
            return _escalate(options)
        if options.command == "eligibility":
            return _eligibility(options)
        return _serve(options)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        print(
            f"drs-reference: {error.name} is missing; install it with "
            "pip install 'distillation-resistance-standard[reference]'",
            file=sys.stderr,
        )
        return 2


def _switch(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from drs_reference.gateway.serve import order
    from drs_reference.perturbation.kill_switch import PEOPLE
    from drs_reference.response.ladder import different_people

    people = different_people(options.by)
    if len(people) < PEOPLE or max(map(len, people)) > _NAME_MAX:
        parser.error(
            f"--by must name {PEOPLE} different people, each in at most {_NAME_MAX} characters"
        )
    return order(options.storage, options.order == "off", people)


def _serve(options: argparse.Namespace) -> int:
    from drs_reference.gateway.serve import ServeOptions, run

    return run(
        ServeOptions(
            host=options.host,
            port=options.port,
            storage=options.storage,
            write_target=options.write_target,
            credentials=options.credentials,
            accounts=options.accounts,
            dialect=options.dialect,
            perturbation=options.perturbation,
            exchange=options.exchange,
            eligibility=options.eligibility,
            lists=dict(options.lists),
            test_group=options.test_group,
        )
    )


def _audit(options: argparse.Namespace) -> int:
    from drs_reference.storage.audit_command import export, verify

    if options.action == "verify":
        return verify(options.file, options.head)
    return export(options.storage, options.after, options.out)


def _hub(options: argparse.Namespace) -> int:
    from drs_reference.exchange.hub.serve import HubOptions, run

    return run(
        HubOptions(
            members=options.members,
            storage=options.storage,
            host=options.host,
            port=options.port,
            origin=options.origin,
            write_target=options.write_target,
            deliver_all=options.deliver_all,
        )
    )


def _member(options: argparse.Namespace) -> int:
    from drs_reference.exchange.member.command import MemberOptions, run

    return run(
        MemberOptions(
            settings=options.settings,
            action=options.action,
            signature=getattr(options, "signature", None),
            id=getattr(options, "id", None),
            reason=getattr(options, "reason", None),
            json=options.json,
        )
    )


def _escalate(options: argparse.Namespace) -> int:
    from drs_reference.escalation import command

    if options.action == "draft":
        return command.draft(options.case, options.out)
    if options.action == "sign":
        return command.sign(options.dossier, options.role, options.key)
    if options.action == "render":
        return command.render(options.dossier, options.out)
    keys = {"technical": options.technical_key, "legal": options.legal_key}
    return command.verify(options.dossier, keys, options.evidence, options.records)


def _eligibility(options: argparse.Namespace) -> int:
    from drs_reference.eligibility.command import check

    return check(options.policy, options.facts, dict(options.lists), options.json)


def _provenance(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from drs_reference.provenance.command import ProvenanceOptions, run

    if options.outputs and options.student is None:
        parser.error("--outputs says how a student is looked at: give --student too")
    return run(
        ProvenanceOptions(
            corpus=options.corpus,
            student=options.student,
            outputs=options.outputs,
            storage=options.storage,
            key=options.key,
            perturbation=options.perturbation,
            accounts=tuple(options.account),
            clusters=tuple(options.cluster),
            threshold=options.threshold,
            weights=options.weights,
            json=options.json,
        )
    )


def _efficacy(options: argparse.Namespace) -> int:
    from drs_reference.efficacy.command import run
    from drs_reference.efficacy.options import EfficacyOptions, default_cache

    folder = "drs-efficacy" if options.foreign is None else "drs-efficacy-foreign"
    return run(
        EfficacyOptions(
            out=options.out or Path(folder),
            conditions=tuple(options.conditions),
            samples=options.samples,
            seeds=options.seeds,
            questions=options.questions,
            full=options.full,
            jobs=options.jobs,
            cache=options.cache or default_cache(),
            issuer=options.issuer,
            foreign=options.foreign,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
