"""A proof, or a certified step, as plain data: problem, claim and samples put together.

Covers are refined until what the file holds shows what was proved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from danskin.errors import InvalidInputError
from danskin.expression import substitute
from danskin.proof.checker.reading import FORMAT, VERSION
from danskin.proof.checker.verify import check_data
from danskin.proof.local import simplified
from danskin.proof.sample import Sample
from danskin.proof.saving.claim import claim_of, weights_of
from danskin.proof.saving.facts import MAX_OPEN, Facts
from danskin.proof.saving.problem import problems_data
from danskin.proof.saving.tree import Tree
from danskin.proof.saving.words import Words, hexadecimal
from danskin.proof.segment import divided
from danskin.verdict import Verdict

__all__ = ["proof_data", "step_data"]

#: Where a verdict is exact, its cells are refined until D is known to this.
_WIDTH = 1e-6
_REFINE_SECONDS = 5.0
_STEEPEST_SECONDS = 2.0


def proof_data(proof: Any) -> dict[str, Any]:
    """Return a decided proof as plain data; the package's docstring shows it.

    Raises
    ------
    InvalidInputError
        See `write_proof`.
    """
    if proof.verdict is Verdict.UNDECIDED:
        raise InvalidInputError("proof", "it is undecided", "Only what is decided can be saved.")
    return _data(proof, Words(_samples(proof.evidence[0]), _numbers(proof)))


def step_data(step: Any) -> dict[str, Any]:
    """Return a certified step as plain data: the proof of descent, and a "step".

    That is::

        {
            "length": ...,
            "name": "t",
            "paths": [{"g": ..., "quotient": ...}],
            "slices": [{"end": ..., "samples": [{"bound": ..., "cells": [...]}]}],
        }

    The paths say how ``h(t, .) = g(theta + t gamma, .)`` and ``(h(t, .) - h(0, .))/t`` read,
    written out. The slices follow one another from 0 on; their cells are of steps (factor 0) and
    delta. On each the bounds of ``(phi_i(theta + t gamma) - phi_i(theta))/t`` add up to less than
    0.
    """
    proof = step.descent
    f, states = proof.evidence
    words = Words(_samples(f), _numbers(proof))
    data = _data(proof, words)
    t = words.new("t")
    paths: dict[int, Any] = {}
    for state in states:
        paths |= {i: _path(state, proof, t, words) for i in state.indices}
    slices = []
    for (_, end), sweeps in zip(step.slices, step.evidence, strict=True):
        samples: dict[int, dict[str, Any]] = {}
        for state, sweep in zip(states, sweeps, strict=True):
            for owner, index in enumerate(state.indices):
                cells = Tree(sweep.space, sweep.history, owner).steps({})
                samples[index] = {"bound": hexadecimal(sweep.bounds[owner]), "cells": cells}
        slices.append(
            {"end": hexadecimal(end), "samples": [samples[i] for i in range(len(samples))]}
        )
    return {
        **data,
        "roots": words.roots,
        "step": {
            "length": hexadecimal(step.step),
            "name": t.name,
            "paths": [paths[i] for i in range(len(paths))],
            "slices": slices,
        },
    }


def _path(state: Any, proof: Any, t: Any, words: Words) -> dict[str, Any] | None:
    if state.shared is not None:
        return None
    f = state.f
    triples = zip(f.theta_symbols, proof.theta, proof.direction, strict=True)
    moved = {s: x + c * t for s, x, c in triples}
    own = (t, *f.delta_symbols)
    h = simplified(substitute(f.expression, moved, "theta"), own)
    return {"g": words.formula(h, own), "quotient": words.formula(divided(h, t), own)}


def _samples(f: Any) -> Sequence[Any]:
    return getattr(f, "samples", (f,))


def _numbers(proof: Any) -> list[Any]:
    return [*proof.theta, *(proof.direction or ())]


def _data(proof: Any, words: Words) -> dict[str, Any]:
    f, states = proof.evidence
    samples = _samples(f)
    if proof.direction is None:
        pairs = zip(samples, states, strict=True)
        states = [Sample(s, proof.theta, c.problem, c, (i,)) for i, (s, c) in enumerate(pairs)]
    parts, claim = _settled(proof, states, words)
    direction = None if proof.direction is None else [words.text(c) for c in proof.direction]
    problems: dict[int, Any] = {}
    for state in states:
        problems |= dict(zip(state.indices, problems_data(state, samples, words), strict=True))
    data = {
        "format": FORMAT,
        "version": VERSION,
        "roots": words.roots,
        "problem": {
            "theta": [s.name for s in samples[0].theta_symbols],
            "at": [words.text(x) for x in proof.theta],
            "direction": direction,
            "samples": [problems[i] for i in range(len(problems))],
        },
        "claim": claim,
        "samples": [p.data() for p in parts],
    }
    steepest = claim["weights"] is not None and proof.direction is not None
    if steepest and not check_data(data).verified:
        # That gamma is the steepest direction does not follow from what the file holds.
        claim["weights"] = None
    return data


def _settled(proof: Any, states: Any, words: Words) -> tuple[list[Facts], dict[str, Any]]:
    """Return the samples and what follows from them; covers are refined until the verdict does.

    They were not where exact algebra (`danskin.argmax`) told the proof all maximizers early on:
    a file rests on cells.
    """
    end = time.monotonic() + (_STEEPEST_SECONDS if proof.steepest else _REFINE_SECONDS)
    hull = proof.steepest or proof.direction is None
    while True:
        found: dict[int, Facts] = {}
        for state in states:
            for owner, index in enumerate(state.indices):
                found[index] = Facts(state, owner, hull, words)
        parts = [found[i] for i in range(len(found))]
        claim, width = claim_of(proof, parts, words)
        claim["weights"] = weights_of(parts, words) if hull else None
        if proof.direction is None:
            done, width = claim["weights"] is not None, 0.0
        else:
            done = claim["verdict"] == proof.verdict.value
            # That gamma is the steepest takes the exact rate, over all maximizers.
            whole = all(p.exact is not None and p.exact.complete for p in parts)
            done &= whole or not proof.steepest
        if done and width <= _WIDTH:
            return parts, claim
        late = time.monotonic() > end
        # What decided the proof in the first place needs no more cells.
        wanting = [s for s in states if hull or s.exact is not None]
        open_ended = [s for s in wanting if len(s.cover.cells) < MAX_OPEN]
        moved = [s.cover.refine(np.ones(len(s.cover.cells), bool)) for s in open_ended if not late]
        if any(moved):
            continue
        if proof.direction is not None and claim["verdict"] == proof.verdict.value:
            return parts, claim
        raise InvalidInputError(
            "proof",
            "it rests on maximizers found by exact algebra, and bounds over cells and ties at "
            "points do not show the same",
            "Files hold such bounds and points only; save the proof for another direction.",
        )
