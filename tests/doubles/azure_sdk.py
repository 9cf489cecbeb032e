"""Azure's own SDK against an address, in a process of its own: its native library may take it along.

`python -m tests.doubles.azure_sdk hear URL` and `... speak URL` print what came of it as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from tests.doubles.coded_speech import spoken
from tests.doubles.socket_vendor import KEY

WORDS, TERMS, VOICE = "hello please book my visit", ("Garcia",), "en-US-AvaNeural"
_WAIT_S = 20


def hear(sdk: Any, config: Any) -> dict[str, Any]:
    """One utterance, to its end."""
    config.speech_recognition_language = "en-US"
    config.output_format = sdk.OutputFormat.Detailed
    config.request_word_level_timestamps()
    audio = sdk.audio.PushAudioInputStream(sdk.audio.AudioStreamFormat(8_000, 16, 1))
    recogniser = sdk.SpeechRecognizer(config, sdk.audio.AudioConfig(stream=audio))
    phrases = sdk.PhraseListGrammar.from_recognizer(recogniser)
    for term in TERMS:
        phrases.addPhrase(term)
    texts: list[str] = []
    partials: list[str] = []
    over = threading.Event()
    recogniser.recognizing.connect(lambda event: partials.append(event.result.text))
    recogniser.recognized.connect(lambda event: texts.append(event.result.text))
    recogniser.session_stopped.connect(lambda event: over.set())
    recogniser.start_continuous_recognition_async().get()
    audio.write(spoken(WORDS, 8_000))
    audio.close()
    over.wait(_WAIT_S)
    recogniser.stop_continuous_recognition_async().get()
    return {"text": " ".join(filter(None, texts)), "partials": partials}


def speak(sdk: Any, config: Any) -> dict[str, Any]:
    """Two sentences over one connection."""
    config.set_speech_synthesis_output_format(sdk.SpeechSynthesisOutputFormat.Raw8Khz16BitMonoPcm)
    config.speech_synthesis_voice_name = VOICE
    synthesizer = sdk.SpeechSynthesizer(speech_config=config, audio_config=None)
    words: list[str] = []
    told = threading.Event()  # Words come on a thread of their own, and may come after the sound.

    def bounded(event: Any) -> None:
        words.append(event.text)
        if len(words) == 2 * len(WORDS.split()):
            told.set()

    synthesizer.synthesis_word_boundary.connect(bounded)
    lengths = [len(synthesizer.speak_text_async(WORDS).get().audio_data) for _ in range(2)]
    told.wait(_WAIT_S)
    return {"words": words, "bytes": lengths}


def main(way: str, url: str) -> None:
    import azure.cognitiveservices.speech as sdk

    config = sdk.SpeechConfig(endpoint=f"{url}/", subscription=KEY)
    print(json.dumps({"hear": hear, "speak": speak}[way](sdk, config)))


if __name__ == "__main__":
    main(*sys.argv[1:])
