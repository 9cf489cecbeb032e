"""Beeps of many frequencies and lengths are heard, speech and music are not, signals are told apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.calls.amd import tone_kinds
from antiphon.calls.amd.tones import Tone, ToneMeter
from antiphon.quality.answerers import sounds
from antiphon.quality.answerers.sounds import silence, tone

RATE_HZ = 8000
Samples = NDArray[np.int16]


def heard(samples: Samples, rate_hz: int = RATE_HZ, block_ms: int = 100) -> list[Tone]:
    """Each tone as it stood last."""
    meter, tones = ToneMeter(rate_hz), dict[int, Tone]()
    step = rate_hz * block_ms // 1000
    for start in range(0, len(samples), step):
        for found in meter.push(samples[start : start + step].astype("<i2").tobytes()):
            tones[found.started_ms] = found
    return list(tones.values())


def on_line(*parts: Samples, snr_db: float = 30, seed: int = 1) -> Samples:
    return sounds.on_the_line(np.concatenate(parts), level_dbfs=-22, snr_db=snr_db, seed=seed)


def beeps(samples: Samples) -> list[Tone]:
    return [found for found in heard(samples) if tone_kinds.is_beep(found)]


@pytest.mark.parametrize("hz", [350, 440, 523, 700, 850, 950, 1000, 1250, 1400, 1650, 2000, 2400, 2750])
@pytest.mark.parametrize("duration_ms", [120, 400, 1500])
def test_a_beep_of_any_usual_pitch_and_length_is_one_beep(hz: int, duration_ms: int) -> None:
    found = beeps(on_line(silence(500), tone(duration_ms, float(hz)), silence(700)))
    assert len(found) == 1
    assert found[0].hz == pytest.approx(hz, abs=8)
    assert found[0].lasted_ms == pytest.approx(duration_ms, abs=45)
    assert found[0].started_ms == pytest.approx(500, abs=40)


@pytest.mark.parametrize("snr_db", [30, 20, 14])
def test_noise_hides_no_beep(snr_db: float) -> None:
    for seed in range(5):
        samples = on_line(silence(500), tone(400, 1000.0), silence(700), snr_db=snr_db, seed=seed)
        assert len(beeps(samples)) == 1


def test_two_tones_together_are_one_beep_but_a_key_is_none() -> None:
    assert len(beeps(on_line(silence(300), tone(400, 800.0, 1250.0), silence(500)))) == 1
    assert beeps(on_line(silence(300), tone(400, 770.0, 1336.0), silence(500))) == []


def test_blocks_may_be_cut_anywhere() -> None:
    samples = on_line(silence(300), tone(150, 1000.0), silence(200), tone(150, 1000.0), silence(500))
    for block_ms in (20, 37, 100, 500):
        found = [each for each in heard(samples, block_ms=block_ms) if tone_kinds.is_beep(each)]
        assert [each.started_ms for each in found] == pytest.approx([300, 650], abs=40)


def test_a_note_that_a_voice_ends_in_is_no_beep() -> None:
    """Final vowels may be as steady as a beep; what tells is that a voice leads into them."""
    hum = tone(200, 600.0)
    assert beeps(on_line(silence(300), sung(300, vibrato=0.02), hum, silence(500))) == []
    assert len(beeps(on_line(silence(300), sung(300, vibrato=0.02), silence(150), hum, silence(500)))) == 1


def test_a_wideband_line_is_measured_the_same() -> None:
    place = np.arange(RATE_HZ * 2 * 4 // 10) / (2 * RATE_HZ)
    wave = (8000 * np.sin(2 * np.pi * 1000 * place)).astype(np.int16)
    quiet = np.zeros(RATE_HZ, np.int16)
    found = heard(np.concatenate([quiet, wave, quiet]), 2 * RATE_HZ)
    assert len(found) == 1 and found[0].hz == pytest.approx(1000, abs=4)


def sung(duration_ms: int, *, vibrato: float) -> Samples:
    """A voice on one note: harmonics, a pitch that moves."""
    place = np.arange(duration_ms * RATE_HZ // 1000) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(210 * (1 + vibrato * np.sin(2 * np.pi * 5 * place))) / RATE_HZ
    wave = np.sum([np.sin(number * phase) / number for number in range(1, 9)], axis=0)
    return (6000 * wave / np.abs(wave).max()).astype(np.int16)


def test_a_voice_is_no_tone_even_when_it_stays_on_one_note() -> None:
    assert beeps(on_line(silence(300), sung(600, vibrato=0.02), silence(500))) == []
    assert beeps(on_line(silence(300), sung(600, vibrato=0.0), silence(500))) == []


def test_notes_that_follow_each_other_are_no_beep() -> None:
    scale = [tone(250, hz) for hz in (523.0, 587.0, 659.0, 698.0, 784.0, 880.0)]
    assert beeps(on_line(silence(300), *scale, sung(400, vibrato=0.0), silence(500))) == []


def test_noise_alone_has_no_tones() -> None:
    assert heard(on_line(silence(20_000), snr_db=6)) == []


def test_a_fax_that_answers_and_one_that_calls_are_told_apart_from_a_beep() -> None:
    answer = heard(on_line(silence(300), sounds.fax_answer(), silence(500)))
    assert tone_kinds.is_fax_answering(answer[0]) and not tone_kinds.is_fax_calling(answer[0])
    call = heard(on_line(silence(300), sounds.fax_call(1)))
    assert tone_kinds.is_fax_calling(call[0]) and not tone_kinds.is_fax_answering(call[0])
    beep = heard(on_line(silence(300), tone(400, 1000.0), silence(500)))[0]
    assert not tone_kinds.is_fax_calling(beep) and not tone_kinds.is_fax_answering(beep)


def test_a_modem_that_turns_its_phase_still_answers_at_2100_hz() -> None:
    found = heard(on_line(silence(300), sounds.fax_answer(modem=True), silence(500)))
    assert sum(each.lasted_ms for each in found if tone_kinds.is_fax_answering(each)) > 2000


@pytest.mark.parametrize("long", [False, True])
def test_the_three_tones_of_a_carrier_are_its_signal(long: bool) -> None:
    found = heard(on_line(silence(300), sounds.information_signal(long=long), silence(500)))
    assert tone_kinds.is_information_signal(found)
    assert not tone_kinds.is_information_signal(found[:2])
    assert not tone_kinds.is_information_signal([found[2], found[1], found[0]])


@pytest.mark.parametrize("hz", [(440.0, 480.0), (425.0,), (480.0, 620.0), (400.0, 450.0)])
def test_ringing_and_busy_are_signals_of_the_exchange(hz: tuple[float, ...]) -> None:
    found = heard(on_line(silence(300), tone(1500, *hz), silence(500)))
    assert found == [] or all(tone_kinds.is_progress(each) for each in found)
