"""Presets: TOML files beside this one, each a difference from another.

A preset has a line ``says``, optionally ``base`` (another preset), and the keys of `RunConfig` that
differ from it. Without base they differ from the defaults.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from danskin.errors import InvalidInputError
from danskin.torch.train.config import RunConfig
from danskin.torch.train.reading import parse_toml

__all__ = ["Preset", "list_presets", "load_preset"]


@dataclass(frozen=True)
class Preset:
    """A preset as it is listed.

    Attributes
    ----------
    name, says : str
    base : str
        The preset that it differs from; empty where there is none.
    changes : dict
        Nested, as in its file.
    """

    name: str
    says: str
    base: str
    changes: dict[str, Any]


def list_presets() -> dict[str, Preset]:
    """Return all presets by name, in alphabetical order."""
    return {name: _read(name) for name in _names()}


def load_preset(name: str) -> RunConfig:
    """Return the configuration of a preset, its bases included.

    Raises
    ------
    InvalidInputError
        There is no such preset.
    """
    chain: list[Preset] = []
    at = name
    while at:
        if at in (p.name for p in chain):
            raise InvalidInputError(f"preset {name}", "is its own base", "Mend its file.")
        chain.append(_read(at))
        at = chain[-1].base
    changes: dict[str, Any] = {}
    for preset in reversed(chain):
        changes = _merged(changes, preset.changes)
    return RunConfig.from_dict(changes | {"name": name})


def _names() -> list[str]:
    files = resources.files(__name__).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def _read(name: str) -> Preset:
    names = _names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        remedy = f"Did you mean {near[0]}?" if near else "See: danskin train --list"
        raise InvalidInputError("preset", f"there is no {name!r}", remedy)
    text = resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    data = parse_toml(text, f"preset {name}")
    return Preset(name, data.pop("says"), data.pop("base", ""), data)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) else value
    return merged
