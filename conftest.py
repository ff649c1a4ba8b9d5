"""Every test runs under a guard: what blocks the event loop from within a run or a request fails the test."""

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

GUARDED = [
    "trouplet.agent", "trouplet.agent_run", "trouplet.run_stream", "trouplet.loop", "trouplet.tool_calls",
    "trouplet.function_tool", "trouplet.memory", "trouplet.pipeline", "trouplet_http",
    "trouplet_completions", "trouplet_openai", "trouplet_tools",
]  # fmt: skip
"""Where a running agent is at work. Making a kernel, loading a plugin and the doctor touch files, as they may."""


@pytest.fixture(autouse=True)
def blocking_calls_fail() -> Iterator[None]:
    with blockbuster_ctx(scanned_modules=GUARDED) as guard:
        for function in guard.functions.values():
            function.can_block_in("<frozen importlib._bootstrap>", {"_find_and_load"})  # imports are done once
            function.can_block_in("linecache.py", {"checkcache", "updatecache"})  # for a traceback in the log
            function.can_block_in("trouplet/tool_schema.py", {"__init__"})  # once a tool: pydantic reads its source
            function.can_block_in("trouplet/config.py", {"_path", "_read_keys", "_read_toml"})  # once a kernel
        yield
