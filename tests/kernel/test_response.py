import time

import pytest

from trouplet.errors import InvalidArguments
from trouplet.messages import TextBlock, ThinkingBlock, ToolUseBlock
from trouplet.model_io import Finish, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.response import ResponseBuilder, parse_arguments


def built(*chunks):
    builder = ResponseBuilder()
    for chunk in chunks:
        builder.add(chunk)
    return builder


def test_pieces_of_one_kind_make_one_block() -> None:
    builder = built(ThinkingChunk("h"), ThinkingChunk("m"), TextChunk("Hel"), TextChunk("lo"), Finish())
    assert builder.response().content == (ThinkingBlock("hm"), TextBlock("Hello"))


def test_a_signature_ends_its_block() -> None:
    builder = built(ThinkingChunk("a"), ThinkingChunk("", {"x": "sig"}), ThinkingChunk("b"), Finish())
    assert builder.response().content == (ThinkingBlock("a", {"x": "sig"}), ThinkingBlock("b"))


def test_interleaved_calls_are_put_together_by_index() -> None:
    builder = built(
        ToolCallChunk(0, '{"a"', "one", "add"),
        ToolCallChunk(1, '{"b":', "two", "sub"),
        ToolCallChunk(0, ":1}"),
        ToolCallChunk(1, "2}"),
        Finish("tool_calls"),
    )
    one, two = builder.response().content
    assert one == ToolUseBlock("one", "add", {"a": 1}, '{"a":1}')
    assert two == ToolUseBlock("two", "sub", {"b": 2}, '{"b":2}')


def test_what_broke_off_keeps_its_text_and_drops_its_calls() -> None:
    builder = built(TextChunk("part"), ToolCallChunk(0, '{"a":1}', "one", "add"))
    assert builder.finish is None
    assert builder.blocks(calls=False) == (TextBlock("part"),)
    assert builder.text == "part"


def test_empty_pieces_make_no_block() -> None:
    assert built(TextChunk(""), Finish()).response().content == ()


@pytest.mark.parametrize(
    "text",
    [
        "{", '{"a": 1', "[1]", '"a"', "1", "null", "{'a': 1}", '{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}',
        '{"a": 1} {"b": 2}', '{"a": 1,}', "{a: 1}", '{"a": "\\ud800"}', '{"a": "\n"}', "\x00", "[" * 100_000,
        '{"a":' * 100_000, '{"a": ' + "9" * 5000 + "}", '```json\n{"a": 1}\n```', "<tool_call>", "True",
        '{"a": 1e999}', "﻿{}", "{}}",
    ],
)  # fmt: skip
def test_arguments_that_are_not_one_strict_json_object_are_refused(text: str) -> None:
    with pytest.raises(InvalidArguments):
        parse_arguments(text)


def test_no_arguments_at_all_mean_none() -> None:
    assert parse_arguments("") == parse_arguments("{}") == parse_arguments(" {} ") == {}


def test_arguments_keep_every_character() -> None:
    assert parse_arguments('{"a": "\\u00e9\\ud83d\\ude00 \\u0000"}') == {"a": "é😀 \x00"}


def test_folding_costs_time_linear_in_the_chunks() -> None:
    def cost(count: int) -> float:
        chunks = [TextChunk("token ") for _ in range(count)]
        began = time.process_time()
        built(*chunks, Finish()).response()
        return time.process_time() - began

    cost(1000)
    assert min(cost(80_000) for _ in range(3)) < 12 * min(cost(20_000) for _ in range(3))
