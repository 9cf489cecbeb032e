"""The TypeScript client: its types are those of the API as it is, and Node.js walks through it with them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from scripts.build_web import fits, node_folder, version_of
from scripts.typescript_client import CLIENT, ROOT, TYPES, digest_line, document_json
from tests.doubles.api_world import CALL, ApiWorld, api_world
from tests.doubles.served_api import on_a_port

from antiphon.server.access.roles import Role
from antiphon.server.api.telling import tell

TSC = ROOT / "web/node_modules/typescript/bin/tsc"  # The pages are built with it: `make web`.
WITHIN_S = 60


@pytest.fixture(scope="module")
def node() -> str:
    folder = node_folder()
    if folder is None:
        pytest.skip("no Node.js 20.19 or newer: make web")
    if not TSC.is_file():
        pytest.skip("no TypeScript compiler: make web")
    return str(folder / "node")


@pytest.fixture(scope="module")
def compiled(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client and the walk through it, as JavaScript; a type that is wrong fails here."""
    target = tmp_path_factory.mktemp("client")
    command = [node, str(TSC), "-p", str(CLIENT), "--outDir", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    shutil.copy(CLIENT / "package.json", target)  # Says that these are modules.
    return target


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


def test_the_types_are_made_from_the_api_as_it_is() -> None:
    first = TYPES.read_text(encoding="utf-8").partition("\n")[0]
    assert first == digest_line(document_json()), "run: python scripts/typescript_client.py"


def test_a_wrong_path_a_missing_value_and_a_wrong_body_do_not_compile(node: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ts"
    lines = [
        f'import {{ Antiphon }} from "{CLIENT}/src/index.js";',
        "const antiphon = new Antiphon();",
        'await antiphon.get("/v1/no-such-path");',
        'await antiphon.get("/v1/calls/{call_id}");',
        'await antiphon.post("/v1/tokens", { body: { scopes: ["everything"] } });',
        'const n: number = (await antiphon.get("/v1/me")).organisation;',
        'await antiphon.get("/v1/calls/{call_id}", { path: { call_id: "fine" } });',
    ]
    wrong.write_text("\n".join(lines))
    told = json.dumps({"extends": f"{CLIENT}/tsconfig.json", "include": [str(wrong)]})
    (tmp_path / "tsconfig.json").write_text(told)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    command = [node, str(TSC), "-p", str(tmp_path), "--noEmit", "--noUnusedLocals", "false", "--rootDir", "/"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert {int(number) for number in re.findall(r"wrong\.ts\((\d+),", done.stdout)} == {3, 4, 5, 6}


async def test_node_walks_through_the_api_with_it(world: ApiWorld, node: str, compiled: Path) -> None:
    async with on_a_port(world) as host:
        env = {**os.environ, "URL": f"http://{host}", "KEY": await world.key(Role.OWNER, name="walk")}
        walking = await asyncio.create_subprocess_exec(
            node, *_sockets(node), str(compiled / "tests/walk.js"),
            stdout=asyncio.subprocess.PIPE, env=env,
        )  # fmt: skip
        found: dict[str, Any] = {}
        assert walking.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            async for line in walking.stdout:
                name, value = json.loads(line)
                if (name, value) == ("event", ["ready", None]):
                    await tell(world.parts, "default", "call.started", {"call_id": "now"}, agent="clinic")
                found[name] = value
            assert await walking.wait() == 0, found
    assert found["me"] == "default" and "clinic" in found["agents"]
    assert sorted(found["calls"]) == sorted(["another", CALL]) and found["call"] == found["calls"][0]
    assert found["trace"] is True and found["scopes"] == ["talk"]
    assert found["refused"][0] in (404, 422) and found["refused"][1]
    assert found["stranger"] == [401, True]
    assert found["event"] == ["call.started", {"call_id": "now"}]
    assert found["closed"] == 4401
    opinions = await world.parts.opinions.of_call("default", found["call"])
    assert [opinion.rating for opinion in opinions] == [5]


def _sockets(node: str) -> list[str]:
    """Node.js has had a WebSocket since 22, and before when asked."""
    version = version_of(node)
    assert version is not None and fits(version)
    return [] if version >= (22, 0) else ["--experimental-websocket"]
