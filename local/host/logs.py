"""The log of the host's processes: one line an event on standard error."""

from __future__ import annotations

import logging
import sys

# Libraries that report in their own words what the host logs once and plainly, or that log every request.
QUIET = {
    "aiokafka": logging.CRITICAL,
    "azure.eventhub": logging.CRITICAL,
    "azure.functions": logging.CRITICAL,
    "azure": logging.WARNING,
    "uvicorn": logging.WARNING,
    "httpx": logging.WARNING,
    "httpx2": logging.WARNING,
}


def configure_logs() -> None:
    """Log from INFO on, and the libraries above less."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
