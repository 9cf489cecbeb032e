"""What `antiphon replay` tells: one call or a folder of them, exact or under another policy, as JSON-able
objects and as lines for a terminal. One bad trace never hides the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from antiphon.errors import ConfigError
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.runtime.records.policy_overrides import override
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.waterfall import percentiles
from antiphon.runtime.records.what_if import compare

Report = dict[str, Any]


def exact_report(record: CallRecord) -> Report:
    """Keys: events, commands, difference (None, or its line, event and both sides), and where they apply:
    version (another than ours), unknown, cut_short, dropped."""
    result = replay_exactly(record)
    report: Report = {
        "events": result.events,
        "commands": result.commands,
        "difference": dataclasses.asdict(result.difference) if result.difference else None,
    }
    if record.foreign:
        report["version"] = result.version
    return report | {
        key: value
        for key, value in (
            ("unknown", result.unknown),
            ("cut_short", result.cut_short),
            ("dropped", result.dropped),
        )
        if value
    }


def what_if_report(record: CallRecord, settings: Sequence[str]) -> Report:
    """Keys: set, turns (as `TurnChange`), and the totals of `_totals`."""
    turns = [dataclasses.asdict(item) for item in compare(record, override(record.header.policy, settings))]
    return {"set": list(settings), "turns": turns} | _totals(turns)


def folder_report(folder: Path, settings: Sequence[str]) -> Report:
    """Every trace below a folder. Keys: calls (each with its path, and a report or an error) and total.

    Raises:
        ConfigError: There is no trace in it.
    """
    paths = sorted(folder.rglob("*.jsonl"))
    if not paths:
        raise ConfigError(
            "there is no trace in this folder", where=str(folder), fix="traces are files named *.jsonl"
        )
    make = (lambda record: what_if_report(record, settings)) if settings else exact_report
    calls = [_of_file(path, make) for path in paths]
    return {"calls": calls, "total": _what_if_total(calls, settings) if settings else _exact_total(calls)}


def failed(report: Report) -> bool:
    """Something is wrong here: a trace that cannot be read, or our own version that decides otherwise now."""
    if "calls" in report:
        return any(failed(call) for call in report["calls"])
    return "error" in report or (report.get("difference") is not None and "version" not in report)


def exact_lines(path: str, report: Report) -> Iterator[str]:
    """One call's exact replay for a terminal."""
    difference = report["difference"]
    if "version" in report:
        yield f"{path}: made by antiphon {report['version']}, another version than this"
    if difference is None:
        yield f"{report['events']} events, {report['commands']} commands: exactly as recorded"
    else:
        yield f"{path}:{difference['line']}: the first difference"
        yield f"  after     {difference['event']}"
        yield f"  recorded  {difference['recorded'] or '(nothing)'}"
        yield f"  replayed  {difference['replayed'] or '(nothing)'}"
    yield from _remarks(report)


def what_if_lines(report: Report) -> Iterator[str]:
    """One call's what-if for a terminal."""
    sets = ", ".join(report["set"])
    yield f"what if {sets}: response delay per turn, ms (the caller does what was recorded)"
    for turn in report["turns"]:
        delays = f"{_ms(turn['recorded_ms'])} -> {_ms(turn['what_if_ms'])}"
        yield f"  turn {turn['turn']:>3}  {delays}  {_change(turn)}"
    yield from _total_lines(report)


def folder_lines(report: Report) -> Iterator[str]:
    """A folder for a terminal: a line a call, then the totals."""
    for call in report["calls"]:
        yield f"{call['path']}: {_verdict(call)}"
    total = report["total"]
    if "response_ms" in total:
        yield f"what if {', '.join(total['set'])}, {total['calls']} calls, {total['unreadable']} unreadable"
        yield from _total_lines(total)
    else:
        yield (
            f"{total['calls']} calls: {total['same']} exactly as recorded, {total['different']} different"
            f" ({total['other_version']} of them made by another version), {total['unreadable']} unreadable"
        )


