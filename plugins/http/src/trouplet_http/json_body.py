"""JSON on the wire: compact UTF-8 out, one object in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

from trouplet.errors import InvalidResponse, RequestRejected
from trouplet_http.redaction import redact

BodyFields: TypeAlias = Mapping[str, object]
"""The fields of a JSON request body."""


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain).encode


def encode_body(body: BodyFields | bytes, *, provider: str = "") -> bytes:
    """Return ``body`` as compact UTF-8 JSON; bytes are taken as JSON that somebody has encoded already.

    A lone surrogate, which has no UTF-8 form, becomes U+FFFD.
    """
    if isinstance(body, bytes):
        return body
    try:
        text = _encode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestRejected("the request has no JSON form", provider=provider, why=str(error)) from error
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def loads(text: str | bytes) -> object:
    """Parse JSON text with orjson, and what that refuses (NaN, lone surrogates) as the standard library does.

    Integers of more than 64 bits become floats.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)


def parse_object(text: str | bytes, *, provider: str = "", status: int | None = None) -> dict[str, object]:
    """Parse one JSON object; raise ``InvalidResponse`` for anything else."""
    try:
        value = loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) or "it is nested too deeply"
    else:
        if isinstance(value, dict):
            return value
        reason = f"it is a JSON {type(value).__name__}, not an object"
    raise InvalidResponse(
        f"{provider or 'the provider'} sent an answer that is not a JSON object",
        provider=provider,
        status=status,
        why=reason,
        details={"body": _excerpt(text)},
    )


def _excerpt(text: str | bytes) -> str:
    if isinstance(text, bytes):
        text = text[:2000].decode("utf-8", "replace")
    return redact(text[:2000])[:200]
