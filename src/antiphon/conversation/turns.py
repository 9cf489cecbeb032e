"""The caller's turn: collecting words, endpointing, speculation, commitment."""

from __future__ import annotations

from antiphon.conversation import (
    answering,
    drafts,
    echoes,
    endpointing,
    floor,
    keypad,
    line_quality,
    push_to_talk,
    rehearing,
    replies,
    silence,
    unified,
    vendor_turns,
    words,
)
from antiphon.conversation.commands import (
    CancelReply,
    CommitTurn,
    FinalizeTranscript,
    NoteUtterance,
    ScoreEndOfTurn,
)
from antiphon.conversation.events import (
    EndOfTurnScored,
    SpeechStarted,
    SpeechStopped,
    TranscriptFinal,
    TranscriptPartial,
    TurnUnderstood,
)
from antiphon.conversation.state import Phase, Reply, State, Turn


def speech_started(state: State, event: SpeechStarted) -> None:
    """The caller's voice: a pause is over, or somebody speaks over the agent."""
    state.voiced = True
    if push_to_talk.decides(state):
        push_to_talk.voice(state, heard=True)
        return
    state.cancel_timer("stop_silence", "final_wait", "stable_partial", "vendor_turn")
    if not state.on_hold:  # Who rummages for his card is still looking for it.
        state.cancel_timer("silence")
    if state.turn is None:
        onset_ms = min(event.onset_ms, state.now_ms)
        soon = endpointing.begins_soon(state, onset_ms)
        # Words from before this voice will be told with its own, and one of the two may be our echo.
        parts = state.early_segment > state.settled_segment
        state.turn = Turn(onset_ms=onset_ms, ended_ms=onset_ms, soon=soon, in_parts=parts)
    elif not state.turn.voiced:
        endpointing.speech_resumed(state, state.turn, event.onset_ms)
        state.turn.goes_on()
    state.turn.voiced = True
    state.turn.voiced_at_ms = state.now_ms
    state.turn.overdue = False
    drop_draft(state)
    state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
    if state.phase in (Phase.SPEAKING, Phase.THINKING) and floor.may_pause(state):
        floor.hold(state)


def speech_stopped(state: State, event: SpeechStopped) -> None:
    """A pause began: ask what was said and whether it was all."""
    state.voiced = False
    if push_to_talk.decides(state):
        push_to_talk.voice(state, heard=False)
        return
    turn = state.turn
    if turn is None or not turn.voiced:
        return  # An end without a beginning: nothing was said.
    _pause(state, turn, event.ended_ms)


def _pause(state: State, turn: Turn, ended_ms: int) -> None:
    turn.voiced = False
    # A date outside the turn is a fault of whoever gave it; a wait counted from it might never end.
    turn.ended_ms = max(turn.ended_ms, min(ended_ms, state.now_ms))
    turn.score = None
    endpointing.voice_ended(state, turn)
    state.cancel_timer("noise")
    ask(state, turn)
    drafts.await_stable(state, turn)
    if state.unified and state.phase is not Phase.LISTENING:
        floor.judge(state, turn)
        if state.turn is not turn:
            return
    if vendor_turns.decides(state):
        vendor_turns.watch(state)
        return
    state.emit(ScoreEndOfTurn(ended_ms=turn.ended_ms))
    if state.phase is Phase.LISTENING:
        state.set_timer("stop_silence", turn.ended_ms + endpointing.wait_ms(state, turn))


def ask(state: State, turn: Turn) -> None:
    """Have what was said so far finished."""
    if not state.unified:  # Who hears by himself tells what he heard, or not, in his own time.
        turn.finals_due += 1
    state.emit(FinalizeTranscript())


def transcript_partial(state: State, event: TranscriptPartial) -> None:
    if rehearing.partial(state, event):
        return
    if event.guess or state.turns in state.owed or event.segment <= state.settled_segment:
        return
    turn = state.turn
    if turn is None:
        came_early(state, event)
        return
    final = turn.segments.get(event.segment)
    if final is not None and len(words.words(event.text)) <= len(words.words(final)):
        return  # Older than the final of its segment, and late; a newer one says more.
    if turn.partials.get(event.segment) != event.text:
        if not words.words(event.text):
            turn.retracted = turn.text() or turn.retracted
        turn.partials[event.segment] = event.text
        turn.partial_at_ms = state.now_ms
        endpointing.words_came(state, turn)
        if not turn.voiced:
            _goes_on_changing(state, turn)
    if state.phase is not Phase.LISTENING and floor.taken(state, turn) and not floor.too_soon(state, turn):
        floor.yield_to_caller(state)


def came_early(state: State, event: TranscriptPartial) -> None:
    """Words of no turn yet."""
    if words.words(event.text) and not event.guess:
        state.early_segment = max(state.early_segment, event.segment)


