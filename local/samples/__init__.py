"""Sample alerts in Sentinel's shapes, and what the sample company knows beforehand; README.md says what to expect."""

from pathlib import Path

SAMPLES = Path(__file__).parent
