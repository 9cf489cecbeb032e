"""A voice over the agent's: hold at once, then find out what it was, then yield the floor or go on.

What must be heard to its end, and what is only our own echo, is in `spans.py` and `echoes.py`.
"""

from __future__ import annotations

from antiphon.conversation import (
    asked,
    echoes,
    endpointing,
    heard,
    playing,
    replies,
    spans,
    turns,
    unified,
    words,
)
from antiphon.conversation.commands import (
    CancelReply,
    FlushPlayout,
    NoteUtterance,
    PausePlayout,
    ReportHeard,
    ResumePlayout,
)
from antiphon.conversation.events import VoiceWeighed
from antiphon.conversation.state import Phase, State, Turn

_FEW_WORDS = 3


def hold(state: State) -> None:
    """Silence now; a cough must not cost the caller the sentence, so keep the samples. A held talk button is
    no cough: we say nothing until its release, which sets the bound."""
    if echoes.needs_words(state) and not state.talking:
        return
    state.phase = Phase.HOLDING
    state.cancel_timer("filler", "dry")
    if state.turn is not None:
        state.turn.held = True
        _asks(state, state.turn)
    for reply in state.sounding():
        reply.position_ms = heard.position_ms(state, reply)
        reply.paused = True
        reply.paused_at_ms = state.now_ms
        state.emit(PausePlayout(reply_id=reply.id))
    if not state.talking:
        state.set_timer("hold", unified.hold_due_ms(state))


def protected(state: State) -> bool:
    """What is being said must be heard to its end; what the caller says meanwhile is kept for after."""
    return spans.protected(state)


def may_pause(state: State) -> bool:
    """Not what must be heard; but what only covers the wait for the rest of it."""
    return not protected(state) or (state.reply is not None and state.reply.deferred)


def taken(state: State, turn: Turn) -> bool:
    """Do the caller's words so far take the floor from the reply in progress?"""
    echoes.listen(state, turn)
    if state.doubtful or protected(state):
        return False
    return unified.voice_takes_floor(state, turn) or _take_floor(state, turn.text())


def _take_floor(state: State, text: str) -> bool:
    """Are these words more than a listening noise to what is being said?"""
    reply = state.reply
    kind = reply.kind if reply is not None else ""
    expects = _expects(state)
    if _goes_on_with_his_own(state):
        return not words.only_hums(text, state.policy.language)
    if state.leaving == "silence":  # Nobody was there: whoever says so much as "yes" is.
        return not words.only_leaves(text, state.policy)
    leaving = reply is not None and (reply.then in ("end", "escalate") or kind == "goodbye")
    return words.takes_floor(text, state.policy, reply_kind=kind, expects=expects, last_words=leaving)


def _goes_on_with_his_own(state: State) -> bool:
    """ "Um.", and when that was taken for his turn: "Yes." We have said nothing yet that this could be a
    listening noise to."""
    reply, filler = state.reply, state.filler
    if reply is None or reply.kind != "turn" or reply.behind:
        return False
    if reply.audible or (filler is not None and filler.audible):
        return False
    return words.sounds_unfinished(reply.source, "open", state.policy.language)


def too_soon(state: State, turn: Turn) -> bool:
    """Few words of a voice that has only just begun are as often a hum misheard: its next words, its end or
    the end of the hold will tell. We are silent meanwhile."""
    if state.phase is not Phase.HOLDING or not _few_words(state, turn):
        return False
    return turn.voiced and state.now_ms - turn.onset_ms < state.policy.turn.few_words_ms


def _hum_misheard(state: State, turn: Turn) -> bool:
    """It was all he said, and the recogniser hardly believes it: "uh-huh" reads as "Bye."."""
    policy = state.policy.turn
    if not policy.few_words_ms or turn.voiced or turn.partials or not turn.confidences:
        return False
    return max(turn.confidences.values()) < policy.few_words_confidence and _few_words(state, turn)


def _few_words(state: State, turn: Turn) -> bool:
    """Words over ours that may be none; short answers to what we ask are whole answers."""
    spoken = words.words(turn.text())
    reply = state.reply
    if not 0 < len(spoken) <= _FEW_WORDS or spoken[0] in state.policy.interrupting_words:
        return False
    return reply is not None and reply.audible and _expects(state) == "open"


def _expects(state: State) -> str:
    """What the caller has heard us ask for. Over the last words of a question he answers it."""
    reply = state.reply
    if reply is None or not reply.audible:
        return "open"
    if reply.expects == "open" and heard.ends_asking(state, reply):
        return "yes_no"
    return reply.expects


def weighed(state: State, event: VoiceWeighed) -> None:
    """Is it somebody who speaks over us, or a crowd behind him? Words of his may have waited for that."""
    state.doubtful, state.mirrored = not event.sure, event.echo
    turn = state.turn
    if event.sure and turn is not None and state.phase is not Phase.LISTENING and taken(state, turn):
        yield_to_caller(state)


def judge(state: State, turn: Turn) -> None:
    """A final transcript came while the floor is ours: interruption, backchannel, echo or noise."""
    misheard = _hum_misheard(state, turn)
    if taken(state, turn) and not too_soon(state, turn) and not misheard:
        yield_to_caller(state)
        return
    if turn.voiced or turn.finals_due:
        return  # More may come.
    if not words.words(turn.text()) and not unified.voice_takes_floor(state, turn):
        state.let_pass = state.unified
        # Over what must be heard too: what he says next is not to be measured together with an echo.
        turns.close(state, turn)
        echoes.note(state, turn)
    elif protected(state):
        return
    elif not misheard and _answers_what_we_ask(state, turn) is not False:
        pass  # He hears the question out, and then this is his turn; or what we ask is not written yet.
    else:
        turns.close(state, turn)
        if state.mirrored:
            echoes.known(state)
        what = "echo" if state.mirrored else "noise" if state.doubtful or misheard else "backchannel"
        state.emit(NoteUtterance(kind=what, text=turn.raw_text()))
    go_on(state)


