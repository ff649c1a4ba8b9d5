"""Token counts: the vendor's tokenizer offline, and its counting endpoint."""

import base64
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from trouplet import Kernel
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ToolResultBlock, ToolUseBlock, URLSource
from trouplet.model_io import ToolSchema
from trouplet.testing.contracts import TokenCounterContract
from trouplet_http import RetryPolicy
from trouplet_openai import OpenAITokenCounter, TiktokenCounter
from trouplet_openai.image_tokens import image_tokens

LITELLM = "1.109.1"
O200K = "fb374d419588a4632f3f557e76b4b70aebbca790"
"""What tiktoken calls the file of the vocabulary o200k_base in its cache; litellm carries it along."""


@pytest.fixture(scope="session")
def vocabulary():
    """A folder with OpenAI's vocabulary; downloaded once, as part of a package that carries it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trouplet-tests" / "o200k"
    if not (cache / O200K).exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache)]
        try:
            subprocess.run([*command, f"litellm=={LITELLM}"], check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"pip could not download litellm, which carries the vocabulary: {error}")
        (wheel,) = cache.glob("litellm-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(f"litellm/litellm_core_utils/tokenizers/{O200K}")
        (cache / f"{O200K}.part").write_bytes(content)
        (cache / f"{O200K}.part").rename(cache / O200K)
        wheel.unlink()
    return cache


@pytest.fixture(autouse=True)
def offline(vocabulary, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(vocabulary))


class TestTiktokenCounter(TokenCounterContract):
    def make(self, base_url):
        return TiktokenCounter("gpt-4o")


class TestOpenAITokenCounter(TokenCounterContract):
    def make(self, base_url):
        return OpenAITokenCounter("gpt-4o", base_url=base_url, api_key="sk-1", retry=RetryPolicy(max_retries=0))

    def answer(self, body, tokens):
        return {"object": "response.input_tokens", "input_tokens": tokens}


WEATHER = ToolSchema(
    "get_current_weather",
    "Get the current weather in a given location",
    {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            "unit": {
                "type": "string",
                "description": "The unit of temperature to return",
                "enum": ["celsius", "fahrenheit"],
            },
        },
        "required": ["location"],
    },
)


async def test_messages_and_a_tool_count_as_the_api_counted_them():
    messages = [
        Msg("system", "You are a helpful assistant that can answer to questions about the weather.", "system"),
        Msg("user", "What's the weather like in San Francisco?"),
    ]
    count = await TiktokenCounter("gpt-4o").count(messages, [WEATHER])
    assert count.total == 101  # what the API said of this request, by OpenAI's cookbook


async def test_text_is_counted_by_the_vendors_tokenizer():
    import tiktoken

    encoding = tiktoken.get_encoding("o200k_base")
    for text in ("Hello!", "茶 🫖", "def f(x):\n    return x", "a\u2028b\x00c", "<|endoftext|>"):
        count = await TiktokenCounter("gpt-6-sol").count([Msg("user", text)])
        assert list(count.messages) == [3 + 1 + len(encoding.encode_ordinary(text))]


async def test_calls_results_and_names_cost_what_they_say():
    counter = TiktokenCounter("gpt-4o")
    named, plain = Msg("Ann", "Hi"), Msg("user", "Hi")
    call = Msg("Friday", ToolUseBlock("1", "look", {"where": "there"}), "assistant")
    result = Msg("Friday", ToolResultBlock("1", "look", (TextBlock("A cup."),)), "tool")
    count = await counter.count([named, plain, call, result])
    assert count.messages[0] == count.messages[1] + 2
    assert count.messages[2] > 8
    assert count.messages[3] == 3 + 1 + 3


def png(width, height):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)
    return ImageBlock(Base64Source("image/png", base64.b64encode(head + bytes(4)).decode()))


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("gpt-4o", (1024, 1024), 765),  # the guide's own example: 4 tiles
        ("gpt-4o", (2048, 4096), 1105),  # and its other: 6 tiles
        ("gpt-4.1-mini", (1024, 1024), 1659),  # 1,024 patches
        ("gpt-4.1-mini", (1800, 2400), 2353),  # shrunk to 33 by 44 patches
        ("gpt-5", (1024, 1024), 630),
        ("gpt-5.1", (1024, 1024), 630),
        ("gpt-5.2", (1800, 2400), 1743),
        ("gpt-5.4-mini", (1800, 2400), 2353),
        ("gpt-5.4", (3840, 2160), 2931),
        ("gpt-6-sol", (256, 256), 77),
        ("gpt-6-sol", (1920, 1080), 2448),
        ("gpt-5.5", (4032, 3024), 11868),
        ("gpt-6-astra", (4032, 3024), 14364),
    ],
)
async def test_images_cost_what_the_vendors_formula_says(model, size, tokens):
    assert image_tokens(model, size) == tokens
    count = await TiktokenCounter(model).count([Msg("user", [png(*size)])])
    assert list(count.messages) == [3 + 1 + tokens]


async def test_an_image_elsewhere_counts_as_one_of_the_usual_size():
    count = await TiktokenCounter("gpt-4o").count([Msg("user", [ImageBlock(URLSource("https://x.example/a.png"))])])
    assert list(count.messages) == [3 + 1 + 765]


async def test_openai_is_asked_unless_one_wants_to_count_here(peer):
    async with Kernel(environ={}, keys={"openai": "sk-1"}) as kernel:
        assert isinstance(kernel.token_counter("openai:gpt-5.4-mini"), OpenAITokenCounter)
        assert isinstance(kernel.token_counter("openai:gpt-5.4-mini", offline=True), TiktokenCounter)
        assert isinstance(kernel.token_counter("openai:m", base_url=peer.url), TiktokenCounter)
        assert isinstance(kernel.token_counter("openai-compatible:m", base_url=peer.url), TiktokenCounter)
