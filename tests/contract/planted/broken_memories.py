"""Working memories with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
from dataclasses import replace

from trouplet.errors import InvalidHistory
from trouplet.memory import InMemoryMemory
from trouplet.testing.contracts import MemoryContract


class Faulty(MemoryContract):
    """The sound memory, of which a fault overrides a part as ``Broken``."""

    class Broken(InMemoryMemory):
        pass

    async def make(self):
        return self.Broken()


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestNewestFirst(Faulty):
    caught_by = "test_messages_come_back_in_the_order_in_which_they_were_added"

    class Broken(InMemoryMemory):
        async def get(self, **which):
            return list(reversed(await super().get(**which)))


class TestMetadataLost(Faulty):
    caught_by = "test_a_message_comes_back_as_it_was"

    class Broken(InMemoryMemory):
        async def get(self, **which):
            return [replace(msg, metadata={}) for msg in await super().get(**which)]


class TestDuplicatesKept(Faulty):
    caught_by = "test_a_message_that_is_there_already_is_skipped"

    class Broken(InMemoryMemory):
        async def add(self, messages, *, marks=()):
            self._ids.clear()
            await super().add(messages, marks=marks)


class TestShared(Faulty):
    caught_by = "test_two_memories_share_nothing"
    one = None

    async def make(self):
        TestShared.one = TestShared.one or InMemoryMemory()
        return TestShared.one


class TestMarksIgnored(Faulty):
    caught_by = "test_marks_choose_messages"

    class Broken(InMemoryMemory):
        async def get(self, **which):
            return await super().get()


class TestWrongCount(Faulty):
    caught_by = "test_deleted_messages_are_gone_and_counted"

    class Broken(InMemoryMemory):
        async def delete(self, ids):
            ids = list(ids)
            await super().delete(ids)
            return len(ids)


class TestPairsTornApart(Faulty):
    caught_by = "test_a_call_and_its_results_are_deleted_together"

    class Broken(InMemoryMemory):
        def _with_partners(self, ids):
            return ids


class Unchecked(InMemoryMemory):
    """Takes every message."""

    async def add(self, messages, *, marks=()):
        self._messages += [msg for msg in messages if msg not in self._messages]


class TestOrphanTaken(Faulty):
    caught_by = "test_a_result_without_its_call_is_refused"
    Broken = Unchecked


class TestPairSeparated(Faulty):
    caught_by = "test_nothing_comes_between_a_call_and_its_results"
    Broken = Unchecked


class TestMisfitsTaken(Faulty):
    caught_by = "test_results_that_do_not_fit_their_calls_are_refused"
    Broken = Unchecked


class TestHalfAdded(Faulty):
    """Adds one by one, and stops at the first that is refused."""

    caught_by = "test_messages_that_are_refused_leave_nothing_behind"

    class Broken(InMemoryMemory):
        async def add(self, messages, *, marks=()):
            for msg in messages:
                await super().add([msg], marks=marks)


class TestNotCleared(Faulty):
    caught_by = "test_clearing_forgets_everything"

    class Broken(InMemoryMemory):
        async def clear(self):
            self._messages.clear()


class TestLiveList(Faulty):
    caught_by = "test_what_was_got_does_not_change_when_more_is_added"

    class Broken(InMemoryMemory):
        async def get(self, **which):
            return self._messages


class TestLostUpdates(Faulty):
    """Reads, waits and writes."""

    caught_by = "test_messages_added_at_the_same_time_are_all_kept"

    class Broken(InMemoryMemory):
        async def add(self, messages, *, marks=()):
            before = await super().get()
            await asyncio.sleep(0)
            await super().clear()
            try:
                await super().add([*before, *messages], marks=marks)
            except InvalidHistory:
                await super().add(before)
                raise
