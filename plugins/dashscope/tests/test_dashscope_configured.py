"""Keys, addresses and headers, as a kernel's configuration and environment give them."""

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
from trouplet_dashscope.access import region_url


@pytest.fixture
async def seen(dashscope, ask):
    """The headers and the path of one request of a model that a kernel made."""

    async def request(environ=None, config=None, **options):
        environ = {"DASHSCOPE_API_KEY": "sk-test", "DASHSCOPE_HTTP_BASE_URL": dashscope.url} | (environ or {})
        async with Kernel(environ=environ, config={"dashscope": config or {}}) as kernel:
            await ask(kernel.model("dashscope:qwen-plus", **options))
        path, headers, _ = dashscope.seen[-1]
        return path, headers

    return request


async def test_the_environment_says_where_and_who(seen):
    path, headers = await seen({"DASHSCOPE_WORKSPACE": "llm-1"})
    assert path == "/api/v1/services/aigc/text-generation/generation"
    assert headers["authorization"] == "Bearer sk-test"
    assert headers["x-dashscope-workspace"] == "llm-1"


async def test_the_second_version_of_a_variable_wins(seen, dashscope):
    environ = {"DASHSCOPE_HTTP_BASE_URL": "http://127.0.0.1:9/api/v1", "DASHSCOPE_BASE_URL": dashscope.url}
    assert (await seen(environ))[0].startswith("/api/v1/")


async def test_headers_come_from_the_environment_and_those_of_the_code_win(seen):
    environ = {"DASHSCOPE_API_HEADERS": '{"X-Team": "maps", "X-Env": "test"}'}
    _, headers = await seen(environ, config={"headers": {"X-Env": "code"}}, extra_headers={"X-Call": "1"})
    assert (headers["x-team"], headers["x-env"], headers["x-call"]) == ("maps", "code", "1")


@pytest.mark.parametrize("text", ["{", "[]", '{"X-Team": 1}', '"X-Team"'])
async def test_headers_in_the_environment_that_cannot_be_read_are_refused(seen, text):
    with pytest.raises(BadSetting, match="DASHSCOPE_API_HEADERS"):
        await seen({"DASHSCOPE_API_HEADERS": text})


async def test_a_key_is_needed_for_alibaba_cloud_and_only_there():
    async with Kernel(environ={}) as kernel:
        with pytest.raises(MissingKey, match="DASHSCOPE_API_KEY"):
            kernel.model("dashscope:qwen-plus")
        with pytest.raises(MissingKey):
            kernel.embedding_model("dashscope:text-embedding-v4")
        kernel.model("dashscope:qwen-plus", base_url="http://127.0.0.1:9/api/v1")


@pytest.mark.parametrize(
    ("region", "workspace", "url"),
    [
        ("cn-beijing", None, "https://dashscope.aliyuncs.com/api/v1"),
        ("ap-southeast-1", None, "https://dashscope-intl.aliyuncs.com/api/v1"),
        ("us-east-1", None, "https://dashscope-us.aliyuncs.com/api/v1"),
        ("eu-central-1", "llm-1", "https://llm-1.eu-central-1.maas.aliyuncs.com/api/v1"),
    ],
)
def test_a_region_is_an_address(region, workspace, url):
    assert region_url(region, workspace) == url


@pytest.mark.parametrize(
    ("region", "workspace", "said"),
    [("eu-central-1", None, "shared gateway"), ("mars", None, "unknown region"), ("us-east-1", "a.b/c", "no id")],
)
def test_a_region_without_an_address_is_refused(region, workspace, said):
    with pytest.raises(BadSetting, match=said):
        region_url(region, workspace)


async def test_the_kernel_makes_formatters_and_counters_too(dashscope):
    async with Kernel(environ={"DASHSCOPE_API_KEY": "sk-test"}) as kernel:
        with pytest.raises(BadSetting, match="thinking"):
            kernel.token_counter("dashscope:qwen-plus", thinkin=True)
        counter = kernel.token_counter("dashscope:qwen-plus", thinking=True)
        assert (await counter.count([])).total == 0
        with pytest.raises(BadSetting, match="unknown option"):
            kernel.formatter("dashscope", names=True)
