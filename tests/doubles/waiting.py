"""Waiting for what other threads and processes do, by looking: no test knows how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

_LOOK_EVERY_S = 0.01


async def until(condition: Callable[[], object], *, within_s: float = 30) -> None:
    """Fails the test when it does not come true."""
    loop = asyncio.get_running_loop()
    late = loop.time() + within_s
    while not condition():
        if loop.time() > late:
            pytest.fail(f"it did not come true within {within_s:g} s")
        come = loop.create_future()
        loop.call_later(_LOOK_EVERY_S, come.set_result, None)
        await come
