"""What the kernel adds to each chunk of a model that costs nothing: no network, no parsing."""

import asyncio

TURNS = 10


class InstantModel:
    """Streams chunks that were made beforehand."""

    def __init__(self, number):
        from trouplet.messages import Msg
        from trouplet.model_io import Finish, ModelInfo, ModelRequest, TextChunk
        from trouplet.testing.plain_formatter import PlainFormatter

        self.info = ModelInfo("bench", "instant")
        self.formatter = PlainFormatter()
        self.request = ModelRequest([Msg("user", "Hi")])
        self._chunks = [*[TextChunk(" word")] * number, Finish()]

    async def stream(self, request):
        for chunk in self._chunks:
            yield chunk


def floor(bench):
    return asyncio.run(_measure(bench, _iterate))


def unwatched(bench):
    return asyncio.run(_measure(bench, _ask))


def ten_subscribers(bench):
    return asyncio.run(_measure(bench, _ask, subscribers=10))


def streamed(bench):
    return asyncio.run(_measure(bench, _stream))


async def _measure(bench, take, *, subscribers=0):
    from trouplet import ReActAgent

    friday = ReActAgent("Friday", model=InstantModel(bench.size))
    for _ in range(subscribers):
        friday.hooks.add("on_event", _watch_the_end)
    await take(friday)
    with bench.section(TURNS * bench.size):
        for _ in range(TURNS):
            await take(friday)
    return TURNS


def _watch_the_end(scope):
    from trouplet import RunEnded, Subscription

    return [Subscription((RunEnded,), lambda event: None)]


async def _iterate(friday):
    async for _chunk in friday.model.stream(friday.model.request):
        pass


async def _ask(friday):
    from trouplet import InMemoryMemory

    await friday("Hi", memory=InMemoryMemory())


async def _stream(friday):
    from trouplet import InMemoryMemory

    async for _event in friday.stream("Hi", memory=InMemoryMemory()):
        pass
