"""Session stores with one fault each. ``caught_by`` names the test that has to fail."""

import asyncio
import hashlib
import json
import re

from trouplet.testing.contracts import SessionStoreContract


class FileStore:
    """A sound store: one JSON file per session, replaced as a whole."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, session_id):
        return self.folder / hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()

    async def save(self, session_id, state):
        self.file(session_id).write_text(json.dumps(state))

    async def load(self, session_id):
        file = self.file(session_id)
        return json.loads(file.read_text()) if file.exists() else None

    async def delete(self, session_id):
        existed = self.file(session_id).exists()
        self.file(session_id).unlink(missing_ok=True)
        return existed


class Faulty(SessionStoreContract):
    """The sound store, of which a fault overrides a part as ``Broken``."""

    Broken = FileStore

    async def make(self, folder):
        return self.Broken(folder)


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class TestTextOnly(Faulty):
    caught_by = "test_a_state_comes_back_as_it_was"

    class Broken(FileStore):
        async def load(self, session_id):
            state = await super().load(session_id)
            return json.loads(json.dumps(state).replace("null", '""')) if state is not None else None


class TestUnknownIsEmpty(Faulty):
    caught_by = "test_an_unknown_session_is_none"

    class Broken(FileStore):
        async def load(self, session_id):
            return await super().load(session_id) or {}


class TestMerged(Faulty):
    caught_by = "test_saving_again_replaces_the_state"

    class Broken(FileStore):
        async def save(self, session_id, state):
            await super().save(session_id, {**(await self.load(session_id) or {}), **state})


class TestDeletesAll(Faulty):
    caught_by = "test_a_deleted_session_is_gone"

    class Broken(FileStore):
        async def delete(self, session_id):
            existed = await super().delete(session_id)
            for file in self.folder.iterdir():
                file.unlink()
            return existed


class InMemory:
    """Keeps the caller's own objects, in this store only."""

    def __init__(self, folder):
        self.states = {}

    async def save(self, session_id, state):
        await asyncio.sleep(0)
        self.states[session_id] = state

    async def load(self, session_id):
        return self.states.get(session_id)

    async def delete(self, session_id):
        return self.states.pop(session_id, None) is not None


class TestNotDurable(Faulty):
    caught_by = "test_another_store_on_the_same_place_sees_what_was_saved"
    Broken = InMemory


class TestAliased(Faulty):
    caught_by = "test_the_saved_state_is_independent_of_the_callers_object"
    Broken = InMemory


class TestIdsSanitised(Faulty):
    caught_by = "test_any_text_is_an_id_and_each_is_a_session_of_its_own"

    class Broken(FileStore):
        def file(self, session_id):
            return self.folder / (re.sub(r"\W", "_", session_id)[:100] or "_")


class TestIdsAsPaths(Faulty):
    caught_by = "test_any_text_is_an_id_and_each_is_a_session_of_its_own"

    class Broken(FileStore):
        def file(self, session_id):
            return self.folder / f"{session_id}.json"


class TestOneFileForAll(Faulty):
    """Keeps all sessions in one file, and waits between reading and writing it."""

    caught_by = "test_sessions_saved_at_the_same_time_do_not_mix"

    class Broken(FileStore):
        async def save(self, session_id, state):
            sessions = await super().load("all") or {}
            await asyncio.sleep(0)
            await super().save("all", {**sessions, session_id: state})

        async def load(self, session_id):
            return (await super().load("all") or {}).get(session_id)


class TestTornWrites(Faulty):
    """Writes in two halves, and waits between them."""

    caught_by = "test_one_session_saved_at_the_same_time_holds_one_of_the_states"

    class Broken(FileStore):
        async def save(self, session_id, state):
            text = json.dumps(state)
            file = self.file(session_id)
            file.write_text(text[:20])
            await asyncio.sleep(0)
            with file.open("a") as end:
                end.write(text[20:])
