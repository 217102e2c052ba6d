"""Writing a proof as JSON: the problem, the claim, every cell with its fate, and the exact points.

A proof file is data, made to be checked (`checker`): it says nothing that the checker takes on
trust. Exact numbers are formulas, bounds are hexadecimal floats; numbers that are roots of
polynomials get names. For each sample::

    {"form": "written out",        theta is put in exactly; or "shared", a formula's form as it is
     "written": {"g": ..., "rate": ...},  how g(theta, .) and the rate read then
     "floor": ..., "point": [...],       g is at least this there: a lower bound of the maximum
     "ceiling": ..., "rate": [..., ...], bounds of g and of the rate over the open cells
     "cells": [["split", 0, 0, 1], "below", ["face", [0, 1]], ["open", 0], "first-order"],
     "points": [...], "tops": [...],     maximizers; the highest points of the open cells
     "excess": [..., [0, 0, ...]],       how g(theta, .) less its value at the points reads, with
                                         multiples of what is >= 0 in factors of S added
     "maps": [[-1], ...]}                symmetries that take S* to itself

The cells are listed from the root on, the first part before the second. The start cells follow
from S; a split names a factor and the two corners of the edge that is cut (for a round ball, the
axis), a face the corners that are left of factors. Branches whose cells turned out not to matter
are cut off before they are written. With the claim come weights: of the gradients at the points, in
which they combine to 0, or against gamma.
"""

from __future__ import annotations

from danskin.proof.saving.data import proof_data, step_data
from danskin.proof.saving.write import write_proof, write_step

__all__ = ["proof_data", "step_data", "write_proof", "write_step"]
