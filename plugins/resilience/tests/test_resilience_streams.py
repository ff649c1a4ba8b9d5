"""What stands between a reader and the provider's stream: nothing, once it has begun."""

import asyncio
import threading
import weakref
from contextlib import aclosing
from types import MethodWrapperType

import pytest

from trouplet.agent_run import Run
from trouplet.model_io import Finish, ModelRequest, TextChunk
from trouplet.testing import ScriptedModel
from trouplet_resilience.streams import LateStream, Opened, opened


async def provider(*chunks):
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


def late(inner, closed=None):
    async def open():
        return await opened(inner, closed=closed)

    return LateStream(open)


async def test_after_its_first_chunk_a_reader_calls_the_providers_own_iterator():
    inner = provider(TextChunk("a"), TextChunk("b"), Finish())
    stream = late(late(late(inner)))
    assert (await anext(stream)).text == "a"
    step = stream.__anext__
    assert isinstance(step, MethodWrapperType)
    assert step.__self__ is inner
    assert [type(chunk) async for chunk in stream] == [TextChunk, Finish]


async def test_closing_closes_the_inner_stream_and_says_so_once():
    said = []
    inner = provider(TextChunk("a"), TextChunk("b"))
    stream = late(inner, lambda: said.append("closed"))
    await anext(stream)
    assert said == []
    await stream.aclose()
    await stream.aclose()
    assert said == ["closed"]
    assert inner.ag_frame is None
    assert [chunk async for chunk in stream] == []


async def test_a_stream_that_was_read_and_dropped_counts_as_closed():
    said = []
    stream = late(provider(TextChunk("a"), Finish()), lambda: said.append("closed"))
    gone = weakref.ref(stream)
    assert len([chunk async for chunk in stream]) == 2
    del stream
    assert gone() is None
    await asyncio.sleep(0)
    assert said == ["closed"]


async def test_a_stream_that_another_thread_collects_is_closed_in_its_own():
    threads = []
    stream = [late(provider(TextChunk("a"), Finish()), lambda: threads.append(threading.current_thread()))]
    await anext(stream[0])
    await asyncio.to_thread(stream.clear)
    await asyncio.sleep(0)
    assert threads == [threading.current_thread()]


async def test_all_plugins_together_leave_the_models_own_stream_to_the_reader(stage):
    config = {"fallback": {"models": ["b:2"]}, "rate-limits": {"a": {"concurrency": 1, "tokens_per_minute": 1000}}}
    at = stage("retry", "fallback", "rate-limits", models={"a:1": [["a", "b"]], "b:2": []}, config=config)
    async with at.kernel as kernel:
        agent = kernel.agent("A", model="a:1")
        run = Run(agent, (), kernel=kernel, memory=agent.memory)
        async with aclosing(run.model_call(ModelRequest([]))) as chunks:
            await anext(chunks)
            assert chunks.__anext__.__self__.ag_code is ScriptedModel.stream.__code__


async def test_an_error_of_the_first_chunk_closes_the_inner_stream_and_ends_the_outer_one():
    inner = provider(ValueError("no"))
    stream = late(inner)
    with pytest.raises(ValueError, match="no"):
        await anext(stream)
    assert inner.ag_frame is None
    assert [chunk async for chunk in stream] == []


async def test_an_empty_stream_is_empty():
    assert [chunk async for chunk in late(provider())] == []


async def test_it_can_be_used_as_a_generator():
    stream = late(provider(TextChunk("a"), TextChunk("b"), Finish()))
    assert (await stream.asend(None)).text == "a"
    assert (await stream.asend(None)).text == "b"
    with pytest.raises(KeyError):
        await stream.athrow(KeyError("x"))
    with pytest.raises(KeyError):
        await late(provider(TextChunk("a"))).athrow(KeyError("x"))


async def test_what_is_opened_may_have_its_first_chunk_from_elsewhere():
    async def open():
        return Opened(TextChunk("first"), provider(Finish()))

    assert [type(chunk) async for chunk in LateStream(open)] == [TextChunk, Finish]
