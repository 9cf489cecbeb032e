"""Agent files: what a good one becomes, and what the author of a broken one is told."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.unit.agents.dialogue import AGENTS

from antiphon.agents.command import register
from antiphon.agents.definition import agent_schema, find_agents, load_agent
from antiphon.agents.flows.load import flow_schema, load_flow
from antiphon.conversation.policy import PRESETS, Policy
from antiphon.errors import ConfigError

GOOD = """\
agent: desk
persona:
  name: Robin
  role: front desk
greeting: Hello, {disclosures} How can I help?
disclosures:
  ai: {text: this is an AI assistant., when: always, uninterruptible: true}
time_zone: Europe/Berlin
reasoning:
  model: [flow/small]
  flow: flow.yaml
  tools: [shop.find]
tools:
  shop: {}
turn: {preset: patient, stop_silence_min_ms: 450}
silence: {reprompt_after_ms: 6000}
escalation: {target: "+12125550100"}
"""
FLOW = """\
flow: small
slots:
  day: {type: date, ask: "Which day?"}
goals:
  buy:
    examples: [I want to buy something, can I buy this]
    steps:
      - ask: day
      - run: shop.find
        as: found
        with: {date: day.start}
      - say: "It is {found.price} on {day}."
"""


def load(tmp_path: Path, text: str = GOOD, flow: str = FLOW):  # type: ignore[no-untyped-def]
    (tmp_path / "desk.yaml").write_text(text)
    (tmp_path / "flow.yaml").write_text(flow)
    return load_agent(tmp_path / "desk.yaml")


def test_a_good_file_becomes_values_with_every_default_filled_in(tmp_path: Path) -> None:
    agent = load(tmp_path)
    assert agent.opening == "Hello, this is an AI assistant. How can I help?"
    assert agent.uninterruptible == agent.owed == ("this is an AI assistant.",)
    assert agent.policy.turn.stop_silence_min_ms == 450
    assert agent.policy.turn.stop_silence_max_ms == PRESETS["patient"].stop_silence_max_ms
    assert agent.policy.silence.reprompt_after_ms == 6000
    assert agent.policy.trouble == Policy().trouble
    assert agent.emergency.number == "911"
    assert agent.zone.key == "Europe/Berlin"
    assert agent.escalation.target == "+12125550100"
    assert len(agent.digest) == 64


def test_the_digest_changes_with_the_flow(tmp_path: Path) -> None:
    assert load(tmp_path).digest != load(tmp_path, flow=FLOW + "# changed\n").digest


def test_an_agent_is_honest_about_being_an_ai_whatever_its_file_says(tmp_path: Path) -> None:
    text = GOOD.replace(
        "  ai: {text: this is an AI assistant., when: always, uninterruptible: true}\n",
        "  law: {text: This call may be recorded.}\n",
    )
    assert "AI assistant, not a person" in load(tmp_path, text).ai_answer


# (what is done to the good file, line, words that must be in the message)
BROKEN = {
    "an unknown key": (("  name: Robin", "  nmae: Robin"), 3, ["persona.nmae", "did you mean 'name'"]),
    "an unknown section": (("turn: {", "turns: {"), 15, ["turns", "did you mean 'turn'"]),
    "a knob that does not exist": (
        ("stop_silence_min_ms: 450", "stop_silence_ms: 450"),
        15,
        ["did you mean 'stop_silence_m"],
    ),
    "an unknown preset": (
        ("preset: patient", "preset: patent"),
        15,
        ["'patent' is not allowed", "snappy", "did you mean 'patient'"],
    ),
    "a wrong type": (
        ("stop_silence_min_ms: 450", 'stop_silence_min_ms: "450"'),
        15,
        ["turn.stop_silence_min_ms", "valid integer"],
    ),
    "a negative time": (
        ("stop_silence_min_ms: 450", "stop_silence_min_ms: -1"),
        15,
        ["greater than or equal to 0"],
    ),
    "times that contradict": (
        ("stop_silence_min_ms: 450", "stop_silence_min_ms: 4500"),
        15,
        ["is greater than stop_silence_max_ms"],
    ),
    "a filler after the deadline": (("reprompt_after_ms: 6000", "filler_after_ms: 60000"), 16, ["not below"]),
    "a time zone that is none": (
        ("Europe/Berlin", "Europe/Berlyn"),
        8,
        ["unknown time zone", "America/New_York"],
    ),
    "a provider without a vendor": (
        ("turn: {", "speech: {stt: whisper}\nturn: {"),
        15,
        ["is not a provider name", "vendor/model"],
    ),
    "a choice that is not the file's": (
        ("turn: {", "speech: {vad: [local/silero]}\nturn: {"),
        15,
        ["speech.vad", "unknown key 'vad'", "hears all calls of a process together"],
    ),
    "a missing name": (("  name: Robin\n", ""), 2, ["persona.name", "missing"]),
    "a missing section": (
        ("greeting: Hello, {disclosures} How can I help?\n", ""),
        1,
        ["greeting", "missing"],
    ),
    "a name with spaces": (("agent: desk", "agent: Our Desk"), 1, ["agent", "match pattern"]),
    "a duplicate key": (
        ("time_zone: Europe/Berlin", "time_zone: Europe/Berlin\ntime_zone: UTC"),
        9,
        ["given twice; first on line 8"],
    ),
    "a tab": (("  name: Robin", "\tname: Robin"), 3, ["tab", "spaces"]),
    "an unclosed bracket": (("[flow/small]", "[flow/small"), 11, ["not valid YAML"]),
    "a secret": (("  shop: {}", "  shop: {api_key: hello}"), 14, ["looks like a secret", "environment"]),
    "a secret by its looks": (
        ("  shop: {}", "  shop: {id: sk-abcdefghijklmnopqrstuvwx}"),
        14,
        ["looks like a secret"],
    ),
    "a target that is no number": (
        ('"+12125550100"', "reception"),
        17,
        ["neither a phone number nor a SIP address"],
    ),
    "a tool of no toolset": (("[shop.find]", "[shop.find, mall.find]"), 12, ["mall.find", "toolset"]),
    "a missing flow file": (("flow: flow.yaml", "flow: flaw.yaml"), 11, ["no such file", "relative"]),
    "a flow of another name": (("flow/small", "flow/large"), 10, ["unknown flow 'large'", "small"]),
    "a flow named and not given": (("  flow: flow.yaml\n", ""), 9, ["no `flow:` file"]),
    "a way to reason that is none": (("[flow/small]", "[gpt]"), 10, ["not a way to reason"]),
    "an emergency pattern that is none": (
        ("turn: {", 'emergency: {rules: [{name: x, patterns: ["("]}]}\nturn: {'),
        15,
        ["not a regular expression"],
    ),
    "no emergency rules at all": (
        ("turn: {", "emergency: {builtin: false}\nturn: {"),
        15,
        ["no emergency rules are left"],
    ),
    "a recording nobody is told of": (
        ("turn: {", "recording: {after: recorded}\nturn: {"),
        15,
        ["recording.after", "unknown disclosure 'recorded'", "ai"],
    ),
    "a recording told of in other words": (
        ("turn: {", "recording: {after: ai}\nturn: {"),
        15,
        ["recording.after", "does not say that the call is recorded"],
    ),
    "a recording nobody is told of nor asked": (
        ("turn: {", "recording: {retain_days: 30}\nturn: {"),
        15,
        ["recording", "nobody is told, or twice", "exactly one of `after:` and `ask:`"],
    ),
    "a place that is none": (
        ("turn: {", "recording: {ask: {place: New York}}\nturn: {"),
        15,
        ["recording.ask.place", "write ISO 3166: US-NY, or DE"],
    ),
    "a question without keys": (
        ("turn: {", 'recording: {ask: {question: "May I record?"}}\nturn: {'),
        15,
        ["recording.ask.question", "does not name the keys"],
    ),
    "an announcement nobody hears": (
        ("turn: {", "recording: {ask: {announcement: We record.}}\nturn: {"),
        15,
        ["recording.ask.announcement", "without a place everybody is asked"],
    ),
    "a question in a language we have no words of": (
        ("turn: {", "language: it-IT\nrecording: {ask: {}}\nturn: {"),
        16,
        ["recording.ask", "no words of ours in 'it-IT'", "question, again, agreed, declined, proceed"],
    ),
    "a recording kept for ever": (
        ("turn: {", "recording: {after: ai, retain_days: 100000}\nturn: {"),
        15,
        ["recording.retain_days", "less than or equal to 3650"],
    ),
    "empty words": (("greeting: Hello, {disclosures} How can I help?", 'greeting: " "'), 5, ["is empty"]),
    "a list for a mapping": (
        ("  name: Robin\n  role: front desk", "  - Robin"),
        2,
        ["persona", "not ['Robin']"],
    ),
}


def test_calls_are_recorded_after_a_disclosure_that_cannot_be_missed(tmp_path: Path) -> None:
    told = GOOD.replace("this is an AI assistant.", "this is an AI and the call is recorded.")
    told = told.replace("turn: {", "recording: {after: ai, retain_days: 30}\nturn: {")
    recording = load(tmp_path, told).recording
    assert (recording.announcement, recording.retain_days) == ("this is an AI and the call is recorded.", 30)
    assert load(tmp_path).recording is None
    with pytest.raises(ConfigError, match="may stay unheard"):
        load(tmp_path, told.replace("uninterruptible: true", "uninterruptible: false"))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_file_line_field_and_remedy(name: str, tmp_path: Path) -> None:
    (old, new), line, words = BROKEN[name]
    assert old in GOOD
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, GOOD.replace(old, new))
    message = str(raised.value)
    assert f"desk.yaml:{line}:" in message, message
    for word in words:
        assert word in message, message
    assert "abcdefghijklmnop" not in message


BROKEN_FLOW = {
    "an unknown slot": (("- ask: day", "- ask: dya"), 8, ["unknown slot 'dya'", "did you mean 'day'"]),
    "an unknown tool": (("run: shop.find", "run: shop.fnd"), 9, ["unknown tool 'shop.fnd'", "shop.find"]),
    "an unknown path": (("date: day.start", "date: dax.start"), 11, ["'dax'"]),
    "an unknown path in a template": (("{found.price}", "{fond.price}"), 12, ["'fond'", "'found'"]),
    "an unknown filter": (("{day}", "{day|dat}"), 12, ["unknown filter 'dat'", "date"]),
    "an unknown slot type": (("type: date", "type: dat"), 3, ["'dat' is not allowed", "did you mean 'date'"]),
    "a step with two verbs": (("- ask: day", "- {ask: day, run: shop.find}"), 8, ["2 verbs"]),
    "a step without a verb": (("- ask: day", "- {with: {a: day}}"), 8, ["without a verb"]),
    "an effect nobody confirmed": (("run: shop.find", "do: shop.find"), 9, ["nothing confirms it first"]),
    "a slot without a question": (
        ('{type: date, ask: "Which day?"}', "{type: date}"),
        8,
        ["has no question"],
    ),
    "a choice without choices": (("type: date", "type: choice"), 3, ["without choices"]),
    "one example": (("[I want to buy something, can I buy this]", "[buy]"), 6, ["at least 2"]),
    "a tool without a name for its result": (("        as: found\n", ""), 9, ["without `as:`"]),
}


@pytest.mark.parametrize("name", BROKEN_FLOW)
def test_a_broken_flow_says_file_line_field_and_remedy(name: str, tmp_path: Path) -> None:
    (old, new), line, words = BROKEN_FLOW[name]
    assert old in FLOW
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, flow=FLOW.replace(old, new))
    message = str(raised.value)
    assert f"flow.yaml:{line}:" in message, message
    for word in words:
        assert word in message, message


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        GOOD.replace("  name: Robin", "  nmae: Robin")
        .replace("patient", "patent")
        .replace("Berlin", "Berlyn")
    )
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    message = str(raised.value)
    places = [message.index(word) for word in ("nmae", "Berlyn", "patent")]
    assert places == sorted(places)
    assert message.startswith("4 problems")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"- a\n- b\n", "not a mapping"),
        (b"just words\n", "not a mapping"),
        (b"agent: \xff\xfe\n", "UTF-8"),
        (b"agent: !!python/object:os.system x\n", "tag"),
        (b"a: &a [*a]\n", ""),
        (b"x: " + b"[" * 5000, ""),
        (b"\x00\x01\x02", ""),
        (b"a" * 1_100_000, "larger"),
    ],
)
def test_what_is_no_agent_file_at_all_is_refused_in_words(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load_agent(path)
    assert words in str(raised.value)
    assert "desk.yaml" in str(raised.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file") as raised:
        load_agent(tmp_path / "none.yaml")
    assert "`antiphon agents list`" in str(raised.value)


def test_a_model_that_hears_and_speaks_by_itself_is_known_by_its_prefix(tmp_path: Path) -> None:
    definition = load(tmp_path, GOOD.replace("[flow/small]", '["unified:acme/whale", acme/mind, flow/small]'))
    assert definition.reasoning.unified == "acme/whale"
    assert definition.policy.unified
    assert definition.reasoning.language_models == ("acme/mind",)
    assert not load(tmp_path).policy.unified


def test_the_voice_of_such_a_model_has_a_setting_of_its_own(tmp_path: Path) -> None:
    unified = GOOD.replace("[flow/small]", '["unified:acme/whale", flow/small]')
    voiced = f"{unified}\nspeech: {{model_voice: Kore}}\n"
    assert load(tmp_path, voiced).speech.model_voice == "Kore"
    assert load(tmp_path, unified).speech.model_voice == ""
    with pytest.raises(ConfigError, match="no model of this file speaks by itself"):
        load(tmp_path, voiced.replace('"unified:acme/whale", ', ""))


def test_such_a_model_may_end_turns_by_their_meaning_if_it_ends_them_at_all(tmp_path: Path) -> None:
    unified = GOOD.replace("[flow/small]", '["unified:acme/whale", flow/small]')
    asked = unified.replace("turn: {", "speech: {semantic_turns: true}\nturn: {endpointing: provider, ")
    assert load(tmp_path, asked).speech.semantic_turns
    for other in (asked.replace("provider", "ours"), asked.replace('"unified:acme/whale", ', "")):
        with pytest.raises(ConfigError, match="no `unified:` model ends the turns"):
            load(tmp_path, other)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ('[acme/mind, "unified:acme/whale", flow/small]', "stands behind another model, and is never asked"),
        ('["unified:acme/whale"]', "nobody goes on when the session of this model is lost"),
    ],
)
def test_a_model_that_hears_by_itself_comes_first_and_not_alone(
    models: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, GOOD.replace("[flow/small]", models))


def test_words_that_yaml_takes_for_something_else_stay_words(tmp_path: Path) -> None:
    flow = FLOW.replace("      - ask: day\n", "      - ask: day\n        on: {no: {say: yes}}\n")
    (tmp_path / "flow.yaml").write_text(flow)
    loaded = load_flow(tmp_path / "flow.yaml")
    assert loaded.goals["buy"].steps[0].troubles["no"].say == "yes"


def test_tools_that_do_not_exist_are_named_with_the_nearest(tmp_path: Path) -> None:
    load(tmp_path)
    with pytest.raises(ConfigError, match=r"unknown tool 'shop\.find'; did you mean 'shop\.finds'"):
        load_agent(tmp_path / "desk.yaml", tools=["shop.finds"])


def test_the_published_schemas_accept_the_clinic_and_refuse_a_typing_error() -> None:
    clinic = yaml.safe_load((AGENTS / "clinic.yaml").read_text())
    validator = jsonschema.Draft202012Validator(agent_schema())
    validator.validate(clinic)
    assert list(validator.iter_errors({**clinic, "turns": {}}))
    jsonschema.Draft202012Validator.check_schema(flow_schema())


def test_the_flow_in_the_documentation_is_a_good_one(tmp_path: Path) -> None:
    page = (AGENTS.parent / "docs" / "agents.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "flow.yaml").write_text(example)
    flow = load_flow(tmp_path / "flow.yaml", tools=["house.free", "house.reserve"])
    assert flow.name == "table"


def test_the_first_directory_with_an_agent_wins(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "desk.yaml").write_text("agent: x\n")
    (tmp_path / "two" / "other.yaml").write_text("agent: y\n")
    found = find_agents([tmp_path / "one", tmp_path / "two"])
    assert found == {"desk": tmp_path / "one" / "desk.yaml", "other": tmp_path / "two" / "other.yaml"}


def run(*words: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(words)
    return int(args.run(args))


def test_the_commands_check_list_and_print_the_schema(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("agents", "check", str(AGENTS / "clinic.yaml")) == 0
    assert "ok: clinic" in capsys.readouterr().out
    load(tmp_path)
    (tmp_path / "bad.yaml").write_text("agent: desk\n")
    assert run("agents", "check", str(tmp_path / "bad.yaml"), str(tmp_path / "desk.yaml")) == 1
    told = capsys.readouterr()
    assert "persona: missing" in told.err
    assert "ok: desk" in told.out
    assert run("agents", "schema") == 0
    assert "persona" in json.loads(capsys.readouterr().out)["properties"]
    assert run("agents", "list") == 0
    assert "clinic" in capsys.readouterr().out


def test_chatting_with_an_agent_in_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["do you take Aetna?", "no thanks"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(said))
    assert run("agents", "chat", str(AGENTS / "clinic.yaml"), "--letters", "--show") == 0
    out = capsys.readouterr().out
    assert "we take Aetna" in out
    assert "ends: goal_reached" in out


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "greeting: Hello,",
            'greeting: Hello, <brake time="1s"/>',
            [
                "desk.yaml:5: greeting: SSML that does not parse: line 1, column 8: <brake>",
                "use <break>",
            ],
        ),
        (
            "this is an AI assistant.",
            "this is an <emphasis>AI assistant.",
            ["disclosures.ai.text", "column 12: <emphasis> is never closed", "add </emphasis>"],
        ),
    ],
)
def test_ssml_that_does_not_parse_is_named_with_field_place_and_tag(
    tmp_path: Path, old: str, new: str, told: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, GOOD.replace(old, new))
    assert all(part in str(error.value) for part in told)


def test_ssml_of_a_flow_is_checked_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, flow=FLOW.replace("Which day?", "Which <sub>day</sub>?"))
    assert "flow.yaml:3: slots.day.ask: SSML that does not parse: line 1, column 7: <sub>: alias" in str(
        error.value
    )


def test_good_ssml_is_kept_for_the_voice(tmp_path: Path) -> None:
    agent = load(tmp_path, GOOD.replace("greeting: Hello,", 'greeting: Hello, <break time="1s"/>'))
    assert agent.opening.startswith('Hello, <break time="1s"/> this is an AI')


PRONUNCIATIONS = """\
speech:
  pronunciations:
    Siobhan: /ʃɪˈvɔːn/
    sql: sequel
    Nguyen: {ipa: ŋʷjən, respelling: win, language: en}
