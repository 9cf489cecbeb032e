"""Calls to look at: real traces with what a paid vendor's models would have noted, and recordings in step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from antiphon.agents.definition import load_agent
from antiphon.calls.recording.shelf import recording_path, recordings_directory
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.story import CallStory, tell
from antiphon.storage.sealed import SealedWriter
from tests.doubles.api_world import TRACES, ApiWorld

CUT_CALL = "agent_believes_it_said_more_than_was_heard"  # The caller speaks into the agent's second sentence.
TOOL_CALL = "appointment_is_booked_twice"
RATE_HZ = 8000
FRAME = 160  # 20 ms, as recordings are written.
HOUR_MS = 3_600_000
ROUTES = """time_zone: America/New_York
limits: {calls: 60}
hours: {office: {open: {mon-fri: "08:00-18:00"}}}
routes:
  desk:
    to: ["+12125550100", "sip:desk"]
    limit: 10
    rules:
      - {name: shut, when: {closed: office}, forward: "+12125550111"}
      - {name: usual, agent: {clinic: 95, clinic-next: 5}}
  rest: {to: "*", rules: [{refuse: nobody is here}]}
"""
DIGESTS = {"clinic": "0123456789ab", "clinic-next": "ba9876543210"}


def put_rich_call(world: ApiWorld, call_id: str, at_ms: int = 0) -> Path:
    """A call with requests to models, consent, a graded line and a recording."""
    path = world.put_call(call_id, "clinic", CUT_CALL, at_ms)
    header, *rest = map(msgspec.json.decode, path.read_bytes().splitlines())
    header["definition_hash"] = load_agent(world.home / "agents" / "clinic.yaml").digest
    notes = [
        note(100, "recording_began", basis="announced", since_ms=0),
        note(4600, "prompt", provider="acme/large", reply="r2", tools=[], request=1, prompt=[0, 1],
             said={"0": {"role": "system", "content": "You are Robin <script>alert(1)</script>"},
                   "1": {"role": "user", "content": "Do you take Aetna?"}}),
        note(5000, "usage", role="llm", provider="acme/large", reply="r2", cost_usd="0.0021", request=1,
             input_tokens=1480, cached_tokens=1024, output_tokens=24),
        note(5100, "usage", role="tts", provider="acme/voice", reply="r2", cost_usd="0.0009", characters=60),
        note(8300, "usage", role="llm", provider="acme/large", reply="r3", cost_usd="0.0018",
             input_tokens=1530, cached_tokens=1408, output_tokens=11),
        note(9000, "line_quality", seconds=9, voiced_seconds=4, poor_seconds=1),
    ]  # fmt: skip
    *told, end = rest
    lines = sorted([*told, *notes], key=lambda line: int(line["t"]))
    lines.append(end | {"lines": len(lines)})
    path.write_bytes(b"\n".join(map(msgspec.json.encode, [header, *lines])) + b"\n")
    put_recording(world, path)
    return path


def note(at_ms: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"t": at_ms, "k": "note", "type": kind} | fields


def put_recording(world: ApiWorld, trace: Path) -> None:
    """A tone of the caller and another of the agent, wherever the trace says that they were heard."""
    record = read_call(trace)
    samples = tones(tell(record.entries), record.duration_ms)
    now = datetime.now(UTC)
    head = {
        "call": trace.stem, "encoding": "l16", "sample_rate_hz": RATE_HZ, "since_ms": 0,
        "retain_until": (now + timedelta(days=30)).isoformat(), "consent": {"basis": "announced"},
    }  # fmt: skip
    path = recording_path(recordings_directory(world.home), trace.stem, now)
    writer = SealedWriter(path, world.parts.keyring, head)
    for start in range(0, samples.shape[1] - FRAME + 1, FRAME):
        writer.write(b"".join(samples[channel, start : start + FRAME].tobytes() for channel in (0, 1)))
    writer.close()


def tones(story: CallStory, duration_ms: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """int16 [2, n]."""
    times = np.arange(duration_ms * RATE_HZ // 1000) / RATE_HZ
    loud = np.zeros((2, times.size))
    for turn in story.turns:
        _sound(loud[0], turn.onset_ms or 0, turn.ended_ms)
    for reply in story.replies.values():
        if reply.audible_at_ms is not None:
            _sound(loud[1], reply.audible_at_ms, reply.audible_at_ms + reply.heard_ms)
    swell = 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * 1.7 * times) * np.sin(2 * np.pi * 0.31 * times))
    pitch = np.stack([np.sin(2 * np.pi * 220 * times), np.sin(2 * np.pi * 330 * times)])
    mixed: np.ndarray[Any, np.dtype[np.int16]] = (loud * swell * pitch * 20_000).astype("<i2")
    return mixed


def _sound(channel: np.ndarray[Any, Any], from_ms: int, to_ms: int) -> None:
    channel[from_ms * RATE_HZ // 1000 : to_ms * RATE_HZ // 1000] = 1


def put_week(put: Any, now_ms: int, every_h: int = 3) -> int:
    """Calls of the last week, of every kind there is a trace of; how many. `put`: `ApiWorld.put_call`."""
    sources = sorted(path.stem for path in TRACES.glob("*.jsonl"))
    count = 7 * 24 // every_h
    for number in range(1, count):
        agent = ("clinic", "bank", "survey")[number % 3]
        source = sources[number % len(sources)]
        put(f"week-{number:03d}", agent, source, now_ms - number * every_h * HOUR_MS)
    return count - 1


def put_routes(folder: Path) -> Path:
    """A file of two routes, by hours and shares."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "routes.yaml"
    file.write_text(ROUTES)
    return file
