"""The shape of a trace file that its writer and its readers share.

First line: {"k":"header","format":1,...}. Then entries {"t":ms,"k":"event"|"command"|"note",...} and, where
lines had to be dropped, {"t":ms,"k":"cut","dropped":n}. Last line of a closed trace: {"t":ms,"k":"end",...}.
A sealed trace (`storage/sealed.py`) holds the same lines: its header in the first piece, then a piece a
flush.
"""

from __future__ import annotations

TRACE_FORMAT = 1
SUFFIX = ".jsonl"
