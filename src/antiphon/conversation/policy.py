"""Every knob of turn-taking: name, unit, default, why. Presets by use case; explicit numbers override.

The agent file's `turn:` and `silence:` sections have exactly these field names.
"""

from __future__ import annotations

from typing import Any

import msgspec


class TurnPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Endpointing and barge-in.

    Attributes:
        stop_silence_min_ms: Silence after which a turn that sounds and reads complete is over.
        stop_silence_max_ms: Silence after which any turn is over, however unfinished it sounds. Without an
            end-of-turn score, the geometric mean of the two applies where the words say nothing either.
        patience_ms: Added to the maximum while digits, spelling or a name are awaited, after words that
            promise more, or after the caller asked for a moment; people pause inside phone numbers.
        score_complete: End-of-turn score from which the minimum applies.
        score_incomplete: Score below which the maximum applies; between the two the wait grows by the same
            factor with every step of the log-odds.
        adapt: Learn within the call: a caller who pauses long, or whom we cut off, is given more time.
        speculate: Prepare the reply during the stop silence.
        hold_ms: How long playout stays paused while we find out whether a voice over ours is an interruption.
        backchannel_ms: Speech shorter than this without words is a noise and playout resumes.
        rewind_after_ms: After a pause longer than this, playout resumes a little earlier.
        rewind_ms: How much earlier.
        final_wait_ms: After the stop silence, how long to wait for a final before using the partial.
        dtmf_gap_ms: Keys this far apart belong to different answers.
    """

    stop_silence_min_ms: int = 240
    stop_silence_max_ms: int = 1300
    patience_ms: int = 600
    score_complete: float = 0.69
    score_incomplete: float = 0.5
    adapt: bool = True
    speculate: bool = True
    hold_ms: int = 900
    backchannel_ms: int = 400
    rewind_after_ms: int = 1200
    rewind_ms: int = 400
    final_wait_ms: int = 1500
    dtmf_gap_ms: int = 2500


class SilencePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when nobody speaks.

    Attributes:
        reprompt_after_ms: Caller's silence, from the last heard agent sample, before we ask again.
        reprompts_max: How often in a row; then a goodbye and the end.
        hold_patience_ms: Silence allowed after "one second, let me find my card".
        filler_after_ms: Wait for a reply or a tool before a filler covers it.
        filler_gap_ms: Silence after a filler before the next one.
        reply_deadline_ms: A reply without a first word by then has failed.
        noise_ms: Voice activity without a word for this long is a noisy line; we ask again.
        call_max_ms: Time limit of a call.
        goodbye_max_ms: A goodbye that has not been heard by then ends anyway.
    """

    reprompt_after_ms: int = 7000
    reprompts_max: int = 2
    hold_patience_ms: int = 30000
    filler_after_ms: int = 1500
    filler_gap_ms: int = 4000
    reply_deadline_ms: int = 12000
    noise_ms: int = 12000
    call_max_ms: int = 1_800_000
    goodbye_max_ms: int = 15000


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All the core needs to know of the agent. Goes into the trace header, so a replay has it.

    Attributes:
        language: BCP 47 tag of the caller's words; chooses the cues in them.
        fillers: Short phrases that cover a wait, used in turn, never the same twice running.
        protect_greeting: The greeting holds words the law wants heard: a voice over it is kept for after.
        trouble: Said when no reply can be had; after the second in a row the call is escalated.
        backchannels: Words that do not take the floor, lower case.
        greeting_words: What people say over our greeting without taking the floor, lower case.
        farewells: What people say over our last words; we are both leaving, so nobody takes the floor.
        hold_phrases: Parts of a turn that ask us to wait, lower case.
    """

    turn: TurnPolicy = TurnPolicy()
    silence: SilencePolicy = SilencePolicy()
    language: str = "en"
    fillers: tuple[str, ...] = ("One moment.", "Let me check that.")
    protect_greeting: bool = False
    trouble: str = "I'm sorry, I'm having trouble on my side. Could you say that again?"
    backchannels: tuple[str, ...] = (
        "mm", "mhm", "mm-hmm", "mm hmm", "uh-huh", "uh huh", "hm", "hmm", "okay", "ok", "right", "yeah",
        "yes", "sure", "i see", "got it", "alright", "all right", "great", "oh", "ah", "uh", "um",
    )  # fmt: skip
    greeting_words: tuple[str, ...] = ("hello", "hi", "hey", "good morning", "good afternoon", "good evening")
    farewells: tuple[str, ...] = (
        "thank you", "thanks", "bye", "bye-bye", "goodbye", "good bye", "you too", "have a nice day",
        "have a good day", "have a good one", "take care", "see you", "so much", "very much", "a lot", "no",
        "that's all", "that's it",
    )  # fmt: skip
    hold_phrases: tuple[str, ...] = (
        "one second", "one moment", "just a second", "just a moment", "just a minute", "one minute",
        "hold on", "hang on", "give me a second", "give me a moment", "give me a minute", "let me find",
        "let me check", "let me look", "let me see", "bear with me",
    )  # fmt: skip


PRESETS: dict[str, TurnPolicy] = {
    # Support lines: short questions, quick answers.
    "snappy": TurnPolicy(stop_silence_min_ms=200, stop_silence_max_ms=1300, score_complete=0.6),
    "balanced": TurnPolicy(),
    # Open conversation, elderly callers, people thinking aloud.
    "patient": TurnPolicy(
        stop_silence_min_ms=350,
        stop_silence_max_ms=1600,
        patience_ms=800,
        score_complete=0.83,
        score_incomplete=0.73,
    ),
}


def turn_policy(preset: str, overrides: dict[str, Any]) -> TurnPolicy:
    """The preset with explicit numbers on top.

    Raises:
        KeyError: Unknown preset.
        msgspec.ValidationError: A field of the wrong type.
    """
    values = msgspec.to_builtins(PRESETS[preset]) | overrides
    return msgspec.convert(values, TurnPolicy, strict=True)
