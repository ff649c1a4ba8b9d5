"""The plugin in a kernel: keys, addresses, defaults, models, formatters, counters."""

import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
from trouplet.messages import Msg
from trouplet.model_io import CAPABILITIES
from trouplet_anthropic import AnthropicChatModel, AnthropicFormatter, AnthropicTokenCounter, AnthropicTokenEstimate
from trouplet_anthropic.catalog import CATALOGUE
from trouplet_anthropic.traits import traits_of


@pytest.fixture
async def kernel(tmp_path, api):
    """Makes kernels whose HTTP client is the script."""
    async with AsyncExitStack() as stack:

        async def make(environ=None, keys=None, config=None):
            folders = {"data_dir": tmp_path, "cache_dir": tmp_path}
            one = Kernel(environ=environ or {}, keys=keys, config=config, resources={"http": api.client}, **folders)
            return await stack.enter_async_context(one)

        yield make


async def test_a_model_by_name_has_what_the_catalogue_knows(kernel):
    model = (await kernel(keys={"anthropic": "sk-ant-1"})).model("anthropic:claude-haiku-4-5-20251001")
    assert isinstance(model, AnthropicChatModel)
    assert (model.info.context_window, model.info.max_output) == (200_000, 64_000)
    assert model.info.capabilities == CAPABILITIES - {"audio", "video"}


async def test_without_a_key_the_error_says_what_to_set(kernel):
    with pytest.raises(MissingKey, match="ANTHROPIC_API_KEY"):
        (await kernel()).model("anthropic:claude-opus-5-5")


@pytest.mark.parametrize(
    ("environ", "header", "value"),
    [
        ({"ANTHROPIC_API_KEY": "sk-ant-2"}, "x-api-key", "sk-ant-2"),
        ({"ANTHROPIC_AUTH_TOKEN": "oat-1"}, "authorization", "Bearer oat-1"),
        ({"ANTHROPIC_API_KEY": "sk-ant-2", "ANTHROPIC_AUTH_TOKEN": "oat-1"}, "x-api-key", "sk-ant-2"),
    ],
    ids=["key", "token", "both"],
)
async def test_credentials_and_address_come_from_the_vendors_variables(api, kernel, ask, said, environ, header, value):
    api.answers(said("Yes."))
    await ask(
        (await kernel({"ANTHROPIC_BASE_URL": "https://proxy.example", **environ})).model("anthropic:claude-opus-5-5")
    )
    assert api.requests[0].url.host == "proxy.example"
    assert {name: api.requests[0].headers.get(name) for name in ("x-api-key", "authorization")} == {
        "x-api-key": None,
        "authorization": None,
        header: value,
    }


async def test_settings_of_the_plugin_are_the_defaults_of_its_models(api, kernel, ask, said):
    api.answers(said("Yes."))
    one = await kernel(keys={"anthropic": "k"}, config={"anthropic": {"max_tokens": 777, "cache": True}})
    await ask(one.model("anthropic:claude-opus-5-5", max_tokens=888))
    assert api.body["max_tokens"] == 888
    assert "cache_control" in api.body["messages"][0]["content"][0]


async def test_capabilities_may_be_told(kernel):
    one = await kernel()
    options = {"base_url": "http://127.0.0.1:9", "capabilities": ["tools", "vision"]}
    assert one.model("anthropic:qwen", **options).info.capabilities == {"tools", "vision"}


async def test_there_are_no_embeddings(kernel):
    with pytest.raises(BadSetting, match="Anthropic has none"):
        (await kernel(keys={"anthropic": "k"})).embedding_model("anthropic:claude-opus-5-5")


async def test_a_counter_asks_unless_it_is_offline(api, kernel):
    api.answers({"input_tokens": 14})
    one = await kernel(keys={"anthropic": "k"}, config={"anthropic": {"temperature": 0.5}})
    counter = one.token_counter("anthropic:claude-opus-5-5")
    assert isinstance(counter, AnthropicTokenCounter)
    assert (await counter.count([Msg("Ann", "Hello, Claude")])).total == 14
    assert isinstance((await kernel()).token_counter("anthropic:claude-opus-5-5", offline=True), AnthropicTokenEstimate)
    with pytest.raises(BadSetting, match="formatter"):
        one.token_counter("anthropic:claude-opus-5-5", formater=None)


async def test_the_formatter_by_name_has_no_options(kernel):
    one = await kernel()
    assert isinstance(one.formatter("anthropic"), AnthropicFormatter)
    with pytest.raises(BadSetting, match="names"):
        one.formatter("anthropic", names=True)


def test_the_catalogue_is_sound_and_agrees_with_the_traits():
    assert CATALOGUE.problems == ()
    for info in CATALOGUE.models("anthropic"):
        refused = traits_of(info.name).forced_tools_refused
        assert ("tool_choice" in info.capabilities) == (refused != "always"), info.name
        assert info.max_output
        assert info.context_window


def test_listing_models_imports_neither_the_model_nor_an_sdk():
    script = """
import sys
from trouplet_anthropic.plugin import AnthropicPlugin
print(len(list(AnthropicPlugin(None).list_models())))
assert not {"httpx", "anthropic", "trouplet_anthropic.chat", "pydantic"} & set(sys.modules), sys.modules.keys()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 18
