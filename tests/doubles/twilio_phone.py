"""People's phones behind a Twilio account: they ring, are busy, are answered by somebody or by a machine, and
carry the audio of whatever stream our instructions connect them to. Webhooks are signed by the vendor's SDK.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Literal
from xml.etree import ElementTree

import httpx
from tests.doubles.twilio_account import SID, TOKEN, PlacedCall, TwilioAccountDouble
from tests.doubles.twilio_stream import CarriedCall, TwilioStream
from tests.doubles.virtual_loop import pass_time
from twilio.request_validator import RequestValidator

Answer = Literal["answers", "busy", "no-answer", "failed", "machine", "rings"]


class TwilioPhones:
    """`async with` it. Every call of the account rings a phone that does what `answer` says.

    Attributes:
        lines: Once connected, the person's side of each call, by sid.
        webhooks: (path's last part, status) of every request we made, in order.
    """

    def __init__(self, account: TwilioAccountDouble, answer: Answer = "answers") -> None:
        self.answer = answer
        self.signature = "x-twilio-signature"
        self.ring_s = 1.0
        self.swapped = False
        self.lines: dict[str, CarriedCall] = {}
        self.webhooks: list[tuple[str, str]] = []
        self._hung_up: dict[str, asyncio.Event] = {}
        self._http = httpx.AsyncClient(timeout=30)
        self._tasks: set[asyncio.Task[None]] = set()
        account.placed = self._placed
        account.changed = self._changed

    async def __aenter__(self) -> TwilioPhones:
        return self

    async def __aexit__(self, *_: object) -> None:
        for event in self._hung_up.values():
            event.set()
        await asyncio.gather(*self._tasks)
        await self._http.aclose()

    def hang_up(self, sid: str) -> None:
        """The person does."""
        self._hung_up[sid].set()

    async def until(self, condition: Callable[[], object], *, within_s: float = 60) -> None:
        """On virtual time, frame by frame."""
        async with asyncio.timeout(within_s):
            while not condition():
                await pass_time(0.020)

    def _placed(self, call: PlacedCall) -> None:
        self._hung_up[call.sid] = asyncio.Event()
        task = asyncio.get_running_loop().create_task(self._live(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _changed(self, call: PlacedCall, form: dict[str, str]) -> None:
        if form.get("Status") == "completed":
            self._hung_up[call.sid].set()

    async def _live(self, call: PlacedCall) -> None:
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

    async def _answered(self, call: PlacedCall) -> None:
        call.status = "in-progress"
        if not self.swapped:
            await self._status(call, "in-progress")
        by = {"AnsweredBy": "machine_start" if self.answer == "machine" else "human"}
        document = ElementTree.fromstring(await self._post(call, call["Url"], by))
        stream = document.find("Connect/Stream")
        if stream is not None:
            await self._talk(call, stream)
        await self._status(call, "completed")
        if self.swapped:
            await self._status(call, "in-progress", "in-progress")  # Which came before, and comes last.

    async def _talk(self, call: PlacedCall, stream: ElementTree.Element) -> None:
        parameters = {one.get("name", ""): one.get("value", "") for one in stream.iter("Parameter")}
        async with AsyncExitStack() as stack:
            socket = await stack.enter_async_context(
                TwilioStream(stream.get("url", ""), call_sid=call.sid, stream_sid=f"MZ{call.sid}")
            )
            await socket.begin(parameters)
            self.lines[call.sid] = await stack.enter_async_context(CarriedCall(socket))
            gone = self._hung_up[call.sid]
            while not gone.is_set() and socket.close_code is None:
                await pass_time(0.020)

    async def _status(self, call: PlacedCall, status: str, keep: str = "") -> None:
        call.status = keep or status
        await self._post(call, call["StatusCallback"], {})

    async def _post(self, call: PlacedCall, url: str, more: dict[str, str]) -> str:
        form = {
            "CallSid": call.sid, "AccountSid": SID, "From": call["From"], "To": call["To"],
            "CallStatus": call.status, "Direction": "outbound-api", **more,
        }  # fmt: skip
        signature = RequestValidator(TOKEN).compute_signature(url, form)
        answer = await self._http.post(url, data=form, headers={self.signature: signature})
        assert answer.status_code in (200, 204), f"{url}: {answer.status_code} {answer.text}"
        self.webhooks.append((url.rsplit("/", 1)[-1], call.status))
        return answer.text
