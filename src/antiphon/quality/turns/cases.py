"""Labelled recordings as turns: until when the caller has more to say, and when he is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from antiphon.errors import ConfigError

# Clips of this label end in the recording's own room tone: a caller who is silent for that long and goes on.
_OPEN_CLIPS = {"incomplete": "incomplete", "pause_at_clause_end": "clause_end"}
_EXPECTED = {"phone_number": "digits", "digit_string": "digits", "spelling": "spelling", "date_time": "date"}


class _Segment(msgspec.Struct, frozen=True, kw_only=True):
    start: float
    end: float
    speaker: str

    @property
    def ms(self) -> tuple[int, int, str]:
        return round(self.start * 1000), round(self.end * 1000), self.speaker


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest says of one file, as far as turns go. Times in seconds."""

    file: str
    kind: str
    duration: float
    language: str | None = None
    label: str = ""
    speaker: str | None = None
    subtype: str | None = None
    full_file: str | None = None
    turn_end: float | None = None
    pauses: list[tuple[float, float]] = []
    segments: list[_Segment] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One turn of a caller.

    Attributes:
        group: Recordings of one speaker or source stay on one side of a cross-validation.
        set: "incomplete", "clause_end", "short", "pauses" (whole, with labelled pauses), "whole", "phone8k",
            "expected" (digits, spelling, dates that were asked for), "meeting".
        ends: The caller is done where his speech ends; false: he only pauses for the rest of the recording.
        end_ms: When he is done, where the label says so; None: where voice activity says so.
        expects: The kind of answer that was asked for.
        segments: (start, end, speaker) of a meeting, ms, by hand; then `ends` means nothing.
    """

    file: str
    group: str
    set: str
    ends: bool
    end_ms: int | None = None
    expects: str = "open"
    segments: tuple[tuple[int, int, str], ...] = ()


def read_cases(folder: Path) -> list[Case]:
    """Every English recording of one caller's turn.

    Raises:
        ConfigError: There is no manifest, or one we cannot read.
    """
    path = folder / "manifest.jsonl"
    try:
        entries = msgspec.json.Decoder(_Entry).decode_lines(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"cannot read the labelled recordings: {error}", where=str(path)) from error
    return list(_cases(entries))


def _cases(entries: Sequence[_Entry]) -> Iterator[Case]:
    for entry in entries:
        if (entry.language or "en") != "en":
            continue
        group = _group(entry.full_file or entry.file)
        if entry.segments:
            segments = tuple(segment.ms for segment in entry.segments)
            yield Case(file=entry.file, group=group, set="meeting", ends=False, segments=segments)
            continue
        match entry.kind:
            case "turns" if entry.label in _OPEN_CLIPS:
                yield Case(file=entry.file, group=group, set=_OPEN_CLIPS[entry.label], ends=False)
            case "turns":
                yield Case(file=entry.file, group=group, set="short", ends=True)
            case "clean" | "accents" if "two_people" not in entry.file:
                end_ms = round(entry.turn_end * 1000) if entry.turn_end is not None else None
                found = "pauses" if entry.pauses else "whole"
                yield Case(file=entry.file, group=group, set=found, ends=True, end_ms=end_ms)
            case "phone8k" if "commercial" not in entry.file:
                yield Case(file=entry.file, group=group, set="phone8k", ends=True)
            case "digits" if entry.subtype in _EXPECTED:
                expects = _EXPECTED[entry.subtype]
                yield Case(file=entry.file, group=group, set="expected", ends=True, expects=expects)


def _group(file: str) -> str:
    """The source, as far as names tell: "order", "vctk_p228", "libri_1088", "ivr", …

    The speakers of the orders are not known; each recording is a group of its own, with what was cut from it.
    """
    name = Path(file).stem
    for codec in ("gsm_", "g726_", "mulaw_"):
        name = name.removeprefix(codec)
    parts = name.split("_")
    return name if parts[0] == "order" else "_".join(parts[:2]) if parts[0] in ("vctk", "libri") else parts[0]
