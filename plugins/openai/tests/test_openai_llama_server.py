"""Against llama.cpp's own server with a real small model, by both APIs.

It numbers no output items, ignores the schema of the answer in the Responses API, and calls an answer that reached its
limit completed there.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing

import httpx
import pytest
from pydantic import BaseModel

from trouplet import Kernel
from trouplet.errors import RequestRejected
from trouplet.messages import Msg, TextBlock
from trouplet.model_io import ModelRequest, TextChunk

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

SERVE = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.cpuparams.n_threads = sys.argv[1], 2048, 1
params.n_batch = params.n_ubatch = 16
params.hostnames, params.verbosity, params.offline = ["127.0.0.1"], -1, True
params.endpoint_slots = params.endpoint_metrics = True
params.warmup = params.ui = params.fit_params = False
params.n_parallel = 1
server = xllamacpp.Server(params)
server.handle_metrics()
print(server.listening_address, flush=True)
sys.stdin.read()
"""


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def weights():
    """The file of the smallest model that the plugin for local models knows."""
    weights = pytest.importorskip("trouplet_local.weights")
    from trouplet_local.catalogue import SMOLLM2

    pytest.importorskip("xllamacpp")
    found = weights.Weights(weights.default_folder()).find(SMOLLM2)
    if found is None:
        pytest.skip("the weights of smollm2-135m are not here: python -m trouplet_local fetch smollm2-135m")
    return found


@pytest.fixture(scope="module")
def server(weights):
    """The address of the running server."""
    command = [sys.executable, "-c", SERVE, str(weights)]
    environment = {"OMP_WAIT_POLICY": "passive"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        address = process.stdout.readline().strip()
        assert address, "the server ended before it listened"
        yield address
        process.kill()


@pytest.fixture(params=["chat", "responses"])
def api(request):
    return request.param


@pytest.fixture
async def kernel(tmp_path):
    async with Kernel(environ={}, data_dir=tmp_path, cache_dir=tmp_path) as kernel:
        yield kernel


@pytest.fixture
def make(kernel, server, api):
    """Makes models of the server that answer the same question the same way."""

    def model(**options):
        usual = {"temperature": 0, "max_tokens": 12, "capabilities": ["json_schema", "streaming", "system"]}
        return kernel.model("openai-compatible:smollm2", base_url=f"{server}/v1", api=api, **{**usual, **options})

    return model


async def test_an_answer_is_the_same_streamed_and_whole(make, ask, fold):
    chunks = await ask(make(), "Name a colour.")
    assert len([chunk for chunk in chunks if isinstance(chunk, TextChunk)]) > 3
    streamed, whole = fold(chunks), fold(await ask(make(stream=False), "Name a colour."))
    assert streamed.content == whole.content != ()
    assert streamed.usage.output_tokens == whole.usage.output_tokens == 12
    assert streamed.usage.input_tokens == whole.usage.input_tokens > 5


async def test_a_conversation_goes_on(make, ask, fold):
    said = fold(await ask(make(), "Name a colour.")).content
    history = [Msg("system", "Be brief.", "system"), Msg("Ann", "Name a colour."), Msg("Friday", said, "assistant")]
    answer = fold(await ask(make(), messages=[*history, Msg("Ann", "Another?")]))
    assert isinstance(answer.content[0], TextBlock)
    assert answer.usage.input_tokens > 30


async def test_a_stream_that_is_closed_leaves_the_server_free(make, server):
    model = make(max_tokens=2000)
    async with aclosing(model.stream(ModelRequest([Msg("Ann", "Count from one to a thousand.")]))) as chunks:
        await anext(chunks)
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
        while (await client.get(f"{server}/slots")).json()[0]["is_processing"]:  # noqa: ASYNC110  # it does not tell
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_conversation_that_is_too_long_is_refused_with_the_reason(make, ask, stream):
    with pytest.raises(RequestRejected, match="exceeds the available context size"):
        await ask(make(stream=stream), "tea " * 3000)


@pytest.mark.parametrize("api", ["chat"], indirect=True)
async def test_an_output_type_is_enforced_by_the_server(kernel, make):
    friday = kernel.agent("Friday", model=make(max_tokens=60))
    reply = await friday("Ann is 31 years old.", output_type=Person)
    assert set(json.loads(reply.text)) == {"name", "age"}
    assert isinstance(reply.output, Person)
