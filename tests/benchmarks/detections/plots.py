"""Two kinds of picture as SVG, without a library: bars in groups, and a matrix of shaded squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

FONT = 'font-family="sans-serif" font-size="12" fill="#1f2933"'
COLOURS = ("#c2410c", "#0369a1")
LEFT, TOP, BAR, GAP = 210, 52, 11, 9  # pixels
WIDE, CELL = 420, 46
DARK_FROM = 0.5  # of the largest value: text is white on it


def bars(title: str, rows: Sequence[tuple[str, Sequence[float]]], names: Sequence[str], *, most: float) -> str:
    """A group a row, a bar for each of ``names``; values from 0 to ``most``, longer ones are cut and say so."""
    height = TOP + len(rows) * (len(names) * BAR + GAP) + 10
    parts = [_text(LEFT, 18, title, weight="bold")]
    for place, name in enumerate(names):
        parts += [_rect(LEFT + place * 150, 28, 10, 10, COLOURS[place]), _text(LEFT + 15 + place * 150, 37, name)]
    y = TOP
    for label, values in rows:
        parts.append(_text(LEFT - 8, y + len(names) * BAR / 2 + 4, label, anchor="end"))
        for place, value in enumerate(values):
            width = WIDE * min(value, most) / most
            parts.append(_rect(LEFT, y + place * BAR, max(width, 1), BAR - 2, COLOURS[place]))
            shown = f"{value:.2f}" + (" →" if value > most else "")
            parts.append(_text(LEFT + width + 4, y + place * BAR + 9, shown, size=10))
        y += len(names) * BAR + GAP
    return _svg(LEFT + WIDE + 70, height, parts)


def matrix(title: str, names: Sequence[str], cells: Mapping[tuple[str, str], float]) -> str:
    """A square for each (row, column) with its value; the darker, the larger. Squares without a value are empty."""
    most = max(cells.values(), default=0) or 1
    parts = [_text(LEFT, 18, title, weight="bold")]
    for column, name in enumerate(names):
        parts.append(_text(LEFT + column * CELL + CELL / 2, TOP - 6, name[-3:], anchor="middle"))
    for row, name in enumerate(names):
        y = TOP + row * CELL
        parts.append(_text(LEFT - 8, y + CELL / 2 + 4, name, anchor="end"))
        for column, other in enumerate(names):
            value = cells.get((name, other))
            shade = f"rgba(3,105,161,{value / most:.2f})" if value else "#f1f5f9"
            parts.append(_rect(LEFT + column * CELL, y, CELL - 2, CELL - 2, shade))
            if value is not None:
                colour = "#ffffff" if value / most > DARK_FROM else "#1f2933"
                parts.append(
                    _text(
                        LEFT + column * CELL + CELL / 2 - 1,
                        y + CELL / 2 + 4,
                        f"{value:g}",
                        anchor="middle",
                        colour=colour,
                    )
                )
    return _svg(LEFT + len(names) * CELL + 20, TOP + len(names) * CELL + 10, parts)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">\n'
        f"{_rect(0, 0, width, height, '#ffffff')}\n{body}\n</svg>\n"
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, **style: str | float) -> str:
    font = FONT.replace('"12"', f'"{style["size"]}"') if "size" in style else FONT
    font = font.replace("#1f2933", str(style["colour"])) if "colour" in style else font
    more = "".join(
        f' {name}="{style[key]}"'
        for key, name in (("anchor", "text-anchor"), ("weight", "font-weight"))
        if key in style
    )
    return f'<text x="{x:g}" y="{y:.1f}" {font}{more}>{escape(text)}</text>'
