"""Shaping: what is written on the left is spoken as on the right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.shaping import shape
from antiphon.speech.shaping.en.numbers import cardinal, ordinal, year

CASES = [
    ("2026-11-24", "November twenty fourth, twenty twenty six"),
    ("11/24", "November twenty fourth"),
    ("11/24/2026", "November twenty fourth, twenty twenty six"),
    ("11/24/26", "November twenty fourth, twenty twenty six"),
    ("3/14/85", "March fourteenth, nineteen eighty five"),
    ("03-14-1985", "March fourteenth, nineteen eighty five"),
    ("Tuesday, November 24th", "Tuesday, November twenty fourth"),
    ("Tue, Nov 24", "Tuesday, November twenty fourth"),
    ("Nov. 24th, 2026", "November twenty fourth, twenty twenty six"),
    ("November 24 at 9:30", "November twenty fourth at nine thirty"),
    ("24 November 2026", "the twenty fourth of November, twenty twenty six"),
    ("the 3rd of May", "the third of May"),
    ("Dec 25, 2026.", "December twenty fifth, twenty twenty six."),
    ("January 2027", "January twenty twenty seven"),
    ("May 5-7", "May fifth to seventh"),
    ("in 2026", "in twenty twenty six"),
    ("born in 1905", "born in nineteen oh five"),
    ("since 2000", "since two thousand"),
    ("the 1990s", "the nineteen nineties"),
    ("the '80s", "the eighties"),
    ("Mon-Fri", "Monday to Friday"),
    ("Sat., Nov. 28", "Saturday, November twenty eighth"),
    ("May I help you?", "May I help you?"),
    ("9:30 AM", "nine thirty A M"),
    ("9:30AM", "nine thirty A M"),
    ("9:30 a.m.", "nine thirty A M."),
    ("9:05 pm", "nine oh five P M"),
    ("9:00", "nine o'clock"),
    ("9:00 AM", "nine A M"),
    ("9am", "nine A M"),
    ("9 a.m. Please come early.", "nine A M. Please come early."),
    ("We open at 8 a.m. on weekdays.", "We open at eight A M on weekdays."),
    ("12:00 PM", "twelve P M"),
    ("14:00", "two P M"),
    ("13:05", "one oh five P M"),
    ("00:15", "twelve fifteen A M"),
    ("9 AM-5 PM", "nine A M to five P M"),
    ("9:00-17:00", "nine o'clock to five P M"),
    ("9-5 PM", "nine to five P M"),
    ("9:30 AM - 10:15 AM", "nine thirty A M to ten fifteen A M"),
    ("10:30.", "ten thirty."),
    ("$25", "twenty five dollars"),
    ("$1", "one dollar"),
    ("$1,234.56", "one thousand two hundred thirty four dollars and fifty six cents"),
    ("$0.50", "fifty cents"),
    ("$19.99", "nineteen dollars and ninety nine cents"),
    ("-$5", "minus five dollars"),
    ("$1.5 million", "one point five million dollars"),
    ("$2M", "two million dollars"),
    ("$20/hour", "twenty dollars per hour"),
    ("$20-$30", "twenty dollars to thirty dollars"),
    ("$20-30", "twenty to thirty dollars"),
    ("€3.20", "three euros and twenty cents"),
    ("£1", "one pound"),
    ("25 USD", "twenty five dollars"),
    ("50%", "fifty percent"),
    ("3.5%", "three point five percent"),
    ("10-15%", "ten to fifteen percent"),
    ("-2%", "minus two percent"),
    ("1st", "first"),
    ("2nd", "second"),
    ("3rd", "third"),
    ("the 11th", "the eleventh"),
    ("the 24th", "the twenty fourth"),
    ("the 100th", "the one hundredth"),
    ("21st", "twenty first"),
    ("0", "zero"),
    ("7", "seven"),
    ("13", "thirteen"),
    ("42", "forty two"),
    ("100", "one hundred"),
    ("110", "one hundred ten"),
    ("1,234", "one thousand two hundred thirty four"),
    ("1,000,000", "one million"),
    ("10000", "ten thousand"),
    ("94110", "nine four one one zero"),
    ("007", "zero zero seven"),
    ("3.5", "three point five"),
    ("0.25", "zero point two five"),
    (".5", "zero point five"),
    ("-5", "minus five"),
    ("5-10", "five to ten"),
    ("2.0.1", "two point zero point one"),
    ("24/7", "twenty four seven"),
    ("1/2", "one half"),
    ("1 1/2 cups", "one and a half cups"),
    ("120/80", "one hundred twenty over eighty"),
    ("5 mg", "five milligrams"),
    ("500 mg", "five hundred milligrams"),
    ("1 mg", "one milligram"),
    ("98.6°F", "ninety eight point six degrees Fahrenheit"),
    ("72°", "seventy two degrees"),
    ("5 lbs", "five pounds"),
    ("6 ft", "six feet"),
    ("5'10\"", "five foot ten"),
    ("30 min", "thirty minutes"),
    ("2 hrs", "two hours"),
    ("10 mg/day", "ten milligrams per day"),
    ("60 mph", "sixty miles per hour"),
    ("3 in the morning", "three in the morning"),
    ("16GB", "sixteen gigabytes"),
    ("415-555-2671", "four one five, five five five, two six seven one"),
    ("(415) 555-2671", "four one five, five five five, two six seven one"),
    ("415.555.2671", "four one five, five five five, two six seven one"),
    ("+1 415 555 2671", "one, four one five, five five five, two six seven one"),
    ("4155552671", "four one five, five five five, two six seven one"),
    ("1-800-555-0199", "one, eight hundred, five five five, zero one nine nine"),
    ("555-2671", "five five five, two six seven one"),
    ("(415) 555-2671 ext. 12", "four one five, five five five, two six seven one, extension one two"),
    ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
    ("Call 911 now.", "Call nine one one now."),
    ("123-45-6789", "one two three, four five, six seven eight nine"),
    ("4-1-5", "four one five"),
    ("AB12C", "A B one two C"),
    ("A1C", "A one C"),
    ("COVID-19", "COVID-nineteen"),
    ("I-95", "I-ninety five"),
    ("confirmation #4512", "confirmation number four five one two"),
    ("No. 5", "number five"),
    ("jane.doe@example.com", "jane dot doe at example dot com"),
    ("j_smith-2@mail.example.org", "j underscore smith dash two at mail dot example dot org"),
    ("https://www.example.com/book", "example dot com slash book"),
    ("www.example.com.", "example dot com."),
    ("example.com", "example dot com"),
    ("A-B-C", "A B C"),
    ("S-M-I-T-H", "S M I T H"),
    ("J. R. Smith", "J R Smith"),
    ("U.S.A.", "U S A."),
    ("M.D.", "M D."),
    ("MRI", "M R I"),
    ("the ID", "the I D"),
    ("NASA", "NASA"),
    ("DOB", "D O B"),
    ("Dr. Patel", "Doctor Patel"),
    ("Mr. and Mrs. Lee", "Mister and Missus Lee"),
    ("Ms. Oyelaran", "Miz Oyelaran"),
    ("St. Mary's Hospital", "Saint Mary's Hospital"),
    ("123 Main St.", "one twenty three Main Street."),
    ("123 Main St. We are open.", "one twenty three Main Street. We are open."),
    (
        "1450 Oak Ave, Portland, OR 97201",
        "fourteen fifty Oak Avenue, Portland, Oregon, nine seven two zero one",
    ),
    ("200 N. Elm Blvd., Suite 400", "two hundred North Elm Boulevard, Suite four hundred"),
    ("42 5th Ave", "forty two fifth Avenue"),
    ("Elm Dr.", "Elm Drive."),
    ("Apt. 4B", "apartment four B"),
    ("Smith Jr.", "Smith Junior."),
    ("e.g. aspirin", "for example, aspirin"),
    ("i.e. tomorrow", "that is, tomorrow"),
    ("vs. others", "versus others"),
    ("etc.", "et cetera."),
    ("w/ food", "with food"),
    ("w/o food", "without food"),
    ("salt & pepper", "salt and pepper"),
    ("and/or", "and or"),
    ("yes/no", "yes or no"),
    ("**bold** and *italic* and `code`", "bold and italic and code"),
    ("# Heading", "Heading"),
    ("- one", "one"),
    ("- one\n- two", "one. two"),
    ("1. First", "one. First"),
    ("[our site](https://example.com)", "our site"),
    ("Great! 😀👍🏽", "Great!"),
    ("<b>Hi</b>", "Hi"),
    ("He said “hello”…", "He said hello."),
    ("don’t", "don't"),
    ("(maybe)", "maybe,"),
    ("Wait — what?", "Wait, what?"),
    ("well-known fact", "well-known fact"),
    ("a | b", "a, b"),
    ("~~old~~ new", "old new"),
    ("snake_case", "snake case"),
    ("Hello!!!", "Hello!"),
    (" two   spaces ", "two spaces"),
    ("¿Qué?", "¿Qué?"),
    ("R&B", "R and B"),
    ("5K run", "five thousand run"),
    ("10:30-11:00", "ten thirty to eleven o'clock"),
    ("COVID", "COVID"),
    ("B12", "B twelve"),
    ("7 a.m., 8 a.m., or 9 a.m.", "seven A M, eight A M, or nine A M."),
    (
        "Your number is 415-555-2671, right?",
        "Your number is four one five, five five five, two six seven one, right?",
    ),
    ("It's $40 with a 20% discount.", "It's forty dollars with a twenty percent discount."),
    ("Room 205", "Room two oh five"),
    ("room-5", "room-five"),
    ("the year 2026, not 2025", "the year twenty twenty six, not twenty twenty five"),
    ("PIN 4821", "P I N four eight two one"),
    ("pages 5–10", "pages five to ten"),
    ("$1,000,000", "one million dollars"),
    ("$100,000.00", "one hundred thousand dollars"),
    ("2,500 people", "two thousand five hundred people"),
    ("1.5 hours", "one point five hours"),
    ("11:59 PM", "eleven fifty nine P M"),
    ("Jan 1st", "January first"),
    ("Feb. 2", "February second"),
    ("Sept 9, 2026", "September ninth, twenty twenty six"),
    ("Wed, Dec 2nd at 2:15 PM", "Wednesday, December second at two fifteen P M"),
    ("Are you free Mon or Tue?", "Are you free Monday or Tuesday?"),
    ("The sun sat.", "The sun sat."),
    ("U.S. citizens", "U S citizens"),
    ("Your code is 4821.", "Your code is four eight two one."),
    ("Reference number 77210.", "Reference number seven seven two one zero."),
    ("account ending in 4821", "account ending in four eight two one"),
    ("Gate B7", "Gate B seven"),
    ("10%-15% off", "ten to fifteen percent off"),
    ("the U.S. We ship there.", "the U S. We ship there."),
    ("4:15 p.m. Bring your card.", "four fifteen P M. Bring your card."),
    ("Thu, Nov 26 - Sat, Nov 28", "Thursday, November twenty sixth, Saturday, November twenty eighth"),
    ("Nov 24-26", "November twenty fourth to twenty sixth"),
    ("1/15 at 3pm", "January fifteenth at three P M"),
    ("She is 34 years old.", "She is thirty four years old."),
    ("a 5-day trial", "a five-day trial"),
    ("2 for $5", "two for five dollars"),
    ("$3.5K", "three point five thousand dollars"),
    ("€1,200", "one thousand two hundred euros"),
    ("+5", "plus five"),
    ("100 ml", "one hundred milliliters"),
    ("3 oz", "three ounces"),
    ("2-3 weeks", "two to three weeks"),
    ("6 months", "six months"),
    ("1st Ave", "first Avenue"),
    ("12:30 a.m.", "twelve thirty A M."),
    ("8:00 to 17:30", "eight o'clock to five thirty P M"),
    ("120 over 80", "one hundred twenty over eighty"),
    ("4.0", "four point zero"),
    ("page 1,024", "page one thousand twenty four"),
    ("twice a day", "twice a day"),
    ("I'll be there.", "I'll be there."),
    ("Can you spell it?", "Can you spell it?"),
    ("https://example.com/a-b?x=1", "example dot com slash a dash b question mark times equals one"),
    ("front.desk@maple-clinic.com.", "front dot desk at maple dash clinic dot com."),
    ("Fri the 27th", "Friday the twenty seventh"),
    ("300 W. 42nd St.", "three hundred West forty second Street."),
    ("PO Box 300", "PO Box three hundred"),
    ("9 lbs. of apples", "nine pounds of apples"),
    ("50/50", "fifty over fifty"),
    ("3 x 4", "three times four"),
    ("#1", "number one"),
    ("30°C", "thirty degrees Celsius"),
]


@pytest.mark.parametrize(("written", "spoken"), CASES)
def test_written_text_becomes_these_words(written: str, spoken: str) -> None:
    assert shape(written) == spoken


@pytest.mark.parametrize("spoken", [spoken for _, spoken in CASES])
def test_what_is_already_words_is_left_alone(spoken: str) -> None:
    assert shape(spoken) == spoken


def test_a_whole_sentence_of_an_agent_is_spoken_naturally() -> None:
    assert shape(
        "**Great!** You're booked with Dr. Patel on Tue, 11/24 at 9:30 AM; the copay is $25. Questions? "
        "Call (415) 555-2671 or write to front.desk@example.com 😀"
    ) == (
        "Great! You're booked with Doctor Patel on Tuesday, November twenty fourth at nine thirty A M; "
        "the copay is twenty five dollars. Questions? Call four one five, five five five, two six seven one "
        "or write to front dot desk at example dot com"
    )


def test_a_language_without_rules_is_only_cleaned() -> None:
    assert shape("**Hola** 😀 son 3.5", "es-ES") == "Hola son 3.5"


@pytest.mark.parametrize("locale", ["en", "en-US", "en_US", "EN-us"])
def test_a_locale_is_known_however_it_is_written(locale: str) -> None:
    assert shape("5%", locale) == "five percent"


@pytest.mark.parametrize("empty", ["", " ", "\n\n", "😀", "***", "---", "\u200b", "()"])
def test_nothing_to_say_becomes_nothing(empty: str) -> None:
    assert not any(character.isalnum() for character in shape(empty))


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    spoken = shape(text)
    assert "\n" not in spoken
    assert "  " not in spoken


@settings(max_examples=300, deadline=None)
@given(
    text=st.lists(
        st.sampled_from([
            "0", "1", "9", "12", "31", "2026", ",", ".", ":", "/", "-", "–", "%", "$", "#", "+", "@", "(",
            ")", "'",
            '"', "st", "th", "AM", "p.m.", "Dr.", "St.", "Nov", "May", "x", "mg", "K", "A", "٣", "５", " ",
        ]),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_no_digit_is_left_whatever_signs_stand_around_it(text: str) -> None:
    assert not any(character in "0123456789" for character in shape(text))


@given(number=st.integers(-(10**15), 10**15))
def test_cardinals_are_words_only(number: int) -> None:
    assert cardinal(number).replace(" ", "").isalpha()


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (23, "twenty third"),
        (31, "thirty first"),
        (100, "one hundredth"),
    ],
)
def test_ordinals(number: int, spoken: str) -> None:
    assert ordinal(number) == spoken


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (1900, "nineteen hundred"), (1999, "nineteen ninety nine"), (2000, "two thousand"),
        (2009, "two thousand nine"), (2010, "twenty ten"), (2100, "twenty one hundred"), (476,
        "four hundred seventy six"),
    ],
)  # fmt: skip
def test_years(number: int, spoken: str) -> None:
    assert year(number) == spoken
