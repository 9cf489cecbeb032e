"""Names to ports: in this process, through the inference worker, and names that are wrong."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.providers import command
from antiphon.providers.local import catalogue
from antiphon.providers.local.catalogue import Engine
from antiphon.providers.local.worker.client import WorkerClient
from antiphon.providers.local.worker.lanes import LaneExecutor
from antiphon.providers.local.worker.offer import Offer, build_offer
from antiphon.providers.local.worker.server import WorkerServer
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role
from antiphon.speech.ports import TtsAudio, TtsRequest


class Echo:
    """Speaks the name of the voice it was asked for."""

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        emit(TtsAudio(pcm=request.voice.encode()))


class Half:
    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        return 0.5


def test_every_role_has_embedded_names() -> None:
    registry = Registry(vendors={})
    assert registry.known("stt") == ["local/whisper-tiny.en", "local/whisper-base"]
    assert "local/piper-joe" in registry.known(Role.TTS)
    assert "local/kokoro-af_heart" in registry.known(Role.TTS)
    assert registry.known(Role.END_OF_TURN) == ["local/smart-turn"]
    assert registry.known(Role.ENCODER) == ["local/e5"]
    assert registry.known(Role.VAD) == ["local/silero"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("local/whisper-tiny", "local/whisper-tiny.en"), ("whisper-tiny.en", "local/whisper-tiny.en")],
)
def test_a_misspelt_name_is_told_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=f'there is no stt "{name}"\n.*did you mean "{nearest}"'):
        Registry().stt(name)


def test_a_name_of_another_role_is_no_name_of_this_one() -> None:
    with pytest.raises(ConfigError, match='no eot "local/piper-joe"'):
        Registry().end_of_turn("local/piper-joe")
    with pytest.raises(ConfigError, match="no vad"):
        Registry().voice_activity("local/e5", 8000)


def test_an_engine_is_built_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Echo] = []

    def build(executor: object) -> Echo:
        built.append(Echo())
        return built[-1]

    monkeypatch.setattr(
        catalogue,
        "TEXT_TO_SPEECH",
        {**catalogue.TEXT_TO_SPEECH, "kokoro": Engine(model="kokoro-82m", build=build)},
    )
    registry = Registry()
    heart, heart_voice = registry.tts("local/kokoro-af_heart")
    george, george_voice = registry.tts("local/kokoro-bm_george")
    assert heart is george
    assert len(built) == 1
    assert (heart_voice, george_voice) == ("af_heart", "bm_george")


def test_a_missing_model_is_told_when_the_engine_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match=r"antiphon models fetch smart-turn-v3.2"):
        Registry().end_of_turn("local/smart-turn")


async def test_what_the_worker_serves_comes_from_the_worker(tmp_path: Path) -> None:
    executor = LaneExecutor(1)
    server = WorkerServer(Offer(text_to_speech={"piper-joe": Echo()}, end_of_turn=Half()), executor)
    await server.listen(tmp_path / "w.sock")
    client = await WorkerClient.connect(tmp_path / "w.sock")
    registry = Registry(client)
    spoken: list[bytes] = []
    async with asyncio.timeout(10):
        engine, voice = registry.tts("local/piper-joe")
        request = TtsRequest(text="hello", voice=voice, sample_rate_hz=8000)
        await engine.synthesize(request, lambda audio: spoken.append(audio.pcm))
        assert await registry.end_of_turn("local/smart-turn").score(b"", 8000) == 0.5
    assert spoken == [b"joe"]
    with pytest.raises(ConfigError, match='started without "whisper-base"'):
        registry.stt("local/whisper-base")
    with pytest.raises(ConfigError, match='started without "kokoro"'):
        registry.tts("local/kokoro-af_heart")
    await client.aclose()
    await server.aclose()
    executor.shutdown()


def test_a_worker_asked_for_an_unknown_role_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r'"smell" is no role(.|\n)*stt, tts, eot, encoder'):
        build_offer(["eot", "smell"], LaneExecutor(1))


@pytest.fixture(autouse=True)
def into_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test runners tell their workers of a screen."""
    monkeypatch.delenv("COLUMNS", raising=False)


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    code: int = arguments.run(arguments)
    return code


