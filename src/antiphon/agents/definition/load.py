"""From an agent file to an `AgentDefinition`, and where agent files are found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

import antiphon
from antiphon.agents.definition.asking import AskToRecordSection, asked_with, missing_words
from antiphon.agents.definition.document import Advice, Document, dotted, leaves, read_document
from antiphon.agents.definition.markup import SPOKEN_KEYS, markup_problems
from antiphon.agents.definition.problems import (
    KeyPath,
    Problem,
    pydantic_problems,
    raise_problems,
    unknown_word,
)
from antiphon.agents.definition.remainder import without_faults
from antiphon.agents.definition.schema import (
    AgentFile,
    EmergencySection,
    EscalationSection,
    MenuSection,
    RoutingSection,
)
from antiphon.agents.definition.values import (
    UNIFIED,
    AgentDefinition,
    Disclosure,
    Emergency,
    EmergencyRule,
    Escalation,
    Menu,
    MenuKey,
    Persona,
    Reasoning,
    Recording,
    Routing,
    Speech,
    with_disclosures,
)
from antiphon.agents.flows.emergency import CRISIS_NUMBERS, CRISIS_WORDS, NUMBERS, WORDS
from antiphon.agents.flows.load import check_flow
from antiphon.conversation.phrases import phrases_of
from antiphon.conversation.policy import (
    AnsweringPolicy,
    HandoverPolicy,
    LinePolicy,
    Policy,
    SilencePolicy,
    turn_policy,
)
from antiphon.errors import AntiphonError, ConfigError
from antiphon.speech.ssml import Pronunciation

EXAMPLES = Path(antiphon.__file__).parent / "examples"
# Names that hold secrets, and what secrets of known vendors look like.
_SECRET_KEY = re.compile(
    r"(?:^|_)(?:api_?key|secret|password|passwd|auth_?token|access_?token|token|credentials?)$", re.I
)
_SECRET_VALUE = re.compile(
    r"^(?:sk-[\w-]{16,}|AC[0-9a-f]{32}|SK[0-9a-f]{32}|xox[abprs]-[\w-]{10,}|AIza[\w-]{30,}|gh[pousr]_\w{30,}|"
    r"Bearer \S{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----.*)",
    re.DOTALL,
)


AGENT_ADVICE = Advice(
    missing="check the path; `antiphon agents list` shows what there is",
    start="start with `agent: some-name`",
)


def load_agent(path: Path | str, *, tools: Collection[str] | None = None) -> AgentDefinition:
    """Read and check an agent file and the flow it names.

    Args:
        tools: Every tool that exists, to check names against; None leaves that to whoever makes the tools.

    Raises:
        ConfigError: Everything that is wrong, in one message with file, line, field and what is allowed.
    """
    path = Path(path)
    document = read_document(path, AGENT_ADVICE)
    if document.value is None:
        raise_problems(document.problems)
    problems = [*document.problems, *_secrets(document), *markup_problems(document, SPOKEN_KEYS)]
    try:
        file = AgentFile.model_validate(document.value)
    except ValidationError as error:
        problems += pydantic_problems(error, AgentFile, document)
        rest = without_faults(document, error)
        if rest is None:
            raise_problems(problems)
            raise  # Not reached: a validation error always is a problem.
        file = rest
    told = {problem.field for problem in problems}
    problems += [problem for problem in _checked(file, document, tools) if problem.field not in told]
    if problems:
        raise_problems(problems, _if_any(file, document))
    return _definition(file, document)


def _if_any(file: AgentFile, document: Document) -> AgentDefinition | None:
    """Of a file with faults, which may name files, menus and disclosures that are not there."""
    try:
        return _definition(file, document)
    except (OSError, KeyError, ValueError, AntiphonError):
        return None


def find_agents(directories: Iterable[Path] | None = None) -> dict[str, Path]:
    """Agent files by the name of the file, the first directory that has one winning.

    Without `directories`: ./agents, then the examples that come with the package.
    """
    found: dict[str, Path] = {}
    for directory in directories if directories is not None else default_directories():
        for path in sorted(directory.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return found


def default_directories() -> list[Path]:
    # In a checkout the examples are not inside the package but beside `src`.
    checkout = Path(antiphon.__file__).parents[2] / "agents"
    return [folder for folder in (Path("agents"), EXAMPLES, checkout) if folder.is_dir()]


def resolve_agent(name: str) -> Path:
    """The file of an agent given as a path or as a name.

    Raises:
        ConfigError: There is none.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return Path(name)
    found = find_agents()
    if name not in found:
        message, fix = unknown_word("agent", name, found)
        raise ConfigError(message, fix=fix)
    return found[name]


def agent_schema() -> dict[str, Any]:
    """JSON Schema of the agent file."""
    schema = AgentFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


