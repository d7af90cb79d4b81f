"""Mutants of the chapter Detection, and of the detector's part in Good standing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drs_reference.detection.windows import Window
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.score_hook import ScoreHook
from drs_reference.json_text import BodyError

from mutants.mutant import mutant

Document = Mapping[str, Any]


def chance(document: Document) -> float:
    """Return a number from 0 to 1 that differs from window to window."""
    digest = hashlib.sha256(f"mutant {document['window']}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def hooked(parts: Parts, hook: type[ScoreHook]) -> Parts:
    return replace(parts, score_hook=hook(parts.score_hook.detector, 0.003))


def alarm(account: str, score: float) -> dict[str, Any]:
    return {"accounts": [account], "e_value": score, "kinds": ["burst"]}


@mutant(breaks=["STD-08"], strengths={"weak": 0.025, "middle": 0.06, "strong": 0.5})
def detector_cries_wolf(parts: Parts, rate: float) -> Parts:
    """Somebody is flagged in far more weeks than declared, by a threshold that is far too low."""

    class Wolf(ScoreHook):
        def answer(self, document: Document, window: Window) -> dict[str, Any]:
            answer = super().answer(document, window) | {"threshold": 2.0}
            if chance(document) < rate:
                somebody = document["accounts"][0]["account"]
                others = [c for c in answer["clusters"] if somebody not in c["accounts"]]
                answer["clusters"] = [alarm(somebody, 2.0), *others]
            return answer

    return hooked(parts, Wolf)


@mutant(breaks=["STD-09"], strengths={"weak": 150, "middle": 90, "strong": 60})
def volume_is_flagged(parts: Parts, most: float) -> Parts:
    """Whoever sends much is flagged: agents and evaluators."""

    class Volume(ScoreHook):
        def answer(self, document: Document, window: Window) -> dict[str, Any]:
            answer = super().answer(document, window)
            loud = {a["account"] for a in document["accounts"] if len(a["requests"]) > most}
            others = [c for c in answer["clusters"] if loud.isdisjoint(c["accounts"])]
            if len(loud) < len(document["accounts"]) / 2:
                alarms = [alarm(name, answer["threshold"]) for name in sorted(loud)]
                answer["clusters"] = [*alarms, *others]
            return answer

    return hooked(parts, Volume)


@mutant(breaks=["DET-03"], strengths={"weak": 0.6, "middle": 0.3, "strong": 0.0})
def campaigns_pass_unseen(parts: Parts, seen: float) -> Parts:
    """Most campaigns score as if they were nothing."""

    class Deaf(ScoreHook):
        def answer(self, document: Document, window: Window) -> dict[str, Any]:
            answer = super().answer(document, window)
            quiet = {"e_value": 0.0, "clusters": []} if chance(document) >= seen else {}
            return answer | quiet

    return hooked(parts, Deaf)


@mutant(breaks=["DET-04"], strengths={"weak": 1.25, "middle": 1.7, "strong": 3.0})
def scores_are_too_high(parts: Parts, mean: float) -> Parts:
    """The scores of ordinary weeks exceed one on average, though none is flagged."""

    class High(ScoreHook):
        def answer(self, document: Document, window: Window) -> dict[str, Any]:
            answer = super().answer(document, window)
            return answer | {"e_value": answer["e_value"] + 2 * mean * chance(document)}

    return hooked(parts, High)


@mutant(breaks=["DET-05"], strengths={"weak": 0.1, "middle": 0.25, "strong": 1.0})
def addresses_are_clusters(parts: Parts, share: float) -> Parts:
    """In a share of windows accounts behind one address are one cluster."""

    class Addresses(ScoreHook):
        def answer(self, document: Document, window: Window) -> dict[str, Any]:
            answer = super().answer(document, window)
            taken = {name for cluster in answer["clusters"] for name in cluster["accounts"]}
            behind = defaultdict(list)
            for account in document["accounts"]:
                for link in account["links"]:
                    if link["kind"] == "address" and account["account"] not in taken:
                        behind[link["value"]].append(account["account"])
                        break
            answer["clusters"] += [
                {"accounts": sorted(set(names)), "e_value": 0.5, "kinds": ["network"]}
                for names in behind.values()
                if len(names) > 1 and chance(document) < share
            ]
            return answer

    return hooked(parts, Addresses)


@mutant(breaks=["DET-09"])
def scores_for_everybody(parts: Parts) -> Parts:
    """Any account may ask for scores, and learn how to stay below the threshold."""

    class Open(ScoreHook):
        def allowed(self, is_auditor: bool) -> bool:
            return True

    return hooked(parts, Open)


@mutant(breaks=["DET-09"])
def score_hook_wants_links(parts: Parts) -> Parts:
    """A window with an account that shares nothing is refused, though it is a valid one."""

    class Strict(ScoreHook):
        def answer(self, document: Document, window: Window) -> dict[str, Any]:
            if not all(account["links"] for account in document["accounts"]):
                raise BodyError("accounts", "every account must share something")
            return super().answer(document, window)

    return hooked(parts, Strict)
