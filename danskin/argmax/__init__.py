"""Global maximisation of one function of delta over a compact set.

`maximize` tries the classes where the whole argmax set can be proved (`structure`, which takes the
set apart into blocks and hands each to `linear`, `univariate`, `entropy` or `faces`) and falls back
to a search (`numeric`) whose result says ``complete=False``.
"""

from __future__ import annotations

from danskin.argmax.ascent import differences, projected_ascent
from danskin.argmax.maximize import maximize
from danskin.argmax.numeric import numeric_argmax
from danskin.argmax.result import ArgMax

__all__ = ["ArgMax", "differences", "maximize", "numeric_argmax", "projected_ascent"]
