"""Patients: found by birth date and a name that may be misheard, added when they book for the first time."""

from __future__ import annotations

import sqlite3
import unicodedata
from dataclasses import dataclass

from antiphon.agents.extract.choices import likeness

_EXACT = 0.995
_CLOSE = 0.6  # With the birth date right, "Kovalsky" for "Kowalski" (0.75) is enough to ask.
_LIKELY = 0.45  # If nobody else was born that day, enough to ask "Is that Priya?".
_SAME = 0.9  # Without asking, only a letter may differ.
_LETTERS_OF_KEYS = ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")  # ITU-T E.161, keys 2 to 9.
_KEYS = {letter: str(key) for key, letters in enumerate(_LETTERS_OF_KEYS, start=2) for letter in letters}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMatch:
    """A patient with that birth date. `score` is the likeness of the names, 0..1."""

    patient_id: str
    first_name: str
    last_name: str
    phone: str
    score: float

    @property
    def quality(self) -> str:
        if self.score >= _EXACT:
            return "exact"
        return "close" if self.score >= _CLOSE else "likely"


def matching_patients(
    connection: sqlite3.Connection, first_name: str, last_name: str, date_of_birth: str
) -> list[PatientMatch]:
    """Patients born that day whose name is like the one given, best first. Where nobody's is, the only one
    born that day may be meant, if anything of the name is like theirs. A last name of digits was keyed in by
    its letters: then it is one patient's exactly, or nobody's."""
    rows = connection.execute(
        "SELECT id, first_name, last_name, phone FROM patients WHERE date_of_birth = ?", (date_of_birth,)
    )
    matches = []
    keys = last_name if last_name.isdigit() else ""
    for row in rows:
        if keys:
            score = float(keys_of(row["last_name"]) == keys)
        else:
            score = name_likeness(first_name, last_name, row["first_name"], row["last_name"])
        if score >= _LIKELY:
            matches.append(
                PatientMatch(
                    patient_id=row["id"],
                    first_name=row["first_name"],
                    last_name=row["last_name"],
                    phone=row["phone"],
                    score=round(score, 3),
                )
            )
    if keys:
        return matches if len(matches) == 1 else []
    close = [match for match in matches if match.score >= _CLOSE]
    found = close or (matches if len(matches) == 1 else [])
    return sorted(found, key=lambda match: (-match.score, match.patient_id))


def name_likeness(first_name: str, last_name: str, known_first: str, known_last: str) -> float:
    """Likeness of two full names; the last name weighs more, a first name that was not given is no fault.

    A recogniser also cuts names in the wrong place ("Pre-arramment" for "Priya Raman"), so the whole is
    compared with the whole too, and with either part.
    """
    said_first, said_last = _plain(first_name), _plain(last_name)
    first, last = _plain(known_first), _plain(known_last)
    by_last = likeness(said_last, last)
    by_parts = 0.6 * by_last + 0.4 * likeness(said_first, first) if said_first else by_last
    if by_parts >= _CLOSE:
        return by_parts
    wholes = {said_first + said_last, said_first, said_last}
    return max(by_parts, *(0.9 * likeness(whole, first + last) for whole in wholes))


def _plain(name: str) -> str:
    """Lower case letters without accents, so that "Muñoz" is "Munoz"."""
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in decomposed if letter.isalpha())


def keys_of(name: str) -> str:
    """The keys of a telephone that spell a name: "Chen" is 2436."""
    return "".join(_KEYS.get(letter, "") for letter in _plain(name))


def same_patient(
    connection: sqlite3.Connection, first_name: str, last_name: str, date_of_birth: str
) -> PatientMatch | None:
    """The patient this surely is, or None when it is nobody or could be two."""
    matches = [
        match
        for match in matching_patients(connection, first_name, last_name, date_of_birth)
        if match.score >= _SAME
    ]
    return matches[0] if len(matches) == 1 or (matches and matches[0].score >= _EXACT) else None


def add_patient(
    connection: sqlite3.Connection, first_name: str, last_name: str, date_of_birth: str, phone: str
) -> str:
    """Insert within the caller's transaction; gives the new id."""
    number = connection.execute("SELECT count(*) FROM patients").fetchone()[0] + 1
    while connection.execute("SELECT 1 FROM patients WHERE id = ?", (f"P{number:04d}",)).fetchone():
        number += 1
    patient_id = f"P{number:04d}"
    connection.execute(
        "INSERT INTO patients (id, first_name, last_name, date_of_birth, phone) VALUES (?, ?, ?, ?, ?)",
        (patient_id, first_name, last_name, date_of_birth, phone),
    )
    return patient_id
