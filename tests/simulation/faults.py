"""Ways to break the core on purpose, each filed under the invariant that must notice it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from antiphon.conversation import (
    conversation,
    ending,
    floor,
    handover,
    heard,
    push_to_talk,
    replies,
    silence,
    tools,
    turns,
)
from antiphon.conversation import events as ev
from antiphon.conversation.commands import (
    CancelReply,
    EndCall,
    ReportHeard,
    ResumePlayout,
    RunTool,
    Synthesize,
)
from antiphon.conversation.state import Chunk, Phase, Reply, State, Turn
from tests.simulation import rude

Fault = Callable[[pytest.MonkeyPatch], None]


def fillers_over_replies(patch: pytest.MonkeyPatch) -> None:
    play_if_ready = replies.play_if_ready

    def play(state: State) -> None:
        filler, state.filler = state.filler, None
        play_if_ready(state)
        state.filler = filler

    patch.setattr(replies, "play_if_ready", play)


def flushed_replies_are_resumed(patch: pytest.MonkeyPatch) -> None:
    yield_to_caller = floor.yield_to_caller

    def resume(state: State) -> None:
        cut = [reply.id for reply in (state.reply,) if reply is not None and reply.playing]
        yield_to_caller(state)
        for reply_id in cut:
            state.emit(ResumePlayout(reply_id=reply_id))

    patch.setattr(floor, "yield_to_caller", resume)


def words_wait_for_the_end_of_the_utterance(patch: pytest.MonkeyPatch) -> None:
    taken = floor.taken
    patch.setattr(floor, "taken", lambda state, turn: not turn.voiced and taken(state, turn))


def a_press_over_the_agent_is_ignored(patch: pytest.MonkeyPatch) -> None:
    def pressed(state: State, event: ev.TalkPressed) -> None:
        if state.phase is not Phase.SPEAKING:
            push_to_talk.pressed(state, event)

    patch.setitem(conversation._HANDLERS, ev.TalkPressed, pressed)


def flush_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The floor is yielded, but the line is never told."""

    def drop(state: State) -> None:
        for reply in (state.filler, state.reply):
            if reply is not None:
                state.emit(ReportHeard(reply_id=reply.id, text="", complete=False))
        state.filler = state.reply = None

    patch.setattr(floor, "drop_speech", drop)


def everything_given_counts_as_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        heard, "heard_text", lambda chunks, heard_ms: " ".join(c.text for c in chunks if not c.failed)
    )


def what_there_is_of_a_sentence_is_all_of_it(patch: pytest.MonkeyPatch) -> None:
    def whole(chunk: Chunk, audio_ms: int, told_ms: Sequence[int]) -> None:
        chunk.duration_ms, chunk.broke_off = audio_ms, True  # With all its words.

    patch.setattr(heard, "break_off", whole)


def nothing_cut_counts_as_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(heard, "heard_text", lambda chunks, heard_ms: "")


def ends_forget_what_was_said(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ending, "_report", lambda state, reply_id, text: None)


def drafts_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def drop(state: State) -> None:
        state.draft = None

    patch.setattr(turns, "drop_draft", drop)


def stale_replies_count_as_spoken(patch: pytest.MonkeyPatch) -> None:
    def finished(state: State, event: ev.PlayoutFinished) -> None:
        if state.reply is not None:
            replies._ended(state, dataclasses.replace(state.reply, id=event.reply_id), complete=True)

    patch.setitem(conversation._HANDLERS, ev.PlayoutFinished, finished)


def words_over_the_agent_are_dropped(patch: pytest.MonkeyPatch) -> None:
    def judge(state: State, turn: Turn) -> None:
        turns.close(state, turn)
        floor.go_on(state)

    patch.setattr(floor, "judge", judge)


def finals_are_used_twice(patch: pytest.MonkeyPatch) -> None:
    close = turns.close

    def forgetful(state: State, turn: Turn) -> None:
        settled = state.settled_segment
        close(state, turn)
        state.settled_segment = settled

    patch.setattr(turns, "close", forgetful)


def what_he_says_while_he_waits_settles_nothing(patch: pytest.MonkeyPatch) -> None:
    """The recogniser begins no new segment, and all that follows in this one counts as too late."""
    patch.setattr(handover, "WAITING", "late")


def effects_are_not_remembered(patch: pytest.MonkeyPatch) -> None:
    run_effect = tools._run_effect

    def run(state: State, reply: Reply, tool: Any) -> None:
        state.effects.clear()
        state.under_way.clear()
        run_effect(state, reply, tool)

    patch.setattr(tools, "_run_effect", run)


def effects_do_not_wait(patch: pytest.MonkeyPatch) -> None:
    def run(state: State, event: ev.ToolRequested) -> None:
        key = tools.intent_key(state, event.name, event.arguments)
        if key not in state.effects:
            state.effects[key] = event.tool_call_id
            state.emit(
                RunTool(
                    tool_call_id=event.tool_call_id,
                    name=event.name,
                    arguments=event.arguments,
                    idempotency_key=key,
                )
            )

    patch.setitem(conversation._HANDLERS, ev.ToolRequested, run)


def timer_does_nothing(name: str) -> Fault:
    def fault(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(conversation._TIMERS, name, lambda state: None)

    fault.__name__ = f"timer_{name}_does_nothing"
    return fault


def the_caller_is_asked_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        silence, "say_goodbye", lambda state, *, reason: replies.start(state, kind="reprompt", attempt=1)
    )


