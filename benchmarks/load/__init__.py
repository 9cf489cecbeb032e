"""Calls for `phone_load.py`: callers on one core, a real media worker with doubles for vendors on another."""
