"""Imported once, by the process that workers are forked from: everything is loaded and compiled."""

from __future__ import annotations

from danskin.explorer import proofs, tasks

__all__ = ["proofs", "tasks"]

tasks.warm_up()
