"""No spelling of a credential, anywhere in an exchange, reaches a check or the journal."""

import base64
import itertools
import json
import re

import pytest
from drs_conformance.ledger import Redactor, WireRequest
from drs_conformance.ledger.fragments import joined_texts
from hypothesis import given, settings
from hypothesis import strategies as st

CREDENTIALS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=12, max_size=40
)
NOISE = st.binary(max_size=40)
JSON_SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/"}
NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}

WRITINGS = (
    lambda c: c,
    lambda c: f"\\u{ord(c):04x}",
    lambda c: f"\\u{ord(c):04X}",
    lambda c: f"\\\\u{ord(c):04x}",
    lambda c: f"\\x{ord(c):02x}",
    lambda c: JSON_SHORT.get(c, c),
    lambda c: f"%{ord(c):02x}",
    lambda c: f"%{ord(c):02X}",
    lambda c: f"%25{ord(c):02X}",
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#{ord(c):05d};",
    lambda c: f"&#x{ord(c):x};",
    lambda c: f"&#X{ord(c):X};",
    lambda c: f"&amp;#{ord(c)};",
    lambda c: NAMED.get(c, c),
)


@st.composite
def mixtures(draw):
    """A credential and a writing of it, each character in a way of its own."""
    credential = draw(CREDENTIALS)
    ways = draw(
        st.lists(st.sampled_from(WRITINGS), min_size=len(credential), max_size=len(credential))
    )
    return credential, "".join(way(c) for way, c in zip(ways, credential, strict=True)).encode()


def hide(credential: str, data: bytes) -> bytes:
    return Redactor([(credential, "DRS_CONTROL")]).hide_bytes(data)


@settings(max_examples=150, deadline=None)
@given(mixtures(), NOISE, NOISE)
def test_any_mixture_of_writings_is_replaced_wherever_it_stands(mixture, before, after):
    credential, written = mixture
    hidden = hide(credential, before + written + after)
    assert written not in hidden
    assert b"${DRS_CONTROL}" in hidden


@settings(max_examples=100, deadline=None)
@given(CREDENTIALS, NOISE, NOISE, st.booleans())
def test_base64_of_anything_around_it_is_replaced(credential, before, after, url_safe):
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    encoded = encode(before + credential.encode() + after)
    hidden = hide(credential, b'{"a": "' + encoded + b'"}')
    assert b"${DRS_CONTROL}" in hidden
    # What is left beside the mark cannot be decoded to more than the neighbours of a character.
    rest = hidden.removeprefix(b'{"a": "').removesuffix(b'"}').split(b"${DRS_CONTROL}")
    assert sum(map(len, rest)) <= len(encode(before)) + len(encode(after)) + 4


@given(CREDENTIALS, NOISE, NOISE, st.booleans())
def test_hexadecimal_is_replaced(credential, before, after, upper):
    written = credential.encode().hex()
    written = written.upper() if upper else written
    hidden = hide(credential, before + written.encode() + after)
    assert written.encode() not in hidden
    assert b"${DRS_CONTROL}" in hidden


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_replaced(encoding):
    credential = "sk-drs-0123456789"
    assert credential.encode(encoding)[4:-4] not in hide(credential, credential.encode(encoding))


def test_text_that_only_resembles_a_credential_stays():
    text = b'{"a": "sk-drs-012345678", "b": "sk drs 0123456789", "c": "\\u0073"}'
    assert hide("sk-drs-0123456789", text) == text


def test_of_two_credentials_the_longer_is_named():
    redactor = Redactor([("sk-drs-000000", "SHORT"), ("sk-drs-000000-long", "LONG")])
    assert redactor.hide("sk-drs-000000-long sk-drs-000000") == "${LONG} ${SHORT}"


