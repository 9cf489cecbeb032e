"""The clinic's appointment booked by phone over vendors' doubles on real sockets, and again with one vendor
lost in the middle of the call. All vendors under all faults: `python benchmarks/faults.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.doubles.clinic_call import TURNS, Clinic, Talker
from tests.doubles.clinic_faults import (
    FAULTS,
    FLOW,
    HEARD,
    Survived,
    are_used,
    lists_for,
    matrix,
    notes,
    survive,
    taken_over_by_flow,
)
from tests.doubles.clinic_vendors import ROWS
from tests.doubles.faults import Fault
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.paced_loop import live_with_sockets

DEEPGRAM, ASSEMBLYAI = "deepgram/nova-3", "assemblyai/universal-streaming-english"
CLAUDE, GPT = "anthropic/claude-haiku-5-5", "openai/gpt-6-luna"
ELEVENLABS, CARTESIA = "elevenlabs/JBFqnCBsd6RMkjVDRZzb", "cartesia/6ccbfb76-1fc6-48f7-b71d-91ac6298247b"


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


GIVES_NOTHING = (Fault.REFUSE, Fault.HANG, Fault.RATE_LIMIT, Fault.AUTH, Fault.CLOSE_CODE)
BREAKS = (Fault.DROP_MID_STREAM, Fault.MALFORMED, Fault.NO_RESULT)
MATRIX = [
    *(("tts", fault) for fault in (*GIVES_NOTHING, *BREAKS)),
    *(("llm", fault) for fault in GIVES_NOTHING),
    *(("stt", fault) for fault in (*GIVES_NOTHING, Fault.MALFORMED, Fault.SLOW_FIRST_BYTE)),
]


@pytest.mark.parametrize(
    ("role", "fault"), [pytest.param(role, fault, id=f"{role} {fault.value}") for role, fault in MATRIX]
)
def test_a_vendor_lost_in_the_middle_of_the_call_costs_the_caller_a_moment(
    role: str, fault: Fault, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    lists = {"stt": [DEEPGRAM, ASSEMBLYAI], "llm": [CLAUDE, GPT], "tts": [ELEVENLABS, CARTESIA]}
    survived = survive(tmp_path, lists, role, fault)
    record_property("added_ms", survived.added_ms)
    expect_well(survived, are_used(role, lists[role], fault))
    if fault is Fault.HANG:
        # Our own wait for more words is 830 ms at most here; a deadline of a model or a voice comes on top.
        late = [wait_ms > 1200 for wait_ms in survived.waits_ms]
        assert late == [role != "stt", False, False], "one deadline is what a call pays for it"


# Every vendor once and every fault for every role; the rest of the table is the benchmark's.
WHOLE = list(matrix())
ONCE_EACH = [
    next(
        (role, vendor.name, fault)
        for fault in (FAULTS[(number + shift) % len(FAULTS)], Fault.DROP_MID_STREAM)
        if (role, vendor.name, fault) in WHOLE
    )
    for shift, (role, rows) in enumerate(ROWS.items())
    for number, vendor in enumerate(rows)
]


@pytest.mark.parametrize(
    ("role", "name", "fault"),
    [pytest.param(*case, id=f"{case[0]} {case[1]} {case[2].value}") for case in ONCE_EACH],
)
def test_every_vendor_may_be_lost(role: str, name: str, fault: Fault, tmp_path: Path) -> None:
    lists = lists_for(role, name)
    expect_well(survive(tmp_path, lists, role, fault), are_used(role, lists[role], fault))


# Losses of which the vendor itself says nothing.
UNTOLD = [
    ("stt", "livekit/deepgram.STT:nova-3", Fault.HANG),
    ("tts", "openai/alloy", Fault.MALFORMED),
    ("tts", "playht/Play3.0-mini/s3://voices/jennifer/manifest.json", Fault.MALFORMED),
]


@pytest.mark.parametrize(
    ("role", "name", "fault"),
    [pytest.param(*case, id=f"{case[1]} {case[2].value}") for case in UNTOLD],
)
def test_no_words_are_lost_where_only_their_sound_tells_of_it(
    role: str, name: str, fault: Fault, tmp_path: Path
) -> None:
    lists = lists_for(role, name)
    expect_well(survive(tmp_path, lists, role, fault), are_used(role, lists[role], fault))


HTTP_VOICES = [
    vendor.name for vendor in ROWS["tts"] if vendor.plugin is None and isinstance(vendor.make(), HttpVendor)
]


@pytest.mark.parametrize("name", HTTP_VOICES)
def test_who_takes_over_is_charged_for_what_it_was_asked_and_who_hears_for_what_it_was_given(
    name: str, tmp_path: Path
) -> None:
    lists = {**lists_for("tts", CARTESIA), "tts": [CARTESIA, name]}
    survived = survive(tmp_path, lists, "tts", Fault.REFUSE)
    expect_well(survived, set(lists["tts"]))
    assert survived.charges["tts", name, "characters"].charged > 100
    assert survived.charges["stt", ASSEMBLYAI, "audio_ms"].charged > 20_000
    assert survived.charges["llm", CLAUDE, "tokens"].charged > 5, "of whole answers, each told by the vendor"


# A plugin breaks off as the SDK it stands on does, which is a row of its own; the benchmark has it too.
MODELS = [vendor.name for vendor in ROWS["llm"] if vendor.plugin is None]


@pytest.mark.parametrize("begins_again", [False, True], ids=["goes on", "begins again"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_lost_in_the_middle_of_a_sentence_is_followed_by_one_that(
    name: str, begins_again: bool, tmp_path: Path
) -> None:
    lists = lists_for("llm", name)
    survived = survive(tmp_path, lists, "llm", Fault.DROP_MID_STREAM, begins_again=begins_again)
    expect_well(survived, set(lists["llm"]))
    assert survived.taken_up[0] == "Thank you, Linda."
    assert survived.added_ms < 1000


@pytest.mark.parametrize("name", MODELS)
def test_the_flow_goes_on_in_the_same_reply_where_the_only_model_broke_off(name: str, tmp_path: Path) -> None:
    taken = taken_over_by_flow(tmp_path, name)
    assert taken.heard[2] == "gladly sorry i didn't catch that how can i help"
    assert " ".join(taken.heard).count("gladly") == 1
    assert "trouble" not in " ".join(taken.heard)
    assert (taken.booked, taken.booking_calls) == (["physical"], 1)
    assert taken.longest_ms < 1000


def test_the_cases_are_of_the_whole_table() -> None:
    assert {(role, name) for role, name, _ in ONCE_EACH} == {(role, name) for role, name, _ in WHOLE}
    tried = {(role, fault) for role, _, fault in ONCE_EACH} | set(MATRIX)
    assert tried >= {(role, fault) for role, _, fault in WHOLE}


def expect_well(survived: Survived, used: set[str]) -> None:
    assert survived.faults == []
    assert survived.used == used
