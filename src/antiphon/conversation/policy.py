"""Every knob of turn-taking: name, unit, default, why. Presets by use case; explicit numbers override.

The agent file's `turn:` and `silence:` sections have exactly these field names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from antiphon.conversation.phrases import ENGLISH

Endpointing = Literal["ours", "provider", "push_to_talk"]


class TurnPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Endpointing and barge-in.

    Attributes:
        endpointing: Who decides that the caller's turn is over: "ours", silence bent by score and words;
            "provider", the recogniser's own turn events; "push_to_talk", the caller's talk button.
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
        stable_partial_ms: In a pause, a partial transcript that has not changed for this long is worth a
            draft although its final has not come. Later than the embedded recogniser's finals (p99 333 ms
            after the last sample), so that only slow ones get drafts on partials.
        provider_wait_ms: "provider": a pause in which the vendor says nothing for this long is ended by us.
        talk_tail_ms: "push_to_talk": a voice still heard at the release is waited for this long.
        talk_max_ms: "push_to_talk": a press this long has lost its release.
        hold_ms: How long playout stays paused while we find out whether a voice over ours is an interruption.
            Where all of its words may be an echo of ours, until that must be over.
        few_words_ms: A voice over ours that is younger than this takes the floor by more than three words, by
            the words it has when it ends, or at the latest with `hold_ms`. 0: by any words at once.
        few_words_confidence: So few words, recognised with less than this, are a listening noise misheard.
        backchannel_ms: A voice shorter than this that no recogniser could hear was a cough: nobody apologises
            for it, and nobody says that the line is bad.
        rewind_after_ms: After a pause longer than this, which is heard as a gap, playout resumes at the
            start of the clause or word that was cut. Shorter than `hold_ms`.
        rewind_ms: How much earlier that may be at most; 0 resumes at the same sample after any pause.
        voice_takes_floor_ms: With a model that hears by itself, a voice over ours this long is an
            interruption, words or no words; it stands for `hold_ms` there. Longer than "mm-hm".
        echoes_max: Evidence of echo (two for words of ours, one for a voice that stops as we pause) from
            which only words, no mere voice, pause the agent; 0 never pauses on mere voice.
        final_wait_ms: After the stop silence, how long to wait for a final before using the partial.
        dtmf_gap_ms: Keys this far apart belong to different answers.
    """

    endpointing: Endpointing = "ours"
    stop_silence_min_ms: int = 340
    stop_silence_max_ms: int = 1300
    patience_ms: int = 600
    score_complete: float = 0.69
    score_incomplete: float = 0.6
    adapt: bool = True
    speculate: bool = True
    stable_partial_ms: int = 350
    provider_wait_ms: int = 3000
    talk_tail_ms: int = 250
    talk_max_ms: int = 60_000
    hold_ms: int = 900
    few_words_ms: int = 750
    few_words_confidence: float = 0.45
    backchannel_ms: int = 400
    rewind_after_ms: int = 500
    rewind_ms: int = 1000
    voice_takes_floor_ms: int = 750
    echoes_max: int = 4
    final_wait_ms: int = 1500
    dtmf_gap_ms: int = 2500


class SilencePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when nobody speaks.

    Attributes:
        reprompt_after_ms: Caller's silence, from the last heard agent sample, before we ask again.
        reprompts_max: How often in a row; then a goodbye and the end.
        hold_patience_ms: Silence allowed after "one second, let me find my card". At least
            `reprompt_after_ms`.
        filler_after_ms: Wait for a reply or a tool before a filler covers it.
        filler_gap_ms: Silence after a filler before the next one.
        reply_deadline_ms: A reply without a first word by then has failed.
        noise_ms: Voice activity without a word for this long is a noisy line; we ask again.
        call_max_ms: Time limit of a call; there is always one.
        call_cost_max_usd: Cost limit of a call, as metered; 0 is none.
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
    call_cost_max_usd: float = 0.0
    goodbye_max_ms: int = 15000


class LinePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a line is too poor, and what is done then. Numbers are of the caller's voice unless said.

    Attributes:
        fallback: What to do, one after the other and then the last again, while the line stays poor: "ask"
            (to say it again), "keypad" (offer the keys), "transfer" (to a person). None: measured only.
        snr_min_db: Voice over noise.
        level_min_dbfs: Voices on telephone lines are at -36 to -18.
        clipped_max_pct: Samples at the end of the scale; reached where a voice is about 15 dB too loud.
        lost_max_pct: Of a second; holes that fell into a closed mouth cannot be told from it, so a carrier
            that loses so much has lost about twice as much.
        bandwidth_min_hz: The telephone carries 3400.
        confidence_min: Words recognised with less are not to be trusted on a poor line.
        poor_after_ms: Poor for this long, and it counts.
        good_after_ms: Good for this long, and it is forgiven.
        again_after_ms: Between two fallbacks.
        ask, keypad, transfer: What is said.
    """

    fallback: tuple[str, ...] = ()
    snr_min_db: float = 5.0
    level_min_dbfs: float = -50.0
    clipped_max_pct: float = 2.0
    lost_max_pct: float = 6.0
    bandwidth_min_hz: int = 1500
    confidence_min: float = 0.5
    poor_after_ms: int = 3000
    good_after_ms: int = 8000
    again_after_ms: int = 8000
    ask: str = "I'm sorry, the line is bad. Could you say that again, a bit slower?"
    keypad: str = "The line is still bad. You can also answer with the keys of your phone."
    transfer: str = "I can't hear you well enough. I'll put you through to a colleague."


class AnsweringPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a call we placed, by who or what answers. A person is always talked to, a fax never.

    Attributes:
        machine: "leave_message", "hang_up" or "continue" (talk to it as to a person).
        ivr, silence: "continue" or "hang_up".
        message: What is left on a machine, disclosures included.
        decision_max_ms: Whoever answers hears the agent by then, known or unknown.
        no_beep_ms: A machine that has been silent for so long records, beep or no beep.
        greeting_max_ms: A machine that has not let us speak by then never will.
    """

    machine: str = "hang_up"
    ivr: str = "hang_up"
    silence: str = "continue"
    message: str = ""
    decision_max_ms: int = 6000
    no_beep_ms: int = 3000
    greeting_max_ms: int = 45_000


_DEFAULT_LINE = LinePolicy()


PUT_THROUGH = "I'll put you through to a colleague."


class HandoverPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller hears while a person is called for him, and when that came to nothing.

    Attributes:
        put_through: Said when an operator passes the call on.
        comfort: Said in turn between stretches of music, so that he knows he is not forgotten.
        busy, no_answer, declined, lost: Why he is back with the agent, in words; `lost` is a person who was
            there and is gone. Any other result is told as `no_answer`.
        wait_max_ms: How long he waits for a person, whatever becomes of the call to that one.
        talk_max_ms: How long the two may talk.
    """

    put_through: str = PUT_THROUGH
    comfort: tuple[str, ...] = (
        "I'm still trying to reach a colleague for you. Thank you for waiting.",
        "Thank you for your patience. I'm still with you.",
    )
    busy: str = "I'm sorry, my colleague is on another call just now. What else can I do for you?"
    no_answer: str = "I'm sorry, I can't reach anybody just now. What else can I do for you?"
    declined: str = "I'm sorry, nobody can take your call just now. What else can I do for you?"
    lost: str = "I'm sorry, the connection to my colleague was lost. How would you like to go on?"
    wait_max_ms: int = 150_000
    talk_max_ms: int = 7_200_000

    def words(self, result: str) -> str:
        known = {"busy": self.busy, "declined": self.declined, "lost": self.lost}
        return known.get(result, self.no_answer)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """All the core needs to know of the agent. Goes into the trace header, so a replay has it. Words are
    English unless given; those of other languages are in `phrases.py`.

    Attributes:
        unified: A model that hears and speaks by itself answers: turns are taken without words.
        language: BCP 47 tag of the caller's words; chooses the cues in them.
        fillers: Short phrases that cover a wait, used in turn, never the same twice running.
        thinking_sound: A soft tone takes turns with the phrases. It also does where there is one phrase only.
        protect_greeting: All of the greeting is uninterruptible, from before its first sample; single
            disclosures are so by their chunk.
        trouble: Said when no reply can be had; after the second in a row the call is escalated.
        backchannels: Words that do not take the floor, lower case.
        interrupting_words: A voice that begins with one of them is an interruption before its second word.
        greeting_words: What people say over our greeting without taking the floor, lower case.
        farewells: What people say over our last words; we are both leaving, so nobody takes the floor.
        hold_phrases: Parts of a turn that ask us to wait, lower case, as whole words.
        line_quality: Unset where the agent file says nothing of the line; `line` has the numbers that hold.
        answering: Unset where it says nothing of machines: then nobody listens for them.
        handover: Set where somebody can call a person and keep the caller meanwhile; unset, an escalation
            ends the call.
    """

    turn: TurnPolicy = TurnPolicy()
    silence: SilencePolicy = SilencePolicy()
    unified: bool = False
    language: str = "en"
    fillers: tuple[str, ...] = ENGLISH.fillers
    thinking_sound: bool = False
    protect_greeting: bool = False
    trouble: str = ENGLISH.trouble
    backchannels: tuple[str, ...] = ENGLISH.backchannels
    interrupting_words: tuple[str, ...] = ENGLISH.interrupting_words
    greeting_words: tuple[str, ...] = ENGLISH.greeting_words
    farewells: tuple[str, ...] = ENGLISH.farewells
    hold_phrases: tuple[str, ...] = ENGLISH.hold_phrases
    line_quality: LinePolicy | msgspec.UnsetType = msgspec.UNSET
    answering: AnsweringPolicy | msgspec.UnsetType = msgspec.UNSET
    handover: HandoverPolicy | msgspec.UnsetType = msgspec.UNSET

    @property
    def line(self) -> LinePolicy:
        return self.line_quality if isinstance(self.line_quality, LinePolicy) else _DEFAULT_LINE


PRESETS: dict[str, TurnPolicy] = {
    # Support lines: short questions, quick answers.
    "snappy": TurnPolicy(stop_silence_min_ms=200, score_complete=0.6, score_incomplete=0.5),
    "balanced": TurnPolicy(),
    # Open conversation, elderly callers, people thinking aloud.
    "patient": TurnPolicy(
        stop_silence_min_ms=360,
        stop_silence_max_ms=1500,
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


def turn_contradictions(turn: TurnPolicy) -> Iterator[str]:
    """Settings of one section that cannot all be meant, as sentences."""
    for low, high in (
        ("stop_silence_min_ms", "stop_silence_max_ms"),
        ("score_incomplete", "score_complete"),
        ("talk_tail_ms", "talk_max_ms"),
    ):
        if getattr(turn, low) > getattr(turn, high):
            yield f"{low} ({getattr(turn, low)}) is greater than {high} ({getattr(turn, high)})"
    if turn.hold_ms < turn.few_words_ms != TurnPolicy().few_words_ms:  # The default gives way to the hold.
        yield f"few_words_ms ({turn.few_words_ms}) is greater than hold_ms ({turn.hold_ms}), which ends first"
    if turn.rewind_ms and turn.hold_ms <= turn.rewind_after_ms != TurnPolicy().rewind_after_ms:  # As above.
        yield (
            f"rewind_after_ms ({turn.rewind_after_ms}) is not below hold_ms ({turn.hold_ms}): no pause would"
            " be long enough to go back to the word that was cut (`rewind_ms: 0` never does)"
        )
    if turn.endpointing == "provider" and turn.provider_wait_ms < turn.stop_silence_max_ms:
        yield (
            f"provider_wait_ms ({turn.provider_wait_ms}) is less than stop_silence_max_ms"
            f" ({turn.stop_silence_max_ms}): the vendor would hardly ever get to decide"
        )


def silence_contradictions(silence: SilencePolicy) -> Iterator[str]:
    """As `turn_contradictions`."""
    if silence.filler_after_ms >= silence.reply_deadline_ms:
        yield (
            f"filler_after_ms ({silence.filler_after_ms}) is not below"
            f" reply_deadline_ms ({silence.reply_deadline_ms}): a reply would be given up before its filler"
        )
    if silence.reprompt_after_ms > silence.hold_patience_ms != SilencePolicy().hold_patience_ms:
        # The default gives way: who asks for a moment never has less time than who does not.
        yield (
            f"hold_patience_ms ({silence.hold_patience_ms}) is less than reprompt_after_ms"
            f" ({silence.reprompt_after_ms}): who asks us to wait would be asked again sooner than others"
        )


_NEVER_0 = {
    "hold_ms": "playout would go on before anybody knows whose voice it is",
    "voice_takes_floor_ms": "every cough would interrupt a model that hears by itself",
    "reprompt_after_ms": "the caller would be asked again before he can answer",
    "filler_gap_ms": "fillers would follow one another without a pause",
    "noise_ms": "every voice would be taken for noise before its first word",
    "call_max_ms": "every call would end as it begins; there is none without a limit",
    "goodbye_max_ms": "the call would end before its goodbye is heard",
}


def impossible(section: TurnPolicy | SilencePolicy) -> Iterator[str]:
    """Settings that cannot be meant, whatever the others are. Nowhere here does 0 ms mean "never"."""
    for name, why in _NEVER_0.items():
        if getattr(section, name, None) == 0:
            yield f"{name} is 0: {why}"
