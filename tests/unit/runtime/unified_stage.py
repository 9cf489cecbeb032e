"""A call on virtual time whose session says what the test tells it to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.unit.runtime.stage import RATE_HZ, Stage, StageReasoner, StageTts, settle

from antiphon.agents.definition import load_agent
from antiphon.agents.flows.emergency import EmergencyRules
from antiphon.agents.ports import Tool
from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation.policy import Endpointing
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SessionEvent,
    SessionLost,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    TurnMoment,
)

CLINIC = Path(__file__).parents[3] / "agents/clinic.yaml"


class StageSession:
    """`SpeechToSpeech` and its session: `asked` is everything it was asked for but the audio."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.config: SpeechSessionConfig | None = None
        self.emit: Callable[[SessionEvent], None] = lambda event: None
        self.pushed: list[bytes] = []
        self.asked: list[tuple[object, ...]] = []
        self.closed = False

    def open(self, config: SpeechSessionConfig, emit: Callable[[SessionEvent], None]) -> StageSession:
        if self.broken:
            raise ProviderUnavailable("stage", "no session today")
        self.config, self.emit = config, emit
        return self

    def push(self, pcm: bytes) -> None:
        self.pushed.append(pcm)

    def commit_turn(self) -> None:
        self.asked.append(("commit",))

    def speak(self, instruction: str) -> None:
        self.asked.append(("speak", instruction))

    def cut(self, spoken: str, heard_ms: int) -> None:
        self.asked.append(("cut", spoken, heard_ms))

    def tool_result(self, call: str, result: str) -> None:
        self.asked.append(("result", call, result))

    def show(self, image: bytes, media_type: str) -> None:
        self.asked.append(("show", media_type))

    def give_up(self, reason: str) -> None:
        self.emit(SessionLost(reason=reason))

    async def aclose(self) -> None:
        self.closed = True

    # ------------------------------------------------------------------ what it says

    def says(
        self, spoken: str, text: str, duration_ms: int, *, ends: bool = True, status: str = "completed"
    ) -> None:
        """A whole reply of the vendor's; its sound comes before its words."""
        self.emit(SpokenStarted(spoken=spoken))
        if duration_ms:
            self.emit(SpokenAudio(spoken=spoken, pcm=b"\1\0" * (RATE_HZ * duration_ms // 1000)))
        if text:
            self.emit(SpokenAudio(spoken=spoken, text=text))
        if ends:
            self.emit(SpokenEnded(spoken=spoken, status=status))

    def calls(self, spoken: str, name: str, arguments: str = "{}", *, call: str = "c1") -> None:
        self.emit(SpokenStarted(spoken=spoken))
        self.emit(SpokenToolCall(spoken=spoken, call=call, name=name, arguments=arguments))
        self.emit(SpokenEnded(spoken=spoken))

    def turn(self, moment: TurnMoment) -> None:
        self.emit(CallerTurnSeen(moment=moment))

    def words(self, text: str, item: str = "i1") -> None:
        self.emit(CallerWords(item=item, text=text, final=True))


class UnifiedStage(Stage):
    """The model greets; nothing in the greeting is the law's, unless it is `owed`."""

    def __init__(
        self,
        directory: Path,
        *,
        tools: Sequence[Tool] = (),
        endpointing: Endpointing = "ours",
        broken: bool = False,
        sees: bool = True,
        owed: bool = False,
        reasoner: StageReasoner | None = None,
        voices: Sequence[StageTts] | None = None,
    ) -> None:
        self.session = StageSession(broken=broken)
        definition = load_agent(CLINIC)
        if not owed:
            definition = dataclasses.replace(definition, disclosures=())
        super().__init__(
            directory,
            reasoner=reasoner,
            voices=voices,
            tools=tools,
            policy=Policy(unified=True, turn=TurnPolicy(endpointing=endpointing)),
            unified=UnifiedModel(
                name="stage/whale",
                port=self.session,
                definition=definition,
                tools=tools,
                emergency=EmergencyRules(definition.emergency),
                sees=sees,
            ),
        )

    async def greeted(self) -> None:
        self.call.begin(self.line)
        self.session.says("s1", "Hello.", 500)
        self.line.hear_out("r1")
        await settle()
        self.session.asked.clear()

    async def sounds(self, duration_ms: int = 1000) -> None:
        """The caller's voice, seen to its end."""
        self.call.speech_started(onset_ms=max(0, self.clock.now_ms - 70))
        await self.clock.advance(duration_ms)
        self.call.speech_stopped(ended_ms=self.clock.now_ms - 100)
        await settle()

    async def takes_turn(self) -> None:
        """A turn of the caller that we end."""
        await self.sounds()
        await self.clock.advance(400)

    def plays(self, reply_id: str) -> int:
        """Milliseconds given to the line."""
        return len(self.line.played.get(reply_id, b"")) * 1000 // (2 * RATE_HZ)