def _goes_on_changing(state: State, turn: Turn) -> None:
    """The recogniser is still making up its mind about what was said before the pause."""
    if state.draft is not None and not words.same_words(state.draft.source, turn.text()):
        drop_draft(state)
    if vendor_turns.decides(state) and not turn.overdue:
        vendor_turns.watch(state)
    drafts.await_stable(state, turn)


def transcript_final(state: State, event: TranscriptFinal) -> None:
    """Words are certain now. Every final joins a turn or is recorded as something else."""
    if rehearing.final(state, event):
        return
    turn = state.turn
    if event.lost:
        if turn is not None:
            turn.lost = True
            if not turn.voiced or turn.partial_at_ms < turn.voiced_at_ms:
                turn.partials.clear()  # Half of what was said is not what was meant.
            _given(state, turn)
        return
    if unified.words_came(state, event) or answering.words_came(state, event):
        return
    if event.segment <= state.settled_segment:
        if event.text:
            state.emit(NoteUtterance(kind="late", text=event.text))
        return
    if _was_told(state, event):
        state.settled_segment, state.told = event.segment, ""
        state.emit(NoteUtterance(kind="late", text=event.text))
        if turn is not None:
            _given(state, turn)
        return
    if turn is None:
        if not event.text:
            return
        if push_to_talk.decides(state) and push_to_talk.came_late(state, event):
            return
        # Words without voice activity: a quiet caller, or a provider with its own ears.
        turn = Turn(onset_ms=state.now_ms, ended_ms=state.now_ms, voiced=state.voiced, finals_due=1)
        state.turn = turn
        if turn.voiced:  # Of an utterance whose turn was closed on the way.
            state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
        if not state.on_hold:
            state.cancel_timer("silence")
        if vendor_turns.decides(state):
            vendor_turns.watch(state)
    turn.retracted = ""
    if event.text or event.segment not in turn.segments:
        # An empty final after words means "nothing more", not "never mind".
        turn.segments[event.segment] = event.text
        if event.text:
            turn.confidences[event.segment] = event.confidence
        if not _knows_less(turn, event):
            turn.partials.pop(event.segment, None)
        endpointing.words_came(state, turn)
    _given(state, turn)


def _was_told(state: State, event: TranscriptFinal) -> bool:
    """The final of a turn that the vendor's own word ended, also where our ears hear its end after that."""
    turn = state.turn
    if not state.told or (turn is not None and (turn.raw_text() or turn.in_parts or not turn.rest)):
        return False  # Who speaks anew may say the same again.
    return words.same_words(event.text, state.told)


def _knows_less(turn: Turn, event: TranscriptFinal) -> bool:
    """A final of an earlier pause, or of its silence, come when newer words are known."""
    another_comes = turn.voiced and (turn.finals_due > 0 or not event.text)
    if not (another_comes or turn.finals_due > 1) or turn.partial_at_ms < turn.voiced_at_ms:
        return False
    partial = turn.partials.get(event.segment, "")
    return len(words.words(partial)) > len(words.words(event.text))


def _given(state: State, turn: Turn) -> None:
    """One of the finals that were due is here."""
    turn.finals_due = max(0, turn.finals_due - 1)
    if state.keys_ended and keypad.spoken(state, turn):
        return
    if state.phase is not Phase.LISTENING:
        floor.judge(state, turn)
    if state.turn is turn and state.phase is Phase.LISTENING:
        _consider(state, turn)


def scored(state: State, event: EndOfTurnScored) -> None:
    turn = state.turn
    if turn is None or turn.voiced or event.ended_ms != turn.ended_ms:
        return  # The pause it speaks of is over.
    turn.score = event.score
    if state.phase is Phase.LISTENING:
        _consider(state, turn)


def understood(state: State, event: TurnUnderstood) -> None:
    """The words mean something as they are: waiting for more is worth less."""
    turn, draft = state.turn, state.draft
    if turn is None or draft is None or draft.id != event.reply_id or state.phase is not Phase.LISTENING:
        return
    turn.understood, turn.urgent = True, event.urgent
    _consider(state, turn)


def stop_silence_passed(state: State) -> None:
    turn = state.turn
    if turn is None or turn.voiced:
        return
    if vendor_turns.decides(state) and not turn.overdue:
        vendor_turns.watch(state)
        return
    if turn.finals_due:
        turn.overdue = True
        state.set_timer("final_wait", state.now_ms + state.policy.turn.final_wait_ms)
        return
    commit(state, turn)


def final_wait_passed(state: State) -> None:
    """The recogniser owes us a final; the partial must do."""
    turn = state.turn
    if turn is not None and state.phase is Phase.LISTENING:
        commit(state, turn)


def only_noise(state: State) -> None:
    """Voice activity for a long time: new words keep the turn open, noise does not keep us waiting."""
    turn = state.turn
    if turn is None or not turn.voiced:
        return
    text = turn.text()
    if state.phase is not Phase.LISTENING or text != turn.noted_text:
        turn.noted_text = text
        state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
        return
    if text:
        _pause(state, turn, max(turn.onset_ms, turn.partial_at_ms))  # He is done; what goes on is noise.
        return
    if state.keys_ended:
        keypad.take(state)
        return
    if turn.raw_text():
        close(state, turn)
    state.turn = None
    state.voiced = False  # Whatever it is, it is no voice.
    echoes.note(state, turn)
    if state.on_hold:
        _still_waits(state)
    else:
        silence.nobody_answers(state)


