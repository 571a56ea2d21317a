"""Requests that are due at fixed times: how many of them there are, and from when each one's waiting is counted."""

import asyncio
import time

from benchmarks.pacing import felt, percentile


async def test_latency_is_counted_from_when_a_request_was_due():
    """What was due while the loop was held up is asked nevertheless, and has waited from then on."""
    asked = []

    async def call(turn):
        asked.append(turn)

    async def hold_up():
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251  as a hash would in the loop

    latencies = await felt(call, every=0.01, meanwhile=hold_up())
    assert asked == list(range(len(latencies)))
    assert len(latencies) >= 5
    assert max(latencies) >= 0.03


async def test_slow_requests_hold_up_no_others():
    """Each request is asked when it is due, whether those before it have been answered or not."""
    together = asyncio.Barrier(3)

    async def call(turn):
        if turn < 3:
            await together.wait()

    latencies = await felt(call, every=0.001, meanwhile=asyncio.sleep(0.02))
    assert len(latencies) >= 3


def test_a_percentile_is_one_of_the_figures():
    """So many percent of the figures are not above it, and fewer are not above any smaller one."""
    figures = list(range(200, 0, -1))
    assert (percentile(figures, 99), percentile(figures, 50), percentile([7], 99)) == (198, 100, 7)
