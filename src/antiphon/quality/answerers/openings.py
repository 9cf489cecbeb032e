"""The labelled set: what is heard in the first seconds after somebody, or something, picks up.

Spoken ones are rendered by the embedded voices ("[600]" is a pause of 600 ms, "[beep 1000 400]" a tone);
recorded ones come from a folder of labelled recordings and are left out where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One answer to a call.

    Attributes:
        label: "human", "machine", "ivr", "fax" or "silence".
        kind: What is heard, for the page: "greeting", "announcement", "tones", ...
        voice: An embedded voice; "" where nobody speaks.
        text: What it says.
        file, until_ms, from_ms: A recording, and the part of it that is heard; 0 is its end.
        sounds: A function of `rendering.SOUNDS`.
        records: A machine that takes a message; `beeps` says that it gives a tone.
    """

    name: str
    label: str
    kind: str
    voice: str = ""
    text: str = ""
    file: str = ""
    from_ms: int = 0
    until_ms: int = 0
    sounds: str = ""
    records: bool = True
    beeps: bool = False
    language: str = "en"


_VOICES = ("piper-joe", "kokoro-af_heart", "kokoro-am_michael", "kokoro-bf_emma", "kokoro-bm_george")


def _spoken(label: str, kind: str, texts: tuple[str, ...], *, records: bool = True) -> list[Opening]:
    """Voices in turn, so that none stands for a label."""
    return [
        Opening(
            name=f"{label}_{kind}_{number:02}",
            label=label,
            kind=kind,
            voice=_VOICES[(number + len(kind)) % len(_VOICES)],
            text=text,
            records=records,
            beeps="[beep" in text,
        )
        for number, text in enumerate(texts)
    ]


_PEOPLE = (
    "Hello?", "Hi.", "Yes?", "Hello, this is Linda.", "Yeah, hello?", "Good morning, Miller residence.",
    "Hello, who's calling please?", "Speaking.", "Hey, what's up?", "Hello? [900] Hello?", "Um, hello?",
    "Tom Baker.", "Yes, this is he.", "Hi, sorry, hold on a second. [700] Okay, hello?",
    "Hello, hello, can you hear me?", "Acme Plumbing, Dave here.", "Good afternoon, this is Susan speaking.",
    "Who is this?",
)  # fmt: skip
_FRONT_DESKS = (
    "Thank you for calling Bright Dental, this is Maria, how can I help you?",
    "Good morning, Willow Street Family Health, this is Jenny. How may I direct your call?",
    "Riverside Auto, Mike speaking, what can I do for you today?",
    "Parker and Sons law office. How can I help you?",
)  # fmt: skip
_GREETINGS = (
    "Hi, you've reached the Millers. [300] We can't come to the phone right now. [250] Please leave a "
    "message after the beep. [500] [beep 1000 400]",
    "Hello, this is Tom. [400] I'm not available right now, so please leave your name and number and I'll "
    "get back to you as soon as I can. [700] [beep 1400 250]",
    "Hey, it's Susan, you know what to do. [600] [beep 850 500]",
    "Your call has been forwarded to an automatic voice message system. [350] Five five five, one two three "
    "four, is not available. [350] At the tone, please record your message. [900] [beep 440 350]",
    "The person you are trying to reach is not available. [300] Please leave a message after the tone. [400] "
    "[beep 2000 180]",
    "You have reached the voice mailbox of Peter Hall. [400] Please leave a message. [1200] [beep 1336 800]",
    "Hi, this is Dave. [1300] I can't take your call at the moment. Leave a message and I'll call you back. "
    "[600] [beep 600 300]",
    "Hello. [800] You've reached Anna's phone. [400] Leave me a message after the tone. [500] [beep 950 120]",
    "Thank you for calling Bright Dental. [450] Our office is now closed. Our office hours are Monday to "
    "Friday, eight to five. [500] Please leave a message after the tone. [700] [beep 1000 1000]",
    "Hi, we're not home right now, so leave a message, and have a great day. [800] [beep 1650 300]",
    "Welcome to Verizon Wireless. [300] The customer you are calling cannot take your call at this time. "
    "Please leave your message after the beep. [500] [beep 1209 400]",
    "Sorry I missed your call. I'm probably out walking the dog. Leave a message and I will get back to you. "
    "[900] [beep 523 450]",
    "This is Mike Johnson. I'm either on the phone or away from my desk. [400] Please leave your name, "
    "number and a brief message. [4500]",
)  # fmt: skip
_ANNOUNCEMENTS = (
    "We're sorry. [400] The number you have dialed is not in service. [300] Please check the number and try "
    "again.",
    "The mailbox is full and cannot accept any messages at this time. [300] Goodbye.",
    "The person you have called has a voice mailbox that has not been set up yet. Goodbye.",
)  # fmt: skip
_MENUS = (
    "Thank you for calling First City Bank. [300] For English, press one. [300] Para español, oprima dos.",
    "Welcome to Northwest Energy. [300] Please listen carefully, as our menu options have changed. [300] To "
    "report an outage, press one.",
    "Thank you for calling. [300] Your call may be recorded for quality purposes. [300] Please say or enter "
    "your account number.",
    "Hello, and thank you for calling Green Valley Clinic. [300] If you know your party's extension, you may "
    "dial it at any time. [300] For appointments, press two.",
    "Your call is important to us. [300] Please stay on the line, and your call will be answered by the next "
    "available agent.",
    "Hi, the person you are calling is using a screening service and will get a copy of this conversation. "
    "[300] Go ahead and say your name, and why you're calling.",
    "For sales, press one. For support, press two. For all other questions, stay on the line.",
    "You have reached the main menu of Harbor Hotel. For reservations, say reservations.",
)  # fmt: skip

