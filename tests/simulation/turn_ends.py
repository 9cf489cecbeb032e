"""Who else may end a turn: a recogniser with turn events of its own, or the caller's thumb on a talk button.

Silent where our own silence decides. Both slip: news of a turn comes late, twice or never, a thumb is slow,
lets go in the middle of a word, or forgets to.
"""

from __future__ import annotations

from antiphon.conversation import events as ev
from tests.simulation.vendors import Recogniser, Surroundings


class TurnEnds:
    """Told of each utterance when it begins and when it is over.

    Attributes:
        held: From, to: every stretch with the talk button down. Forgotten, it is down until its limit.
    """

    def __init__(self, world: Surroundings, recogniser: Recogniser) -> None:
        self._world, self._recogniser = world, recogniser
        self._by = world.policy.turn.endpointing
        self._utterances = 0
        self._down_at_ms: int | None = None
        self.held: list[tuple[int, int]] = []

    def begins(self) -> None:
        self._utterances += 1
        if self._by == "provider":
            self._tells("started", 150)
        elif self._by == "push_to_talk":
            self._presses()

    def _presses(self) -> None:
        world = self._world
        if world.choices.chance("speaks without pressing", 0.1):
            return
        world.post(ev.TalkPressed(at_ms=world.now_ms), "thumb")
        limit_ms = world.policy.turn.talk_max_ms
        if self._down_at_ms is None or world.now_ms - self._down_at_ms > limit_ms:
            self._down_at_ms = world.now_ms
            self.held.append((world.now_ms, world.now_ms + limit_ms))

    def _lets_go(self) -> None:
        world = self._world
        if self._down_at_ms is None or world.choices.chance("holds on to the button", 0.05):
            return
        delay_ms = world.choices.pick("lets go", (80, 0, 300, 1500))
        at_ms = world.now_ms + delay_ms
        world.post(ev.TalkReleased(at_ms=at_ms), "thumb", delay_ms=delay_ms)
        self.held[-1] = (self._down_at_ms, min(at_ms, self.held[-1][1]))
        self._down_at_ms = None

    def is_over(self) -> None:
        world, choices = self._world, self._world.choices
        if self._by == "push_to_talk":
            self._lets_go()
            return
        if self._by != "provider" or choices.chance("the turn is never told", world.weather.vendor_fault * 2):
            return
        delay_ms = choices.pick("the turn is told", (500, 250, 900, 2500))
        if choices.chance("an eager end", 0.3):
            self._tells("eager_end", delay_ms // 2)
            if choices.chance("it was none", 0.2):
                self._tells("resumed", delay_ms // 2 + 100)
                return
        number = self._utterances
        world.later(delay_ms, "stt", lambda: self._ended(number))

    def _ended(self, number: int) -> None:
        """Of a caller who went on meanwhile it says nothing; now and then it is wrong about that."""
        if number != self._utterances and not self._world.choices.chance("cuts him off", 0.1):
            return
        words = " ".join(self._recogniser.words)
        self._tells("ended", 0, words if self._world.choices.chance("with its words", 0.5) else "")
        if self._world.choices.chance("the turn is told twice", self._world.weather.doubled):
            self._tells("ended", 60, words)
        if self._world.choices.chance("the recogniser is lost", self._world.weather.vendor_fault / 4):
            self._tells("lost", 90)

    def _tells(self, moment: str, delay_ms: int, text: str = "") -> None:
        event = ev.TurnSignalled(at_ms=self._world.now_ms + delay_ms, moment=moment, text=text)
        self._world.post(event, "stt", delay_ms=delay_ms)
