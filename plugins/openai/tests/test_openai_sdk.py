"""What is sent, judged by the types of OpenAI's own SDK: no field that it does not know, none that it misses."""

import base64

import pytest

from trouplet.conversation import MultiAgentFormatter
from trouplet.messages import (
    AudioBlock,
    Base64Source,
    ImageBlock,
    Msg,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    URLSource,
)
from trouplet.model_io import CAPABILITIES, ModelInfo, ToolSchema
from trouplet_completions import FIELDS
from trouplet_openai import (
    OpenAIChatFormatter,
    OpenAIChatModel,
    OpenAIEmbedding,
    OpenAIResponsesFormatter,
    OpenAIResponsesModel,
    OpenAITokenCounter,
)
from trouplet_openai.responses_body import FIELDS as RESPONSES_FIELDS

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
IMAGE = ImageBlock(Base64Source("image/png", base64.b64encode(PIXEL).decode()))
LINK = ImageBlock(URLSource("https://x.example/a.png"))
SOUND = AudioBlock(Base64Source("audio/wav", base64.b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()))
LOOK = ToolSchema("look", "Look around.", {"type": "object", "properties": {}})
BREW = ToolSchema("brew", "", {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]})
SCHEMA = {"title": "Tea", "type": "object", "properties": {"kind": {"type": "string", "default": "green"}}}
LOOSE = {"type": "object", "additionalProperties": {"type": "string"}}
KEPT = {"openai": {"reasoning": {"id": "rs_1", "encrypted_content": "gAAAAA"}}}

SYSTEM = Msg("system", "You make tea.", "system")
ASKED = Msg("Ann Lee", "Is there water?")
HISTORY = [
    SYSTEM,
    ASKED,
    Msg(
        "Friday",
        [
            ThinkingBlock("Both at once.", KEPT),
            TextBlock("A moment.", {"openai": {"phase": "commentary"}}),
            ToolUseBlock("call_1", "look", {}),
            ToolUseBlock("call_2", "brew", {"kind": "green"}, '{"kind": "green"}'),
            ToolUseBlock("call_3", "brew", {}, '{"kind": '),
        ],
        "assistant",
    ),
    Msg(
        "Friday",
        [
            ToolResultBlock("call_1", "look", (TextBlock("This:"), IMAGE)),
            ToolResultBlock("call_2", "brew", (TextBlock("No fire."),), "error"),
            ToolResultBlock("call_3", "brew", (), "error"),
        ],
        "tool",
    ),
    Msg("Friday", [ThinkingBlock("Alone."), TextBlock("There is no fire.")], "assistant"),
    Msg("Ann Lee", "Then light one."),
]
REQUESTS = {
    "plain text": {},
    "a system prompt and names": {"messages": [SYSTEM, ASKED, Msg("Bob", "And cups?")]},
    "images, here and elsewhere": {"messages": [Msg("Ann", [TextBlock("See:"), IMAGE, LINK])]},
    "audio": {"messages": [Msg("Ann", [TextBlock("Hear:"), SOUND])]},
    "tools": {"tools": [LOOK, BREW], "tool_choice": "auto"},
    "a tool that has to be called": {"tools": [LOOK, BREW], "tool_choice": "required"},
    "a tool of a name": {"tools": [LOOK, BREW], "tool_choice": "brew", "options": {"parallel_tool_calls": False}},
    "a strict schema": {"output_schema": SCHEMA},
    "a schema that cannot be strict, beside tools": {"output_schema": LOOSE, "tools": [LOOK]},
    "a history with reasoning, parallel calls and errors": {"messages": HISTORY, "tools": [LOOK, BREW]},
    "options": {
        "options": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 9, "stop": ["END"], "verbosity": "low"}
        | {"metadata": {"a": "b"}, "service_tier": "flex", "store": True, "safety_identifier": "u", "top_logprobs": 2}
    },
    "thinking": {"options": {"thinking": "high"}},
    "no thinking": {"options": {"thinking": False}},
}
OF_RESPONSES = {
    "allowed tools": {"tools": [LOOK, BREW], "options": {"allowed_tools": ["look"]}, "tool_choice": "required"},
    "reasoning in words": {"options": {"reasoning_effort": "low", "reasoning_summary": "detailed"}},
}


