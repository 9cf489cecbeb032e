"""The agent's replies: started, confirmed, spoken chunk by chunk, finished or failed, exactly once each."""

from __future__ import annotations

from antiphon.conversation import (
    answering,
    asked,
    echoes,
    ending,
    floor,
    handover,
    heard,
    playing,
    saying,
    silence,
    spans,
    tools,
)
from antiphon.conversation.commands import (
    ConfirmReply,
    FinishPlayout,
    ReportHeard,
    StartPlayout,
    StartReply,
    Synthesize,
)
from antiphon.conversation.events import (
    AnswerExpected,
    ChunkCut,
    ChunkSynthesized,
    ReplyFailed,
    ReplyFinished,
    ReplyText,
    SynthesisFailed,
)
from antiphon.conversation.markup import without_markup
from antiphon.conversation.state import Chunk, Phase, Reply, State

# Two apologies in a row help nobody; the third party is a person.
TROUBLES_MAX = 2
REARM_BELOW_MS = 3000


def new_reply(state: State, *, kind: str, source: str = "", speculative: bool = False) -> Reply:
    state.replies += 1
    return Reply(id=f"r{state.replies}", kind=kind, source=source, speculative=speculative)


def start(state: State, *, kind: str, text: str = "", attempt: int = 0, reason: str = "") -> None:
    """Have a reply prepared that will be heard."""
    assert state.reply is None, "one reply at a time"
    reply = new_reply(state, kind=kind, source=text)
    reply.guarded = spans.guards(state, kind, reason)
    state.reply = reply
    state.emit(StartReply(reply_id=reply.id, kind=kind, text=text, attempt=attempt, reason=reason))
    _await_words(state)


def confirm(state: State, draft: Reply) -> None:
    """The turn was what the draft answers: it becomes the reply."""
    assert state.reply is None, "one reply at a time"
    draft.speculative = False
    state.reply = draft
    state.emit(ConfirmReply(reply_id=draft.id))
    tools.release_held(state, draft)
    if draft.finished and not draft.chunks:
        _ended(state, draft, complete=True)
        return
    _await_words(state)
    if _has_no_voice(draft):
        fail(state, draft)  # Nobody had asked for it yet when its voice failed.
        return
    play_if_ready(state)


def _await_words(state: State) -> None:
    state.phase = Phase.THINKING
    state.sorry_due, state.rest_due = False, ""
    state.cancel_timer("silence")
    progressed(state)
    state.set_timer("filler", state.now_ms + state.policy.silence.filler_after_ms)


def progressed(state: State) -> None:
    """Something happened for the reply: it may take its time again."""
    policy = state.policy.silence
    covered = state.reply is not None and state.reply.kind == "turn"
    # Only turns are covered by fillers; without one, nobody waits that long in silence.
    limit_ms = policy.reply_deadline_ms if covered else min(policy.reply_deadline_ms, policy.filler_gap_ms)
    state.set_timer("reply_deadline", state.now_ms + limit_ms)


def find(state: State, reply_id: str) -> Reply | None:
    """The live reply of that id; None means the event speaks for one we gave up."""
    for reply in (state.reply, state.draft, state.filler):
        if reply is not None and reply.id == reply_id:
            return reply
    return None


def text(state: State, event: ReplyText) -> None:
    reply = find(state, event.reply_id)
    if reply is None or reply.finished:
        return
    assert event.index == reply.given, "chunks come in order"
    reply.given += 1
    must_be_heard = event.uninterruptible or (reply.kind == "greeting" and reply.guarded)
    add_chunk(state, reply, Chunk(text=event.text, uninterruptible=must_be_heard))
    alive(state, reply)
    play_if_ready(state)


