"""What is sent, in the eyes of Anthropic's own SDK: every field is one that its types know, and of the right kind."""

import copy

import pytest

from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import ToolSchema
from trouplet_anthropic import AnthropicTokenCounter, document

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
VALIDATE = """
import json, sys, warnings
warnings.simplefilter("ignore")
from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict
from anthropic.types import message_create_params, message_count_tokens_params
from anthropic.types.beta import message_create_params as beta_create_params

for module in list(sys.modules.values()):
    if module.__name__.startswith("anthropic.types"):
        for one in vars(module).values():
            if is_typeddict(one) and not hasattr(one, "__pydantic_config__"):
                one.__pydantic_config__ = {"extra": "forbid", "arbitrary_types_allowed": True}

KINDS = {
    "messages": message_create_params.MessageCreateParamsStreaming,
    "beta": beta_create_params.MessageCreateParamsStreaming,
    "count": message_count_tokens_params.MessageCountTokensParams,
}

def walk(value):
    if isinstance(value, dict):
        for one in value.values():
            walk(one)
    elif not isinstance(value, (str, bytes, int, float, bool, type(None))):
        for one in value:
            walk(one)

problems = []
for kind, body in json.load(sys.stdin):
    adapter = TypeAdapter(KINDS[kind])  # kept: what it gives for an Iterable is validated while it is read
    try:
        walk(adapter.validate_python(body))
    except ValidationError as error:
        problems += [f"{kind}: {one['loc']}: {one['msg']}" for one in error.errors()]
print(json.dumps(problems))
"""
LOOK = ToolSchema("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]})
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 1}}, "required": ["x"]}
IMAGE = ImageBlock(Base64Source("image/png", PNG))
HISTORY = [
    Msg("system", "Be kind.", "system"),
    Msg("Ann", [TextBlock("What is this?"), IMAGE, document("Tea is green.", title="Tea", citations=True)]),
    Msg(
        "Friday",
        [
            ThinkingBlock("Hm.", {"anthropic": {"signature": "sig-1"}}),
            ThinkingBlock("", {"anthropic": {"redacted": "EmwKAhgB"}}),
            TextBlock("I look."),
            ToolUseBlock("toolu_1", "look", {"at": "a"}),
            ToolUseBlock("call:2", "look", {"at": "b"}),
        ],
        "assistant",
    ),
    Msg(
        "Friday",
        [
            ToolResultBlock("toolu_1", "look", (TextBlock("A cup."), IMAGE)),
            ToolResultBlock("call:2", "look", (), "error"),
        ],
        "tool",
    ),
    Msg("Ann", "Thanks. And?"),
]


@pytest.fixture
def bodies(api, model, ask, said):
    """The bodies that these models send for a history with everything."""

    async def send(*models):
        api.answers(said("Yes."))
        for name, options in models:
            fields = {"tools": [LOOK], "output_schema": SCHEMA, "tool_choice": "required"}
            await ask(model(name, **options), messages=HISTORY, **fields)
        return copy.deepcopy(api.bodies)

    return send


async def test_the_sdk_knows_every_field_of_every_request(sdk, api, bodies):
    sent = await bodies(
        ("claude-opus-4-8", {"thinking": "high", "cache": "1h", "strict_tools": True}),
        ("claude-opus-5", {"thinking": False, "effort": "low", "disable_parallel_tool_use": True}),
        ("claude-sonnet-5-5", {"thinking": False}),
        ("claude-haiku-4-5", {"thinking": 2000, "stop": "END", "metadata": {"user_id": "u"}, "service_tier": "auto"}),
    )
    api.answers({"input_tokens": 14})
    await AnthropicTokenCounter("claude-opus-5", api_key="k", client=api.client).count(HISTORY, [LOOK])
    assert sdk(VALIDATE, [*[("messages", body) for body in sent], ("count", api.bodies[-1])]) == []


async def test_what_binds_thinking_is_known_to_the_sdks_beta(sdk, bodies):
    sent = await bodies(("claude-opus-5-5", {"thinking": True, "cache": True}), ("claude-sonnet-5-5", {}))
    problems = sdk(VALIDATE, [*[("beta", body) for body in sent], ("messages", sent[0])])
    assert [problem for problem in problems if problem.startswith("beta")] == []
    assert any(["block_binding" in problem for problem in problems]), "the check would not see an unknown field"
