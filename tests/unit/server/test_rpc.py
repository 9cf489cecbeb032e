from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.errors import AntiphonError, CallFailed, ConfigError, DeadlineExceeded
from antiphon.server.rpc import FRAME_MAX_BYTES, RpcClient, RpcServer


class Desk:
    """Methods to be called; `held` keeps one of them from answering."""

    def __init__(self) -> None:
        self.held = asyncio.Event()

    async def echo(self, **params: Any) -> dict[str, Any]:
        return params

    async def hold(self) -> str:
        await self.held.wait()
        return "at last"

    async def refuse(self, kind: str) -> None:
        raise {"call": CallFailed, "config": ConfigError}[kind]("because")


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[tuple[Desk, RpcServer, RpcClient]]:
    desk = Desk()
    server = RpcServer(tmp_path / "s", {"echo": desk.echo, "hold": desk.hold, "refuse": desk.refuse})
    await server.start()
    client = RpcClient(tmp_path / "s")
    yield desk, server, client
    await client.close()
    await server.stop()


async def test_values_go_there_and_come_back(wire: tuple[Desk, RpcServer, RpcClient]) -> None:
    _, _, client = wire
    assert await client.call("echo", sdp="v=0", number=3) == {"sdp": "v=0", "number": 3}


async def test_a_slow_answer_does_not_hold_up_the_next(wire: tuple[Desk, RpcServer, RpcClient]) -> None:
    desk, _, client = wire
    slow = asyncio.create_task(client.call("hold"))
    assert await client.call("echo", n=1) == {"n": 1}
    desk.held.set()
    assert await slow == "at last"


@pytest.mark.parametrize(("kind", "error"), [("call", CallFailed), ("config", ConfigError)])
async def test_errors_keep_their_class_and_words(
    wire: tuple[Desk, RpcServer, RpcClient], kind: str, error: type[AntiphonError]
) -> None:
    with pytest.raises(error, match="because"):
        await wire[2].call("refuse", kind=kind)


async def test_an_unknown_method_is_an_error_not_a_hang(wire: tuple[Desk, RpcServer, RpcClient]) -> None:
    with pytest.raises(AntiphonError, match="no method nonsense"):
        await wire[2].call("nonsense")


async def test_no_answer_in_time_is_a_deadline(wire: tuple[Desk, RpcServer, RpcClient]) -> None:
    with pytest.raises(DeadlineExceeded, match="hold"):
        await wire[2].call("hold", timeout_s=0.01)


async def test_nobody_at_the_socket_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(AntiphonError, match="cannot be reached"):
        await RpcClient(tmp_path / "nobody").call("echo")


async def test_a_worker_that_dies_fails_what_waits_and_is_found_again(
    wire: tuple[Desk, RpcServer, RpcClient], tmp_path: Path
) -> None:
    _, _, client = wire
    closed = asyncio.Event()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()
        closed.set()

    dying = await asyncio.start_unix_server(hang_up, path=str(tmp_path / "d"))
    other = RpcClient(tmp_path / "d")
    with pytest.raises(AntiphonError, match="cannot be reached"):
        await other.call("hold")
    await closed.wait()
    dying.close()
    back = RpcServer(tmp_path / "d", {"echo": Desk().echo})
    await back.start()
    assert await other.call("echo", again=True) == {"again": True}
    await other.close()
    await back.stop()
    assert await client.call("echo") == {}


@pytest.mark.parametrize(
    "nonsense", [b"\xff" * 64, (FRAME_MAX_BYTES + 1).to_bytes(4, "big"), b"\0\0\0\x02hi"]
)
async def test_garbage_closes_one_connection_and_no_other(
    wire: tuple[Desk, RpcServer, RpcClient], tmp_path: Path, nonsense: bytes
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    writer.write(nonsense)
    assert await reader.read() == b""
    writer.close()
    assert await wire[2].call("echo", n=2) == {"n": 2}
