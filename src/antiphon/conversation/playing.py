"""What the line tells of a reply: it began, came so far, fell silent, was heard to its end, or ran dry."""

from __future__ import annotations

from antiphon.conversation import heard, replies, silence, spans
from antiphon.conversation.commands import ReportHeard
from antiphon.conversation.events import (
    PlayoutFinished,
    PlayoutFlushed,
    PlayoutMark,
    PlayoutPaused,
    PlayoutStarted,
)
from antiphon.conversation.state import Phase, Reply, State

# After the last sample the far end has this long to say that it was heard; then we take it for heard.
ACKNOWLEDGED_WITHIN_MS = 3000
# Less audio than this ahead is none.
DRY_MS = 40


def started(state: State, event: PlayoutStarted) -> None:
    reply = replies.find(state, event.reply_id)
    if reply is None or not reply.playing:
        return
    reply.audible = True
    reply.position_at_ms = state.now_ms
    state.cancel_timer("filler")
    if reply.deferred:
        return  # Under way when its turn was given to a filler.
    if state.phase is Phase.THINKING:
        state.phase = Phase.SPEAKING
    replies.alive(state, reply)
    expect_dry(state)
    spans.watch(state)


def marked(state: State, event: PlayoutMark | PlayoutPaused) -> None:
    reply = replies.find(state, event.reply_id)
    if reply is None:
        return
    # A rewound reply plays what was heard already: its marks prove nothing new until it is past that.
    # The same position again, and it should be past it: it had run dry there and goes on. Where it was paused
    # is for the line to say; marks that were under way meanwhile are of before.
    stopped = isinstance(event, PlayoutPaused) and reply.paused
    again = event.heard_ms == reply.heard_ms and heard.clock_ms(state, reply) >= event.heard_ms
    if event.heard_ms > reply.heard_ms or again or (stopped and reply.position_ms > event.heard_ms):
        reply.position_ms, reply.position_at_ms = event.heard_ms, state.now_ms
    reply.heard_ms = max(reply.heard_ms, event.heard_ms)
    if not _filler_sounds(reply):
        replies.alive(state, reply)
    spans.watch(state)


def flushed(state: State, event: PlayoutFlushed) -> None:
    reply = state.closing.pop(event.reply_id, None)
    if reply is None:
        return
    reply.heard_ms = event.heard_ms
    words_heard = heard.heard_text(reply.chunks, reply.heard_ms)
    all_words = " ".join(chunk.text for chunk in reply.chunks if chunk.text and not chunk.failed)
    state.emit(
        ReportHeard(
            reply_id=reply.id,
            text=words_heard,
            complete=reply.finished
            and words_heard == all_words
            and not any(chunk.broke_off for chunk in reply.chunks),
            protected=heard.protected_heard(reply.chunks, reply.heard_ms),
        )
    )
    replies.go_on_behind(state, reply)


def finished(state: State, event: PlayoutFinished) -> None:
    reply = replies.find(state, event.reply_id)
    if reply is None or not reply.playing:
        return
    reply.heard_ms = max(reply.heard_ms, event.heard_ms, heard.audio_ms(reply.chunks))
    if reply.deferred:
        silence.drop_filler(state)  # It covers nothing any more.
    replies._ended(state, reply, complete=True)


def settle_position(state: State, reply: Reply) -> None:
    """More audio will exist from now on: if playout had run dry, it goes on from where it stood."""
    if reply.audible and not reply.paused:
        reply.position_ms, reply.position_at_ms = heard.position_ms(state, reply), state.now_ms


def expect_dry(state: State) -> None:
    """Be there when all audio there is has been played and nothing follows it."""
    reply = _sounding(state)
    if reply is not None:
        state.set_timer("dry", _dry_due_ms(state, reply))


def _dry_due_ms(state: State, reply: Reply) -> int:
    audio_ms = heard.audio_ms(reply.chunks)
    if heard.all_made(reply):
        return state.now_ms + audio_ms - heard.position_ms(state, reply) + _patience_ms(state, reply)
    # Audio of the chunk in the making may play already: the marks tell how far.
    played_at_ms = reply.position_at_ms + max(0, audio_ms - reply.position_ms)
    return max(played_at_ms + _patience_ms(state, reply), silence.voice_is_late_ms(reply))


def ran_dry(state: State) -> None:
    """Silence in the middle of a reply, or at its end without the far end saying so."""
    reply = _sounding(state)
    if reply is None:
        return
    if not heard.all_made(reply):
        if (due_ms := _dry_due_ms(state, reply)) > state.now_ms:
            state.set_timer("dry", due_ms)
        else:
            silence.fill_for_voice(state, reply)
    elif heard.audio_ms(reply.chunks) - heard.position_ms(state, reply) > DRY_MS:
        expect_dry(state)
    elif reply.finished:
        reply.heard_ms = heard.audio_ms(reply.chunks)
        replies._ended(state, reply, complete=True)
    else:
        silence.fill_within(state, reply)


def _sounding(state: State) -> Reply | None:
    reply = state.filler if state.filler is not None else state.reply
    if state.phase is not Phase.SPEAKING or reply is None or not reply.audible or reply.paused:
        return None
    return reply


def _patience_ms(state: State, reply: Reply) -> int:
    if reply.finished and heard.all_made(reply):
        return ACKNOWLEDGED_WITHIN_MS
    policy = state.policy.silence
    if not _filler_sounds(reply):
        return policy.filler_after_ms
    return policy.filler_gap_ms if heard.all_made(reply) else 0  # It covers nothing yet.


def _filler_sounds(reply: Reply) -> bool:
    return bool(reply.chunks) and reply.chunks[-1].filler
