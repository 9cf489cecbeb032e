"""What finished calls add up to, for Prometheus: latencies, durations, ends, errors, costs.

Taken from traces by the control process. Labels come from what is installed and written in files, never from
callers; each has at most so many values, and what comes later is counted as "other".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from antiphon.operations.exposition import Counter, Family, Histogram
from antiphon.runtime.records.cost import cost_of
from antiphon.runtime.records.lines import CallRecord, NoteEntry
from antiphon.runtime.records.outcomes import outcome_of
from antiphon.runtime.records.signs import rating_of, signs_of
from antiphon.runtime.records.story import CallStory, tell
from antiphon.runtime.records.waterfall import waterfall

# Around what we promise (p50 500 ms, p95 900, p99 1500) the steps are fine enough to see a shift.
_LATENCY_S: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_DURATION_S: Final = (5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
_STATE: Final = ("role", "provider", "state")
_FAILURES: Final = {
    "voice_failed": "tts",
    "recogniser_failed": "stt",
    "model_failed": "llm",
    "session_failed": "s2s",
    "end_of_turn_failed": "eot",
}


class CallMeasures:
    """Since the process started. Calls that ended before are in the index, and not here."""

    def __init__(self) -> None:
        self._ended = Counter("antiphon_calls_ended", "Calls that ended.", ("agent", "line", "outcome"))
        self._duration = Histogram(
            "antiphon_call_duration_seconds", "How long calls lasted.", (), _DURATION_S
        )
        self._response = Histogram(
            "antiphon_response_latency_seconds",
            "Last sample of the caller's turn to the first of the agent's.",
            (),
            _LATENCY_S,
        )
        self._stage = Histogram(
            "antiphon_stage_latency_seconds", "Parts of the response latency.", ("stage",), _LATENCY_S
        )
        self._errors = Counter("antiphon_call_errors", "Errors in calls, by kind.", ("kind",))
        self._failures = Counter(
            "antiphon_provider_failures", "Requests a provider failed.", ("role", "provider")
        )
        self._cost = Counter("antiphon_cost_usd", "What providers charge.", ("role", "provider"))
        self._wasted = Counter(
            "antiphon_wasted_cost_usd", "Of it, for words nobody heard.", ("role", "provider")
        )
        self._unpriced = Counter(
            "antiphon_unpriced_requests", "Requests without a known price.", ("role", "provider")
        )
        self._phrases = Counter(
            "antiphon_phrases", "Texts spoken, from the cache or by a voice that was asked.", ("source",)
        )
        self._interruptions = Counter("antiphon_interruptions", "Voices over the agent's.", ("kind",))

        self._signs = Counter("antiphon_call_signs", "Signs of trouble in calls.", ("sign",))
        self._ratings = Counter("antiphon_call_ratings", "Ratings callers gave in calls.", ("rating",))

    def take(self, record: CallRecord) -> None:
        """One finished call."""
        story = tell(record.entries)
        self._ended.add(record.header.agent, record.header.line, outcome_of(story))
        self._duration.observe(record.duration_ms / 1000)
        for turn in story.turns:
            fall = waterfall(turn, story.replies.get(turn.reply_id or ""))
            for stage in fall.stages:
                self._stage.observe(stage.duration_ms / 1000, stage.name)
            if fall.total_ms is not None:
                self._response.observe(max(0, fall.total_ms) / 1000)
        for item in story.interruptions:
            self._interruptions.add("barge_in" if item.barge_in else "false_interruption")
        for trouble in story.errors:
            self._errors.add(trouble.what)
        for sign in signs_of(story):
            self._signs.add(sign)
        if (rating := rating_of(story)) is not None:
            self._ratings.add(str(rating.value))
        self._take_providers(record, story)

    def families(self) -> Iterator[Family]:
        yield from (
            self._ended,
            self._duration,
            self._response,
            self._stage,
            self._errors,
            self._failures,
            self._cost,
            self._wasted,
            self._unpriced,
            self._phrases,
            self._interruptions,
            self._signs,
            self._ratings,
        )

    def _take_providers(self, record: CallRecord, story: CallStory) -> None:
        for role, provider in _failures(record):
            self._failures.add(role, provider)
        cost = cost_of(record.entries, story)
        self._phrases.add("cache", amount=Decimal(cost.cached_phrases))
        for stage in cost.stages:
            where = (stage.role, stage.provider)
            if stage.role == "tts":
                self._phrases.add("voice", amount=Decimal(stage.requests))
            self._cost.add(*where, amount=stage.cost_usd)
            self._wasted.add(*where, amount=stage.wasted_usd)
            self._unpriced.add(*where, amount=Decimal(stage.unpriced))


def _failures(record: CallRecord) -> Iterator[tuple[str, str]]:
    for entry in record.entries:
        if isinstance(entry, NoteEntry) and entry.type in _FAILURES:
            yield _FAILURES[entry.type], str(entry.fields.get("provider", "")) or "unknown"


def provider_states(states: Mapping[str, str]) -> Iterable[Family]:
    """Breakers of the media worker, as "stt acme/one" to "closed", "open" or "half_open"."""
    gauge = Counter("antiphon_provider_state", "1 of the state its breaker is in.", _STATE, kind="gauge")
    for name, state in sorted(states.items()):
        role, _, provider = name.partition(" ")
        for one in ("closed", "half_open", "open"):
            gauge.add(role, provider, one, amount=Decimal(int(one == state)))
    return [gauge] if states else []
