"""The vendors of a simulated call: recogniser, end-of-turn model, reasoner with its tools, voice.

Each counts what it was used for; `usage.py` compares that with what the trace says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import HandoverPolicy
from antiphon.conversation.saying import weight
from tests.simulation.choices import Choices
from tests.simulation.line import Line
from tests.simulation.plan import Plan, Weather
from tests.simulation.wording import agents_word

MS_PER_CHARACTER = 60
SOUNDS_MS = {"thinking": 700, "still_thinking": 700, "hold": 9000}


class Surroundings(Protocol):
    """What a vendor sees of the world."""

    now_ms: int
    choices: Choices
    weather: Weather
    plan: Plan
    policy: Policy
    line: Line

    def post(self, event: ev.AnyEvent, stream: str, *, delay_ms: int = 0, keeps_order: bool = True) -> None:
        """An event for the core in `delay_ms`, unless the weather has other plans."""

    def later(self, delay_ms: int, stream: str, action: Callable[[], None]) -> None: ...


@dataclass(slots=True, kw_only=True)
class Usage:
    """What was used, as a vendor would bill it."""

    replies: int = 0
    drafts_wasted: int = 0
    characters: int = 0
    audio_ms: int = 0
    tool_runs: int = 0
    transcripts: int = 0


class Recogniser:
    """One segment per turn; a final repeats the words of its whole segment."""

    def __init__(self, world: Surroundings, usage: Usage) -> None:
        self._world, self._usage = world, usage
        self.segment = 0
        self.words: list[str] = []
        self.finals: list[ev.TranscriptFinal] = []  # Every one that was given in time, in order.
        self._saying: list[str] = []  # Words of the utterance under way that were not told yet.
        self._final_at_ms = 0

    def settle(self) -> None:
        """A new segment. What is being said and was not told yet belongs to it."""
        self.segment += 1
        self.words = []

    def begins(self, words: list[str]) -> None:
        self._saying = list(words)

    def hears(self, share: int) -> None:
        """The caller has said this many words of his utterance less than all; tell them."""
        told = max(1, len(self._saying) - share)
        self.words += self._saying[:told]
        del self._saying[:told]
        event = ev.TranscriptPartial(
            at_ms=self._world.now_ms + 80, segment=self.segment, text=" ".join(self.words)
        )
        self._world.post(event, "stt", delay_ms=80, keeps_order=False)

    def ends(self) -> None:
        self.words += self._saying
        self._saying = []

    def asked(self) -> None:
        self._usage.transcripts += 1
        self.finalize()

    def given(self, event: ev.TranscriptFinal) -> None:
        """It reached the core; what came too late for its segment need not be used."""
        if event.text and event.segment >= self.segment:
            self.finals.append(event)

    def finalize(self) -> None:
        choices, weather = self._world.choices, self._world.weather
        text, segment = " ".join(self.words), self.segment
        if choices.chance("the final never comes", weather.vendor_fault / 2 if text else 0.15):
            return
        if choices.chance("the recogniser lost it", weather.vendor_fault / 4):
            self._give(text="", segment=segment, lost=True)
            return
        self._give(text=text, segment=segment)

    def _give(self, *, text: str, segment: int, lost: bool = False) -> None:
        world, choices = self._world, self._world.choices
        delay_ms = choices.pick("final delay", (90, 60, 120, 200, 400))
        if choices.chance("the final is slow", world.weather.slow / 2):
            delay_ms = 2500
        # One stream: finals keep their order.
        self._final_at_ms = max(self._final_at_ms, world.now_ms + delay_ms)
        delay_ms = self._final_at_ms - world.now_ms
        poor = world.policy.line.fallback and world.conversation.state.line.poor
        confidence = 0.2 if poor and choices.chance("the words are doubtful", 0.4) else 1.0
        event = ev.TranscriptFinal(
            at_ms=self._final_at_ms, segment=segment, text=text, confidence=confidence, lost=lost
        )
        world.post(event, "stt", delay_ms=delay_ms)
        if choices.chance("the final comes twice", world.weather.doubled):
            world.post(event, "stt", delay_ms=delay_ms + 30)

    def score(self, command: cmd.ScoreEndOfTurn) -> None:
        world = self._world
        if world.choices.chance("no score", world.weather.vendor_fault * 2):
            return
        score = world.choices.pick("score", (0.9, 0.05, 0.3, 0.5, 0.7, 1.0))
        delay_ms = world.choices.pick("score delay", (40, 15, 40, 300))
        at_ms = world.now_ms + delay_ms
        world.post(
            ev.EndOfTurnScored(at_ms=at_ms, ended_ms=command.ended_ms, score=score),
            "score",
            delay_ms=delay_ms,
            keeps_order=False,
        )


class Reasoner:
    """Writes replies, asks for tools, fails, stalls. What it was told to drop it usually stops saying."""

    def __init__(self, world: Surroundings, usage: Usage) -> None:
        self._world, self._usage = world, usage
        self._written: dict[str, int] = {}  # Chunks of a reply already on their way.
        self._answers: set[str] = set()  # Replies to a turn; only they may be empty.
        self.drafts: set[str] = set()
        self.given_up: set[str] = set()
        self._tools = 0
        self._asked: dict[str, str] = {}  # Tool call -> reply.

    def start(self, command: cmd.StartReply) -> None:
        world, choices, weather = self._world, self._world.choices, self._world.weather
        self._usage.replies += 1
        if command.kind == "turn":
            self._answers.add(command.reply_id)
        if command.speculative:
            self.drafts.add(command.reply_id)
        delay_ms = choices.pick("reply delay", (60, 10, 30, 150, 400, 900))
        if choices.chance("the reply is slow", weather.slow):
            delay_ms = 3000
        if choices.chance("the reply fails", weather.vendor_fault):
            failed = ev.ReplyFailed(at_ms=world.now_ms + delay_ms, reply_id=command.reply_id, reason="sim")
            self._say(failed, delay_ms)
        elif choices.chance("the reply stalls", weather.vendor_fault / 2):
            return
        elif command.kind == "turn" and choices.chance("asks a tool", 0.3):
            self._ask(command.reply_id, delay_ms)
        else:
            self._write(command.reply_id, delay_ms)

    def confirm(self, reply_id: str) -> None:
        self.drafts.discard(reply_id)

    def cancel(self, reply_id: str) -> None:
        self.given_up.add(reply_id)
        if reply_id in self.drafts:
            self.drafts.discard(reply_id)
            self._usage.drafts_wasted += 1

    def tool(self, tool_call_id: str, *, runs: bool) -> None:
        world, choices = self._world, self._world.choices
        self._usage.tool_runs += runs
        delay_ms = choices.pick("tool delay", (200, 20, 1800, 4000)) if runs else 50
        ok = not choices.chance("the tool fails", world.weather.vendor_fault)
        if not ok:
            delay_ms = 8000  # The runtime's deadline speaks for a tool that hangs.
        event = ev.ToolFinished(at_ms=world.now_ms + delay_ms, tool_call_id=tool_call_id, ok=ok)
        world.post(event, f"tool {tool_call_id}", delay_ms=delay_ms)
        if choices.chance("the tool answers twice", world.weather.doubled):
            world.post(event, f"tool {tool_call_id}", delay_ms=delay_ms + 70)

    def tool_answered(self, tool_call_id: str) -> None:
        reply_id = self._asked.pop(tool_call_id, "")
        if not reply_id:
            return
        if self._world.choices.chance("asks a tool again", 0.1):
            self._ask(reply_id, 30)
        else:
            self._write(reply_id, 20)

    def _ask(self, reply_id: str, delay_ms: int) -> None:
        choices = self._world.choices
        self._tools += 1
        tool_call_id = f"{reply_id}.t{self._tools}"
        self._asked[tool_call_id] = reply_id
        event = ev.ToolRequested(
            at_ms=self._world.now_ms + delay_ms,
            reply_id=reply_id,
            tool_call_id=tool_call_id,
            name="book",
            arguments=choices.pick("tool arguments", ("{}", "{}", '{"slot":2}')),
            effect=choices.pick("tool effect", ("write", "none")),
        )
        self._say(event, delay_ms)

    def _write(self, reply_id: str, delay_ms: int) -> None:
        world, choices = self._world, self._world.choices
        index = self._written.get(reply_id, 0)
        chunks = choices.pick("chunks", (1, 2, 3, 1, 2, 3, 1, 2, 3, 0 if reply_id in self._answers else 1))
        for _ in range(chunks):
            count = choices.pick("words of a chunk", (4, 2, 6, 9, 12))
            text = " ".join(agents_word(reply_id, index, number) for number in range(count))
            at_ms = world.now_ms + delay_ms
            must = f"{reply_id}c{index}" in world.plan.protects
            said = ev.ReplyText(at_ms=at_ms, reply_id=reply_id, index=index, text=text, uninterruptible=must)
            self._say(said, delay_ms)
            index += 1
            delay_ms += 2500 if choices.chance("a chunk is slow", world.weather.slow / 2) else 30
        self._written[reply_id] = index
        at_ms = world.now_ms + delay_ms
        if choices.chance("a question", 0.3):
            self._say(ev.AnswerExpected(at_ms=at_ms, reply_id=reply_id, kind="yes_no"), delay_ms)
        then = "end" if choices.chance("the agent ends", 0.03) else ""
        kept = isinstance(world.policy.handover, HandoverPolicy)
        then = "escalate" if choices.chance("a person is needed", 0.2 if kept else 0.02) else then
        if not choices.chance("the reply never ends", world.weather.vendor_fault / 4):
            finished = ev.ReplyFinished(at_ms=at_ms, reply_id=reply_id, then=then, cause="sim")
            self._say(finished, delay_ms)

    def _say(self, event: ev.AnyEvent, delay_ms: int) -> None:
        self._world.post(event, f"reply {event.reply_id}", delay_ms=delay_ms)  # type: ignore[union-attr]

    def still_says(self, event: ev.AnyEvent) -> bool:
        """A given-up reply goes silent, but something of it may already have been under way."""
        reply_id = getattr(event, "reply_id", "")
        return reply_id not in self.given_up or self._world.choices.chance("too late to take back", 0.1)


class Voice:
    """Sixty milliseconds a character; every second chunk comes with word times, spoken with pauses."""

    def __init__(self, world: Surroundings, usage: Usage) -> None:
        self._world, self._usage = world, usage
        self.chunks: dict[str, list[str]] = {}
        self.word_ends_ms: dict[tuple[str, int], tuple[int, ...]] = {}  # The truth, told or not.
        self.broke_off_ms: dict[tuple[str, int], int] = {}  # All there is of a chunk.
        self.faults: list[tuple[str, str]] = []

    def synthesize(self, command: cmd.Synthesize) -> None:
        world, choices = self._world, self._world.choices
        reply_id, index = command.reply_id, command.index
        chunks = self.chunks.setdefault(reply_id, [])
        if index != len(chunks):
            self.faults.append(("usage_is_metered", f"chunk {index} of {reply_id} is spoken again"))
            return
        chunks.append(command.text)
        self._usage.characters += len(command.text)
        delay_ms = choices.pick("voice delay", (80, 40, 150))
        slow = world.weather.slow_voice  # Where it never is, nothing is drawn: seeds stay what they were.
        if slow and not command.sound and choices.chance("the voice is slow", slow):
            delay_ms = choices.pick("a slow voice", (1400, 2200, 3500, 7000))
        if choices.chance("no audio", world.weather.vendor_fault / 2):
            self._fails(command, delay_ms)
            return
        timed = choices.chance("words are timed", 0.5)
        # Without times the core takes words to be as long as their letters, so here they are.
        pause_ms = choices.pick("a pause between words", (0, 0, 300)) if timed else 0
        sound_ms = SOUNDS_MS.get(command.sound)
        ends_ms = _spoken(command.text, pause_ms) if sound_ms is None else (sound_ms,)
        self.word_ends_ms[reply_id, index] = ends_ms
        duration_ms = ends_ms[-1]
        self._usage.audio_ms += duration_ms
        world.later(delay_ms, f"audio {reply_id}", lambda: world.line.audio(reply_id, index, duration_ms))
        ttfb_ms = delay_ms
        # The last of the audio comes after the first is heard.
        delay_ms += choices.pick("audio takes", (0, 0, 50, 400))
        event = ev.ChunkSynthesized(
            at_ms=world.now_ms + delay_ms,
            reply_id=reply_id,
            index=index,
            duration_ms=duration_ms,
            ttfb_ms=ttfb_ms,
            word_ends_ms=ends_ms if timed else (),
        )
        world.post(event, f"audio {reply_id}", delay_ms=delay_ms)

    def _fails(self, command: cmd.Synthesize, delay_ms: int) -> None:
        """Before the first sound, or in the middle of a word."""
        world, choices = self._world, self._world.choices
        reply_id, index = command.reply_id, command.index
        given_ms = 0 if command.sound else choices.pick("audio before it broke off", (0, 500, 1300))
        ends_ms = _spoken(command.text, 0)
        given_ms = min(given_ms, ends_ms[-1] // 2)
        self.word_ends_ms[reply_id, index] = ends_ms if given_ms else ()
        told: tuple[int, ...] = ()
        if given_ms:
            self.broke_off_ms[reply_id, index] = given_ms
            if choices.chance("words are timed", 0.5):
                told = tuple(end_ms for end_ms in ends_ms if end_ms <= given_ms)
            self._usage.audio_ms += given_ms
            stream, line = f"audio {reply_id}", world.line
            world.later(delay_ms, stream, lambda: line.audio(reply_id, index, given_ms))
            delay_ms += choices.pick("audio takes", (0, 0, 50, 400))
        event = ev.SynthesisFailed(
            at_ms=world.now_ms + delay_ms,
            reply_id=reply_id,
            index=index,
            reason="sim",
            audio_ms=given_ms,
            word_ends_ms=told,
        )
        world.post(event, f"audio {reply_id}", delay_ms=delay_ms)


def _spoken(text: str, pause_ms: int) -> tuple[int, ...]:
    """When each word ends, with a pause after the first."""
    ends_ms: list[int] = []
    so_far_ms = 0
    for number, word in enumerate(text.split()):
        so_far_ms += (weight(word) + 1) * MS_PER_CHARACTER + (pause_ms if number == 1 else 0)
        ends_ms.append(so_far_ms)
    return tuple(ends_ms) or (0,)
