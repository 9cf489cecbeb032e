"""The first answer of a worker's life: nothing is loaded in it, for every call of the process would wait."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import asyncio, sys
from tests.conformance.llm_adapters import ADAPTERS
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import Scripted, ScriptedModel
from antiphon.agents.ports import Message
from antiphon.providers.streaming import Bounds

adapter = next(one for one in ADAPTERS if one.name.startswith(sys.argv[1]))

async def first() -> None:
    async with HttpVendor(ScriptedModel(adapter.dialect, [Scripted(parts=["Yes."])])) as vendor:
        model = adapter.make(vendor.url, Bounds())
        before = set(sys.modules)
        answer = await model.complete([Message(role="user", content="Hm?")], (), lambda text: None)
        print(answer.text, sorted(set(sys.modules) - before))

asyncio.run(first())
"""


@pytest.mark.parametrize("vendor", ["anthropic", "gemini", "openai/"])
def test_the_first_answer_imports_nothing(vendor: str) -> None:
    run = [sys.executable, "-W", "ignore", "-c", _PROGRAM, vendor]
    told = subprocess.run(run, capture_output=True, text=True, check=False)
    assert told.stdout.strip() == "Yes. []", told.stderr