def test_the_matrix_shows_role_name_licence_and_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    assert _run("providers") == 0
    lines = capsys.readouterr().out.splitlines()
    (smart_turn,) = [line for line in lines if "local/smart-turn" in line]
    assert smart_turn.split()[:3] == ["eot", "local/smart-turn", "BSD-2-Clause"]
    assert "missing: antiphon models fetch smart-turn-v3.2" in smart_turn


def test_voices_of_a_vendor_that_can_do_the_same_share_a_line_unless_all_are_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    monkeypatch.delenv("AZURE_SPEECH_KEY", raising=False)
    assert _run("providers", "--role", "tts", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert _run("providers", "--role", "tts", "--all") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(rows) + 1
    assert _run("providers", "--role", "tts") == 0
    lines = capsys.readouterr().out.splitlines()
    of_deepgram = [row for row in rows if row["name"].startswith("deepgram/")]
    (deepgram,) = [line for line in lines if " deepgram/" in line]
    assert f"deepgram/aura-2-thalia-en and {len(of_deepgram) - 1} more " in deepgram
    assert "DEEPGRAM_API_KEY set " in deepgram
    assert "languages=7," in deepgram
    azure, azure_clones = [line for line in lines if " azure/" in line]
    assert "azure/*-*-* " in azure_clones
    assert "AZURE_SPEECH_KEY not set" in azure
    assert "missing: key " in azure
    # Each name stands in one line, and each line says how many it speaks for.
    more = [int(found[1]) for line in lines if (found := re.search(r" and (\d+) more ", line))]
    assert len(lines) - 1 + sum(more) == len(rows)


def test_on_a_screen_the_matrix_is_no_wider_than_it_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "9999")
    assert _run("providers") == 0
    wide = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "80")
    assert _run("providers") == 0
    shown = capsys.readouterr().out
    # Only a name that is longer than the screen may be: it is copied out whole.
    assert all(len(line) <= 80 or len(line.split()) <= 2 for line in shown.splitlines())
    assert set(shown.split()) >= {word for word in wide.split() if word not in ("KEY", "CAN", "-")}


def test_what_is_missing_is_told_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("antiphon.providers.cloud.is_importable", lambda name: False)
    monkeypatch.delenv("CARTESIA_API_KEY", raising=False)
    monkeypatch.setenv("DEEPGRAM_API_KEY", "k")
    assert _run("providers", "--role", "tts") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "missing: extra, key " in next(line for line in lines if " cartesia/" in line)
    assert "missing: extra " in next(line for line in lines if " deepgram/" in line)


def test_the_matrix_as_json_tells_keys_extras_and_capabilities(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_LLM_URL", "http://127.0.0.1:9/v1")
    monkeypatch.delenv("ANTIPHON_LLM_MODEL", raising=False)
    assert _run("providers", "--json", "--role", "llm") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    own = rows["openai-compatible"]
    assert own["keys"] == {"ANTIPHON_LLM_MODEL": False, "ANTIPHON_LLM_URL": True}
    assert own["state"] == "missing: set ANTIPHON_LLM_MODEL"
    assert own["extra"] == "openai"
    assert own["capabilities"] == {"tools": True}
    assert _run("providers", "--role", "stt") == 0
    tiny = next(line for line in capsys.readouterr().out.splitlines() if "whisper-tiny.en" in line)
    assert "languages=en" in tiny
    with pytest.raises(ConfigError, match="'nose' is no role"):
        _run("providers", "--role", "nose")


def test_the_list_of_models_shows_each_with_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    assert _run("models", "list") == 0
    out = capsys.readouterr().out
    assert out.count("is not installed") == 7
    assert str(tmp_path) in out


def test_check_fails_when_a_needed_model_is_missing_but_not_for_an_optional_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    assert _run("models", "check") == 1
    out = capsys.readouterr().out
    assert "antiphon models fetch silero-vad" in out
    assert "kokoro" not in out
    assert _run("models", "check", "callers") == 1
    assert "kokoro-82m" in capsys.readouterr().out
