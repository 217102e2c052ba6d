"""The cells of one sample as a tree: how each came from another, and its fate."""

from __future__ import annotations

from typing import Any

import numpy as np

from danskin.errors import InvalidInputError
from danskin.proof.boxes import Cells, Space
from danskin.proof.cover import BELOW, History

__all__ = ["Tree"]

_MAX_CELLS = 400_000


class Tree:
    """The cells of one sample as a tree."""

    def __init__(self, space: Space, history: History, owner: int) -> None:
        self.ahead = 1 if space.grouped else 0
        self.where: dict[int, tuple[Cells, int]] = {}
        for made in history.made:
            mine = np.flatnonzero(space.owner(made) == owner).tolist()
            ids = made.ids.tolist()
            self.where |= {ids[row]: (made, row) for row in mine}
        self.roots = [i for i in history.made[0].ids.tolist() if i in self.where]
        self.fate: dict[int, str] = {}
        self.into: dict[int, tuple[int, ...]] = {}
        for step in history.steps:
            if step[0] == "drop":
                word = "below" if step[2] == BELOW else "first-order"
                self.fate |= {i: word for i in step[1].tolist() if i in self.where}
            else:
                rows = zip(step[1].tolist(), *(s.tolist() for s in step[2:]), strict=True)
                self.into |= {i: tuple(rest) for i, *rest in rows if i in self.where}

    def steps(self, groups: dict[int, int]) -> list[Any]:
        """Return the cells with their fates, from the roots on."""
        out: list[Any] = []
        stack = self.roots[::-1]
        while stack:
            i = stack.pop()
            word = self.fate.get(i)
            if word is None and i in self.into:
                children = self.into[i]
                out.append(self._step(i, children))
                stack += children[::-1]
            elif word in (None, "open"):
                out.append(["open", groups[i]] if i in groups else "open")
            else:
                out.append(word)
            if len(out) > _MAX_CELLS:
                raise InvalidInputError("proof", "it has too many cells", "Shrink the problem.")
        return out

    def _step(self, i: int, children: tuple[int, ...]) -> list[Any]:
        made, row = self.where[i]
        old = [{k: v[row] for k, v in p.items()} for p in made.parts[self.ahead :]]
        made, row = self.where[children[0]]
        new = [{k: v[row] for k, v in p.items()} for p in made.parts[self.ahead :]]
        changes = [
            [n, *how]
            for n, (a, b) in enumerate(zip(old, new, strict=True))
            if (how := _change(a, b, len(children) == 2)) is not None
        ]
        return ["split", *changes[0]] if len(children) == 2 else ["face", *changes]


def _change(old: Any, new: Any, halved: bool) -> list[Any] | None:
    """Say how a cell of a factor became another, in the checker's words; None for no change."""
    if all((old[k] == new[k]).all() for k in old):
        return None
    if "X" in old:
        same = (old["X"] == new["X"]).all(axis=1)
        if not halved:
            return np.flatnonzero(same).tolist()
        # The first half has b replaced by the middle: b is what changed, a the other end.
        b = int(np.flatnonzero(~same)[0])
        other = 2 * new["X"][b] - old["X"][b]
        a = int(np.flatnonzero((old["X"] == other).all(axis=1))[0])
        return [a, b]
    if "sphere" in old:
        return [int(np.flatnonzero(old["hi"] != new["hi"])[0])] if halved else ["sphere"]
    return [0, 1] if halved else [int(new["lo"] == old["hi"])]
