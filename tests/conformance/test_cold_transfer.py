"""A cold transfer from end to end, carrier by carrier: the caller asks for a person, our stream closes, the
carrier asks what comes next, rings the person, who hears what was gathered, and brings the caller back when
nobody takes the call. Signed webhooks over HTTP, real media sockets, virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from tests.doubles.forwarding import Forward, Forwarding, forwarding
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.phones import Webhook
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS
from tests.doubles.transfer_world import (
    AGENT_FILE,
    AGENT_HZ,
    CALLER_HZ,
    PERSON,
    TransferWorld,
    hears,
    transfer_world,
    voice,
)
from tests.doubles.twilio_stream import CarriedCall

SUMMARY = "Wants to move an appointment."
COLD = AGENT_FILE.replace("escalation:\n", "escalation:\n  mode: cold\n")
SIP = COLD.replace(f'target: "{PERSON}"', "target: sip:desk@example.com")
every_carrier = pytest.mark.parametrize("carrier", TRANSFER_CARRIERS)


class Carrier:
    """Follows our instructions for the caller's call."""

    def __init__(self, world: TransferWorld, carrier: str, http: httpx.AsyncClient) -> None:
        self.world, self.does = world, forwarding(world.carrier.side)
        self._url = f"{world.control.settings.public_url}/calls/{carrier}/clinic"
        self._http = http

    async def post(self, webhook: Webhook, *, status: int = 200) -> str:
        answer = await self._http.post(webhook.url, content=webhook.body, headers=dict(webhook.headers))
        assert answer.status_code == status, answer.text
        return answer.text

    async def asks_what_comes_after(self) -> Forward:
        told = self.does.read(await self.post(self.does.asks(f"{self._url}/after")))
        assert told is not None
        return told

    async def whisper(self, url: str) -> str:
        webhook = self.does.whispers(url)
        document = await self.post(webhook) if webhook else (await self._http.get(url)).text
        return self.does.words(document)


def during(
    home: Path,
    carrier: str,
    story: Callable[[TransferWorld, Carrier], Awaitable[None]],
    agent_file: str = COLD,
) -> None:
    async def run() -> None:
        async with transfer_world(home, carrier=carrier, agent_file=agent_file) as world, _http() as http:
            await world.caller.until_answered(gap_ms=800)
            world.ears.texts.append("I want a person.")
            world.caller.say(voice(CALLER_HZ, 800))
            await world.ended()
            await story(world, Carrier(world, carrier, http))

    live_with_sockets(run())


def _http() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=30)


@every_carrier
def test_a_person_is_rung_and_told_what_was_gathered(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld, phone: Carrier) -> None:
        forward = await phone.asks_what_comes_after()
        assert forward.to == PERSON and not world.account.calls, "the carrier dials, not we"
        assert await phone.whisper(forward.whisper_url) == SUMMARY
        assert "appointment" not in forward.whisper_url
        news = phone.does.tells(forward.after_url, taken=True)
        if carrier == "vonage":
            assert await phone.post(news, status=204) == "", "instructions would take the two apart"
        else:
            over = await phone.post(news)
            assert phone.does.stream(over) is None and phone.does.words(over) == ""

    during(tmp_path, carrier, story)


@every_carrier
def test_a_caller_nobody_takes_is_told_so_and_talks_to_the_agent_again(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld, phone: Carrier) -> None:
        forward = await phone.asks_what_comes_after()
        back = await phone.post(phone.does.tells(forward.after_url, taken=False))
        assert "nobody can take your call" in phone.does.words(back)
        stream = phone.does.stream(back)
        assert stream is not None
        async with world.carrier.side.socket("CA1", stream) as line, CarriedCall(line) as again:
            await again.until_answered(gap_ms=800)
            assert hears(again.heard, AGENT_HZ) > 100
            (call,) = world.exchange.active()
            assert call.agent == "clinic"
            world.ears.texts.append("Then tell me your hours.")
            again.say(voice(CALLER_HZ, 800))
            await world.until(lambda: "I see." in world.mouth.said)

    during(tmp_path, carrier, story)


@every_carrier
def test_a_sip_address_is_sent_what_was_gathered_as_headers(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld, phone: Carrier) -> None:
        forward = await phone.asks_what_comes_after()
        assert forward.to == "sip:desk@example.com"
        told = {
            name.replace("-", "").removeprefix("XPH").removeprefix("X"): text
            for name, text in forward.headers.items()
        }
        assert told == {"AntiphonReason": "asked_for_person", "AntiphonSummary": SUMMARY}

    during(tmp_path, carrier, story, SIP)


@every_carrier
def test_forged_and_repeated_news_of_a_passed_on_call_is_refused(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld, phone: Carrier) -> None:
        forward = await phone.asks_what_comes_after()
        webhook = phone.does.tells(forward.after_url, taken=False)
        unsigned = Webhook(url=webhook.url, body=webhook.body, headers={}, label=webhook.label)
        await phone.post(unsigned, status=403)
        await phone.post(webhook)
        await phone.post(webhook, status=403)
        of_another = phone.does.tells(forward.after_url[:-4] + "AAAA", taken=False)
        await phone.post(of_another, status=403)
        assert not world.exchange.active() and not world.account.calls, "and nobody was called or connected"

    during(tmp_path, carrier, story)


def test_every_carrier_can_be_followed() -> None:
    kinds: set[type[Forwarding]] = {type(forwarding(make().side)) for make in TRANSFER_CARRIERS.values()}
    assert len(kinds) == 3
