"""Calls under control: who is dialled, who hears whom, and what becomes of everybody on the line.

`warm` decides and does nothing; `desk` does and decides nothing.
"""
