"""Placing calls over the API: once for each key, by permit, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.doubles.api_world import OUTSIDE, ApiWorld, api_world, problem

from antiphon.calls.control.accounts import CAPABILITIES
from antiphon.calls.control.reports import LegReport
from antiphon.calls.placing import CallPlacer
from antiphon.calls.ports import Dial
from antiphon.errors import AntiphonError, CallFailed, DeadlineExceeded, ProviderRejected, ProviderUnavailable
from antiphon.server.access.roles import Role
from antiphon.trust.dialling import dial_rules

PLACING = OUTSIDE | {"ANTIPHON_DIAL_ALLOWED": "+12125550100, +12125550109"}
PUBLIC = "https://voice.example.com"
KEY = {"idempotency-key": "reminder-17-try-1"}
CALL_OUT = {"agent": "clinic", "to": "+12125550100", "caller_id": "+15550100001"}


class Carrier:
    """A carrier's account; `failure` is what it answers, `gate` holds its answer back."""

    carrier = "twilio"
    capabilities = CAPABILITIES["twilio"]

    def __init__(self) -> None:
        self.dialled: list[Dial] = []
        self.failure: Exception | None = None
        self.gate, self.rings = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def dial(self, dial: Dial) -> str:
        self.dialled.append(dial)
        self.rings.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return f"CA{len(self.dialled)}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path, PLACING, public_url=PUBLIC) as made:
        yield made


@pytest.fixture
async def owner(world: ApiWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(await world.key(Role.OWNER)) as client:
        yield client


@pytest.fixture
def carrier(world: ApiWorld) -> Carrier:
    account: Any = Carrier()
    world.media.placer = CallPlacer(
        dial_rules(PLACING), agents={"clinic"}, controls={"twilio": account}, base_url=PUBLIC
    )
    made: Carrier = account
    return made


async def asked(owner: httpx.AsyncClient, **change: Any) -> httpx.Response:
    return await owner.post("/v1/calls", json=CALL_OUT | change, headers=KEY)


async def test_whoever_asks_again_rings_nobody_twice(owner: httpx.AsyncClient, carrier: Carrier) -> None:
    carrier.gate.clear()
    all_five = asyncio.gather(*(asked(owner) for _ in range(5)))
    await carrier.rings.wait()
    carrier.gate.set()
    answers = await all_five
    assert len(carrier.dialled) == 1
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    again = (await asked(owner)).json()
    assert (again["state"], again["carrier_call_id"], again["key"]) == ("placed", "CA1", "reminder-17-try-1")
    problem(await asked(owner, to="+12125550109"), 409)
    assert len(carrier.dialled) == 1
    problem(await owner.post("/v1/calls", json=CALL_OUT), 422)  # Without a key nobody could ask again.


async def test_what_becomes_of_it_is_told(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    assert (await asked(owner)).json()["basis"] == "ANTIPHON_DIAL_ALLOWED: +12125550100"
    (dial,) = carrier.dialled
    assert dial.answer_url == f"{PUBLIC}/calls/twilio/clinic/placed/{dial.key}"
    assert "reminder" not in dial.answer_url, "somebody else's key may be the same"
    for report, state, how in (
        (LegReport(call_id="CA1", state="ringing"), "ringing", ""),
        (LegReport(call_id="CA1", state="answered"), "answered", ""),
        (LegReport(call_id="CA1", state="ringing"), "answered", ""),
        (LegReport(call_id="CA1", state="ended"), "ended", "completed"),
        (LegReport(call_id="CA1", state="answered"), "ended", "completed"),
    ):
        world.media.placer.report(dial.key, report)
        told = (await owner.get("/v1/placed/reminder-17-try-1")).json()
        assert (told["state"], told["how"]) == (state, how)
    problem(await owner.get("/v1/placed/reminder-17-try-2"), 404)


async def test_an_end_without_an_answer_is_no_completed_call(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    await asked(owner)
    world.media.placer.report(carrier.dialled[0].key, LegReport(call_id="CA1", state="ended"))
    told = (await asked(owner)).json()
    assert (told["state"], told["how"]) == ("ended", "no_answer")


async def test_a_webhook_quicker_than_the_carriers_answer_is_not_taken_back(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    carrier.gate.clear()
    asking = asyncio.ensure_future(asked(owner))
    await carrier.rings.wait()
    assert world.media.placer.report(carrier.dialled[0].key, LegReport(call_id="CA1", state="answered"))
    carrier.gate.set()
    assert (await asking).json()["state"] == "answered"


async def test_the_server_that_placed_it_gone_what_was_kept_is_told(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    await asked(owner)
    world.media.placer = CallPlacer(dial_rules(PLACING), agents={"clinic"}, controls={}, base_url=PUBLIC)
    told = (await asked(owner)).json()
    assert (told["state"], told["carrier_call_id"]) == ("placed", "CA1")


async def test_a_call_nobody_knows_about_is_not_tried_again(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    carrier.failure = DeadlineExceeded("no answer")
    first = await asked(owner)
    assert (first.status_code, first.json()["state"]) == (202, "asked")
    carrier.failure = None
    assert (await asked(owner)).json()["state"] == "asked"
    assert len(carrier.dialled) == 1
    assert world.media.placer.report(carrier.dialled[0].key, LegReport(call_id="CA9", state="ringing"))
    told = (await asked(owner)).json()
    assert (told["state"], told["carrier_call_id"]) == ("ringing", "CA9"), "it rang after all"


async def test_a_media_worker_lost_on_the_way_may_have_dialled(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    world.media.lost = AntiphonError("the media worker cannot be reached")
    assert (await asked(owner)).status_code == 202
    world.media.lost = None
    assert (await asked(owner)).status_code == 200
    assert len(carrier.dialled) == 1


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ProviderRejected("twilio", "account AC123 is suspended"), 502),
        (ProviderUnavailable("twilio", "AC123: 503"), 503),
        (CallFailed("AC123"), 503),
    ],
)
async def test_a_carriers_words_stay_here(
    owner: httpx.AsyncClient, carrier: Carrier, failure: Exception, status: int
) -> None:
    carrier.failure = failure
    told = problem(await asked(owner), status)
    assert "nobody was rung" in told["detail"]
    assert "AC123" not in str(told)
    assert (await asked(owner)).json()["state"] == "failed"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"to": "+12125550111"}, 403, "ANTIPHON_DIAL_ALLOWED"),
        ({"to": "911"}, 403, "emergency"),
        ({"to": "+1555; rm"}, 403, "not a phone number"),
        ({"agent": "bank"}, 404, "no such agent"),
        ({"carrier": "telnyx"}, 409, "twilio"),
        ({"caller_id": ""}, 409, "antiphon numbers list"),
        ({"caller_id": "5550100"}, 422, "caller_id"),
        ({"ring_s": 500}, 422, "ring_s"),
    ],
)
async def test_what_may_not_be_dialled_is_not_and_its_key_is_as_new(
    owner: httpx.AsyncClient, carrier: Carrier, change: dict[str, Any], status: int, words: str
) -> None:
    assert words in str(problem(await asked(owner, **change), status))
    assert carrier.dialled == []
    assert (await asked(owner)).status_code == 201, "with what was wrong put right"


async def test_another_organisation_knows_nothing_of_it(
    world: ApiWorld, owner: httpx.AsyncClient, carrier: Carrier
) -> None:
    await asked(owner)
    other = await world.organisation("Other", "bank")
    async with world.client(await world.key(Role.OWNER, other)) as client:
        problem(await client.get("/v1/placed/reminder-17-try-1"), 404)
        problem(await client.post("/v1/calls", json=CALL_OUT, headers=KEY), 404)
