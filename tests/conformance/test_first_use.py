"""The first words a vendor hears, speaks or writes for a worker: its package loads nothing more of itself
then, for every call of the process would wait (200 ms, with some)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.conformance import stt_vendors, tts_vendors

pytestmark = pytest.mark.own_pace

_BEFORE = """
import asyncio, sys
import antiphon.server.media_worker

async def told(first):
    before = set(sys.modules)
    await first
    print(sorted(set(sys.modules) - before))
"""
_HEARS = """
from tests.conformance.stt_vendors import VENDORS, Ear, say
from antiphon.speech.ports import SttConfig

async def use(name):
    vendor = next(one for one in VENDORS if one.name == name)
    ear = Ear()

    async def hear(stt):
        stream = stt.open(SttConfig(sample_rate_hz=8_000), ear)
        await say(stream, "hello please")
        assert (await ear.final()).text == "hello please"
        await stream.aclose()

    async with vendor.bench() as (_, stt):
        await told(hear(stt))
"""
_SPEAKS = """
from tests.conformance.tts_vendors import VENDORS
from antiphon.speech.ports import TtsRequest

async def use(name):
    vendor = next(one for one in VENDORS if one.name == name)
    asked = TtsRequest(text="hello please", voice=vendor.voice, sample_rate_hz=8_000, speed=1.0)
    async with vendor.bench() as (_, tts):
        await told(tts.synthesize(asked, lambda audio: None))
"""
_WRITES = """
from tests.conformance.llm_adapters import ADAPTERS
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import Scripted, ScriptedModel
from antiphon.agents.ports import Message
from antiphon.providers.streaming import Bounds

async def use(name):
    adapter = next(one for one in ADAPTERS if one.name.startswith(name))
    async with HttpVendor(ScriptedModel(adapter.dialect, [Scripted(parts=["Yes."])])) as vendor:
        model = adapter.make(vendor.url, Bounds())
        await told(model.complete([Message(role="user", content="Hm?")], (), lambda text: None))
"""


def loaded_by(use: str, name: str) -> str:
    program = f"{_BEFORE}{use}\nasyncio.run(use(sys.argv[1]))"
    command = [sys.executable, "-W", "ignore", "-c", program, name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.strip() or run.stderr


@pytest.mark.parametrize("name", [vendor.name for vendor in stt_vendors.VENDORS])
def test_the_first_words_heard_load_nothing(name: str) -> None:
    assert loaded_by(_HEARS, name) == "[]"


@pytest.mark.parametrize("name", [vendor.name for vendor in tts_vendors.VENDORS])
def test_the_first_words_spoken_load_nothing(name: str) -> None:
    assert loaded_by(_SPEAKS, name) == "[]"


# LiveKit's language models are missing here: such a plugin makes its client when it is first asked, and the
# SDK behind it loads its HTTP library only then. Which SDK that is, is the plugin's affair.
@pytest.mark.parametrize("name", ["anthropic", "gemini", "openai/"])
def test_the_first_words_written_load_nothing(name: str) -> None:
    assert loaded_by(_WRITES, name) == "[]"
