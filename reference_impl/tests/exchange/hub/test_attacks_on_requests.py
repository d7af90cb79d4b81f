"""What the hub must not answer or carry out: each test is an attack on requests."""

from __future__ import annotations

import base64
import gzip
import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from drs_reference.exchange.hub.parts import MAX_CONTENT_LENGTH
from drs_reference.exchange.message_signatures import Message, sign
from drs_reference.signing import Signer

TAXII = "application/taxii+json;version=2.1"


def envelope(*objects: dict[str, Any]) -> bytes:
    return json.dumps({"objects": objects}).encode()


def absent(hub: Any, lab: Any, document: dict[str, Any]) -> bool:
    return hub.get(lab, lab.path(f"objects/{document['id']}/")).status_code == 404


def test_unsigned(hub: Any, a: Any) -> None:
    """A token alone; it may have been stolen, so it must not write."""
    document = a.signature()
    answer = hub.post(a, document, unsigned=True)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
    assert absent(hub, a, document)


def test_signed_by_another_member(hub: Any, a: Any, b: Any) -> None:
    """The token of A with the key of B; it must be 401."""
    document = a.signature()
    assert hub.post(a, document, signer=b.signer).status_code == 401
    assert hub.post(a, document, signer=Signer(bytes(32))).status_code == 401
    assert absent(hub, a, document)


def test_nonce_reuse(hub: Any, a: Any) -> None:
    """A request that was recorded is sent again, and its nonce with other content; both are 401."""
    document = a.signature()
    now = datetime.now(UTC)
    sent = {"nonce": "once-and-never-again", "created": now}
    assert hub.post(a, document, **sent).status_code == 202
    assert hub.post(a, document, **sent).status_code == 401
    other = a.signature()
    assert hub.post(a, other, nonce=sent["nonce"]).status_code == 401
    assert absent(hub, a, other)


def test_nonce_reuse_over_a_restart(start_hub: Any, tmp_path: Any, a: Any) -> None:
    """The hub stops and starts; a nonce that came before must still be 401."""
    port = str(free_port())
    first = start_hub(tmp_path, "--port", port)
    document = a.signature()
    sent = {"nonce": "once-over-a-restart", "created": datetime.now(UTC)}
    assert first.post(a, document, **sent).status_code == 202
    first.kill()
    again = start_hub(tmp_path, "--port", port)
    assert again.url == first.url
    assert again.post(a, document, **sent).status_code == 401
    assert again.stop() == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("offset", [-310, 310])
def test_stale_created(hub: Any, a: Any, offset: int) -> None:
    """A signature from more than 300 seconds ago or ahead; it must be 401."""
    document = a.signature()
    created = datetime.now(UTC) + timedelta(seconds=offset)
    assert hub.post(a, document, created=created).status_code == 401
    assert absent(hub, a, document)


@pytest.mark.parametrize("offset", [-280, 280])
def test_a_clock_that_is_off_a_little(hub: Any, a: Any, offset: int) -> None:
    created = datetime.now(UTC) + timedelta(seconds=offset)
    assert hub.post(a, a.signature(), created=created).status_code == 202


def test_content_changed_on_the_way(hub: Any, a: Any) -> None:
    """Other content under the digest and signature of the first; it must be 401."""
    sent, swapped = a.signature(), a.signature()
    message = Message("POST", hub.url + a.path(), TAXII, envelope(sent))
    headers = sign(message, a.signer, datetime.now(UTC)).headers()
    answer = hub.send(a, envelope(swapped), headers=headers)
    assert answer.status_code == 401
    assert absent(hub, a, swapped)


def test_digest_changed_with_the_content(hub: Any, a: Any) -> None:
    """As before, with a fresh digest: the signature covers it, so it must be 401."""
    sent, swapped = a.signature(), a.signature()
    stale = Message("POST", hub.url + a.path(), TAXII, envelope(sent))
    fresh = Message("POST", hub.url + a.path(), TAXII, envelope(swapped))
    now = datetime.now(UTC)
    digest = sign(fresh, a.signer, now).headers()["Content-Digest"]
    headers = {**sign(stale, a.signer, now).headers(), "Content-Digest": digest}
    assert hub.send(a, envelope(swapped), headers=headers).status_code == 401