def add_chunk(state: State, reply: Reply, chunk: Chunk, *, sound: str = "") -> None:
    """Append a chunk and have its audio made. The voice gets the marks of an author, nobody else does."""
    marked, chunk.text = chunk.text, without_markup(chunk.text)
    chunk.expected_ms = heard.expected_ms(state, chunk.text)
    chunk.asked_at_ms = state.now_ms
    reply.chunks.append(chunk)
    state.emit(Synthesize(reply_id=reply.id, index=len(reply.chunks) - 1, text=marked, sound=sound))


def expected(state: State, event: AnswerExpected) -> None:
    reply = find(state, event.reply_id)
    if reply is not None:
        reply.expects = event.kind


def finished(state: State, event: ReplyFinished) -> None:
    reply = find(state, event.reply_id)
    if reply is None or reply.finished:
        return
    reply.finished = True
    reply.then, reply.summary = event.then, event.summary
    reply.cause = reply.cause or event.cause  # A goodbye knows its own.
    if reply.playing:
        state.emit(FinishPlayout(reply_id=reply.id, chunks=len(reply.chunks)))
        playing.expect_dry(state)
    if reply is state.reply:
        floor.written(state)
    play_if_ready(state)


def play_if_ready(state: State) -> None:
    """Let the reply be heard once it has words, nobody else has the floor and no filler is in the way."""
    reply = state.reply
    if reply is None and state.sorry_due and state.phase is Phase.THINKING:
        make_up(state)  # The voice we were silent for was none to wait for.
        return
    if reply is None or state.filler is not None or state.phase is Phase.HOLDING:
        return
    if reply.deferred:
        silence.go_on_behind_filler(state, reply)
    if reply.playing:
        return
    if not reply.chunks:
        if reply.finished and reply.kind == "reprompt":
            fail(state, reply)  # To ask again in silence is dead air, not an answer.
        elif reply.finished:
            _ended(state, reply, complete=True)  # It had nothing to say.
        return
    reply.playing = True
    state.emit(StartPlayout(reply_id=reply.id))  # A filler still covers what the voice takes for it.
    if reply.finished:
        state.emit(FinishPlayout(reply_id=reply.id, chunks=len(reply.chunks)))


def synthesized(state: State, event: ChunkSynthesized) -> None:
    reply = find(state, event.reply_id) or state.closing.get(event.reply_id)
    if reply is None or event.index >= len(reply.chunks):
        return
    chunk = reply.chunks[event.index]
    if chunk.duration_ms is None and chunk.text:
        state.voice_ms += event.duration_ms
        state.voice_weight += saying.weight(chunk.text)
    playing.settle_position(state, reply)
    chunk.duration_ms = event.duration_ms
    chunk.word_ends_ms = event.word_ends_ms
    if not chunk.filler:  # What covers a reply that stands still does not prove that it goes on.
        alive(state, reply)
    if reply is state.reply and silence.filler_is_late(state):
        silence.drop_filler(state)  # The reply has its audio first.
        play_if_ready(state)
    playing.expect_dry(state)


def chunk_cut(state: State, event: ChunkCut) -> None:
    """Its making was stopped; what of it was heard is told from what there is."""
    reply = find(state, event.reply_id) or state.closing.get(event.reply_id)
    if reply is None or event.index >= len(reply.chunks):
        return
    chunk = reply.chunks[event.index]
    if chunk.duration_ms is None:
        chunk.expected_ms = max(chunk.expected_ms, event.audio_ms)
        chunk.word_ends_ms = event.word_ends_ms


def synthesis_failed(state: State, event: SynthesisFailed) -> None:
    reply = find(state, event.reply_id)
    if reply is None:
        _broke_off_flushed(state, event)
        return
    if event.index >= len(reply.chunks):
        return
    playing.settle_position(state, reply)
    chunk = reply.chunks[event.index]
    if event.audio_ms:
        heard.break_off(chunk, event.audio_ms, event.word_ends_ms)
    else:
        chunk.failed, chunk.duration_ms = True, 0
    playing.expect_dry(state)
    if reply is state.filler and event.audio_ms:
        return  # So much of it is on the line, and ends by itself.
    if not reply.speculative and _has_no_voice(reply):
        fail(state, reply)


