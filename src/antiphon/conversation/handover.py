"""The caller waits for a person, talks with one, or comes back to us with words. Never dead air: music and
comfort follow one another until somebody takes over. While this lasts nothing the caller says takes a turn;
it is noted, and what is prepared or played goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antiphon.conversation import ending, keypad, push_to_talk, replies, turns
from antiphon.conversation import events as ev
from antiphon.conversation.commands import (
    CallOff,
    FinalizeTranscript,
    FinishPlayout,
    NoteUtterance,
    StartPlayout,
    StepAside,
)
from antiphon.conversation.policy import PUT_THROUGH, HandoverPolicy
from antiphon.conversation.state import Chunk, Phase, State

HOLD = "hold"  # The name of the sound.
COMFORT = "comfort"
WAITING = "waiting"  # Settles its words, as "late" does not: what he says when he is back is another segment.
TAKEN_OVER_MAX_MS = 3_600_000  # A page that was left open must not keep a line for ever.
HELD_MAX_MS = 600_000  # An operator who has forgotten him must not leave him with music for ever.
THANKS = "Thank you for waiting."
AGENT_AGAIN = "You are with me again. What else can I do for you?"


def keeps_caller(state: State, reason: str) -> bool:
    if _policy(state) is None or state.waits is not None:
        return False
    if state.unified:
        return False  # Who hears and speaks by himself cannot be made to wait and say nothing.
    # Where nothing works and nobody answers, one would follow the other for ever.
    return reason != "trouble" or not state.given_back


def _policy(state: State) -> HandoverPolicy | None:
    policy = state.policy.handover
    return policy if isinstance(policy, HandoverPolicy) else None


def begin(state: State) -> None:
    """The caller has been told that he is put through: from here on he waits."""
    policy = _policy(state)
    assert policy is not None, "nobody waits without one"
    _wait(state, policy.wait_max_ms)


def operator_holds(state: State, event: ev.OperatorHolds) -> None:
    if state.leaving or state.unified or state.phase in (Phase.IDLE, Phase.SCREENING):
        return
    state.parked = True
    _wait(state, HELD_MAX_MS)


def why_not_taken_over(state: State) -> str:
    """Why an operator cannot speak with this caller himself, "" if he can."""
    if state.unified:
        return "a model that hears and speaks by itself cannot be made to wait"
    if state.phase in (Phase.IDLE, Phase.SCREENING):
        return "nobody is there to speak with yet"
    if state.taken_over:
        return "somebody speaks with this caller already"
    if state.leaving or state.phase is Phase.ENDED:
        return "the call is ending"
    if state.waits is not None and not state.parked:
        return "a person has been called for this caller already"
    return ""


def operator_takes_over(state: State, event: ev.OperatorTakesOver) -> None:
    """The agent says nothing more, in the middle of a word if it must; what the caller says is noted."""
    if why_not_taken_over(state):
        return
    ending.give_up_speech(state)
    turns.drop_draft(state)
    _note_what_was_said(state)
    _cancel_timers(state, but=("talk",))
    state.on_hold, state.parked = False, False
    state.waits, state.taken_over, state.phase = 0, True, Phase.AWAY
    state.set_timer("call_limit", state.now_ms + TAKEN_OVER_MAX_MS)


def _given_back(state: State, event: ev.OperatorGivesBack) -> None:
    if state.taken_over:
        _back(state, AGENT_AGAIN)


def _wait(state: State, max_ms: int) -> None:
    ending.give_up_speech(state)
    turns.drop_draft(state)
    _note_what_was_said(state)
    _cancel_timers(state)
    state.leaving, state.on_hold = "", False
    state.waits = 0
    state.set_timer("person", state.now_ms + max_ms)
    comfort(state)


def comfort(state: State, *, speak: bool = True) -> None:
    """The next stretch: words and music in turn; music alone to begin with, since he has just been told."""
    assert state.waits is not None
    if state.phase is Phase.AWAY:
        return  # Somebody talks with him.
    policy, waits = _policy(state), state.waits
    state.waits += 1
    reply = replies.new_reply(state, kind=COMFORT)
    state.reply = reply
    state.phase = Phase.THINKING
    if waits and speak and policy is not None and policy.comfort and not state.parked:
        replies.add_chunk(state, reply, Chunk(text=policy.comfort[(waits - 1) % len(policy.comfort)]))
    replies.add_chunk(state, reply, Chunk(text=""), sound=HOLD)
    reply.finished, reply.playing = True, True
    replies.progressed(state)
    state.emit(StartPlayout(reply_id=reply.id))
    state.emit(FinishPlayout(reply_id=reply.id, chunks=len(reply.chunks)))


def operator_transfers(state: State, event: ev.OperatorTransfers) -> None:
    """Whatever we were about: a person takes over. The caller is told first."""
    if state.leaving:
        return
    ending.give_up_speech(state)
    turns.drop_draft(state)
    _note_what_was_said(state)
    policy = _policy(state)
    phrase = policy.put_through if policy else PUT_THROUGH
    # Decided already: who speaks on meanwhile is heard, and does not call it off.
    reply = replies.say(state, kind="line", phrase=phrase, guarded=True)
    reply.then, reply.cause = "escalate", "operator"
    reply.summary = "An operator passed the call on."
    _speaks_on(state)


def take(state: State, event: ev.Event) -> bool:
    """Anything that happens meanwhile. False: it is as at any other time."""
    step = _TAKE.get(type(event))
    if step is not None:
        step(state, event)
    return step is not None


def unasked(state: State, event: ev.Event) -> None:
    """News of a person nobody waits for."""


def _resumed(state: State, event: ev.OperatorResumes) -> None:
    if state.parked:
        _back(state, THANKS)


def _transfers_waiting(state: State, event: ev.OperatorTransfers) -> None:
    """Who waits for a person already is put through already; who is on hold can be."""
    if state.parked:
        state.waits, state.parked = None, False
        state.cancel_timer("person")
        operator_transfers(state, event)


def _joined(state: State, event: ev.PersonJoined) -> None:
    if state.parked or state.taken_over:
        return
    ending.give_up_speech(state)
    _only_the_limit(state)
    state.phase = Phase.AWAY


def _handed_over(state: State, event: ev.HandedOver) -> None:
    if state.phase is Phase.AWAY and not state.taken_over:
        state.emit(StepAside())


def _failed(state: State, event: ev.HandoverFailed) -> None:
    if not (state.parked or state.taken_over):
        _give_back(state, event.result)


def waited_enough(state: State) -> None:
    """Whoever calls the person has its own limits; the caller's patience does not hang on them."""
    if state.parked:
        _back(state, THANKS)
    elif state.waits is not None and state.phase is not Phase.AWAY:
        state.emit(CallOff())
        _give_back(state, "no_answer")


