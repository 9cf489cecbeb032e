"""Calls an operator has an agent place: over the API, the carrier's SDK, signed webhooks and
the media socket, on virtual time. And who may not be called at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from tests.doubles.on_disk import traces
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.phones import Answer
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS
from tests.doubles.transfer_world import (
    AGENT_FILE,
    AGENT_HZ,
    PERSON,
    TransferWorld,
    hears,
    transfer_world,
    voice,
)
from tests.doubles.twilio_account import TOKEN
from twilio.request_validator import RequestValidator

from antiphon.server.api.parts import open_parts
from antiphon.server.settings import ServeSettings

OURS = "+16175550100"
every_carrier = pytest.mark.parametrize("carrier", TRANSFER_CARRIERS)


def during(
    home: Path,
    story: Callable[[TransferWorld], Awaitable[None]],
    *,
    carrier: str = "twilio",
    agent_file: str = AGENT_FILE,
) -> None:
    async def run() -> None:
        async with transfer_world(home, carrier=carrier, agent_file=agent_file) as here:
            parts = await open_parts(ServeSettings(home=home), {})
            here.control.api = parts
            try:
                await here.caller.until_answered(gap_ms=800)
                await story(here)
            finally:
                await parts.close()

    live_with_sockets(run())


async def placed(world: TransferWorld, number: str = PERSON, **more: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=world.control.settings.public_url, timeout=30) as http:
        body = {"agent": "clinic", "to": number, "caller_id": OURS} | more
        return await http.post("/v1/calls", json=body, headers={"idempotency-key": "reminder-17"})


async def told(world: TransferWorld, key: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url=world.control.settings.public_url, timeout=30) as http:
        answer: dict[str, str] = (await http.get(f"/v1/placed/{key}")).json()
        return answer


@every_carrier
def test_somebody_is_called_and_hears_the_agent(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld) -> None:
        answer = await placed(world)
        assert answer.status_code == 201, answer.text
        assert answer.json()["basis"] == "ANTIPHON_DIAL_ALLOWED: US"
        await world.until(lambda: world.sid in world.phones.lines)
        assert world.dialled == (PERSON, OURS)
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
        assert (ended["answered_by"], ended["end_cause"]) == ("", "caller_hangup"), "nobody listened first"

    during(tmp_path, story, carrier=carrier)


@every_carrier
def test_webhooks_that_swap_places_leave_an_ended_call_ended(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.swapped = True
        key = (await placed(world)).json()["key"]
        await world.until(lambda: world.sid in world.phones.lines)
        await world.person.until_answered(gap_ms=400)
        assert (await told(world, key))["state"] == "answered"
        world.phones.hang_up(world.sid)
        late = world.carrier.side.late
        await world.until(lambda: ("status", late) in world.phones.webhooks)
        assert (await told(world, key))["state"] == "ended"

    during(tmp_path, story, carrier=carrier)


def test_whoever_answers_is_judged_before_he_is_spoken_to(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        await placed(world)
        await world.until(lambda: world.sid in world.phones.lines)
        quiet = b"\xff" * 8000
        world.person.say(quiet + voice(1400, 500) + quiet)  # Nothing but a beep.
        await world.until(lambda: ("status", "completed") in world.phones.webhooks)
        assert hears(world.person.heard, AGENT_HZ) == 0, "a machine is hung up on by this file"
        outgoing = [path.read_text() for path in traces(world.home) if PERSON in path.read_text()]
        assert '"verdict":"machine"' in outgoing[0]

    screened = AGENT_FILE + "answering_machine: {machine: hang_up}\n"
    during(tmp_path, story, agent_file=screened)


@every_carrier
@pytest.mark.parametrize(
    ("machine", "end_cause"), [("hang_up", "machine"), ("leave_message", "message_left")]
)
def test_a_voicemail_is_told_from_a_conversation(
    tmp_path: Path, carrier: str, machine: str, end_cause: str
) -> None:
    async def story(world: TransferWorld) -> None:
        key = (await placed(world)).json()["key"]
        await world.until(lambda: world.sid in world.phones.lines)
        quiet = b"\xff" * 8000
        world.person.say(quiet + voice(1400, 500) + 4 * quiet)  # Nothing but a beep.
        await world.until(lambda: ("status", "completed") in world.phones.webhooks)
        ended = await told(world, key)
        assert (ended["state"], ended["how"]) == ("ended", "completed"), "what the carrier knows"
        assert (ended["answered_by"], ended["end_cause"]) == ("machine", end_cause)
        (trace,) = [path for path in traces(world.home) if PERSON in path.read_text()]
        assert ended["call_id"] == trace.stem, "and where the rest can be read"

    message = f", message: '{'Please call us back. ' * 3}'" if machine == "leave_message" else ""
    screened = AGENT_FILE + f"answering_machine: {{machine: {machine}{message}}}\n"
    during(tmp_path, story, carrier=carrier, agent_file=screened)


@pytest.mark.parametrize(
    ("answer", "how"), [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed")]
)
@every_carrier
def test_nobody_who_answers_is_told_apart(tmp_path: Path, answer: Answer, how: str, carrier: str) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.answer = answer
        key = (await placed(world)).json()["key"]
        await world.until(lambda: ("status", answer) in world.phones.webhooks)
        ended = await told(world, key)
        assert (ended["state"], ended["how"]) == ("ended", how)
        assert len(world.exchange.active()) == 1

    during(tmp_path, story, carrier=carrier)


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
            ({"agent": "clinik"}, "no such agent"),
            ({"carrier": "sip"}, "cannot be placed through 'sip'"),
            ({"caller_id": ""}, "no number to show"),
            ({"caller_id": "5550100"}, "caller_id"),
        ):
            answer = await placed(world, **more)
            assert answer.status_code in {404, 409, 422}, answer.text
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
