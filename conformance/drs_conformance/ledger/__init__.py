"""Every request to a target: authorised, budgeted, journalled, redacted at capture, replayable.

No other package of the suite talks to a network or imports an HTTP client.
"""

from drs_conformance.ledger.curl import curl_command
from drs_conformance.ledger.exchange import (
    BEARER,
    CredentialField,
    Exchange,
    Fault,
    FaultKind,
    Headers,
    MalformedBody,
    WireRequest,
    parse_body,
)
from drs_conformance.ledger.journal import (
    JOURNAL_NAME,
    JournalDamaged,
    JournalExists,
    JournalScan,
    JournalSummary,
    JournalUnwritable,
    read_journal,
    verify_journal,
)
from drs_conformance.ledger.ledger import Ledger
from drs_conformance.ledger.policy import Kind, classify, names_policy
from drs_conformance.ledger.recording import Registered, UnknownPersona
from drs_conformance.ledger.records import exchanges_of, timestamp
from drs_conformance.ledger.redaction import Redactor
from drs_conformance.ledger.replaying import CutOff, ReplayDiverged
from drs_conformance.ledger.resuming import ResumeRefused
from drs_conformance.ledger.retry_info import retry_delay_s
from drs_conformance.ledger.spending import AuthorisationLapsed, BudgetExhausted, TargetGone

__all__ = [
    "BEARER",
    "JOURNAL_NAME",
    "AuthorisationLapsed",
    "BudgetExhausted",
    "CredentialField",
    "CutOff",
    "Exchange",
    "Fault",
    "FaultKind",
    "Headers",
    "JournalDamaged",
    "JournalExists",
    "JournalScan",
    "JournalSummary",
    "JournalUnwritable",
    "Kind",
    "Ledger",
    "MalformedBody",
    "Redactor",
    "Registered",
    "ReplayDiverged",
    "ResumeRefused",
    "TargetGone",
    "UnknownPersona",
    "WireRequest",
    "classify",
    "curl_command",
    "exchanges_of",
    "names_policy",
    "parse_body",
    "read_journal",
    "retry_delay_s",
    "timestamp",
    "verify_journal",
]
