"""Calls in which a model hears and speaks by itself."""

from antiphon.runtime.unified.model import UnifiedModel
from antiphon.runtime.unified.reply import UnifiedReply
from antiphon.runtime.unified.speech import UnifiedSpeech

__all__ = ["UnifiedModel", "UnifiedReply", "UnifiedSpeech"]
