"""The engine: one thread, one request at a time, stopped when nobody listens."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from trouplet.errors import DeadlineExceeded, KernelClosed, RequestRejected
from trouplet_local.engine import Engine

PATIENCE = 30


async def collected(engine, name="x", **options):
    async with aclosing(engine.stream({"name": name}, **options)) as chunks:
        return [chunk async for chunk in chunks]


class Endless:
    """Says one thing after the other until it is stopped, and tells when that was."""

    def __init__(self):
        self.begun = threading.Event()
        self.stopped = threading.Event()

    def __call__(self, on_chunk):
        while not on_chunk({"n": 1}):
            self.begun.set()
        self.stopped.set()


async def test_nothing_is_loaded_before_the_first_request(completer):
    loads = []
    engine = Engine(lambda: loads.append(1) or completer([{"n": 1}], [{"n": 2}]))
    assert loads == []
    assert await collected(engine) == [{"n": 1}]
    assert await collected(engine) == [{"n": 2}]
    await engine.close()
    assert loads == [1]


async def test_requests_are_answered_one_at_a_time_in_the_order_in_which_they_came(completer):
    model = completer(*[[{"n": number}] for number in range(5)])
    engine = Engine(lambda: model)
    answers = await asyncio.gather(*[collected(engine, name) for name in "abcde"])
    await engine.close()
    assert [body["name"] for body, _ in model.requests] == list("abcde")
    assert answers == [[{"n": number}] for number in range(5)]


async def test_closing_the_stream_stops_the_model_and_the_next_request_is_served(completer):
    endless = Endless()
    engine = Engine(lambda: completer(endless, [{"n": 2}]))
    async with aclosing(engine.stream({})) as chunks:
        await anext(chunks)
    assert await asyncio.to_thread(endless.stopped.wait, PATIENCE)
    assert await collected(engine) == [{"n": 2}]
    await engine.close()


async def test_cancellation_propagates_and_stops_the_model(completer):
    endless = Endless()
    engine = Engine(lambda: completer(endless))
    task = asyncio.create_task(collected(engine))
    await asyncio.to_thread(endless.begun.wait, PATIENCE)
    task.cancel()
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled()
    assert await asyncio.to_thread(endless.stopped.wait, PATIENCE)
    await engine.close()


async def test_a_request_that_was_given_up_while_it_waited_never_reaches_the_model(completer):
    endless = Endless()
    model = completer(endless, [{"n": 3}])
    engine = Engine(lambda: model)
    first = asyncio.create_task(collected(engine, "first"))
    await asyncio.to_thread(endless.begun.wait, PATIENCE)
    second = asyncio.create_task(collected(engine, "second"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    first.cancel()
    assert await collected(engine, "third") == [{"n": 3}]
    await engine.close()
    assert [body["name"] for body, _ in model.requests] == ["first", "third"]


async def test_an_error_of_the_model_belongs_to_who_asked(completer):
    engine = Engine(lambda: completer(RequestRejected("no"), [{"n": 1}]))
    with pytest.raises(RequestRejected):
        await collected(engine)
    assert await collected(engine) == [{"n": 1}]
    await engine.close()


async def test_a_load_that_failed_is_tried_again_by_the_next_request(completer):
    problems = [RequestRejected("not yet")]

    def load():
        if problems:
            raise problems.pop()
        return completer([{"n": 1}])

    engine = Engine(load)
    with pytest.raises(RequestRejected):
        await collected(engine)
    assert await collected(engine) == [{"n": 1}]
    await engine.close()


async def test_the_deadline_covers_waiting(completer):
    endless = Endless()
    engine = Engine(lambda: completer(endless))
    first = asyncio.create_task(collected(engine))
    await asyncio.to_thread(endless.begun.wait, PATIENCE)
    with pytest.raises(DeadlineExceeded):
        await collected(engine, deadline=0.05)
    first.cancel()
    await asyncio.wait({first})
    await engine.close()


async def test_closing_ends_the_thread_unloads_the_model_and_fails_what_runs(completer):
    endless, before = Endless(), threading.active_count()
    model = completer(endless)
    engine = Engine(lambda: model)
    running = asyncio.create_task(collected(engine))
    await asyncio.to_thread(endless.begun.wait, PATIENCE)
    waiting = asyncio.create_task(collected(engine))
    await asyncio.sleep(0)
    await engine.close()
    for task in (running, waiting):
        with pytest.raises(KernelClosed):
            await task
    assert model.closed
    assert not [thread for thread in threading.enumerate() if thread.name == "trouplet-local"]
    assert threading.active_count() <= before + 2, "only the executor's own threads are new"


async def test_a_closed_engine_says_so_and_can_be_closed_again(completer):
    engine = Engine(completer)
    await engine.close()
    await engine.close()
    with pytest.raises(KernelClosed):
        await collected(engine)


def test_an_event_loop_that_ended_during_a_call_does_no_harm(completer):
    endless = Endless()
    engine = Engine(lambda: completer(endless, [{"n": 1}]))

    async def begin():
        chunks = engine.stream({})
        await anext(chunks)
        return chunks

    loop = asyncio.new_event_loop()
    abandoned = loop.run_until_complete(begin())
    loop.close()
    assert endless.stopped.wait(PATIENCE)

    async def again():
        assert await collected(engine) == [{"n": 1}]
        await engine.close()

    asyncio.run(again())
    del abandoned
