"""The clinic's appointment booked by phone over vendors' doubles on real sockets, and again with one vendor
lost in the middle of the call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.clinic_call import TURNS, Clinic, Talker
from tests.doubles.clinic_vendors import Loss
from tests.doubles.faults import Fault
from tests.doubles.paced_loop import live_with_sockets

from antiphon.runtime.records.lines import CallRecord, NoteEntry

DEEPGRAM, ASSEMBLYAI = "deepgram/nova-3", "assemblyai/universal-streaming-english"
CLAUDE, GPT = "anthropic/claude-haiku-5-5", "openai/gpt-6-luna"
ELEVENLABS, CARTESIA = "elevenlabs/JBFqnCBsd6RMkjVDRZzb", "cartesia/6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
FLOW = "flow/front_desk"
# What the caller hears between his lines, whoever says it: all of it, once, in order.
HEARD = [
    "willow street family health my name is robin and i am an a i assistant how can i help",
    "one moment i'm looking i have friday november twenty seventh at eight a m with doctor okafor or friday "
    "november twenty seventh at ten a m with doctor patel",
    "gladly what is your name and date of birth",
    "thank you linda shall i book friday november twenty seventh at eight a m with doctor okafor",
    "you're booked anything else",
    "goodbye",
]


def notes(record: CallRecord, kind: str) -> list[dict[str, Any]]:
    return [
        dict(entry.fields) for entry in record.entries if isinstance(entry, NoteEntry) and entry.type == kind
    ]


@pytest.mark.parametrize(
    ("stt", "model", "tts"),
    [(DEEPGRAM, CLAUDE, ELEVENLABS), (ASSEMBLYAI, GPT, CARTESIA)],
    ids=["Deepgram, Claude, ElevenLabs", "AssemblyAI, GPT, Cartesia"],
)
def test_the_clinic_books_by_phone_over(stt: str, model: str, tts: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with Clinic(tmp_path, [stt], [model, FLOW], [tts]) as clinic:
            talker = Talker(TURNS)
            record = await clinic.call(talker)
            booked = clinic.booked()
        assert [turn.heard for turn in talker.turns] == HEARD
        assert [item.appointment_type for item in booked] == ["physical"]
        assert f"{booked[0].start:%A %H:%M}" == "Friday 08:00"
        used = {(note["role"], note["provider"]) for note in notes(record, "usage")}
        assert used == {("stt", stt), ("llm", model), ("tts", tts)}

    live_with_sockets(story())


# From the caller's third line on, his name: slots were found, nothing is booked yet.
LOST_AT = 2
LONGEST_WAIT_MS = 6_000
FILLER = "one moment "


GIVES_NOTHING = (Fault.REFUSE, Fault.HANG, Fault.RATE_LIMIT, Fault.AUTH, Fault.CLOSE_CODE)
BREAKS = (Fault.DROP_MID_STREAM, Fault.MALFORMED, Fault.NO_RESULT)
MATRIX = [
    *(("tts", fault, True) for fault in (*GIVES_NOTHING, *BREAKS)),
    # A model that breaks off in its words leaves the rest to the next one.
    *(("llm", fault, True) for fault in GIVES_NOTHING),
    *(("stt", fault, True) for fault in (*GIVES_NOTHING, Fault.MALFORMED)),
    *((role, Fault.HANG, False) for role in ("tts", "llm", "stt")),
    ("tts", Fault.DROP_MID_STREAM, False),
]


@pytest.mark.parametrize(
    ("role", "fault", "first_three"),
    [
        pytest.param(role, fault, first, id=f"{role} {fault.value}{'' if first else ', other vendors'}")
        for role, fault, first in MATRIX
    ],
)
def test_a_vendor_lost_in_the_middle_of_the_call_costs_the_caller_a_moment(
    role: str,
    fault: Fault,
    first_three: bool,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    lists = {"stt": [DEEPGRAM, ASSEMBLYAI], "llm": [CLAUDE, GPT], "tts": [ELEVENLABS, CARTESIA]}
    if not first_three:
        lists = {name: vendors[::-1] for name, vendors in lists.items()}

    async def story() -> None:
        async with Clinic(tmp_path, lists["stt"], [*lists["llm"], FLOW], lists["tts"]) as clinic:
            lost, loss = clinic.doubles[role, lists[role][0]], Loss(role, fault)
            talker = Talker(TURNS, before_line=lambda at: loss.befall(lost) if at == LOST_AT else None)
            record = await clinic.call(talker)
            booked = clinic.booked()
        heard = [turn.heard for turn in talker.turns]
        if (role, fault) == ("llm", Fault.HANG):  # He waits so long that he is told so.
            heard[LOST_AT + 1 :] = [text.removeprefix(FILLER) for text in heard[LOST_AT + 1 :]]
        assert heard == HEARD
        assert [item.appointment_type for item in booked] == ["physical"]
        used = {note["provider"] for note in notes(record, "usage") if note["role"] == role}
        assert used == set(lists[role])
        before_ms = max(turn.answer_ms for turn in talker.turns[1 : LOST_AT + 1])
        after_ms = max(turn.answer_ms for turn in talker.turns[LOST_AT + 1 :])
        record_property("added_delay_ms", max(0, after_ms - before_ms))
        print(f"{role} {fault.value}: added {after_ms - before_ms} ms")
        assert after_ms < LONGEST_WAIT_MS

    live_with_sockets(story())