# --- checks -----------------------------------------------------------------------------------------------


def _secrets(document: Document) -> list[Problem]:
    return [
        Problem(
            path=document.path, line=document.line(at), field=dotted(at), message="looks like a secret",
            fix="remove it, replace it at the vendor, and give it by an environment variable",
        )
        for at, value in leaves(document.value)
        if isinstance(value, str)
        and (_SECRET_VALUE.match(value) or (value and _SECRET_KEY.search(str(at[-1]))))
    ]  # fmt: skip


def _checked(file: AgentFile, document: Document, tools: Collection[str] | None) -> list[Problem]:
    problems: list[Problem] = []

    def add(at: KeyPath, message: str, fix: str) -> None:
        line = document.line(at)
        problems.append(Problem(path=document.path, line=line, field=dotted(at), message=message, fix=fix))

    for index, name in enumerate(file.reasoning.tools):
        at: KeyPath = ("reasoning", "tools", index)
        toolset = name.split(".")[0]
        if toolset not in file.tools:
            add(
                at,
                f"the tool {name!r} belongs to no toolset of this file",
                f"add `{toolset}:` under `tools:`",
            )
        elif tools is not None and name not in tools:
            add(at, *unknown_word("tool", name, tools))
    problems += _checked_flow(file, document, add)
    _checked_unified(file, add)
    _checked_menus(file, add)
    routing = file.reasoning.routing
    models = [name for name in file.reasoning.model if not name.startswith(("flow/", UNIFIED))]
    if routing is not None and routing.frontier not in models[1:]:
        at = ("reasoning", "routing", "frontier")
        if routing.frontier in models:
            message = f"{routing.frontier!r} is already the first model"
            add(at, message, "put a faster one before it in `model:`")
        else:
            add(at, *unknown_word("model", routing.frontier, models))
    prompt = _prompt_path(file, document.path)
    if prompt is not None and not prompt.is_file():
        add(("reasoning", "prompt"), f"no such file: {prompt}", "the path is relative to the agent file")
    line = file.line_quality
    if line is not None and "transfer" in line.fallback and not file.escalation.target:
        add(
            ("line_quality", "fallback"),
            "there is nobody to transfer to",
            "add `target:` under `escalation:`, or leave `transfer` out",
        )
    _checked_recording(file, add)
    if not file.emergency.builtin and not file.emergency.rules:
        add(
            ("emergency", "builtin"),
            "no emergency rules are left",
            "keep the built-in ones or write `rules:`",
        )
    return problems


def _checked_recording(file: AgentFile, add: Any) -> None:
    """Nobody is recorded who was not told, or could talk over being told."""
    if file.recording is None:
        return
    if file.recording.ask is not None:
        _checked_asking(file, file.recording.ask, add)
        return
    assert file.recording.after is not None, "the section has one of the two"
    at: KeyPath = ("recording", "after")
    told = file.disclosures.get(file.recording.after)
    if told is None:
        add(at, *unknown_word("disclosure", file.recording.after, file.disclosures))
    elif told.when != "always" or not told.uninterruptible:
        message = f"the disclosure {file.recording.after!r} may stay unheard"
        add(at, message, "give it `when: always` and `uninterruptible: true`")
    elif "record" not in told.text.lower() and file.language.startswith("en"):
        message = f"the disclosure {file.recording.after!r} does not say that the call is recorded"
        add(at, message, "say so in its text")


def _checked_asking(file: AgentFile, ask: AskToRecordSection, add: Any) -> None:
    """A question everybody can answer, asked by somebody who can be made to ask."""
    at: KeyPath = ("recording", "ask")
    if file.reasoning.model[0].startswith(UNIFIED):
        message = "a model that speaks by itself cannot be made to ask"
        add(at, message, "put a language model or a flow first, or use `after:`")
    if missing := missing_words(ask.model_dump(), file.language):
        message = f"there are no words of ours in {file.language!r} for {', '.join(missing)}"
        add(at, message, "write them")
    if ask.question is not None and not {"1", "2"} <= set(re.findall(r"\b\d\b", ask.question)):
        message = "the question does not name the keys"
        add((*at, "question"), message, "say that 1 is yes and 2 is no: words alone are misheard")
    if ask.announcement is not None and ask.place is None:
        message = "it is never said: without a place everybody is asked"
        add((*at, "announcement"), message, "add `place:`, where you record, or remove it")


