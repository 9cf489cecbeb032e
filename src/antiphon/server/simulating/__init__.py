"""Calls of simulated callers, from the command line."""
