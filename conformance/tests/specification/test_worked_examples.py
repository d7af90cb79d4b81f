"""The numbers of the worked examples, computed again from what stands beside them."""

import base64
import hashlib
import hmac
import json
import re
import unicodedata

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from drs_conformance.specification.location import spec_folder
from drs_conformance.specification.schemas import problems

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def examples():
    text = (spec_folder() / "20-annex-worked-examples.md").read_text("utf-8")
    found = re.findall(r"^## (.+?)\n(?:(?!^## )[\s\S])*?^```json\n([\s\S]*?)^```", text, re.M)
    return {title: json.loads(body) for title, body in found}


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def fingerprints(text: str, k: int, w: int) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split()
    grams = [" ".join(words[at : at + k]) for at in range(len(words) - k + 1)]
    hashes = [hashlib.blake2b(gram.encode(), key=KEY, digest_size=8).digest() for gram in grams]
    windows = [hashes[at : at + w] for at in range(max(1, len(hashes) - w + 1))]
    return sorted({min(window).hex() for window in windows if window})


def test_each_example_with_numbers_is_here(examples):
    assert set(examples) == {
        "What is signed",
        "Fingerprints of a prompt",
        "Selectors",
        "The first audit record",
    }


def test_the_signature_covers_the_encoding(examples):
    example = examples["What is signed"]
    payload, kind = rfc8785.dumps(example["document"]), example["payload_type"].encode()
    encoding = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    assert example["encoding"].encode() == encoding
    key = Ed25519PrivateKey.from_private_bytes(KEY)
    assert example["signature"] == unpadded(key.sign(encoding))
    public = base64.urlsafe_b64decode(example["public_key"] + "=")
    Ed25519PublicKey.from_public_bytes(public).verify(key.sign(encoding), encoding)


def test_fingerprints_are_those_of_the_texts(examples):
    example = examples["Fingerprints of a prompt"]
    for side in ("signature", "request"):
        found = fingerprints(example[side]["text"], example["k"], example["w"])
        assert example[side]["fingerprints"] == found
    signature, request = (set(example[side]["fingerprints"]) for side in ("signature", "request"))
    assert example["containment"] == len(signature & request) / len(signature)


def test_selectors_are_keyed_digests(examples):
    for example in examples["Selectors"]:
        message = f"{example['kind']}\0{example['value']}".encode()
        assert example["selector"] == unpadded(hmac.digest(KEY, message, "sha256"))


def test_the_audit_record_is_valid_and_chained(examples):
    record = examples["The first audit record"]
    assert problems("audit-record", record) == []
    chained = record["previous"].encode() + b"\n" + rfc8785.dumps(record["entry"])
    assert record["digest"] == f"sha256:{hashlib.sha256(chained).hexdigest()}"
