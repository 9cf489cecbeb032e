"""The clinic's front desk in conversation: real tools over a real calendar, twice, once with letters to
compare sentences by and once with the embedded encoder. What counts is the calendar, then the words."""

from __future__ import annotations

from datetime import datetime

from tests.unit.agents.dialogue import CHEN, NOW, Clinic, Dialogue, only

from antiphon.agents.ports import Expect, ToolResult
from antiphon.agents.tools import CalendarView

# --- booking ----------------------------------------------------------------------------------------------


async def test_books_a_physical_for_a_known_patient(call: Dialogue) -> None:
    await call.talk("I'd like to book a check-up please.", "Friday", "the first one", *CHEN, "Yes please.")
    assert "You're booked" in call.last.text
    assert only(call, "Linda", "Chen") == ("physical", datetime(2026, 11, 27, 8))
    await call.say("No, that's all, thanks.")
    assert call.last.end == "goal_reached"


async def test_books_for_a_new_patient_with_the_name_read_back_and_a_phone(call: Dialogue) -> None:
    await call.talk("I need a flu shot on Wednesday", "ten", "Peter Novak", "June 3rd 1991")
    assert "N, O, V, A, K" in call.last.text
    await call.talk("yes", "617 555 0199", "yes")
    booked = call.booked("Peter", "Novak")
    assert [(item.appointment_type, item.phone) for item in booked] == [("vaccination", "+16175550199")]


async def test_takes_everything_in_one_breath(call: Dialogue) -> None:
    await call.talk(
        "Hi, this is Grace Martin, born February nineteenth two thousand one, can I get a flu shot on "
        "Thursday of next week at two pm"
    )
    assert "Shall I book it?" in call.last.text, call.said
    await call.say("yes")
    assert only(call, "Grace", "Martin") == ("vaccination", datetime(2026, 12, 3, 14))


async def test_asks_for_the_kind_of_visit_when_only_an_appointment_is_wanted(call: Dialogue) -> None:
    await call.say("I need an appointment")
    assert call.last.expected is Expect.CHOICE
    assert any("check" in phrase or "physical" in phrase for phrase in call.last.phrases)
    await call.talk("I have a sore throat", "tomorrow", "the later one", *CHEN, "yeah")
    assert only(call, "Linda", "Chen") == ("sick_visit", datetime(2026, 11, 24, 9, 30))


async def test_a_named_doctor_is_booked(call: Dialogue) -> None:
    await call.talk("A physical with Dr. Nguyen on Monday", "the first one", *CHEN, "yes")
    assert [item.provider_id for item in call.booked("Linda", "Chen")] == ["nguyen"], call.said


async def test_a_doctor_who_does_not_do_it_is_said_so(call: Dialogue) -> None:
    await call.say("a flu shot with Dr. Patel on Friday")
    assert "doesn't do those" in call.last.text
    assert "Which would you like" in call.last.text


async def test_an_exact_free_time_is_taken_without_asking_again(call: Dialogue) -> None:
    await call.talk("Can I book a blood test tomorrow at nine thirty in the morning?")
    assert "first and last name" in call.last.text, call.said


async def test_a_taken_time_brings_the_nearest_ones(call: Dialogue) -> None:
    await call.say("book a vaccination on Monday at ten thirty")  # Hassan Ali's.
    assert "taken" in call.last.text
    assert call.last.expected is Expect.CHOICE


async def test_a_closed_day_is_said_and_another_offered(call: Dialogue) -> None:
    await call.say("I need a sick visit on Saturday")
    assert "closed" in call.last.text
    assert "Monday, November thirtieth" in call.last.text


async def test_thanksgiving_is_no_day_for_an_appointment(call: Dialogue) -> None:
    await call.say("I'd like a physical this Thursday")
    assert "closed" in call.last.text
    assert "November twenty-sixth" not in call.last.text.split("closed")[1]


async def test_as_soon_as_possible_and_whichever(call: Dialogue) -> None:
    await call.talk("I need a sick visit", "as soon as possible", "whichever", *CHEN, "yes")
    kind, start = only(call, "Linda", "Chen")
    assert (kind, start.date()) == ("sick_visit", NOW.date())


async def test_a_description_of_a_complaint_leads_to_a_sick_visit(call: Dialogue) -> None:
    await call.talk("Can I come in? I have a fever and a cough.")
    assert "day" in call.last.text, call.said


