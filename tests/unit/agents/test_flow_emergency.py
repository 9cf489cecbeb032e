"""Emergencies are caught by rules, whatever else the agent is doing, and only when they are emergencies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.agents.dialogue import AGENTS

from antiphon.agents.definition import Emergency, EmergencyRule, load_agent
from antiphon.agents.flows.emergency import (
    _LIKELY,
    CRISES,
    CRISIS_WORDS,
    EMERGENCIES,
    WORDS,
    EmergencyRules,
)

RULES = EmergencyRules(Emergency(number="911", words=WORDS, crisis_number="988", crisis_words=CRISIS_WORDS))

PATTERNS = [*CRISES, *(pattern for group in EMERGENCIES.values() for pattern in group)]

NOW_DANGEROUS = [
    "My husband just collapsed.",
    "my husband just collapse",
    "She's unconscious and not breathing",
    "he is not breeding",  # What a small recogniser makes of it.
    "I can't breathe",
    "I'm having trouble breathing",
    "I have chest pain",
    "I have really bad chess pain",
    "there's a pressure in my chest",
    "I think I'm having a heart attack",
    "I think my dad is having a stroke",
    "her face is drooping and she's slurring",
    "he's bleeding badly",
    "my daughter won't stop bleeding",
    "she took too many pills",
    "my son overdosed",
    "I think he over dosed",
    "the baby is choking",
    "she fainted and won't wake up",
    "he had a seizure just now",
    "we need an ambulance",
    "no no no he collapsed",
    "I have no chest pain but I can't breathe",
    "I had a stroke last year and I think I'm having another stroke now",
    "I'd like to book an appointment because I have chest pain right now",
]
CRISIS = [
    "I want to kill myself",
    "I've been thinking about suicide",
    "I don't want to live anymore",
    "I want to die",
    "I'm going to hurt myself",
]
HARMLESS = [
    "I'd like to book a check-up",
    "I have no chest pain",
    "no chest pain or trouble breathing",
    "I don't have any chest pain",
    "it's not an emergency",
    "I had a stroke in 2019 and need a follow-up",
    "my father had a heart attack years ago",
    "there's a history of stroke in my family",
    "I need a heart attack follow-up visit",
    "the bike collapsed last year",
    "I'm calling about a stroke screening",
    "he isn't having a seizure",
    "I bled a little when I shaved",
    "do you take Aetna",
    "I want to see the doctor",
    "can I bring my chess set",
    "I never passed out",
]


@pytest.mark.parametrize("text", NOW_DANGEROUS)
def test_danger_is_answered_with_the_number_first(text: str) -> None:
    alarm = RULES.alarm(text)
    assert alarm is not None
    assert "nine one one" in alarm.words
    assert len(alarm.words.split(".")[0].split()) <= 12


@pytest.mark.parametrize("text", CRISIS)
def test_a_crisis_is_answered_with_the_crisis_line(text: str) -> None:
    alarm = RULES.alarm(text)
    assert alarm is not None
    assert "nine eight eight" in alarm.words


@settings(max_examples=300, deadline=None)
@given(pattern=st.sampled_from(PATTERNS), data=st.data())
def test_the_first_look_misses_nothing_that_a_pattern_finds(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern))
    assert re.search(pattern, text)
    assert _LIKELY.search(text)


def test_the_first_look_clears_what_callers_mostly_say() -> None:
    assert _LIKELY.search("i would like to book a table for two people tomorrow evening please") is None


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_denied_past_or_something_else_is_no_alarm(text: str) -> None:
    assert RULES.alarm(text) is None


def test_an_agents_own_rules_come_first_and_may_name_another_number() -> None:
    own = EmergencyRule(
        name="gas", patterns=(r"\bsmell gas\b",), words="Leave the house, then call {number}.", number="112"
    )
    rules = EmergencyRules(
        Emergency(number="911", words=WORDS, crisis_number="988", crisis_words=CRISIS_WORDS, rules=(own,))
    )
    alarm = rules.alarm("I smell gas and my wife collapsed")
    assert alarm is not None
    assert alarm.words == "Leave the house, then call one one two."


def test_the_number_follows_the_language(tmp_path: Path) -> None:
    text = (
        (AGENTS / "clinic.yaml")
        .read_text()
        .replace("language: en-US", "language: en-GB")
        .replace('  number: "911"\n', "")
    )
    (tmp_path / "clinic.yaml").write_text(text)
    (tmp_path / "clinic").symlink_to(AGENTS / "clinic")
    assert load_agent(tmp_path / "clinic.yaml").emergency.number == "999"