def written(state: State) -> None:
    """The reply is written to its end: whether what he said into it answers a question is known now."""
    if state.turn is not None and state.turn.may_answer and state.phase is not Phase.LISTENING:
        judge(state, state.turn)


def _answers_what_we_ask(state: State, turn: Turn) -> bool | None:
    """ "Would you like the Thursday slot", "yes", "at ten?": no listening noise while a question is asked.
    None where the model has not written so far."""
    if state.doubtful or words.only_hums(turn.text(), state.policy.language):
        return False
    answers = _asks(state, turn)
    turn.may_answer = answers is None
    return answers


def _asks(state: State, turn: Turn) -> bool | None:
    reply = state.reply
    if turn.answers or reply is None or reply.kind != "turn" or not reply.audible:
        return turn.answers
    onset_ms = turn.voiced_at_ms or turn.onset_ms
    if turn.into[:2] != (reply.id, onset_ms):
        turn.into = (reply.id, onset_ms, heard.known_ms(state, reply, onset_ms))
    asks = heard.asks_behind(reply, turn.into[2])
    turn.answers = asks is True
    return asks


def hold_passed(state: State) -> None:
    """No words within the bound: whatever it is, it does not get to silence us. Words may still come."""
    if state.phase is not Phase.HOLDING:
        return
    turn = state.turn
    if turn is not None and taken(state, turn):
        yield_to_caller(state)
    elif turn is None or not _seems_ours(state, turn):
        go_on(state)
    elif (echoed_ms := _echoed_until_ms(state)) > state.now_ms:
        state.set_timer("hold", echoed_ms)
    else:  # Nothing comes back for so long: it is the caller, who says what we said.
        turn.outlasts, turn.own = True, ("", "", "")
        yield_to_caller(state)


def _seems_ours(state: State, turn: Turn) -> bool:
    """Only their likeness to ours speaks against the words of a voice that still goes on."""
    if not turn.voiced or protected(state) or (state.doubtful and not state.mirrored):
        return False
    return _take_floor(state, turn.raw_text())


def _echoed_until_ms(state: State) -> int:
    """When the last echo of what we said before we paused has come back."""
    paused_ms = max((reply.paused_at_ms for reply in state.sounding()), default=0)
    return paused_ms + echoes.LAG_MS + echoes.SLACK_MS


def go_on(state: State) -> None:
    """A false interruption: resume exactly where the caller's ear stopped, or a little before it where the
    gap was long enough to be heard as one."""
    state.cancel_timer("hold")
    if state.phase is not Phase.HOLDING:
        return
    policy = state.policy.turn
    paused = state.sounding()
    for reply in paused:
        rewind_ms = 0
        if reply.audible and state.now_ms - reply.paused_at_ms > policy.rewind_after_ms:
            # From where playout stands: within what is being said again that is behind what was heard.
            rewind_ms = heard.rewind_ms(
                reply.chunks, reply.position_ms, policy.rewind_ms, again_from_ms=reply.again_from_ms
            )
        if rewind_ms:
            reply.position_ms -= rewind_ms
            reply.again_from_ms = reply.position_ms
        reply.paused = False
        reply.position_at_ms = state.now_ms
        state.emit(ResumePlayout(reply_id=reply.id, rewind_ms=rewind_ms))
    state.phase = Phase.SPEAKING if any(reply.audible for reply in paused) else Phase.THINKING
    if state.phase is Phase.THINKING:
        state.set_timer("filler", state.now_ms + state.policy.silence.filler_after_ms)
    playing.expect_dry(state)
    replies.play_if_ready(state)


def yield_to_caller(state: State) -> None:
    """A real interruption: drop what was not heard and listen."""
    echoes.interrupted(state)
    drop_speech(state)
    state.cancel_timer("hold")
    state.phase = Phase.LISTENING
    if asked.answer_typed(state):
        return
    turn = state.turn
    if turn is not None:
        endpointing.went_on(state, turn)
    if turn is not None and not turn.voiced:
        state.set_timer("stop_silence", turn.ended_ms + endpointing.wait_ms(state, turn))


def drop_speech(state: State) -> None:
    """Flush whatever is being said or prepared, and account for what was heard of it."""
    state.cancel_timer("filler", "reply_deadline", "dry", "span")
    if state.leaving == "silence":
        # We were leaving because nobody was there; somebody is.
        state.leaving = ""
        state.cancel_timer("goodbye")
    for reply in (state.filler, state.reply):
        if reply is None:
            continue
        if reply.kind not in ("filler", "trouble") and not reply.finished and not reply.wrote:
            # With an effect under way the reasoner must finish, or its state would forget the effect.
            state.emit(CancelReply(reply_id=reply.id))
        if reply.playing:
            state.closing[reply.id] = reply
            state.emit(FlushPlayout(reply_id=reply.id))
        else:
            protected_words = "cut" if any(chunk.uninterruptible for chunk in reply.chunks) else ""
            state.emit(ReportHeard(reply_id=reply.id, text="", complete=False, protected=protected_words))
    state.filler = state.reply = None
