"""AssemblyAI: Universal streaming for calls, and transcription of recordings with speakers and topics."""
