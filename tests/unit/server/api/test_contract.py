"""The OpenAPI document held against a real server by a fuzzer: no server error, nothing undocumented."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.doubles.api_world import CALL, LIVE, api_world

from antiphon.calls.routing import routes_of
from antiphon.server.access.roles import Role
from antiphon.server.api.document import openapi_document
from antiphon.server.serving import bind

# `ANTIPHON_FUZZ_EXAMPLES=500` looks further; the suite has to stay quick.
EXAMPLES = int(os.environ.get("ANTIPHON_FUZZ_EXAMPLES", "3"))
ROUTES = "routes: {all: {to: '*', rules: [{when: {countries: US}, busy: true}, {agent: clinic}]}}"
SCHEMA = schemathesis.openapi.from_dict(openapi_document())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
# An operation that takes nothing, not even a credential, cannot be asked wrongly.
CASES = [
    (operation, mode)
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation.label != "GET /v1/entrance"
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class _Server(threading.Thread):
    """The API on a port of the system's choice, in a loop of its own."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.home = home
        self.url = self.key = self.link = ""
        self.listening = threading.Event()
        self.stopping = asyncio.Event()
        self.loop = asyncio.new_event_loop()

    def run(self) -> None:
        self.loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with api_world(self.home) as world:
            world.media.up.append({"call_id": LIVE, "agent": "clinic", "line": "phone"})
            world.media.table = routes_of(ROUTES, {"clinic": "0123456789ab"})
            self.key = await world.key(Role.OWNER)
            async with world.client(self.key) as owner:
                self.link = (await owner.post(f"/v1/calls/{CALL}/share", json={})).json()["token"]
            listener = bind("127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            http = uvicorn.Server(uvicorn.Config(world.app, log_config=None, access_log=False))
            serving = asyncio.ensure_future(http.serve(sockets=[listener]))
            self.listening.set()  # Bound already: who connects before it serves waits in the queue.
            await self.stopping.wait()
            http.should_exit = True
            await serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Server]:
    running = _Server(tmp_path_factory.mktemp("fuzzed"))
    running.start()
    assert running.listening.wait(30), "it does not listen"
    yield running
    running.loop.call_soon_threadsafe(running.stopping.set)
    running.join()


@pytest.mark.parametrize(
    ("operation", "mode"), CASES, ids=[f"{operation.label}-{mode.value}" for operation, mode in CASES]
)
def test_nothing_that_can_be_sent_is_answered_by_an_error_of_ours(
    operation: APIOperation, mode: GenerationMode, server: _Server
) -> None:
    credential = server.link if operation.path == "/v1/shared" else server.key
    headers = {"authorization": f"Bearer {credential}"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check_one(case: schemathesis.Case) -> None:
        if "call_id" in case.path_parameters and len(str(case.path_parameters["call_id"])) % 2:
            # Ids made up at random are all unknown: half of them are real ones.
            case.path_parameters["call_id"] = LIVE if "/live/" in case.path else CALL
        response = case.call(base_url=server.url, headers=headers)
        case.validate_response(response, checks=CHECKS)

    check_one()


def test_the_document_is_served_and_is_an_openapi_document(server: _Server) -> None:
    document = httpx.get(f"{server.url}/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document == openapi_document()
    SCHEMA.validate()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] and operation["description"] for operation in operations)
