"""What is sent, and what the tests answer, in the eyes of Ollama's own SDK."""

import base64

from pydantic import BaseModel

from trouplet.messages import (
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from trouplet.model_io import ToolSchema
from trouplet_ollama import OllamaEmbedding

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
VALIDATE = """
import json, sys, ollama._types as types
given = json.load(sys.stdin)
kind = getattr(types, given["kind"])
read = [kind.model_validate(one) for one in given["values"]]
print(json.dumps([one.model_dump(exclude_none=True, by_alias=True) for one in read]))
"""


class Spot(BaseModel):
    x: int


async def test_the_sdk_reads_a_request_with_everything_as_it_was_meant(peer, model, ask, end, sdk):
    calls = [ThinkingBlock("Hm.", {"ollama": {}}), ToolUseBlock("c1", "look", {"at": "a"}, '{"at": "a"}')]
    history = [
        Msg("system", "Be kind.", "system"),
        Msg("Ann", [TextBlock("What is this?"), ImageBlock(Base64Source("image/png", PNG))]),
        Msg("Friday", calls, "assistant"),
        Msg("Friday", ToolResultBlock("c1", "look", (TextBlock("A cup."),)), "tool"),
        Msg("Ann", "Thanks."),
    ]
    parameters = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}
    peer.answers([end])
    one = model(temperature=0.5, thinking="low", keep_alive="5m", logprobs=True, top_logprobs=2, stop=["END"])
    request = {"tools": [ToolSchema("look", "Look.", parameters)], "output_schema": Spot.model_json_schema()}
    await ask(one, messages=history, **request)
    body = peer.body
    (read,) = sdk(VALIDATE, {"kind": "ChatRequest", "values": [body]})
    assert {**read, "messages": None} == {**body, "messages": None}
    assert [message["role"] for message in read["messages"]] == ["system", "user", "assistant", "tool", "user"]
    (asked, called, result) = read["messages"][1:4]
    assert base64.b64decode(asked["images"][0]).startswith(b"\x89PNG")
    assert called["thinking"] == "Hm."
    assert called["tool_calls"][0]["function"] == {"index": 0, "name": "look", "arguments": {"at": "a"}}
    assert (result["tool_name"], result["content"]) == ("look", "A cup.")
    # Its message type takes an image only as an object of its own, and its request any mapping for a message.
    texts = [{name: value for name, value in message.items() if name != "images"} for message in body["messages"]]
    messages = sdk(VALIDATE, {"kind": "Message", "values": texts})
    assert [message["content"] for message in messages] == ["Be kind.", "What is this?", "", "A cup.", "Thanks."]
    assert messages[2]["tool_calls"] == [{"function": {"name": "look", "arguments": {"at": "a"}}}]


async def test_the_sdk_reads_the_request_for_embeddings(peer, sdk):
    peer.answers({"embeddings": [[0.5, 0.5]]})
    embedding = OllamaEmbedding("e", base_url=peer.url, dimensions=2, keep_alive=60, options={"num_ctx": 512})
    await embedding.embed(["a"])
    await embedding.aclose()
    (read,) = sdk(VALIDATE, {"kind": "EmbedRequest", "values": peer.bodies})
    assert read == peer.bodies[0]


def test_the_sdk_takes_the_answers_of_these_tests_for_ollamas(line, end, sdk):
    call = {"id": "c1", "function": {"index": 0, "name": "look", "arguments": {"at": "a"}}}
    tokens = [{"token": "H", "logprob": -0.1}]
    answers = [line(content="Hi", logprobs=tokens), line(thinking="Hm."), line(tool_calls=[call]), end]
    read = sdk(VALIDATE, {"kind": "ChatResponse", "values": answers})
    assert [one["done"] for one in read] == [False, False, False, True]
    assert read[0]["logprobs"] == tokens
    assert read[1]["message"]["thinking"] == "Hm."
    assert read[2]["message"]["tool_calls"][0]["function"]["arguments"] == {"at": "a"}
    assert (read[3]["prompt_eval_count"], read[3]["eval_count"], read[3]["done_reason"]) == (12, 6, "stop")
