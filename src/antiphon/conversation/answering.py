"""Who or what answers a call we placed: nobody is spoken to before that is known, or its time is up.

The verdict comes from outside (`AnswererJudged`); what follows is decided here. It may be revised: a machine
that was taken for a person in a pause of its greeting is treated as one from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antiphon.conversation import ending, floor, keypad, replies, turns
from antiphon.conversation import events as ev
from antiphon.conversation.commands import FinalizeTranscript, NoteUtterance
from antiphon.conversation.policy import AnsweringPolicy
from antiphon.conversation.state import Answerer, Phase, State

# A beep in the middle of the message: what was said before it is on no tape. Twice is somebody else's beep.
MESSAGES_MAX = 2
_LOOK_AGAIN_MS = 300
# "no_answer" is what people call a line on which nobody says a word.
_CAUSES = {"silence": "no_answer"}


def begin(state: State) -> bool:
    """Listen first. False where the agent file says nothing of machines."""
    policy = _policy(state)
    if policy is None:
        return False
    state.answerer = Answerer()
    state.phase = Phase.SCREENING
    state.set_timer("answerer", state.now_ms + policy.decision_max_ms)
    return True


def judged(state: State, event: ev.AnswererJudged) -> None:
    answerer = state.answerer
    if answerer is None or state.leaving or answerer.messages:
        return  # Nobody asked, or it is too late to matter.
    answerer.verdict = event.verdict
    way = _way(state, event)
    if state.phase is not Phase.SCREENING:
        if way != "continue":
            _fall_silent(state)
            _follow(state, way)
    elif not answerer.awaits_beep or way != "leave_message":
        _follow(state, way)


def nobody_judged(state: State) -> None:
    """Better to talk to a machine than to let a person listen to silence. While the voice goes on there is
    none, and it may yet say what it is."""
    answerer, policy = state.answerer, _policy(state)
    if answerer is None or policy is None or state.phase is not Phase.SCREENING:
        return
    if state.voiced and state.now_ms < 2 * policy.decision_max_ms:
        state.set_timer("answerer", state.now_ms + _LOOK_AGAIN_MS)
    else:
        answerer.verdict = answerer.verdict or "unknown"
        _greet(state)


def beep(state: State, event: ev.BeepHeard) -> None:
    """The machine records from here on."""
    answerer, reply = state.answerer, state.reply
    if answerer is None:
        return
    if answerer.awaits_beep and state.phase is Phase.SCREENING:
        _leave_message(state)
    elif reply is not None and reply.kind == "message" and answerer.messages < MESSAGES_MAX:
        floor.drop_speech(state)
        _leave_message(state)


def machine_is_silent(state: State) -> None:
    """Its greeting is over and no beep came: some have none, and some beeps are lost on the way."""
    if state.phase is Phase.SCREENING:
        _leave_message(state)


def greeting_never_ends(state: State) -> None:
    if state.phase is Phase.SCREENING:
        ending.end(state, cause="machine", detail="it never let us speak")


def message_failed(state: State) -> None:
    """No voice for it: better no message than half of one."""
    ending.end(state, cause="machine", detail="the message could not be spoken")


def words_came(state: State, event: ev.TranscriptFinal) -> bool:
    """A final of what was said before we spoke comes after that: it is no answer to us."""
    answerer = state.answerer
    if answerer is None or not answerer.finals_due or answerer.greeted_ms is None:
        return False
    answerer.finals_due -= 1
    late_ms = state.now_ms - answerer.greeted_ms
    if event.lost or late_ms > state.policy.turn.final_wait_ms:
        return False
    state.settled_segment = max(state.settled_segment, event.segment)
    if event.text:
        state.emit(NoteUtterance(kind="answered", text=event.text))
    return True


# --- what follows -----------------------------------------------------------------------------------------


def _way(state: State, event: ev.AnswererJudged) -> str:
    policy = _policy(state)
    assert policy is not None, "who is listened to has a policy"
    match event.verdict:
        case "machine":
            leaves = policy.machine == "leave_message"
            return "hang_up" if leaves and not event.records else policy.machine
        case "fax":
            return "hang_up"
        case "ivr":
            return policy.ivr
        case "silence":
            return policy.silence
    return "continue"


def _follow(state: State, way: str) -> None:
    answerer = state.answerer
    assert answerer is not None, "somebody was judged"
    match way:
        case "hang_up":
            ending.end(state, cause=_CAUSES.get(answerer.verdict, answerer.verdict))
        case "leave_message":
            _await_beep(state, answerer)
        case _:
            _greet(state)


def _greet(state: State) -> None:
    answerer = state.answerer
    assert answerer is not None, "somebody was judged"
    answerer.awaits_beep, answerer.greeted_ms = False, state.now_ms
    state.cancel_timer("answerer", "no_beep", "machine_greeting")
    state.settled_segment = max([state.settled_segment, *answerer.words])
    said = " ".join(text for _, text in sorted(answerer.words.items()) if text)
    if said:
        state.emit(NoteUtterance(kind="answered", text=said))
    replies.start(state, kind="greeting")
    if state.voiced:
        turns.open_again(state)


def _fall_silent(state: State) -> None:
    """Whatever we thought we were talking to: no word more to it."""
    ending.give_up_speech(state)
    turns.drop_draft(state)
    said = keypad.forget(state)
    turn = state.turn
    if turn is not None:
        turns.close(state, turn)
        said = f"{turn.raw_text()} {said}".strip()
    if said:
        state.emit(NoteUtterance(kind="answered", text=said))
    state.cancel_timer("silence")
    state.phase = Phase.SCREENING


def _await_beep(state: State, answerer: Answerer) -> None:
    policy = _policy(state)
    assert policy is not None, "who is listened to has a policy"
    answerer.awaits_beep = True
    state.cancel_timer("answerer")
    state.set_timer("machine_greeting", state.now_ms + policy.greeting_max_ms)
    if not state.voiced:
        state.set_timer("no_beep", state.now_ms + policy.no_beep_ms)


def _leave_message(state: State) -> None:
    answerer, policy = state.answerer, _policy(state)
    assert answerer is not None and policy is not None, "somebody was judged"
    answerer.awaits_beep = False
    answerer.messages += 1
    state.cancel_timer("no_beep", "machine_greeting")
    reply = replies.say(state, kind="message", phrase=policy.message, guarded=True)
    reply.then, reply.cause = "end", "message_left"


def _policy(state: State) -> AnsweringPolicy | None:
    policy = state.policy.answering
    return policy if isinstance(policy, AnsweringPolicy) else None


# --- while we listen --------------------------------------------------------------------------------------


def _speech_started(state: State, event: ev.SpeechStarted) -> None:
    state.voiced = True
    state.cancel_timer("no_beep")


def _speech_stopped(state: State, event: ev.SpeechStopped) -> None:
    """A pause: have what was said so far finished, for whoever judges it by its words."""
    answerer, policy = state.answerer, _policy(state)
    assert answerer is not None and policy is not None, "somebody is listened to"
    if state.voiced and not state.unified:
        answerer.finals_due += 1
        state.emit(FinalizeTranscript())
    state.voiced = False
    if answerer.awaits_beep:
        state.set_timer("no_beep", min(event.ended_ms, state.now_ms) + policy.no_beep_ms)


def _partial(state: State, event: ev.TranscriptPartial) -> None:
    assert state.answerer is not None, "somebody is listened to"
    if not event.guess:
        state.answerer.words[event.segment] = event.text


def _final(state: State, event: ev.TranscriptFinal) -> None:
    answerer = state.answerer
    assert answerer is not None, "somebody is listened to"
    answerer.finals_due = max(0, answerer.finals_due - 1)
    if event.text and not event.lost:
        answerer.words[event.segment] = event.text


def _key(state: State, event: ev.DtmfReceived) -> None:
    """Machines do not press keys."""
    assert state.answerer is not None, "somebody is listened to"
    state.answerer.verdict = "human"
    _greet(state)


def _ended(state: State, event: ev.OperatorEnded) -> None:
    """There is nobody yet to say goodbye to."""
    ending.end(state, cause="operator")


def _nothing(state: State, event: ev.Event) -> None:
    """Speaks of a turn or a talk button; there is neither while we listen."""


# Any: each function takes exactly the event type it is filed under.
WHILE_SCREENING: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.SpeechStarted: _speech_started,
    ev.SpeechStopped: _speech_stopped,
    ev.TranscriptPartial: _partial,
    ev.TranscriptFinal: _final,
    ev.DtmfReceived: _key,
    ev.OperatorEnded: _ended,
    ev.EndOfTurnScored: _nothing,
    ev.TurnSignalled: _nothing,
    ev.TurnUnderstood: _nothing,
    ev.TalkPressed: _nothing,
    ev.TalkReleased: _nothing,
    ev.ReplyOverruled: _nothing,
}
