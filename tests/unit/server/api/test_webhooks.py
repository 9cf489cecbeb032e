"""Events to other people's servers: signed, once each, again until they are taken, never inwards."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.doubles.api_world import CALL, ApiWorld, api_world, problem

from antiphon.errors import DeadlineExceeded
from antiphon.server.access.roles import Role
from antiphon.server.api.delivering import RETRIES_S, Deliveries, signature
from antiphon.server.api.telling import tell
from antiphon.server.api.watching import CallWatch
from antiphon.storage.access import now_ms

URL = "https://hooks.example.com/antiphon?x=1"
PUBLIC = "203.0.114.7"


class Receiver:
    """Somebody's server: answers with `status`, and keeps what it was sent."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[httpx.Request] = []
        self.failure: Exception | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.failure is not None:
            raise self.failure
        self.got.append(request)
        return httpx.Response(self.status, headers={"location": "http://127.0.0.1/"}, text="x" * 1000)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path) as made:
        yield made


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def sender(
    world: ApiWorld, receiver: Receiver, *, address: str = PUBLIC, private: bool = False,
    clock_ms: Callable[[], int] = now_ms,
) -> Deliveries:  # fmt: skip
    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    http = httpx.AsyncClient(transport=httpx.MockTransport(receiver.answer))
    return Deliveries(world.parts.outbox, http, private=private, resolve=resolve, clock_ms=clock_ms)


async def make(world: ApiWorld, **wanted: Any) -> dict[str, Any]:
    async with world.client(await world.key(Role.BUILDER)) as client:
        made = await client.post("/v1/webhooks", json={"url": URL} | wanted)
        assert made.status_code == 201, made.text
        body: dict[str, Any] = made.json()
        return body


async def states(world: ApiWorld, webhook_id: str) -> list[tuple[str, int, str]]:
    found = await world.parts.outbox.deliveries_of("default", webhook_id)
    return [(one.state, one.attempts, one.last_answer) for one in found]


async def test_an_event_is_signed_so_that_its_receiver_can_tell(world: ApiWorld, receiver: Receiver) -> None:
    hook = await make(world)
    await tell(world.parts, "default", "call.ended", {"call_id": CALL})
    assert await sender(world, receiver).send_due() == 1
    [request] = receiver.got
    assert (request.url.host, request.headers["host"]) == (PUBLIC, "hooks.example.com")
    assert request.extensions["sni_hostname"] == "hooks.example.com"
    assert json.loads(request.content)["data"] == {"call_id": CALL}
    secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    event_id, at_s = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
    assert request.headers["webhook-signature"] == signature(secret, event_id, at_s, request.content)
    assert abs(at_s - now_ms() / 1000) < 60
    assert await states(world, hook["id"]) == [("delivered", 1, "HTTP 200")]


