"""A finished call as one tree of spans: call > turn or reply > steps. Pure; from the trace alone."""

from __future__ import annotations

from collections.abc import Iterator

from antiphon.conversation.events import CallStarted
from antiphon.operations.telemetry import conventions as names
from antiphon.operations.telemetry.spans import Span, SpanEvent, Value
from antiphon.operations.telemetry.steps import hearing_steps, loose_step, reply_steps
from antiphon.operations.telemetry.uses import CallUses
from antiphon.operations.telemetry.words import Words
from antiphon.runtime.records.cost import cost_of
from antiphon.runtime.records.lines import CallRecord
from antiphon.runtime.records.outcomes import outcome_of
from antiphon.runtime.records.story import CallStory, ReplyStory, TurnStory, tell
from antiphon.runtime.records.waterfall import percentiles, waterfall


def call_span(record: CallRecord, words: Words) -> Span:
    """The root, with everything below it."""
    story = tell(record.entries)
    below = _Below(record, story, words)
    children = tuple(sorted(below.spans(), key=lambda span: (span.start_ms, span.key)))
    header, outcome = record.header, outcome_of(story)
    heard = "\n".join(turn.heard_as for turn in story.turns)
    said = "\n".join(reply.heard for reply in story.replies.values() if reply.heard)
    failed = outcome == "failed"
    return Span(
        key="call",
        name=f"invoke_agent {header.agent}",
        start_ms=0,
        end_ms=max([record.duration_ms, *(child.end_ms for child in children)]),
        attributes=names.kinds("agent", "chain")
        | {
            names.OPERATION: "invoke_agent",
            names.AGENT_NAME: header.agent,
            names.AGENT_VERSION: header.definition_hash,
            "antiphon.call.outcome": outcome,
            "antiphon.call.end_cause": story.outcome,
            "antiphon.call.complete": record.complete,
        }
        | _numbers(record, story)
        | words.exchange(heard, said),
        events=tuple(_call_events(story, words)),
        children=children,
        error=f"the call ended by {story.outcome}" if failed else "",
    )


def common_attributes(record: CallRecord, person: str = "") -> dict[str, Value]:
    """What every span of a call carries, because vendors filter by span. `person`: a name that is none."""
    header = record.header
    told: dict[str, Value] = {
        names.CONVERSATION: header.call_id,
        "session.id": header.call_id,
        "langsmith.trace.session_id": header.call_id,
        "langfuse.trace.name": f"call {header.agent}",
        "langfuse.trace.tags": [header.agent, header.line, header.direction],
        "langfuse.release": header.version,
        "langfuse.version": header.definition_hash,
        "langfuse.trace.metadata.line": header.line,
        "langfuse.trace.metadata.direction": header.direction,
        "langsmith.metadata.line": header.line,
        "langsmith.metadata.direction": header.direction,
    }
    return told | ({"user.id": person} if person else {})


def caller_number(record: CallRecord) -> str:
    """Whose call it was, "" where nobody knows. Not to be sent."""
    if record.header.direction == "outbound":
        return record.header.called_number
    return next((event.caller_number for event in record.events if isinstance(event, CallStarted)), "")


