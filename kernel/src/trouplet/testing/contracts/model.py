"""The contract of chat models."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import ModelError
from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.model_io import Finish, ModelRequest, TextChunk, ThinkingChunk, ToolCallChunk, ToolSchema
from trouplet.response import ResponseBuilder
from trouplet.testing.contracts import scenarios
from trouplet.testing.contracts.contract import Contract
from trouplet.testing.contracts.scenarios import Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from trouplet.model_io import Chunk
    from trouplet.ports import ChatModel


@dataclass(slots=True)
class Provider:
    """A model together with the pretended provider behind it.

    ``in_flight`` returns how many answers the provider is still giving: connections that are open, generators that run.
    """

    model: ChatModel
    in_flight: Callable[[], int]


class ModelContract(Contract):
    """What every chat model keeps. Override ``serve``; retries must be off in the model that it makes.

    ``keeps_call_ids`` is False for a provider whose protocol has no call ids. ``patience`` is after how many seconds
    something that has not happened counts as not happening.
    """

    keeps_call_ids = True
    patience = 10.0

    def serve(self, scenario: Scenario) -> AbstractAsyncContextManager[Provider]:
        """Return a model whose provider answers every call as the scenario says."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its provider serves a scenario")

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "scenario", [scenarios.ANSWER, scenarios.ONE_CALL, scenarios.TOO_LONG], ids=lambda scenario: scenario.name
    )
    async def test_a_stream_ends_with_exactly_one_finish(self, scenario: Scenario) -> None:
        async with self._serve(scenario) as provider:
            chunks = await self._all(provider.model)
        assert [type(chunk) for chunk in chunks].count(Finish) == 1
        finish = chunks[-1]
        assert isinstance(finish, Finish), "the Finish comes last"
        assert finish.reason == scenario.finish_reason

    @pytest.mark.asyncio
    async def test_the_text_chunks_joined_are_the_answer(self) -> None:
        async with self._serve(scenarios.ANSWER) as provider:
            chunks = await self._all(provider.model)
        assert _text(chunks) == scenarios.ANSWER.text

    @pytest.mark.asyncio
    async def test_thinking_is_kept_apart_from_the_text(self) -> None:
        async with self._serve(scenarios.THOUGHT) as provider:
            chunks = await self._all(provider.model)
        thinking = "".join([chunk.text for chunk in chunks if isinstance(chunk, ThinkingChunk)])
        assert (thinking, _text(chunks)) == (scenarios.THOUGHT.thinking, scenarios.THOUGHT.text)

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "scenario",
        [scenarios.ONE_CALL, scenarios.PARALLEL_CALLS, scenarios.NO_ARGUMENTS],
        ids=lambda scenario: scenario.name,
    )
    async def test_tool_calls_have_ids_names_and_whole_json_arguments(self, scenario: Scenario) -> None:
        async with self._serve(scenario) as provider:
            chunks = await self._all(provider.model, tools=TOOLS)
        calls = [block for block in _blocks(chunks) if isinstance(block, ToolUseBlock)]
        assert [(call.name, dict(call.input)) for call in calls] == [(name, args) for _, name, args in scenario.calls]
        if self.keeps_call_ids:
            assert [call.id for call in calls] == [id for id, _, _ in scenario.calls]
        ids = [call.id for call in calls if call.id]
        assert len(ids) == len(set(ids)), "two calls have one id"

    @pytest.mark.asyncio
    async def test_the_first_chunk_of_a_call_names_its_tool(self) -> None:
        async with self._serve(scenarios.PARALLEL_CALLS) as provider:
            chunks = await self._all(provider.model, tools=TOOLS)
        named: set[int] = set()
        for chunk in chunks:
            if isinstance(chunk, ToolCallChunk):
                assert chunk.name or chunk.index in named, f"a piece of call {chunk.index} comes before its name"
                named.add(chunk.index)

    @pytest.mark.asyncio
    async def test_usage_is_reported_as_the_provider_tells_it(self) -> None:
        async with self._serve(scenarios.ANSWER) as provider:
            finish = (await self._all(provider.model))[-1]
        assert isinstance(finish, Finish)
        assert finish.usage is not None
        told = scenarios.ANSWER.usage
        assert told is not None
        assert (finish.usage.input_tokens, finish.usage.output_tokens) == (told.input_tokens, told.output_tokens)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("scenario", [scenarios.CUT, scenarios.CUT_CALL], ids=lambda scenario: scenario.name)
    async def test_an_answer_that_breaks_off_is_an_error_and_never_finishes(self, scenario: Scenario) -> None:
        chunks: list[Chunk] = []
        async with self._serve(scenario) as provider:
            with pytest.raises(ModelError) as caught:
                await self._read_into(chunks, provider.model)
        assert not [chunk for chunk in chunks if isinstance(chunk, Finish)], "a broken answer claims to be complete"
        assert caught.value.partial in {"", scenario.text}

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("scenario", "error"), scenarios.REFUSALS, ids=[scenario.name for scenario, _ in scenarios.REFUSALS]
    )
    async def test_a_refusal_is_a_typed_error(self, scenario: Scenario, error: type[ModelError]) -> None:
        async with self._serve(scenario) as provider:
            with pytest.raises(error) as caught:
                await self._all(provider.model)
        assert caught.value.retryable is error.retryable
        assert caught.value.retry_after == scenario.retry_after
        assert caught.value.provider == provider.model.info.provider

    @pytest.mark.asyncio
    async def test_closing_the_stream_early_lets_go_of_the_provider(self) -> None:
        async with self._serve(scenarios.STALLED) as provider:
            async with aclosing(_stream(provider.model)) as chunks:
                await asyncio.wait_for(anext(chunks), self.patience)
                assert provider.in_flight() == 1
            await self._nothing_in_flight(provider)

    @pytest.mark.asyncio
    async def test_cancellation_propagates_and_lets_go_of_the_provider(self) -> None:
        async with self._serve(scenarios.STALLED) as provider:
            begun = asyncio.Event()

            async def read() -> None:
                async with aclosing(_stream(provider.model)) as chunks:
                    async for _ in chunks:
                        begun.set()

            task = asyncio.create_task(read())
            await asyncio.wait_for(begun.wait(), self.patience)
            task.cancel()
            await asyncio.wait({task}, timeout=self.patience)
            assert task.cancelled(), "the cancellation was swallowed"
            await self._nothing_in_flight(provider)

    @pytest.mark.asyncio
    async def test_streams_at_the_same_time_are_independent(self) -> None:
        async with self._serve(scenarios.ANSWER) as provider:
            answers = await asyncio.gather(*[self._all(provider.model) for _ in range(5)])
        assert [_text(chunks) for chunks in answers] == [scenarios.ANSWER.text] * 5

    @pytest.mark.asyncio
    async def test_a_stream_can_be_followed_by_another(self) -> None:
        async with self._serve(scenarios.ANSWER) as provider:
            first, second = await self._all(provider.model), await self._all(provider.model)
        assert [type(chunk) for chunk in first] == [type(chunk) for chunk in second]

    @pytest.mark.asyncio
    async def test_the_request_is_not_changed(self) -> None:
        async with self._serve(scenarios.ANSWER) as provider:
            request = _request(tools=TOOLS)
            before = copy.deepcopy(request)
            async with aclosing(provider.model.stream(request)) as chunks:
                async for _ in chunks:
                    pass
        assert request == before
        assert [msg.content for msg in request.messages] == [msg.content for msg in before.messages]

    @pytest.mark.asyncio
    async def test_a_model_says_who_it_is_and_has_a_formatter(self) -> None:
        from trouplet.ports import ChatModel, Formatter

        async with self._serve(scenarios.ANSWER) as provider:
            model = provider.model
            assert isinstance(model, ChatModel)
            assert isinstance(model.formatter, Formatter)
            assert model.info.provider
            assert model.info.name

    async def _all(self, model: ChatModel, *, tools: Sequence[ToolSchema] = ()) -> list[Chunk]:
        async with asyncio.timeout(self.patience):
            return [chunk async for chunk in _stream(model, tools=tools)]

    async def _read_into(self, chunks: list[Chunk], model: ChatModel) -> None:
        """Read a stream so that what comes before an error is kept."""
        async with asyncio.timeout(self.patience):
            async for chunk in _stream(model, tools=TOOLS):
                chunks.append(chunk)  # noqa: PERF401

    async def _nothing_in_flight(self, provider: Provider) -> None:
        async with asyncio.timeout(self.patience):
            while provider.in_flight():  # noqa: ASYNC110  # a provider is only asked, it does not tell
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def _serve(self, scenario: Scenario) -> AsyncIterator[Provider]:
        """Serve a scenario; the test is skipped for a model that lacks what the scenario needs."""
        async with self.serve(scenario) as provider:
            lacking = scenario.needs - provider.model.info.capabilities
            if lacking:
                pytest.skip(f"not applicable: {', '.join(sorted(lacking))}")
            yield provider


