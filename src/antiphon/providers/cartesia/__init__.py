"""Cartesia: Sonic's voices, as contexts on sockets that all calls share."""
