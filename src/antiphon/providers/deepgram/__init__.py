"""Deepgram: Nova-3 and Flux for hearing, Aura for speaking, and transcription of recordings."""
