"""Calls over a speech-to-speech vendor that does whatever vendors do, by callers who do as callers do."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.records.lines import CallRecord, CommandEntry, EventEntry, NoteEntry
from tests.doubles.unified_phone import Phone, unified
from tests.simulation.unified_vendor import RandomVendor

CALL_MS = 40_000
SEEDS = range(int(os.environ.get("UNIFIED_CALLS", "8")))


async def called(home: Path, seed: int) -> tuple[RandomVendor, CallRecord]:
    random = Random(seed)
    vendors: list[RandomVendor] = []
    phone = Phone(
        home,
        random.choice(["ours", "provider"]),
        lambda definition, tools: unified(vendors[0], definition, tools),
        prepare=lambda time: vendors.append(
            RandomVendor(time, random, dies_at_ms=random.choice([None, None, random.randint(0, CALL_MS)]))
        ),
    )
    while phone.time.now_ms < CALL_MS and not phone.call.cause:
        await phone.carries(random.choice([100, 300, 600, 1200, 2500]), loud=True)
        await phone.carries(random.choice([200, 500, 1500, 4000, 9000]), loud=False)
    await phone.carries(3000, loud=False)
    return vendors[0], await phone.record()


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_a_vendor_does_the_call_keeps_its_rules(seed: int, tmp_path: Path) -> None:
    vendor, record = await called(tmp_path, seed)
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    events = [entry.event for entry in record.entries if isinstance(entry, EventEntry)]
    notes = [entry for entry in record.entries if isinstance(entry, NoteEntry)]
    assert not [note.fields for note in notes if note.type == "error"], "the call broke"
    assert isinstance(commands[-1], cmd.EndCall)
    end_ms = next(
        e.at_ms for e in record.entries if isinstance(e, CommandEntry) and e.command == commands[-1]
    )
    # Every word that was told is in the record exactly once.
    told = [event.text for event in events if isinstance(event, ev.TranscriptFinal) and event.at_ms < end_ms]
    kept = " ".join(
        command.text
        for command in commands
        if isinstance(command, cmd.AmendTurn | cmd.CommitTurn | cmd.NoteUtterance)
    )
    assert [kept.count(f"{text} ") + kept.endswith(text) for text in told] == [1] * len(told), kept
    # A reply ends once, and what is flushed is never heard again.
    ended = [command.reply_id for command in commands if isinstance(command, cmd.ReportHeard)]
    assert len(ended) == len(set(ended))
    # What the vendor counted is what the call is charged for.
    assert sum(note.fields["role"] == "s2s" for note in notes if note.type == "usage") == vendor.usage
