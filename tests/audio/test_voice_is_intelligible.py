"""What our voices say is understood: synthesised, sent through the phone's band, transcribed, compared."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.resample import resample
from antiphon.providers.local.kokoro import KokoroTts
from antiphon.providers.local.models import is_installed, model_dir
from antiphon.providers.local.piper import PiperTts
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest
from antiphon.speech.shaping import shape

pytestmark = [pytest.mark.models, pytest.mark.own_pace]
features = pytest.importorskip("antiphon.providers.local.whisper.features")

# Written as an agent writes; words that Whisper spells in many ways are avoided.
SENTENCES = [
    "Hello, this is Maple Street Clinic. How can I help you today?",
    "I can book that for you. We have an opening on Tuesday, 11/24 at 9:30 AM.",
    "Dr. Patel is at 123 Main St., on the second floor.",
    "Your copay is $25, and the visit takes about 30 min.",
    "Please bring your insurance card and arrive ten minutes early.",
    "I'm sorry, I did not get that. Could you say it again, please?",
    "We are open from Monday to Friday, from eight in the morning until five.",
    "Thank you for calling, and have a nice day.",
]
PAUSE = np.zeros(16000 // 2, np.int16)
DIGITS = {word: str(digit) for digit, word in enumerate(
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
)}  # fmt: skip


def listener(name: str, control: tuple[str, ...]) -> Any:
    """A Whisper over the full context of 30 s, greedy enough to be repeatable."""
    if not is_installed(name):
        pytest.skip(f"antiphon models fetch {name}")
    import ctranslate2
    import tokenizers

    directory = model_dir(name)
    whisper = ctranslate2.models.Whisper(str(directory), intra_threads=1, compute_type="int8")
    tokenizer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
    prompt = [tokenizer.token_to_id(token) for token in control]

    def transcribe(samples: NDArray[np.int16]) -> str:
        padded = np.zeros(30 * 16000, dtype=np.float32)
        padded[3200 : 3200 + len(samples)] = samples / np.float32(32768)
        mel = np.ascontiguousarray(features.log_mel(padded)[None])
        answer = whisper.generate(ctranslate2.StorageView.from_array(mel), [prompt], beam_size=2)
        return str(tokenizer.decode(answer[0].sequences_ids[0]))

    return transcribe


@pytest.fixture(scope="module")
def hear() -> Any:
    return listener("whisper-base", ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"))


@pytest.fixture(scope="module")
def hear_digits() -> Any:
    """The smaller Whisper: the larger one leaves the nought of "535-0193" away in every third take."""
    return listener("whisper-tiny.en", ("<|startoftranscript|>", "<|notimestamps|>"))


@pytest.fixture(scope="module")
def piper() -> TextToSpeech:
    if not is_installed("piper-joe"):
        pytest.skip("antiphon models fetch piper-joe")
    return PiperTts()


@pytest.fixture(scope="module")
def kokoro() -> TextToSpeech:
    if not is_installed("kokoro-82m"):
        pytest.skip("antiphon models fetch kokoro-82m")
    return KokoroTts()


async def phone_audio(tts: TextToSpeech, voice: str, text: str) -> NDArray[np.int16]:
    """The voice at the 8 kHz of a phone line, brought back to what the recogniser wants."""
    said: list[TtsAudio] = []
    await tts.synthesize(TtsRequest(text=text, voice=voice, sample_rate_hz=8000), said.append)
    samples = np.frombuffer(b"".join(audio.pcm for audio in said), dtype="<i2")
    return resample(samples, 8000, 16000)


def normalised(text: str) -> list[str]:
    """Words as both sides would write them: shaped, without the dots of "a.m."."""
    text = re.sub(r"\b([ap])\.?m\b\.?", r"\1 m", shape(text).lower().replace("o'clock", ""))
    return re.findall(r"[a-z']+", text)


def word_errors(reference: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for at, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], at
        for column, other in enumerate(heard, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


async def word_error_rate(tts: TextToSpeech, voice: str, hear: Any, sentences: list[str]) -> float:
    """Heard four at a time: the listener works as long on a full window as on an empty one."""
    errors = words = 0
    for first in range(0, len(sentences), 4):
        together = sentences[first : first + 4]
        spoken = [await phone_audio(tts, voice, shape(sentence)) for sentence in together]
        reference = [word for sentence in together for word in normalised(sentence)]
        heard = normalised(hear(np.concatenate([part for one in spoken for part in (one, PAUSE)])))
        errors += word_errors(reference, heard)
        words += len(reference)
    return errors / words


async def test_the_agents_voice_is_understood_on_the_phone(hear: Any, piper: TextToSpeech) -> None:
    assert await word_error_rate(piper, "joe", hear, SENTENCES) <= 0.10


@pytest.mark.parametrize("voice", ["af_heart", "am_michael", "bf_emma", "bm_george"])
async def test_the_callers_voices_are_understood_on_the_phone(
    hear: Any, kokoro: TextToSpeech, voice: str
) -> None:
    assert await word_error_rate(kokoro, voice, hear, SENTENCES[:4]) <= 0.10


@pytest.mark.parametrize("number", ["415-505-2671", "(628) 535-0193", "212-595-8804"])
async def test_a_phone_number_is_heard_digit_by_digit(
    hear_digits: Any, piper: TextToSpeech, number: str
) -> None:
    # No digit three times in a row: the listener, not the voice, makes two of "five five five".
    # The voice never says a thing twice alike, so one take in three may miss.
    digits = re.sub(r"\D", "", number)
    takes = [await digits_heard(hear_digits, piper, number) for _ in range(2)]
    if sum(digits in heard for heard in takes) == 1:
        takes.append(await digits_heard(hear_digits, piper, number))
    assert sum(digits in heard for heard in takes) >= 2, takes


async def digits_heard(hear: Any, tts: TextToSpeech, number: str) -> str:
    heard = hear(await phone_audio(tts, "joe", shape(f"Your number is {number}, is that right?")))
    for word, digit in DIGITS.items():
        heard = re.sub(rf"\b{word}\b", digit, heard.lower())
    return re.sub(r"\D", "", heard)
