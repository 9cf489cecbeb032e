"""Numbers of the media plane that callers feel, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass

FRAME_MS = 20
FRAME_NS = FRAME_MS * 1_000_000
NEVER_NS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechGate:
    """When a row counts as talking. A window is 32 ms.

    Attributes:
        onset_probability: A window from here up may begin speech.
        release_probability: A window below this may end it; lower than the onset, or speech flickers.
        onset_windows: How many in a row confirm an onset. Two answer a barge-in in about 120 ms; a third
            costs 20 ms and keeps most coughs out.
        hangover_windows: How many in a row end speech. Three (96 ms) leave the stop silence room for a
            transcript; the end itself is dated to the last energy, not to the end of the hangover.
        quiet_margin_db: A window whose loudest 4 ms are less than this above the noise floor is skipped while
            nobody talks, and is quiet while somebody does.
        quiet_windows: How many quiet windows in a row end speech, whatever their probability: the detector
            hears a fading voice for up to 120 ms longer than there is any. A consonant's closure is shorter.
        quiet_ceiling_dbfs: Never skip anything louder; steady noise then costs arithmetic, not words.
        date_margin_db: Energy this far above the floor counts as voice when an onset or an end is dated.
        date_floor_dbfs: And at least this loud.
        sure_probability: A window from here up is a voice at the telephone; a crowd behind it seldom is.
        sure_windows: How many of them since its onset make it somebody's voice beyond doubt.
        din_dbfs: A floor from here up is a noisy line: what was sure dates the end of speech, for the
            detector lets go of a voice in noise up to 300 ms late. A window from here up that is speech but
            not sure may be a crowd.
        noisy_release_probability: The release on such a line.
        crowd_windows: How many of those in a row are a crowd: the caller's speech ended before them.
        doubt_windows: So many of them, a sure one taking away two, leave it open whose voice it is.
        wary_probability: A window from here up may begin speech in front of a crowd.
        calm_windows: How many in a row without speech until the crowd is forgotten.
    """

    onset_probability: float = 0.5
    release_probability: float = 0.35
    onset_windows: int = 2
    hangover_windows: int = 3
    quiet_margin_db: float = 4.0
    quiet_windows: int = 4
    quiet_ceiling_dbfs: float = -55.0
    date_margin_db: float = 10.0
    date_floor_dbfs: float = -57.0
    sure_probability: float = 0.97
    sure_windows: int = 3
    din_dbfs: float = -45.0
    noisy_release_probability: float = 0.5
    crowd_windows: int = 16
    doubt_windows: int = 4
    wary_probability: float = 0.95
    calm_windows: int = 94


@dataclass(slots=True)
class PlaneCounters:
    """Since the process began, all calls together.

    Attributes:
        ticks_late: Ticks that began a whole frame or more after their time.
        ticks_late_waiting: Those of them before which this process hardly ran: the machine, or the host of a
            virtual one, had given its core to somebody else. Nothing in here could have been quicker.
        frames_in: 20 ms frames taken from callers.
        frames_dropped: Frames given up: the row's queue was full, or its call was over.
        frames_surplus: Frames, or messages of less, given up of callers who sent more than real time, for
            longer than a burst.
        lines_flooded: Lines ended because such a caller sent many times as much.
        messages_truncated: Messages longer than a second, cut.
        frames_filled: Silence put in where a caller's stream had a gap.
        windows_heard: Windows given to voice activity detection.
        windows_skipped: Windows too quiet to be worth it.
        underruns: The far end ran dry in the middle of a reply.
        audio_refused: Audio that came for a reply that had ended.
        marks_unknown: Answers to marks we did not (or no longer) wait for.
        marks_missed: Replies whose last mark never came back in time.
        calls_broken: Calls ended because their own code, or their line's, broke as the plane called it.
        taps_broken: Of those who listened in, who broke and hears no more.
        relayed_dropped: Frames of one party not passed on to the other: we spoke, or a burst was late.
    """

    ticks: int = 0
    ticks_late: int = 0
    ticks_late_waiting: int = 0
    frames_in: int = 0
    frames_dropped: int = 0
    frames_surplus: int = 0
    lines_flooded: int = 0
    messages_truncated: int = 0
    frames_filled: int = 0
    windows_heard: int = 0
    windows_skipped: int = 0
    underruns: int = 0
    audio_refused: int = 0
    marks_unknown: int = 0
    marks_missed: int = 0
    calls_broken: int = 0
    taps_broken: int = 0
    relayed_dropped: int = 0
