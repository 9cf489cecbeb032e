"""Which of many live calls a person should look at first, and why."""

from antiphon.operations.attention.score import Attention, Limits, Reason, Signals, attention

__all__ = ["Attention", "Limits", "Reason", "Signals", "attention"]
