"""The contract of session stores."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trouplet.testing.contracts.contract import Contract

if TYPE_CHECKING:
    from trouplet.ports import SessionStore

_STATE: dict[str, object] = {
    "agent": {"text": "茶 \u2028 \x00 \U0001fad6", "numbers": [0, -1, 2**53, 0.5], "nothing": None, "yes": True},
    "empty": {},
}

_AWKWARD_IDS = [
    "ann/42", "../../etc/passwd", "/absolute", "..", ".", "", " ", "a b", "UPPER", "upper", "con", "nul.json", "a\\b",
    "a\0b", "a\nb", "é", "e\u0301", "茶", "x" * 1000, "%2e%2e", "~", "$HOME", "*", "'; DROP TABLE sessions; --",
]  # fmt: skip


class SessionStoreContract(Contract):
    """What every session store keeps. Override ``make``."""

    async def make(self, folder: Path) -> SessionStore:
        """Return a store that keeps its data in ``folder``, or in something else that belongs to ``folder``.

        Called twice with the same folder it returns two stores that see the same sessions.
        """
        raise NotImplementedError(f"{type(self).__name__} makes no session store")

    @pytest.mark.asyncio
    async def test_a_state_comes_back_as_it_was(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        await store.save("ann", _STATE)
        assert await store.load("ann") == _STATE

    @pytest.mark.asyncio
    async def test_an_unknown_session_is_none(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        assert await store.load("nobody") is None
        assert await store.delete("nobody") is False

    @pytest.mark.asyncio
    async def test_saving_again_replaces_the_state(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        await store.save("ann", {"much": "x" * 100_000})
        await store.save("ann", {"little": 1})
        assert await store.load("ann") == {"little": 1}

    @pytest.mark.asyncio
    async def test_a_deleted_session_is_gone(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        await store.save("ann", _STATE)
        await store.save("ben", {"other": 1})
        assert await store.delete("ann") is True
        assert await store.load("ann") is None
        assert await store.load("ben") == {"other": 1}

    @pytest.mark.asyncio
    async def test_another_store_on_the_same_place_sees_what_was_saved(self, tmp_path: Path) -> None:
        await (await self.make(tmp_path)).save("ann", _STATE)
        assert await (await self.make(tmp_path)).load("ann") == _STATE

    @pytest.mark.asyncio
    async def test_any_text_is_an_id_and_each_is_a_session_of_its_own(self, tmp_path: Path) -> None:
        inside = tmp_path / "inside"
        inside.mkdir()
        store = await self.make(inside)
        for number, id in enumerate(_AWKWARD_IDS):
            await store.save(id, {"number": number})
        for number, id in enumerate(_AWKWARD_IDS):
            assert await store.load(id) == {"number": number}, repr(id)
        assert os.listdir(tmp_path) == ["inside"], "an id has led out of the store's folder"  # noqa: PTH208

    @pytest.mark.asyncio
    async def test_the_saved_state_is_independent_of_the_callers_object(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        inner: list[int] = [1]
        await store.save("ann", {"inner": inner})
        inner.append(2)
        loaded = await store.load("ann")
        assert loaded is not None
        assert loaded == {"inner": [1]}
        held = loaded["inner"]
        assert isinstance(held, list)
        held.append(3)
        assert await store.load("ann") == {"inner": [1]}

    @pytest.mark.asyncio
    async def test_sessions_saved_at_the_same_time_do_not_mix(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        await asyncio.gather(*[store.save(f"session {number}", {"number": number}) for number in range(30)])
        loaded = await asyncio.gather(*[store.load(f"session {number}") for number in range(30)])
        assert loaded == [{"number": number} for number in range(30)]

    @pytest.mark.asyncio
    async def test_one_session_saved_at_the_same_time_holds_one_of_the_states(self, tmp_path: Path) -> None:
        store = await self.make(tmp_path)
        states = [{"number": number, "filling": "x" * 10_000} for number in range(10)]
        await asyncio.gather(*[store.save("ann", state) for state in states], return_exceptions=True)
        assert await store.load("ann") in states
