"""Finished calls as spans for OpenTelemetry collectors, in the GenAI semantic conventions.

Spans are made from the trace on the disk when they are sent: no call and no media loop knows of it.
"""
