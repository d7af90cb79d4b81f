"""Checkpoints as signed notes, and what somebody on the way could change."""

from __future__ import annotations

import base64

import pytest
from drs_reference.exchange.log.checkpoint import (
    Checkpoint,
    CheckpointError,
    LogKey,
    opened,
    signed,
)
from drs_reference.exchange.log.merkle import EMPTY
from drs_reference.signing import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

SIGNER = Signer(bytes(range(32)))
ORIGIN = "hub.example/group-1"
KEY = LogKey.of(ORIGIN, SIGNER)
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = signed(CHECKPOINT, SIGNER)


def test_a_checkpoint_is_the_note_that_others_read() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "7", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert opened(NOTE, KEY) == CHECKPOINT


def test_a_key_is_written_and_read() -> None:
    assert LogKey.parse(str(KEY)) == KEY
    name, key_id, encoded = str(KEY).split("+", 2)
    assert (name, len(key_id), encoded[:2]) == (ORIGIN, 8, "AQ")


@pytest.mark.parametrize(
    "text",
    ["", "name", "name+00000000+AQ==", str(KEY).replace("hub", "hob"), str(KEY)[:-4], "+x+AQ=="],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        LogKey.parse(text)


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_every_checkpoint_is_read_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert opened(signed(checkpoint, SIGNER), KEY) == checkpoint


def test_a_witness_may_sign_beside_the_log() -> None:
    witness = Signer(bytes(32))
    line = signed(Checkpoint("witness.example", 7, CHECKPOINT.root), witness).split("\n")[4]
    assert opened(f"{NOTE}{line}\n", KEY) == CHECKPOINT


def test_a_larger_size_under_the_old_signature() -> None:
    """Somebody on the way raises the size; the note must be refused."""
    with pytest.raises(CheckpointError, match="does not fit"):
        opened(NOTE.replace("\n7\n", "\n8\n"), KEY)


def test_another_root_under_the_old_signature() -> None:
    with pytest.raises(CheckpointError, match="does not fit"):
        opened(NOTE.replace("AAEC", "AAED"), KEY)


def test_a_checkpoint_of_another_log() -> None:
    """The hub answers with the checkpoint of another group; it must not be taken for this one's."""
    other = signed(Checkpoint("hub.example/group-2", 9, EMPTY), SIGNER)
    with pytest.raises(CheckpointError, match="not signed by"):
        opened(other, KEY)


def test_a_checkpoint_by_another_key_of_the_same_name() -> None:
    with pytest.raises(CheckpointError, match="not signed by"):
        opened(signed(CHECKPOINT, Signer(bytes(32))), KEY)


def test_a_second_signature_that_does_not_fit() -> None:
    """A signature of the log that fits does not excuse one that does not."""
    forged = signed(Checkpoint(ORIGIN, 8, EMPTY), SIGNER).split("\n")[4]
    with pytest.raises(CheckpointError, match="does not fit"):
        opened(f"{NOTE}{forged}\n", KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n07\nAAAA\n\n— x AAAA\n",
        NOTE[:-1],
        NOTE.replace("—", "-"),
        NOTE.replace("\n7\n", "\n7\r\n"),
        NOTE + "x" * (64 << 10),
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        opened(text, KEY)


@pytest.mark.parametrize("text", [f"{ORIGIN}\n+7\n", f"{ORIGIN}\n7\nAAAA\n", "elsewhere\n7\n"])
def test_what_the_log_signed_must_be_a_checkpoint(text: str) -> None:
    """Even a true signature makes no checkpoint of another text."""
    signature = base64.b64encode(KEY.key_id + SIGNER.raw(text.encode())).decode()
    with pytest.raises(CheckpointError):
        opened(f"{text}\n— {ORIGIN} {signature}\n", KEY)
