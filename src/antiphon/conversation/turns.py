"""The caller's turn: collecting words, endpointing, speculation, commitment."""

from __future__ import annotations

from antiphon.conversation import floor, replies, silence, words
from antiphon.conversation.commands import (
    CancelReply,
    CommitTurn,
    FinalizeTranscript,
    NoteUtterance,
    ScoreEndOfTurn,
    StartReply,
)
from antiphon.conversation.events import (
    EndOfTurnScored,
    SpeechStarted,
    SpeechStopped,
    TranscriptFinal,
    TranscriptPartial,
)
from antiphon.conversation.state import Phase, Reply, State, Turn


def speech_started(state: State, event: SpeechStarted) -> None:
    """The caller's voice: a pause is over, or somebody speaks over the agent."""
    state.voiced_at_ms = state.now_ms
    state.cancel_timer("stop_silence", "final_wait", "silence")
    if state.turn is None:
        state.turn = Turn(onset_ms=event.onset_ms, ended_ms=event.onset_ms)
    state.turn.voiced = True
    state.turn.overdue = False
    state.turn.score = None
    drop_draft(state)
    state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
    if state.phase in (Phase.SPEAKING, Phase.THINKING) and not floor.protected(state):
        floor.hold(state)


def speech_stopped(state: State, event: SpeechStopped) -> None:
    """A pause began: ask what was said and whether it was all."""
    state.voiced_at_ms = None
    turn = state.turn
    if turn is None or not turn.voiced:
        return  # An end without a beginning: nothing was said.
    turn.voiced = False
    turn.ended_ms = event.ended_ms
    turn.score = None
    turn.finals_due += 1
    state.cancel_timer("noise")
    state.emit(FinalizeTranscript())
    state.emit(ScoreEndOfTurn(ended_ms=event.ended_ms))
    if state.phase is Phase.LISTENING:
        state.set_timer("stop_silence", turn.ended_ms + wait_ms(state, turn))


def transcript_partial(state: State, event: TranscriptPartial) -> None:
    turn = state.turn
    if turn is None or event.segment <= state.settled_segment:
        return
    final = turn.segments.get(event.segment)
    if final is not None and len(words.words(event.text)) <= len(words.words(final)):
        return  # Older than the final of its segment, and late; a newer one says more.
    turn.partials[event.segment] = event.text
    if state.phase is not Phase.LISTENING and floor.taken(state, turn):
        floor.yield_to_caller(state)


def transcript_final(state: State, event: TranscriptFinal) -> None:
    """Words are certain now. Every final joins a turn or is recorded as something else."""
    turn = state.turn
    if event.lost:
        if turn is not None:
            turn.lost = True
            turn.partials.clear()  # Half of what was said is not what was meant.
            _given(state, turn)
        return
    if event.segment <= state.settled_segment:
        if event.text:
            state.emit(NoteUtterance(kind="late", text=event.text))
        return
    if turn is None:
        if not event.text:
            return
        # Words without voice activity: a quiet caller, or a provider with its own ears.
        voiced = state.voiced_at_ms is not None
        turn = Turn(onset_ms=state.now_ms, ended_ms=state.now_ms, voiced=voiced, finals_due=1)
        state.turn = turn
        if turn.voiced:  # Of an utterance whose turn was closed on the way.
            state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
        state.cancel_timer("silence")
    if event.text or event.segment not in turn.segments:
        # An empty final after words means "nothing more", not "never mind".
        turn.segments[event.segment] = event.text
        turn.partials.pop(event.segment, None)
    _given(state, turn)


def _given(state: State, turn: Turn) -> None:
    """One of the finals that were due is here."""
    turn.finals_due = max(0, turn.finals_due - 1)
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


def stop_silence_passed(state: State) -> None:
    turn = state.turn
    if turn is None or turn.voiced:
        return
    if turn.finals_due:
        turn.overdue = True
        state.set_timer("final_wait", state.now_ms + state.policy.turn.final_wait_ms)
        return
    commit(state, turn)


def final_wait_passed(state: State) -> None:
    """The recogniser owes us a final; the partial must do."""
    if state.turn is not None and not state.turn.voiced:
        commit(state, state.turn)


