"""Against a real model behind the same protocol: llama.cpp's server, which xllamacpp carries.

The weights are those that ``trouplet-local`` has downloaded; without them these tests are skipped.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trouplet.messages import Msg
from trouplet.model_io import TextChunk
from trouplet_anthropic import AnthropicChatModel, AnthropicTokenCounter

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

SERVE = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.cpuparams.n_threads = sys.argv[1], 2048, 1
params.warmup, params.verbosity, params.ui, params.offline, params.cache_ram_mib = False, -1, False, True, 0
params.hostnames = ["127.0.0.1"]
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def llama():
    """The address of a server of its own process, with the small model loaded."""
    pytest.importorskip("xllamacpp")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    weights = cache / "trouplet" / "local" / "smollm2-135m" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not weights.is_file():
        pytest.skip("no weights: python -m trouplet_local fetch smollm2-135m")
    environ = {**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    command = [sys.executable, "-c", SERVE, str(weights)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
async def smollm2(llama):
    models = []

    def make(**options):
        models.append(AnthropicChatModel("smollm2", base_url=llama, temperature=0, **options))
        return models[-1]

    yield make
    for model in models:
        await model.aclose()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_real_model_answers(smollm2, ask, fold, stream):
    chunks = await ask(smollm2(stream=stream, max_tokens=12), "Say hello.")
    answer = fold(chunks)
    assert answer.content[0].text.strip()
    assert answer.finish_reason in ("stop", "length")
    assert answer.usage.input_tokens > 5
    assert 0 < answer.usage.output_tokens <= 12
    if stream:
        assert len([chunk for chunk in chunks if isinstance(chunk, TextChunk)]) > 2


async def test_a_system_prompt_and_several_turns_are_understood(smollm2, ask, fold):
    history = [
        Msg("system", "Be brief.", "system"),
        Msg("Ann", "Is there water?"),
        Msg("F", "There is.", "assistant"),
        Msg("Ann", "Then make tea."),
    ]
    assert fold(await ask(smollm2(max_tokens=8), messages=history)).content


async def test_the_server_counts_what_it_then_reads(smollm2, llama, ask, fold):
    history = [Msg("system", "Be brief.", "system"), Msg("Ann", "Tell me of tea, of cups and of kettles.")]
    counter = AnthropicTokenCounter("smollm2", base_url=llama)
    try:
        counted = await counter.count(history)
    finally:
        await counter.aclose()
    answer = fold(await ask(smollm2(max_tokens=1), messages=history))
    assert counted.total == answer.usage.input_tokens
    assert sum(counted.messages) + counted.overhead == counted.total
