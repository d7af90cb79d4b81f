"""The command ``drs-reference member`` as an operator uses it, and settings that are wrong."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest
from drs_reference.exchange.member.settings import SettingsError, read_settings


def test_publish_pull_revoke(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any
) -> None:
    """A draft without id, author, times and proof is published under the author's name."""
    one, other = joined(empty_hub, a), joined(empty_hub, b)
    draft = dict(signature_by(a).document)
    for name in ("id", "created_by_ref", "created", "modified"):
        del draft[name]
    (extension,) = draft["extensions"].values()
    del extension["proof"], extension["seq"]
    file = one.folder / "draft.json"
    file.write_text(json.dumps(draft))
    done = one.command("publish", str(file))
    assert done.returncode == 0, done.stderr
    id = done.stdout.split()[1].rstrip(",")
    done = other.command("pull")
    assert done.stdout.startswith("1 taken in, 0 refused, 1 in force, the log has 1")
    done = other.command("status")
    assert done.stdout.splitlines()[0] == "1 of 1 in force, the log has 1"
    assert id in done.stdout
    assert other.command("revoke", id, "--reason", "error").returncode == 1
    assert one.command("revoke", id, "--reason", "error").stdout == f"revoked {id}, version 2\n"
    with subprocess.Popen(
        other.argv("follow"), stdout=subprocess.PIPE, text=True, env=other.processes()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("1 taken in, 0 refused, 0 in force")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    secrets = (a.token, b.token, *(p.folder.joinpath("signing.key").read_text() for p in (one,)))
    assert not any(secret in done.stdout + done.stderr for secret in secrets)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hubb": {}}, "hubb is not known"),
        ({"identity": "me"}, "identity must be the id of a STIX identity"),
        ({"poll_s": 0}, "poll_s must be a whole number from 1"),
        ({"benign_file": "nowhere"}, "nowhere"),
        ({"benign_file": "few.jsonl"}, "at least 100"),
        ({"benign_file": "broken.jsonl"}, "line 1"),
        ({"signing_key_file": "open.key"}, "others may read"),
        ({"signing_key_file": "short.key"}, "32 bytes in hexadecimal"),
        ({"members": []}, "public key of signing_key_file"),
        ({"group_keys": [{"key_id": "group-1"}]}, "group_keys[0].epoch"),
        ({"hub.token_env": "NOT_SET"}, "NOT_SET"),
        ({"hub.token_env": "secret value"}, "the name of an environment variable"),
        ({"hub.log_key": "hub+00+AA=="}, "log_key"),
        ({"hub.api_root": "http://hub.example/group-1/"}, "https"),
        ({"hub.api_root": "https://hub.example/group-1"}, "slash"),
        ({"hub.collection": "x"}, "hub.collection must be a UUID"),
        ({"campaigns": {"max_action": "sue"}}, "campaigns.max_action must be one of"),
    ],
)
def test_settings_that_say_what_is_wrong(
    party: Any, a: Any, lying_hub: Any, change: dict[str, Any], said: str
) -> None:
    own = party(a, lying_hub.url, lying_hub.log_key)
    for name, content in (("open.key", "00" * 32), ("short.key", "00"), ("few.jsonl", "{}")):
        (own.folder / name).write_text(content)
        (own.folder / name).chmod(0o644 if name == "open.key" else 0o600)
    (own.folder / "few.jsonl").write_text('{"text": "hello"}\n')
    (own.folder / "broken.jsonl").write_text('{"texts": "hello"}\n')
    changes: dict[str, Any] = {}
    for name, value in change.items():
        outer, _, inner = name.partition(".")
        changes[outer] = {**own.settings["hub"], inner: value} if inner else value
    with pytest.raises(SettingsError) as caught:
        read_settings(own.write(**changes))
    assert said in str(caught.value)
    assert "00" * 32 not in str(caught.value)


def test_settings_that_are_no_settings_start_nothing(party: Any, a: Any, lying_hub: Any) -> None:
    own = party(a, lying_hub.url, lying_hub.log_key)
    own.file.write_text("{")
    done = own.command("pull")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_what_a_member_shows_holds_no_secret(party: Any, a: Any, lying_hub: Any) -> None:
    settings = read_settings(party(a, lying_hub.url, lying_hub.log_key).file)
    assert a.token not in repr(settings)
    assert not any(key.hex() in repr(settings) for key in settings.keys.values())
