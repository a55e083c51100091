"""The picture of name scopes: nested clusters, with boxes in the place of scopes that are too big.

Scopes open from the outside inwards, small ones first, as long as the picture has room.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from graphflow.viz.fold import gradient_scope
from graphflow.viz.model import TIMES
from graphflow.viz.picture import Picture, Vertex

ROOM: Final = 60
"""So many vertices are drawn at most, as far as closing scopes can help."""
_CROWD: Final = 24
"""A scope with more items than this gathers items of one stem (`Add_1`, `Add_2`, ...)."""
_SERIES: Final = 4
_NUMBER: Final = re.compile(r"_?\d+$")


@dataclass(slots=True, eq=False)
class Scope:
    """A name scope, or a series of alike items in one; `title` is its own part of the name."""

    path: tuple[str, ...]
    title: str
    scopes: dict[str, Scope] = field(default_factory=dict)
    vertices: list[Vertex] = field(default_factory=list)
    is_series: bool = False

    @property
    def own(self) -> Vertex | None:
        """The vertex of the scope's own name, such as a variable above its slots."""
        name = "/".join(self.path)
        return next((v for v in self.vertices if v.name == name and not self.is_series), None)

    @property
    def rank(self) -> int:
        """How late it opens: layers first, composite functions, then optimizers and gradients."""
        if gradient_scope("/".join((*self.path, ""))) is not None:
            return 3
        if any(title.startswith("update_") for title in self.scopes):
            return 2
        return int(self.own is not None)

    def all(self) -> list[Vertex]:
        """The vertices in it, at any depth."""
        found, pending = [], [self]
        for scope in pending:
            found += scope.vertices
            pending += scope.scopes.values()
        return found


def nested(picture: Picture) -> Picture:
    """Returns the picture with each vertex in the cluster that its name says."""
    _tree(picture)
    return picture


def collapsed(picture: Picture, room: int = ROOM) -> Picture:
    """Returns a picture of at most about `room` vertices; closed scopes are boxes."""
    root = _tree(picture)
    place: dict[str, str] = {}
    result = Picture()
    for item in _shown(root, room):
        if isinstance(item, Vertex):
            result.vertices[item.name] = item
            place[item.name] = item.name
            continue
        box = _box(item)
        result.vertices[box.name] = box
        place.update((vertex.name, box.name) for vertex in item.all())
    for link in picture.links.values():
        source, target = place[link.source], place[link.target]
        for tensor, shape in link.tensors.items():
            result.link(source, target, link.kind, tensor, shape)
    return result


def _tree(picture: Picture) -> Scope:
    scopes = {p for name in picture.vertices for p in _outer(name)}
    root = Scope((), "")
    for name, vertex in picture.vertices.items():
        # `Adam` beside `Adam/update_w`: the operation lies in the scope of its name.
        path = name.split("/") if name in scopes else name.split("/")[:-1]
        scope = root
        for i, part in enumerate(path):
            if part not in scope.scopes:
                scope.scopes[part] = Scope(tuple(path[: i + 1]), part)
            scope = scope.scopes[part]
        vertex.scope = scope.path
        vertex.label = name.rpartition("/")[2] or name
        scope.vertices.append(vertex)
    return root


def _outer(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]


def _shown(root: Scope, room: int) -> list[Vertex | Scope]:
    shown: dict[int, Vertex | Scope] = {id(x): x for x in _items(root, room)}
    closed: list[tuple[int, int, int, int, Scope]] = []
    serial = 0

    def offer(items: list[Vertex | Scope]) -> None:
        nonlocal serial
        for item in items:
            if isinstance(item, Scope) and _opens(item):
                size = len(item.scopes) + len(item.vertices)
                serial += 1
                heapq.heappush(closed, (item.rank, len(item.path), size, serial, item))

    offer(list(shown.values()))
    while closed:
        *_, scope = heapq.heappop(closed)
        items = _items(scope, room - len(shown) + 1)
        if len(shown) + len(items) - 1 <= room:
            del shown[id(scope)]
            shown.update((id(x), x) for x in items)
            offer(items)
    return list(shown.values())


def _opens(scope: Scope) -> bool:
    """False for a series, and for a variable with its slots: they stay one vertex."""
    own = scope.own
    return not scope.is_series and (own is None or own.kind != "variable")


def _items(scope: Scope, room: int) -> list[Vertex | Scope]:
    """What a scope shows when it opens: its vertices and inner scopes, crowds gathered."""
    items: list[Vertex | Scope] = [*scope.vertices, *scope.scopes.values()]
    if len(items) <= min(_CROWD, room):
        return items
    items = _gathered(scope, items, by_type=False)
    return items if len(items) <= room else _gathered(scope, items, by_type=True)


def _gathered(scope: Scope, items: list[Vertex | Scope], by_type: bool) -> list[Vertex | Scope]:
    groups: dict[tuple[str, str], list[Vertex | Scope]] = {}
    for item in items:
        groups.setdefault(_alike(item, by_type), []).append(item)
    found: list[Vertex | Scope] = []
    for (_, title), group in groups.items():
        if len(group) < _SERIES:
            found += group
        else:
            found.append(_series(scope, title, group))
    return found


def _alike(item: Vertex | Scope, by_type: bool) -> tuple[str, str]:
    if isinstance(item, Scope):
        return ("scope", "scopes" if by_type else _NUMBER.sub("", item.title))
    op = item.members[0].op
    return (op, op if by_type else _NUMBER.sub("", item.label))


def _series(scope: Scope, title: str, group: list[Vertex | Scope]) -> Scope:
    made = Scope(scope.path, f"{title} {TIMES}{len(group)}", is_series=True)
    for i, item in enumerate(group):
        if isinstance(item, Vertex):
            made.vertices.append(item)
        else:
            made.scopes[str(i)] = item
    return made


def _box(scope: Scope) -> Vertex:
    vertices = scope.all()
    members = [node for vertex in vertices for node in vertex.members]
    note = f"{len(members)} nodes" if len(members) > 1 else "1 node"
    outer = scope.path if scope.is_series else scope.path[:-1]
    # The slash tells the box from a node of the same name.
    name = "/".join((*outer, scope.title)) + "/"
    if scope.is_series:
        kinds = Counter(vertex.kind for vertex in vertices)
        kind = next(iter(kinds)) if len(kinds) == 1 and not scope.scopes else "scope"
        return Vertex(name, scope.title, kind, note, outer, members)
    if scope.own is not None and scope.own.kind == "variable":
        return Vertex(name, scope.title, "variable", scope.own.note, outer, members)
    return Vertex(name, scope.title, "scope", note, outer, members)
