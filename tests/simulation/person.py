"""The person a caller is put through to, and the other phone: answers, is busy, or is never heard of."""

from __future__ import annotations

from antiphon.conversation import events as ev
from antiphon.conversation.policy import HandoverPolicy
from tests.simulation.vendors import Surroundings

HEARD_BOTH_MS = 3000  # After so long both were heard.


class Person:
    """Attributes:
    talks: From, to: while the caller and a person hear each other, as far as the person knows.
    """

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self._calls = 0
        self.talks: list[tuple[int, int]] = []

    def is_called(self) -> None:
        """An escalation of a caller who is kept."""
        world, choices = self._world, self._world.choices
        if not isinstance(world.policy.handover, HandoverPolicy):
            return
        self._calls += 1
        call = self._calls
        delay_ms = choices.pick("the other phone rings", (8000, 500, 2000, 40_000))
        result = choices.pick("the person", ("is never heard of", "comes", "busy", "no_answer", "declined"))
        if result == "comes":
            world.later(delay_ms, "person", lambda: self._comes(call))
        elif result != "is never heard of":
            self._tells(ev.HandoverFailed(at_ms=world.now_ms + delay_ms, result=result), delay_ms)
            if choices.chance("the other phone tells twice", world.weather.doubled):
                self._tells(ev.HandoverFailed(at_ms=world.now_ms + delay_ms, result=result), delay_ms + 50)

    def is_called_off(self) -> None:
        if not self._world.choices.chance("picks up all the same", 0.2):
            self._calls += 1

    def _comes(self, call: int) -> None:
        world, choices = self._world, self._world.choices
        if call != self._calls:
            return
        self._tells(ev.PersonJoined(at_ms=world.now_ms), 0)
        lasts_ms = choices.pick("they talk", (20_000, 1000, 4000, 90_000))
        self.talks.append((world.now_ms, world.now_ms + lasts_ms))
        if lasts_ms >= HEARD_BOTH_MS:
            self._tells(ev.HandedOver(at_ms=world.now_ms + HEARD_BOTH_MS), HEARD_BOTH_MS)
            self._tells(ev.PersonLeft(at_ms=world.now_ms + lasts_ms), lasts_ms)
        else:
            self._tells(ev.HandoverFailed(at_ms=world.now_ms + lasts_ms, result="lost"), lasts_ms)

    def _tells(self, event: ev.AnyEvent, delay_ms: int) -> None:
        self._world.post(event, "person", delay_ms=delay_ms)