def test_a_request_for_another_hub(hub: Any, a: Any) -> None:
    """What A signed for another hub is sent on to this one; it must be 401."""
    content = envelope(a.signature())
    message = Message("POST", "http://127.0.0.1:1" + a.path(), TAXII, content)
    headers = sign(message, a.signer, datetime.now(UTC)).headers()
    assert hub.send(a, content, headers=headers).status_code == 401
    # With the Host of that hub it is still this one.
    headers["Host"] = "127.0.0.1:1"
    assert hub.send(a, content, headers=headers).status_code == 401


def test_a_signature_that_covers_less(hub: Any, a: Any) -> None:
    """The digest is left out of what is signed, so content could be swapped; it must be 401."""
    created = int(datetime.now(UTC).timestamp())
    parameters = f';created={created};keyid="{a.signer.kid}";nonce="0123456789abcdef";alg="ed25519"'
    covered = f'("@method" "@target-uri"){parameters}'
    base = f'"@method": POST\n"@target-uri": {hub.url}{a.path()}\n"@signature-params": {covered}'
    signature = base64.b64encode(a.signer.raw(base.encode())).decode()
    headers = {"Signature-Input": f"drs={covered}", "Signature": f"drs=:{signature}:"}
    answer = hub.send(a, envelope(a.signature()), headers=headers)
    assert answer.status_code == 401
    assert "cover" in answer.json()["description"]


def test_revoked_key(start_hub: Any, tmp_path: Any, a: Any, b: Any) -> None:
    """A key is revoked while the hub runs; what it signs from then on must be refused at once."""
    hub = start_hub(tmp_path)
    before, after = a.signature(), a.signature()
    hub.published(a, before)
    revoked = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    hub.change_members(a.entry(key_revoked_at=revoked))
    assert hub.post(a, after).status_code == 401
    assert absent(hub, b, after)
    assert not absent(hub, b, before)
    # A new key signs the request, the old one the object.
    fresh = Signer(b"\x01" * 32)
    entry = a.entry(key_revoked_at=revoked)
    entry["keys"].append({**fresh.key_entry(), "valid_from": revoked})
    hub.change_members(entry)
    answer = hub.post(a, after, signer=fresh)
    assert answer.status_code == 202
    assert "which its author has not" in answer.json()["failures"][0]["message"]
    assert hub.stop() == 0


@pytest.mark.parametrize("end", ["key_valid_until", "key_revoked_at"])
def test_a_key_past_its_end(start_hub: Any, tmp_path: Any, a: Any, end: str) -> None:
    past = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hub = start_hub(tmp_path, members=[a.entry(**{end: past})])
    assert hub.post(a, a.signature()).status_code == 401


def test_a_key_before_its_time(start_hub: Any, tmp_path: Any, a: Any) -> None:
    future = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hub = start_hub(tmp_path, members=[a.entry(key_valid_from=future)])
    assert hub.post(a, a.signature()).status_code == 401


def test_a_member_that_may_not_write(start_hub: Any, tmp_path: Any, a: Any) -> None:
    hub = start_hub(tmp_path, members=[a.entry(may_write=False)])
    assert hub.post(a, a.signature()).status_code == 403
    assert hub.json(a, a.path(""))["can_write"] is False
    assert hub.objects(a) == []


def test_a_member_that_was_put_out(start_hub: Any, tmp_path: Any, a: Any, b: Any) -> None:
    """Its token ends with its entry, without a restart."""
    hub = start_hub(tmp_path)
    assert hub.get(a, "/taxii2/").status_code == 200
    hub.change_members(a.entry(token_sha256="0" * 64))
    assert hub.get(a, "/taxii2/").status_code == 401
    assert hub.get(b, "/taxii2/").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic", "Basic !", "Basic YTpi", "Digest x", "token"],
)
@pytest.mark.parametrize("path", ["/taxii2/", "/group-1/", "/nowhere/", "/"])
def test_without_a_token_nothing_is_told(hub: Any, authorization: str | None, path: str) -> None:
    """Nobody learns which paths there are without a member's token; all are 401 alike."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = hub.call(None, "GET", path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json() == hub.call(None, "GET", "/taxii2/").json()


def test_two_tokens(hub: Any, a: Any, b: Any) -> None:
    """Two fields Authorization: which of them counts is anybody's guess, so it must be 401."""
    tokens = [("Authorization", f"Bearer {lab.token}") for lab in (a, b)]
    assert httpx.get(hub.url + "/taxii2/", headers=tokens).status_code == 401


