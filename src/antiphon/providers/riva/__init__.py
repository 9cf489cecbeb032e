"""NVIDIA Riva (Nemotron Speech): recognition on a server of one's own, or on NVIDIA's."""
