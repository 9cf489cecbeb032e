"""The invariants: what must hold of every call, whatever happened in it.

Each has a name, and `test_the_judge_sees_faults.py` a way to break it. Some are seen by the doubles at the
moment they break (`World.faults`, `Line.faults`, `Voice.faults`), the others are found here afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.handover import THANKS
from antiphon.conversation.policy import PUT_THROUGH
from tests.simulation import usage, waits, wording
from tests.simulation.heard import context_faults
from tests.simulation.world import World

# From the words that make it an interruption to the last agent sample; the flush comes in the same step.
INTERRUPTION_BOUND_MS = 40


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant; `text` says where and how."""

    invariant: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.text}"


def violations(world: World) -> list[Violation]:
    """Every broken invariant of a finished call."""
    seen = [*world.faults, *world.line.faults, *world.voice.faults, *world.manners.faults]
    found = [Violation(name, text) for name, text in seen]
    for name, judge in JUDGES.items():
        found += [Violation(name, text) for text in judge(world)]
    return found


def _silent_after_interruption(world: World) -> Iterator[str]:
    """The interrupted reply is not heard again while the caller speaks, whatever comes late."""
    for known_ms, until_ms, reply_id in world.overlap.interruptions:
        for begin_ms, end_ms, sounding in world.line.sounded:
            late_ms = min(end_ms, until_ms) - max(begin_ms, known_ms)
            if sounding == reply_id and late_ms > INTERRUPTION_BOUND_MS:
                yield f"{reply_id} is heard for {late_ms} ms after it was interrupted at {known_ms} ms"


def _flushed_is_silent(world: World) -> Iterator[str]:
    flushed_ms = {
        command.reply_id: event.at_ms
        for event, commands in world.steps
        for command in commands
        if type(command) is cmd.FlushPlayout
    }
    for _, end_ms, reply_id in world.line.sounded:
        if end_ms > flushed_ms.get(reply_id, end_ms):
            yield f"{reply_id} is heard until {end_ms} ms, flushed at {flushed_ms[reply_id]} ms"


def _every_reply_ends_once(world: World) -> Iterator[str]:
    started: dict[str, bool] = {}  # Reply -> still only a draft.
    over: set[str] = set()
    for event, commands in world.steps:
        if type(event) is ev.ReplyFailed:
            over.add(event.reply_id)
        for command in commands:
            if type(command) is cmd.StartReply:
                started[command.reply_id] = command.speculative
            elif type(command) is cmd.ConfirmReply:
                started[command.reply_id] = False
            elif type(command) is cmd.CancelReply:
                over.add(command.reply_id)
    for reply_id, draft in started.items():
        reports = len(world.reports.get(reply_id, ()))
        if reports != (0 if draft else 1):
            yield f"{'draft ' if draft else ''}{reply_id} was reported {reports} times"
        if draft and reply_id not in over:
            yield f"draft {reply_id} was neither confirmed nor cancelled"


def _every_final_once(world: World) -> Iterator[str]:
    """Into a turn, or noted as something else, but not as our echo; the caller says no word twice."""
    used: Counter[str] = Counter()
    late: set[str] = set()
    echoes: list[str] = []
    in_time = {id(final) for final in world.recogniser.finals}
    leaving = False
    for event, commands in world.steps:
        for command in commands:
            if type(command) is cmd.StartReply and command.kind == "goodbye":
                leaving = leaving or command.reason != "silence"
            if type(command) is cmd.CommitTurn or type(command) is cmd.AmendTurn:
                used.update(command.text.split())
            elif type(command) is cmd.NoteUtterance:
                (late if command.kind == "late" else used).update(command.text.split())
                echoes += command.text.split() if command.kind == "echo" else ()
                if command.kind == "late" and id(event) in in_time and not leaving:
                    yield f"{command.text} came in time and counts as late"
    for word in filter(wording.is_callers, echoes):
        yield f"{wording.told(word)} passed for an echo of ours"
    open_turn = world.conversation.state.turn
    kept = late | set(open_turn.text().split() if open_turn is not None else ())
    for word, count in used.items():
        if count > 1 and wording.is_callers(word):
            yield f"{wording.told(word)} is used {count} times"
    for final in world.recogniser.finals:
        for word in final.text.split():
            if word not in used and word not in kept and wording.is_callers(word):
                yield f"{wording.told(word)} was understood and then lost"


def _effects_once(world: World) -> Iterator[str]:
    """By intent: same confirmed turn, same tool, same arguments."""
    writes = {
        event.tool_call_id
        for event, _ in world.steps
        if type(event) is ev.ToolRequested and event.effect == "write"
    }
    turns = 0
    ran: Counter[tuple[int, str, str]] = Counter()
    for _, commands in world.steps:
        for command in commands:
            if type(command) is cmd.CommitTurn:
                turns += 1
            elif type(command) is cmd.RunTool and command.tool_call_id in writes:
                ran[turns, command.name, command.arguments] += 1
    for (turn, name, arguments), count in ran.items():
        if count > 1:
            yield f"{name}{arguments} ran {count} times in turn {turn}"


