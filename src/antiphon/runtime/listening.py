"""A call's ears, as its agent file wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from antiphon.audio.denoise import NoiseSuppressor
from antiphon.conversation import events as ev
from antiphon.runtime.call_parts import CallParts
from antiphon.runtime.hearing import Hearing, heard_as
from antiphon.runtime.media.ports import Line
from antiphon.runtime.metering import Payer, paid_by
from antiphon.runtime.unified import UnifiedEars
from antiphon.speech.ports import SpeechToText

if TYPE_CHECKING:
    from antiphon.runtime.call import Call

RUN_UP_MS = 300  # Before an onset, for a recogniser that is given what another has heard.


def listen(
    parts: CallParts,
    line: Line,
    recognisers: Sequence[tuple[str, SpeechToText]],
    post: Callable[[ev.Event], None],
    note: Callable[..., None],
) -> Hearing:
    """Open the first of these recognisers that can be had, paid by this call."""
    turn = parts.policy.turn
    config = heard_as(turn, line.sample_rate_hz, parts.language, parts.vocabulary)
    with paid_by(Payer(meter=parts.meter)):
        hearing = Hearing(line, recognisers, config, post, note, gated=turn.endpointing == "push_to_talk")
    if parts.suppress_noise:
        hearing.filter(NoiseSuppressor(line.sample_rate_hz))
    return hearing


def hear_missing(call: Call, hearing: Hearing, ears: UnifiedEars, reason: str) -> bool:
    """What a session that is lost was given and did not tell of, its follower hears before anything else.
    True when that is a turn that was taken already, and its words will come."""
    line, turn = call.line, call.state.turn
    lost = ev.SessionLost(at_ms=line.now_ms, reason=reason)
    unheard = ears.unheard if call.state.waits is None else None
    if unheard is None:
        if turn is not None:
            since_ms = line.now_ms if turn.segments else turn.onset_ms
            _hear(hearing, line, line.recent_audio(line.now_ms - since_ms + RUN_UP_MS))
        call.post(lost)
        return False
    said, since = unheard
    goes_on = turn is not None and (turn.voiced or bool(turn.segments))
    _hear(hearing, line, said if goes_on else said + since)
    call.post(msgspec.structs.replace(lost, half_heard=ears.half_heard))  # The core asks for its words.
    hearing.settle()
    if goes_on:
        hearing.push(since)
    if turn is not None and turn.voiced:
        hearing.speech_started()
    return True


def _hear(hearing: Hearing, line: Line, pcm: bytes) -> None:
    """Linear PCM at the line's rate, which begins with a run-up."""
    run_up = RUN_UP_MS * line.sample_rate_hz // 1000 * 2
    hearing.open_gate()
    hearing.push(pcm[:run_up])
    hearing.speech_started()
    hearing.push(pcm[run_up:])
