"""Words over our speech: the driver asks the line whose voice they are, and tells the core what is new."""

from __future__ import annotations

from pathlib import Path

from tests.golden.staged import hang_up, speaks_over
from tests.unit.runtime.stage import Stage

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.records.lines import CommandEntry, EventEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly


async def _told(stage: Stage) -> list[object]:
    await hang_up(stage)
    record = read_call(stage.trace.path)
    assert replay_exactly(record).difference is None
    return [
        entry.event if isinstance(entry, EventEntry) else entry.command
        for entry in record.entries
        if isinstance(entry, EventEntry | CommandEntry)
    ]


async def test_words_of_a_voice_that_sounds_as_ours_do_not_interrupt(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    await stage.says("Tell me about the clinic and its doctors.")
    stage.line.hears_itself = True
    await speaks_over(stage, "My own grandmother never came.", heard_ms=600)
    told = await _told(stage)
    weighed = [(event.sure, event.echo) for event in told if isinstance(event, ev.VoiceWeighed)]
    notes = [(note.kind, note.text) for note in told if isinstance(note, cmd.NoteUtterance)]
    assert weighed == [(False, True)]
    assert ("echo", "My own grandmother never came.") in notes
    assert any(isinstance(command, cmd.ResumePlayout) for command in told)
    assert [turn.text for turn in told if isinstance(turn, cmd.CommitTurn)] == [
        "Tell me about the clinic and its doctors."
    ]


async def test_the_line_is_asked_again_with_the_next_words(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    await stage.says("Tell me about the clinic and its doctors.")
    stage.line.hears_itself = True
    await speaks_over(stage, "My own grandmother never came.", heard_ms=600)
    stage.line.hears_itself = False
    await speaks_over(stage, "Stop, what are your hours today?", heard_ms=900)
    told = await _told(stage)
    weighed = [(event.sure, event.echo) for event in told if isinstance(event, ev.VoiceWeighed)]
    assert weighed == [(False, True), (True, False)]
    assert [turn.text for turn in told if isinstance(turn, cmd.CommitTurn)][-1:] == [
        "Stop, what are your hours today?"
    ]