class _Below:
    """What hangs below the call."""

    def __init__(self, record: CallRecord, story: CallStory, words: Words) -> None:
        self._story, self._words = story, words
        self._uses = CallUses(record.entries, story)

    def spans(self) -> Iterator[Span]:
        answered = {turn.reply_id for turn in self._story.turns}
        for turn in self._story.turns:
            yield self._turn(turn)
        for reply in self._story.replies.values():
            if reply.id not in answered:
                yield from self._alone(reply)
        for number, use in enumerate(self._uses.rest()):
            yield loose_step(number, use)

    def _turn(self, turn: TurnStory) -> Span:
        key = f"turn/{turn.number}"
        reply = self._story.replies.get(turn.reply_id or "")
        steps = list(hearing_steps(key, turn, self._uses.of_hearing(turn), self._words))
        if reply is not None:
            steps += self._steps(key, reply)
        start_ms = min(step.start_ms for step in steps)
        fall = waterfall(turn, reply)
        delays = {f"antiphon.{stage.name}_ms": stage.duration_ms for stage in fall.stages}
        if fall.total_ms is not None:
            delays["antiphon.response_ms"] = fall.total_ms
        return Span(
            key=key,
            name=f"turn {turn.number}",
            start_ms=start_ms,
            end_ms=max(step.end_ms for step in steps),
            attributes=names.kinds("chain", "chain")
            | {"antiphon.turn": turn.number}
            | delays
            | (_reply_facts(reply) if reply is not None else {})
            | self._words.exchange(turn.heard_as, reply.heard if reply is not None else ""),
            events=tuple(self._interruptions(reply)),
            children=tuple(steps),
        )

    def _alone(self, reply: ReplyStory) -> Iterator[Span]:
        """A greeting, a question whether somebody is there, a draft that was thrown away."""
        key = f"reply/{reply.id}"
        steps = list(self._steps(key, reply))
        if not steps:
            return
        yield Span(
            key=key,
            name=f"reply {reply.kind}".strip(),
            start_ms=min(step.start_ms for step in steps),
            end_ms=max(step.end_ms for step in steps),
            attributes=names.kinds("chain", "chain")
            | _reply_facts(reply)
            | self._words.exchange("", reply.heard),
            events=tuple(self._interruptions(reply)),
            children=tuple(steps),
        )

    def _steps(self, key: str, reply: ReplyStory) -> Iterator[Span]:
        of_tool = self._uses.reply_of_tool
        tools = [tool for tool in self._story.tools.values() if of_tool.get(tool.id) == reply.id]
        return reply_steps(key, reply, self._uses.of_reply(reply.id), tools, self._words)

    def _interruptions(self, reply: ReplyStory | None) -> Iterator[SpanEvent]:
        for item in self._story.interruptions:
            if reply is not None and item.reply_id == reply.id:
                facts: dict[str, Value] = {
                    "antiphon.interruption": "barge_in" if item.barge_in else "false_interruption"
                }
                if item.silent_after_ms is not None:
                    facts["antiphon.silent_after_ms"] = item.silent_after_ms
                yield SpanEvent(name="interruption", at_ms=item.at_ms, attributes=facts)


def _reply_facts(reply: ReplyStory) -> dict[str, Value]:
    return {
        "antiphon.reply": reply.id,
        "antiphon.reply.kind": reply.kind,
        "antiphon.reply.speculative": reply.speculative,
        "antiphon.reply.discarded": reply.discarded,
        "antiphon.heard_whole": reply.complete,
        "antiphon.heard_ms": reply.heard_ms,
    }


def _numbers(record: CallRecord, story: CallStory) -> dict[str, Value]:
    cost = cost_of(record.entries, story)
    told: dict[str, Value] = {
        "antiphon.call.duration_ms": record.duration_ms,
        "antiphon.call.turns": len(story.turns),
        "antiphon.call.tools": len(story.tools),
        "antiphon.call.errors": len(story.errors),
        "antiphon.call.interruptions": sum(item.barge_in for item in story.interruptions),
        "antiphon.call.cost_usd": float(cost.total_usd),
        "antiphon.call.wasted_usd": float(cost.wasted_usd),
        "antiphon.call.cost_complete": cost.is_complete,
    }
    falls = (waterfall(turn, story.replies.get(turn.reply_id or "")).total_ms for turn in story.turns)
    waits = percentiles([total for total in falls if total is not None])
    return told | {
        f"antiphon.call.response_{name}_ms": value for name, value in waits.items() if value is not None
    }


def _call_events(story: CallStory, words: Words) -> Iterator[SpanEvent]:
    for trouble in story.errors:
        facts: dict[str, Value] = {"exception.type": trouble.what}
        if detail := words.reason(trouble.detail):
            facts["exception.message"] = detail
        yield SpanEvent(name="exception", at_ms=trouble.at_ms, attributes=facts)
    if story.escalation is not None:
        at_ms = story.end[0] if story.end else 0
        yield SpanEvent(name="escalation", at_ms=at_ms, attributes={"antiphon.reason": story.escalation[0]})
