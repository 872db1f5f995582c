"""A long text in pieces: for each match RE2 may look to the end of what it is given, so it is given little at once."""

from __future__ import annotations

from collections.abc import Iterator

from shared.parsing.bytewise import bytewise

LONGEST = 4_096  # bytes of one piece; no indicator is longer, and a search of one takes 6 microseconds
_BREAKS = (b"\n", b" ", b"\t", b'"', b"|", b"'", b",", b";")  # where to cut, the best first: no token goes over one
_NEXT_BREAK = bytewise(r"[\s\"|',;]")


def pieces(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Start and end of each piece, and where the next one starts: later, where LONGEST bytes have nowhere to be cut.

    What lies between the end of such a piece and the next break is left out.
    """
    start = 0
    while len(data) - start > LONGEST:
        end = start + LONGEST
        cut = next((at for mark in _BREAKS if (at := data.rfind(mark, start + LONGEST // 2, end)) > 0), -1)
        if cut > 0:
            end = after = cut
        else:
            found = _NEXT_BREAK.search(data, end)
            after = found.start() if found else len(data)
        yield start, end, after
        start = after
    yield start, len(data), len(data)
