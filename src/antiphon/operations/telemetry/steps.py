"""Spans of the steps of one turn: hearing, endpointing, model, tools, voice, playout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from antiphon.operations.telemetry import conventions as names
from antiphon.operations.telemetry.spans import Span, Value
from antiphon.operations.telemetry.uses import Use
from antiphon.operations.telemetry.words import Words
from antiphon.runtime.records.story import ReplyStory, ToolStory, TurnStory

_MODELS = frozenset({"llm", "s2s"})


def hearing_steps(key: str, turn: TurnStory, uses: Sequence[Use], words: Words) -> Iterator[Span]:
    """From a turn's first sound to its last final; from its last sound to the decision that it was."""
    begun_ms = turn.onset_ms if turn.onset_ms is not None else turn.ended_ms
    if turn.final_at_ms is not None or uses:
        yield Span(
            key=f"{key}/stt",
            name=_named("stt", uses),
            start_ms=begun_ms,
            end_ms=max(begun_ms, turn.final_at_ms or turn.committed_at_ms),
            attributes=names.kinds("span", "chain")
            | _paid(uses)
            | words.exchange("", turn.heard_as)
            | _known("antiphon.final_delay_ms", turn.final_at_ms, turn.ended_ms),
            remote=bool(uses),
        )
    yield Span(
        key=f"{key}/endpointing",
        name="endpointing",
        start_ms=turn.ended_ms,
        end_ms=max(turn.ended_ms, turn.committed_at_ms),
        attributes=names.kinds("span", "chain")
        | {"antiphon.endpointing_ms": max(0, turn.committed_at_ms - turn.ended_ms)},
    )


def reply_steps(
    key: str, reply: ReplyStory, uses: Sequence[Use], tools: Sequence[ToolStory], words: Words
) -> Iterator[Span]:
    """Everything that made a reply and had it heard."""
    models = [use for use in uses if use.role in _MODELS]
    yield from _model_steps(key, reply, models, tools, words)
    for tool in tools:
        yield _tool_step(key, tool, words)
    voices = [use for use in uses if use.role not in _MODELS]
    if reply.synthesize_at_ms is not None:
        yield _voice_step(key, reply, voices)
    if reply.audible_at_ms is not None:
        yield _playout_step(key, reply, words)


def loose_step(number: int, use: Use) -> Span:
    """A request of no reply: known is only when it ended."""
    operation = {names.OPERATION: "chat"} if use.role in _MODELS else {}
    return Span(
        key=f"loose/{number}",
        name=_named(use.role or "request", [use]),
        start_ms=use.at_ms,
        end_ms=use.at_ms,
        attributes=names.kinds("generation" if operation else "span", "llm" if operation else "chain")
        | operation
        | _paid([use]),
        remote=True,
    )


def _model_steps(
    key: str, reply: ReplyStory, uses: Sequence[Use], tools: Iterable[ToolStory], words: Words
) -> Iterator[Span]:
    resumed_ms = sorted(tool.finished_at_ms for tool in tools if tool.finished_at_ms is not None)
    start_ms = reply.started_at_ms
    for number, use in enumerate(uses):
        if number:
            # The next request is made with the result of a tool, or at once.
            before = [moment for moment in resumed_ms if uses[number - 1].at_ms <= moment <= use.at_ms]
            start_ms = before[-1] if before else uses[number - 1].at_ms
        begun_ms = min(use.at_ms, start_ms) if start_ms is not None else use.at_ms
        attributes = names.kinds("generation", "llm") | {names.OPERATION: "chat"} | _paid([use])
        if not number and reply.first_text_at_ms is not None:
            attributes[names.FIRST_CHUNK] = max(0, reply.first_text_at_ms - begun_ms) / 1000
        if number == len(uses) - 1:
            attributes |= words.exchange("", reply.said)
        yield Span(
            key=f"{key}/llm/{number}",
            name=_named("chat", [use]),
            start_ms=begun_ms,
            end_ms=use.at_ms,
            attributes=attributes,
            remote=True,
        )
    if not uses and reply.started_at_ms is not None and reply.first_text_at_ms is not None:
        yield Span(
            key=f"{key}/reasoner",
            name="reasoner",
            start_ms=reply.started_at_ms,
            end_ms=max(reply.started_at_ms, reply.first_text_at_ms),
            attributes=names.kinds("span", "chain"),
        )


def _tool_step(key: str, tool: ToolStory, words: Words) -> Span:
    begun_ms = tool.run_at_ms if tool.run_at_ms is not None else tool.requested_at_ms
    attributes: dict[str, Value] = names.kinds("tool", "tool") | {
        names.OPERATION: "execute_tool",
        "gen_ai.tool.name": tool.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": tool.id,
        "antiphon.tool.effect": tool.effect,
        "antiphon.tool.took_ms": tool.took_ms,
    }
    if tool.reused_from:
        attributes["antiphon.tool.reused_from"] = tool.reused_from
    return Span(
        key=f"{key}/tool/{tool.id}",
        name=f"execute_tool {tool.name}",
        start_ms=begun_ms,
        end_ms=max(begun_ms, tool.finished_at_ms or begun_ms),
        attributes=attributes | words.tool(tool.arguments, tool.result),
        error=(words.reason(tool.result) or "the tool failed") if tool.ok is False else "",
    )


def _voice_step(key: str, reply: ReplyStory, uses: Sequence[Use]) -> Span:
    begun_ms = reply.synthesize_at_ms or 0
    moments = [begun_ms, *(use.at_ms for use in uses), *filter(None, [reply.first_audio_at_ms])]
    return Span(
        key=f"{key}/tts",
        name=_named("tts", uses),
        start_ms=begun_ms,
        end_ms=max(moments),
        attributes=names.kinds("span", "chain")
        | _paid(uses)
        | _known("antiphon.ttfb_ms", reply.first_audio_at_ms, begun_ms),
        remote=bool(uses),
    )


def _playout_step(key: str, reply: ReplyStory, words: Words) -> Span:
    begun_ms = reply.audible_at_ms or 0
    return Span(
        key=f"{key}/playout",
        name="playout",
        start_ms=begun_ms,
        end_ms=max(begun_ms, reply.ended_at_ms or begun_ms + reply.heard_ms),
        attributes=names.kinds("span", "chain")
        | {"antiphon.heard_ms": reply.heard_ms, "antiphon.heard_whole": reply.complete}
        | words.exchange("", reply.heard),
    )


def _named(what: str, uses: Sequence[Use]) -> str:
    model = uses[-1].provider.partition("/")[2] or uses[-1].provider if uses else ""
    return f"{what} {model}".strip()


def _paid(uses: Sequence[Use]) -> dict[str, Value]:
    """Who did it, how much it was, what it cost."""
    if not uses:
        return {}
    amounts: dict[str, int] = {}
    for use in uses:
        for name, count in use.amounts.items():
            amounts[name] = amounts.get(name, 0) + count
    costs = [use.cost_usd for use in uses]
    known = None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))
    told = names.model_of(uses[-1].provider) | names.usage_of(amounts) | names.cost_of_usd(known)
    told |= {f"antiphon.{name}": amounts[name] for name in ("audio_ms", "characters") if name in amounts}
    for name in ("wasted", "estimated"):
        if any(getattr(use, name) for use in uses):
            told[f"antiphon.{name}"] = True
    return told


def _known(name: str, end_ms: int | None, start_ms: int) -> dict[str, Value]:
    return {} if end_ms is None else {name: max(0, end_ms - start_ms)}
