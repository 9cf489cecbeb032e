"""The agent's replies: started, confirmed, spoken chunk by chunk, finished or failed, exactly once each."""

from __future__ import annotations

from antiphon.conversation import ending, heard, silence, tools
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
    ChunkSynthesized,
    PlayoutFinished,
    PlayoutFlushed,
    PlayoutMark,
    PlayoutPaused,
    PlayoutStarted,
    ReplyFailed,
    ReplyFinished,
    ReplyText,
    SynthesisFailed,
)
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
    play_if_ready(state)


def _await_words(state: State) -> None:
    state.phase = Phase.THINKING
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
    assert event.index == len(reply.chunks), "chunks come in order"
    reply.chunks.append(Chunk(text=event.text))
    state.emit(Synthesize(reply_id=reply.id, index=event.index, text=event.text))
    _alive(state, reply)
    play_if_ready(state)


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
    play_if_ready(state)


def play_if_ready(state: State) -> None:
    """Let the reply be heard once it has words, nobody else has the floor and no filler is in the way."""
    reply = state.reply
    if reply is None or reply.playing or state.filler is not None or state.phase is Phase.HOLDING:
        return
    if not reply.chunks:
        if reply.finished:
            _ended(state, reply, complete=True)  # It had nothing to say.
        return
    reply.playing = True
    state.cancel_timer("filler")
    state.emit(StartPlayout(reply_id=reply.id))
    if reply.finished:
        state.emit(FinishPlayout(reply_id=reply.id, chunks=len(reply.chunks)))


def synthesized(state: State, event: ChunkSynthesized) -> None:
    reply = find(state, event.reply_id) or state.closing.get(event.reply_id)
    if reply is None or event.index >= len(reply.chunks):
        return
    chunk = reply.chunks[event.index]
    chunk.duration_ms = event.duration_ms
    chunk.word_ends_ms = event.word_ends_ms
    _alive(state, reply)


def synthesis_failed(state: State, event: SynthesisFailed) -> None:
    reply = find(state, event.reply_id)
    if reply is None or event.index >= len(reply.chunks):
        return
    reply.chunks[event.index].failed = True
    reply.chunks[event.index].duration_ms = 0
    if not reply.speculative and all(chunk.failed for chunk in reply.chunks):
        _fail(state, reply)


def failed(state: State, event: ReplyFailed) -> None:
    reply = find(state, event.reply_id)
    if reply is None:
        return
    if reply is state.draft:
        state.draft = None  # It was only a try; the confirmed turn asks again.
        return
    _fail(state, reply)


def deadline_passed(state: State) -> None:
    """Nothing happened for the reply for too long."""
    if state.reply is not None and state.phase is not Phase.HOLDING:
        _fail(state, state.reply)
    elif state.reply is not None:
        progressed(state)


def _fail(state: State, reply: Reply) -> None:
    """No (more) words can be had: say so once, then hand over to a person."""
    if reply is state.filler:
        state.filler = None
        state.set_timer("filler", state.now_ms + state.policy.silence.filler_gap_ms)
        play_if_ready(state)
        return
    ending.give_up_speech(state)
    if reply.kind == "goodbye":
        ending.end(state, cause=reply.cause)
        return
    if reply.kind == "trouble":
        state.troubles = TROUBLES_MAX
    apologise(state)


def apologise(state: State) -> None:
    """Our side could not hear or answer: say so, but not for ever."""
    state.troubles += 1
    if state.troubles > TROUBLES_MAX:
        ending.escalate(state, reason="trouble", summary="The agent could not answer.")
        return
    say(state, kind="trouble", phrase=state.policy.trouble)


def say(state: State, *, kind: str, phrase: str) -> None:
    """Speak a fixed phrase without the reasoner."""
    reply = new_reply(state, kind=kind)
    reply.chunks.append(Chunk(text=phrase))
    reply.finished = True
    state.reply = reply
    state.emit(Synthesize(reply_id=reply.id, index=0, text=phrase))
    _await_words(state)
    state.cancel_timer("filler")
    play_if_ready(state)


def playout_started(state: State, event: PlayoutStarted) -> None:
    reply = find(state, event.reply_id)
    if reply is None or not reply.playing:
        return
    reply.audible = True
    if state.phase is Phase.THINKING:
        state.phase = Phase.SPEAKING
    _alive(state, reply)


def playout_mark(state: State, event: PlayoutMark | PlayoutPaused) -> None:
    reply = find(state, event.reply_id)
    if reply is not None:
        reply.heard_ms = max(reply.heard_ms, event.heard_ms)
        _alive(state, reply)


def playout_flushed(state: State, event: PlayoutFlushed) -> None:
    reply = state.closing.pop(event.reply_id, None)
    if reply is None:
        return
    reply.heard_ms = event.heard_ms
    words_heard = heard.heard_text(reply.chunks, reply.heard_ms)
    complete = reply.finished and words_heard == " ".join(c.text for c in reply.chunks if not c.failed)
    state.emit(ReportHeard(reply_id=reply.id, text=words_heard, complete=complete))


def playout_finished(state: State, event: PlayoutFinished) -> None:
    reply = find(state, event.reply_id)
    if reply is None or not reply.playing:
        return
    reply.heard_ms = max(reply.heard_ms, event.heard_ms)
    _ended(state, reply, complete=True)


def _ended(state: State, reply: Reply, *, complete: bool) -> None:
    """The reply was spoken to its end."""
    spoken = " ".join(chunk.text for chunk in reply.chunks if not chunk.failed)
    state.emit(ReportHeard(reply_id=reply.id, text=spoken, complete=complete))
    if reply is state.filler:
        state.filler = None
        if state.phase is Phase.SPEAKING:
            state.phase = Phase.THINKING
            state.set_timer("filler", state.now_ms + state.policy.silence.filler_gap_ms)
        play_if_ready(state)
        return
    state.reply = None
    state.cancel_timer("reply_deadline", "filler", "hold")
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
    silence.wait_for_caller(state)


def _alive(state: State, reply: Reply) -> None:
    if reply is state.reply and state.phase is not Phase.HOLDING:
        due_ms = state.timers.get("reply_deadline", 0)
        # Marks come several times a second; re-arming at each would be most of the trace.
        if due_ms - state.now_ms < REARM_BELOW_MS:
            progressed(state)
