"""People's phones behind a carrier's account: they ring, are busy, are answered by somebody or by a machine,
and carry the audio of whatever stream our instructions connect them to. How a carrier tells of it is a
`Side`'s business (`phone_sides.py`); here are the phones, and statuses have Twilio's names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import httpx
from tests.doubles.twilio_stream import CarriedCall, Carries
from tests.doubles.virtual_loop import pass_time

Answer = Literal["answers", "busy", "no-answer", "failed", "machine", "rings"]
MACHINE_AFTER_S = 0.8  # How long a carrier listens that does so in the background.


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A POST, signed. `label`: The last part of the path and the status, for who wonders what was told."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    label: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where our instructions take the audio. `news`: told as it begins, of the stream and not of the call."""

    url: str
    parameters: Mapping[str, str]
    news: tuple[Webhook, ...] = ()


class Placed(Protocol):
    """A call of the account."""

    status: str

    @property
    def sid(self) -> str: ...


class Side(Protocol):
    """One carrier's account and its words.

    Attributes:
        late: The status that a carrier with swapped webhooks tells last of all.
        background: It judges machines while the call is up.
    """

    late: str
    background: bool

    def connect(self, placed: Callable[[Any], None], ended: Callable[[Any], None]) -> None:
        """Any: this side's own calls."""

    def status(self, call: Any, status: str) -> Webhook | None:
        """None: of that this carrier tells nothing."""

    def machine(self, call: Any) -> Webhook:
        """A machine was heard in the background."""

    def answered(self, call: Any, *, machine: bool) -> Webhook:
        """The request for instructions."""

    def stream(self, call: Any, instructions: str) -> Stream | None: ...

    def socket(self, call_id: str, stream: Stream) -> AbstractAsyncContextManager[Carries]: ...


class Phones:
    """`async with` it. Every call of the account rings a phone that does what `answer` says.

    Attributes:
        lines: Once connected, the person's side of each call, by its id.
        webhooks: (path's last part, status) of every request we made, in order.
    """

    def __init__(self, side: Side, answer: Answer = "answers") -> None:
        self.answer = answer
        self.ring_s = 1.0
        self.swapped = False
        self.lines: dict[str, CarriedCall] = {}
        self.webhooks: list[tuple[str, str]] = []
        self._side = side
        self._hung_up: dict[str, asyncio.Event] = {}
        self._http = httpx.AsyncClient(timeout=30)
        self._tasks: set[asyncio.Task[None]] = set()
        side.connect(self._placed, lambda call: self.hang_up(call.sid))

    async def __aenter__(self) -> Phones:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.all_hang_up()
        await self._http.aclose()

    async def all_hang_up(self) -> None:
        for event in self._hung_up.values():
            event.set()
        await asyncio.gather(*self._tasks)

    def hang_up(self, sid: str) -> None:
        """The person does, or the carrier for us."""
        self._hung_up[sid].set()

    def is_over(self, sid: str) -> bool:
        """Somebody hung up, or was told to."""
        return self._hung_up[sid].is_set()

    async def until(self, condition: Callable[[], object], *, within_s: float = 60) -> None:
        """On virtual time, frame by frame."""
        async with asyncio.timeout(within_s):
            while not condition():
                await pass_time(0.020)

    def _placed(self, call: Placed) -> None:
        self._hung_up[call.sid] = asyncio.Event()
        self._spawn(self._live(call))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, call: Placed) -> None:
        await self._status(call, "initiated")
        await self._status(call, "ringing")
        gone = self._hung_up[call.sid]
        if self.answer == "rings":
            await gone.wait()
            await self._status(call, "canceled")
            return
        await pass_time(self.ring_s)
        if gone.is_set():
            await self._status(call, "canceled")
        elif self.answer in ("answers", "machine"):
            await self._answered(call)
        else:
            await self._status(call, self.answer)

    async def _answered(self, call: Placed) -> None:
        await self._status(call, "in-progress")
        machine = self.answer == "machine"
        if machine and self._side.background:
            self._spawn(self._machine(call))
        asked = self._side.answered(call, machine=machine and not self._side.background)
        stream = self._side.stream(call, await self._post(asked))
        if stream is not None:
            await self._talk(call, stream)
        await self._status(call, "completed")
        if self.swapped:
            await self._status(call, self._side.late, late=True)  # Which came before, and comes last.

    async def _machine(self, call: Placed) -> None:
        await pass_time(MACHINE_AFTER_S)
        await self._post(self._side.machine(call))

    async def _talk(self, call: Placed, stream: Stream) -> None:
        async with AsyncExitStack() as stack:
            socket = await stack.enter_async_context(self._side.socket(call.sid, stream))
            for news in stream.news:
                await self._post(news)
            self.lines[call.sid] = await stack.enter_async_context(CarriedCall(socket))
            gone = self._hung_up[call.sid]
            while not gone.is_set() and socket.close_code is None:
                await pass_time(0.020)

    async def _status(self, call: Placed, status: str, *, late: bool = False) -> None:
        if not late:
            call.status = status
        if self.swapped and status == self._side.late and not late:
            return
        told = self._side.status(call, status)
        if told is not None:
            await self._post(told)

    async def _post(self, webhook: Webhook) -> str:
        answer = await self._http.post(webhook.url, content=webhook.body, headers=dict(webhook.headers))
        assert answer.status_code in (200, 204), f"{webhook.url}: {answer.status_code} {answer.text}"
        self.webhooks.append(webhook.label)
        return answer.text
