"""What one caller said, as a stream without holes.

The library's jitter buffer reorders packets, drops doubled ones and plays each at its time; what was lost
it leaves out, so that the stream merely comes short. Here every 20 ms that are missing when the next audio
comes are made up before it, one tick later: what is only late has come by then. If it comes later still,
there is more than there should be, and that credit pays for the next hole: our own jitter piles up nothing.
"""

from __future__ import annotations

import numpy as np

from antiphon.audio.concealment import Concealment

SAMPLE_RATE_HZ = 8000
FRAME_MS = 20
FRAME_BYTES = SAMPLE_RATE_HZ * FRAME_MS // 1000 * 2
GAP_FRAMES_MAX = 5  # Longer is no loss but a pause; the media plane fills it after as much.
_CREDIT_FRAMES_MAX = 3
_CREDIT_TICKS = 50  # A frame of credit lasts a second: older, it is the path that became shorter.


class Intake:
    """One call's. `tick` takes what came in the last 20 ms.

    Attributes:
        concealed_ms: Made up since the call began.
    """

    def __init__(self) -> None:
        self.concealed_ms = 0
        self._concealment = Concealment(SAMPLE_RATE_HZ)
        self._rest = b""  # Less than a frame.
        self._short = 0  # Frames that time says should have come and did not; below zero: credit.
        self._begun = False
        self._ticks = 0
        self._held = b""  # Until the next tick tells whether what is missing before it is lost or late.
        self._in_doubt = False

    def tick(self, arrived: bytes) -> tuple[bytes, int]:
        """Whole frames to pass on, and how many of their ms were made up."""
        audio = self._rest + arrived
        whole = len(audio) - len(audio) % FRAME_BYTES
        audio, self._rest = audio[:whole], audio[whole:]
        self._ticks += 1
        self._short += 1 - whole // FRAME_BYTES
        if self._short < 0 and self._ticks % _CREDIT_TICKS == 0:
            self._short += 1
        audio, self._held = self._held + audio, b""
        if not audio:
            return b"", 0
        if not self._begun:
            self._begun, self._short = True, 0
        self._in_doubt = self._short > 0 and not self._in_doubt
        if self._in_doubt:
            self._held = audio
            return b"", 0
        made_up = self._fill()
        self._concealment.heard(np.frombuffer(audio, "<i2"))
        made_up_ms = len(made_up) // FRAME_BYTES * FRAME_MS
        self.concealed_ms += made_up_ms
        return made_up + audio, made_up_ms

    def excuse(self) -> None:
        """What is missing now is no loss: a key was pressed, or the line is on hold."""
        self._begun = False

    def _fill(self) -> bytes:
        missing = self._short
        self._short = max(min(self._short, 0), -_CREDIT_FRAMES_MAX)
        if not 0 < missing <= GAP_FRAMES_MAX:
            return b""
        return self._concealment.conceal(missing * FRAME_BYTES // 2).astype("<i2").tobytes()
