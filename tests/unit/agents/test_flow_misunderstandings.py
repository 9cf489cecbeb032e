"""The clinic's front desk on a bad day: mumbling, silence, keys, misheard words, callers who say "what?"."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.unit.agents.dialogue import CHEN, Dialogue, only

from antiphon.agents.ports import Expect

# --- mumbling, silence, keys ------------------------------------------------------------------------------


async def test_mumbling_is_met_with_rephrasing_then_narrowing_then_a_person(call: Dialogue) -> None:
    await call.say("a physical")
    questions = [call.last.text]
    for mumble in ("mwah", "uh the uh", "banana"):
        await call.say(mumble)
        questions.append(call.last.text)
    assert len(set(questions)) == 4
    assert "Tuesday" in questions[2]
    assert "colleague" in questions[3]
    await call.talk("no", "Friday")
    assert "November twenty-seventh" in call.last.text, call.said


async def test_gives_up_politely_in_the_end(call: Dialogue) -> None:
    for _ in range(6):
        if call.last.end:
            break
        await call.say("blargh")
    assert call.last.end == "gave_up"
    assert "oodbye" in call.last.text


async def test_a_caller_who_declines_a_person_again_and_again_is_let_go(call: Dialogue) -> None:
    for _ in range(16):
        if call.last.end:
            break
        await call.say("no" if "colleague" in call.last.text else "blargh")
    assert call.last.end == "gave_up", call.said
    assert call.said.count("colleague") == 3


async def test_silence_is_met_with_the_question_in_other_words_and_then_a_goodbye(call: Dialogue) -> None:
    await call.say("a physical")
    asked = call.last.text
    first = await call.stay_silent(1)
    second = await call.stay_silent(2)
    assert "day" in first.text
    assert first.text not in asked
    assert "still there" in second.text
    end = await call.time_out()
    assert "oodbye" in end.text
    assert end.end == "gave_up"


async def test_a_silent_caller_from_the_start(call: Dialogue) -> None:
    offered = await call.stay_silent(1)
    assert "How can I help" in offered.text and "keys of your phone" in offered.text
    assert offered.expected is Expect.CHOICE, "one key is an answer now, and so is any sentence"
    assert (await call.time_out()).end == "gave_up"


async def test_digits_come_slowly(call: Dialogue) -> None:
    await call.talk("a flu shot on Wednesday", "the first one", "Peter Novak", "June 3rd 1991", "yes")
    assert call.last.expected is Expect.DIGITS
    await call.talk("six one seven", "five five five", "oh one nine nine", "yes")
    assert [item.phone for item in call.booked("Peter", "Novak")] == ["+16175550199"], call.said


async def test_the_last_two_digits_may_come_alone(call: Dialogue) -> None:
    await call.talk("a flu shot on Wednesday", "the first one", "Peter Novak", "June 3rd 1991", "yes")
    await call.talk("six one seven five five five zero one", "seven seven", "yes")
    assert [item.phone for item in call.booked("Peter", "Novak")] == ["+16175550177"], call.said


async def test_keys_answer_questions(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "dtmf:2", "Linda Chen", "dtmf:04081979#", "dtmf:1")
    assert only(call, "Linda", "Chen")[1] == datetime(2026, 11, 27, 9, 30)


async def test_key_zero_asks_for_a_person(call: Dialogue) -> None:
    await call.say("dtmf:0")
    assert call.last.escalation is not None


async def test_repeats_what_was_said(call: Dialogue) -> None:
    await call.say("a physical on Friday")
    asked = call.last.text
    await call.say("sorry, can you repeat that?")
    assert call.last.text == asked


async def test_waits_when_asked_to(call: Dialogue) -> None:
    await call.talk("I need a physical", "hold on, let me check my calendar")
    assert "take your time" in call.last.text
    assert call.last.expected is Expect.DATE
    await call.say("okay, Tuesday works")
    assert "Tuesday, November twenty-fourth" in call.last.text


@pytest.mark.parametrize(
    "parting",
    ["No, thank you. Bye.", "No thanks, that's it.", "Thank you so much, goodbye!", "nope, I'm good"],
)
async def test_a_parting_word_after_booking_is_never_taken_for_a_wish(call: Dialogue, parting: str) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN, "yes", parting)
    assert call.last.end == "goal_reached", call.said
    assert len(call.booked("Linda", "Chen")) == 1


async def test_this_afternoon_is_a_day_and_a_time(call: Dialogue) -> None:
    await call.talk("Can I come in today?", "I feel sick", "no, this afternoon")
    assert "afternoon" in call.last.text, call.said
    assert "morning" not in call.last.text, call.said


async def test_yes_thank_you_bye_is_still_a_yes(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN, "yeah that's right thank you bye")
    assert only(call, "Linda", "Chen")[0] == "physical"


# --- what small recognisers write -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard", "goal"),
    [
        ("I need to council my appointment.", "cancel that"),
        ("I'd like to we schedule my appointment.", "move it"),
        ("I would like to book an appointment for a check-out.", "day"),
        ("Do you take at na?", "Aetna"),
        ("I'd like a flew shot.", "day"),
    ],
)
async def test_typical_misrecognitions_are_understood(call: Dialogue, heard: str, goal: str) -> None:
    await call.say(heard)
    assert goal in call.last.text, call.said


# --- heard on real lines ----------------------------------------------------------------------------------


async def test_a_record_found_by_birthday_settles_a_misheard_name(call: Dialogue) -> None:
    await call.talk("Great. Then I'd like to book a sick visit, please.", "Friday, December 4th, please.")
    await call.talk("The first one, please.", "Linda Chan.", "April 8, 1979.")
    assert "for Linda Chen. Shall I book it?" in call.last.text, call.said
    await call.say("Yes, please.")
    assert only(call, "Linda", "Chen") == ("sick_visit", datetime(2026, 12, 4, 8))


async def test_a_name_heard_as_one_odd_word_is_still_found_by_its_sound(call: Dialogue) -> None:
    await call.talk("Hi, I need an appointment for a sick visit.", "Friday, December 4th.", "The first one.")
    await call.talk("Pre-arramment.", "Sorry, I didn't catch that.", "Pre-arramment.", "September 9, 1994.")
    assert "Is that Priya?" in call.last.text, call.said
    await call.talk("Yes, that's me.", "Yes, please.")
    assert only(call, "Priya", "Raman")[0] == "sick_visit"


async def test_a_half_name_is_not_asked_for_for_ever(call: Dialogue) -> None:
    await call.talk("cancel my appointment", "Maria", "uh the uh", "what was the uh")
    asked = [reply.text for reply in call.replies]
    assert sum("And your last name?" in text for text in asked) == 1, call.said
    assert any("letter by letter" in text for text in asked), call.said


@pytest.mark.parametrize(
    "correction",
    ["Now it's CHEN.", "No, it's C H E N.", "know it's CHEN", "C-H-E-N.", "No, C, H, E, N.", "It's C H E N"],
)
async def test_a_spelling_read_back_wrong_is_put_right(call: Dialogue, correction: str) -> None:
    await call.talk("a flu shot on Wednesday", "the first one", "Laura Chan", "June 3rd 1991")
    assert "C, H, A, N" in call.last.text, call.said
    await call.say(correction)
    assert "phone" in call.last.text, call.said
    await call.talk("617 555 0199", "yes")
    assert [item.phone for item in call.booked("Laura", "Chen")] == ["+16175550199"], call.said


@pytest.mark.parametrize(
    "letters", ["No, it's M-I-L-L-E-R.", "Know it, Chism I-L-L-E-R.", "M, I, L, L, E, R", "David Miller."]
)
async def test_the_same_letters_again_are_a_yes_even_after_a_no(call: Dialogue, letters: str) -> None:
    await call.talk("a flu shot on Wednesday", "the first one", "David Miller", "March 4, 1985.")
    assert "M, I, L, L, E, R" in call.last.text, call.said
    await call.say(letters)
    assert "phone" in call.last.text, call.said
    await call.say("617 555 0177")
    assert "for David Miller." in call.last.text, call.said


async def test_a_spelling_that_cannot_be_settled_is_left(call: Dialogue) -> None:
    await call.talk(
        "a flu shot on Wednesday", "the first one", "Laura Chan", "June 3rd 1991", "mwah", "bla bla"
    )
    assert "go on with what I have" in call.last.text, call.said
    assert call.last.expected is Expect.DIGITS


async def test_a_patient_is_never_assumed_from_an_answer_not_understood(call: Dialogue) -> None:
    await call.talk("cancel my appointment", "Pre-arramment.", "uh the uh", "uh", "uh", "September 9, 1994.")
    assert "Is that Priya?" in call.last.text, call.said
    await call.talk("uh the uh", "uh the")
    assert "name" in call.last.text, call.said
    assert "clinic.appointments" not in call.ran, call.said


async def test_after_no_person_the_question_may_be_put_again(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN)
    await call.talk(*["do you take Aetna?"] * 3)
    assert "colleague" in call.last.text, call.said
    await call.say("no")
    assert "Shall I book it?" in call.last.text, call.said


async def test_asked_to_repeat_it_varies_its_words_and_then_offers_a_person(call: Dialogue) -> None:
    await call.say("Hello, would like to make an appointment.")
    asked = [call.last.text]
    for puzzled in ("Sorry, I didn't catch that.", "Could you say that again, please?") * 2:
        await call.say(puzzled)
        asked.append(call.last.text)
    assert asked[1] == asked[0]
    assert len(set(asked)) == 4, call.said
    assert "colleague" in asked[-1], call.said


async def test_no_question_is_put_more_than_three_times_in_the_same_words(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN)
    asked = call.last.text.split(". ", 1)[-1]
    for _ in range(4):
        await call.say("do you take Aetna?")
    assert sum("Shall I book it?" in reply.text for reply in call.replies) == 3, (asked, call.said)
    assert "colleague" in call.last.text, call.said


async def test_yes_to_two_options_asks_which_and_then_takes_the_first(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "Yes.")
    assert "Which one" in call.last.text, call.said
    await call.say("Yes, please.")
    assert "first and last name" in call.last.text, call.said


async def test_in_the_morning_to_two_mornings_is_not_met_with_the_same_offer(call: Dialogue) -> None:
    await call.say("a physical on Friday")
    offered = call.last.text
    await call.say("In the morning.")
    assert "Which one" in call.last.text, call.said
    assert call.last.text != offered
    await call.say("In the morning, please.")
    assert "first and last name" in call.last.text, call.said


@pytest.mark.parametrize("opening", ["Hello, this is Grace Martin.", "Hi, my name is Grace Martin."])
async def test_an_introduction_is_greeted_and_kept(call: Dialogue, opening: str) -> None:
    await call.say(opening)
    assert call.last.text.startswith("Hi Grace. How can I help?"), call.said
    await call.talk("I need a flu shot next Wednesday morning.", "The first one.", "February 19th, 2001.")
    assert "for Grace Martin. Shall I book it?" in call.last.text, call.said
    assert "last name" not in call.said


async def test_hello_is_answered_with_hello(call: Dialogue) -> None:
    await call.say("Hello?")
    assert call.last.text == "Hi. How can I help?"


async def test_letters_are_taken_while_something_else_is_asked(call: Dialogue) -> None:
    await call.talk("a flu shot on Wednesday", "the first one", "Peter Novac", "N O V A K")
    assert "date of birth" in call.last.text, call.said
    await call.talk("June 3rd 1991", "yes", "617 555 0199", "yes")
    assert [item.phone for item in call.booked("Peter", "Novak")] == ["+16175550199"], call.said