def _give_back(state: State, result: str) -> None:
    """Nobody was reached: he is told why."""
    policy = _policy(state)
    assert policy is not None, "nobody waits without one"
    state.given_back = True
    _back(state, policy.words(result))


def _back(state: State, words: str) -> None:
    """He is the agent's again: words, and then he has the floor."""
    ending.give_up_speech(state)
    back_from_talk = state.phase is Phase.AWAY
    state.waits, state.parked, state.taken_over = None, False, False
    state.cancel_timer("person")
    state.troubles = state.reprompts = 0
    if back_from_talk:
        state.set_timer("call_limit", state.now_ms + state.policy.silence.call_max_ms)
    replies.say(state, kind="returned", phrase=words)
    _speaks_on(state)


def _speaks_on(state: State) -> None:
    """What he is saying from here on is for us, again or still."""
    if push_to_talk.decides(state):
        push_to_talk.holds_on(state)
    elif state.voiced:
        turns.open_again(state)


def _left(state: State, event: ev.PersonLeft) -> None:
    if state.parked or state.taken_over:
        return
    ending.end(state, cause="escalated", detail="the person hung up")


def _operator(state: State, event: ev.OperatorEnded) -> None:
    ending.end(state, cause="operator")


def _cost(state: State, event: ev.CostReached) -> None:
    limit_usd = state.policy.silence.call_cost_max_usd
    if limit_usd and event.cost_usd >= limit_usd and state.phase is not Phase.AWAY:
        ending.end(state, cause="cost_limit")


def _voice_began(state: State, event: ev.SpeechStarted) -> None:
    state.voiced = state.voice = True


def _voice_ended(state: State, event: ev.SpeechStopped) -> None:
    """Words are asked for all the same, or they would come as the beginning of what he says later."""
    state.voiced = state.voice = False
    state.emit(FinalizeTranscript())


def _pressed(state: State, event: ev.TalkPressed) -> None:
    """Nobody listens yet; he may still hold it when somebody does."""
    push_to_talk.holds(state)


def _released(state: State, event: ev.TalkReleased) -> None:
    push_to_talk.released(state, event)


def _partial(state: State, event: ev.TranscriptPartial) -> None:
    turns.came_early(state, event)


def _final(state: State, event: ev.TranscriptFinal) -> None:
    if event.lost or not event.text:
        return
    kind = "late" if event.segment <= state.settled_segment else WAITING
    state.settled_segment = max(state.settled_segment, event.segment)
    state.emit(NoteUtterance(kind=kind, text=event.text))


def _nothing(state: State, event: ev.Event) -> None:
    """Of no use while the caller waits."""


def _note_what_was_said(state: State) -> None:
    turn = state.turn
    said = " ".join(keypad.together(state, turn, raw=True))
    if turn is not None:
        turns.close(state, turn)
    if said or (turn is not None and turn.segments):
        state.emit(NoteUtterance(kind=WAITING if said else "noise", text=said))


def _cancel_timers(state: State, *, but: tuple[str, ...] = ("call_limit", "talk")) -> None:
    state.cancel_timer(*(timer for timer in list(state.timers) if timer not in but))


def _only_the_limit(state: State) -> None:
    policy = _policy(state)
    assert policy is not None, "nobody waits without one"
    _cancel_timers(state)
    state.set_timer("call_limit", state.now_ms + policy.talk_max_ms)


# Any: each function takes exactly the event type it is filed under.
_TAKE: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.PersonJoined: _joined,
    ev.HandedOver: _handed_over,
    ev.HandoverFailed: _failed,
    ev.PersonLeft: _left,
    ev.OperatorTransfers: _transfers_waiting,
    ev.OperatorResumes: _resumed,
    ev.OperatorTakesOver: operator_takes_over,
    ev.OperatorGivesBack: _given_back,
    ev.OperatorEnded: _operator,
    ev.SpeechStarted: _voice_began,
    ev.SpeechStopped: _voice_ended,
    ev.TalkPressed: _pressed,
    ev.TalkReleased: _released,
    ev.CostReached: _cost,
    ev.TranscriptPartial: _partial,
    ev.TranscriptFinal: _final,
    **dict.fromkeys(
        (
            ev.OperatorHolds,
            ev.VoiceWeighed,
            ev.EndOfTurnScored,
            ev.TurnSignalled,
            ev.TurnUnderstood,
            ev.AnswerExpected,
            ev.ReplyOverruled,
            ev.DtmfReceived,
            ev.SessionLost,
            ev.LineGraded,
        ),
        _nothing,
    ),
}
