"""Voices that take seconds for a sentence, before the first one and between two."""

from __future__ import annotations

from collections import Counter

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from tests.simulation.many import GROUP, unbroken
from tests.simulation.run import simulate


def test_no_call_breaks_an_invariant_while_the_voice_hesitates() -> None:
    assert unbroken("hesitant", 0, GROUP)


def test_the_calls_hesitate_before_a_reply_and_in_the_middle_of_one() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        begun: set[str] = set()
        for event, commands in simulate(seed, "hesitant").steps:
            if isinstance(event, ev.PlayoutStarted):
                begun.add(event.reply_id)
            deferred = [command.reply_id for command in commands if isinstance(command, cmd.DeferPlayout)]
            seen.update("within" if reply_id in begun else "before" for reply_id in deferred)
    assert seen["before"] and seen["within"]
