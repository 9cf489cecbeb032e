"""A routes file over real SIP: the number that was called decides; who waits hears comfort and is served on
his line; who waited in vain is passed on by REFER to a telephone that answers. Pitch tells who is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.doubles.on_disk import traces
from tests.doubles.routed_world import TONES_HZ, ToneMouth, tone_kit
from tests.sip.house import HOST, SipHouse, until
from tests.sip.sipp import Sipp
from tests.sip.telephone import Telephone
from tests.sip.test_sip_transfers import PERSON_HZ, SILENCE, hears_ms, voice

from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.ports import ColdTransfer
from antiphon.calls.routing import RoutedSwitchboard, load_routes
from antiphon.calls.sip.lines import Taken
from antiphon.runtime.arrivals import Switchboard
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.media import MediaPlane
from antiphon.server.ways_in import passed_on_by_sip, sip_router

CLINIC_HZ, BANK_HZ = TONES_HZ["clinic"], TONES_HZ["bank"]
FORWARDED = "+12125550111"
WAIT_MS = 5000
QUEUE = (
    f"queue: {{wait_max_ms: {WAIT_MS}, position: 'You are {{position}}.', comfort: 'Still {{position}}.', "
)
QUEUE += "sorry: Nobody has time.}"
ROUTES = "routes: {desk: {to: 'sip:desk', limit: 1, full: {FULL}, rules: [{agent: clinic}]}}\n"
DEAD_AIR_MS = 1200
TALKS = "INVITE 100? 180? 200 ACK tone pause BYE 200"


class RoutedHouse:
    """`house` answers for `sip:desk` by these routes, with the agents clinic and bank."""

    def __init__(self, home: Path, full: str = "", *, routes: str = ROUTES) -> None:
        (home / "routes.yaml").write_text(routes.replace("FULL", full))
        self.home, self.mouths = home / "calls", {name: ToneMouth(hz) for name, hz in TONES_HZ.items()}
        self._kits = {name: tone_kit(home, name, mouth) for name, mouth in self.mouths.items()}
        digests = {name: kit.definition.digest for name, kit in self._kits.items()}
        self._table = load_routes(home / "routes.yaml", digests)
        self.routing: RoutedSwitchboard
        self.asked: list[str] = []
        self.house = SipHouse(
            environ={"ANTIPHON_SIP_TRUNK": f"sip:antiphon@{HOST}:1"},
            switchboard=self._switchboard,
            escalation=self._escalation,
            router=self._router,
            users=self._table.sip_users,
        )

    def _switchboard(self, plane: MediaPlane) -> Switchboard:
        clock = LoopClock()
        self.exchange = Exchange(plane=plane, agents=self._kits, calls_directory=self.home, clock=clock)
        self.routing = RoutedSwitchboard(
            self.exchange, self._table, plane=plane, clock=clock, calls_directory=self.home
        )
        return LegsFirst(self.routing, TransferDesk(plane=plane, controls={}, base_url="", clock=clock))

    def _router(self, user: str, caller: str, sip_call_id: str) -> Taken:
        self.asked.append(user)
        return sip_router(self.routing)(user, caller, sip_call_id)

    def _escalation(self, call_id: str) -> ColdTransfer | None:
        return passed_on_by_sip(self.routing, call_id)

    def trace(self) -> str:
        return "".join(path.read_text() for path in traces(self.home))

    async def somebody_talks(self, talk_ms: int = 30_000) -> Sipp:
        """The one place is taken."""
        first = Sipp(TALKS, self.house.address, user="desk", talk_ms=talk_ms)
        await first.start()
        await until(lambda: len(self.exchange.active()) == 1)
        return first

    async def all_gone(self) -> None:
        await until(lambda: not self.routing.active() and not len(self.house.lines))
        assert self.house.plane.live_calls == 0


def longest_silence_ms(pcm: np.ndarray) -> int:
    loud = np.sqrt((pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(np.float64) ** 2).mean(axis=1)) > 20
    longest = run = 0
    for one in loud:
        run = 0 if one else run + 1
        longest = max(longest, run)
    return 20 * longest


async def test_the_number_that_was_called_decides_however_the_trunk_writes_it(tmp_path: Path) -> None:
    routes = "routes:\n  number: {to: '+16175550142', rules: [{agent: bank}]}\n"
    routes += "  user: {to: 'sip:desk', rules: [{agent: clinic}]}\n"
    routes += "  closed: {to: ['+16175550143', 'sip:shut'], rules: [{busy: true}]}\n"
    world = RoutedHouse(tmp_path, routes=routes)
    answered = {"+16175550142": "bank", "16175550142": "bank", "desk": "clinic", "clinic": "clinic"}
    async with world.house:
        for user, agent in answered.items():
            caller = Sipp(TALKS, world.house.address, user=user, talk_ms=300)
            await caller.start()
            await until(world.exchange.active)
            assert [call.agent for call in world.exchange.active()] == [agent], user
            assert (await caller.report()).succeeded == 1
            await world.all_gone()
        for user in ("shut", "+16175550143", "+16175550199", "nobody"):
            report = await Sipp("INVITE 100? 180? 486 ACK", world.house.address, user=user).run()
            assert report.succeeded == 1, report.log


async def test_a_route_for_all_others_is_told_whom_they_called(tmp_path: Path) -> None:
    routes = "routes:\n  number: {to: '+16175550142', rules: [{agent: bank}]}\n"
    routes += "  others: {to: '*', rules: [{agent: clinic}]}\n"
    world = RoutedHouse(tmp_path, routes=routes)
    async with world.house:
        report = await Sipp(TALKS, world.house.address, user="+16175550199", talk_ms=300).run()
        assert report.succeeded == 1, report.log
        await world.all_gone()
        assert world.routing.counted["toagent"] == 1
        assert world.asked == ["+16175550199"]


async def test_who_waits_hears_comfort_and_is_served_on_his_line(tmp_path: Path) -> None:
    world = RoutedHouse(tmp_path, QUEUE)
    async with world.house, Telephone(voice(PERSON_HZ, 60_000)) as second:
        first = await world.somebody_talks(talk_ms=4000)
        await second.call(world.house.uri("desk"))
        await until(lambda: len(world.routing.active()) == 2)
        said = world.mouths["clinic"].said
        await until(lambda: "You are one." in said)
        assert said.count("Hello there.") == 1
        await until(lambda: said.count("Hello there.") == 2)
        waited = second.heard()
        started = np.flatnonzero(np.abs(waited) > 500)[0]
        assert longest_silence_ms(waited[started:]) < DEAD_AIR_MS, "the wait is never dead air"
        assert hears_ms(waited, CLINIC_HZ) >= 200
        before = len(waited)
        await until(lambda: hears_ms(second.heard()[before:], CLINIC_HZ) >= 250)
        assert (await first.report()).succeeded == 1
        (call,) = world.exchange.active()
        assert call.agent == "clinic"
        await second.tell("hangup")
        await world.all_gone()
        await until(lambda: '"served"' in world.trace() and '"queued"' in world.trace())


async def test_who_waited_in_vain_is_put_through_to_a_telephone_that_answers(tmp_path: Path) -> None:
    async with Telephone(voice(PERSON_HZ, 60_000), answers=True) as person:
        world = RoutedHouse(tmp_path, f"{QUEUE}, overflow: {{forward: 'sip:caller@{HOST}:{person.port}'}}")
        async with world.house, Telephone(SILENCE) as second:
            first = await world.somebody_talks()
            await second.call(world.house.uri("desk"))
            await until(lambda: world.house.lines.counts().get("passed_on") == 1)
            assert person.saw("CALL_ESTABLISHED")
            await until(lambda: hears_ms(second.heard(), PERSON_HZ) >= 500)
            assert len(world.routing.active()) == 1, "we are out of it"
            assert world.routing.counted["forwarded"] == 1
            await until(lambda: '"cause":"queue_forwarded"' in world.trace())
            await second.tell("hangup")
            await until(lambda: person.saw("CALL_CLOSED"))
            await first.stop()


async def test_who_waited_in_vain_hears_that_nobody_has_time(tmp_path: Path) -> None:
    world = RoutedHouse(tmp_path, QUEUE)
    async with world.house, Telephone(SILENCE) as second:
        first = await world.somebody_talks()
        await second.call(world.house.uri("desk"))
        await until(lambda: second.saw("CALL_CLOSED"), within_s=20)
        assert world.mouths["clinic"].said[-1] == "Nobody has time."
        assert hears_ms(second.heard()[-8 * 1000 :], CLINIC_HZ) >= 300, "and it was heard before the end"
        assert len(world.exchange.active()) == 1
        await first.stop()


async def test_who_waited_in_vain_overflows_to_another_agent_on_his_line(tmp_path: Path) -> None:
    world = RoutedHouse(tmp_path, f"{QUEUE}, overflow: {{agent: bank}}")
    async with world.house, Telephone(SILENCE) as second:
        first = await world.somebody_talks()
        await second.call(world.house.uri("desk"))
        await until(lambda: hears_ms(second.heard(), BANK_HZ) >= 250, within_s=20)
        assert {call.agent for call in world.exchange.active()} == {"clinic", "bank"}
        await second.tell("hangup")
        await until(lambda: len(world.exchange.active()) == 1)
        await first.stop()


async def test_who_hangs_up_in_line_leaves_his_place(tmp_path: Path) -> None:
    world = RoutedHouse(tmp_path, QUEUE)
    async with world.house:
        first = await world.somebody_talks(talk_ms=4000)
        report = await Sipp(TALKS, world.house.address, user="desk", talk_ms=800).run()
        assert report.succeeded == 1, report.log
        await until(lambda: world.routing.counted["abandoned"] == 1)
        await until(lambda: '"cause":"caller_hangup"' in world.trace())
        assert (await first.report()).succeeded == 1
        await world.all_gone()


@pytest.mark.parametrize(
    ("full", "words"),
    [
        ("overflow: {busy: true}", "INVITE 100? 180? 486 ACK"),
        (
            f"overflow: {{forward: '{FORWARDED}'}}",
            "INVITE 100? 180? 200 ACK <REFER =202 NOTIFY:200 200 <BYE =200",
        ),
        # The queue is there, and as long as it may be.
        (QUEUE.replace("{wait", "{callers_max: 1, wait"), "INVITE 100? 180? 486 ACK"),
    ],
)
async def test_at_the_limit_the_caller_is_told_at_once(tmp_path: Path, full: str, words: str) -> None:
    world = RoutedHouse(tmp_path, full)
    async with world.house:
        first = await world.somebody_talks()
        waiting = Sipp(TALKS, world.house.address, user="desk", talk_ms=30_000)
        if "queue" in full:
            await waiting.start()
            await until(lambda: len(world.routing.active()) == 2)
        report = await Sipp(words, world.house.address, user="desk").run(within_s=4)
        assert report.succeeded == 1, report.log
        assert ("<REFER" in words) == (f"Refer-To: sip:{FORWARDED}@" in report.messages.replace("<", ""))
        assert len(world.exchange.active()) == 1
        await first.stop()
        if "queue" in full:
            await waiting.stop()


async def test_a_number_nobody_routes_and_a_forward_the_far_end_refuses_end_in_order(tmp_path: Path) -> None:
    world = RoutedHouse(tmp_path, f"{QUEUE}, overflow: {{forward: '{FORWARDED}'}}")
    async with world.house:
        report = await Sipp("INVITE 100? 180? 486 ACK", world.house.address, user="elsewhere").run()
        assert report.succeeded == 1, report.log
        first = await world.somebody_talks()
        refuses = "INVITE 100? 180? 200 ACK tone <REFER =603 <BYE =200"
        report = await Sipp(refuses, world.house.address, user="desk").run()
        assert report.succeeded == 1, report.log
        assert world.house.lines.counts()["not_passed_on"] == 1
        await first.stop()