def _broke_off_flushed(state: State, event: SynthesisFailed) -> None:
    """What was heard of the reply is about to be told: not by words that have no sound."""
    reply = state.closing.get(event.reply_id)
    if reply is not None and event.audio_ms and event.index < len(reply.chunks):
        chunk = reply.chunks[event.index]
        if chunk.duration_ms is None:
            heard.break_off(chunk, event.audio_ms, event.word_ends_ms)


def _has_no_voice(reply: Reply) -> bool:
    """Not one sentence of it, so far, can be heard to its end."""
    return bool(reply.chunks) and all(chunk.lost for chunk in reply.chunks)


def failed(state: State, event: ReplyFailed) -> None:
    reply = find(state, event.reply_id)
    if reply is None:
        return
    if reply is state.draft:
        state.draft = None  # It was only a try; the confirmed turn asks again.
        return
    if event.goes_on is True and reply is state.reply and reply.kind == "turn" and not reply.behind:
        _leave_to_another(state, reply)
        return
    fail(state, reply)


def _leave_to_another(state: State, reply: Reply) -> None:
    """It broke off in the middle. The caller has heard so much of it, and is not told: somebody goes on."""
    state.broken = reply.id
    ending.give_up_speech(state)
    silence.wait_for_caller(state)
    if reply.id not in state.closing:
        go_on_behind(state, reply)


def go_on_behind(state: State, reply: Reply) -> None:
    """What was heard of this reply is known now. Nobody goes on where the caller has begun to speak."""
    if state.broken != reply.id:
        return
    state.broken = ""
    if state.phase is not Phase.LISTENING or state.waits is not None:
        return
    if state.turn is not None:
        state.sorry_due, state.rest_due = (
            True,
            reply.source,
        )  # If he says something, that is answered instead.
        return
    _start_rest(state, reply.source)


def _start_rest(state: State, source: str) -> None:
    start(state, kind="turn", text=source, reason="broke_off")
    assert state.reply is not None
    state.reply.behind = True


def deadline_passed(state: State) -> None:
    """Nothing happened for the reply for too long."""
    reply = state.reply
    if reply is None:
        return
    if state.phase is Phase.HOLDING or _ends_by_the_clock(state, reply):
        progressed(state)  # Not its fault.
    else:
        fail(state, reply)


def _ends_by_the_clock(state: State, reply: Reply) -> bool:
    """All its audio is there."""
    return reply.finished and "dry" in state.timers and heard.all_made(reply)


def fail(state: State, reply: Reply) -> None:
    """No (more) words can be had: say so once, then hand over to a person."""
    if reply is state.filler:
        silence.drop_filler(state)  # Paused or not, it has its end.
        state.set_timer("filler", state.now_ms + state.policy.silence.filler_gap_ms)
        play_if_ready(state)
        return
    hold_due_ms = state.timers.get("hold")
    ending.give_up_speech(state)
    if ending.leave_if_heard(state):
        return
    if state.waits is not None:
        handover.comfort(state, speak=False)  # A voice that fails must not make him wait in silence.
        return
    if reply.kind == "goodbye":
        ending.end(state, cause=reply.cause)
        return
    if reply.kind == "message":
        answering.message_failed(state)
        return
    if asked.answer_typed(state):
        return
    if reply.kind == "trouble":
        state.troubles = TROUBLES_MAX
    if _caller_speaks(state):
        state.sorry_due = True  # Not over him, and not at all where he says something new.
        if state.phase is Phase.HOLDING and hold_due_ms is not None:
            state.set_timer("hold", hold_due_ms)  # What his voice is shows as it would have.
        elif _has_just_begun(state):
            floor.hold(state)
        else:
            silence.wait_for_caller(state)
        return
    apologise(state)


def _caller_speaks(state: State) -> bool:
    """A voice that was let pass without words does not get to silence us."""
    turn = state.turn
    if state.phase is Phase.HOLDING or state.talking or _has_just_begun(state):
        return True
    return turn is not None and turn.voiced and bool(turn.raw_text())


