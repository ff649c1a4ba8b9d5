"""Whatever JSON a server sends, the outcome is an answer or a typed error, and nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trouplet.errors import ModelError
from trouplet.model_io import Finish
from trouplet_completions.answer import Answer
from trouplet_completions.completion_stream import CompletionStream
from trouplet_completions.provider_errors import describe_error
from trouplet_http import ServerSentEvent, read_answer

KEYS = [
    "choices",
    "delta",
    "message",
    "content",
    "reasoning_content",
    "reasoning_details",
    "tool_calls",
    "function_call",
    "function",
    "name",
    "arguments",
    "index",
    "id",
    "error",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "prompt_tokens_details",
    "cached_tokens",
    "finish_reason",
    "logprobs",
    "refusal",
    "type",
    "text",
    "thinking",
    "code",
    "object",
    "audio",
    "data",
    "transcript",
    "extra_content",
    "detail",
    "msg",
    "loc",
]
LEAVES = (
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats(allow_nan=False) | st.sampled_from(["", "a", "stop"])
)


def objects(values):
    return st.dictionaries(st.sampled_from(KEYS), values, max_size=4)


JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | objects(inner), max_leaves=12)


def chunk(delta, finish):
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


CHUNKS = JSON | st.builds(chunk, objects(JSON), st.sampled_from([None, "stop", "tool_calls", 3]))


async def outcome(texts):
    async def open_stream():
        async def batches():
            yield [ServerSentEvent(text) for text in texts]

        return batches()

    try:
        return [made async for made in read_answer(open_stream, CompletionStream("acme"))]
    except ModelError as error:
        return error


@settings(max_examples=150, deadline=None)
@given(st.lists(CHUNKS, max_size=4), st.booleans())
async def test_any_stream_ends_in_a_finish_or_in_a_typed_error(chunks, done):
    made = await outcome([json.dumps(one) for one in chunks] + (["[DONE]"] if done else []))
    assert isinstance(made, ModelError) or isinstance(made[-1], Finish)


@settings(max_examples=150, deadline=None)
@given(
    st.builds(lambda message, finish: {"choices": [{"message": message, "finish_reason": finish}]}, JSON, JSON) | JSON
)
def test_any_whole_answer_ends_in_a_finish_or_in_a_typed_error(body):
    if not isinstance(body, dict):
        return
    try:
        made = Answer("acme").add_whole(body)
    except ModelError:
        return
    assert isinstance(made[-1], Finish)


@settings(max_examples=150, deadline=None)
@given(objects(JSON))
def test_any_error_body_can_be_described(body):
    assert isinstance(describe_error(400, body), str)


DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP,
        '{"a":' * DEEP,
        '{"choices":[{"delta":{"content":' + "[" * 900 + "]" * 900 + "}}]}",
        '{"choices":[{"delta":{"content":[' + '{"thinking":[' * 400 + "]}" * 400 + "]}}]}",
        '{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":'
        + "[" * 900
        + "]" * 900
        + '}}]},"finish_reason":"tool_calls"}]}',
        '{"error":' + '{"message":' * 400 + "1" + "}" * 401,
        '{"choices":[{"delta":{"content":' + "9" * 5_000 + "}}]}",
        '{"choices":[{"delta":{"content":NaN}}]}',
        '{"choices":[{"delta":{"content":"\\ud800"}}]}',
    ],
    ids=lambda text: text[:40],
)
async def test_hostile_nesting_and_numbers_are_typed_errors(text):
    made = await outcome([text])
    assert isinstance(made, ModelError) or isinstance(made[-1], Finish)