@pytest.fixture
async def judged(peer, ask, sdk):
    """Sends a request with a model and returns the SDK's complaints about what arrived."""
    made = []

    async def judge(model_class, kind, answer, *, stream=True, **request):
        peer.answers(answer)
        info = ModelInfo("openai", "gpt-6-sol", CAPABILITIES)
        made.append(model_class("gpt-6-sol", base_url=peer.url, info=info, stream=stream))
        await ask(made[-1], **request)
        return sdk(kind if stream else f"{kind} whole", peer.bodies[-1])

    yield judge
    for one in made:
        await one.aclose()


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("chat", {"messages": [{"role": "user", "content": "Hi", "mood": "good"}]}),
        ("chat", {"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "x"}}]}]}),
        ("responses", {"input": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}),
        ("responses", {"input": [{"type": "function_call", "call_id": "c", "name": "look"}]}),
    ],
)
def test_the_judge_finds_what_the_sdk_does_not_know(sdk, kind, fault):
    assert sdk(kind, {"model": "m", "stream": True, **fault}) != []


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests_to_chat_completions_are_of_the_sdks_types(judged, completion, name):
    assert await judged(OpenAIChatModel, "chat", completion, **REQUESTS[name]) == []


@pytest.mark.parametrize("name", REQUESTS | OF_RESPONSES)
async def test_requests_to_the_responses_api_are_of_the_sdks_types(judged, name):
    completed = [{"type": "response.completed", "response": {"status": "completed", "output": []}}]
    assert await judged(OpenAIResponsesModel, "responses", completed, **(REQUESTS | OF_RESPONSES)[name]) == []


async def test_requests_for_whole_answers_are_of_the_sdks_types(judged):
    message = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert await judged(OpenAIChatModel, "chat", message, stream=False, messages=HISTORY) == []
    completed = {"status": "completed", "output": []}
    assert await judged(OpenAIResponsesModel, "responses", completed, stream=False, messages=HISTORY) == []


@pytest.mark.parametrize("formatter", [OpenAIChatFormatter(), OpenAIResponsesFormatter(image_detail="high")])
async def test_conversations_of_several_agents_are_of_the_sdks_types(sdk, formatter):
    kind, field = ("responses", "input") if isinstance(formatter, OpenAIResponsesFormatter) else ("chat", "messages")
    wire = await MultiAgentFormatter(formatter).format([*HISTORY, Msg("Bob", [TextBlock("Look:"), IMAGE])])
    assert sdk(kind, {"model": "m", "stream": True, field: wire}) == []


@pytest.mark.parametrize("dimensions", [None, 256])
async def test_requests_for_embeddings_are_of_the_sdks_types(peer, sdk, dimensions):
    vector = [0.5] * (dimensions or 1536)
    answer = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": vector}]}
    answer["usage"] = {"prompt_tokens": 1, "total_tokens": 1}
    assert sdk("embeddings answer", answer) == []
    peer.answers(answer)
    model = OpenAIEmbedding("text-embedding-3-small", base_url=peer.url, dimensions=dimensions, user="u")
    await model.embed(["tea"])
    await model.aclose()
    assert sdk("embeddings", peer.bodies[0]) == []


async def test_requests_to_count_tokens_are_of_the_sdks_types(peer, sdk):
    peer.answers({"object": "response.input_tokens", "input_tokens": 99})
    counter = OpenAITokenCounter("gpt-6-sol", base_url=peer.url)
    await counter.count(HISTORY, [LOOK, BREW])
    await counter.aclose()
    assert sdk("input tokens", peer.bodies[0]) == []


def test_the_options_are_the_fields_that_the_sdk_knows(sdk):
    asked_otherwise = {"model", "messages", "tools", "tool_choice", "stream"}
    refused = {"n", "functions", "function_call"}
    assert set(sdk("fields", "chat")) == FIELDS | asked_otherwise | refused
    asked_otherwise = {"model", "input", "tools", "tool_choice", "stream"}
    refused = {"background", "background_options", "conversation", "instructions", "previous_response_id"}
    assert set(sdk("fields", "responses")) == RESPONSES_FIELDS | asked_otherwise | refused
