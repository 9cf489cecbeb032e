"""LiveKit rooms, for those who run an SFU: the agent joins as a participant. The extra `livekit`; nothing
imported from here needs it until a room is joined."""

from antiphon.calls.livekit.rooms import LiveKitRooms
from antiphon.calls.livekit.settings import LiveKitSettings, livekit_settings

__all__ = ["LiveKitRooms", "LiveKitSettings", "livekit_settings"]