def test_the_signature_is_the_one_of_the_specification() -> None:
    """A vector in the form of Standard Webhooks, signed apart from our code."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


async def test_the_secret_is_shown_once_and_kept_sealed(world: ApiWorld) -> None:
    hook = await make(world)
    secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    async with world.client(await world.key(Role.OWNER)) as client:
        assert hook["secret"] not in (await client.get("/v1/webhooks")).text
    kept = b"".join(path.read_bytes() for path in world.home.glob("antiphon.db*"))
    assert secret not in kept
    assert hook["secret"].encode() not in kept


async def test_what_is_not_taken_is_sent_again_with_the_same_id_and_at_last_given_up(
    world: ApiWorld, receiver: Receiver
) -> None:
    hook = await make(world)
    await tell(world.parts, "default", "call.ended", {"call_id": CALL})
    receiver.status = 500
    # A clock in the past: what is to wait for hours is due at once.
    impatient = sender(world, receiver, clock_ms=lambda: now_ms() - 100_000_000)
    for _ in range(len(RETRIES_S) + 1):
        assert await impatient.send_due() == 1
    assert await impatient.send_due() == 0
    assert len({request.headers["webhook-id"] for request in receiver.got}) == 1
    assert await states(world, hook["id"]) == [("given_up", len(RETRIES_S) + 1, "HTTP 500")]
    async with world.client(await world.key(Role.BUILDER)) as client:
        [delivery] = (await client.get(f"/v1/webhooks/{hook['id']}/deliveries")).json()["deliveries"]
        assert (await client.post(f"/v1/webhooks/deliveries/{delivery['id']}/retry")).status_code == 202
        problem(await client.post(f"/v1/webhooks/deliveries/{delivery['id']}/retry"), 404)
    receiver.status = 204
    assert await impatient.send_due() == 1
    assert (await states(world, hook["id"]))[0][0] == "delivered"


@pytest.mark.parametrize("status", [301, 302, 307, 404, 410, 503])
async def test_only_success_is_success_and_nobody_is_followed(
    world: ApiWorld, receiver: Receiver, status: int
) -> None:
    hook = await make(world)
    await tell(world.parts, "default", "call.ended", {})
    receiver.status = status
    await sender(world, receiver).send_due()
    assert len(receiver.got) == 1
    [(state, attempts, answer)] = await states(world, hook["id"])
    assert (state, attempts, answer) == ("pending", 1, f"HTTP {status}")


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), OSError("no route")]
)
async def test_a_receiver_that_is_away_is_tried_later(
    world: ApiWorld, receiver: Receiver, failure: Exception
) -> None:
    hook = await make(world)
    await tell(world.parts, "default", "call.ended", {})
    receiver.failure = failure
    deliveries = sender(world, receiver)
    assert await deliveries.send_due() == 1
    assert await deliveries.send_due() == 0
    [(state, _, answer)] = await states(world, hook["id"])
    assert state == "pending"
    assert str(failure) not in answer


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fd00::1", "fe80::1%eth0", "0.0.0.0",
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "100.64.0.1", "224.0.0.1"],
)  # fmt: skip
async def test_nobody_is_sent_into_our_own_network(world: ApiWorld, receiver: Receiver, address: str) -> None:
    hook = await make(world)
    await tell(world.parts, "default", "call.ended", {})
    await sender(world, receiver, address=address).send_due()
    assert receiver.got == []
    assert (await states(world, hook["id"]))[0][2] == "not reached (PermissionError)"


async def test_an_operator_may_allow_private_addresses(world: ApiWorld, receiver: Receiver) -> None:
    await make(world)
    await tell(world.parts, "default", "call.ended", {})
    await sender(world, receiver, address="10.1.2.3", private=True).send_due()
    assert receiver.got[0].url.host == "10.1.2.3"


@pytest.mark.parametrize(
    "url",
    ["http://example.com/x", "ftp://example.com", "https://", "https://a:secret@example.com/", "javascript:1",
     "https://example.com/#x", "https://exa mple.com", "https://[::1", "https://é.example/", "https://x:99999/"],
)  # fmt: skip
async def test_addresses_nothing_can_be_sent_to_are_refused(world: ApiWorld, url: str) -> None:
    async with world.client(await world.key(Role.BUILDER)) as client:
        problem(await client.post("/v1/webhooks", json={"url": url}), 422)


async def test_two_senders_send_an_event_once(world: ApiWorld, receiver: Receiver) -> None:
    await make(world)
    for number in range(5):
        await tell(world.parts, "default", "call.ended", {"number": number})
    sent = [await sender(world, receiver).send_due(), await sender(world, receiver).send_due()]
    assert sent == [5, 0]
    assert len({request.headers["webhook-id"] for request in receiver.got}) == len(receiver.got) == 5


async def test_a_sender_that_died_half_way_is_followed_by_another(world: ApiWorld) -> None:
    await make(world)
    await tell(world.parts, "default", "call.ended", {})
    [taken] = await world.parts.outbox.take(10, hold_ms=0)  # And then it was killed.
    [again] = await world.parts.outbox.take(10, hold_ms=60_000)
    assert (again.event_id, again.attempts) == (taken.event_id, 2)
    assert await world.parts.outbox.take(10, hold_ms=60_000) == []


async def test_a_webhook_gets_its_organisations_events_of_the_types_it_wants(
    world: ApiWorld, receiver: Receiver
) -> None:
    await make(world, events=["call.ended"])
    other = await world.organisation("Other", "bank")
    await tell(world.parts, "default", "call.started", {})
    await tell(world.parts, other, "call.ended", {})
    assert await sender(world, receiver).send_due() == 0
    await tell(world.parts, "default", "call.ended", {})
    assert await sender(world, receiver).send_due() == 1


async def test_a_webhook_that_is_gone_hears_nothing_more(world: ApiWorld, receiver: Receiver) -> None:
    hook = await make(world)
    await tell(world.parts, "default", "call.ended", {})
    async with world.client(await world.key(Role.BUILDER)) as client:
        assert (await client.delete(f"/v1/webhooks/{hook['id']}")).status_code == 204
        assert (await client.get("/v1/webhooks")).json() == {"webhooks": []}
    assert await sender(world, receiver).send_due() == 0


async def test_calls_that_come_and_go_are_told_of_once(world: ApiWorld, receiver: Receiver) -> None:
    await make(world)
    watch: Any = CallWatch(world.parts, world.media)  # type: ignore[arg-type]
    listener = world.parts.happenings.listen("default")
    assert listener is not None
    world.media.up = [{"call_id": CALL, "agent": "clinic", "line": "phone"}]
    await watch.look()
    await watch.look()
    world.media.up = []
    await watch.look()
    told = [(one.type, one.data["call_id"]) for one in listener.waiting]
    assert told == [("call.started", CALL), ("call.ended", CALL)]
    assert listener.waiting[1].data["outcome"]
    await sender(world, receiver).send_due()
    assert [json.loads(request.content)["type"] for request in receiver.got].count("call.ended") == 1
    # Started again, a watch looks at the traces: what was told of is not told of again.
    world.put_call("missed", "clinic", at_ms=now_ms())
    world.put_call(CALL, "clinic", at_ms=now_ms())
    receiver.got.clear()
    again: Any = CallWatch(world.parts, world.media)  # type: ignore[arg-type]
    await again.catch_up()
    await again.catch_up()
    await sender(world, receiver).send_due()
    assert [json.loads(request.content)["data"]["call_id"] for request in receiver.got] == ["missed"]


async def test_a_call_that_ends_while_the_disk_does_not_keep_up_is_told_of_a_little_later(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise DeadlineExceeded("the disk does not keep up with what is asked of it")

    watch: Any = CallWatch(world.parts, world.media)  # type: ignore[arg-type]
    listener = world.parts.happenings.listen("default")
    assert listener is not None
    world.media.up = [{"call_id": CALL, "agent": "clinic", "line": "phone"}]
    await watch.look()
    world.media.up = []
    with monkeypatch.context() as hung:
        hung.setattr("antiphon.server.api.watching.on_disk", refused)
        await watch.look()
    assert [one.type for one in listener.waiting] == ["call.started"]
    await watch.look()
    assert [one.type for one in listener.waiting] == ["call.started", "call.ended"]
    assert listener.waiting[1].data["outcome"]


async def test_no_word_of_a_caller_goes_into_an_event(world: ApiWorld) -> None:
    watch: Any = CallWatch(world.parts, world.media)  # type: ignore[arg-type]
    listener = world.parts.happenings.listen("default")
    assert listener is not None
    world.media.up = [{"call_id": CALL, "agent": "clinic", "line": "phone", "caller_number": "+15550100"}]
    await watch.look()
    world.media.up = []
    await watch.look()
    told = json.dumps([one.told() for one in listener.waiting])
    assert "+15550100" not in told
    allowed = {"call_id", "agent", "line", "started_at_ms", "duration_ms", "outcome"}
    assert all(set(one.data) <= allowed for one in listener.waiting)
