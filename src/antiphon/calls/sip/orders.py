"""What the media worker asked the SIP worker for and waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from antiphon.calls.sip import wire
from antiphon.errors import CallFailed

_REQUEST_TIMEOUT_S = 60.0


class Orders:
    """Requests by number, and calls being placed by leg.

    Args:
        tell: Sends a message to the SIP worker.
    """

    def __init__(self, tell: Callable[[wire.FromMedia], None]) -> None:
        self._tell = tell
        self._requests: dict[int, asyncio.Future[wire.Done]] = {}
        self._answers: dict[int, asyncio.Future[str]] = {}
        self._last_request = 0

    async def request(self, message: Callable[[int], wire.FromMedia]) -> None:
        """Send the message made for a request's number, and wait until it is carried out.

        Raises:
            CallFailed: It could not be, and why.
        """
        self._last_request += 1
        number = self._last_request
        waiting = self._requests[number] = asyncio.get_running_loop().create_future()
        self._tell(message(number))
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                done = await waiting
        except TimeoutError as error:
            raise CallFailed("the SIP worker did not answer") from error
        finally:
            self._requests.pop(number, None)
        if not done.ok:
            raise CallFailed(done.words)

    async def dial(self, order: wire.Dial, timeout_s: float) -> str:
        """Place a call; gives the switchboard's name for it.

        Raises:
            CallFailed: Nobody answered, or nobody at all within `timeout_s`.
        """
        answer = self._answers[order.leg] = asyncio.get_running_loop().create_future()
        self._tell(order)
        try:
            async with asyncio.timeout(timeout_s):
                call_id: str = await answer
                return call_id
        except TimeoutError as error:
            raise CallFailed("no answer") from error
        finally:
            self._answers.pop(order.leg, None)

    def is_dialling(self, leg: int) -> bool:
        return leg in self._answers

    def done(self, message: wire.Done) -> None:
        waiting = self._requests.get(message.request)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def answered(self, leg: int, call_id: str) -> None:
        answer = self._answers.get(leg)
        if answer is not None and not answer.done():
            answer.set_result(call_id)

    def failed(self, leg: int, cause: str) -> None:
        answer = self._answers.get(leg)
        if answer is not None and not answer.done():
            answer.set_exception(CallFailed(cause))

    def give_up(self, cause: str) -> None:
        """Nobody is left to carry anything out."""
        for number in list(self._requests):
            self.done(wire.Done(request=number, ok=False, words=cause))
        for leg in list(self._answers):
            self.failed(leg, cause)
