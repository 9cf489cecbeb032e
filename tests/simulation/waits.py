"""Who owes the next sound. While a reply is due it is we: a filler, the reply or the apology has to break the
silence in time (`uncovered_waits`). Otherwise it is the caller, and he is asked again (`unasked_silences`).
"""

from __future__ import annotations

from collections.abc import Iterator

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation import words
from antiphon.conversation.silence import VOICE_TAKES_MS
from tests.simulation.manners import NEWS_MS, stalled_ms
from tests.simulation.story import Story, Wait, story
from tests.simulation.world import World

SLACK_MS = 1000  # Of vendors: a final, a first chunk, a voice.
VOICE_MS = 150  # From its order to its first sample, at the slowest; see `Voice`.
# What no filler covers is given up after this instead; so is everything where the agent has no fillers.
_COVERED = ("turn", "reprompt")


def unasked_silences(world: World) -> Iterator[str]:
    """While nothing of ours is due there is at most the end of a turn and then the caller's patience."""
    last_ms = 0
    pressed = [(at_ms, at_ms) for at_ms in world.caller.pressed_at_ms if at_ms <= world.now_ms]
    due = [(wait.begin_ms, wait.end_ms) for wait in story(world).waits]
    for begin_ms, end_ms in sorted([*_heard(world), *pressed, *due, (world.now_ms, world.now_ms)]):
        if begin_ms - last_ms > world.policy.silence.reprompt_after_ms:
            bound_ms = _patience_ms(world, last_ms, begin_ms)
            if begin_ms - last_ms > bound_ms:
                yield f"{begin_ms - last_ms} ms of dead air from {last_ms} ms (at most {bound_ms})"
        last_ms = max(last_ms, end_ms)


def _patience_ms(world: World, from_ms: int, to_ms: int) -> int:
    silence, turn = world.policy.silence, world.policy.turn
    last_turn = next(
        (
            command.text
            for event, commands in reversed(world.steps)
            for command in commands
            if type(command) is cmd.CommitTurn
            and event.at_ms < to_ms  # What ends the silence explains nothing.
        ),
        "",
    )
    waits = words.asks_to_wait(last_turn, world.policy)
    patience_ms = silence.hold_patience_ms if waits else silence.reprompt_after_ms
    # A cough is a turn until its final is overdue, and the caller's silence counts from then.
    provider = turn.endpointing == "provider"
    turn_ms = turn.stop_silence_max_ms + turn.patience_ms
    if provider:  # Whatever the vendor says of the turn, its silence counts anew from then.
        turn_ms = turn.provider_wait_ms + min(_news_ms(world, from_ms, to_ms), turn.provider_wait_ms)
    patience_ms += turn_ms + turn.final_wait_ms
    return patience_ms + stalled_ms(world.stalls, from_ms, to_ms) + SLACK_MS


def _news_ms(world: World, from_ms: int, to_ms: int) -> int:
    """How long into this silence the vendor that ends turns still had something to say of one."""
    told = (event.at_ms for event, _ in world.steps if type(event) is ev.TurnSignalled)
    return max((at_ms - from_ms for at_ms in told if from_ms < at_ms < to_ms), default=0)


def _heard(world: World) -> list[tuple[int, int]]:
    """From, to: somebody is heard. Who holds the button holds the floor."""
    ours = [(begin_ms, end_ms) for begin_ms, end_ms, _ in world.line.sounded]
    return [*ours, *world.caller.spoken, *world.caller.turn_ends.held, *world.person.talks]


def uncovered_waits(world: World) -> Iterator[str]:
    """No silence that we owe is longer than the wait for a filler, or for the apology where none is given."""
    told = story(world)
    least_ms = world.policy.silence.filler_after_ms
    gaps = [gap for gap in quiet(world, told) if gap[1] - gap[0] > least_ms]
    for from_ms, to_ms in gaps:
        for wait in told.waits:
            begin_ms, end_ms = max(from_ms, wait.begin_ms), min(to_ms, wait.end_ms)
            if end_ms - begin_ms > least_ms:
                yield from _judged(world, told, wait, begin_ms, end_ms)


