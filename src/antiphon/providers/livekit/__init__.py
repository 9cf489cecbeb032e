"""Any `livekit-plugins-*` class as a provider: the long tail of vendors."""
