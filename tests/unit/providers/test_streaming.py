"""Bounds between pieces, and a pool that does not forget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, HttpVendor

from antiphon.providers.streaming import Bounds, WarmPool, take_all


async def pieces(*items: int, then_hang: bool = False) -> AsyncIterator[int]:
    for item in items:
        yield item
    if then_hang:
        await asyncio.Event().wait()


async def test_every_piece_is_taken_in_order() -> None:
    taken: list[int] = []
    await take_all(pieces(1, 2, 3), taken.append, 1_000)
    assert taken == [1, 2, 3]


async def test_a_silence_after_a_piece_ends_it() -> None:
    taken: list[int] = []
    with pytest.raises(TimeoutError):
        await take_all(pieces(1, then_hang=True), taken.append, 20)
    assert taken == [1]


class Silent:
    """A vendor of whom only a connection is wanted."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        raise AssertionError("nobody asks")

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        raise AssertionError("nobody asks")

    def malformed(self) -> bytes:
        raise AssertionError("nobody asks")


async def test_a_connection_is_opened_once_and_not_again_while_it_is_fresh() -> None:
    async with HttpVendor(Silent()) as vendor:
        pool = WarmPool(vendor.url, Bounds())
        await pool.open()
        await pool.open()
        assert (vendor.connections, vendor.opened) == (1, 1)
        await pool.aclose()


async def test_a_vendor_that_cannot_be_reached_is_nobodys_trouble_yet() -> None:
    async with HttpVendor(Silent(), Faulty(fault=Fault.REFUSE)) as vendor:
        pool = WarmPool(vendor.url, Bounds())
        await pool.open()
        assert vendor.connections == 0
        await pool.aclose()
