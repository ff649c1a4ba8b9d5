"""The contract of tools."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from typing import TYPE_CHECKING

import pytest

from trouplet.errors import InvalidArguments
from trouplet.messages import AudioBlock, ImageBlock, TextBlock, VideoBlock
from trouplet.testing.contracts.contract import Contract
from trouplet.testing.leaks import LeakCheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trouplet.messages import ContentBlock
    from trouplet.ports import Tool

_OUTPUT = (TextBlock, ImageBlock, AudioBlock, VideoBlock)


class ToolContract(Contract):
    """What every tool keeps. Override ``make``, and give ``valid`` arguments and some that are ``invalid``.

    ``slow`` are arguments of a call that runs for seconds, for the test of cancellation; it is skipped without them.
    ``patience`` is how many seconds a cancelled call may take to end, and to clean up.
    """

    valid: Mapping[str, object] = {}
    invalid: Sequence[Mapping[str, object]] = ()
    slow: Mapping[str, object] | None = None
    patience = 10.0

    def make(self) -> Tool:
        """Return the tool."""
        raise NotImplementedError(f"{type(self).__name__} makes no tool")

    def test_it_is_a_tool(self) -> None:
        from trouplet.ports import Tool

        assert isinstance(self.make(), Tool)

    def test_its_schema_can_be_sent_to_every_provider(self) -> None:
        schema = self.make().schema
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}", schema.name), schema.name
        assert schema.description.strip(), "the model is not told what the tool does"
        parameters = json.loads(json.dumps(schema.parameters, allow_nan=False))
        assert parameters["type"] == "object"
        properties = parameters.get("properties", {})
        assert set(parameters.get("required", ())) <= set(properties)
        assert set(self.valid) <= set(properties) or parameters.get("additionalProperties")

    def test_its_traits_make_sense(self) -> None:
        traits = self.make().traits
        assert traits.deadline is None or traits.deadline > 0
        assert traits.output_limit > 0

    def test_valid_arguments_are_taken_and_not_changed(self) -> None:
        given = copy.deepcopy(dict(self.valid))
        self.make().validate(given)
        assert given == self.valid

    def test_invalid_arguments_are_refused_with_a_text_for_the_model(self) -> None:
        for arguments in self.invalid:
            with pytest.raises(InvalidArguments) as caught:
                self.make().validate(copy.deepcopy(dict(arguments)))
            assert caught.value.what, arguments

    @pytest.mark.asyncio
    async def test_a_run_returns_its_output_as_blocks(self) -> None:
        output = await self._run(self.valid)
        assert isinstance(output, tuple)
        assert all(isinstance(block, _OUTPUT) for block in output)

    @pytest.mark.asyncio
    async def test_what_is_emitted_early_is_made_of_blocks_too(self) -> None:
        emitted: list[tuple[ContentBlock, ...]] = []
        tool = self.make()
        await tool.run(tool.validate(copy.deepcopy(dict(self.valid))), emitted.append)
        assert all(isinstance(block, _OUTPUT) for piece in emitted for block in piece)

    @pytest.mark.asyncio
    async def test_runs_at_the_same_time_do_not_disturb_each_other(self) -> None:
        async with LeakCheck(grace=self.patience):
            outputs = await asyncio.gather(*[self._run(self.valid) for _ in range(3)])
        assert all(isinstance(output, tuple) for output in outputs)

    @pytest.mark.asyncio
    async def test_cancellation_propagates_and_leaves_nothing_behind(self) -> None:
        if self.slow is None:
            pytest.skip("no slow arguments were given")
        async with LeakCheck(grace=self.patience):
            task = asyncio.create_task(self._run(self.slow))
            await asyncio.sleep(0.1)
            assert not task.done(), "the slow call is not slow"
            task.cancel()
            await asyncio.wait({task}, timeout=self.patience)
            assert task.cancelled(), "the cancellation was swallowed"

    async def _run(self, arguments: Mapping[str, object]) -> tuple[ContentBlock, ...]:
        tool = self.make()
        return await tool.run(tool.validate(copy.deepcopy(dict(arguments))), lambda output: None)
