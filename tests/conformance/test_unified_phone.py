"""From an agent file to a booking over a speech-to-speech session, the vendor's SDK on a real socket."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doubles.openai_realtime import Script, Spoken, openai_realtime
from tests.doubles.socket_vendor import KEY, SocketVendor
from tests.doubles.spoken_mind import spoken_front_desk
from tests.doubles.unified_phone import Phone

from antiphon.agents.tools import CalendarView
from antiphon.agents.tools.toolsets import calendar_database
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import unified_model

SAID = (
    "I'd like a physical on Friday",
    "the first one",
    "Linda Chen, April 8th 1979",
    "yes",
    "no, thank you",
)


def calling(home: Path, vendor: SocketVendor, endpointing: str) -> Phone:
    variables = {"OPENAI_API_KEY": KEY, "ANTIPHON_OPENAI_URL": f"{vendor.http_url}/v1"}
    registry = Registry(environment=variables)
    return Phone(home, endpointing, lambda definition, tools: unified_model(definition, registry, tools))


@pytest.mark.parametrize("endpointing", ["ours", "provider"])
async def test_a_caller_books_by_telephone_with_a_model_that_hears_and_speaks_by_itself(
    endpointing: str, tmp_path: Path
) -> None:
    async with openai_realtime(Script(heard=SAID, mind=spoken_front_desk)) as vendor:
        phone = calling(tmp_path, vendor, endpointing)
        await phone.listens()
        for _ in SAID:
            await phone.speaks()
            await phone.listens()
        story = await phone.story()
    assert not vendor.complaints
    booked = CalendarView(calendar_database(phone.exchange.agents["clinic"].definition, tmp_path))
    (visit,) = booked.appointments("Linda", "Chen")
    assert (visit.appointment_type, f"{visit.start:%A %H:%M}") == ("physical", "Friday 08:00")
    assert story.outcome == "goal_reached"
    assert [turn.heard_as for turn in story.turns] == list(SAID)
    assert all(reply.complete for reply in story.replies.values())
    assert not story.errors


async def test_the_vendor_forgets_what_the_ear_did_not_get(tmp_path: Path) -> None:
    answers = [Spoken(text="We open at eight. " * 8, items_ms=(8000,)), Spoken(text="Of course.")]
    async with openai_realtime(Script(answers=answers)) as vendor:
        phone = calling(tmp_path, vendor, "ours")
        await phone.listens()
        await phone.speaks()
        greeted = len(phone.far_end.heard)
        await phone.quiet_until(lambda: len(phone.far_end.heard) - greeted > 1500 * 16)
        await phone.speaks()
        heard_ms = (len(phone.far_end.heard) - greeted) // 16
        peer = await vendor.peer(0)
        await phone.quiet_until(lambda: peer.of_type("conversation.item.truncate"))
        await phone.listens()
        story = await phone.story()
    (truncated,) = peer.of_type("conversation.item.truncate")
    # The line fades out over one more frame than is counted as heard.
    assert 0 <= heard_ms - truncated["audio_end_ms"] <= 40
    cut = [reply for reply in story.replies.values() if not reply.complete]
    assert [reply.heard_ms for reply in cut] == [truncated["audio_end_ms"]]
    assert story.interruptions[0].barge_in
    assert story.interruptions[0].silent_after_ms is not None
    assert story.interruptions[0].silent_after_ms <= 130