# Other words by other voices, written after the numbers of the detector were settled and heard once.
_OTHER_VOICES = ("kokoro-af_bella", "kokoro-am_puck", "kokoro-bf_isabella", "kokoro-bm_fable", "piper-joe")
_HELD_OUT = {
    "human": (
        "Hello there.", "Yes, hello, Peterson speaking.", "Hi, Karen here.", "What is it?", "Hallo?",
        "Good evening.", "Sorry, who is it?", "Jones residence, this is Kelly.", "Yo.",
        "City library, Amanda speaking, how can I help?", "Hello. [1200] Anyone there?",
        "Yeah. [600] Yeah, I'm here.",
    ),
    "machine": (
        "Hi there, this is Rachel. I'm probably in a meeting. Leave me a message and I'll call you back. "
        "[600] [beep 1100 500]",
        "You've reached five five five, oh one nine nine. [400] No one is available to take your call. "
        "[400] Please leave a message after the tone. [600] [beep 480 700]",
        "The Google subscriber you have called is not available. Please leave a message after the tone. "
        "[500] [beep 1800 220]",
        "Hello? [600] Just kidding, I'm not here, leave a message. [500] [beep 900 300]",
        "Thanks for calling Hilltop Veterinary. We are closed for the holiday. Please call back on Tuesday.",
        "Hey, it's me. I can't get to the phone, so text me instead. Bye. [700] [beep 1300 150]",
        "Good day. You have reached the desk of Walter Grey. I am away from my desk or on another line. At "
        "the sound of the tone, leave your name and number. [800] [beep 740 600]",
        "Mailbox four one two is full. Goodbye.",
        "Welcome. The wireless customer you are trying to reach is unavailable. Please try your call again "
        "later.",
        "It's Jack, please text me. [900] [beep 1500 350]",
    ),
    "ivr": (
        "Thank you for calling Metro Transit. Para español, marque el nueve. For schedules, press one.",
        "All agents are busy helping other customers. Please hold, and we will be with you shortly.",
        "Welcome to your bank. Please enter the last four digits of your social security number.",
        "Hi, before I connect you, may I ask who is calling and why? Please state your name after the "
        "prompt.",
        "If this is an emergency, hang up and dial nine one one. Otherwise, for the pharmacy, press three.",
        "Please say yes or no. Did you call about an order?",
    ),
}  # fmt: skip

