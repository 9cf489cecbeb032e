"""A call whose voice hesitates: the sound that covers it needs no voice, and the reply follows it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.runtime.stage import Stage, StageTts, settle


async def test_the_caller_hears_a_sound_while_the_voice_makes_him_wait(tmp_path: Path) -> None:
    voice = StageTts()
    stage = Stage(tmp_path, voices=[voice])
    await stage.begin()
    voice.hold.clear()
    await stage.says("what are your hours")
    await stage.clock.advance(2000)
    assert stage.line.deferred == ["r2"] and "r2" not in stage.line.played
    assert stage.line.played["f1"] and stage.line.finished[-1] == "f1"
    resumed = len(stage.line.resumed)
    voice.hold.set()
    await settle()
    assert stage.line.played["r2"] and len(stage.line.resumed) == resumed, "the line keeps it"
    stage.line.hear_out("f1")
    await settle()
    assert stage.line.resumed[resumed:] == [("r2", 0)]
