"""The numbers of answering-machine detection. docs/decisions/0025 says where they come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When what was heard is enough.

    Attributes:
        voice_min_ms: Shorter bursts are clicks and breaths.
        hello_words_max: So few words that begin like "hello" are a person's.
        hello_voice_ms: ... and so little of a voice: machines begin with "hello, this is" too.
        hello_pause_ms: Silence after them, or after a question of his, until it is our turn.
        short_voice_ms, short_pause_ms: Voice up to this, unknown words: a person after this silence.
        some_voice_ms, some_pause_ms: The same for voice up to this.
        pause_max_ms: The longest silence anybody who has spoken is left in. The bound on dead air.
        tone_settles_ms: A tone that sounds, or ended less than this ago, may yet be a beep.
        long_voice_ms: Voice this long without a pause to answer in is a recording.
        joined_ms: Gaps shorter than this do not divide a stretch of voice.
        silence_ms: Nothing at all since the line is up.
        revise_ms: So long after a verdict for a person may a beep or words take it back.
        beep_wait_ms: So long after a verdict for a machine is its beep listened for.
        fax_answer_ms: Of 2100 Hz before any voice; ITU-T T.30 sends 2.6 to 4 s of it.
        fax_late_ms: Of the same after a voice: a switch between telephone and fax.
    """

    voice_min_ms: int = 160
    hello_words_max: int = 6
    hello_voice_ms: int = 1000
    tone_settles_ms: int = 400
    hello_pause_ms: int = 400
    short_voice_ms: int = 1500
    short_pause_ms: int = 600
    some_voice_ms: int = 3000
    some_pause_ms: int = 900
    pause_max_ms: int = 1300
    long_voice_ms: int = 5000
    joined_ms: int = 1000
    silence_ms: int = 4000
    revise_ms: int = 30_000
    beep_wait_ms: int = 120_000
    fax_answer_ms: int = 500
    fax_late_ms: int = 1500