def only_noise(state: State) -> None:
    """Voice activity for a long time: words keep the turn open, noise does not keep us waiting."""
    turn = state.turn
    if turn is None or not turn.voiced:
        return
    if turn.text() or state.phase is not Phase.LISTENING:
        state.set_timer("noise", state.now_ms + state.policy.silence.noise_ms)
        return
    state.turn = None
    state.voiced_at_ms = None  # Whatever it is, it is no voice.
    state.emit(NoteUtterance(kind="noise", text=""))
    silence.nobody_answers(state)


def wait_ms(state: State, turn: Turn) -> int:
    """Stop silence for this pause: from its end-of-turn score, bent by what the words promise."""
    policy = state.policy.turn
    low, high = policy.stop_silence_min_ms, policy.stop_silence_max_ms
    text = turn.text()
    if words.sounds_unfinished(text, state.expects) or state.on_hold:
        return high + policy.patience_ms
    if state.expects in ("digits", "spelling") and not words.sounds_complete(text, state.expects):
        return high + policy.patience_ms
    if words.sounds_complete(text, state.expects) and not turn.finals_due:
        return low
    if turn.finals_due:
        return high
    if words.answers(text, state.expects):
        # A first and last name, a date with its year: prosody judges these badly, the words well.
        high = low + (high - low) // 3
    if turn.score is None:
        return high
    span = policy.score_complete - policy.score_incomplete
    share = (
        (policy.score_complete - turn.score) / span if span > 0 else float(turn.score < policy.score_complete)
    )
    return low + round((high - low) * min(1.0, max(0.0, share)))


def _consider(state: State, turn: Turn) -> None:
    """Something new is known about the pause: commit, or wait and meanwhile prepare."""
    if turn.voiced:
        return
    if turn.finals_due == 0 and turn.overdue:
        commit(state, turn)
        return
    due_ms = turn.ended_ms + wait_ms(state, turn)
    if due_ms <= state.now_ms and not turn.finals_due:
        commit(state, turn)
        return
    state.set_timer("stop_silence", due_ms)
    if turn.finals_due == 0:
        _speculate(state, turn.text())


def _speculate(state: State, text: str) -> None:
    """Prepare the reply during the stop silence; it is used only if the turn ends with these words."""
    if not state.policy.turn.speculate or not words.words(text):
        return
    if state.draft is not None:
        if words.same_words(state.draft.source, text):
            return
        drop_draft(state)
    state.draft = replies.new_reply(state, kind="turn", source=text, speculative=True)
    state.emit(StartReply(reply_id=state.draft.id, kind="turn", text=text, speculative=True))


def drop_draft(state: State) -> None:
    if state.draft is not None:
        state.emit(CancelReply(reply_id=state.draft.id))
        state.draft = None


def commit(state: State, turn: Turn) -> None:
    """The turn is over: settle its words and let the reply be heard."""
    if state.keys:
        return  # He is typing: `keypad.entered` takes words and keys as one turn.
    text = turn.text()
    close(state, turn)
    if not words.words(text) and turn.lost and _spoke(state, turn):
        drop_draft(state)
        state.emit(NoteUtterance(kind="lost", text=""))
        replies.apologise(state)
        return
    if not words.words(text):
        drop_draft(state)
        state.emit(NoteUtterance(kind="noise", text=text))
        silence.wait_for_caller(state)
        return
    take(state, text, turn.ended_ms)


def _spoke(state: State, turn: Turn) -> bool:
    """Long enough to have been words: a cough while nobody could hear needs no apology."""
    return turn.ended_ms - turn.onset_ms >= state.policy.turn.backchannel_ms


def take(state: State, text: str, ended_ms: int) -> None:
    """These are the caller's words (or keys): answer them."""
    state.turns += 1
    state.reprompts = 0
    state.on_hold = words.asks_to_wait(text, state.policy)
    state.emit(CommitTurn(turn=state.turns, text=text, ended_ms=ended_ms))
    draft: Reply | None = state.draft
    if draft is not None and words.same_words(draft.source, text):
        state.draft = None
        replies.confirm(state, draft)
        return
    drop_draft(state)
    replies.start(state, kind="turn", text=text)


def close(state: State, turn: Turn) -> None:
    """This turn takes no more words; later transcripts of its segments come too late."""
    state.turn = None
    used = [*turn.segments, *turn.partials]
    state.settled_segment = max([state.settled_segment, *used])
    state.cancel_timer("stop_silence", "final_wait", "noise", "hold")