# --- correcting, going back, changing one's mind ----------------------------------------------------------


async def test_no_i_said_thursday(call: Dialogue) -> None:
    await call.talk("I'd like a skin check", "Tuesday", "No, I said Wednesday")
    assert "Wednesday, November twenty-fifth" in call.last.text, call.said


async def test_corrects_himself_within_one_sentence(call: Dialogue) -> None:
    await call.say("I want a physical on Monday, no, Tuesday")
    assert "Tuesday, November twenty-fourth" in call.last.text, call.said


async def test_corrects_the_time_during_the_confirmation(call: Dialogue) -> None:
    await call.talk(
        "a physical next Tuesday at 10 with Dr. Patel", *CHEN, "actually make it two in the afternoon"
    )
    assert "two in the afternoon" in call.last.text
    assert call.last.expected is Expect.YES_NO
    await call.say("yes please")
    assert only(call, "Linda", "Chen") == ("physical", datetime(2026, 12, 1, 14))


async def test_yes_but_with_another_day_is_no_agreement(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN, "yes but make it Monday")
    assert "clinic.book" not in call.ran, call.said
    assert "Monday" in call.last.text


async def test_corrects_after_it_was_booked(call: Dialogue) -> None:
    await call.talk(
        "a physical on Tuesday at ten", *CHEN, "yes", "actually, make it Wednesday", "the first one", "yes"
    )
    assert call.ran.count("clinic.reschedule") == 1, call.said
    assert only(call, "Linda", "Chen")[1].date().isoformat() == "2026-11-25"


async def test_a_plain_no_to_the_confirmation_asks_what_to_change(call: Dialogue) -> None:
    await call.talk(
        "a physical on Friday", "the first one", *CHEN, "no", "the day", "Monday", "the second one", "yes"
    )
    assert only(call, "Linda", "Chen")[1].date().isoformat() == "2026-11-30"


