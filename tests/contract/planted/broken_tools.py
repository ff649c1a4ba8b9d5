"""Tools with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
import os
from typing import ClassVar

from trouplet.errors import InvalidArguments
from trouplet.messages import TextBlock
from trouplet.model_io import ToolSchema
from trouplet.testing.contracts import ToolContract
from trouplet.tool_io import ToolTraits

PARAMETERS = {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}


class Brew:
    """A sound tool."""

    def __init__(self):
        self.schema = ToolSchema("brew", "Brew tea.", PARAMETERS)
        self.traits = ToolTraits()

    def validate(self, arguments):
        if not isinstance(arguments.get("kind"), str):
            raise InvalidArguments("kind must be text")
        return arguments

    async def run(self, arguments, emit):
        if arguments["kind"] == "slow":
            await asyncio.sleep(60)
        emit((TextBlock("brewing"),))
        return (TextBlock(f"{arguments['kind']} tea"),)


class Faulty(ToolContract):
    """The sound tool, of which a fault overrides a part as ``Broken``."""

    valid: ClassVar = {"kind": "green"}
    invalid = ({}, {"kind": 3})
    slow: ClassVar = {"kind": "slow"}
    patience = 0.5
    Broken = Brew

    def make(self):
        return self.Broken()


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestNoTraits(Faulty):
    caught_by = "test_it_is_a_tool"

    class Broken(Brew):
        def __init__(self):
            super().__init__()
            del self.traits


class TestNameWithADot(Faulty):
    caught_by = "test_its_schema_can_be_sent_to_every_provider"

    class Broken(Brew):
        def __init__(self):
            super().__init__()
            self.schema.name = "tea.brew"


class TestNoDescription(Faulty):
    caught_by = "test_its_schema_can_be_sent_to_every_provider"

    class Broken(Brew):
        def __init__(self):
            super().__init__()
            self.schema.description = " "


class TestNoTime(Faulty):
    caught_by = "test_its_traits_make_sense"

    class Broken(Brew):
        def __init__(self):
            super().__init__()
            self.traits = ToolTraits(deadline=0)


class TestArgumentsChanged(Faulty):
    caught_by = "test_valid_arguments_are_taken_and_not_changed"

    class Broken(Brew):
        def validate(self, arguments):
            arguments["minutes"] = 3
            return arguments


class TestNothingRefused(Faulty):
    caught_by = "test_invalid_arguments_are_refused_with_a_text_for_the_model"

    class Broken(Brew):
        def validate(self, arguments):
            return arguments


class TestTextReturned(Faulty):
    caught_by = "test_a_run_returns_its_output_as_blocks"

    class Broken(Brew):
        async def run(self, arguments, emit):
            return "green tea"


class TestTextEmitted(Faulty):
    caught_by = "test_what_is_emitted_early_is_made_of_blocks_too"

    class Broken(Brew):
        async def run(self, arguments, emit):
            emit("brewing")
            return (TextBlock("green tea"),)


class TestDescriptorLeft(Faulty):
    caught_by = "test_runs_at_the_same_time_do_not_disturb_each_other"
    left: ClassVar = []

    class Broken(Brew):
        async def run(self, arguments, emit):
            TestDescriptorLeft.left += os.pipe()
            return await super().run(arguments, emit)


class TestCancellationSwallowed(Faulty):
    caught_by = "test_cancellation_propagates_and_leaves_nothing_behind"

    class Broken(Brew):
        async def run(self, arguments, emit):
            try:
                return await super().run(arguments, emit)
            except asyncio.CancelledError:
                return (TextBlock("stopped"),)
