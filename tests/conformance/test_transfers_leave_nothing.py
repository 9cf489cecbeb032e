"""What stays of a warm transfer: a line in the log that says why it failed, and nothing of the caller."""

from __future__ import annotations

import gc
from pathlib import Path

from structlog.testing import capture_logs
from tests.conformance.test_warm_transfer import during
from tests.doubles.transfer_world import CALLER_HZ, PERSON_HZ, TransferWorld, voice

from antiphon.calls.control.person import PersonLeg
from antiphon.calls.control.underway import Underway
from antiphon.runtime.call import Call
from antiphon.runtime.transfers import WaitingCaller, Wanted

KEPT = (Call, PersonLeg, WaitingCaller, Wanted)


def found(*kinds: type[object]) -> list[object]:
    gc.collect()
    return [one for one in gc.get_objects() if type(one) in kinds]


def test_an_ended_transfer_keeps_nothing_of_the_caller(tmp_path: Path) -> None:
    """The desk remembers a thousand, for phones that ring after all."""

    others = {
        id(one): one for one in found(*KEPT, Underway)
    }  # Of other tests, held so that no id comes again.

    def alive(*kinds: type[object]) -> list[str]:
        return [type(one).__name__ for one in found(*kinds) if id(one) not in others]

    async def story(world: TransferWorld) -> None:
        await world.escalated()
        await world.person_hears_the_brief()
        await world.person.stream.press("1")
        await world.passes(0.5)
        world.caller.say(voice(CALLER_HZ, 500))
        await world.passes(1)
        world.person.say(voice(PERSON_HZ, 500))
        await world.passes(1)
        assert alive(Call) == ["Call"]
        await world.caller.stream.stop()
        await world.ended()
        await world.until(lambda: world.account.calls[world.sid].status == "completed")
        # The call lives until its trace is on the disk, which takes its own time.
        await world.until(lambda: not alive(*KEPT))
        assert alive(Underway) == ["Underway"]

    during(tmp_path, story)


def test_the_log_names_the_call_whose_person_was_not_reached_and_why(tmp_path: Path) -> None:
    async def story(world: TransferWorld) -> None:
        world.phones.answer = "machine"
        await world.escalated()
        await world.until(lambda: "Nobody there." in world.mouth.said)

    with capture_logs() as logs:
        during(tmp_path, story)
    (failed,) = [one for one in logs if one["event"] == "transfer_failed"]
    (placed,) = [one for one in logs if one["event"] == "transfer_placed"]
    assert (failed["result"], failed["log_level"]) == ("voicemail", "warning")
    assert failed["call"] == placed["call"] != ""
    assert placed["leg"]