def _checked_menus(file: AgentFile, add: Any) -> None:
    """Menus that lead nowhere, or that nobody can come to."""
    reached = set(list(file.menus)[:1])
    for name, menu in file.menus.items():
        for key, item in menu.keys.items():
            at: KeyPath = ("menus", name, "keys", key, "menu")
            if item.menu and item.menu not in file.menus:
                add(at, *unknown_word("menu", item.menu, file.menus))
            reached.add(item.menu)
    for place, (name, menu) in enumerate(file.menus.items()):
        if name not in reached:
            add(
                ("menus", name), "no key leads to this menu", "give a key of another one `menu: " + name + "`"
            )
        if menu.offer and place:
            message = "only the first menu is offered unasked"
            add(("menus", name, "offer"), message, "remove it, or put this menu first")


def _checked_unified(file: AgentFile, add: Any) -> None:
    """One model that hears and speaks by itself, and somebody to go on when its session is lost."""
    for index, name in enumerate(file.reasoning.model):
        if index and name.startswith(UNIFIED):
            message = f"{name} stands behind another model, and is never asked"
            add(("reasoning", "model", index), message, "put it first, or remove it")
    if file.reasoning.model[0].startswith(UNIFIED) and len(file.reasoning.model) == 1:
        message = "nobody goes on when the session of this model is lost"
        add(("reasoning", "model"), message, "name a language model or flow/NAME behind it")
    if file.speech.model_voice and not file.reasoning.model[0].startswith(UNIFIED):
        message = "no model of this file speaks by itself"
        add(("speech", "model_voice"), message, "name one first under `reasoning: model:`, or use `tts:`")
    if file.speech.semantic_turns and not (
        file.reasoning.model[0].startswith(UNIFIED) and file.turn.endpointing == "provider"
    ):
        message = "means nothing where no `unified:` model ends the turns"
        fix = "write `turn: {endpointing: provider}` and name such a model first, or remove it"
        add(("speech", "semantic_turns"), message, fix)


def _checked_flow(file: AgentFile, document: Document, add: Any) -> list[Problem]:
    names = [model.removeprefix("flow/") for model in file.reasoning.model if model.startswith("flow/")]
    if not names:
        return []
    at: KeyPath = ("reasoning", "flow")
    if not file.reasoning.flow:
        add(
            ("reasoning",),
            "a flow is named in `model:`, but there is no `flow:` file",
            "add `flow: my-agent/flow.yaml`",
        )
        return []
    path = document.path.parent / file.reasoning.flow
    if not path.is_file():
        add(at, f"no such file: {path}", "the path is relative to the agent file")
        return []
    flow, problems = check_flow(path, file.reasoning.tools)
    for name in names:
        if flow is not None and flow.name != name:
            add(("reasoning", "model"), *unknown_word("flow", name, [flow.name]))
    return problems


def _prompt_path(file: AgentFile, path: Path) -> Path | None:
    prompt = file.reasoning.prompt
    return path.parent / prompt if prompt.endswith(".md") and "\n" not in prompt else None


# --- values -----------------------------------------------------------------------------------------------


def _definition(file: AgentFile, document: Document) -> AgentDefinition:
    path = document.path
    flow_path = path.parent / file.reasoning.flow if file.reasoning.flow else None
    prompt_path = _prompt_path(file, path)
    files = [each for each in (path, flow_path, prompt_path) if each is not None]
    disclosures = tuple(
        Disclosure(name=name, text=item.text, when=item.when, uninterruptible=item.uninterruptible)
        for name, item in file.disclosures.items()
    )
    said, ours = file.phrases, phrases_of(file.language)
    return AgentDefinition(
        name=file.agent,
        path=path,
        digest=hashlib.sha256(b"\0".join(each.read_bytes() for each in files)).hexdigest(),
        language=file.language,
        time_zone=file.time_zone,
        persona=Persona(**file.persona.model_dump()),
        greeting=file.greeting,
        speech=_speech(file),
        reasoning=Reasoning(
            models=tuple(file.reasoning.model),
            prompt=prompt_path.read_text("utf-8") if prompt_path else file.reasoning.prompt,
            flow_path=flow_path,
            tools=tuple(file.reasoning.tools),
            first_word_ms=file.reasoning.first_word_ms,
            rounds_max=file.reasoning.rounds_max,
            hedge=file.reasoning.hedge,
            routing=_routing(file.reasoning.routing),
        ),
        preset=file.turn.preset,
        policy=Policy(
            turn=turn_policy(file.turn.preset, file.turn.overrides()),
            silence=msgspec.convert(file.silence.model_dump(), SilencePolicy),
            unified=file.reasoning.model[0].startswith(UNIFIED),
            language=file.language,
            fillers=ours.fillers if file.fillers is None else tuple(file.fillers),
            thinking_sound=file.thinking_sound,
            protect_greeting=file.protect_greeting,
            trouble=ours.trouble if said.trouble is None else said.trouble,
            backchannels=ours.backchannels if said.backchannels is None else tuple(said.backchannels),
            interrupting_words=ours.interrupting_words,
            greeting_words=ours.greeting_words,
            farewells=ours.farewells,
            hold_phrases=ours.hold_phrases if said.hold_phrases is None else tuple(said.hold_phrases),
            line_quality=_line_quality(file),
            answering=_answering(file, disclosures),
            handover=_handover(file.escalation),
        ),
        toolsets=file.tools,
        recording=_recording(file),
        disclosures=disclosures,
        emergency=_emergency(file.emergency, file.language),
        menus=tuple(_menu(name, section) for name, section in file.menus.items()),
        escalation=_escalation(file.escalation),
    )