def quiet(world: World, told: Story) -> Iterator[tuple[int, int]]:
    """From, to: nobody is heard, and the core knows it."""
    last_ms = 0
    for begin_ms, end_ms in sorted([*_heard(world), *told.covered, (world.now_ms, world.now_ms)]):
        if begin_ms > last_ms:
            yield last_ms, begin_ms
        last_ms = max(last_ms, end_ms)


def _judged(world: World, told: Story, wait: Wait, begin_ms: int, end_ms: int) -> Iterator[str]:
    """One silence of one wait, from one start of our clock to the next."""
    covered = _is_covered(world, wait)
    clock_ms, why = wait.begin_ms, "begin"
    for at_ms, mark in [*told.marks, (end_ms, "")]:
        if at_ms < wait.begin_ms or (mark == "progress" and covered):
            continue
        until_ms, from_ms = min(at_ms, end_ms), max(clock_ms, begin_ms)
        if until_ms > from_ms:
            bound_ms = _bound_ms(world, wait, why) + (NEWS_MS if mark == "failed" else 0)
            if stood_ms := stalled_ms(world.stalls, from_ms, until_ms):
                bound_ms += stood_ms + VOICE_MS  # What was under way may be given up and asked for anew.
            if until_ms - from_ms > bound_ms:
                yield (
                    f"{until_ms - from_ms} ms of dead air from {from_ms} ms while {wait.reply_id} is due"
                    f" (at most {bound_ms}, {wait.kind}, {why})"
                )
        if at_ms >= end_ms:
            return
        clock_ms, why = at_ms, mark


def _is_covered(world: World, wait: Wait) -> bool:
    return bool(world.policy.fillers) and wait.kind in _COVERED


def _bound_ms(world: World, wait: Wait, why: str) -> int:
    """From a start of our clock to the next sound of ours, or to the end of the wait."""
    silence = world.policy.silence
    given_up_ms = silence.reply_deadline_ms
    if wait.kind != "turn":
        given_up_ms = min(given_up_ms, silence.filler_gap_ms)
    if not _is_covered(world, wait):
        bound_ms = given_up_ms
    elif why in ("filler", "failed") or (why == "words" and wait.kind == "reprompt"):
        bound_ms = silence.filler_gap_ms
    else:
        bound_ms = silence.filler_after_ms
    # Words that a voice was just given are waited for before a sound takes their place.
    voice_ms = VOICE_MS + (VOICE_TAKES_MS if world.weather.slow_voice else 0)
    return bound_ms + voice_ms + (0 if why == "begin" else NEWS_MS)


def stuck_replies(world: World) -> Iterator[str]:
    """A reply that does not get on is given up, however many fillers cover it."""
    told, limit_ms = story(world), world.policy.silence.reply_deadline_ms + NEWS_MS
    for wait in told.waits:
        if wait.end_ms - wait.begin_ms > limit_ms:
            yield from _stuck(world, told, wait, limit_ms)


def _stuck(world: World, told: Story, wait: Wait, limit_ms: int) -> Iterator[str]:
    signs = [(at_ms, at_ms) for at_ms, mark in told.marks if mark not in ("filler", "failed")]
    signs += world.caller.turn_ends.held  # Into a held button nothing is said.
    last_ms = wait.begin_ms
    for begin_ms, end_ms in sorted([*signs, *told.worded, *told.covered, (wait.end_ms, wait.end_ms)]):
        if begin_ms > wait.end_ms:
            return
        late_ms = begin_ms - last_ms - stalled_ms(world.stalls, last_ms, begin_ms)
        if late_ms > limit_ms:
            yield f"{wait.reply_id} gets no further for {late_ms} ms from {last_ms} ms (at most {limit_ms})"
        last_ms = max(last_ms, end_ms)
