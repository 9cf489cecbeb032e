"""Logs of a process: one line an event on stderr, so that stdout stays free for words to the operator."""

from __future__ import annotations

import logging
import os
import sys

import structlog

from antiphon.operations.log_redaction import LogRedaction, RedactingFormatter


def log_to_stderr(process: str) -> None:
    """Configure structlog for this process. `ANTIPHON_LOG` is "debug", "info" (default), "warning" or
    "error"; `ANTIPHON_LOG_FORMAT=json` for machines."""
    levels = {"debug": logging.DEBUG, "warning": logging.WARNING, "error": logging.ERROR}
    level = levels.get(os.environ.get("ANTIPHON_LOG", "").lower(), logging.INFO)
    redaction = LogRedaction()
    as_json = os.environ.get("ANTIPHON_LOG_FORMAT", "") == "json"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redaction,
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries that log the ordinary way speak up only when something is wrong.
    logging.basicConfig(stream=sys.stderr, level=max(level, logging.WARNING))
    for handler in logging.getLogger().handlers:
        handler.setFormatter(RedactingFormatter("%(name)s: %(message)s", redaction))