def _still_waits(state: State) -> None:
    """He asked us to wait and has said nothing since: no sound of his ends that, or makes it longer."""
    if "silence" not in state.timers:
        silence.wait_for_caller(state)


def _consider(state: State, turn: Turn) -> None:
    """Something new is known about the pause: commit, or wait and meanwhile prepare."""
    if turn.voiced:
        return
    if turn.finals_due == 0 and turn.overdue:
        commit(state, turn)
        return
    if vendor_turns.decides(state) or push_to_talk.decides(state):
        drafts.await_stable(state, turn)
        return
    due_ms = turn.ended_ms + endpointing.wait_ms(state, turn)
    if due_ms <= state.now_ms and not turn.finals_due:
        commit(state, turn)
        return
    state.set_timer("stop_silence", due_ms)
    if turn.finals_due == 0:
        state.cancel_timer("stable_partial")
        drafts.begin(state, turn.text())


def drop_draft(state: State) -> None:
    if state.draft is not None:
        state.emit(CancelReply(reply_id=state.draft.id))
        state.draft = None
        if state.turn is not None:
            state.turn.understood = state.turn.urgent = False


def commit(state: State, turn: Turn) -> None:
    """The turn is over: settle its words and let the reply be heard."""
    if state.keys:
        if state.keys_ended:
            keypad.take(state)
        return  # While he is typing, the end of the keys is the end of the turn.
    text = turn.text()
    close(state, turn)
    state.told = "" if turn.segments or turn.partials else text
    if state.on_hold and text and not state.unified and words.only_hums(text, state.policy.language):
        drop_draft(state)
        state.emit(NoteUtterance(kind="backchannel", text=text))
        _still_waits(state)
    elif words.words(text) and not state.unified and line_quality.is_misheard(state, turn):
        endpointing.turn_taken(state, turn)
        drop_draft(state)
        state.reprompts, state.on_hold = 0, False  # He is there, and says something.
        state.emit(NoteUtterance(kind="misheard", text=text))
        line_quality.act(state)
    elif words.words(text) or state.unified:
        endpointing.turn_taken(state, turn)
        take(state, text, turn.ended_ms)
    else:
        _without_words(state, turn)
    if turn.voiced:
        open_again(state)


def _without_words(state: State, turn: Turn) -> None:
    drop_draft(state)
    # Words that were taken back, and no final says that there were none, are as good as lost.
    if (turn.lost or turn.retracted) and _spoke(state, turn):
        state.emit(NoteUtterance(kind="lost", text=turn.raw_text() or turn.retracted))
        replies.apologise(state)
        return
    echoes.note(state, turn)
    if state.on_hold and not push_to_talk.decides(state):
        _still_waits(state)
        return
    if _spoke(state, turn) and not turn.over and line_quality.act(state):
        return
    if push_to_talk.decides(state):
        silence.nobody_answers(state)  # Who holds the button meant to say something.
    else:
        silence.wait_for_caller(state)


def _spoke(state: State, turn: Turn) -> bool:
    """Long enough to have been words: a cough while nobody could hear needs no apology."""
    return turn.ended_ms - turn.onset_ms >= state.policy.turn.backchannel_ms


def take(state: State, text: str, ended_ms: int) -> None:
    """These are the caller's words (or keys): answer them."""
    state.turns += 1
    state.reprompts = 0
    unified.taken(state, text)
    state.on_hold = words.asks_to_wait(text, state.policy, state.question)
    state.emit(CommitTurn(turn=state.turns, text=text, ended_ms=ended_ms))
    draft: Reply | None = state.draft
    if draft is not None and words.same_words(draft.source, text):
        state.draft = None
        draft.source = text  # To the letter, as it stands in the context.
        replies.confirm(state, draft)
        return
    drop_draft(state)
    replies.start(state, kind="turn", text=text)


def close(state: State, turn: Turn) -> None:
    """This turn takes no more words; later transcripts of its segments come too late."""
    state.turn = None
    used = [*turn.segments, *turn.partials]
    state.settled_segment = max([state.settled_segment, *used])
    state.cancel_timer("stop_silence", "final_wait", "noise", "hold", "stable_partial", "vendor_turn")


def open_again(state: State) -> None:
    """A turn was taken while the voice goes on: what follows is the next one, and we do not talk over it
    except with what must be heard."""
    state.turn = Turn(onset_ms=state.now_ms, ended_ms=state.now_ms, voiced_at_ms=state.now_ms, rest=True)
    if not push_to_talk.decides(state):  # A press has its own bound, and is no noise however long it is.
        state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
    if state.phase is Phase.THINKING and floor.may_pause(state):
        floor.hold(state)
