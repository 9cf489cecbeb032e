"""Whole calls in real time: what a stack must survive is looked at from outside, over lines of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from structlog.testing import LogCapture
from tests.audio.real_lines import Watched, impatient

from antiphon.agents.definition import load_agent
from antiphon.quality.callers.stack import Stack

ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """The clinic, and the same with little patience for silence, on one stack; its errors are kept."""
    home = tmp_path_factory.mktemp("stack")
    clinic = load_agent(ROOT / "agents/clinic.yaml")
    logged, before = LogCapture(), structlog.get_config()["processors"]
    structlog.configure(processors=[logged])
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    try:
        async with Stack([clinic, impatient(clinic)], home, home) as stack:
            yield Watched(stack=stack, home=home, clinic=clinic, logged=logged.entries, unhandled=unhandled)
    finally:
        structlog.configure(processors=before)
