"""Serves the local vector store on 127.0.0.1 until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path

import uvicorn

from local.vectors.app import build_app


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="python -m local.vectors", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="folder of the engine's files")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # uvicorn raises the signal again after its own clean end; by default that would report a death by SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(build_app(options.data), host="127.0.0.1", port=options.port, log_level="warning", log_config=None)


if __name__ == "__main__":
    main()
