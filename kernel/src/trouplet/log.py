"""The logger, structlog on first use; nothing is configured and nothing printed that the host did not ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def logger(name: str = "trouplet") -> FilteringBoundLogger:
    """Return a structlog logger over the standard library's logger ``name``: the host's handlers and levels decide."""
    import logging

    import structlog

    made: FilteringBoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.stdlib.render_to_log_kwargs,
        ],
    )
    return made