_RECORDED_PEOPLE = (
    ("clean/google_hello_gemini.flac", 0, 0), ("conversation/katie_steve.flac", 0, 2000),
    ("phone8k/commercial_call.flac", 0, 3000),
)  # fmt: skip
_RECORDED_MACHINES = tuple(f"voicemail/greeting_en_{number}.flac" for number in range(4))
_RECORDED_FOREIGN = (
    ("es", "voicemail/greeting_es_5.flac"), ("fr", "voicemail/greeting_fr_6.flac"),
    ("it", "voicemail/greeting_it_7.flac"),
)  # fmt: skip
_RECORDED_ANNOUNCEMENTS = (
    "voicemail/greeting_en_4.flac", "phone8k/ivr_en_ss-noservice.flac",
    "phone8k/ivr_en_cannot-complete-as-dialed.flac", "phone8k/ivr_en_all-circuits-busy-now.flac",
    "phone8k/ivr_en_privacy-unident.flac",
)  # fmt: skip
_RECORDED_MENUS = (
    "phone8k/ivr_en_privacy-prompt.flac", "phone8k/ivr_en_queue-periodic-announce.flac",
    "phone8k/ivr_en_queue-youarenext.flac", "phone8k/ivr_en_pls-hold-while-try.flac",
    "phone8k/ivr_en_agent-pass.flac", "phone8k/ivr_en_conf-getpin.flac",
)  # fmt: skip
_RECORDED_SILENCE = ("silence/room_empty.flac", "silence/room_tone_00.flac", "silence/room_tone_07.flac")
_SOUNDS = (
    ("fax", "2100 Hz", "fax_answer"), ("fax", "2100 Hz", "fax_answer_late"), ("fax", "2100 Hz", "fax_modem"),
    ("fax", "1100 Hz", "fax_call"), ("fax", "1100 Hz", "fax_call_late"),
    ("silence", "digital", "digital"), ("silence", "line", "line"), ("silence", "ringing", "ringing_us"),
    ("silence", "ringing", "ringing_eu"), ("silence", "click", "click"),
)  # fmt: skip


def openings(*, recorded: bool = True) -> list[Opening]:
    """All of them, in a fixed order; `recorded` ones need the folder of recordings."""
    found = [
        *_spoken("human", "hello", _PEOPLE),
        *_spoken("human", "front desk", _FRONT_DESKS),
        *_spoken("machine", "greeting", _GREETINGS),
        *_spoken("machine", "announcement", _ANNOUNCEMENTS, records=False),
        *_spoken("ivr", "menu", _MENUS),
        *(
            Opening(name=f"{label}_{sounds}", label=label, kind=kind, sounds=sounds)
            for label, kind, sounds in _SOUNDS
        ),
        Opening(name="machine_beep_only", label="machine", kind="beep", sounds="beep_only", beeps=True),
        Opening(
            name="machine_signal",
            label="machine",
            kind="announcement",
            sounds="signal",
            records=False,
        ),
    ]
    return [*found, *_recordings()] if recorded else found


def held_out() -> list[Opening]:
    """Openings nothing was tuned on."""
    return [
        Opening(
            name=f"{label}_held_out_{number:02}",
            label=label,
            kind="held out",
            voice=_OTHER_VOICES[number % len(_OTHER_VOICES)],
            text=text,
            beeps="[beep" in text,
        )
        for label, texts in _HELD_OUT.items()
        for number, text in enumerate(texts)
    ]


def _recordings() -> list[Opening]:
    def named(label: str, kind: str, file: str, **more: object) -> Opening:
        stem = file.rpartition("/")[2].removesuffix(".flac")
        return Opening(name=f"{label}_real_{stem}", label=label, kind=kind, file=file, **more)  # type: ignore[arg-type]

    return [
        *(
            named("human", "hello", file, from_ms=start_ms, until_ms=until_ms)
            for file, start_ms, until_ms in _RECORDED_PEOPLE
        ),
        *(named("machine", "greeting", file, beeps=True) for file in _RECORDED_MACHINES),
        *(
            named("machine", "greeting", file, beeps=True, language=language)
            for language, file in _RECORDED_FOREIGN
        ),
        *(named("machine", "announcement", file, records=False) for file in _RECORDED_ANNOUNCEMENTS),
        *(named("ivr", "menu", file) for file in _RECORDED_MENUS),
        *(named("silence", "room", file) for file in _RECORDED_SILENCE),
    ]