"""


def test_pronunciations_are_ipa_or_a_respelling(tmp_path: Path) -> None:
    entries = load(tmp_path, GOOD + PRONUNCIATIONS).speech.pronunciations
    assert [(entry.word, entry.ipa, entry.respelling, entry.language) for entry in entries] == [
        ("Siobhan", "ʃɪˈvɔːn", "", ""),
        ("sql", "", "sequel", ""),
        ("Nguyen", "ŋʷjən", "win", "en"),
    ]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "/shi-VAWN/",
            ["pronunciations.Siobhan", "'-' at position 4 of 'shi-VAWN'", "respelling"],
        ),
        ('{ipa: "\'tɛst"}', ["position 1", "write ˈ (U+02C8)"]),
        ("{}", ["says nothing", "give it `ipa:`"]),
        ("{ipa: a, sound: b}", ["unknown key 'sound'"]),
        ("{ipa: a, language: english}", ["'english' is not a language tag"]),
    ],
)
def test_an_entry_that_is_not_ipa_is_named_with_how_to_fix_it(
    tmp_path: Path, entry: str, told: list[str]
) -> None:
    text = GOOD + f"speech:\n  pronunciations:\n    Siobhan: {entry}\n"
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    assert f"desk.yaml:{text.count(chr(10))}" in str(error.value)
    assert all(part in str(error.value) for part in told)


@pytest.mark.parametrize(
    ("language", "listening", "waits", "filler"),
    [
        ("en-US", "right", "hold on", "One moment."),
        ("es-MX", "vale", "un momento", "Un momento."),
        ("fr-FR", "d'accord", "attendez", "Un instant."),
        ("de-DE", "genau", "einen moment", "Einen Moment, bitte."),
        ("it-IT", "right", "hold on", "One moment."),
    ],
)
def test_words_left_out_are_of_the_language_of_the_agent(
    tmp_path: Path, language: str, listening: str, waits: str, filler: str
) -> None:
    policy = load(tmp_path, GOOD.replace("\ntime_zone:", f"\nlanguage: {language}\ntime_zone:")).policy
    assert policy.language == language
    assert listening in policy.backchannels and waits in policy.hold_phrases
    assert policy.fillers[0] == filler


def test_words_given_hold_in_any_language(tmp_path: Path) -> None:
    text = GOOD.replace("\ntime_zone:", "\nlanguage: de-DE\ntime_zone:")
    text += "\nfillers: [Sekunde.]\nphrases: {trouble: Pardon., backchannels: [joa], hold_phrases: []}\n"
    policy = load(tmp_path, text).policy
    assert (policy.fillers, policy.trouble) == (("Sekunde.",), "Pardon.")
    assert (policy.backchannels, policy.hold_phrases) == (("joa",), ())
    assert "hallo" in policy.greeting_words