def _recording(file: AgentFile) -> Recording | None:
    section = file.recording
    if section is None:
        return None
    if section.ask is not None:
        ask = asked_with(section.ask.model_dump(), file.language)
        return Recording(announcement="", retain_days=section.retain_days, ask=ask)
    assert section.after is not None, "the section has one of the two"
    words = file.disclosures[section.after].text
    return Recording(announcement=words, retain_days=section.retain_days)


def _answering(file: AgentFile, disclosures: Sequence[Disclosure]) -> AnsweringPolicy | msgspec.UnsetType:
    section = file.answering_machine
    if section is None:
        return msgspec.UNSET
    policy = msgspec.convert(section.model_dump(), AnsweringPolicy)
    message = with_disclosures(policy.message, disclosures) if policy.message else ""
    return msgspec.structs.replace(policy, message=message)


def _menu(name: str, section: MenuSection) -> Menu:
    keys = {key: MenuKey(**item.model_dump()) for key, item in section.keys.items()}
    return Menu(name=name, say=section.say, keys=keys, offer=tuple(section.offer))


def _line_quality(file: AgentFile) -> LinePolicy | msgspec.UnsetType:
    section = file.line_quality
    return msgspec.UNSET if section is None else msgspec.convert(section.model_dump(), LinePolicy)


def _escalation(section: EscalationSection) -> Escalation:
    return Escalation(
        target=section.target or "",
        words=section.words,
        mode=section.mode,
        targets=section.targets,
        carrier=section.carrier or "",
        caller_id=section.caller_id or "",
        ring_ms=section.ring_ms,
        briefing=section.briefing or "",
        question=section.question,
    )


def _handover(section: EscalationSection) -> HandoverPolicy | msgspec.UnsetType:
    """Whether a caller can be kept is known only when his call has come; here, whether he has whom to wait
    for."""
    if not section.target:
        return msgspec.UNSET
    return HandoverPolicy(
        comfort=tuple(section.comfort),
        busy=section.busy,
        no_answer=section.no_answer,
        declined=section.declined,
        lost=section.lost,
        wait_max_ms=section.wait_max_ms,
    )


def _speech(file: AgentFile) -> Speech:
    speech = file.speech
    return Speech(
        stt=tuple(speech.stt), tts=tuple(speech.tts), end_of_turn=tuple(speech.end_of_turn),
        vocabulary=tuple(speech.vocabulary), speed=speech.speed, hedge=speech.hedge,
        model_voice=speech.model_voice, semantic_turns=speech.semantic_turns,
        pronunciations=tuple(
            Pronunciation(
                word=word, ipa=entry.ipa, respelling=entry.respelling, language=entry.language or ""
            )
            for word, entry in speech.pronunciations.items()
        ),
        suppress_noise=speech.suppress_noise,
    )  # fmt: skip


def _routing(section: RoutingSection | None) -> Routing | None:
    if section is None:
        return None
    classifier = section.classifier
    return Routing(
        frontier=section.frontier,
        words_min=section.words_min or 0,
        patterns=tuple(section.patterns),
        tool_failures=section.tool_failures or 0,
        easy=tuple(classifier.easy) if classifier else (),
        difficult=tuple(classifier.difficult) if classifier else (),
        # By its text: the money the author wrote, not the nearest binary fraction.
        budget_usd=None if section.budget_usd is None else Decimal(str(section.budget_usd)),
    )


def _emergency(section: EmergencySection, language: str) -> Emergency:
    number = section.number or NUMBERS.get(language, "112")
    words = section.words or WORDS
    crisis_number = section.crisis_number or CRISIS_NUMBERS.get(language, number)
    rules = [
        EmergencyRule(
            name=rule.name,
            patterns=tuple(rule.patterns),
            words=rule.words or words,
            number=rule.number or number,
        )
        for rule in section.rules
    ]
    return Emergency(
        number=number,
        words=words,
        crisis_number=crisis_number,
        crisis_words=section.crisis_words or CRISIS_WORDS,
        rules=tuple(rules),
        builtin=section.builtin,
    )
