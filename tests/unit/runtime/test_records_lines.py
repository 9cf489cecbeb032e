"""Lines of a trace: every event and command survives the trip to disk and back, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from antiphon.conversation import commands, events
from antiphon.conversation.policy import Policy, TurnPolicy
from antiphon.errors import ConfigError
from antiphon.runtime.records import lines
from antiphon.storage.traces import TraceWriter

VALUES: dict[str, Any] = {
    "int": 7,
    "str": 'he said "no" — twice\n',
    "float": 0.1,
    "bool": True,
    "bool | msgspec.UnsetType": True,
    "str | msgspec.UnsetType": 'he said "no"',
    "tuple[int, ...]": (1, 2, 3),
}


def example(kind: type[msgspec.Struct]) -> Any:
    return kind(**{field.name: VALUES[_type_name(field.type)] for field in msgspec.structs.fields(kind)})


def _type_name(annotation: Any) -> str:
    return (
        annotation.__name__
        if isinstance(annotation, type) and annotation in (int, str, float, bool)
        else str(annotation)
    )


@pytest.mark.parametrize("kind", get_args(events.AnyEvent), ids=lambda kind: kind.__name__)
def test_every_event_comes_back_as_it_was(kind: type[events.Event]) -> None:
    event = example(kind)
    raw = lines.event_line(event)
    entry = lines.decode(2, raw, json.loads(raw))
    assert isinstance(entry, lines.EventEntry)
    assert entry.event == event and type(entry.event) is kind
    assert json.loads(raw)["t"] == event.at_ms and "at_ms" not in json.loads(raw)
    assert lines.event_line(entry.event) == raw


@pytest.mark.parametrize("kind", get_args(commands.AnyCommand), ids=lambda kind: kind.__name__)
def test_every_command_comes_back_as_it_was(kind: type[commands.Command]) -> None:
    command = example(kind)
    raw = lines.command_line(1234, command)
    entry = lines.decode(2, raw, json.loads(raw))
    assert isinstance(entry, lines.CommandEntry)
    assert entry.at_ms == 1234 and entry.command == command and type(entry.command) is kind
    assert lines.command_line(entry.at_ms, entry.command) == raw


def test_a_note_keeps_its_fields() -> None:
    raw = lines.note_line(5, "cost", usd=0.01, provider="embedded")
    entry = lines.decode(2, raw, json.loads(raw))
    assert isinstance(entry, lines.NoteEntry)
    assert (entry.at_ms, entry.type, entry.fields) == (5, "cost", {"usd": 0.01, "provider": "embedded"})


def _header(call_id: str = "c1") -> lines.Header:
    policy = Policy(turn=TurnPolicy(stop_silence_min_ms=123), fillers=("Hm.",))
    return lines.Header(
        call_id=call_id, agent="clinic", definition_hash="abc", policy=policy, wall_time_ms=1, line="loopback"
    )


def _write(directory: Path, *raw: bytes) -> Path:
    trace = TraceWriter(directory, "c1", lines.header_fields(_header()))
    for line in raw:
        trace.write(line)
    assert trace.close().result(10)
    return trace.path


def test_a_whole_call_is_read_back_with_its_policy(tmp_path: Path) -> None:
    event = events.SpeechStarted(at_ms=100, onset_ms=40)
    path = _write(tmp_path, lines.event_line(event), lines.command_line(100, commands.EndCall(cause="agent")))
    record = lines.read_call(path)
    assert record.header == _header()
    assert record.events == [event]
    assert record.complete and record.duration_ms == 100


def test_a_line_of_an_unknown_type_names_the_line_and_the_version(tmp_path: Path) -> None:
    path = _write(tmp_path, b'{"t":1,"k":"event","type":"Teleported"}')
    with pytest.raises(
        ConfigError, match=r"c1\.jsonl:2: this line cannot be understood.*\n.*read it with the version"
    ):
        lines.read_call(path)


def test_a_header_without_its_policy_is_refused(tmp_path: Path) -> None:
    fields = lines.header_fields(_header())
    del fields["policy"]
    trace = TraceWriter(tmp_path, "c1", fields)
    assert trace.close().result(10)
    with pytest.raises(ConfigError, match=r"the header of this trace .* cannot be understood"):
        lines.read_call(trace.path)