def test_a_token_as_password(hub: Any, a: Any, b: Any) -> None:
    """Clients of TAXII know Basic; the name must be that of the token's member."""
    url = hub.url + "/taxii2/"
    headers = {"Accept": TAXII}
    assert httpx.get(url, auth=(a.identity, a.token), headers=headers).status_code == 200
    assert httpx.get(url, auth=(b.identity, a.token), headers=headers).status_code == 401


def test_oversized(hub: Any, a: Any) -> None:
    """One byte above ``max_content_length`` is 413; just under and at it never is."""
    most = hub.json(a, "/group-1/")["max_content_length"]
    assert most == MAX_CONTENT_LENGTH
    start, end = b'{"objects": [', b"]}"
    for size, status in ((most - 1, 422), (most, 422), (most + 1, 413)):
        content = start + b" " * (size - len(start) - len(end)) + end
        assert len(content) == size
        assert hub.send(a, content).status_code == status
    document = a.signature()
    content = envelope(document)
    padded = content[:-1] + b" " * (most - len(content) - 1) + b"}"
    assert hub.send(a, padded).status_code == 202
    assert not absent(hub, a, document)


def test_much_too_large(hub: Any, a: Any) -> None:
    """Three times the size, in chunks without a length; it must be 413, not a broken connection."""

    def chunks() -> Any:
        for _ in range(12):
            yield b" " * (1 << 20)

    headers = {"Authorization": f"Bearer {a.token}", "Content-Type": TAXII}
    assert httpx.post(hub.url + a.path(), content=chunks(), headers=headers).status_code == 413


def test_a_bomb(hub: Any, a: Any) -> None:
    """Content with a coding is not even unpacked; it must be 415."""
    content = gzip.compress(envelope(a.signature()))
    assert hub.send(a, content, headers={"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"objects": []}',
        b'{"objects": {}}',
        b'{"objects": [1]}',
        b'{"objects": [{}]}',
        b'{"objects": [{"id": 1}]}',
        b'{"objects": [{"id": "../../etc"}]}',
        b'{"objects": [{"id": "indicator--\xff"}]}',
        b'{"objects": [{"id": "indicator--' + b"x" * 5000 + b'"}]}',
        b'{"objects": ' + b"[" * 200_000,
        b'{"objects": [' + b"9" * 100_000 + b"]}",
        b'{"objects": [' + b"1," * 1000 + b"1]}",
        b'{"objects": [NaN]}',
    ],
    ids=range(16),
)
def test_malformed_content(hub: Any, a: Any, content: bytes) -> None:
    """What is no envelope of objects must be 422 with an error message, and nothing more."""
    answer = hub.send(a, content)
    assert answer.status_code == 422
    assert answer.json()["http_status"] == "422"
    assert len(answer.content) < 1000


def test_a_quota_that_is_used_up(start_hub: Any, tmp_path: Any, a: Any, b: Any) -> None:
    """Objects beyond those of the day are 429, with the seconds to wait; refused ones count too."""
    hub = start_hub(tmp_path, members=[a.entry(objects_per_day=3)])
    hub.published(a, a.signature())
    assert hub.refusal(a, a.signature(name=""))
    answer = hub.post(a, a.signature(), a.signature())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 86400
    hub.published(a, a.signature())
    assert hub.post(a, a.signature()).status_code == 429
    hub.published(b, b.signature())
    assert len(hub.objects(b)) == 3


def test_the_log_of_the_process_tells_no_secret(hub: Any, a: Any) -> None:
    hub.get(a, f"/taxii2/?token={a.token}")
    hub.get(a, f"/{a.token}/")
    hub.published(a, a.signature(name="A name that only the group may see"))
    assert "POST /{root}/collections/{collection}/objects/ 202" in hub.log
    assert a.token not in hub.log
    assert "only the group may see" not in hub.log
