"""Formatters with one fault each. ``caught_by`` names the test that has to fail."""

from dataclasses import replace
from itertools import count
from typing import ClassVar

from trouplet.conversation import ChatFormatter
from trouplet.messages import Msg, TextBlock, ToolResultBlock, ToolUseBlock
from trouplet.testing import PlainFormatter
from trouplet.testing.contracts import FormatterContract


class Faulty(FormatterContract):
    """Makes a formatter whose messages go through ``spoil``, which a fault overrides."""

    exempt: ClassVar = {"test_the_thinking_of_another_provider_is_not_sent": "it leaves nothing out"}

    def make(self):
        contract = self

        class Spoilt(PlainFormatter):
            async def format(self, messages):
                return contract.spoil(await super().format(contract.before(messages)), messages)

        return Spoilt()

    def before(self, messages):
        return messages

    def spoil(self, made, messages):
        return made


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestNotJson(Faulty):
    caught_by = "test_what_it_returns_is_a_list_of_json_objects"

    def spoil(self, made, messages):
        return [{**msg, "timestamp": messages[0].timestamp} for msg in made]


class TestResultsDropped(Faulty):
    caught_by = "test_every_text_and_result_is_sent_in_order"

    def before(self, messages):
        return [msg for msg in messages if not msg.blocks(ToolResultBlock)] or messages


class TestOrderLost(Faulty):
    caught_by = "test_every_text_and_result_is_sent_in_order"

    def spoil(self, made, messages):
        return sorted(made, key=lambda msg: msg["role"])


class TestSystemDropped(Faulty):
    caught_by = "test_the_system_prompt_is_sent"

    def before(self, messages):
        return [msg for msg in messages if msg.role != "system"]


class TestCallsDropped(Faulty):
    caught_by = "test_calls_are_sent_with_their_names_and_arguments"

    def before(self, messages):
        def kept(msg):
            return [b for b in msg.content if isinstance(b, TextBlock | ToolResultBlock)] or [TextBlock("-")]

        return [Msg(msg.name, kept(msg), msg.role) for msg in messages]

    def spoil(self, made, messages):
        for msg in made:
            for part in msg["content"]:
                part.pop("name", None)
        return made


class TestMessagesChanged(Faulty):
    caught_by = "test_the_messages_are_not_changed"

    def before(self, messages):
        for msg in messages:
            for block in msg.blocks(ToolUseBlock):
                changed = replace(block, raw_input="changed")
                content = tuple(changed if other is block else other for other in msg.content)
                object.__setattr__(msg, "content", content)
        return messages


class TestRandomIds(Faulty):
    caught_by = "test_the_same_history_gives_the_same_wire_form"
    numbers = count()

    def spoil(self, made, messages):
        return [{**msg, "id": next(self.numbers)} for msg in made]


class TestStaleCache(Faulty):
    """Remembers how many messages it has seen instead of which."""

    caught_by = "test_a_history_that_has_grown_is_formatted_as_if_it_were_new"
    seen = 0

    def make(self):
        contract = self

        class Spoilt(PlainFormatter):
            grown = 0

            async def format(self, messages):
                made = await super().format(messages)
                new, self.grown = len(messages) - self.grown, max(self.grown, len(messages))
                return made if new >= len(made) else [{**msg, "cached": contract.seen} for msg in made]

        return Spoilt()


class TestStateAcrossAwaits(Faulty):
    """Collects into one list of its own while it waits."""

    caught_by = "test_histories_are_formatted_at_the_same_time"

    def make(self):
        import asyncio

        class Spoilt(PlainFormatter):
            async def format(self, messages):
                self.made = []
                for msg in messages:
                    await asyncio.sleep(0)
                    self.made += await super().format([msg])
                return self.made

        return Spoilt()


class TestThoughtsOfOthers(Faulty):
    caught_by = "test_the_thinking_of_another_provider_is_not_sent"
    exempt: ClassVar = {}


class TestMediaBetweenResults(Faulty):
    """Sends the media of a result in a message right after it."""

    caught_by = "test_media_in_results_come_with_their_result_or_after_all_results"

    def spoil(self, made, messages):
        return [part for msg in made for part in self.parts(msg)]

    def parts(self, msg):
        for block in msg["content"]:
            media = [part for part in block.get("output", ()) if "source" in part]
            texts = [part for part in block.get("output", ()) if "source" not in part]
            yield {**msg, "content": [{**block, "output": texts} if media else block]}
            if media:
                yield {"role": "user", "content": media}


class TestPlacesKept(Faulty):
    """Remembers of a message where it stood when it was seen first."""

    caught_by = "test_a_message_looks_the_same_wherever_it_stands"

    def make(self):
        class Spoilt(PlainFormatter):
            def __init__(self):
                self.places = {}

            async def format(self, messages):
                made = await super().format(messages)
                places = [self.places.setdefault(msg.id, place) for place, msg in enumerate(messages)]
                return [{**msg, "place": place} for msg, place in zip(made, places, strict=True)]

        return Spoilt()


class TestResultsLostWhenShort(Faulty):
    """Leaves the results out of a history in which something else has been left out before."""

    caught_by = "test_a_truncated_history_keeps_calls_and_results_together"

    def before(self, messages):
        cut = messages[1:2] and messages[1].text != "Find number 0." and messages[0].text == "You find things."
        return [msg for msg in messages if not (cut and msg.blocks(ToolResultBlock))]


class TestEveryMessageLooksAtAllOthers(Faulty):
    caught_by = "test_the_cost_grows_with_the_history_and_no_faster"

    def spoil(self, made, messages):
        for place in range(len(made)):
            for _ in range(8 * place):
                pass
        return made


class TestFormatsAgainAndAgain(Faulty):
    caught_by = "test_what_was_formatted_before_costs_little"

    def make(self):
        class Spoilt(ChatFormatter):
            async def format(self, messages):
                return await PlainFormatter().format(messages)

        return Spoilt()
