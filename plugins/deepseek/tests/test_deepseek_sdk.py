"""What is sent, and what the tests answer, in the eyes of the SDK that DeepSeek's documentation uses."""

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
VALIDATE = """
import json, sys
from pydantic import TypeAdapter
from openai.types.chat import (
    ChatCompletionChunk, ChatCompletionContentPartParam, ChatCompletionMessageParam,
    ChatCompletionMessageToolCallUnionParam, ChatCompletionToolUnionParam,
)
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
given = json.load(sys.stdin)
body = given["body"]
messages = TypeAdapter(list[ChatCompletionMessageParam]).validate_python(body["messages"])
roles = [message["role"] for message in messages]
for message in body["messages"]:  # the SDK says Iterable, which pydantic leaves unread
    if isinstance(message["content"], list):
        TypeAdapter(list[ChatCompletionContentPartParam]).validate_python(message["content"])
    TypeAdapter(list[ChatCompletionMessageToolCallUnionParam]).validate_python(message.get("tool_calls", []))
tools = TypeAdapter(list[ChatCompletionToolUnionParam]).validate_python(body.get("tools", []))
TypeAdapter(CompletionCreateParamsStreaming).validate_python(body)
chunks = [ChatCompletionChunk.model_validate(chunk, strict=True) for chunk in given["chunks"]]
told = [chunk.choices[0].delta.model_extra.get("reasoning_content") for chunk in chunks]
print(json.dumps({"roles": roles, "tools": [tool["function"]["name"] for tool in tools], "reasoning": told}))
"""


@pytest.mark.parametrize("thinking", [False, "high"])
async def test_the_sdk_accepts_a_request_with_everything_and_reads_the_answer(peer, model, ask, delta, sdk, thinking):
    call = ToolUseBlock("c1", "look", {"at": "a"}, '{"at": "a"}')
    history = [
        Msg("system", "Be kind.", "system"),
        Msg("Ann", [TextBlock("What is this?"), ImageBlock(Base64Source("image/png", PNG))]),
        Msg("Friday", [ThinkingBlock("Hm."), call], "assistant"),
        Msg("Friday", ToolResultBlock("c1", "look", (TextBlock("A cup."),)), "tool"),
        Msg("Ann", "Thanks."),
    ]
    chunks = [delta(role="assistant", reasoning_content=""), delta(reasoning_content="Hm."), delta("stop", content="")]
    peer.answers(chunks)
    tool = ToolSchema("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
    one = model(thinking=thinking, temperature=0.5, max_tokens=99, stop=["END"], logprobs=True, top_logprobs=2)
    await ask(one, messages=history, tools=[tool], tool_choice="none")
    read = sdk(VALIDATE, {"body": peer.body, "chunks": chunks})
    assert read["roles"] == ["system", "user", "assistant", "tool", "user"]
    assert read["tools"] == ["look"]
    assert read["reasoning"] == ["", "Hm.", None]
