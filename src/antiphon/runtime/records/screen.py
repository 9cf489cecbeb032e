"""A call explained on one screen: text for a terminal, made from a call's story. Pure: lines come out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from antiphon.runtime.records.cost import CallCost, cost_of
from antiphon.runtime.records.lines import CallRecord
from antiphon.runtime.records.story import CallStory, ReplyStory, ToolStory, tell
from antiphon.runtime.records.waterfall import (
    BUDGET_MS,
    TOTAL_BOUNDS_MS,
    Stage,
    Waterfall,
    percentiles,
    waterfall,
)

_BAR_WIDTH = 32
_STAGE_WORDS = {
    "vad": "speech end noticed",
    "final_transcript": "final transcript",
    "endpointing": "turn judged over",
    "reasoner": "first words",
    "tts": "first sound",
    "playout": "on the line",
}


def render_call(record: CallRecord) -> list[str]:
    """Head, transcript, latency, tools, interruptions, cost, trouble, end."""
    story = tell(record.entries)
    return [
        *_head(record, story),
        "",
        "TRANSCRIPT",
        *_transcript(story, record.header.policy.fillers),
        "",
        "LATENCY  from the caller's last sound to the agent's first, ms",
        *_latency(story),
        *_tools(story),
        *_interruptions(story),
        *_line(story),
        *_cost(cost_of(record.entries, story)),
        *_trouble(record, story),
    ]


def clock(at_ms: int | None) -> str:
    """Call time as m:ss.mmm."""
    if at_ms is None:
        return "      --"
    return f"{at_ms // 60000:2d}:{at_ms // 1000 % 60:02d}.{at_ms % 1000:03d}"


def started(wall_time_ms: int) -> str:
    return datetime.fromtimestamp(wall_time_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _head(record: CallRecord, story: CallStory) -> Iterator[str]:
    header = record.header
    yield f"call {header.call_id}   agent {header.agent}   line {header.line}"
    yield f"began {started(header.wall_time_ms)}   lasted {record.duration_ms / 1000:.1f} s"
    detail = f" ({story.end[2]})" if story.end and story.end[2] else ""
    yield f"ended: {story.outcome}{detail}"
    if story.escalation:
        yield f"escalated: {story.escalation[0]}: {story.escalation[1]}"


def _transcript(story: CallStory, fillers: tuple[str, ...]) -> list[str]:
    rows: list[tuple[int, str]] = []
    for turn in story.turns:
        moment = turn.onset_ms if turn.onset_ms is not None else turn.ended_ms
        rows.append((moment, f"{clock(moment)}  caller  {turn.heard_as}"))
    for reply in story.replies.values():
        if reply.audible_at_ms is not None:
            rows.append(
                (reply.audible_at_ms, f"{clock(reply.audible_at_ms)}  agent   {_heard(reply, fillers)}")
            )
    rows += [(at, f"{clock(at)}  caller  [{kind}] {text}".rstrip()) for at, kind, text in story.notes]
    rows += [(at, f"{clock(at)}  caller  [key {digit}]") for at, digit in story.keys]
    if not rows:
        return ["  nobody said anything"]
    return [text for _, text in sorted(rows, key=lambda row: row[0])]


def _heard(reply: ReplyStory, fillers: tuple[str, ...]) -> str:
    mark = "[filler] " if reply.said in fillers else ""
    if reply.protected == "cut":
        mark += "[not given: words that must be heard] "
    if reply.complete:
        return mark + (reply.heard or reply.said)
    unheard = reply.said[len(reply.heard) :].strip() if reply.said.startswith(reply.heard) else ""
    cut = f" ✂ not heard: {unheard}" if unheard else " ✂"
    return f"{mark}{reply.heard}{cut}"


def _latency(story: CallStory) -> list[str]:
    if not story.turns:
        return ["  the caller took no turn"]
    lines: list[str] = []
    totals: list[int] = []
    for turn in story.turns:
        fall = waterfall(turn, story.replies.get(turn.reply_id or ""))
        if fall.total_ms is not None:
            totals.append(fall.total_ms)
        lines += [*_turn(f"turn {turn.number}  {_short(turn.heard_as)}", fall), ""]
    measured = "   ".join(
        f"{name} {value} (bound {TOTAL_BOUNDS_MS[name]})" for name, value in percentiles(totals).items()
    )
    return [*lines, f"  {len(totals)} answered turns: {measured}" if totals else "  no turn was answered"]


def _turn(title: str, fall: Waterfall) -> Iterator[str]:
    total = f"{fall.total_ms} ms" if fall.total_ms is not None else "no reply was heard"
    early = "   (prepared while waiting)" if fall.speculative else ""
    yield f"  {title}   {total}{early}"
    end_ms = max([stage.to_ms for stage in fall.stages] + [fall.total_ms or 1])
    for stage in fall.stages:
        bar = _bar(stage, end_ms)
        yield f"    {_STAGE_WORDS[stage.name]:<19}{bar} {stage.duration_ms:>5}  {_budget(stage)}"


def _bar(stage: Stage, end_ms: int) -> str:
    """Light where the work was hidden behind the wait, full where the caller waited for it."""
    start, hidden, end = (
        round(ms / max(end_ms, 1) * _BAR_WIDTH)
        for ms in (stage.from_ms, stage.from_ms + stage.hidden_ms, stage.to_ms)
    )
    start = max(0, min(start, _BAR_WIDTH - 1))
    end = max(start + 1, end)
    if stage.hidden_ms in (0, stage.duration_ms):  # Rounding must not mix what is all one or all the other.
        hidden = end if stage.hidden_ms else start
    hidden = min(max(start, hidden), end)
    return "▕" + (" " * start + "░" * (hidden - start) + "█" * (end - hidden)).ljust(_BAR_WIDTH) + "▏"


def _budget(stage: Stage) -> str:
    if stage.name not in BUDGET_MS:
        return "by policy"
    low, high = BUDGET_MS[stage.name]
    return f"budget {low}–{high}" + ("  over" if stage.duration_ms > high else "")


def _tools(story: CallStory) -> Iterator[str]:
    if story.tools:
        yield from ("", "TOOLS")
    for tool in story.tools.values():
        yield f"{clock(tool.requested_at_ms)}  {tool.name}({_short(tool.arguments, 80)})  {_tool_end(tool)}"
        if tool.result:
            yield f"           -> {_short(tool.result, 100)}"


def _tool_end(tool: ToolStory) -> str:
    if tool.reused_from:
        return f"result of {tool.reused_from} reused"
    if tool.run_at_ms is None:
        return "not run"
    if tool.ok is None:
        return "no answer"
    return f"{'ok' if tool.ok else 'FAILED'} in {tool.took_ms} ms"


def _interruptions(story: CallStory) -> Iterator[str]:
    if story.interruptions:
        yield from ("", "INTERRUPTIONS")
    for item in story.interruptions:
        kind = "barge-in" if item.barge_in else "false interruption, resumed"
        after = (
            f", silent {item.silent_after_ms} ms after the onset" if item.silent_after_ms is not None else ""
        )
        yield f"{clock(item.at_ms)}  {kind} over {item.reply_id}{after}"


def _line(story: CallStory) -> Iterator[str]:
    """Only a line that was poor has anything to tell."""
    if story.line:
        yield from ("", "LINE  of the caller's voice as it reached us")
    for grade in story.line:
        verdict = f"poor ({grade.causes.replace(',', ', ')})" if grade.poor else "good again"
        measured = (
            f"level {grade.level_dbfs:g} dBFS, {grade.snr_db:g} dB over the noise, up to "
            f"{grade.bandwidth_hz} Hz, clipped {grade.clipped_pct:g} %, lost {grade.lost_pct:g} %"
        )
        yield f"{clock(grade.at_ms)}  {verdict}: {measured}"


def _cost(cost: CallCost) -> Iterator[str]:
    if not cost.stages and not cost.cached_phrases:
        return
    short = "" if cost.is_complete else "   at least: some of it has no price in the book"
    yield from ("", f"COST  {_usd(cost.total_usd)}, of it for nothing {_usd(cost.wasted_usd)}{short}")
    for stage in cost.stages:
        amounts = "  ".join(f"{count} {name}" for name, count in stage.amounts.items() if count)
        wasted = f"  ({stage.wasted_requests} for nothing)" if stage.wasted_requests else ""
        price = _usd(stage.cost_usd) if not stage.unpriced else "no price"
        about = "about " if stage.estimated else ""
        yield (
            f"  {stage.role:<4} {stage.provider:<28} {price:>10}  {about}{amounts}  "
            f"in {stage.requests} requests{wasted}"
        )
    if cost.cached_phrases:
        yield f"  {cost.cached_phrases} phrases came from the cache and cost nothing"


def _usd(value: Decimal) -> str:
    return f"${value:.5f}"


def _trouble(record: CallRecord, story: CallStory) -> Iterator[str]:
    if story.errors or not record.complete:
        yield from ("", "TROUBLE")
    alike: dict[tuple[str, str], list[int]] = {}
    for item in story.errors:
        alike.setdefault((item.what, item.detail), []).append(item.at_ms)
    for (what, detail), moments in alike.items():
        again = f"   ({len(moments)} times)" if len(moments) > 1 else ""
        yield f"{clock(moments[0])}  {what}: {detail}{again}"
    if record.dropped:
        yield f"  {record.dropped} lines of this trace were lost: the disk did not take them"
    elif not record.complete:
        stops = clock(record.duration_ms).strip()
        yield f"  the trace stops at {stops}: the call is still going on, or was cut short"


def _short(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
