"""Measuring the providers an agent names, from where it runs."""
