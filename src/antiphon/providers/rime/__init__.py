"""Rime: voices over its own WebSocket, with word times, and over HTTP."""
