"""What a run is pointed at: target file, personas, authorisation, budget, and how to start it."""

from drs_conformance.target.addresses import Address, Network, refusal
from drs_conformance.target.authorising import AuthorisationError, authorise
from drs_conformance.target.launching import (
    BadReadyLineError,
    LaunchError,
    NotReadyError,
    NotStartedError,
    launch,
)
from drs_conformance.target.loading import load_target
from drs_conformance.target.model import (
    Authorisation,
    Bounds,
    Budget,
    Hub,
    HubMember,
    Persona,
    Prices,
    Start,
    Target,
    TrustGroup,
    Waiver,
    is_honest,
    is_probed,
)
from drs_conformance.target.origins import Origin
from drs_conformance.target.problems import Problem, TargetError
from drs_conformance.target.secrets import Secrets
from drs_conformance.target.trust_groups import WIDEST_RANGE

__all__ = [
    "WIDEST_RANGE",
    "Address",
    "Authorisation",
    "AuthorisationError",
    "BadReadyLineError",
    "Bounds",
    "Budget",
    "Hub",
    "HubMember",
    "LaunchError",
    "Network",
    "NotReadyError",
    "NotStartedError",
    "Origin",
    "Persona",
    "Prices",
    "Problem",
    "Secrets",
    "Start",
    "Target",
    "TargetError",
    "TrustGroup",
    "Waiver",
    "authorise",
    "is_honest",
    "is_probed",
    "launch",
    "load_target",
    "refusal",
]
