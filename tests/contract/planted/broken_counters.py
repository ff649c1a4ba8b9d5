"""Token counters with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
import json

from trouplet.messages import ImageBlock, TextBlock
from trouplet.model_io import TokenCount
from trouplet.testing import PlainFormatter
from trouplet.testing.contracts import TokenCounterContract
from trouplet_http import ProviderClient


class Counter:
    """A sound counter: four characters are a token."""

    def __init__(self, base_url):
        self.base_url = base_url

    async def count(self, messages, tools=()):
        wire = await PlainFormatter().format(messages)
        return TokenCount([self.tokens(one) for one in wire], sum(self.tokens(tool.name) for tool in tools))

    def tokens(self, value):
        return len(json.dumps(value)) // 4


class Faulty(TokenCounterContract):
    """The sound counter, of which a fault overrides a part as ``Broken``."""

    Broken = Counter

    def make(self, base_url):
        return self.Broken(base_url)

    def answer(self, body, tokens):
        return {"tokens": tokens}


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestOneSumForAll(Faulty):
    caught_by = "test_each_message_has_its_number"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            made = await super().count(messages, tools)
            return TokenCount([made.total])


class TestMinusOneForNothing(Faulty):
    caught_by = "test_no_messages_have_no_numbers"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            made = await super().count(messages, tools)
            return TokenCount(made.messages, made.overhead - 1) if not messages else made


class TestAsksOncePerMessage(Faulty):
    caught_by = "test_a_history_is_counted_in_one_pass"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            client = ProviderClient("test", self.base_url, headers={})
            for msg in messages[:2]:
                await client.endpoint({}).post_json("count", {"role": msg.role})
            await client.aclose()
            return await super().count(messages, tools)


class TestCountsAtMostTen(Faulty):
    caught_by = "test_longer_text_never_counts_less"

    class Broken(Counter):
        def tokens(self, value):
            return min(super().tokens(value), 10)


class TestResultsAreFree(Faulty):
    caught_by = "test_everything_in_a_message_counts"

    class Broken(Counter):
        def tokens(self, value):
            return 0 if "tool_result" in json.dumps(value) else super().tokens(value)


class TestTheLastMessageOnly(Faulty):
    caught_by = "test_more_messages_never_count_less"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            made = await super().count(messages, tools)
            return TokenCount([0] * len(made.messages[:-1]) + list(made.messages[-1:]), made.overhead)


class TestToolsAreFree(Faulty):
    caught_by = "test_tools_cost_tokens"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            return await super().count(messages)


class TestToolsInTheFirstMessage(Faulty):
    caught_by = "test_tools_belong_to_no_message"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            made = await super().count(messages, tools)
            return TokenCount([made.messages[0] + made.overhead, *made.messages[1:]]) if messages else made


class TestImagesAreFree(Faulty):
    caught_by = "test_an_image_costs_tokens"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            seen = [[block for block in msg.content if not isinstance(block, ImageBlock)] for msg in messages]
            wire = [[str(block) for block in blocks] for blocks in seen]
            overhead = sum(self.tokens(tool.name) for tool in tools)
            return TokenCount([self.tokens(one) for one in wire], overhead)


class TestOnlyCleanText(Faulty):
    caught_by = "test_any_text_can_be_counted"

    class Broken(Counter):
        def tokens(self, value):
            return len(json.dumps(value, ensure_ascii=False).encode()) // 4


class TestCountsWhatItRemembers(Faulty):
    caught_by = "test_the_same_history_counts_the_same"

    class Broken(Counter):
        extra = 0

        async def count(self, messages, tools=()):
            self.extra += 1
            made = await super().count(messages, tools)
            return TokenCount(made.messages, made.overhead + self.extra)


class TestStateAcrossAwaits(Faulty):
    caught_by = "test_histories_are_counted_at_the_same_time"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            self.counts = []
            for msg in messages:
                await asyncio.sleep(0)
                self.counts += (await super().count([msg])).messages
            return TokenCount(self.counts, (await super().count([], tools)).overhead)


class TestChangesTheMessages(Faulty):
    caught_by = "test_the_messages_are_not_changed"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            made = await super().count(messages, tools)
            for msg in messages:
                object.__setattr__(msg, "content", (*msg.content, TextBlock("counted")))
            return made


class TestCountsAllBeforeEach(Faulty):
    caught_by = "test_the_cost_of_counting_grows_with_the_history_and_no_faster"

    class Broken(Counter):
        async def count(self, messages, tools=()):
            for place in range(len(messages)):
                for _ in range(20 * place):
                    pass
            return await super().count(messages, tools)