@settings(max_examples=60, deadline=None)
@given(
    mixtures(),
    st.sampled_from(("set-cookie", "proxy-authorization")),
    st.data(),
)
def test_header_fields(mixture, session_field, data):
    credential, written = mixture
    text = written.decode("ascii")
    cases = data.draw(
        st.lists(st.booleans(), min_size=len(session_field), max_size=len(session_field))
    )
    name = "".join(c.upper() if up else c for c, up in zip(session_field, cases, strict=True))
    headers = ((name, "id=1"), ("X-Echo", f"a {text} b"), (f"X-{credential}", "1"))
    hidden = Redactor([(credential, "DRS_CONTROL")]).hide_headers(headers)
    assert hidden == (
        (name, "[redacted]"),
        ("X-Echo", "a ${DRS_CONTROL} b"),
        ("X-${DRS_CONTROL}", "1"),
    )


def test_requests_lose_credentials_in_path_fields_and_body():
    redactor = Redactor([("sk-drs-0123456789", "DRS_CONTROL")])
    request = WireRequest(
        "POST",
        "/v1/x?key=sk%2Ddrs-0123456789",
        None,
        (("X-Key", "sk-drs-0123456789"),),
        b'{"key": "sk-drs-\\u0030123456789"}',
    )
    hidden = redactor.hide_request(request)
    assert hidden.path == "/v1/x?key=${DRS_CONTROL}"
    assert hidden.headers == (("X-Key", "${DRS_CONTROL}"),)
    assert hidden.body == b'{"key": "${DRS_CONTROL}"}'


@st.composite
def pieces(draw):
    credential = draw(CREDENTIALS)
    cuts = draw(st.sets(st.integers(1, len(credential) - 1), min_size=1, max_size=6))
    edges = [0, *sorted(cuts), len(credential)]
    return credential, [credential[a:b] for a, b in itertools.pairwise(edges)]


def sse(events):
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def delta(text, index=0):
    return {"id": "c-1", "choices": [{"index": index, "delta": {"content": text}}]}


def token(text):
    others = [{"token": other, "logprob": -3.0, "bytes": None} for other in ("foo", "bar")]
    return {"token": text, "logprob": -1.0, "bytes": list(text.encode()), "top_logprobs": others}


SHAPES = {
    "stream": lambda parts: sse(map(delta, parts)),
    "two choices, interleaved": lambda parts: sse(
        event for part in parts for event in (delta("other", 0), delta(part, 1))
    ),
    "tokens": lambda parts: json.dumps(
        {"choices": [{"index": 0, "logprobs": {"content": [*map(token, parts)]}}]}
    ),
    "tokens of a stream": lambda parts: sse(
        {"choices": [{"index": 1, "logprobs": {"content": [token(part)]}}]} for part in parts
    ),
    "bytes of tokens": lambda parts: json.dumps(
        {"content": [{"token": "?", "bytes": [*part.encode()]} for part in parts]}
    ),
    "members": lambda parts: json.dumps({f"part-{n}": part for n, part in enumerate(parts)}),
    "JSON lines": lambda parts: "\n".join(json.dumps({"response": part}) for part in parts),
    "cut off": lambda parts: json.dumps({"items": parts})[:-2],
    "plain data": lambda parts: "".join(f"data: {part}\n\n" for part in parts),
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25, deadline=None)
@given(pieces())
def test_a_credential_in_pieces_withholds_the_body(shape, parts):
    credential, fragments = parts
    body = SHAPES[shape](fragments).encode()
    hidden = Redactor([(credential, "DRS_CONTROL")]).hide_body(body)
    if not hidden.withheld:
        # A credential with quotes in it may be spelled by a piece and the JSON around it.
        assert '"' in credential
        assert b"${DRS_CONTROL}" in hidden.body
        return
    note = json.loads(hidden.body)
    assert set(note) == {"withheld", "sha256", "bytes"}
    assert re.fullmatch("[0-9a-f]{64}", note["sha256"])
    assert note["bytes"] == len(body)


@given(st.binary(max_size=300))
def test_bodies_without_credentials_are_left_alone(body):
    hidden = Redactor([("sk-drs-0123456789", "DRS_CONTROL")]).hide_body(body)
    assert hidden.body == body
    assert not hidden.withheld


@settings(max_examples=200)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=12,
    )
)
def test_joining_takes_any_json(value):
    for text in joined_texts(json.dumps(value).encode()):
        assert isinstance(text, str)
