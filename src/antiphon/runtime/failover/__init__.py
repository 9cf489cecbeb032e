"""Losing a provider in the middle of a call: breakers, races, and one failing-over port per role."""
