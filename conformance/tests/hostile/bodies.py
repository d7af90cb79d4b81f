"""Bodies that are no JSON, or JSON that readers disagree about or choke on."""

from __future__ import annotations

import gzip
import zlib

from raw_server import Answer, Answers

response = Answers.response
PAGE = b"<html><body><h1>It works!</h1></body></html>"
# Just below the four megabytes at which a body is cut off.
MOST = 4_190_000


def _encoded(body: bytes, coding: str) -> Answer:
    return response(body, headers=(("Content-Encoding", coding),))


BODIES: dict[str, Answer] = {
    "truncated JSON": response(b'{"drs_version": "0.1", "choices": [{"index"'),
    "a page": response(PAGE, 200, media_type="text/html"),
    "a page as JSON": response(PAGE),
    "a page with 403": response(PAGE, 403, media_type="text/html"),
    "nothing with 200": response(b""),
    "null": response(b"null"),
    "a list": response(b"[]"),
    "an empty object": response(b"{}"),
    "deep JSON": response(b"[" * 50_000 + b"]" * 50_000),
    "deep objects": response(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "huge JSON": response(b'"' + b"x" * 6_000_000 + b'"'),
    "a string of four megabytes": response(b'"' + b"x" * MOST + b'"'),
    "a list of a million": response(b"[" + b"{}," * (MOST // 3) + b"{}]"),
    "an object of a million": response(
        b"{" + b",".join(b'"%06x":0' % n for n in range(MOST // 11)) + b"}"
    ),
    "a list of almost too many": response(b"[" + b'{"":[]},' * 66_000 + b"{}]"),
    "a text of a million commas": response(b'{"name": "' + b"[,{" * 1_000_000 + b'"}'),
    "a number of four megabytes": response(b"9" * MOST),
    "a number of 9,000 digits": response(b'{"drs_version": ' + b"9" * 9000 + b"}"),
    "four megabytes of escapes": response(b'"' + rb"\u0041" * (MOST // 6) + b'"'),
    "four megabytes of spaces": response(b" " * MOST),
    "four megabytes of base64": response(b'"' + b"QUJD" * (MOST // 4) + b'"'),
    "1e999": response(b'{"drs_version": 1e999}'),
    "invalid UTF-8": response(b'{"drs_version": "\xff\xfe"}'),
    "half a surrogate": response(rb'{"drs_version": "\ud800"}'),
    "UTF-16": response('{"drs_version": "0.1"}'.encode("utf-16")),
    "a byte order mark": response(b"\xef\xbb\xbf{}"),
    "a charset that lies": response(
        b'{"name": "\xe9"}', media_type="application/json; charset=latin-1"
    ),
    "an unknown charset": response(b"{}", media_type="application/json; charset=klingon"),
    "no media type that parses": response(b"{}", media_type='a/b/c; ";;=='),
    "a member twice": response(b'{"drs_version": "0.1", "drs_version": "0.2"}'),
    "NaN": response(b'{"drs_version": NaN, "choices": NaN}'),
    "gzip unasked": _encoded(gzip.compress(b"{}"), "gzip"),
    "a gzip bomb": _encoded(gzip.compress(b" " * 200_000_000, 1), "gzip"),
    "a gzip bomb in a gzip bomb": _encoded(
        gzip.compress(gzip.compress(b"\0" * 100_000_000, 9), 9), "gzip, gzip"
    ),
    "a deflate bomb called identity": _encoded(zlib.compress(b" " * 100_000_000, 1), "identity"),
    "an unknown coding": _encoded(b"{}", "compress, br, zstd"),
}
