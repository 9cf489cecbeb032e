"""The media plane: calls as rows of arrays, one 20 ms clock, only events to the per-call code."""

# numpy brings these when they are first asked for, which would be in the middle of somebody's call.
import numpy.fft
import numpy.ma  # noqa: F401

from antiphon.runtime.media.bridge import Bridge
from antiphon.runtime.media.clock import MediaClock
from antiphon.runtime.media.plane import MediaPlane
from antiphon.runtime.media.settings import PlaneCounters, SpeechGate

__all__ = ["Bridge", "MediaClock", "MediaPlane", "PlaneCounters", "SpeechGate"]
