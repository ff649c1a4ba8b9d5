"""Chat models with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import ClassVar

from trouplet.errors import ModelError, RateLimited, RequestRejected, StreamInterrupted
from trouplet.model_io import Finish, TextChunk, ThinkingChunk, ToolCallChunk
from trouplet.testing import ScriptedModel
from trouplet.testing.contracts import ModelContract, Provider
from trouplet.testing.contracts.scenarios import REFUSALS


class Pretender:
    """A provider in the process: one answer per call, as the scenario says."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.running = 0

    async def answer(self, request):
        scenario = self.scenario
        self.running += 1
        try:
            if scenario.end == "refused":
                error = {case.name: error for case, error in REFUSALS}[scenario.name]
                raise error(scenario.message, provider="test", status=scenario.status, retry_after=scenario.retry_after)
            for chunk in scenario.chunks:
                yield chunk
            if scenario.end == "cut":
                raise StreamInterrupted("the answer broke off", provider="test", partial=scenario.text)
            if scenario.end == "stall":
                await asyncio.Event().wait()
            yield Finish(scenario.finish_reason, scenario.usage)
        finally:
            self.running -= 1


class Faulty(ModelContract):
    """Serves a scripted model through ``spoil``, which a fault overrides."""

    patience = 0.5

    @asynccontextmanager
    async def serve(self, scenario):
        pretender = Pretender(scenario)
        model = ScriptedModel([pretender.answer] * 5)
        sound = model.stream
        model.stream = lambda request: self.spoil(sound, request)
        yield Provider(model, lambda: pretender.running)

    async def spoil(self, stream, request):
        async with aclosing(stream(request)) as chunks:
            async for chunk in chunks:
                for changed in self.change(chunk):
                    yield changed

    def change(self, chunk):
        return [chunk]


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestTwoFinishes(Faulty):
    caught_by = "test_a_stream_ends_with_exactly_one_finish"

    def change(self, chunk):
        return [chunk, chunk] if isinstance(chunk, Finish) else [chunk]


class TestNoFinish(Faulty):
    caught_by = "test_a_stream_ends_with_exactly_one_finish"

    def change(self, chunk):
        return [] if isinstance(chunk, Finish) else [chunk]


class TestFinishReasonLost(Faulty):
    caught_by = "test_a_stream_ends_with_exactly_one_finish"

    def change(self, chunk):
        return [Finish("stop", chunk.usage)] if isinstance(chunk, Finish) else [chunk]


class TestAccumulatedText(Faulty):
    """Yields the whole text so far instead of the next piece."""

    caught_by = "test_the_text_chunks_joined_are_the_answer"

    async def spoil(self, stream, request):
        text = ""
        async with aclosing(stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextChunk):
                    text += chunk.text
                    yield TextChunk(text)
                else:
                    yield chunk


class TestThinkingAsText(Faulty):
    caught_by = "test_thinking_is_kept_apart_from_the_text"

    def change(self, chunk):
        return [TextChunk(chunk.text)] if isinstance(chunk, ThinkingChunk) else [chunk]


class TestCallsMixedUp(Faulty):
    """Ignores the index of parallel calls."""

    caught_by = "test_tool_calls_have_ids_names_and_whole_json_arguments"

    def change(self, chunk):
        if isinstance(chunk, ToolCallChunk):
            return [ToolCallChunk(0, chunk.arguments, chunk.id, chunk.name)]
        return [chunk]


class TestIdsLost(Faulty):
    caught_by = "test_tool_calls_have_ids_names_and_whole_json_arguments"

    def change(self, chunk):
        if isinstance(chunk, ToolCallChunk):
            return [ToolCallChunk(chunk.index, chunk.arguments, None, chunk.name)]
        return [chunk]


class TestNameComesLate(Faulty):
    caught_by = "test_the_first_chunk_of_a_call_names_its_tool"

    def change(self, chunk):
        if isinstance(chunk, ToolCallChunk) and chunk.name:
            return [ToolCallChunk(chunk.index, "", chunk.id), chunk]
        return [chunk]


class TestUsageLost(Faulty):
    caught_by = "test_usage_is_reported_as_the_provider_tells_it"

    def change(self, chunk):
        return [Finish(chunk.reason)] if isinstance(chunk, Finish) else [chunk]


class TestBrokenAnswerFinishes(Faulty):
    """Takes the end of the connection for the end of the answer."""

    caught_by = "test_an_answer_that_breaks_off_is_an_error_and_never_finishes"

    async def spoil(self, stream, request):
        try:
            async with aclosing(stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except StreamInterrupted:
            yield Finish("stop")


class TestUntypedErrors(Faulty):
    caught_by = "test_a_refusal_is_a_typed_error"

    async def spoil(self, stream, request):
        try:
            async with aclosing(stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except RequestRejected as error:
            raise ModelError(error.what, provider="test") from error


class TestRetryAfterLost(Faulty):
    caught_by = "test_a_refusal_is_a_typed_error"

    async def spoil(self, stream, request):
        try:
            async with aclosing(stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except RateLimited as error:
            raise RateLimited(error.what, provider="test") from error


class TestStreamNotClosed(Faulty):
    """Iterates the provider's stream without closing it."""

    caught_by = "test_closing_the_stream_early_lets_go_of_the_provider"
    kept: ClassVar = []

    async def spoil(self, stream, request):
        inner = stream(request)
        self.kept.append(inner)
        async for chunk in inner:
            yield chunk


class TestCancellationSwallowed(Faulty):
    caught_by = "test_cancellation_propagates_and_lets_go_of_the_provider"

    async def spoil(self, stream, request):
        try:
            async with aclosing(stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except asyncio.CancelledError:
            yield Finish("other")


class TestSharedBuffer(Faulty):
    """Keeps what arrives on the model instead of in the call."""

    caught_by = "test_streams_at_the_same_time_are_independent"
    buffer = ""

    async def spoil(self, stream, request):
        type(self).buffer = ""
        finish = None
        async with aclosing(stream(request)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextChunk):
                    type(self).buffer += chunk.text
                    await asyncio.sleep(0)
                else:
                    finish = chunk
                    break
        yield TextChunk(self.buffer)
        yield finish


class TestOneStreamOnly(Faulty):
    caught_by = "test_a_stream_can_be_followed_by_another"
    used = False

    async def spoil(self, stream, request):
        if self.used:
            raise ModelError("the client is closed", provider="test")
        self.used = True
        async with aclosing(stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk


class TestRequestChanged(Faulty):
    caught_by = "test_the_request_is_not_changed"

    async def spoil(self, stream, request):
        request.options["stream"] = True
        async with aclosing(stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk


class TestNoFormatter(Faulty):
    caught_by = "test_a_model_says_who_it_is_and_has_a_formatter"

    @asynccontextmanager
    async def serve(self, scenario):
        async with super().serve(scenario) as provider:
            provider.model.formatter = None
            yield provider
