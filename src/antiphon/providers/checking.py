"""Does what an agent file asks of its providers hold together? Found at the check, not on a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.definition.document import Document, dotted, read_document
from antiphon.agents.definition.problems import Finding, KeyPath, Problem, Weight
from antiphon.agents.definition.values import UNIFIED
from antiphon.errors import ConfigError
from antiphon.providers.prices import PriceBook
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Known, Role
from antiphon.speech.shaping import knows
from antiphon.speech.ssml import has_markup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """One provider as the file names it."""

    role: Role
    name: str
    at: KeyPath
    priced_as: str


def check_providers(definition: AgentDefinition, registry: Registry, prices: PriceBook) -> list[Finding]:
    """Everything that would be wrong on a call, in the order of the file."""
    document = read_document(definition.path)
    findings = list(_shaping(document, definition))
    for named in _named(definition):
        try:
            known = registry.known_as(named.role, named.name)
        except ConfigError as error:
            findings.append(_finding(document, named.at, error.message, error.fix))
            continue
        findings += _usable(document, named, known)
        findings += _unlisted(document, named, registry)
        if (objection := registry.objection(named.role, named.name)) is not None:
            weight = Weight.HERE if objection.here else Weight.ERROR
            findings.append(_finding(document, named.at, objection.message, objection.fix, weight))
        findings += _fits(document, named, known, definition)
        findings += _priced(document, named, prices, definition)
    return [*findings, *_last_resort(document, definition)]


def _named(definition: AgentDefinition) -> Iterator[_Named]:
    speech = definition.speech
    for role, field, names in (
        (Role.STT, "stt", speech.stt),
        (Role.TTS, "tts", speech.tts),
        (Role.END_OF_TURN, "end_of_turn", speech.end_of_turn),
    ):
        for index, name in enumerate(names):
            yield _Named(role=role, name=name, at=("speech", field, index), priced_as=role.value)
    for index, name in enumerate(definition.reasoning.models):
        at: KeyPath = ("reasoning", "model", index)
        if name.startswith(UNIFIED):
            unified = name.removeprefix(UNIFIED)
            yield _Named(role=Role.SPEECH_TO_SPEECH, name=unified, at=at, priced_as="s2s")
        elif not name.startswith("flow/"):
            yield _Named(role=Role.LLM, name=name, at=at, priced_as="llm")


def _usable(document: Document, named: _Named, known: Known) -> Iterator[Finding]:
    """What is missing here: not the file's fault, but no call could be answered. The operator's own endpoint
    (a name without a model) may be missing: files name it in case there is one."""
    if known.is_ready or (named.role is Role.LLM and not known.name):
        return
    fix = known.state.removeprefix("missing: ")
    yield _finding(document, named.at, f"{named.name} cannot be used on this machine", fix, Weight.HERE)


def _unlisted(document: Document, named: _Named, registry: Registry) -> Iterator[Finding]:
    """A vendor that takes any name has more than we know, and may refuse what is only a slip."""
    if named.role is Role.TTS or registry.lists(named.role, named.name):
        return  # Of voices no list is long enough.
    vendor = named.name.partition("/")[0]
    listed = [name for name in registry.known(named.role) if name.partition("/")[0] == vendor]
    near = get_close_matches(named.name, listed, n=1)
    message = f"{named.name} is on no list of ours; if {vendor} does not have it, it fails on every call"
    fix = f'did you mean "{near[0]}"?' if near else "compare it with the vendor's own list"
    yield _finding(document, named.at, message, fix, Weight.ADVICE)


def _fits(document: Document, named: _Named, known: Known, definition: AgentDefinition) -> Iterator[Finding]:
    can, name = known.capabilities, named.name
    if named.role in (Role.STT, Role.TTS, Role.SPEECH_TO_SPEECH) and not _speaks(
        can.languages, definition.language
    ):
        spoken = ", ".join(can.languages)
        message = f"{name} does not know the agent's language, {definition.language}"
        yield _finding(
            document, named.at, message, f"it knows {spoken}; choose another, or change `language:`"
        )
    if named.role is Role.STT:
        if definition.speech.vocabulary and not can.vocabulary:
            message = f"{name} takes no vocabulary; `speech.vocabulary` is ignored"
            yield _finding(document, named.at, message, "choose a recogniser that does", Weight.ADVICE)
        ends_turns = _provider_ends_turns(definition) and not definition.reasoning.unified
        if ends_turns and not can.turn_events:
            yield _without_turn_events(document, named)
    if named.role is Role.LLM and definition.reasoning.tools and known.name and not can.tools:
        message = f"{name} cannot ask for tools, and `reasoning.tools` names some"
        yield _finding(document, named.at, message, "choose a model with tools, or remove them")
    if named.role is Role.SPEECH_TO_SPEECH:
        yield from _voiced(document, named, can.voices, definition.speech.model_voice)
        if definition.speech.semantic_turns and not can.semantic_turns:
            message = f"{name} ends turns by silence only"
            yield _finding(
                document, ("speech", "semantic_turns"), message, "remove it, or choose a model that can"
            )
    if named.role is Role.TTS and can.speeds and not _within(can.speeds, definition.speech.speed):
        slowest, fastest = can.speeds
        message = f"{name} does not speak at the speed the agent is given, {definition.speech.speed:g}"
        fix = f"it speaks from {slowest:g} to {fastest:g}; choose another voice, or change `speech.speed`"
        yield _finding(document, named.at, message, fix)
    if named.role is Role.TTS and not can.ssml:
        yield from _without_marks(document, named, definition)


def _voiced(document: Document, named: _Named, voices: Sequence[str], voice: str) -> Iterator[Finding]:
    """The vendor would refuse the session, on every call."""
    if not voice or not voices or any(fnmatchcase(voice, known) for known in voices):
        return
    near = get_close_matches(voice, voices, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    message = f'{named.name} has no voice "{voice}"'
    yield _finding(document, ("speech", "model_voice"), message, f"{hint}known: {', '.join(voices)}")


def _without_turn_events(document: Document, named: _Named) -> Finding:
    """One that takes over may do without: then our own silence ends the turns."""
    message = f"{named.name} gives no turn events, and `turn.endpointing` is left to the provider"
    fix = "choose a recogniser with turn events, or remove `endpointing: provider`"
    first = named.at[-1] == 0
    return _finding(document, named.at, message, fix, Weight.ERROR if first else Weight.ADVICE)


def _without_marks(document: Document, named: _Named, definition: AgentDefinition) -> Iterator[Finding]:
    """What a voice without SSML makes of the file's marks."""
    if has_markup(definition.greeting):
        message = f"{named.name} takes no SSML; of the greeting's marks only words and pauses are left"
        yield _finding(document, named.at, message, "write plain words", Weight.ADVICE)
    for entry in definition.speech.pronunciations:
        if not entry.respelling:
            at: KeyPath = ("speech", "pronunciations", entry.word)
            message = f"{named.name} takes no phonemes; {entry.word!r} is said as it is written"
            yield _finding(document, at, message, "add `respelling:`", Weight.ADVICE)


