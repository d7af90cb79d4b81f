"""The ladder as a state machine, drawn from its registry.

States stand above each other by rank. What escalates runs on the left, what leads down on the
right. Transitions that share target, cause and approvals share one line, and each line has a lane
of its own where another would cover it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pages.svg import Box, Point, arrow, figure, label

__all__ = ["ladder_picture"]

_HEIGHT, _GAP, _WIDTH, _LANE, _MARGIN = 50, 52, 170, 98, 12
_SIDES = ("left", "right")
_CAUSES = {"evidence": "new evidence", "time": "time", "appeal-upheld": "appeal upheld"}


@dataclass(slots=True)
class _Line:
    """Transitions that are drawn as one line; rows count from the top, lanes from the boxes."""

    cause: str
    words: tuple[str, str]
    target: int
    side: str
    sources: list[int] = field(default_factory=list)
    lane: int = 0

    @property
    def rows(self) -> tuple[int, int]:
        """Return the highest and the lowest row that the line touches."""
        touched = (self.target, *self.sources)
        return min(touched), max(touched)

    @property
    def farthest(self) -> int:
        """Return the source that is farthest from the target."""
        return max(self.sources, key=lambda row: abs(row - self.target))


def ladder_picture(registry: dict[str, Any]) -> str:
    """Return the picture of the ladder, and below it its transitions as a table."""
    states = sorted(registry["states"], key=lambda state: -int(state["rank"]))
    rows = {state["id"]: row for row, state in enumerate(states)}
    titles = {state["id"]: state["title"] for state in states}
    lines = _lines(registry["transitions"], rows)
    lanes = {side: _assign([line for line in lines if line.side == side]) for side in _SIDES}
    left = _MARGIN + lanes["left"] * _LANE
    boxes = [
        Box(left, _MARGIN + row * (_HEIGHT + _GAP), _WIDTH, _HEIGHT, state["title"], _shown(state))
        for row, state in enumerate(states)
    ]
    parts = _strokes(lines, boxes) + [box.svg() for box in boxes]
    size = (
        left + _WIDTH + lanes["right"] * _LANE + _MARGIN,
        boxes[-1].y + _HEIGHT + _MARGIN,
    )
    words = "States from the lowest to the highest: "
    words += f"{', '.join(state['title'] for state in reversed(states))}. "
    words += " ".join(_sentence(entry, titles) for entry in registry["transitions"])
    picture = figure("ladder", "The ladder: states and transitions", words, size, parts)
    return f"{picture}\n{_table(registry['transitions'], titles)}"


def _shown(state: dict[str, Any]) -> tuple[str, ...]:
    return () if state["shown_as"] == state["id"] else (f"shown as {state['shown_as']}",)


def _cause(transition: dict[str, Any]) -> str:
    cause = _CAUSES.get(transition["on"], transition["on"].replace("-", " "))
    return f"{cause} ({transition['after']})" if "after" in transition else cause


def _approvals(transition: dict[str, Any]) -> str:
    count = transition.get("approvals", 0)
    return f"{count} approval{'s' if count > 1 else ''}" if count else "no approval"


def _lines(transitions: Iterable[dict[str, Any]], rows: dict[str, int]) -> list[_Line]:
    lines: dict[tuple[object, ...], _Line] = {}
    for transition in transitions:
        source, target = rows[transition["from"]], rows[transition["to"]]
        words = _cause(transition), _approvals(transition)
        side = "left" if target < source else "right"
        cause = transition["on"] if transition["on"] in _CAUSES else "other"
        line = lines.setdefault((target, words, side), _Line(cause, words, target, side))
        line.sources.append(source)
    return list(lines.values())


def _assign(lines: list[_Line]) -> int:
    """Give each line the innermost lane in which it covers no other, and count the lanes."""
    taken: list[list[tuple[int, int]]] = []
    for line in sorted(lines, key=lambda line: (line.rows[1] - line.rows[0], line.rows)):
        top, bottom = line.rows
        lane = 0
        while lane < len(taken) and any(top < b and a < bottom for a, b in taken[lane]):
            lane += 1
        if lane == len(taken):
            taken.append([])
        taken[lane].append((top, bottom))
        line.lane = lane + 1
    return len(taken)


def _strokes(lines: list[_Line], boxes: list[Box]) -> list[str]:
    parts = []
    ports = _ports(lines, boxes)
    for number, line in enumerate(lines):
        on_left = line.side == "left"
        edge = boxes[0].on(line.side)[0]
        lane = edge - line.lane * _LANE if on_left else edge + line.lane * _LANE
        end = ports[number, line.target]
        for row in line.sources:
            start = ports[number, row]
            turn = (lane, start[1])
            if row == line.farthest:
                parts.append(arrow([start, turn, (lane, end[1]), end], line.cause))
            else:
                parts.append(arrow([start, turn], line.cause, head=False))
        # The gap next to the target is free of everything but lanes.
        gap = boxes[line.target].y + (_HEIGHT + _GAP / 2 if on_left else -_GAP / 2)
        place, anchor = (lane + 7, "start") if on_left else (lane - 7, "end")
        parts.append(label((place, gap - 3), line.words[0], anchor))
        parts.append(label((place, gap + 12), line.words[1], anchor))
    return parts


def _ports(lines: list[_Line], boxes: list[Box]) -> dict[tuple[int, int], Point]:
    """Return where each line, by its number, meets each row.

    Lines that go up leave above those that go down, and inner lanes nearer to the corners, so
    that no line crosses another without need.
    """
    ports = {}
    for row, box in enumerate(boxes):
        for side in _SIDES:
            ends = []
            for number, line in enumerate(lines):
                if line.side == side and row in (line.target, *line.sources):
                    goes_up = (row == line.target) == (side == "right")
                    ends.append(((0, line.lane) if goes_up else (1, -line.lane), number))
            for place, (_, number) in enumerate(sorted(ends), 1):
                ports[number, row] = box.on(side, place / (len(ends) + 1))
    return ports


def _sentence(transition: dict[str, Any], titles: dict[str, str]) -> str:
    source, target = titles[transition["from"]], titles[transition["to"]]
    return f"From {source} to {target}: {_cause(transition)}, {_approvals(transition)}."


def _table(transitions: Iterable[dict[str, Any]], titles: dict[str, str]) -> str:
    lines = [
        '<details markdown="1">',
        "<summary>The same as a table</summary>",
        "",
        "| from | to | cause | needs | transition |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in transitions:
        cells = (
            titles[entry["from"]],
            titles[entry["to"]],
            _cause(entry),
            _approvals(entry),
            f"`{entry['id']}`",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", "</details>", ""])
