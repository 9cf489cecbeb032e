"""Calls through a routes file, from the carrier's signed webhook to what the caller hears: real sockets for
the media, virtual time. Who is heard is told by pitch."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.doubles.on_disk import traces
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.routed_world import OURS, TONES_HZ, RoutedWorld, routed_world
from tests.doubles.transfer_world import hears, longest_silence_ms

from antiphon.audio.ports import PHONE
from antiphon.errors import CallFailed
from antiphon.runtime.arrivals import Arrival
from antiphon.runtime.command import _row
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.summary import summarise
from antiphon.storage.traces import list_calls

CLINIC_HZ, BANK_HZ = TONES_HZ["clinic"], TONES_HZ["bank"]
ONE_AT_A_TIME = f"""
routes:
  desk:
    to: "{OURS}"
    limit: 1
    full: FULL
    rules: [{{agent: clinic}}]
"""
QUEUE = "{queue: {wait_max_ms: 60000, position: 'You are number {position}.', comfort: 'Still {position}.', "
QUEUE += "sorry: Nobody has time.}, overflow: OVERFLOW}"
DEAD_AIR_MS = 1000


class Sink:
    """A line nobody hears."""

    def send(self, payload: bytes) -> None: ...
    def mark(self, name: str) -> None: ...
    def clear(self) -> None: ...
    def end(self) -> None: ...


def during(home: Path, routes: str, story: Callable[[RoutedWorld], Awaitable[None]]) -> None:
    async def run() -> None:
        async with routed_world(home, routes) as here:
            await story(here)

    live_with_sockets(run())


def queueing(overflow: str = "{busy: true}", more: str = "") -> str:
    return ONE_AT_A_TIME.replace("FULL", QUEUE.replace("OVERFLOW", overflow)) + more


def notes(trace: str, kind: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in trace.splitlines()]
    return [line for line in lines if line.get("k") == "note" and line["type"] == kind]


def test_the_second_caller_waits_with_comfort_and_is_served_when_the_first_ends(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        first = await world.talking()
        second = world.caller("+16175550100")
        await second.dials()
        phone = await second.connects()
        await world.passes(25)
        said = world.mouths["clinic"].said
        assert "You are number one." in said
        assert "Still one." in said
        assert said.count("Hello there.") == 1, "nobody greets him yet"
        assert longest_silence_ms(phone.heard[8 * 500 :]) < DEAD_AIR_MS
        assert len(world.exchange.active()) == 1
        assert [getattr(one, "position", 0) for one in world.routing.active()] == [0, 1]

        await first.hangs_up()
        waited_to = len(phone.heard)
        await world.until(lambda: said.count("Hello there.") == 2)
        await phone.until_answered(gap_ms=400)
        assert hears(phone.heard[waited_to:], CLINIC_HZ) >= 300
        assert phone.stream.close_code is None, "on the line he came by"
        (call,) = world.exchange.active()
        await second.hangs_up()
        await world.written(lambda: not world.exchange.active())
        (path,) = traces(world.home, f"{call.call_id}.jsonl")
        trace = path.read_text()
        assert notes(trace, "queued")[0]["position"] == 1
        (served,) = notes(trace, "served")
        assert isinstance(served["waited_ms"], int) and 24_000 <= served["waited_ms"] <= 27_000
        assert replay_exactly(read_call(path)).difference is None

    during(tmp_path, queueing(), story)


def test_callers_are_served_in_their_order_and_told_their_place(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        first = await world.talking()
        second, third = world.caller("+16175550101"), world.caller("+16175550102")
        for waiting in (second, third):
            await waiting.dials()
            await waiting.connects()
        await world.passes(12)
        said = world.mouths["clinic"].said
        assert [words for words in said if "number" in words] == [
            "You are number one.",
            "You are number two.",
        ]
        await first.hangs_up()
        await world.until(lambda: said.count("Hello there.") == 2)
        await world.until(lambda: "Still one." in said[said.index("Still two.") :])
        await second.hangs_up()
        await world.until(lambda: said.count("Hello there.") == 3)
        assert world.routing.counted["served"] == 2
        assert third.phone is not None and third.phone.stream.close_code is None

    during(tmp_path, queueing(), story)


def test_who_hangs_up_in_line_leaves_a_trace_and_his_place(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        first = await world.talking()
        second, third = world.caller("+16175550101"), world.caller("+16175550102")
        for waiting in (second, third):
            await waiting.dials()
            await waiting.connects()
        await world.passes(8)
        await second.hangs_up()
        await world.until(lambda: len(world.routing.active()) == 2)
        await first.hangs_up()
        await world.until(lambda: world.mouths["clinic"].said.count("Hello there.") == 2)
        await world.written(lambda: any(notes(trace, "queue_ended") for trace in world.traces()))
        (left,) = [trace for trace in world.traces() if notes(trace, "queue_ended")]
        (ended,) = notes(left, "queue_ended")
        assert ended["cause"] == "caller_hangup"
        (path,) = [path for path in traces(world.home) if path.read_text() == left]
        assert replay_exactly(read_call(path)).difference is None
        assert world.routing.counted["abandoned"] == 1
        (listed,) = [one for one in list_calls(world.home, limit=9) if one.path == path]
        assert _row(listed)["outcome"] == "caller_hangup"
        assert summarise(read_call(path))["turns"] == []

    during(tmp_path, queueing(), story)


def test_a_wait_in_vain_ends_with_words(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        second = world.caller("+16175550101")
        await second.dials()
        phone = await second.connects()
        await world.until(lambda: phone.stream.close_code is not None)
        assert world.mouths["clinic"].said[-1] == "Nobody has time."
        assert 60_000 <= phone.now_ms <= 63_000
        spoken_ms = 30 * len("Nobody has time.")
        assert hears(phone.heard[-8 * 1500 :], CLINIC_HZ) >= spoken_ms - 100, "and he hears them"
        assert (await second.after()).find("Hangup") is not None
        assert len(world.exchange.active()) == 1

    during(tmp_path, queueing(), story)


def test_a_wait_in_vain_overflows_to_another_agent_on_the_same_line(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        second = world.caller("+16175550101")
        await second.dials()
        phone = await second.connects()
        await world.until(lambda: world.mouths["bank"].said)
        await phone.until_answered(gap_ms=400)
        assert hears(phone.heard, BANK_HZ) >= 300
        assert 60_000 <= phone.now_ms <= 63_000
        assert {call.agent for call in world.exchange.active()} == {"clinic", "bank"}

    during(tmp_path, queueing("{agent: bank}"), story)


def test_a_wait_in_vain_is_forwarded_by_the_carrier(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        second = world.caller("+16175550101")
        await second.dials()
        phone = await second.connects()
        await world.until(lambda: phone.stream.close_code is not None)
        dial = (await second.after()).find("Dial/Number")
        assert dial is not None and dial.text == "+12125550111"

    during(tmp_path, queueing('{forward: "+12125550111"}'), story)


@pytest.mark.parametrize(
    ("full", "verb"),
    [("{}", "Reject"), ('{overflow: {forward: "+12125550111"}}', "Dial/Number")],
)
def test_at_the_limit_the_carrier_is_told_at_once(tmp_path: Path, full: str, verb: str) -> None:
    async def story(world: RoutedWorld) -> None:
        first = await world.talking()
        second = world.caller("+16175550101")
        assert (await second.dials()).find(verb) is not None
        assert len(world.exchange.active()) == 1
        await first.hangs_up()
        await world.written(lambda: not world.exchange.active())
        third = world.caller("+16175550101")
        assert (await third.dials()).find("Connect/Stream") is not None, "and again there is room"

    during(tmp_path, ONE_AT_A_TIME.replace("FULL", full), story)


def test_at_the_limit_another_agent_answers_at_once(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        second = await world.talking("+16175550101")
        assert second.phone is not None
        assert hears(second.phone.heard, BANK_HZ) >= 300
        assert {call.agent for call in world.exchange.active()} == {"clinic", "bank"}

    during(tmp_path, ONE_AT_A_TIME.replace("FULL", "{overflow: {agent: bank}}"), story)


def test_two_calls_that_race_for_one_place_do_not_both_get_it(tmp_path: Path) -> None:
    """Both were told to connect while there was room; the line is the last word."""

    async def story(world: RoutedWorld) -> None:
        first, second = world.caller("+16175550101"), world.caller("+16175550102")
        await first.dials()
        await second.dials()
        await first.connects()
        phone = await second.connects()
        await world.until(lambda: phone.stream.close_code is not None)
        assert phone.stream.close_code == 1013
        assert len(world.exchange.active()) == 1

    during(tmp_path, ONE_AT_A_TIME.replace("FULL", "{}"), story)


@pytest.mark.parametrize(
    ("limits", "second_answers"),
    [("{calls: 1}", False), ("{agents: {clinic: 1}}", False), ("{calls: 2}", True)],
)
def test_a_worker_and_an_agent_have_limits_too(tmp_path: Path, limits: str, second_answers: bool) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        document = await world.caller("+16175550101").dials("+12125550101")
        assert (document.find("Connect/Stream") is not None) is second_answers

    routes = (
        f"limits: {limits}\nroutes: {{a: {{to: [{OURS!r}, '+12125550101'], rules: [{{agent: clinic}}]}}}}\n"
    )
    during(tmp_path, routes, story)


def test_the_number_decides_whatever_agent_the_address_names(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        caller = world.caller()
        await caller.dials("+12125550101", path="/calls/twilio/clinic")
        phone = await caller.connects()
        await phone.until_answered(gap_ms=400)
        assert hears(phone.heard, BANK_HZ) >= 300
        refused = await world.caller().dials("+12125550999", path="/calls/twilio/clinic")
        assert refused.find("Reject") is not None, "a number nobody routes"

    routes = "routes: {a: {to: '+12125550101', rules: [{agent: bank}]}}\n"
    during(tmp_path, routes, story)


def test_a_browser_asks_by_name_and_is_routed_too(tmp_path: Path) -> None:
    """As far as the page's offer: what a refusal says comes before any audio."""

    async def story(world: RoutedWorld) -> None:
        decision = world.routing.route("clinic", language="es-MX")
        assert decision.rule == "spanish"
        assert world.routing.route("clinic", language="en-US").rule == "shut"
        answer = await world.http.post(
            "/calls/browser/clinic/offer",
            json={"sdp": "v=0 opus/48000", "type": "offer"},
            headers={"accept-language": "en-US,en;q=0.9"},
        )
        assert answer.status_code == 503
        assert "we are moving house" in answer.text

    routes = "routes: {a: {to: clinic, rules: [{name: spanish, when: {languages: es}, agent: bank},"
    routes += " {name: shut, refuse: we are moving house}]}}\n"
    during(tmp_path, routes, story)


def test_a_worker_that_drains_keeps_nobody_in_line(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        second = world.caller("+16175550101")
        await second.dials()
        phone = await second.connects()
        await world.passes(2)
        await world.routing.drain(5000)
        await world.until(lambda: phone.stream.close_code is not None)
        await world.written(lambda: world.routing.active() == [])
        assert [
            notes(trace, "queue_ended")[0]["cause"] for trace in world.traces() if "queue_ended" in trace
        ] == ["draining"]

    during(tmp_path, queueing(), story)


def test_nobody_waits_for_a_call_we_place_ourselves(tmp_path: Path) -> None:
    async def story(world: RoutedWorld) -> None:
        await world.talking()
        with pytest.raises(CallFailed, match="every line is busy"):
            world.routing.answer(
                Arrival(agent="clinic", line="phone", line_format=PHONE, outbound=True), Sink()
            )

    routes = "limits: {calls: 1}\nfull: {queue: {}}\nroutes: {a: {to: '*', rules: [{agent: clinic}]}}\n"
    during(tmp_path, routes, story)
