"""Calls an operator has an agent place: over the operating interface, the carrier's SDK, signed webhooks and
the media socket, on virtual time. And who may not be called at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from tests.doubles.on_disk import traces
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.phones import Answer
from tests.doubles.transfer_world import AGENT_HZ, PERSON, TransferWorld, hears, transfer_world
from tests.doubles.twilio_account import TOKEN
from twilio.request_validator import RequestValidator

OURS = "+16175550100"


def during(home: Path, story: Callable[[TransferWorld], Awaitable[None]]) -> None:
    async def run() -> None:
        async with transfer_world(home) as here:
            await here.caller.until_answered(gap_ms=800)
            await story(here)

    live_with_sockets(run())


async def placed(world: TransferWorld, number: str = PERSON, **more: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=world.control.settings.public_url, timeout=30) as http:
        return await http.post(
            "/api/calls", json={"agent": "clinic", "number": number, "caller_id": OURS} | more
        )


async def told(world: TransferWorld, key: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=world.control.settings.public_url, timeout=30) as http:
        answer: dict[str, str] = (await http.get(f"/api/calls/placed/{key}")).json()
        return answer


def test_somebody_is_called_and_hears_the_agent(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        answer = await placed(world)
        assert answer.status_code == 202, answer.text
        assert answer.json()["basis"] == "ANTIPHON_DIAL_ALLOWED: US"
        await world.until(lambda: world.sid in world.phones.lines)
        assert world.account.calls[world.sid]["To"] == PERSON
        assert world.account.calls[world.sid]["From"] == OURS
        await world.person.until_answered(gap_ms=400)
        assert hears(world.person.heard, AGENT_HZ) >= 150, "Hello."
        assert (await told(world, answer.json()["key"]))["state"] == "answered"
        assert len(world.exchange.active()) == 2
        outgoing = [path.read_text() for path in traces(world.home) if PERSON in path.read_text()]
        assert len(outgoing) == 1, "whoever is on the line is the caller"
        world.phones.hang_up(world.sid)
        await world.until(lambda: ("status", "completed") in world.phones.webhooks)
        ended = await told(world, answer.json()["key"])
        assert (ended["state"], ended["how"]) == ("ended", "completed")

    during(tmp_path, story)


@pytest.mark.parametrize(
    ("answer", "how"), [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed")]
)
def test_nobody_who_answers_is_told_apart(tmp_path: Path, answer: Answer, how: str) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.answer = answer
        key = (await placed(world)).json()["key"]
        await world.until(lambda: ("status", answer) in world.phones.webhooks)
        ended = await told(world, key)
        assert (ended["state"], ended["how"]) == ("ended", how)
        assert len(world.exchange.active()) == 1

    during(tmp_path, story)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("911", "emergency"),
        ("12125550100", "not a phone number"),
        ("+19005550100", "premium"),
        ("+442071234567", "not among those that may be called"),
        ("+12125550199", "do-not-call"),
        ("sip:anybody@example.com", "not among those that may be called"),
    ],
)
def test_who_may_not_be_called_is_not(tmp_path: Path, number: str, words: str) -> None:
    async def story(world: TransferWorld) -> None:
        answer = await placed(world, number)
        assert answer.status_code == 403
        assert words in answer.text
        assert not world.account.calls

    during(tmp_path, story)


def test_what_else_is_wrong_is_said_before_anybody_is_dialled(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        for more, words in (
            ({"agent": "clinik"}, "no agent 'clinik'"),
            ({"through": "sip"}, "cannot be placed through 'sip'"),
            ({"caller_id": ""}, "no number to show"),
            ({"caller_id": "5550100"}, "not a phone number"),
        ):
            answer = await placed(world, **more)
            assert answer.status_code == 400, answer.text
            assert words in answer.text
        assert not world.account.calls

    during(tmp_path, story)


def test_an_answer_to_a_call_we_did_not_place_is_hung_up(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        url = f"{world.control.settings.public_url}/calls/twilio/clinic/placed/0123456789abcdef"
        form = {"CallSid": "CA9", "From": OURS, "To": PERSON, "CallStatus": "in-progress"}
        headers = {"x-twilio-signature": RequestValidator(TOKEN).compute_signature(url, form)}
        async with httpx.AsyncClient(timeout=30) as http:
            assert (await http.post(url, data=form)).status_code == 403
            answer = await http.post(url, data=form, headers=headers)
        assert "<Hangup" in answer.text
        assert "Stream" not in answer.text

    during(tmp_path, story)
