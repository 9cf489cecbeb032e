"""Whole clinic calls over one phrase cache, on paced time: what was in it when it was wanted, and what the
voice was spared. Another `PhraseCache` on the same folder is a process that was started again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.doubles.clinic_call import Clinic, Talker
from tests.doubles.clinic_faults import FLOW, notes
from tests.doubles.coded_speech import HeardWord
from tests.doubles.paced_loop import live_with_sockets
from tests.unit.agents.dialogue import AGENTS, NOW

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import AgentDefinition
from antiphon.agents.tools import appointment_tools
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import Shared, declared_chunks, recogniser, rehearse, voice
from antiphon.runtime.kit import AgentKit
from antiphon.speech.phrases import PhraseCache, PhraseCounts
from antiphon.speech.ports import TextToSpeech
from antiphon.speech.ssml import Shaper
from antiphon.storage.blobs import BlobFolder

EARS = "deepgram/nova-3"
DISK_BYTES = 128 << 20
CALLERS: tuple[Sequence[str], ...] = (
    ("I'd like to book a check-up please", "Friday", "the first one", "Linda Chen", "April 8th 1979", "yes",
     "no thanks"),
    ("I need to cancel my appointment", "Maria Lopez", "March 3rd 1985", "yes", "no thanks"),
    ("Can I move my appointment to Friday?", "This is John Smith, born November 14 1972", "the later one",
     "yes", "no thanks"),
    ("when is my appointment", "Maria Lopez", "March 3rd 1985", "no thanks"),
    ("I need a flu shot on Wednesday", "ten", "Peter Novak", "June 3rd 1991", "yes", "617 555 0199", "yes",
     "no thanks"),
    ("a physical on Tuesday at ten", "Linda Chen", "April 8th 1979", "yes", "actually make it Wednesday",
     "the first one", "yes", "no thanks"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spared:
    """What one process knew when its calls were over.

    Attributes:
        counts: Of the cache, the rehearsal before the first caller left out.
        characters: That the voices were asked for. spared: That they were not.
        disk_bytes, files: What outlives the process.
    """

    counts: PhraseCounts
    characters: int
    spared: int
    disk_bytes: int
    files: int


class InlineExecutor(Executor):
    """Work at once, in the thread that asks for it: virtual time stands still meanwhile."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))  # What it raises is raised where it was to be waited for.
        return done


@dataclass
class PhraseClinic(Clinic):
    """The clinic with its cache, rehearsed as `serve` does it. `own_voices` are used instead of the
    registry's."""

    phrases: PhraseCache = field(default_factory=PhraseCache)
    own_voices: dict[str, tuple[TextToSpeech, str]] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await rehearse(self.kit)
        return self

    def _kit(self, definition: AgentDefinition) -> AgentKit:
        registry = _WithOwnVoices(self.environment, self.own_voices)
        shared = Shared(registry=registry, home=self.home, phrases=self.phrases)
        tools = appointment_tools(self.calendar, AGENTS / "clinic" / "calendar.yaml", today=NOW.date())
        reasoning = prepare_reasoning(definition, encoder=None, tools=tools, language_model=None)
        shared.declared.update(declared_chunks(definition, reasoning.flow))
        self.kit = AgentKit(
            definition=definition,
            recognisers=[recogniser(definition, shared)],
            voices=[voice(definition, shared)],
            end_of_turn=None,
            shape=Shaper(definition.language, definition.speech.pronunciations).utterance,
            tools={tool.name: tool for tool in tools},
            make_reasoner=reasoning.reasoner,
        )
        return self.kit


class _WithOwnVoices(Registry):
    def __init__(self, environment: dict[str, str], voices: dict[str, tuple[TextToSpeech, str]]) -> None:
        super().__init__(environment=environment)
        self._own = voices

    def tts(self, name: str) -> tuple[TextToSpeech, str]:
        return self._own[name] if name in self._own else super().tts(name)


@dataclass
class SoundEar:
    """Instead of `CodedEar`, for a voice that speaks to people: one "word" a stretch of sound."""

    words: list[HeardWord] = field(default_factory=list)
    text: str = ""
    _sounds: bool = False

    def push(self, pcm: bytes) -> None:
        sounds = any(pcm)
        if sounds and not self._sounds:
            self.words.append(HeardWord("sound", 0, 0))
        self._sounds = sounds


def process(
    scratch: Path,
    folder: Path,
    name: str,
    own: tuple[TextToSpeech, str] | None = None,
    *,
    callers: Sequence[Sequence[str]] = CALLERS,
) -> Spared:
    """All `callers` ring one process, one after the other; the cache's folder may know things already.

    Args:
        scratch: For calendars and traces.
        name: The voice's, with its double; with `own` that voice itself.
    """
    cache = PhraseCache(BlobFolder(folder, max_bytes=DISK_BYTES))
    told = {"characters": 0, "spared": 0}
    before: list[PhraseCounts] = []

    async def story(number: int, lines: Sequence[str]) -> None:
        voices = {name: own} if own else {}
        home = scratch / str(number)
        clinic = PhraseClinic(home, [EARS], [FLOW], [name], phrases=cache, own_voices=voices)
        rehearsed = cache.counts
        async with clinic:
            before.append(_less(cache.counts, rehearsed))
            talker = Talker(lines)
            if own:
                talker._ear = SoundEar()  # type: ignore[assignment]
            record = await clinic.call(talker)
            assert len(talker.turns) >= len(lines), "the call was over before he had said everything"
        told["spared"] += sum(note["characters"] for note in notes(record, "phrase_cached"))
        used = [note for note in notes(record, "usage") if note["role"] == "tts"]
        told["characters"] += sum(note["characters"] for note in used)

    for number, lines in enumerate(callers):
        live_with_sockets(story(number, lines))
    counts = cache.counts
    for each in before:
        counts = _less(counts, each)
    files = [path.stat().st_size for path in folder.iterdir()]
    return Spared(
        counts=counts,
        characters=told["characters"],
        spared=told["spared"],
        disk_bytes=sum(files),
        files=len(files),
    )


def _less(counts: PhraseCounts, others: PhraseCounts) -> PhraseCounts:
    return PhraseCounts(
        hits_in_memory=counts.hits_in_memory - others.hits_in_memory,
        hits_on_disk=counts.hits_on_disk - others.hits_on_disk,
        misses=counts.misses - others.misses,
        broken=counts.broken,
    )
