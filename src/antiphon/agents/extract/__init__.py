"""From a caller's transcribed words to values: pure functions, with the day they are said on passed in."""

from antiphon.agents.extract.birth_dates import find_birth_dates
from antiphon.agents.extract.choices import find_choice
from antiphon.agents.extract.corrections import find_corrections
from antiphon.agents.extract.dates import find_dates
from antiphon.agents.extract.digits import find_digits, find_phone_numbers
from antiphon.agents.extract.names import find_names
from antiphon.agents.extract.numbers import words_to_digits
from antiphon.agents.extract.ordinals import find_ordinals
from antiphon.agents.extract.spelled import find_spelled
from antiphon.agents.extract.times import find_times
from antiphon.agents.extract.values import Correction, DateRange, Found, PersonName, Relation, TimeWindow
from antiphon.agents.extract.yes_no import find_yes_no

__all__ = [
    "Correction",
    "DateRange",
    "Found",
    "PersonName",
    "Relation",
    "TimeWindow",
    "find_birth_dates",
    "find_choice",
    "find_corrections",
    "find_dates",
    "find_digits",
    "find_names",
    "find_ordinals",
    "find_phone_numbers",
    "find_spelled",
    "find_times",
    "find_yes_no",
    "words_to_digits",
]