def _has_just_begun(state: State) -> bool:
    """A voice over what must be heard, which paused nothing and may have words yet."""
    turn = state.turn
    if turn is None or not turn.voiced or state.talking or turn.raw_text():
        return False
    return state.now_ms - turn.voiced_at_ms < state.policy.turn.hold_ms


def make_up(state: State) -> None:
    """An answer was lost while the caller made himself heard, and it was nothing that is answered instead: go
    on behind what he heard of it, or say that there is no more."""
    if state.rest_due:
        _start_rest(state, state.rest_due)
    else:
        apologise(state)


def apologise(state: State) -> None:
    """Our side could not hear or answer: say so, but not for ever."""
    state.troubles += 1
    if state.troubles > TROUBLES_MAX:
        ending.escalate(state, reason="trouble", summary="The agent could not answer.")
        return
    say(state, kind="trouble", phrase=state.policy.trouble)


def say(state: State, *, kind: str, phrase: str, guarded: bool = False) -> Reply:
    """Speak a fixed phrase without the reasoner; gives the reply. A `guarded` one is heard to its end."""
    reply = new_reply(state, kind=kind)
    reply.guarded = guarded
    add_chunk(state, reply, Chunk(text=phrase, uninterruptible=guarded))
    reply.finished = True
    state.reply = reply
    _await_words(state)
    state.cancel_timer("filler")
    play_if_ready(state)
    return reply


def _ended(state: State, reply: Reply, *, complete: bool) -> None:
    """The reply was spoken to its end, or as far as its voice went."""
    complete = complete and not any(chunk.broke_off for chunk in reply.chunks)
    spoken = " ".join(chunk.text for chunk in reply.chunks if chunk.text and not chunk.failed)
    protected = heard.protected_heard(reply.chunks, reply.heard_ms)
    state.emit(ReportHeard(reply_id=reply.id, text=spoken, complete=complete, protected=protected))
    state.cancel_timer("dry", "span")
    echoes.ended(state, reply)
    if reply is state.filler:
        state.filler = None
        if state.phase is Phase.SPEAKING:
            state.phase = Phase.THINKING
            state.set_timer("filler", state.now_ms + state.policy.silence.filler_gap_ms)
        spans.filler_over(state)
        play_if_ready(state)
        return
    state.reply = None
    state.cancel_timer("reply_deadline", "filler", "hold")
    if state.waits is not None:
        handover.comfort(state)
        return
    if reply.then != "end" and ending.leave_if_heard(state):
        return
    if _stopped_short(reply) and not state.typed:  # The caller would wait for the rest of the sentence.
        if state.turn is None:
            apologise(state)
            return
        state.sorry_due = True
    if reply.kind != "trouble":
        state.troubles = 0
    if reply.then == "end" or reply.kind == "goodbye":
        ending.end(state, cause=reply.cause or "agent")
        return
    if reply.then == "escalate":
        ending.escalate(state, reason=reply.cause, summary=reply.summary)
        return
    if reply.kind in ("turn", "greeting"):
        state.expects = reply.expects
        state.question = reply.chunks[-1].text if reply.chunks else ""
    silence.wait_for_caller(state)


def _stopped_short(reply: Reply) -> bool:
    """Its voice broke off in its very last sentence, and something was to come of it."""
    if reply.kind not in ("turn", "greeting", "reprompt") or reply.then or not reply.chunks:
        return False
    last = reply.chunks[-1]
    return last.broke_off and not last.filler


def alive(state: State, reply: Reply) -> None:
    """The reply gets on; fillers, before it or within it, do not count."""
    if reply is state.reply and state.phase is not Phase.HOLDING:
        due_ms = state.timers.get("reply_deadline", 0)
        # Marks come several times a second; re-arming at each would be most of the trace.
        if due_ms - state.now_ms < REARM_BELOW_MS:
            progressed(state)
