"""What is wrong in an agent file or around it, end to end through `antiphon agents check`: every message
names the field and says how to put it right."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from antiphon.cli import main

KEYS = (
    "ANTHROPIC_API_KEY", "ASSEMBLYAI_API_KEY", "AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION", "CARTESIA_API_KEY",
    "DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY", "GOOGLE_CLOUD_API_KEY", "GOOGLE_CLOUD_PROJECT",
    "OPENAI_API_KEY", "RIME_API_KEY",
)  # fmt: skip
NEURAL = "azure/en-US-AvaNeural"
FILE: dict[str, Any] = {
    "agent": "desk",
    "persona": {"name": "Ann", "role": "clerk"},
    "greeting": "Hello.",
    "language": "en-US",
    "speech": {"stt": ["deepgram/nova-3"], "tts": [NEURAL]},
    "reasoning": {"model": ["anthropic/claude-haiku-5-5", "flow/desk"], "flow": "flow.yaml"},
}
FLOW = {
    "flow": "desk",
    "goals": {
        "buy": {"examples": ["I want to buy something", "can I buy this"], "steps": [{"say": "Sold."}]}
    },
}
REMOVE = "fix: remove it: the line of a call sets rate and format"


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """Attributes:
    change: Of the file, section by section. unset: A variable that is missing. bare: No SDK is installed.
    price: Of the operator's own book. told: What the check says, in one finding, of `where`.
    """

    where: str
    told: tuple[str, ...]
    change: Mapping[str, Any] = field(default_factory=dict)
    unset: str = ""
    bare: bool = False
    price: str = ""
    price_role: str = "tts"
    is_advice: bool = False


def ears(name: str) -> dict[str, Any]:
    return {"speech": {"stt": [name]}}


def voice(name: str, language: str = "en-US") -> dict[str, Any]:
    return {"speech": {"tts": [name]}, "language": language}


def mind(name: str, **more: Any) -> dict[str, Any]:
    return {"reasoning": {"model": [name, "flow/desk"]}, **more}


def unknown(role: str, where: str, change: dict[str, Any], name: str, meant: str) -> Wrong:
    return Wrong(
        where=where, told=(f'there is no {role} "{name}"', f'fix: did you mean "{meant}"?'), change=change
    )


def missing(where: str, change: dict[str, Any], name: str, fix: str, **why: Any) -> Wrong:
    return Wrong(
        where=where, told=(f"{name} cannot be used on this machine", f"fix: {fix}"), change=change, **why
    )


STT, TTS, LLM = "speech.stt[0]", "speech.tts[0]", "reasoning.model[0]"
CASES = {
    "unknown provider, Deepgram": unknown(
        "stt", STT, ears("depgram/nova-3"), "depgram/nova-3", "deepgram/nova-3"
    ),
    "unknown provider, ElevenLabs": unknown(
        "tts",
        TTS,
        voice("elevenlab/eleven_flash_v2/x"),
        "elevenlab/eleven_flash_v2/x",
        "elevenlabs/eleven_flash_v2/*",
    ),
    "unknown provider, Cartesia": unknown(
        "tts", TTS, voice("cartessia/sonic-3/x"), "cartessia/sonic-3/x", "cartesia/sonic-3*/*"
    ),
    "unknown provider, Anthropic": unknown(
        "llm",
        LLM,
        mind("antropic/claude-haiku-5-5"),
        "antropic/claude-haiku-5-5",
        "anthropic/claude-haiku-5-5",
    ),
    "unknown provider, nobody near": Wrong(
        where=STT, told=('there is no stt "zzz/ears"', "fix: vendors: local, "), change=ears("zzz/ears")
    ),
    "missing extra, Deepgram": missing(
        STT, ears("deepgram/nova-3"), "deepgram/nova-3", "pip install 'antiphon[deepgram]'", bare=True
    ),
    "missing extra, ElevenLabs": missing(
        TTS, voice("elevenlabs/x1"), "elevenlabs/x1", "pip install 'antiphon[elevenlabs]'", bare=True
    ),
    "missing extra, Cartesia": missing(
        TTS, voice("cartesia/x1"), "cartesia/x1", "pip install 'antiphon[cartesia]'", bare=True
    ),
    "missing key, AssemblyAI": missing(
        STT,
        ears("assemblyai/u3-rt-pro"),
        "assemblyai/u3-rt-pro",
        "set ASSEMBLYAI_API_KEY",
        unset="ASSEMBLYAI_API_KEY",
    ),
    "missing key, ElevenLabs": missing(
        TTS, voice("elevenlabs/x1"), "elevenlabs/x1", "set ELEVENLABS_API_KEY", unset="ELEVENLABS_API_KEY"
    ),
    "missing key, Cartesia": missing(
        TTS, voice("cartesia/x1"), "cartesia/x1", "set CARTESIA_API_KEY", unset="CARTESIA_API_KEY"
    ),
    "missing key, OpenAI": missing(
        LLM, mind("openai/gpt-5.4-mini"), "openai/gpt-5.4-mini", "set OPENAI_API_KEY", unset="OPENAI_API_KEY"
    ),
    "language, AssemblyAI": Wrong(
        where=STT,
        told=("does not know the agent's language, de-DE", "fix: it knows en; choose another"),
        change={**ears("assemblyai/universal-streaming-english"), "language": "de-DE"},
    ),
    "language, ElevenLabs": Wrong(
        where=TTS,
        told=("does not know the agent's language, es-ES", "fix: it knows en; choose another"),
        change=voice("elevenlabs/eleven_flash_v2/x1", "es-ES"),
    ),
    "language, Cartesia": Wrong(
        where=TTS,
        told=("does not know the agent's language, bg-BG", "fix: it knows en, fr, de"),
        change=voice("cartesia/sonic-2/x1", "bg-BG"),
    ),
    "language, Azure": Wrong(
        where=TTS,
        told=("does not know the agent's language, fr-FR", "fix: it knows en-US"),
        change=voice(NEURAL, "fr-FR"),
    ),
    "voice, ElevenLabs": unknown(
        "tts",
        TTS,
        voice("elevenlabs/eleven_flash_v9/x"),
        "elevenlabs/eleven_flash_v9/x",
        "elevenlabs/eleven_flash_v2/*",
    ),
    "voice, Cartesia": unknown(
        "tts", TTS, voice("cartesia/sonic-9/x"), "cartesia/sonic-9/x", "cartesia/sonic-3*/*"
    ),
    "voice, Azure": unknown("tts", TTS, voice("azure/AvaNeural"), "azure/AvaNeural", NEURAL),
    "voice, Google": Wrong(
        where=TTS,
        told=('there is no tts "google/Leda"', "known: google/", "Chirp3-HD-Leda"),
        change=voice("google/Leda"),
    ),
    "voice, Piper": unknown("tts", TTS, voice("local/piper-bob"), "local/piper-bob", "local/piper-joe"),
    "voice, OpenAI Realtime": Wrong(
        where="speech.model_voice",
        told=('openai/gpt-realtime-1.5 has no voice "marvin"', 'fix: did you mean "marin"? known: alloy'),
        change={
            "speech": {"model_voice": "marvin"},
            "reasoning": {"model": ["unified:openai/gpt-realtime-1.5", "flow/desk"]},
        },
    ),
    "voice, Gemini Live": Wrong(
        where="speech.model_voice",
        told=('gemini/gemini-3.8-live has no voice "Lida"', 'fix: did you mean "Leda"? known: Achernar'),
        change={
            "speech": {"model_voice": "Lida"},
            "reasoning": {"model": ["unified:gemini/gemini-3.8-live", "flow/desk"]},
        },
    ),
    "turns by meaning, Gemini Live": Wrong(
        where="speech.semantic_turns",
        told=("gemini/gemini-3.8-live ends turns by silence only", "fix: remove it, or choose"),
        change={
            "speech": {"semantic_turns": True},
            "turn": {"endpointing": "provider"},
            "reasoning": {"model": ["unified:gemini/gemini-3.8-live", "flow/desk"]},
        },
    ),
    "a vendor without speech to speech": Wrong(
        where=LLM,
        told=(
            "anthropic/claude-sonnet-5-5 cannot be used",
            "no public speech-to-speech API",
            "without `unified:`",
        ),
        change={"reasoning": {"model": ["unified:anthropic/claude-sonnet-5-5", "flow/desk"]}},
    ),
    "a LiveKit plugin that is not there": Wrong(
        where=TTS,
        told=("the plugin hume is not installed", "fix: pip install livekit-plugins-hume"),
        change=voice("livekit/hume.TTS"),
    ),
    "a LiveKit plugin of another role": Wrong(
        where=STT,
        told=("livekit/deepgram.TTS is no STT", "fix: name a class that is one"),
        change=ears("livekit/deepgram.TTS"),
    ),
    "a LiveKit plugin without its key": Wrong(
        where=STT,
        told=("deepgram.STT: cannot be made: Deepgram API key is required", "fix: set what it asks for"),
        change=ears("livekit/deepgram.STT"),
        unset="DEEPGRAM_API_KEY",
    ),
    "language, an Azure voice nobody listed": Wrong(
        where=TTS,
        told=("does not know the agent's language, fr-FR", "fix: it knows en-IE"),
        change=voice("azure/en-IE-EmilyNeural", "fr-FR"),
    ),
    "language, a Google voice nobody listed": Wrong(
        where=TTS,
        told=("does not know the agent's language, en-US", "fix: it knows de-DE"),
        change=voice("google/de-DE-Neural2-Z"),
    ),
    "voice, OpenAI": Wrong(
        where=TTS,
        told=('OpenAI has no voice "aloy"', 'fix: did you mean "alloy"? known: alloy, ash'),
        change=voice("openai/aloy"),
    ),
    "missing extra and missing key": missing(
        TTS,
        voice("cartesia/x1"),
        "cartesia/x1",
        "pip install 'antiphon[cartesia]', and set CARTESIA_API_KEY",
        bare=True,
        unset="CARTESIA_API_KEY",
    ),
    "a recogniser on no list": Wrong(
        where=STT,
        told=("deepgram/nova-33 is on no list of ours", 'fix: did you mean "deepgram/nova-3"?'),
        change=ears("deepgram/nova-33"),
        is_advice=True,
    ),
    "speed, ElevenLabs": Wrong(
        where=TTS,
        told=("does not speak at the speed the agent is given, 1.5", "fix: it speaks from 0.7 to 1.2"),
        change={"speech": {"tts": ["elevenlabs/x1"], "speed": 1.5}},
    ),
    "speed, Deepgram": Wrong(
        where=TTS,
        told=("does not speak at the speed the agent is given, 0.6", "fix: it speaks from 0.7 to 1.5"),
        change={"speech": {"tts": ["deepgram/aura-2-thalia-en"], "speed": 0.6}},
    ),
    "speed, a plugin's own": Wrong(
        where=TTS,
        told=("does not speak at the speed the agent is given, 1.1", "fix: it speaks from 1 to 1"),
        change={"speech": {"tts": ["livekit/deepgram.TTS"], "speed": 1.1}},
    ),
    "sample rate": Wrong(
        where="speech.sample_rate_hz",
        told=("unknown key 'sample_rate_hz'", REMOVE),
        change={"speech": {"tts": ["elevenlabs/x1"], "sample_rate_hz": 44_100}},
    ),
    "format": Wrong(
        where="speech.output_format",
        told=("unknown key 'output_format'", REMOVE),
        change={"speech": {"tts": ["cartesia/x1"], "output_format": "mp3_22050"}},
    ),
    "price, ElevenLabs": Wrong(
        where="prices",
        told=(
            "a price for elevenlabs/eleven_flash_v9/*, which no vendor offers",
            "fix: `antiphon providers` lists",
        ),
        price="elevenlabs/eleven_flash_v9/*",
    ),
    "price, Cartesia": Wrong(
        where="prices",
        told=("a price for cartesia/sonic-9/x", "fix: `antiphon providers` lists"),
        price="cartesia/sonic-9/x",
    ),
    "price, a model of a vendor that takes any": Wrong(
        where="prices",
        told=(
            "a price for openai/gpt-5.4-mimi, a model nobody lists",
            'fix: did you mean "openai/gpt-5.4-mini"?',
        ),
        price="openai/gpt-5.4-mimi",
        price_role="llm",
        is_advice=True,
    ),
    "no price, OpenAI": Wrong(
        where=LLM,
        told=(
            "the price book has no price for openai/gpt-99",
            "fix: put its price into a file",
            "ANTIPHON_PRICES",
        ),
        change=mind("openai/gpt-99"),
        is_advice=True,
    ),
    "SSML, a tag nobody knows": Wrong(
        where="greeting",
        told=("SSML that does not parse: line 1, column 7: <brake>", "fix: use <break>"),
        change={"greeting": 'Hello <brake time="1s"/> you.', **voice("elevenlabs/x1")},
    ),
    "SSML, never closed": Wrong(
        where="greeting",
        told=("<emphasis> is never closed", "fix: add </emphasis>"),
        change={"greeting": "Hello <emphasis>you.", **voice("cartesia/x1")},
    ),
    "pronunciation, a dash": Wrong(
        where="speech.pronunciations.Siobhan",
        told=("'-' at position 4 of 'shi-VAWN'", "fix: ", "respelling"),
        change={"speech": {"tts": ["cartesia/x1"], "pronunciations": {"Siobhan": "/shi-VAWN/"}}},
    ),
    "pronunciation, an apostrophe": Wrong(
        where="speech.pronunciations.test.ipa",
        told=("position 1", "fix: write ˈ (U+02C8)"),
        change={"speech": {"tts": ["elevenlabs/x1"], "pronunciations": {"test": {"ipa": "'tɛst"}}}},
    ),
}


@pytest.mark.parametrize("wrong", CASES.values(), ids=CASES.keys())
def test_the_check_names_the_field_and_the_fix(
    wrong: Wrong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "k")
    if wrong.unset:
        monkeypatch.delenv(wrong.unset)
    if wrong.price:
        entry = {
            "provider": wrong.price,
            "role": wrong.price_role,
            "read": "2026-11-01",
            "source": "contract",
        }
        own = tmp_path / "prices.yaml"
        own.write_text(yaml.safe_dump({"prices": [{**entry, "rates": {"characters": "1 per 1M"}}]}))
        monkeypatch.setenv("ANTIPHON_PRICES", str(own))
    path = written(tmp_path, wrong.change)
    if wrong.bare:
        main(["agents", "check", str(path)])  # Whatever the check itself needs is there.
        capsys.readouterr()
        monkeypatch.setattr(sys, "path", [place for place in sys.path if "site-packages" not in place])

    code = main(["agents", "check", str(path)])

    said = [line for line in findings(capsys.readouterr().err) if f": {wrong.where}: " in line]
    (line,) = [line for line in said if wrong.told[0] in line]
    assert all(part in line for part in wrong.told), line
    assert line.startswith("warning: ") == wrong.is_advice
    assert code == 1 or wrong.is_advice


@pytest.mark.parametrize("name", ["openai/voice_1234", "azure/en-US-AvaMultilingualNeural"])
def test_a_voice_that_was_made_to_order_or_speaks_any_language_is_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "k")
    code = main(["agents", "check", str(written(tmp_path, voice(name, "de-DE")))])
    said = [line for line in findings(capsys.readouterr().err) if name in line]
    # That nobody knows its price, or that its vendor ends it one day, is no refusal.
    assert all(line.startswith("warning: ") for line in said), said
    assert not [line for line in said if not ("price book" in line or "by its vendor's announcement" in line)]
    assert code == 0


def test_faults_of_every_kind_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the file's form, of its names, of its providers and of the price book: nobody runs it four
    times to learn of the fourth."""
    for key in KEYS:
        monkeypatch.setenv(key, "k")
    monkeypatch.delenv("OPENAI_API_KEY")
    own = tmp_path / "prices.yaml"
    good = {"provider": "acme/*", "role": "tts", "read": "2026-11-01", "source": "contract"}
    entries = [
        {**good, "rates": {"characters": "1 per fortnight"}},
        {**good, "read": "yesterday", "rates": {"characters": "1 per 1M"}},
    ]
    own.write_text(yaml.safe_dump({"prices": entries, "volumes": {"azure/*": "plenty"}}))
    monkeypatch.setenv("ANTIPHON_PRICES", str(own))
    change = {
        "greeting": "Hello <emphasis>you.",
        "speech": {
            "stt": ["nonsense", "depgram/nova-3"],
            "tts": ["elevenlabs/x1", "openai/alloy"],
            "speed": 1.5,
            "pronunciations": {"Siobhan": "/shi-VAWN/", "Nguyen": {"ipa": "NG"}},
        },
        "reasoning": {
            "model": ["anthropic/claude-haiku-5-5", "unified:openai/gpt-realtime-1.5", "flow/desk"]
        },
        "turn": {"presett": "calm"},
    }

    code = main(["agents", "check", str(written(tmp_path, change))])

    told = capsys.readouterr().err
    for where in (
        "greeting: SSML", "speech.stt[0]: 'nonsense'", 'speech.stt[1]: there is no stt "depgram/nova-3"',
        "speech.tts[0]: elevenlabs/x1 does not speak at", "speech.tts[1]: openai/alloy cannot be used",
        "speech.pronunciations.Siobhan", "speech.pronunciations.Nguyen.ipa", "reasoning.model[1]: unified:",
        "turn.presett", "prices[0].rates.characters", "prices[1]: 'yesterday'", "volumes.azure/*",
    ):  # fmt: skip
        assert told.count(where) == 1, (where, told)
    assert "local/whisper-tiny.en" not in told.replace("such as local/whisper-tiny.en", ""), (
        "a stand-in was told"
    )
    assert code == 1


def test_a_volume_of_a_vendor_nobody_has_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "k")
    own = tmp_path / "prices.yaml"
    own.write_text(yaml.safe_dump({"volumes": {"azzure/*": "3 hours", "azure/*": "3 hours"}}))
    monkeypatch.setenv("ANTIPHON_PRICES", str(own))

    code = main(["agents", "check", str(written(tmp_path, {}))])

    told = capsys.readouterr().err
    assert "volumes.azzure/*: no vendor offers azzure/*" in told
    assert "volumes.azure/*" not in told
    assert code == 1


def findings(told: str) -> list[str]:
    """One a line, its fix on the same one."""
    return told.replace("\n  fix: ", " fix: ").replace("\n    fix: ", " fix: ").splitlines()


def written(folder: Path, change: Mapping[str, Any]) -> Path:
    file = {
        **FILE,
        **{
            key: {**FILE.get(key, {}), **value} if isinstance(value, dict) else value
            for key, value in change.items()
        },
    }
    (folder / "flow.yaml").write_text(yaml.safe_dump(FLOW), encoding="utf-8")
    path = folder / "desk.yaml"
    path.write_text(yaml.safe_dump(file, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