def _of_file(path: Path, make: Callable[[CallRecord], Report]) -> Report:
    try:
        record = read_call(path)
        return {"path": str(path), "call_id": record.header.call_id} | make(record)
    except ConfigError as error:
        return {"path": str(path), "error": str(error)}


def _exact_total(calls: list[Report]) -> Report:
    read = [call for call in calls if "error" not in call]
    different = [call for call in read if call["difference"] is not None]
    return {
        "calls": len(calls),
        "same": len(read) - len(different),
        "different": len(different),
        "other_version": sum("version" in call for call in different),
        "unreadable": len(calls) - len(read),
    }


def _what_if_total(calls: list[Report], settings: Sequence[str]) -> Report:
    read = [call for call in calls if "error" not in call]
    if not read:
        raise ConfigError("no call of this folder can be tried so", fix=str(calls[0]["error"]))
    turns = [turn for call in read for turn in call["turns"]]
    head = {"set": list(settings), "calls": len(calls), "unreadable": len(calls) - len(read)}
    return head | _totals(turns)


def _totals(turns: list[dict[str, Any]]) -> Report:
    """Keys: response_ms and cut_offs, each "before" and "after"; percentiles of all answered turns, and how
    many of how many turns were cut off."""
    sides = {"before": ("recorded", "text"), "after": ("what_if", "what_if_text")}
    return {
        "response_ms": {
            side: percentiles([turn[f"{run}_ms"] for turn in turns if turn[f"{run}_ms"] is not None])
            for side, (run, _) in sides.items()
        },
        "cut_offs": {
            side: {
                "turns": sum(bool(turn[text]) for turn in turns),
                "cut_off": sum(turn[f"{run}_cut_off"] for turn in turns),
            }
            for side, (run, text) in sides.items()
        },
    }


def _total_lines(report: Report) -> Iterator[str]:
    before, after = report["response_ms"]["before"], report["response_ms"]["after"]
    for name in ("p50", "p95"):
        yield f"response delay {name}  {_ms(before[name])} -> {_ms(after[name])} ms"
    cuts = [report["cut_offs"][side] for side in ("before", "after")]
    words = " -> ".join(f"{cut['cut_off']} of {cut['turns']} turns" for cut in cuts)
    yield f"caller cut off      {words}"


def _verdict(call: Report) -> str:
    if "error" in call:
        return f"cannot be read: {call['error'].splitlines()[0]}"
    if "turns" in call:
        before, after = call["response_ms"]["before"]["p50"], call["response_ms"]["after"]["p50"]
        cut = [call["cut_offs"][side]["cut_off"] for side in ("before", "after")]
        return f"p50 {_ms(before).strip()} -> {_ms(after).strip()} ms, cut off {cut[0]} -> {cut[1]}"
    words = (
        "exactly as recorded"
        if call["difference"] is None
        else f"differs from line {call['difference']['line']} on"
    )
    made = f" (made by antiphon {call['version']})" if "version" in call else ""
    return words + made + "".join(f"; {remark}" for remark in _remarks(call))


def _remarks(report: Report) -> Iterator[str]:
    if report.get("cut_short"):
        yield "note: this trace was cut short; what is there was compared"
    if report.get("unknown"):
        names = ", ".join(f"{name} ({count})" for name, count in report["unknown"].items())
        yield f"note: left out, unknown to this version: {names}"
    if report.get("dropped"):
        yield f"note: {report['dropped']} lines of this trace were lost, so the replay cannot be exact"


def _change(turn: Report) -> str:
    text, what_if_text = turn["text"], turn["what_if_text"]
    cut = {(False, True): "   CUT OFF", (True, False): "   no longer cut off", (True, True): "   cut off"}
    mark = cut.get((turn["recorded_cut_off"], turn["what_if_cut_off"]), "")
    if text == what_if_text:
        return f"{text}{mark}"
    if not what_if_text:
        return f"{text}   (would not be a turn of its own){mark}"
    return f"{text or '(no such turn)'}   would be heard as: {what_if_text}{mark}"


def _ms(value: int | None) -> str:
    return f"{value:>6}" if value is not None else "     -"