def _effects_wait_for_the_turn(world: World) -> Iterator[str]:
    """Nothing is done for a reply the caller has not finished asking for."""
    effects: dict[str, str] = {}
    unsure: set[str] = set()
    for event, commands in world.steps:
        if type(event) is ev.ToolRequested and event.effect == "write":
            effects[event.tool_call_id] = event.reply_id
        for command in commands:
            if type(command) is cmd.StartReply and command.speculative:
                unsure.add(command.reply_id)
            elif type(command) is cmd.ConfirmReply:
                unsure.discard(command.reply_id)
            elif type(command) is cmd.RunTool and effects.get(command.tool_call_id) in unsure:
                yield f"{command.tool_call_id} ran for a draft"


def _every_call_ends(world: World) -> Iterator[str]:
    """In time: the limit, then what must be heard, where anything must, and then a goodbye; neither of the
    two may take for ever."""
    silence = world.policy.silence
    stalled_ms = sum(stall.duration_ms for stall in world.stalls)
    must_be_heard = bool(world.plan.protects) or world.policy.protect_greeting
    must_be_heard |= [PUT_THROUGH] in world.voice.chunks.values()  # An operator's order.
    limit_ms = silence.call_max_ms + silence.goodbye_max_ms * (1 + must_be_heard) + stalled_ms + 100
    # Who comes back from a person has all of his time again.
    limit_ms += max((until_ms + waits.SLACK_MS for _, until_ms in world.person.talks), default=0)
    if world.ended and world.now_ms > limit_ms:
        yield f"the call took {world.now_ms} ms (at most {limit_ms})"


def _call_time_never_decreases(world: World) -> Iterator[str]:
    last_ms = 0
    for event, commands in world.steps:
        if event.at_ms < last_ms:
            yield f"{event} comes after {last_ms} ms"
        last_ms = event.at_ms
        for command in commands:
            if type(command) is cmd.SetTimer and command.due_ms < last_ms:
                yield f"{command} is due before it was set at {last_ms} ms"


def _asking_again_is_bounded(world: World) -> Iterator[str]:
    in_a_row = 0
    for _, commands in world.steps:
        for command in commands:
            misheard = type(command) is cmd.NoteUtterance and command.kind == "misheard"
            back = type(command) is cmd.Synthesize and command.text == THANKS  # He was on hold.
            if type(command) is cmd.CommitTurn or type(command) is cmd.Escalate or misheard or back:
                in_a_row = 0
            elif type(command) is cmd.StartReply and command.kind == "reprompt":
                in_a_row += 1
                if in_a_row > world.policy.silence.reprompts_max:
                    yield f"the caller was asked again {in_a_row} times in a row"


def _usage_is_metered(world: World) -> Iterator[str]:
    told, counted = usage.told(world.steps), world.usage
    for name in ("replies", "drafts_wasted", "characters", "tool_runs", "transcripts"):
        if getattr(told, name) != getattr(counted, name):
            yield f"{name}: the trace says {getattr(told, name)}, the vendor {getattr(counted, name)}"
    if told.audio_ms > counted.audio_ms:
        yield f"the trace tells of {told.audio_ms} ms of speech, the voice made {counted.audio_ms}"


JUDGES: dict[str, Callable[[World], Iterator[str]]] = {
    "silent_after_interruption": _silent_after_interruption,
    "flushed_is_silent": _flushed_is_silent,
    "context_is_what_was_heard": context_faults,
    "every_reply_ends_once": _every_reply_ends_once,
    "every_final_once": _every_final_once,
    "effects_once": _effects_once,
    "effects_wait_for_the_turn": _effects_wait_for_the_turn,
    "silence_is_covered": waits.unasked_silences,
    "waits_are_covered": waits.uncovered_waits,
    "stuck_replies_are_given_up": waits.stuck_replies,
    "every_call_ends": _every_call_ends,
    "call_time_never_decreases": _call_time_never_decreases,
    "asking_again_is_bounded": _asking_again_is_bounded,
    "usage_is_metered": _usage_is_metered,
}
# ... and those the doubles see at the moment they break.
SEEN_AT_ONCE = (
    "one_voice_at_a_time", "a_timer_is_pending", "speaking_is_heard", "nothing_after_the_end",
    "a_voice_pauses_us", "pauses_are_decided", "nobody_is_talked_over", "what_must_be_heard_is",
    "fillers_take_turns", "drafts_answer_what_was_said",
)  # fmt: skip
INVARIANTS = (*JUDGES, *SEEN_AT_ONCE)
