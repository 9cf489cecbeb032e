"""Simulated callers: a person with a goal, a voice and an ear, on a line to the running stack."""
