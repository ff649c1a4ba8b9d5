"""The loop-lag probe."""

import asyncio
import time

from trouplet.testing import LoopLag


def block(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def test_what_blocks_the_loop_shows_as_lag():
    async with LoopLag() as lag:
        await asyncio.sleep(0.02)
        block(0.3)
        await asyncio.sleep(0.02)
    assert lag.worst >= 0.25


async def test_a_block_at_the_very_end_counts_too():
    async with LoopLag() as lag:
        block(0.3)
    assert lag.worst >= 0.25
    assert len(lag.samples) == 1


async def test_percentiles_leave_out_the_rare_ones():
    lag = LoopLag()
    lag.samples = [0.001] * 199 + [1.0]
    assert lag.p99 == 0.001
    assert lag.worst == 1.0
    assert lag.percentile(100) == 1.0


async def test_a_loop_that_is_free_is_sampled_again_and_again():
    async with LoopLag(interval=0.001) as lag:
        await asyncio.sleep(0.2)
    assert len(lag.samples) >= 5
