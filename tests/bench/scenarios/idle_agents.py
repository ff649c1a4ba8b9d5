"""Many agents that do nothing: the memory that each holds, as Python's allocator and as the operating system see it."""

import gc
import os
import tracemalloc
from pathlib import Path

from scenarios.weather import SYSTEM_PROMPT, get_weather


def shared_toolkit(bench):
    """Agents that share a model and a toolkit."""
    from trouplet import Kernel, Toolkit

    kernel, toolkit = Kernel(), Toolkit([get_weather])
    model = kernel.model("test:echo")

    def make(number):
        return kernel.agent(f"agent-{number}", model=model, sys_prompt=SYSTEM_PROMPT, toolkit=toolkit)

    return bytes_per_agent(make, bench.size)


def own_tools(bench):
    """Agents that were given the same function each, as one writes it."""
    from trouplet import Kernel

    kernel = Kernel()
    model = kernel.model("test:echo")

    def make(number):
        return kernel.agent(f"agent-{number}", model=model, sys_prompt=SYSTEM_PROMPT, tools=[get_weather])

    return bytes_per_agent(make, bench.size)


def bytes_per_agent(make, number):
    """Return the bytes that one agent adds: resident, and traced by ``tracemalloc``."""
    agents = [make(index) for index in range(100)]
    gc.collect()
    before = resident_bytes()
    agents += [make(index) for index in range(number)]
    gc.collect()
    resident = resident_bytes() - before
    tracemalloc.start()
    agents += [make(index) for index in range(1_000)]
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return f"{resident / number:.0f} {traced / 1_000:.0f}"


def resident_bytes():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
