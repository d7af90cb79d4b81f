"""Parts of the pictures: boxes, lines with an arrowhead, labels, and the figure around them.

Colours come from the page's style sheet, so that a picture follows the scheme that is in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import hypot

__all__ = ["Box", "Point", "arrow", "figure", "label"]

Point = tuple[float, float]
_HEAD = 9.0


@dataclass(frozen=True, slots=True)
class Box:
    """A box whose upper left corner is at ``x`` and ``y``, with a title and lines of small text."""

    x: float
    y: float
    width: float
    height: float
    title: str
    lines: tuple[str, ...] = ()

    def on(self, side: str, share: float = 0.5) -> Point:
        """Return the point on a side that lies ``share`` of the way along it."""
        across, down = self.x + self.width * share, self.y + self.height * share
        return {
            "left": (self.x, down),
            "right": (self.x + self.width, down),
            "top": (across, self.y),
            "bottom": (across, self.y + self.height),
        }[side]

    def svg(self) -> str:
        """Return the box, its text centred."""
        centre = self.x + self.width / 2
        first = self.y + self.height / 2 + 5 - 8 * len(self.lines)
        parts = [
            f'<rect class="box" x="{self.x:g}" y="{self.y:g}" width="{self.width:g}" '
            f'height="{self.height:g}" rx="6"/>',
            label((centre, first), self.title, "middle", "name"),
        ]
        parts += [
            label((centre, first + 16 * number), line, "middle", "small")
            for number, line in enumerate(self.lines, 1)
        ]
        return "".join(parts)


def label(at: Point, text: str, anchor: str = "start", kind: str = "small") -> str:
    """Return one line of text."""
    place = f'x="{at[0]:g}" y="{at[1]:g}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(text)}</text>'


def arrow(points: Iterable[Point], kind: str = "flow", head: bool = True) -> str:
    """Return a line through ``points``, with an arrowhead at the last of them."""
    path = list(points)
    (x, y), (before_x, before_y) = path[-1], path[-2]
    parts = []
    if head:
        length = hypot(x - before_x, y - before_y)
        step_x, step_y = (x - before_x) / length * _HEAD, (y - before_y) / length * _HEAD
        back_x, back_y = x - step_x, y - step_y
        corners = (
            (x, y),
            (back_x - step_y / 2, back_y + step_x / 2),
            (back_x + step_y / 2, back_y - step_x / 2),
        )
        shape = " ".join(f"{a:g},{b:g}" for a, b in corners)
        parts.append(f'<polygon class="head {kind}" points="{shape}"/>')
        path[-1] = (back_x, back_y)
    line = " ".join(f"{a:g},{b:g}" for a, b in path)
    return f'<polyline class="line {kind}" points="{line}"/>' + "".join(parts)


def figure(
    name: str, title: str, description: str, size: tuple[float, float], parts: Iterable[str]
) -> str:
    """Return a figure that scrolls sideways where the page is narrow.

    It has no empty line in it, so that Markdown takes it as one block.
    """
    width, height = size
    return (
        f'<div class="picture" role="region" aria-label="{escape(title)}" tabindex="0">\n'
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">\n'
        f'<title id="{name}-title">{escape(title)}</title>\n'
        f'<desc id="{name}-desc">{escape(description)}</desc>\n' + "\n".join(parts) + "\n</svg>\n"
        "</div>\n"
    )
