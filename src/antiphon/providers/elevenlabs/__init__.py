"""ElevenLabs: its voices over a socket that many calls share, or over HTTP; both date their words."""
