"""What an operator can do to a call that is up, whatever it came in on: hold, mute, keys, its recording.

All of it is done where the audio passes through us, not at a carrier: the conversation goes on where it was,
and a browser's call can be held as well as a telephone's.
"""

from __future__ import annotations

from typing import Literal, get_args

from antiphon.audio.tones import dtmf
from antiphon.conversation import events as ev
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.call import Call
from antiphon.runtime.recorded import NOT_RECORDED

Act = Literal["hold", "resume", "mute", "unmute", "dtmf", "record_pause", "record_resume", "record_stop"]
ACTS: tuple[Act, ...] = get_args(Act)
_DIGITS_MAX = 40


def operate(call: Call, act: Act, digits: str = "") -> None:
    """Raises:
    CallFailed: It cannot be done to this call.
    ConfigError: These are no keys.
    """
    match act:
        case "hold":
            if call.parts.unified is not None:
                raise CallFailed("a model that hears and speaks by itself cannot be made to wait")
            call.post(ev.OperatorHolds(at_ms=call.line.now_ms))
        case "resume":
            call.post(ev.OperatorResumes(at_ms=call.line.now_ms))
        case "mute" | "unmute":
            call.line.mute(act == "mute")
            call.note("caller_muted" if act == "mute" else "caller_unmuted")
        case "dtmf":
            _press(call, digits)
        case _:
            _record(call, act)


def _press(call: Call, digits: str) -> None:
    """By the line's own way, or as tones behind whatever is being said, under a name that is nobody's reply,
    so that nobody waits for it."""
    if not digits or len(digits) > _DIGITS_MAX:
        raise ConfigError(f"from 1 to {_DIGITS_MAX} keys", fix="as 1w2# (w waits half a second)")
    try:
        tones = dtmf(digits, call.line.sample_rate_hz)
    except ValueError as error:
        raise ConfigError(f"{digits!r} are not keys", fix="0-9, *, #, A-D, and w to wait") from error
    if call.parts.press is not None:
        call.parts.press(digits)
    else:
        name = f"keys-{call.line.now_ms}"
        call.line.play(name, tones)
        call.line.finish(name)
    call.note("keys_sent", count=len(digits))  # Which ones may be a secret.


def _record(call: Call, act: Act) -> None:
    recording = call.recording
    if recording is NOT_RECORDED:
        raise CallFailed("this call is not recorded (`recording:` in the agent file)")
    if recording.is_over:
        raise CallFailed("its recording is over: refused, stopped or failed, as the call's trace says")
    if act == "record_stop":
        recording.stop("operator")
    elif act == "record_pause":
        recording.pause()
    else:
        recording.resume()
