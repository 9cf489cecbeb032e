"""Recordings of calls: two channels, only with consent, sealed as they grow, gone when their time is over."""

from antiphon.calls.recording.recorder import Recorder
from antiphon.calls.recording.shelf import (
    KeptRecording,
    kept_recordings,
    purge_recordings,
    read_recording,
    recordings_directory,
)

__all__ = [
    "KeptRecording",
    "Recorder",
    "kept_recordings",
    "purge_recordings",
    "read_recording",
    "recordings_directory",
]
