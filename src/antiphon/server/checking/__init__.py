"""Checking agent files against everything there is: the file's own rules, and the providers it names."""
