"""A call's ears, as its agent file wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from antiphon.audio.denoise import NoiseSuppressor
from antiphon.conversation import events as ev
from antiphon.runtime.call_parts import CallParts
from antiphon.runtime.hearing import Hearing, heard_as
from antiphon.runtime.media.ports import Line
from antiphon.runtime.metering import Payer, paid_by
from antiphon.speech.ports import SpeechToText

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


def hear_again(hearing: Hearing, line: Line, since_ms: int) -> None:
    """Give a recogniser what another has heard, from a little before `since_ms` of call time."""
    hearing.open_gate()
    hearing.push(line.recent_audio(line.now_ms - since_ms + RUN_UP_MS))
    hearing.speech_started()