def _shaping(document: Document, definition: AgentDefinition) -> Iterator[Finding]:
    if not knows(definition.language):
        message = f"there are no rules for reading numbers, dates and the like in {definition.language}"
        fix = "write such things in words: texts are only cleaned (there are rules for de, en, es and fr)"
        yield _finding(document, ("language",), message, fix, Weight.ADVICE)


def _speaks(languages: Sequence[str], wanted: str) -> bool:
    """ "en" covers "en-GB" and is covered by it: vendors that list a part mean the whole of it."""
    if not languages or "multi" in languages:
        return True
    first = wanted.partition("-")[0].lower()
    return any(
        tag.lower() in (wanted.lower(), first)
        or ("-" not in wanted and tag.partition("-")[0].lower() == first)
        for tag in languages
    )


def _within(speeds: Sequence[float], speed: float) -> bool:
    return speeds[0] <= speed <= speeds[-1]


def _priced(
    document: Document, named: _Named, prices: PriceBook, definition: AgentDefinition
) -> Iterator[Finding]:
    """Without a price costs are too low, which only matters for sure where a call has a limit in money."""
    price = prices.find(named.priced_as, named.name)
    lacks = price.lacks(named.priced_as) if price is not None else []
    if named.priced_as not in ("stt", "tts", "llm", "s2s") or (price is not None and not lacks):
        return
    if named.role is Role.LLM and "/" not in named.name:
        return  # The operator's own endpoint; its price is his to give.
    routing = definition.reasoning.routing
    limit = Decimal(str(getattr(definition.policy.silence, "call_cost_max_usd", 0))) or (
        routing is not None and routing.budget_usd
    )
    what = f"the price of {named.name} has no rate for {', '.join(lacks)}"
    if price is None:
        what = f"the price book has no price for {named.name}"
    message = f"{what}, so the cost of a call is told too low"
    fix = "put its price into a file and name it in ANTIPHON_PRICES; docs/providers.md shows how"
    yield _finding(document, named.at, message, fix, Weight.ERROR if limit else Weight.ADVICE)


def _last_resort(document: Document, definition: AgentDefinition) -> Iterator[Finding]:
    models = definition.reasoning.models
    flows = [index for index, name in enumerate(models) if name.startswith("flow/")]
    if not flows:
        message = (
            "no flow stands behind the language models; if all of them fail, the caller hears an apology"
        )
        yield _finding(document, ("reasoning", "model"), message, "add flow/NAME at the end", Weight.ADVICE)
    elif flows[0] != len(models) - 1:
        message = f"{models[flows[0]]} always answers, so what stands behind it is never asked"
        yield _finding(document, ("reasoning", "model", flows[0]), message, "put the flow last")


def _provider_ends_turns(definition: AgentDefinition) -> bool:
    return getattr(definition.policy.turn, "endpointing", "ours") == "provider"


def _finding(
    document: Document, at: KeyPath, message: str, fix: str, weight: Weight = Weight.ERROR
) -> Finding:
    # A list of one may be written without its brackets; then only the key itself is in the file.
    field = at if at in document.lines else at[:-1]
    problem = Problem(
        path=document.path, line=document.line(at), field=dotted(field), message=message, fix=fix
    )
    return Finding(problem=problem, weight=weight)
