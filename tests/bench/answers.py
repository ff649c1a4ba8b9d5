"""The mock server's HTTP responses: whole and streamed forms of each answer of a Chat Completions endpoint."""

from __future__ import annotations

import json

ANSWER = "Hello! How can I help you today?"
TOOL_NAME = "get_weather"
TOOL_ARGUMENTS = '{"city":"Paris","unit":"celsius"}'
TOKEN = " word"

_HTTP_CHUNK_BYTES = 16 * 1024
_USAGE = {
    "prompt_tokens": 19,
    "completion_tokens": 10,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


def whole_text(text: str = ANSWER) -> bytes:
    """A response that holds the answer in one piece."""
    return _whole({"role": "assistant", "content": text, "refusal": None, "annotations": []}, "stop")


def whole_calls(number: int, round_: int) -> bytes:
    """A response that calls the tool ``number`` times."""
    calls = [_call(round_, index) for index in range(number)]
    return _whole({"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}, "tool_calls")


def streamed_text(pieces: list[str], *, one_http_chunk_per_event: bool = False) -> bytes:
    """A response that streams the answer, one event per piece."""
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": piece} for piece in pieces]
    return _streamed(deltas, "stop", one_http_chunk_per_event=one_http_chunk_per_event)


def streamed_calls(number: int, round_: int) -> bytes:
    """A response that streams ``number`` calls of the tool, each in three events."""
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": None}]
    half = len(TOOL_ARGUMENTS) // 2
    for index in range(number):
        opening = {**_call(round_, index), "index": index}
        opening["function"] = {"name": TOOL_NAME, "arguments": ""}
        deltas.append({"tool_calls": [opening]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": part}}]}
            for part in (TOOL_ARGUMENTS[:half], TOOL_ARGUMENTS[half:])
        ]
    return _streamed(deltas, "tool_calls")


def plain(body: bytes, content_type: str = "application/json") -> bytes:
    """A response with this body."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _call(round_: int, index: int) -> dict[str, object]:
    return {
        "id": f"call_{round_}_{index}",
        "type": "function",
        "function": {"name": TOOL_NAME, "arguments": TOOL_ARGUMENTS},
    }


def _whole(message: dict[str, object], finish_reason: str) -> bytes:
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    return plain(_dump({**_envelope("chat.completion"), "choices": [choice], "usage": _USAGE}))


def _streamed(deltas: list[dict[str, object]], finish_reason: str, *, one_http_chunk_per_event: bool = False) -> bytes:
    envelope = _envelope("chat.completion.chunk")
    choices: list[list[object]] = [
        [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}] for delta in deltas
    ]
    choices.append([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish_reason}])
    events = [b"data: " + _dump({**envelope, "choices": choice, "usage": None}) + b"\n\n" for choice in choices]
    events.append(b"data: " + _dump({**envelope, "choices": [], "usage": _USAGE}) + b"\n\n")
    events.append(b"data: [DONE]\n\n")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = events if one_http_chunk_per_event else _cut(b"".join(events))
    return head + b"".join([b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]) + b"0\r\n\r\n"


def _cut(body: bytes) -> list[bytes]:
    return [body[start : start + _HTTP_CHUNK_BYTES] for start in range(0, len(body), _HTTP_CHUNK_BYTES)]


def _envelope(kind: str) -> dict[str, object]:
    return {
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "object": kind,
        "created": 1760000000,
        "model": "gpt-5-mini",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
    }


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
