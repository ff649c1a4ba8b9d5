"""The real small model: loaded, streamed, held to schemas, stopped, unloaded."""

import asyncio
import json
import subprocess
import sys
import time
from contextlib import aclosing

import pytest

from trouplet import ReActAgent, Toolkit
from trouplet.errors import RequestRejected
from trouplet.messages import Msg, ToolUseBlock
from trouplet.model_io import Finish, ModelRequest, TextChunk, ToolSchema
from trouplet.response import ResponseBuilder, parse_arguments

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

ADD = ToolSchema(
    "add",
    "Add two numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)
LONG = "Tell me everything about kettles, then about cups, and never stop. " * 60
STOPPED = 5.0
"""Seconds within which a stop must take effect: ten times what it takes on a quiet machine."""


def ask(text, *tools, max_tokens=40, **fields):
    return ModelRequest([Msg("Ann", text)], tools, options={"max_tokens": max_tokens}, **fields)


async def answer(model, request):
    builder = ResponseBuilder()
    async with aclosing(model.stream(request)) as chunks:
        async for chunk in chunks:
            builder.add(chunk)
    return builder.response()


async def test_text_streams_token_by_token_with_its_usage(smollm2):
    chunks = [chunk async for chunk in smollm2.stream(ask("Say hello.", max_tokens=8))]
    assert len([chunk for chunk in chunks if isinstance(chunk, TextChunk)]) > 3
    finish = chunks[-1]
    assert isinstance(finish, Finish)
    assert finish.usage.input_tokens > 5
    assert 0 < finish.usage.output_tokens <= 8


async def test_the_same_question_gets_the_same_answer(smollm2):
    first, second = [await answer(smollm2, ask("Name a colour.", max_tokens=8)) for _ in range(2)]
    assert first.content == second.content


async def test_a_prompt_that_was_read_before_is_not_read_again(smollm2):
    asked = ask("Which is the largest planet? " * 10, max_tokens=4)
    await answer(smollm2, asked)
    again = await answer(smollm2, asked)
    assert again.usage.cached_tokens > 0.9 * again.usage.input_tokens


async def test_structured_output_is_valid_for_its_schema(smollm2):
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "maximum": 99}},
        "required": ["name", "age"],
    }
    made = await answer(smollm2, ask("Ann is 31 years old.", output_schema=schema, max_tokens=60))
    person = json.loads(made.content[0].text)
    assert set(person) == {"name", "age"}
    assert isinstance(person["age"], int)


async def test_a_required_call_is_a_call_with_valid_arguments(smollm2):
    made = await answer(smollm2, ask("What is 2 + 3?", ADD, tool_choice="required", max_tokens=120))
    (call,) = [block for block in made.content if isinstance(block, ToolUseBlock)]
    assert made.finish_reason == "tool_calls"
    assert call.name == "add"
    assert {type(value) for value in parse_arguments(call.raw_input).values()} == {int}


async def test_without_a_choice_of_tools_there_is_an_answer(smollm2):
    made = await answer(smollm2, ask("What is 2 + 3?", ADD, tool_choice="none", max_tokens=120))
    assert not [block for block in made.content if isinstance(block, ToolUseBlock)]


async def test_a_schema_that_no_grammar_can_follow_still_gives_valid_json(smollm2):
    odd = {"type": "object", "properties": {"when": {"type": "string", "format": "moon-phase"}}, "required": ["when"]}
    tool = ToolSchema("plan", "Plan a thing.", odd)
    made = await answer(smollm2, ask("Plan a party.", tool, tool_choice="required", max_tokens=200))
    assert made.finish_reason in {"tool_calls", "length"}


async def test_an_answer_that_reaches_the_limit_says_so(smollm2):
    made = await answer(smollm2, ask("Tell me a long story.", max_tokens=5))
    assert made.finish_reason == "length"


async def test_a_conversation_that_does_not_fit_is_refused_with_the_numbers(smollm2):
    with pytest.raises(RequestRejected, match="the context holds 2048"):
        await answer(smollm2, ask(LONG * 10))


