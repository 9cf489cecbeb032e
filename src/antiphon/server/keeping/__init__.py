"""Keeping calls on record: the index follows the traces; what is too old, or asked for, goes."""
