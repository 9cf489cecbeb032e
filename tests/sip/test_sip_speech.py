"""Real speech over SIP: the clinic answers a telephone, and words come through a bad network."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

import numpy as np
import pytest
import pytest_asyncio
from tests.audio.real_lines import Watched, assert_replays_exactly
from tests.sip.bad_path import BadPath, Impairment
from tests.sip.house import HOST, SipHouse, until
from tests.sip.telephone import Telephone, write_wav

from antiphon.conversation import events as ev
from antiphon.quality.wer import wer

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

PHONE_HZ = 8000
QUESTION = "What time do you open on Monday?"
TOLD = (
    "I would like to move my appointment from Tuesday morning to Thursday afternoon, because my daughter "
    "has a school concert and I promised to drive her there. My number has not changed since the last time."
)
BAD = Impairment(lost=0.05, doubled=0.02, jitter_ms=60)
QUIET_MS = 1500
SILENCE = np.zeros(60 * PHONE_HZ, np.int16)


@dataclass(slots=True, kw_only=True)
class Said:
    greeting: str = ""
    answer: str = ""
    call_id: str = ""
    clean: str = ""
    bad: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    path: BadPath | None = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def said(watched: Watched) -> Said:
    """The clinic's call, and the same words over a good and over a bad path, all at once."""
    said = Said()
    question = await watched.render(QUESTION, rate_hz=PHONE_HZ)
    told = await watched.render(TOLD, rate_hz=PHONE_HZ)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_ask_the_clinic(watched, said, question))
        tasks.create_task(_tell_over_paths(watched, said, told))
    return said


async def _ask_the_clinic(watched: Watched, said: Said, question: np.ndarray) -> None:
    async with (
        SipHouse(switchboard=watched.stack.exchange, agents=("clinic",)) as house,
        Telephone(SILENCE) as phone,
    ):
        await phone.call(house.uri("clinic"))
        await until(watched.stack.exchange.active)
        said.call_id = next(iter(watched.stack.exchange.active())).call_id
        await until(lambda: _is_quiet(phone.heard()), within_s=40)
        greeted = len(phone.heard())
        write_wav(phone.folder / "question.wav", np.concatenate([question, SILENCE]))
        await phone.tell("ausrc", f"aufile,{phone.folder / 'question.wav'}")
        await phone.press("7")
        asked = len(question) + PHONE_HZ
        await until(lambda: _is_quiet(phone.heard()[greeted + asked :]), within_s=40)
        await phone.tell("hangup")
        await watched.stack.exchange.wait_ended(said.call_id)
        said.greeting = await watched.words_of(phone.heard()[:greeted], PHONE_HZ)
        said.answer = await watched.words_of(phone.heard()[greeted:], PHONE_HZ)


async def _tell_over_paths(watched: Watched, said: Said, told: np.ndarray) -> None:
    voice = np.concatenate([SILENCE[:PHONE_HZ], told, SILENCE])
    async with (
        SipHouse(greeting_ms=0) as house,
        BadPath(house.port, BAD) as path,
        Telephone(voice) as good_phone,
        Telephone(voice) as bad_phone,
    ):
        await good_phone.call(house.uri("clinic"))
        await bad_phone.call(f"sip:clinic@{HOST}:{path.port}")
        good, bad = await house.call(0), await house.call(1)
        wanted = len(told) + 2 * PHONE_HZ
        await until(lambda: min(len(good.heard), len(bad.heard)) >= wanted, within_s=40)
        await good_phone.tell("hangup")
        await bad_phone.tell("hangup")
        await until(lambda: not len(house.lines))
        await until(lambda: house.lines.counts().get("packets_lost", 0) > 0)
        said.counts, said.path = house.lines.counts(), path
        said.clean = await watched.words_of(good.heard, PHONE_HZ)
        said.bad = await watched.words_of(bad.heard, PHONE_HZ)


def _is_quiet(heard: np.ndarray) -> bool:
    """Somebody spoke, and then nobody for a while."""
    loud = np.flatnonzero(np.abs(heard) > 500)
    return bool(len(loud)) and len(heard) - loud[-1] > QUIET_MS * PHONE_HZ // 1000


async def test_the_greeting_is_heard_and_the_question_answered(watched: Watched, said: Said) -> None:
    assert wer(watched.clinic.opening, said.greeting).rate <= 0.25, said.greeting
    assert re.search(r"\b(8|eight)\b", said.answer, re.IGNORECASE), said.answer


async def test_the_key_and_the_end_are_in_the_record_and_it_replays(watched: Watched, said: Said) -> None:
    record = watched.record(said.call_id)
    assert [event.digit for event in record.events if isinstance(event, ev.DtmfReceived)] == ["7"]
    outcome = watched.stack.exchange.outcome(said.call_id)
    assert outcome is not None and outcome.cause == "caller_hangup"
    assert_replays_exactly(record)
    assert not watched.errors


async def test_words_survive_loss_and_jitter_and_the_damage_is_counted(said: Said) -> None:
    clean, bad = wer(TOLD, said.clean).rate, wer(TOLD, said.bad).rate
    path, counts = said.path, said.counts
    assert path is not None
    print(f"\nwer clean {clean:.3f}, bad {bad:.3f}; {path.lost} of {path.sent} lost; {counts}")
    assert clean <= 0.1, said.clean
    assert bad <= clean + 0.15, said.bad
    assert path.lost / path.sent > 0.03
    # Every hole was noticed. What came too late for its turn, or for a busy machine, is made up as well.
    assert counts["packets_lost"] >= 0.7 * path.lost
    assert counts["concealed_ms"] >= 0.6 * path.lost * 20
    assert counts["packets_reordered"] > 0 and counts["packets_late"] > 0
