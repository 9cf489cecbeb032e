"""Structured work without a language model: goals, slots, steps, and the engine that walks them."""
