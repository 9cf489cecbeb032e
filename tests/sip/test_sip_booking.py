"""The clinic's booking by phone, over real SIP and RTP: a caller with a voice, ears and a goal, at Debian's
baresip; judged by the calendar."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.audio.real_lines import Watched, assert_replays_exactly
from tests.sip.house import SipHouse, until
from tests.sip.phone_booth import PhoneBooth
from tests.sip.telephone import Telephone

from antiphon.quality.callers.calling import LineSettings, place, prepare
from antiphon.quality.callers.report import CallReport
from antiphon.quality.callers.script import load_caller

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[2]
CALLER = ROOT / "agents/clinic/callers/books.yaml"
LINE = LineSettings(line="phone")
TRIES = 2  # Small models mishear now and then; a caller who missed may call again.


async def _call(watched: Watched) -> CallReport:
    stack = watched.stack
    today = datetime.now(watched.clinic.zone)
    caller = await prepare(load_caller(CALLER), CALLER, stack.caller_models, LINE, today)
    async with (
        SipHouse(switchboard=stack.exchange, agents=("clinic",)) as house,
        Telephone(np.zeros(60 * 8000, np.int16)) as phone,
    ):
        await phone.call(house.uri("clinic"))
        await until(stack.exchange.active)
        (active,) = stack.exchange.active()
        booth = PhoneBooth(phone, stack.exchange, active.call_id)
        at_phone = SimpleNamespace(
            exchange=booth, caller_models=stack.caller_models, calls_directory=stack.calls_directory
        )
        return await place(at_phone, watched.clinic, watched.home, caller, LINE)  # type: ignore[arg-type]


async def test_an_appointment_is_booked_by_telephone(watched: Watched) -> None:
    reports = []
    for _ in range(TRIES):
        reports.append(await _call(watched))
        assert_replays_exactly(watched.record(reports[-1].data["call_id"]))
        if reports[-1].reached:
            break
    assert reports[-1].reached, [report.data["why"] for report in reports]
