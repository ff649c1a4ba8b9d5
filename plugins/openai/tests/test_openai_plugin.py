"""The plugin in a kernel."""

import subprocess
import sys

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
from trouplet_openai import OpenAIChatFormatter, OpenAIChatModel


def kernel(tmp_path, **more):
    return Kernel(environ=more.pop("environ", {}), data_dir=tmp_path, cache_dir=tmp_path, **more)


async def test_a_model_by_name_answers(tmp_path, peer, ask, fold, completion):
    peer.answers(completion)
    async with kernel(tmp_path, keys={"openai": "sk-1"}) as k:
        model = k.model("openai:gpt-5-mini", base_url=peer.url, temperature=0.5)
        assert fold(await ask(model)).content[0].text == "Hi"
    assert peer.bodies[0]["temperature"] == 0.5
    assert peer.requests[0].headers["authorization"] == "Bearer sk-1"


async def test_an_agent_talks_through_it(tmp_path, peer, completion):
    peer.answers(completion)
    async with kernel(tmp_path, environ={"OPENAI_BASE_URL": peer.url, "OPENAI_API_KEY": "sk-2"}) as k:
        reply = await k.agent("Friday", model="openai:gpt-5-mini", sys_prompt="Be kind.")("Hello!")
    assert reply.text == "Hi"
    assert [message["role"] for message in peer.bodies[0]["messages"]] == ["system", "user"]
    assert peer.requests[0].headers["authorization"] == "Bearer sk-2"


async def test_openai_without_a_key_says_what_to_do(tmp_path):
    async with kernel(tmp_path) as k:
        with pytest.raises(MissingKey, match="OPENAI_API_KEY") as caught:
            k.model("openai:gpt-5-mini")
        assert caught.value.code == "TP-101"


async def test_a_compatible_endpoint_never_sees_the_key_of_openai(tmp_path, peer, ask, completion):
    peer.answers(completion)
    environ = {"OPENAI_API_KEY": "sk-openai", "GROQ_API_KEY": "gsk-1"}
    async with kernel(tmp_path, environ=environ, keys={"openai": "sk-openai"}) as k:
        await ask(k.model("openai-compatible:m", base_url=peer.url))
        await ask(k.model("openai-compatible:m", base_url=peer.url, api_key_variable="GROQ_API_KEY"))
        await ask(k.model("openai-compatible:m", base_url=peer.url, api_key="given"))
    assert [seen.headers.get("authorization") for seen in peer.requests] == [None, "Bearer gsk-1", "Bearer given"]


async def test_a_compatible_endpoint_needs_an_address(tmp_path):
    async with kernel(tmp_path) as k:
        with pytest.raises(BadSetting, match="base_url"):
            k.model("openai-compatible:m")
        with pytest.raises(BadSetting, match="http"):
            k.model("openai-compatible:m", base_url="localhost:8000")


async def test_settings_of_the_plugin_are_below_the_options_of_a_model(tmp_path, peer, ask, completion):
    peer.answers(completion)
    config = {"openai": {"base_url": peer.url, "temperature": 0.1, "seed": 1, "headers": {"X-Title": "T"}}}
    async with kernel(tmp_path, config=config) as k:
        await ask(k.model("openai:m", temperature=0.9))
    assert (peer.bodies[0]["temperature"], peer.bodies[0]["seed"]) == (0.9, 1)
    assert peer.requests[0].headers["x-title"] == "T"


async def test_an_unknown_option_is_refused_with_a_suggestion(tmp_path):
    async with kernel(tmp_path, keys={"openai": "sk-1"}) as k:
        with pytest.raises(BadSetting, match="Did you mean 'temperature'"):
            k.model("openai:gpt-5-mini", temprature=0.5)


async def test_capabilities_of_an_endpoint_may_be_told(tmp_path):
    async with kernel(tmp_path) as k:
        plain = k.model("openai-compatible:m", base_url="http://localhost:1/v1")
        assert "json_schema" not in plain.info.capabilities
        told = k.model("openai-compatible:m", base_url="http://localhost:1/v1", capabilities=["tools", "json_schema"])
        assert told.info.capabilities == {"tools", "json_schema"}
        assert told.info.id == "openai-compatible:m"
        with pytest.raises(BadSetting, match="Did you mean 'json_schema'"):
            k.model("openai-compatible:m", base_url="http://localhost:1/v1", capabilities=["json_shema"])


async def test_known_models_have_their_sizes_and_unknown_ones_are_taken(tmp_path):
    async with kernel(tmp_path, keys={"openai": "sk-1"}) as k:
        assert k.model("openai:gpt-4.1").info.context_window == 1_047_576
        assert "tools" not in k.model("openai:gpt-6-astra", api="chat").info.capabilities
        assert "tools" in k.model("openai:gpt-6-astra").info.capabilities
        assert "json_schema" in k.model("openai:gpt-9").info.capabilities


async def test_two_kernels_share_nothing(tmp_path, peer, ask, completion):
    peer.answers(completion)
    async with kernel(tmp_path, keys={"openai": "sk-1"}) as one, kernel(tmp_path, keys={"openai": "sk-2"}) as two:
        for k in (one, two, one):
            await ask(k.model("openai:m", base_url=peer.url))
    assert [seen.headers["authorization"] for seen in peer.requests] == ["Bearer sk-1", "Bearer sk-2", "Bearer sk-1"]


async def test_the_formatter_has_a_name(tmp_path):
    async with kernel(tmp_path) as k:
        assert isinstance(k.formatter("openai", names=False), OpenAIChatFormatter)
        with pytest.raises(BadSetting, match="Did you mean 'names'"):
            k.formatter("openai", nams=False)


async def test_a_client_of_the_hosts_own_is_used_and_left_open(tmp_path, peer, ask, completion):
    import httpx

    peer.answers(completion)
    async with httpx.AsyncClient(trust_env=False, headers={"X-Host": "mine"}) as client:
        one = OpenAIChatModel("m", base_url=peer.url, client=client)
        await ask(one)
        await one.aclose()
        assert not client.is_closed
    assert peer.requests[0].headers["x-host"] == "mine"


def test_listing_models_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from trouplet_openai.plugin import OpenAIPlugin\n"
        "assert [info.id for info in OpenAIPlugin(None).list_models()]\n"
        "heavy = {'httpx', 'pydantic', 'asyncio', 'trouplet_http'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