async def test_the_model_is_free_soon_after_a_stop_while_it_writes(smollm2):
    async with aclosing(smollm2.stream(ask("Tell me a very long story.", max_tokens=1500))) as chunks:
        await anext(chunks)
    assert await seconds_until_free(smollm2) < STOPPED


async def test_the_model_is_free_soon_after_a_stop_while_it_reads(smollm2):
    reading = asyncio.create_task(answer(smollm2, ask(LONG)))
    await asyncio.sleep(0.2)
    reading.cancel()
    await asyncio.wait({reading})
    assert reading.cancelled()
    assert await seconds_until_free(smollm2) < STOPPED


async def seconds_until_free(model):
    """How long the next request waits for the one that was stopped; its own work is almost nothing."""
    begun = time.monotonic()
    async with aclosing(model.stream(ask("Hi", max_tokens=1))) as chunks:
        await anext(chunks)
    return time.monotonic() - begun


@pytest.fixture
def adding():
    """A toolkit, made outside of the event loop: reading a function's source looks at files."""

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return Toolkit([add])


async def test_an_agent_runs_to_an_end_with_tools(smollm2, adding):
    agent = ReActAgent("Friday", model=smollm2, sys_prompt="You add numbers.", toolkit=adding, max_iters=3)
    reply = await agent("What is 2 + 3?")
    assert reply.status in {"completed", "limit"}


HOST = """
import asyncio, json, os, signal, sys, threading, time
from pathlib import Path
from trouplet_local.engine import Engine
from trouplet_local.llama import Llama
from trouplet_local.settings import LocalSettings

caught = []
signal.signal(signal.SIGTERM, lambda number, frame: caught.append(number))

async def use():
    engine = Engine(lambda: Llama(Path(sys.argv[1]), LocalSettings(n_ctx=512)))
    async for _ in engine.stream({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    await engine.close()

def native_threads():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0

counts = []
for _ in range(3):
    asyncio.run(use())
    ended = time.monotonic() + 30  # a thread that has been joined may take a moment to vanish
    while native_threads() > 2 and time.monotonic() < ended:
        time.sleep(0.01)
    counts.append((threading.active_count(), native_threads()))
found = {"counts": counts, "caught": len(caught), "environ": "GOMP_SPINCOUNT" in os.environ}
Path(sys.argv[2]).write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def host(smollm2_file, tmp_path_factory):
    """A program of its own that loads and unloads the model three times and ends without doing anything about it."""
    found = tmp_path_factory.mktemp("host") / "found.json"
    command = [sys.executable, "-W", "error", "-c", HOST, str(smollm2_file), str(found)]
    ended = subprocess.run(command, capture_output=True, timeout=500, check=False)
    return ended, json.loads(found.read_text()) if found.exists() else None


def test_nothing_is_written_to_the_host_s_output(host):
    ended, _ = host
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_no_thread_is_left_after_closing(host):
    """One of llama.cpp's own stays: its logger, one for the whole process, asleep."""
    _, found = host
    assert [python for python, _ in found["counts"]] == [1, 1, 1]
    assert max(native for _, native in found["counts"]) <= 2


FORGETFUL = """
import asyncio, sys
from pathlib import Path
from trouplet_local.engine import Engine
from trouplet_local.llama import Llama
from trouplet_local.settings import LocalSettings

engine = Engine(lambda: Llama(Path(sys.argv[1]), LocalSettings(n_ctx=512)))

async def use():
    chunks = engine.stream({"messages": [{"role": "user", "content": "Tell me a long story"}], "max_tokens": 400})
    await anext(chunks)

asyncio.run(use())
"""


def test_a_host_that_forgets_to_close_ends_all_the_same(smollm2_file):
    command = [sys.executable, "-W", "error", "-c", FORGETFUL, str(smollm2_file)]
    ended = subprocess.run(command, capture_output=True, timeout=500, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_the_host_keeps_its_signal_handlers_and_its_environment(host):
    _, found = host
    assert found["caught"] == 3
    assert not found["environ"]
