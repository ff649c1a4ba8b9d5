"""The plugin in a kernel."""

import subprocess
import sys

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
from trouplet_ollama import OllamaChatFormatter, OllamaTokenCounter


def kernel(tmp_path, **more):
    return Kernel(environ=more.pop("environ", {}), data_dir=tmp_path, cache_dir=tmp_path, **more)


async def test_a_model_by_name_answers_at_the_address_of_the_environment(tmp_path, peer, ask, fold, line, end):
    peer.answers([line(content="Hi"), end])
    async with kernel(tmp_path, environ={"OLLAMA_HOST": peer.url.removeprefix("http://")}) as k:
        got = fold(await ask(k.model("ollama:qwen3:8b", temperature=0.5)))
    assert got.content[0].text == "Hi"
    assert peer.body["model"] == "qwen3:8b"
    assert peer.body["options"] == {"temperature": 0.5}
    assert peer.requests[0].path == "/api/chat"


async def test_a_key_that_is_looked_up_does_not_travel_in_the_clear(tmp_path, peer, ask, line, end):
    peer.answers([line(content="Hi"), end])
    async with kernel(tmp_path, keys={"ollama": "sk-1"}, environ={"OLLAMA_API_KEY": "sk-2"}) as k:
        await ask(k.model("ollama:qwen3", base_url=peer.url))
        await ask(k.model("ollama:qwen3", base_url=peer.url, api_key="sk-3"))
    assert [request.headers.get("authorization") for request in peer.requests] == [None, "Bearer sk-3"]


async def test_the_cloud_wants_a_key(tmp_path):
    async with kernel(tmp_path) as k:
        with pytest.raises(MissingKey, match="OLLAMA_API_KEY"):
            k.model("ollama:gpt-oss:120b", base_url="https://ollama.com")
        with pytest.raises(MissingKey, match="OLLAMA_API_KEY"):
            k.embedding_model("ollama:embeddinggemma", base_url="ollama.com")
    async with kernel(tmp_path, environ={"OLLAMA_API_KEY": "sk-2", "OLLAMA_HOST": "ollama.com"}) as k:
        info = k.model("ollama:gpt-oss:120b").info
    assert "tools" in info.capabilities
    assert "json_schema" not in info.capabilities


async def test_a_cloud_model_behind_an_ollama_of_ones_own_needs_no_key(tmp_path):
    async with kernel(tmp_path) as k:
        info = k.model("ollama:gpt-oss:120b-cloud").info
    assert "json_schema" not in info.capabilities


async def test_families_are_known_by_their_tags_and_others_are_taken(tmp_path):
    async with kernel(tmp_path) as k:
        assert "vision" in k.model("ollama:gemma3:27b-it-qat").info.capabilities
        assert "vision" not in k.model("ollama:gemma3:1b").info.capabilities
        assert "tools" not in k.model("ollama:llama3.2-vision:11b").info.capabilities
        assert "tools" in k.model("ollama:somebody/something").info.capabilities
        told = k.model("ollama:mine", capabilities=["vision", "streaming"])
        assert told.info.capabilities == {"vision", "streaming"}
        assert told.formatter.takes == {"image"}


async def test_a_model_can_be_asked_what_it_can_do(tmp_path, peer):
    card = {
        "capabilities": ["completion", "vision", "thinking"],
        "model_info": {"general.architecture": "gemma9", "gemma9.context_length": 65_536},
    }
    peer.answers(card)
    async with kernel(tmp_path) as k:
        model = k.model("ollama:mine", base_url=peer.url)
        info = await model.discover()
        assert model.info is info
        assert {"vision", "thinking", "json_schema"} <= info.capabilities
        assert "tools" not in info.capabilities
        assert info.context_window == 65_536
        assert model.formatter.takes == {"image"}
        small = k.model("ollama:mine", base_url=peer.url, num_ctx=4096)
        assert (await small.discover()).context_window == 4096
    assert [request.path for request in peer.requests] == ["/api/show", "/api/show"]
    assert peer.bodies[0] == {"model": "mine"}


async def test_settings_are_below_the_options_of_a_model(tmp_path, peer, ask, line, end):
    peer.answers([line(content="Hi"), end])
    config = {"ollama": {"base_url": peer.url, "keep_alive": "1h", "num_ctx": 4096}}
    async with kernel(tmp_path, config=config) as k:
        await ask(k.model("ollama:qwen3", num_ctx=8192))
    assert peer.body["keep_alive"] == "1h"
    assert peer.body["options"] == {"num_ctx": 8192}


async def test_the_formatter_and_the_counter_have_names(tmp_path):
    async with kernel(tmp_path) as k:
        assert isinstance(k.formatter("ollama"), OllamaChatFormatter)
        fitted = k.formatter("ollama", k.model("ollama:qwen3").info)
        assert fitted.takes == frozenset()
        with pytest.raises(BadSetting, match="names"):
            k.formatter("ollama", names=False)
        assert isinstance(k.token_counter("ollama:qwen3", image_tokens=256), OllamaTokenCounter)
        with pytest.raises(BadSetting, match="Did you mean 'image_tokens'"):
            k.token_counter("ollama:qwen3", image_token=256)
        with pytest.raises(BadSetting, match="image_tokens"):
            k.token_counter("ollama:qwen3", image_tokens="many")


async def test_an_unknown_option_is_refused_with_a_suggestion(tmp_path):
    async with kernel(tmp_path) as k:
        with pytest.raises(BadSetting, match="Did you mean 'keep_alive'"):
            k.model("ollama:qwen3", keepalive="5m")
        with pytest.raises(BadSetting, match="options is a list"):
            k.model("ollama:qwen3", options=["num_ctx"])


def test_listing_models_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from trouplet_ollama.plugin import OllamaPlugin\n"
        "assert [info.id for info in OllamaPlugin(None).list_models()]\n"
        "heavy = {'httpx', 'pydantic', 'asyncio', 'trouplet_http'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
