"""Answering-machine detection: who or what answers a call we placed, by sound and by words.

`tones` measures, `wording` knows what machines say, `decision` decides (pure), `screening` binds them to
a call.
"""

from antiphon.calls.amd.decision import Decision
from antiphon.calls.amd.screening import open_screening
from antiphon.calls.amd.settings import Thresholds

__all__ = ["Decision", "Thresholds", "open_screening"]
