"""Calls in which a model hears and speaks by itself."""

from antiphon.runtime.unified.ears import UnifiedEars
from antiphon.runtime.unified.model import UnifiedModel
from antiphon.runtime.unified.reply import UnifiedReply
from antiphon.runtime.unified.speech import UnifiedSpeech

__all__ = ["UnifiedEars", "UnifiedModel", "UnifiedReply", "UnifiedSpeech"]