async def test_goes_back_one_step(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", "Linda Chan", "go back")
    assert "first and last name" in call.last.text or "spell" in call.last.text, call.said
    await call.talk("Linda Chen", "April 8th 1979", "yes")
    assert only(call, "Linda", "Chen")[0] == "physical"


async def test_starts_over(call: Dialogue) -> None:
    await call.talk(
        "a physical on Friday", "start over please", "a blood test", "tomorrow", "the first one", *CHEN, "yes"
    )
    assert only(call, "Linda", "Chen")[0] == "blood_test"


async def test_changes_the_goal_in_the_middle(call: Dialogue) -> None:
    await call.talk(
        "I want to book an appointment",
        "actually I want to cancel instead",
        "John Smith",
        "November 14 1972",
        "yes",
    )
    assert "cancelled" in call.last.text
    assert call.booked("John", "Smith") == []


async def test_never_mind_leaves_nothing_booked_and_says_so(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "never mind")
    assert "Nothing has been booked" in call.last.text
    await call.say("no thanks")
    assert call.last.end == "caller_done"


async def test_a_changed_kind_of_visit_keeps_the_rest(call: Dialogue) -> None:
    await call.talk(
        "a physical on Friday", "the first one", *CHEN, "no, I meant a skin check", "the first one", "yes"
    )
    assert only(call, "Linda", "Chen")[0] == "skin_check"


# --- offers -----------------------------------------------------------------------------------------------


async def test_none_of_those_then_something_in_the_afternoon(call: Dialogue) -> None:
    await call.talk("book me a physical next week", "none of those")
    first = call.last.text
    await call.say("do you have anything in the afternoon")
    assert "afternoon" in call.last.text
    assert call.last.text != first


async def test_anything_later_offers_later_ones(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "anything later?")
    assert "nine thirty" not in call.last.text
    assert call.last.expected is Expect.CHOICE, call.said


async def test_a_time_that_was_not_offered_but_is_free_is_taken(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "can I have eleven", *CHEN, "yes")
    assert only(call, "Linda", "Chen")[1] == datetime(2026, 11, 27, 11)


async def test_the_second_is_a_position_not_a_day_of_the_month(call: Dialogue) -> None:
    await call.talk("a blood test tomorrow morning", "the second", *CHEN, "yes")
    assert only(call, "Linda", "Chen")[1] == datetime(2026, 11, 24, 9, 30)


async def test_a_slot_taken_meanwhile_brings_alternatives_and_no_false_promise(
    call: Dialogue, clinic: Clinic
) -> None:
    await call.talk("a blood test tomorrow at ten", *CHEN)
    tools, other = call.tools, {"first_name": "Ann", "last_name": "Other", "date_of_birth": "1980-01-01"}
    from antiphon.agents.ports import ToolContext

    taken = await tools["clinic.book"].run(
        {"slot_id": "brooks@2026-11-24T10:00", "appointment_type": "blood_test", **other},
        ToolContext(call_id="other", idempotency_key="other", now=NOW),
    )
    assert taken.ok
    await call.say("yes")
    assert "just taken" in call.last.text
    assert "You're booked" not in call.last.text
    await call.talk("the first one", "yes")
    assert "You're booked" in call.last.text, call.said
    assert len(call.booked("Linda", "Chen")) == 1


async def test_a_calendar_that_fails_is_admitted_and_a_person_offered(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN)
    call.broken["clinic.book"] = ToolResult(ok=False, error="calendar_unavailable")
    await call.say("yes")
    assert "couldn't book" in call.last.text
    assert "booked," not in call.last.text
    await call.say("yes please")
    assert call.last.escalation is not None


# --- existing appointments --------------------------------------------------------------------------------


async def test_cancels_after_identifying_the_patient(call: Dialogue) -> None:
    await call.say("I need to cancel my appointment")
    assert "November" not in call.last.text
    await call.talk("Maria Lopez", "March 3rd 1985")
    assert "November thirtieth at ten" in call.last.text
    assert len(call.booked("Maria", "Lopez")) == 1
    await call.say("yes")
    assert call.booked("Maria", "Lopez") == []


async def test_reschedules_and_tells_the_new_time(call: Dialogue) -> None:
    await call.talk(
        "Can I move my appointment to Friday?",
        "This is John Smith, born November 14 1972",
        "the later one",
        "yes that's right",
    )
    kind, start = only(call, "John", "Smith")
    assert (kind, start.date().isoformat()) == ("follow_up", "2026-11-27")
    assert "moved" in call.last.text


async def test_the_old_day_is_not_taken_for_the_new_one(call: Dialogue) -> None:
    await call.talk(
        "I need to reschedule my appointment on Wednesday to next Monday",
        "Samuel O'Brien",
        "October thirty first nineteen eighty three",
    )
    assert "Monday, November thirtieth" in call.last.text, call.said


async def test_looks_an_appointment_up_and_cancels_it(call: Dialogue) -> None:
    await call.talk("when is my appointment", "Maria Lopez, March 3rd 1985")
    assert "November thirtieth at ten" in call.last.text
    await call.talk("cancel it please", "yes")
    assert call.booked("Maria", "Lopez") == []


async def test_a_stranger_learns_nothing(call: Dialogue) -> None:
    await call.talk("when is my appointment", "Bob Unknown", "March 3rd 1985")
    assert "can't find you" in call.last.text
    assert "Lopez" not in call.said
    assert "clinic.appointments" not in call.ran


async def test_gives_up_looking_for_a_patient_and_offers_a_person(call: Dialogue) -> None:
    await call.talk("cancel my appointment", "Bob Unknown", "May 1 1980", "U N K N O W N", "May first 1980")
    assert "colleague" in call.last.text
    await call.say("yes")
    assert call.last.escalation is not None
    assert call.last.escalation[0] == "asked_for_person"


async def test_a_misheard_surname_is_no_matter_when_the_birthday_fits(call: Dialogue) -> None:
    await call.talk("cancel my appointment", "Maria Lopes", "March 3rd 1985")
    assert "Shall I cancel it?" in call.last.text, call.said
    await call.say("yes")
    assert call.booked("Maria", "Lopez") == []


async def test_without_an_appointment_there_is_nothing_to_move(call: Dialogue) -> None:
    await call.talk("I want to reschedule my appointment", *CHEN)
    assert "don't see any" in call.last.text


# --- questions in between ---------------------------------------------------------------------------------


async def test_an_insurance_question_is_answered_and_the_question_comes_back(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "do you take Aetna?")
    assert "we take Aetna" in call.last.text
    assert call.last.text.endswith("Which would you like?")
    await call.talk("the first one", "Linda Chen")
    await call.say("What if I have Humana, do you accept Humana?")
    assert "don't see Humana" in call.last.text
    assert "date of birth" in call.last.text


async def test_only_a_question(call: Dialogue) -> None:
    await call.talk("Do you take Etna?")
    assert "we take Aetna" in call.last.text
    await call.say("no that's all")
    assert call.last.end == "goal_reached"


async def test_opening_hours_of_a_day_and_of_the_week(call: Dialogue) -> None:
    await call.say("What are your opening hours?")
    assert "8 AM to 5:30 PM" in call.last.text
    await call.say("are you open on Saturday?")
    assert "closed on Saturday" in call.last.text


async def test_a_day_asked_about_is_not_a_day_wished_for(call: Dialogue) -> None:
    await call.talk("a physical", "are you open on Saturday?")
    assert "closed on Saturday" in call.last.text
    assert "clinic.find_slots" not in call.ran, call.said


async def test_address_directions_parking_and_preparation(call: Dialogue) -> None:
    for asked, told in (
        ("where are you located?", "48 Willow Street"),
        ("how do I get there?", "Central Square"),
        ("is there parking?", "free parking"),
    ):
        await call.say(asked)
        assert told in call.last.text, call.said
    await call.talk("I'd like a blood test tomorrow", "do I have to fast before it?")
    assert "do not eat" in call.last.text, call.said


async def test_asks_for_a_person_at_any_point(call: Dialogue) -> None:
    await call.talk("I'd like a skin check", "can I talk to a human please")
    assert call.last.escalation is not None
    reason, summary = call.last.escalation
    assert reason == "asked_for_person"
    assert "skin check" in summary


async def test_is_honest_about_being_an_ai(call: Dialogue) -> None:
    await call.say("Am I talking to a real person?")
    assert "AI" in call.last.text
    assert call.last.escalation is None


# --- interruptions and speculation ------------------------------------------------------------------------


async def test_a_question_that_was_cut_off_is_asked_again(call: Dialogue) -> None:
    await call.say("a physical on Friday", cut_after="Friday")
    await call.say("hm")
    assert call.last.text.endswith("Which would you like?")
    assert "Sorry" not in call.last.text


async def test_a_yes_to_a_confirmation_never_heard_books_nothing(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", "Linda Chen")
    await call.say("April 8th 1979", cut_after="Thank you.")
    await call.say("yes")
    assert "clinic.book" not in call.ran
    assert "Shall I book it?" in call.last.text
    await call.say("yes")
    assert only(call, "Linda", "Chen")[0] == "physical"


async def test_an_effect_the_caller_did_not_hear_of_is_told_again(call: Dialogue) -> None:
    await call.talk("a physical on Friday", "the first one", *CHEN)
    await call.say("yes", cut_after="You're")
    await call.say("sorry, do you take Cigna?")
    assert "You're booked" in call.last.text
    assert "we take Cigna" in call.last.text
    assert call.ran.count("clinic.book") == 1


async def test_discarded_drafts_leave_no_trace(call: Dialogue) -> None:
    await call.say("a physical")
    spoken = await call.speculate("on Monday")
    assert "Monday" in spoken.text
    await call.say("on Tuesday")
    assert "Tuesday" in call.last.text
    assert "Monday" not in call.last.text


async def test_interrupting_with_the_choice_is_enough(call: Dialogue) -> None:
    await call.say("a physical on Friday", cut_after="I have Friday")
    await call.talk("nine thirty", *CHEN, "yes")
    assert only(call, "Linda", "Chen")[1] == datetime(2026, 11, 27, 9, 30)


# --- always ---------------------------------------------------------------------------------------------


async def test_an_emergency_comes_first_in_any_state(call: Dialogue) -> None:
    await call.talk("I need a sick visit tomorrow", "the first one", "oh god my husband just collapsed")
    assert call.last.text.startswith("Please hang up and call nine one one")
    assert call.last.escalation is not None
    assert call.last.escalation[0] == "emergency"
    assert CalendarView(call.database).effects() == 0


async def test_replies_are_short(call: Dialogue) -> None:
    await call.talk("I need an appointment", "a physical", "Friday", "the first one", *CHEN, "yes", "no")
    lengths = [len(reply.text.split()) for reply in call.replies]
    assert max(lengths) <= 30, call.said
    assert sorted(lengths)[len(lengths) // 2] <= 25


async def test_the_greeting_discloses_the_ai_in_one_short_sentence(call: Dialogue) -> None:
    assert "AI assistant" in call.replies[0].text
    assert len(call.replies[0].text.split()) <= 20
