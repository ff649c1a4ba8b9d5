"""The plugin in a kernel: keys, addresses, settings, what is loaded."""

import subprocess
import sys

import pytest

from trouplet import Kernel
from trouplet.errors import BadSetting, MissingKey
from trouplet.messages import Msg
from trouplet_gemini import GeminiChatModel
from trouplet_gemini.connection import versioned


@pytest.fixture
async def kernel_with(tmp_path):
    kernels = []

    def make(**options):
        usual = {"environ": {}, "data_dir": tmp_path, "cache_dir": tmp_path}
        kernels.append(Kernel(**{**usual, **options}))
        return kernels[-1]

    yield make
    for kernel in kernels:
        await kernel.close()


async def test_without_a_key_it_says_so_at_once(kernel_with):
    kernel = kernel_with()
    for make in (kernel.model, kernel.token_counter, kernel.embedding_model):
        with pytest.raises(MissingKey, match="GEMINI_API_KEY"):
            make("gemini:gemini-embedding-2")


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"GEMINI_API_KEY": "one"}, "one"),
        ({"GOOGLE_API_KEY": "two"}, "two"),
        ({"GEMINI_API_KEY": "one", "GOOGLE_API_KEY": "two"}, "one"),
    ],
)
async def test_the_key_and_the_address_come_from_the_environment(kernel_with, peer, ask, said, environ, key):
    peer.answers([said({"text": "Hi"}, finish="STOP")])
    kernel = kernel_with(environ={**environ, "GOOGLE_GEMINI_BASE_URL": peer.url})
    await ask(kernel.model("gemini:gemini-3.8-flash"))
    assert peer.requests[0].headers["x-goog-api-key"] == key
    assert peer.requests[0].path.startswith("/v1beta/models/gemini-3.8-flash:")


async def test_the_variable_with_the_key_can_be_named(kernel_with, peer, ask, said):
    peer.answers([said({"text": "Hi"}, finish="STOP")])
    kernel = kernel_with(environ={"GEMINI_API_KEY": "one", "GOOGLE_API_KEY": "two", "MINE": "three"})
    await ask(kernel.model("gemini:gemini-3.8-flash", base_url=peer.url, api_key_variable="MINE"))
    assert peer.requests[0].headers["x-goog-api-key"] == "three"
    with pytest.raises(MissingKey):
        kernel.model("gemini:gemini-3.8-flash", api_key_variable="NOT_SET")


async def test_settings_of_the_plugin_hold_for_what_it_makes(kernel_with, peer, ask, said):
    config = {"gemini": {"base_url": peer.url, "api_key": "k", "max_tokens": 5}}
    kernel = kernel_with(config=config)
    peer.answers([said({"text": "Hi"}, finish="STOP")])
    await ask(kernel.model("gemini:gemini-3.8-flash"))
    assert peer.body["generationConfig"] == {"maxOutputTokens": 5}
    peer.answers({"totalTokens": 3})
    assert (await kernel.token_counter("gemini:gemini-3.8-flash").count([Msg("Ann", "Hi")])).total == 3
    peer.answers({"embeddings": [{"values": [1.0]}]})
    embedding = kernel.embedding_model("gemini:gemini-embedding-2", dimensions=1)
    assert (await embedding.embed(["tea"])).vectors == [[1.0]]


async def test_an_option_that_does_not_exist_is_refused(kernel_with):
    kernel = kernel_with(keys={"gemini": "k"})
    with pytest.raises(BadSetting, match="dimensions"):
        kernel.embedding_model("gemini:gemini-embedding-2", dimension=3)
    with pytest.raises(BadSetting, match="deadline"):
        kernel.token_counter("gemini:gemini-3.8-flash", deadlin=3)
    with pytest.raises(BadSetting, match="media"):
        kernel.formatter("gemini", medium=3)


async def test_a_formatter_is_made_as_the_model_needs_it(kernel_with):
    kernel = kernel_with(keys={"gemini": "k"})
    info = kernel.model("gemini:gemini-2.5-flash").info
    for formatter in (kernel.formatter("gemini", info), kernel.formatter("gemini", signed_calls=False)):
        assert formatter is not kernel.formatter("gemini", info)


async def test_a_model_knows_what_it_can_do(kernel_with):
    kernel = kernel_with(keys={"gemini": "k"})
    assert "json_schema_tools" in kernel.model("gemini:gemini-3.8-flash").info.capabilities
    assert "json_schema_tools" not in kernel.model("gemini:gemini-2.5-flash-preview-09-2025").info.capabilities
    assert kernel.model("gemini:gemini-9", capabilities=["tools"]).info.capabilities == {"tools"}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("https://generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com/v1beta"),
        ("https://generativelanguage.googleapis.com/", "https://generativelanguage.googleapis.com/v1beta"),
        ("https://generativelanguage.googleapis.com/v1", "https://generativelanguage.googleapis.com/v1"),
        ("https://proxy.example/google/v1alpha/", "https://proxy.example/google/v1alpha/"),
        ("https://v1.example", "https://v1.example/v1beta"),
    ],
)
def test_an_address_without_a_version_is_that_of_v1beta(given, made):
    assert versioned(given) == made


def test_the_key_is_not_shown():
    model = GeminiChatModel("gemini-3.8-flash", api_key="a-very-secret-key")
    assert "a-very-secret-key" not in repr(vars(model)) + repr(vars(model._client))


def test_it_loads_no_sdk_and_no_other_provider():
    code = (
        "import sys, trouplet_gemini.chat, trouplet_gemini.embedding, trouplet_gemini.token_counter\n"
        "loaded = [n for n in sys.modules if n.startswith(('google', 'trouplet_')) or n == 'pydantic']\n"
        "print(*sorted({n.partition('.')[0] for n in loaded}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["trouplet_gemini", "trouplet_http"]
