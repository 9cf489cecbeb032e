"""A seeded world for the conversation core on virtual time: caller, recogniser, reasoner, voices, line.

Every part misbehaves with small probabilities: late, lost and doubled finals, scores that never come, replies
that stall, fail or are empty, audio of a reply that was given up, tools that take for ever. A failing seed is
one command: `python -m tests.simulation.run SEED`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.conversation import Conversation, Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

MS_PER_CHARACTER = 60
CALL_MAX_MS = 40 * 60 * 1000


@dataclass
class Utterance:
    """What the caller does at a moment: words (each unique), a noise, or keys."""

    at_ms: int
    duration_ms: int
    text: str


@dataclass
class Playing:
    """The line's idea of one reply."""

    id: str
    started: bool = False
    announced: bool = False
    paused: bool = False
    dead: bool = False
    finish: int | None = None
    heard_ms: int = 0
    audio_ms: dict[int, int] = field(default_factory=dict)

    def available_ms(self) -> int:
        total = 0
        for index in sorted(self.audio_ms):
            if index != 0 and index - 1 not in self.audio_ms:
                break
            total += self.audio_ms[index]
        return total


class World:
    """One call. `violations` collects what went wrong, as sentences."""

    TICK_MS = 20

    def __init__(self, seed: int, policy: Policy | None = None) -> None:
        self.random = random.Random(seed)
        self.policy = policy or Policy()
        self.conversation = Conversation(self.policy)
        self.now_ms = 0
        self.events: list[ev.AnyEvent] = []
        self.commands: list[tuple[int, cmd.Command]] = []
        self.violations: list[str] = []
        self.ended = ""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._timers: dict[str, int] = {}
        self._line: dict[str, Playing] = {}
        self._order: list[str] = []
        self._chunks: dict[str, list[str]] = {}
        self._reply_kind: dict[str, str] = {}
        self._given_up: set[str] = set()
        self._voiced = False
        self._segment = 0
        self._segment_words: list[str] = []
        self._pending_words: list[str] = []
        self._word = 0
        self._final_at_ms = 0
        self._tools = 0
        self.finals: list[str] = []
        self.reports: dict[str, list[cmd.ReportHeard]] = {}
        self.last_sound_ms = 0
        self.longest_silence_ms = 0
        self.effects: list[str] = []
        self._tool_reply: dict[str, tuple[str, int]] = {}

    # ------------------------------------------------------------ time

    def at(self, at_ms: int, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (max(at_ms, self.now_ms), self._count, action))

    def later(self, delay_ms: int, action: Callable[[], None]) -> None:
        self.at(self.now_ms + delay_ms, action)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def run(self, utterances: list[Utterance], hang_up_ms: int | None) -> None:
        self.step(ev.CallStarted(at_ms=0, call_id="sim", agent="sim", line="sim", wall_time_ms=0))
        for utterance in utterances:
            self.at(utterance.at_ms, lambda u=utterance: self._speak(u))
        if hang_up_ms is not None:
            self.at(hang_up_ms, lambda: self.step(ev.CallerHungUp(at_ms=self.now_ms)))
        self.at(self.TICK_MS, self._tick)
        while self._heap and not self.ended and self.now_ms < CALL_MAX_MS:
            at_ms, _, action = heapq.heappop(self._heap)
            self.now_ms = max(self.now_ms, at_ms)
            action()
        if not self.ended:
            self.violations.append(f"the call never ended (phase {self.conversation.phase.value})")

    def step(self, event: ev.AnyEvent) -> None:
        if self.ended:
            return
        self.events.append(event)
        commands = self.conversation.step(event)
        self.commands += [(self.now_ms, command) for command in commands]
        for command in commands:
            self._obey(command)
        if not self.ended and not self._timers:
            self.violations.append(f"no timer is pending after {event}")

    # ------------------------------------------------------------ caller and recogniser

    def _speak(self, utterance: Utterance) -> None:
        if utterance.text.startswith("dtmf:"):
            for index, digit in enumerate(utterance.text[5:]):
                self.later(
                    index * 300, lambda d=digit: self.step(ev.DtmfReceived(at_ms=self.now_ms, digit=d))
                )
            return
        if self._voiced:
            return
        self._voiced = True
        onset_ms = self.now_ms
        self._segment_words += utterance.text.split()
        self.later(70, lambda: self.step(ev.SpeechStarted(at_ms=self.now_ms, onset_ms=onset_ms)))
        words = utterance.text.split()
        for done_ms in range(350, utterance.duration_ms, 500):
            share = max(1, len(words) * done_ms // max(1, utterance.duration_ms))
            heard = [*self._segment_words[: len(self._segment_words) - len(words)], *words[:share]]
            if words and not self.chance(0.2):
                text, segment = " ".join(heard), self._segment
                self.later(
                    done_ms + 80,
                    lambda t=text, s=segment: self.step(
                        ev.TranscriptPartial(at_ms=self.now_ms, segment=s, text=t)
                    ),
                )
        self.later(utterance.duration_ms, self._speech_ends)

    def _speech_ends(self) -> None:
        ended_ms = self.now_ms
        self._voiced = False
        self.last_sound_ms = self.now_ms
        self.later(100, lambda: self.step(ev.SpeechStopped(at_ms=self.now_ms, ended_ms=ended_ms)))

    def _final(self) -> None:
        text, segment = " ".join(self._segment_words), self._segment
        if self.chance(0.01 if text else 0.15):
            return  # The recogniser never answers.
        delay_ms = self.random.choice([60, 90, 120, 200, 400]) if not self.chance(0.02) else 2500
        delay_ms = max(delay_ms, self._final_at_ms - self.now_ms)  # One stream: finals keep their order.
        self._final_at_ms = self.now_ms + delay_ms
        event = lambda: ev.TranscriptFinal(at_ms=self.now_ms, segment=segment, text=text)  # noqa: E731

        def deliver() -> None:
            if segment >= self._segment:
                self.finals.append(text)
            self.step(event())

        self.later(delay_ms, deliver)
        if self.chance(0.02):
            self.later(delay_ms + 30, lambda: self.step(event()))

    # ------------------------------------------------------------ reasoner

    def _reply(self, command: cmd.StartReply) -> None:
        reply_id = command.reply_id
        self._reply_kind[reply_id] = command.kind
        self._chunks.setdefault(reply_id, [])
        at_ms = self.random.choice([10, 30, 60, 150, 400, 900]) if not self.chance(0.05) else 3000
        if self.chance(0.02):
            self.later(
                at_ms,
                lambda: self._from_reply(
                    reply_id, ev.ReplyFailed(at_ms=self.now_ms, reply_id=reply_id, reason="sim")
                ),
            )
            return
        if self.chance(0.01):
            return  # It stalls for ever.
        if command.kind == "turn" and self.chance(0.3):
            self._ask_tool(reply_id, at_ms)
            return
        self._write(reply_id, at_ms)

    def _ask_tool(self, reply_id: str, at_ms: int) -> None:
        self._tools += 1
        tool_id = f"{reply_id}.t{self._tools}"
        effect = "write" if self.chance(0.5) else "none"
        self._tool_reply[tool_id] = (reply_id, 0)
        self.later(
            at_ms,
            lambda: self._from_reply(
                reply_id,
                ev.ToolRequested(
                    at_ms=self.now_ms,
                    reply_id=reply_id,
                    tool_call_id=tool_id,
                    name="book",
                    arguments="{}",
                    effect=effect,
                ),
            ),
        )

    def _write(self, reply_id: str, at_ms: int) -> None:
        count = self.random.choice([0, 1, 1, 2, 3]) if self.chance(0.1) else self.random.choice([1, 2, 3])
        for index in range(count):
            text = " ".join(f"{reply_id}c{index}w{n}" for n in range(self.random.randint(2, 9)))
            self.later(
                at_ms,
                lambda i=index, t=text: self._from_reply(
                    reply_id, ev.ReplyText(at_ms=self.now_ms, reply_id=reply_id, index=i, text=t)
                ),
            )
            at_ms += self.random.choice([5, 30, 200]) if not self.chance(0.02) else 2500
        if self.chance(0.3):
            self.later(
                at_ms,
                lambda: self._from_reply(
                    reply_id, ev.AnswerExpected(at_ms=self.now_ms, reply_id=reply_id, kind="yes_no")
                ),
            )
        then = "end" if self.chance(0.04) else ("escalate" if self.chance(0.02) else "")
        self.later(
            at_ms + 1,
            lambda: self._from_reply(
                reply_id, ev.ReplyFinished(at_ms=self.now_ms, reply_id=reply_id, then=then, cause="sim")
            ),
        )

    def _from_reply(self, reply_id: str, event: ev.AnyEvent) -> None:
        # A given-up reply usually goes silent; now and then something of it was already under way.
        if reply_id not in self._given_up or self.chance(0.1):
            self.step(event)

    # ------------------------------------------------------------ voices and line

    def _synthesize(self, command: cmd.Synthesize) -> None:
        chunks = self._chunks.setdefault(command.reply_id, [])
        if command.index != len(chunks):
            self.violations.append(f"chunk {command.index} of {command.reply_id} out of order")
        chunks.append(command.text)
        playing = self._on_line(command.reply_id)
        duration_ms = len(command.text) * MS_PER_CHARACTER
        delay_ms = self.random.choice([40, 80, 150])
        if self.chance(0.01):
            self.later(delay_ms, lambda: self._silent_chunk(command, playing))
            return

        def audio() -> None:
            playing.audio_ms[command.index] = duration_ms
            self.step(
                ev.ChunkSynthesized(
                    at_ms=self.now_ms, reply_id=command.reply_id, index=command.index, duration_ms=duration_ms
                )
            )

        self.later(delay_ms, audio)

    def _silent_chunk(self, command: cmd.Synthesize, playing: Playing) -> None:
        playing.audio_ms[command.index] = 0
        self.step(
            ev.SynthesisFailed(
                at_ms=self.now_ms, reply_id=command.reply_id, index=command.index, reason="sim"
            )
        )

    def _on_line(self, reply_id: str) -> Playing:
        if reply_id not in self._line:
            self._line[reply_id] = Playing(id=reply_id)
            self._order.append(reply_id)
        return self._line[reply_id]

    def _tick(self) -> None:
        sounding = [p for p in self._line.values() if self._audible(p)]
        if len(sounding) > 1:
            self.violations.append(f"{' and '.join(p.id for p in sounding)} sound at the same time")
        for playing in sounding:
            if not playing.announced:
                playing.announced = True
                self.step(ev.PlayoutStarted(at_ms=self.now_ms, reply_id=playing.id))
            playing.heard_ms = min(playing.heard_ms + self.TICK_MS, playing.available_ms())
            self.last_sound_ms = self.now_ms
            if playing.heard_ms % 200 == 0 and not self.chance(0.05):
                self.step(ev.PlayoutMark(at_ms=self.now_ms, reply_id=playing.id, heard_ms=playing.heard_ms))
        if self._voiced:
            self.last_sound_ms = self.now_ms
        self.longest_silence_ms = max(self.longest_silence_ms, self.now_ms - self.last_sound_ms)
        for playing in list(self._line.values()):
            self._maybe_finished(playing)
        if not self.ended:
            self.later(self.TICK_MS, self._tick)

    def _audible(self, playing: Playing) -> bool:
        return (
            playing.started
            and not playing.paused
            and not playing.dead
            and playing.heard_ms < playing.available_ms()
        )

    def _maybe_finished(self, playing: Playing) -> None:
        if playing.dead or playing.finish is None or playing.paused or not playing.started:
            return
        if len(playing.audio_ms) >= playing.finish and playing.heard_ms >= playing.available_ms():
            playing.dead = True
            self.step(ev.PlayoutFinished(at_ms=self.now_ms, reply_id=playing.id, heard_ms=playing.heard_ms))

    # ------------------------------------------------------------ commands

    def _obey(self, command: cmd.Command) -> None:
        if self.ended:
            self.violations.append(f"{command} after the end")
        match command:
            case cmd.SetTimer():
                self._timers[command.timer] = command.due_ms
                self.at(command.due_ms, lambda: self._fire(command))
            case cmd.CancelTimer():
                self._timers.pop(command.timer, None)
            case cmd.FinalizeTranscript():
                self._final()
            case cmd.ScoreEndOfTurn():
                if not self.chance(0.05):
                    score = round(self.random.random(), 2)
                    self.later(
                        40,
                        lambda: self.step(
                            ev.EndOfTurnScored(at_ms=self.now_ms, ended_ms=command.ended_ms, score=score)
                        ),
                    )
            case cmd.CommitTurn() | cmd.NoteUtterance():
                if not (isinstance(command, cmd.NoteUtterance) and command.kind == "late"):
                    self._segment += 1
                    self._segment_words = []
            case cmd.StartReply():
                self._reply(command)
            case cmd.ConfirmReply():
                if command.reply_id in self._given_up:
                    self.violations.append(f"{command.reply_id} confirmed after it was cancelled")
            case cmd.CancelReply():
                self._given_up.add(command.reply_id)
            case cmd.Synthesize():
                self._synthesize(command)
            case cmd.StartPlayout():
                playing = self._on_line(command.reply_id)
                if playing.dead or playing.started:
                    self.violations.append(f"{command.reply_id} started twice or after its end")
                playing.started = True
            case cmd.FinishPlayout():
                self._on_line(command.reply_id).finish = command.chunks
            case cmd.PausePlayout():
                playing = self._on_line(command.reply_id)
                playing.paused = True
                self._soon(
                    ev.PlayoutPaused(at_ms=self.now_ms, reply_id=command.reply_id, heard_ms=playing.heard_ms)
                )
            case cmd.ResumePlayout():
                playing = self._on_line(command.reply_id)
                if playing.dead:
                    self.violations.append(f"{command.reply_id} resumed after its end")
                playing.paused = False
                playing.heard_ms = max(0, playing.heard_ms - command.rewind_ms)
            case cmd.FlushPlayout():
                playing = self._on_line(command.reply_id)
                playing.dead = True
                self._soon(
                    ev.PlayoutFlushed(at_ms=self.now_ms, reply_id=command.reply_id, heard_ms=playing.heard_ms)
                )
            case cmd.ReportHeard():
                self.reports.setdefault(command.reply_id, []).append(command)
            case cmd.RunTool():
                if "write" in command.name or command.name == "book":
                    self.effects.append(command.idempotency_key)
                delay_ms = self.random.choice([20, 200, 1800, 4000])
                self.later(delay_ms, lambda: self._tool_done(command.tool_call_id))
            case cmd.ReuseToolResult():
                self.later(50, lambda: self._tool_done(command.tool_call_id))
            case cmd.EndCall():
                self.ended = command.cause

    def _soon(self, event: ev.AnyEvent) -> None:
        self.at(self.now_ms, lambda: self.step(_redated(event, self.now_ms)))

    def _tool_done(self, tool_call_id: str) -> None:
        self.step(ev.ToolFinished(at_ms=self.now_ms, tool_call_id=tool_call_id, ok=True))
        reply_id = self._tool_reply[tool_call_id][0]
        self._write(reply_id, 20)

    def _fire(self, command: cmd.SetTimer) -> None:
        if self._timers.get(command.timer) == command.due_ms:
            del self._timers[command.timer]
            self.step(ev.TimerFired(at_ms=self.now_ms, timer=command.timer))

    # ------------------------------------------------------------ judgement

    def words(self) -> str:
        self._word += 1
        return f"w{self._word}"


def _redated(event: ev.AnyEvent, at_ms: int) -> ev.AnyEvent:
    import msgspec

    return msgspec.structs.replace(event, at_ms=at_ms)


def random_caller(world: World) -> tuple[list[Utterance], int | None]:
    """A few minutes of a caller who speaks when he likes, coughs, agrees, presses keys and may hang up."""
    pick = world.random
    at_ms = pick.randint(0, 6000)
    utterances: list[Utterance] = []
    for _ in range(pick.randint(0, 14)):
        kind = pick.random()
        if kind < 0.6:
            words = " ".join(world.words() for _ in range(pick.randint(1, 10)))
            utterances.append(Utterance(at_ms, 250 * len(words.split()) + 150, words))
        elif kind < 0.75:
            utterances.append(Utterance(at_ms, pick.randint(90, 700), ""))
        elif kind < 0.9:
            utterances.append(Utterance(at_ms, 350, pick.choice(["mm-hmm", "okay", "right"])))
        else:
            utterances.append(Utterance(at_ms, 0, "dtmf:" + pick.choice(["1", "42#", "5551234"])))
        at_ms += pick.choice([300, 800, 1500, 4000, 9000]) + utterances[-1].duration_ms
    hang_up_ms = at_ms + pick.randint(0, 20000) if world.chance(0.5) else None
    return utterances, hang_up_ms
