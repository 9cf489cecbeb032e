"""The caller's voice and keys, and what the voice activity detector and the recogniser make of them."""

from __future__ import annotations

import random

from antiphon.conversation import events as ev
from tests.simulation import wording
from tests.simulation.choices import Value
from tests.simulation.line import Playing
from tests.simulation.plan import HOLDS, SPEECHLESS, Utterance
from tests.simulation.turn_ends import TurnEnds
from tests.simulation.vendors import Recogniser, Surroundings

ONSET_MS = 70  # From the first sample to `SpeechStarted`.
HANGOVER_MS = 100
KEY_GAP_MS = 300


class Caller:
    """Speaks by plan, and now and then into whatever just happened."""

    def __init__(self, world: Surroundings, recogniser: Recogniser) -> None:
        self._world, self._recogniser = world, recogniser
        self.turn_ends = TurnEnds(world, recogniser)
        self._utterances = 0  # With words of his own.
        self.voiced = False
        self.spoken: list[tuple[int, int]] = []  # From, to: every stretch of caller's sound.
        self.speaks_until_ms = -1
        self.pressed_at_ms: list[int] = []
        self._said_goodbye = False
        self.onset_ms = 0

    def does(self, utterance: Utterance) -> None:
        if utterance.phrase.startswith("dtmf:"):
            self._press(utterance.phrase.removeprefix("dtmf:"))
        elif not self.voiced:
            words = [*utterance.phrase.split(), *self._own_words(utterance.words)]
            self._voice(utterance.duration_ms, words, unheard=utterance.unheard)

    def _own_words(self, count: int) -> list[str]:
        own = [wording.callers_word(self._utterances, number) for number in range(count)]
        self._utterances += bool(own)
        return own

    def _press(self, keys: str) -> None:
        world = self._world
        for index, digit in enumerate(keys):
            delay_ms = index * KEY_GAP_MS
            self.pressed_at_ms.append(world.now_ms + delay_ms)
            world.post(ev.DtmfReceived(at_ms=world.now_ms + delay_ms, digit=digit), "dtmf", delay_ms=delay_ms)

    def _voice(
        self, duration_ms: int, words: list[str], *, unheard: bool = False, echo: bool = False
    ) -> None:
        """One utterance: voice activity, growing partials, and the end."""
        world, ear = self._world, self._recogniser
        onset_ms = self.onset_ms = world.now_ms
        self.voiced = True
        if not (echo or unheard):
            self.speaks_until_ms = onset_ms + duration_ms
        ear.begins(words)
        if not echo:
            self.turn_ends.begins()
        if not unheard:
            started = ev.SpeechStarted(at_ms=onset_ms + ONSET_MS, onset_ms=onset_ms)
            world.post(started, "vad", delay_ms=ONSET_MS)
        for done_ms in range(350, duration_ms if words else 0, 500):
            if not world.choices.chance("no partial", 0.2):
                left = len(words) - max(1, len(words) * done_ms // duration_ms)
                world.later(done_ms, "caller", lambda left=left: ear.hears(left))
        world.later(duration_ms, "caller", lambda: self._stop(onset_ms, unheard=unheard, echo=echo))

    def _stop(self, onset_ms: int, *, unheard: bool, echo: bool) -> None:
        world = self._world
        self.voiced = False
        self._recogniser.ends()
        if not echo:
            self.spoken.append((onset_ms, world.now_ms))
            self.turn_ends.is_over()
        if unheard:
            # A recogniser with its own ears gives a final unasked.
            world.later(400, "stt", self._recogniser.finalize)
            return
        stopped = ev.SpeechStopped(at_ms=world.now_ms + HANGOVER_MS, ended_ms=world.now_ms)
        world.post(stopped, "vad", delay_ms=HANGOVER_MS)

    def close(self) -> None:
        if self.voiced:
            self.spoken.append((self.onset_ms, self._world.now_ms))

    # ------------------------------------------------------------ reactions

    def hears_begin(self, playing: Playing, text: str) -> None:
        """Agent sound begins: the caller may talk over it, or his loudspeaker feeds it back."""
        world = self._world
        kind = "filler" if playing.id.startswith("f") else "reply"
        self._reacts(f"talks over a {kind}")
        if world.choices.chance("echo", world.weather.echo) and text:
            words = text.split()[:3]
            world.later(150, "caller", lambda: self.voiced or self._voice(700, words, echo=True))

    def hears_end(self) -> None:
        """Exactly at the last sample, or right before or after."""
        self._reacts("talks at the last sample")

    def waits_for_tool(self) -> None:
        self._reacts("talks during a tool")

    def is_told_goodbye(self) -> None:
        if not self._said_goodbye:
            self._said_goodbye = True  # Once: who does it each time never lets the call end.
            self._reacts("talks over a goodbye")

    def _reacts(self, name: str) -> None:
        world = self._world
        reaction = world.choices.maybe(name, world.weather.reacts, _reaction)
        if reaction:
            delay_ms, duration_ms, words, phrase = reaction
            said = Utterance(0, int(duration_ms), int(words), str(phrase))  # type: ignore[arg-type]
            world.later(int(delay_ms), "caller", lambda: self.does(said))  # type: ignore[arg-type]


def _reaction(pick: random.Random) -> list[Value]:
    """Delay, duration, words, phrase."""
    delay_ms = pick.choice((0, 10, 50, 120, 200, 700, 1500))
    kind = pick.random()
    if kind < 0.5:
        words = pick.randint(1, 5)
        return [delay_ms, 250 * words + 150, words, ""]
    if kind < 0.7:
        return [delay_ms, pick.choice((90, 250, 600)), 0, ""]
    if kind < 0.85:
        return [delay_ms, 350, 0, pick.choice(SPEECHLESS)]
    if kind < 0.95:
        return [delay_ms, 0, 0, pick.choice(("dtmf:1", "dtmf:42#"))]
    return [delay_ms, 700, 0, pick.choice(HOLDS)]