TOOLS = [
    ToolSchema("brew", "Brew tea.", {"type": "object", "properties": {"kind": {"type": "string"}, "minutes": {}}}),
    ToolSchema("fetch", "Fetch a thing.", {"type": "object", "properties": {"what": {"type": "string"}}}),
    ToolSchema("look", "Look around.", {"type": "object", "properties": {}}),
]


def _request(*, tools: Sequence[ToolSchema] = ()) -> ModelRequest:
    history = [
        Msg("system", "You make tea.", "system"),
        Msg("user", "Is there water?"),
        Msg("Friday", [ToolUseBlock("call_0", "look", {})], "assistant"),
        Msg("Friday", [ToolResultBlock("call_0", "look", (TextBlock("A full kettle."),))], "tool"),
        Msg("Friday", "There is.", "assistant"),
        Msg("user", "Tea, please."),
    ]
    return ModelRequest(history if tools else [history[0], history[-1]], tools)


async def _stream(model: ChatModel, *, tools: Sequence[ToolSchema] = ()) -> AsyncGenerator[Chunk, None]:
    able = tools if "tools" in model.info.capabilities else ()
    async with aclosing(model.stream(_request(tools=able))) as chunks:
        async for chunk in chunks:
            yield chunk


def _text(chunks: Sequence[Chunk]) -> str:
    return "".join([chunk.text for chunk in chunks if isinstance(chunk, TextChunk)])


def _blocks(chunks: Sequence[Chunk]) -> Sequence[object]:
    builder = ResponseBuilder()
    for chunk in chunks:
        builder.add(chunk)
    return builder.blocks()
