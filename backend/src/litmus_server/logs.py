"""JSON lines on stderr: ours and the libraries' in one format.

It knows how a line looks; it must not know what is worth a line. Nobody hands it secrets, query strings, unit ids or
attributes: what is not in a call's keywords cannot be in its line.
"""

import logging
import logging.config
import sys
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def configure(level: str, *, to: TextIO | None = None) -> None:
    """Send everything at `level` and above to `to` (stderr when absent); calling it again replaces the last call."""
    # Lines of the standard library's loggers (uvicorn, asyncio, alembic) go through the same last steps as ours.
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
    )
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, floor in _QUIET.items():
        logging.getLogger(name).setLevel(max(floor, logging.getLevelName(level)))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


# Their INFO says what our own lines already say.
_QUIET = {
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "websockets": logging.WARNING,
}


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {
        "time": event.pop("time", None),
        "level": event.pop("level", None),
        "event": event.pop("event", None),
    }
    return msgspec.json.encode({**first, **event}, enc_hook=str).decode()