def the_limit_is_not_kept(patch: pytest.MonkeyPatch) -> None:
    def again(state: State) -> None:
        state.set_timer("call_limit", state.now_ms + state.policy.silence.call_max_ms)

    patch.setitem(conversation._TIMERS, "call_limit", again)


def timers_are_not_set(*names: str) -> Fault:
    def fault(patch: pytest.MonkeyPatch) -> None:
        set_timer = State.set_timer

        def some(state: State, timer: str, due_ms: int) -> None:
            if timer not in names:
                set_timer(state, timer, due_ms)

        patch.setattr(State, "set_timer", some)

    fault.__name__ = f"timers_{'_'.join(names)}_are_not_set"
    return fault


def timers_are_set_in_the_past(patch: pytest.MonkeyPatch) -> None:
    set_timer = State.set_timer

    def past(state: State, timer: str, due_ms: int) -> None:
        now_ms, state.now_ms = state.now_ms, 0
        set_timer(state, timer, due_ms - 2000 if timer == "stop_silence" else due_ms)
        state.now_ms = now_ms

    patch.setattr(State, "set_timer", past)


def the_end_comes_first(patch: pytest.MonkeyPatch) -> None:
    end = ending.end

    def early(state: State, *, cause: str, detail: str = "") -> None:
        if state.phase is not Phase.ENDED and state.reply is not None:
            state.emit(EndCall(cause=cause))
        end(state, cause=cause, detail=detail)

    patch.setattr(ending, "end", early)


def chunks_are_spoken_twice(patch: pytest.MonkeyPatch) -> None:
    text = replies.text

    def twice(state: State, event: ev.ReplyText) -> None:
        text(state, event)
        if replies.find(state, event.reply_id) is not None:
            state.emit(Synthesize(reply_id=event.reply_id, index=event.index, text=event.text))

    patch.setitem(conversation._HANDLERS, ev.ReplyText, twice)


def confirmed_drafts_are_cancelled_too(patch: pytest.MonkeyPatch) -> None:
    """What was used is also told to be wasted."""
    confirm = replies.confirm

    def wasteful(state: State, draft: Reply) -> None:
        state.emit(CancelReply(reply_id=draft.id))
        confirm(state, draft)

    patch.setattr(replies, "confirm", wasteful)


FAULTS: list[tuple[str, Fault]] = [
    ("one_voice_at_a_time", fillers_over_replies),
    ("flushed_is_silent", flushed_replies_are_resumed),
    ("silent_after_interruption", words_wait_for_the_end_of_the_utterance),
    ("silent_after_interruption", flush_is_forgotten),
    ("silent_after_interruption", a_press_over_the_agent_is_ignored),
    ("context_is_what_was_heard", everything_given_counts_as_heard),
    ("context_is_what_was_heard", nothing_cut_counts_as_heard),
    ("context_is_what_was_heard", what_there_is_of_a_sentence_is_all_of_it),
    ("every_reply_ends_once", ends_forget_what_was_said),
    ("every_reply_ends_once", drafts_are_forgotten),
    ("every_reply_ends_once", stale_replies_count_as_spoken),
    ("every_reply_ends_once", confirmed_drafts_are_cancelled_too),
    ("every_final_once", words_over_the_agent_are_dropped),
    ("every_final_once", finals_are_used_twice),
    ("every_final_once", what_he_says_while_he_waits_settles_nothing),
    ("effects_once", effects_are_not_remembered),
    ("effects_wait_for_the_turn", effects_do_not_wait),
    ("silence_is_covered", timer_does_nothing("silence")),
    ("silence_is_covered", timer_does_nothing("final_wait")),
    ("silence_is_covered", timer_does_nothing("vendor_turn")),
    ("silence_is_covered", timer_does_nothing("talk")),
    ("waits_are_covered", timer_does_nothing("filler")),
    ("waits_are_covered", rude.fillers_come_late),
    ("waits_are_covered", timer_does_nothing("dry")),
    ("waits_are_covered", rude.no_filler_within_replies),
    ("waits_are_covered", timer_does_nothing("reply_deadline")),
    ("stuck_replies_are_given_up", timer_does_nothing("reply_deadline")),
    ("fillers_take_turns", rude.the_same_filler_again),
    ("nobody_is_talked_over", rude.fillers_over_the_caller),
    ("nobody_is_talked_over", rude.replies_over_the_caller),
    ("nobody_is_talked_over", rude.apologies_over_the_caller),
    ("pauses_are_decided", rude.failed_fillers_are_forgotten),
    ("a_voice_pauses_us", rude.a_voice_pauses_nothing),
    ("pauses_are_decided", timer_does_nothing("hold")),
    ("what_must_be_heard_is", rude.protection_is_ignored),
    ("what_must_be_heard_is", rude.only_whole_replies_are_protected),
    ("what_must_be_heard_is", rude.limits_wait_for_nothing),
    ("drafts_answer_what_was_said", rude.any_draft_will_do),
    ("every_call_ends", the_limit_is_not_kept),
    ("asking_again_is_bounded", the_caller_is_asked_for_ever),
    ("a_timer_is_pending", timers_are_not_set("call_limit", "silence")),
    ("speaking_is_heard", timers_are_not_set("reply_deadline")),
    ("call_time_never_decreases", timers_are_set_in_the_past),
    ("nothing_after_the_end", the_end_comes_first),
    ("usage_is_metered", chunks_are_spoken_twice),
]
