"""Fixtures that pytest-asyncio runs."""

from __future__ import annotations

import pytest_asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trouplet.testing.leaks import LeakCheck


@pytest_asyncio.fixture
async def leak_check() -> AsyncIterator[LeakCheck]:
    """Fail the test when it leaves a task, thread, descriptor or process behind.

    Fixtures that the test asks for after this one are closed before the check.
    """
    from trouplet.testing.leaks import LeakCheck

    async with LeakCheck() as check:
        yield check
