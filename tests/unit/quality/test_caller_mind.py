"""A caller answers the last thing he was asked, in his own order, and gives up in the end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.quality.callers.mind import PUZZLED_MAX, Mind
from antiphon.quality.callers.script import CallerScript, load_caller, resolve_dates, spoken_values

MONDAY = date(2026, 11, 23)


def _script(**fields: object) -> CallerScript:
    return CallerScript.model_validate(
        {
            "name": "test",
            "about": "",
            "goal": {"kind": "answered", "words": "eight"},
            "facts": {"who": "Maria"},
            "dates": {"day": "tuesday+1w"},
            "rules": [
                {"hears": ["your name"], "says": ["{who}.", "I said {who}!"]},
                {"hears": ["which day", "what day"], "says": ["{day}, {day_date}."]},
                {"hears": ["goodbye"], "says": ["Bye."], "hangs_up": True},
            ],
        }
        | fields
    )


def _mind() -> Mind:
    script = _script()
    return Mind(script, spoken_values(script, MONDAY))


def test_the_last_question_is_answered() -> None:
    assert (
        _mind().react("Okay, your name is noted. Which day would you like?").says
        == "Tuesday, December first."
    )


def test_a_question_asked_again_gets_the_next_answer() -> None:
    mind = _mind()
    assert [mind.react("Your name, please?").says for _ in range(3)] == [
        "Maria.",
        "I said Maria!",
        "I said Maria!",
    ]


def test_a_caller_who_understands_nothing_hangs_up_in_the_end() -> None:
    mind = _mind()
    acts = [mind.react("Florble.") for _ in range(PUZZLED_MAX + 1)]
    assert all(act.says for act in acts[:-1])
    assert acts[-1].hangs_up


def test_every_line_is_known_before_the_call() -> None:
    assert {"Maria.", "I said Maria!", "Tuesday, December first.", "Bye."} <= set(_mind().lines())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tuesday", date(2026, 11, 24)),
        ("monday", date(2026, 11, 30)),
        ("tuesday+1w", date(2026, 12, 1)),
        ("+3d", date(2026, 11, 26)),
        ("today", MONDAY),
    ],
)
def test_dates_are_relative_to_today(expression: str, expected: date) -> None:
    assert resolve_dates(_script(dates={"day": expression}), MONDAY)["day"] == expected


@pytest.mark.parametrize("expression", ["someday", "", "tuesday+1y", "+d"])
def test_a_date_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError, match=r"dates\.day"):
        resolve_dates(_script(dates={"day": expression}), MONDAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "mapping"),
        ("goal: {kind: flown}", "goal.kind"),
        ("about: x\ngoal: {kind: booked}\nspeed: 9", "speed"),
        ("about: x\ngoal: {kind: booked}\nrules: [{hears: ['(']}]", "regular expression"),
        ("about: [", "not valid YAML"),
        ("about: x\ngoal: {kind: booked}\nvoise: x", "voise"),
    ],
)
def test_a_broken_file_names_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "caller.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_caller(path)


BOOKED = "about: x\ndates: {day: tuesday}\ngoal: {kind: booked, last_name: Chen, date: day}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("about: x\ngoal:\n  kind: booked\n  on: day\n", 4, "goal.on: unknown key 'on'"),
        (BOOKED + "opens: Hi {nobody}\n", 4, "opens: .*placeholder nobody defines: 'nobody'"),
        (BOOKED + "rules:\n  - hears: [a]\n    says: ['{']\n", 6, r"rules\[0\].says\[0\]"),
        (BOOKED + "rules:\n  - hears: []\n", 5, r"rules\[0\].hears"),
        (BOOKED + "rules:\n  - {hears: [a], says: []}\n", 5, r"rules\[0\].says"),
        (BOOKED + "rules:\n  - {hears: [a], presses: 12x}\n", 5, r"rules\[0\].presses"),
        (BOOKED + "facts: {phone: 6175550109}\n", 4, "facts.phone"),
        (BOOKED + "recordings:\n  Hello.: hello.wav\n", 5, "the caller never says this line"),
        (BOOKED + "opens: Hi\nrecordings:\n  Hi: hello.wav\n", 6, "hello.wav: cannot read"),
        ("about: x\ngoal: {kind: booked}\n", 2, "needs `last_name`"),
        ("about: x\ngoal: {kind: answered}\n", 2, "needs `words`"),
        ("about: x\ngoal: {kind: answered, words: '('}\n", 2, "goal.words: .*regular expression"),
        ("about: x\ngoal: {kind: ended, cause: bored}\n", 2, "goal.cause: 'bored' is not allowed"),
        ("about: x\ngoal: {kind: booked, last_name: C, date: dey}\n", 2, "'dey', which `dates:`"),
        (
            "about: x\ngoal: {kind: booked, last_name: C, from_time: 9:00}\n",
            2,
            "goal.from_time: .*time of day",
        ),
    ],
)
def test_a_broken_file_names_file_line_and_field(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "caller.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"caller\.yaml:{line}: .*{said}"):
        load_caller(path)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "caller.yaml"
    path.write_text(BOOKED + "opens: '{a}'\nrules: [{hears: ['(']}]\n")
    with pytest.raises(ConfigError, match=r"2 problems(.|\n)*opens(.|\n)*rules\[0\]"):
        load_caller(path)


def test_words_that_yaml_takes_for_truth_and_times_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "caller.yaml"
    path.write_text(
        BOOKED.replace("date: day", "date: day, to_time: 10:30") + "facts: {name: No, birth: on}\n"
    )
    script = load_caller(path)
    assert script.facts == {"name": "No", "birth": "on"} and script.goal.to_time == "10:30"


def test_every_shipped_caller_can_be_read_and_spoken() -> None:
    files = sorted((Path(__file__).parents[3] / "agents/clinic/callers").glob("*.yaml"))
    assert len(files) >= 14
    for path in files:
        script = load_caller(path)
        assert Mind(script, spoken_values(script, MONDAY)).lines()
        assert script.name == path.stem


def test_letters_heard_wrong_are_corrected_even_when_a_fact_holds_them() -> None:
    script = _script(
        facts={"spelled": "C H E N"},
        rules=[{"hears": ["spelled"], "says": ["Right."], "checks": "{spelled}"}],
        dates={},
    )
    mind = Mind(script, spoken_values(script, MONDAY))
    assert mind.react("Spelled c, h, e, n?").says == "Right."
    said = mind.react("Spelled c, h, a, n?").says
    assert said == "No, it's C H E N." and said in mind.lines()


def test_an_offer_is_taken_even_when_its_last_words_are_misheard() -> None:
    clinic = Path(__file__).parents[3] / "agents/clinic/callers/books.yaml"
    script = load_caller(clinic)
    mind = Mind(script, spoken_values(script, MONDAY))
    for heard in (
        "At eight or at nine thirty in the morning. Wish it do?",
        "At 8 or 9.30. What would you like?",
    ):
        assert mind.react(heard).says == "The first one, please.", heard
