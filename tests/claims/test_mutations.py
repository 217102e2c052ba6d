"""Mutating the objective, or the statement, breaks the proof: a test for every claim.

A mutated claim may come out refuted (with an exact witness) or undecided, never as expected; and
where the mutated statement is simply false about its objective, it is refuted.
"""

from functools import cache

import pytest

from danskin.claims import all_claims
from danskin.counterexamples import sample_vectors
from danskin.objective import MinMaxObjective
from danskin.sets import Interval, Simplex
from danskin.verdict import Verdict

CLAIMS = {c.id: c for c in all_claims()}


def line(g, lo=-1, hi=1):
    return MinMaxObjective.from_expression(g, ["t"], ["d"], Interval(lo, hi))


def pair(g="d*a + (1-d)*b + d*(d-1)", lo=0, hi=1):
    return MinMaxObjective.from_expression(g, ["a", "b"], ["d"], Interval(lo, hi))


def plane(g="d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-1)**2)", lo=0, hi=1):
    return MinMaxObjective.from_expression(g, ["t1", "t2"], ["d"], Interval(lo, hi))


def one(g, lo=-1, hi=1):
    return MinMaxObjective.from_expression(g, ["a"], ["d"], Interval(lo, hi))


def simplex(term):
    """Appendix A's formula with another term per coordinate; {i} is its number."""

    def formula(count):
        numbers = range(1, count + 1)
        return MinMaxObjective.from_expression(
            " + ".join(term.format(i=i) for i in numbers),
            [f"a{i}" for i in numbers],
            [f"d{i}" for i in numbers],
            Simplex(count),
        )

    return formula


def triple(term):
    return simplex(term)(3)


def shifted_vectors(s):
    (a, b), second = sample_vectors(s)
    return (a, (b[0] + 1, b[1])), second


def swapped_vectors(s):
    first, _ = sample_vectors(s)
    return first, first


def tied(g):
    """An objective made from the values p and q at the ends."""

    def make(p, q):
        return MinMaxObjective.from_expression(
            g.format(p=p, q=q), ["t1", "t2"], ["d"], Interval(0, 1)
        )

    return make


def other_label():
    """The network's loss with the other label: the other perturbation is the maximizer."""
    f = CLAIMS["negative-inner-product-as-printed"].objects["network"]
    (loss,) = f.expression.atoms(type(f.expression))
    flipped = loss.func(-loss.args[0])
    theta, delta = ([s.name for s in x] for x in (f.theta_symbols, f.delta_symbols))
    return MinMaxObjective.from_expression(flipped, theta, delta, f.domain)


PAIR_SIGN = pair("d*a - (1-d)*b + d*(d-1)")
PAIR_CONCAVE = pair("d*a + (1-d)*b + d*(1-d)")
PAIR_FACTOR = pair("2*d*a + (1-d)*b + d*(d-1)")
PAIR_TILTED = pair("d*a + (1-d)*b + d*(d-2)")
PAIR_LONGER = pair(hi=2)
PAIR_FLAT = pair("d*a + (1-d)*b")  # the whole of [0, 1] maximizes, with the same hull
PAIR_ONE = pair("d*a - d*b + d*(d-1)")
PAIR_SHORTER = pair(hi="1/2")

OBJECTS = [
    ("corollary-c2", {"absolute_value": line("t*d + 3*t")}),
    ("corollary-c2", {"absolute_value": line("t*d", 0, 1)}),
    ("corollary-c2", {"absolute_value": line("0*t")}),
    ("corollary-c2", {"obtuse_pair": pair("0*a")}),
    ("corollary-c2", {"obtuse_pair": PAIR_CONCAVE}),
    ("corollary-c2", {"obtuse_pair": PAIR_TILTED}),
    ("corollary-c2", {"obtuse_pair": PAIR_SHORTER}),
    ("corollary-c2", {"obtuse_pair": PAIR_SIGN}),
    ("corollary-c2-corrected", {"single": one("a*d")}),
    ("corollary-c2-corrected", {"single": one("2*a - d**2")}),
    ("corollary-c2-corrected", {"single": one("a + d**2")}),
    ("corollary-c2-corrected", {"infinite": one("a*d", 0, 1)}),
    ("corollary-c2-corrected", {"infinite": one("-a", 0, 1)}),
    ("counterexample-1", {"absolute_value": line("2*t*d")}),
    ("counterexample-1", {"absolute_value": line("t*d", 0, 1)}),
    ("counterexample-1", {"absolute_value": line("t*d - d**2")}),
    ("counterexample-1", {"absolute_value": line("t*d + t")}),
    ("definition-1", {"absolute value": line("2*t*d")}),
    ("definition-1", {"absolute value": line("t")}),
    ("definition-1", {"Orabona": plane("2*t1*d + t2")}),
    ("definition-1", {"Orabona": plane(hi=2)}),
    ("lemma-1", {"absolute_value": line("2*t*d")}),
    ("lemma-1", {"absolute_value": line("t*d", 0, 1)}),
    ("corollary-c2-not-a-minimizer", {"obtuse_pair": PAIR_CONCAVE}),
    ("corollary-c2-not-a-minimizer", {"obtuse_pair": PAIR_SIGN}),
    ("corollary-c2-not-a-minimizer", {"obtuse_pair": PAIR_SHORTER}),
    ("counterexample-2-maximizers", {"obtuse_pair": PAIR_SIGN}),
    ("counterexample-2-maximizers", {"obtuse_pair": PAIR_CONCAVE}),
    ("counterexample-2-maximizers", {"obtuse_pair": PAIR_FACTOR}),
    ("counterexample-2-maximizers", {"obtuse_pair": PAIR_TILTED}),
    ("counterexample-2-maximizers", {"obtuse_pair": PAIR_LONGER}),
    ("counterexample-2-maximizers", {"obtuse_pair": pair("d*a + (1-d)*b + 2*d*(d-1)")}),
    ("counterexample-2-maximizers", {"obtuse_pair": pair("d*a + (1-d)*b")}),
    ("counterexample-2-ascent", {"obtuse_pair": PAIR_SIGN}),
    ("counterexample-2-ascent", {"obtuse_pair": PAIR_FLAT}),
    ("counterexample-2-descent", {"obtuse_pair": PAIR_FLAT}),
    ("counterexample-2-steepest", {"obtuse_pair": PAIR_FLAT}),
    ("coupled-batch", {"formula": PAIR_FLAT}),
    ("learning-rate-off-the-kinks", {"obtuse pair": PAIR_ONE}),
    ("learning-rate-off-the-kinks", {"simplex family": triple("(d{i} + 1)*a{i} + xlogx(d{i})")}),
    ("counterexample-2-ascent", {"obtuse_pair": PAIR_CONCAVE}),
    ("counterexample-2-ascent", {"obtuse_pair": PAIR_FACTOR}),
    ("counterexample-2-ascent", {"obtuse_pair": PAIR_SHORTER}),
    ("counterexample-2-descent", {"obtuse_pair": PAIR_SIGN}),
    ("counterexample-2-descent", {"obtuse_pair": PAIR_CONCAVE}),
    ("counterexample-2-descent", {"obtuse_pair": PAIR_FACTOR}),
    ("counterexample-2-descent", {"obtuse_pair": PAIR_LONGER}),
    ("counterexample-2-steepest", {"obtuse_pair": PAIR_SIGN}),
    ("counterexample-2-steepest", {"obtuse_pair": PAIR_FACTOR}),
    ("counterexample-2-steepest", {"obtuse_pair": PAIR_SHORTER}),
    ("counterexample-2-members", {"obtuse_pair": PAIR_SIGN}),
    ("counterexample-2-members", {"obtuse_pair": PAIR_FACTOR}),
    ("theorem-2", {"obtuse pair": PAIR_FACTOR}),
    ("theorem-2", {"obtuse pair": PAIR_CONCAVE}),
    ("theorem-2", {"lifted triple": triple("d{i}*a{i} - xlogx(d{i})")}),
    ("theorem-2", {"flat triple": triple("d{i}*a{i}**2 + d{i}*a{i}*{i} + xlogx(d{i})")}),
    ("theorem-2", {"Orabona": plane("d*(t1**2 + (t2+1)**2) + (1-d)*(t1**2 + (t2-2)**2)")}),
    ("theorem-2-instances", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("theorem-2-instances", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("theorem-2-scope", {"cubic": line("t**2 - d**2")}),
    ("theorem-2-scope", {"cubic": line("t - d**2")}),
    ("theorem-2-scope", {"cubic": line("-t**3 - d**2")}),
    ("theorem-2-scope", {"cubic": line("t**3 + t*d - d**2", 1, 2)}),
    ("theorem-3", {"orabona": plane(lo=0, hi=2)}),
    ("theorem-3", {"orabona": plane(hi="1/2")}),  # the net leaves S
    ("theorem-3", {"orabona": plane("d*(t1**2 + (t2+2)**2) + (1-d)*(t1**2 + (t2-1)**2)")}),
    ("theorem-3", {"orabona": plane("d*(t1**2 + 2*t2) + (1-d)*(t1**2 - 4*t2)")}),
    ("theorem-3", {"orabona": plane("d*(t1**2/8 + (t2+1)**2) + (1-d)*(t1**2/8 + (t2-1)**2)")}),
    ("theorem-3-strict", {"half_line": line("t*d", "-1", "-1/4")}),
    ("theorem-3-strict", {"half_line": line("2*t*d", -1, 0)}),
    ("theorem-3-strict", {"half_line": line("t*d - t/4", -1, 0)}),
    ("orabona-maximizers", {"orabona": plane(hi=2)}),
    ("orabona-maximizers", {"orabona": plane("d*(t1**2+(t2+1)**2) + (1-d)*(t1**2+(t2+1)**2)")}),
    ("orabona-maximizers", {"orabona": plane("d*(t1**2+(t2+2)**2) + (1-d)*(t1**2+(t2-2)**2)")}),
    ("orabona-maximizers", {"orabona": plane("d*(2*t1**2+(t2+1)**2)+(1-d)*(t1**2+(t2-1)**2)")}),
    ("orabona-maximizers", {"orabona": plane("d*4*t2 + t1**2 + (t2-1)**2 - d*(1-d)")}),
    ("orabona-ascent", {"orabona": plane("d*(t1**2+(t2+2)**2) + (1-d)*(t1**2+(t2-2)**2)")}),
    ("orabona-ascent", {"orabona": plane(hi=2)}),
    ("orabona-ascent", {"orabona": plane("-d*(t1**2+(t2+1)**2) - (1-d)*(t1**2+(t2-1)**2)")}),
    ("orabona-ascent", {"orabona": plane("d*4*t2 + t1**2 + (t2-1)**2 - d*(1-d)")}),
    ("orabona-boundary", {"orabona": plane(hi=2)}),
    ("orabona-boundary", {"orabona": plane("d*(t1**2+2*(t2+1)**2)+2*(1-d)*(t2-1)**2")}),
    ("orabona-steepest", {"orabona": plane(hi=2)}),
    ("orabona-whole-steps", {"orabona": plane(hi=2)}),
    ("orabona-whole-steps", {"orabona": plane("d*(t1**2 + 2*t2) + (1-d)*(t1**2 - 2*t2)")}),
    ("orabona-whole-steps", {"orabona": plane("d*(t1**2+(t2+1)**2)+(1-d)*(t1**2-(t2-1)**2)")}),
    ("orabona-steepest", {"orabona": plane("d*(2*t1**2+(t2+1)**2)+(1-d)*(2*t1**2+(t2-1)**2)")}),
    ("appendix-a-maximizers", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-maximizers", {"formula": simplex("d{i}*a{i} + 2*xlogx(d{i})")}),
    ("appendix-a-maximizers", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("appendix-a-maximizers", {"formula": simplex("d{i}*a{i}")}),
    ("appendix-a-maximizers", {"formula": simplex("d{i}*a{i} + {i}*d{i} + xlogx(d{i})")}),
    ("appendix-a-no-single-gradient", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-no-single-gradient", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("appendix-a-no-single-gradient", {"formula": simplex("d{i}*a{i} + {i}*d{i} + xlogx(d{i})")}),
    ("appendix-a-descent-as-printed", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-descent-as-printed", {"formula": simplex("d{i}*a{i}*{i} + xlogx(d{i})")}),
    ("appendix-a-triple", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-triple", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("appendix-a-descent-corrected", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-descent-corrected", {"formula": simplex("{i}*d{i}*a{i} + xlogx(d{i})")}),
    ("coupled-batch", {"formula": PAIR_SIGN}),
    ("coupled-batch", {"formula": PAIR_CONCAVE}),
    ("coupled-batch", {"formula": PAIR_FACTOR}),
    ("coupled-batch", {"vectors": shifted_vectors}),
    ("coupled-batch", {"vectors": swapped_vectors}),
    ("coupled-batch-product", {"formula": PAIR_SIGN}),
    ("coupled-batch-product", {"formula": PAIR_FACTOR}),
    ("coupled-batch-product", {"vectors": shifted_vectors}),
    ("coupled-batch-product", {"vectors": swapped_vectors}),
    ("price-of-one-adversary", {"obtuse pair": PAIR_CONCAVE}),
    ("price-of-one-adversary", {"obtuse pair": PAIR_FACTOR}),
    ("price-attained", {"obtuse_pair": PAIR_SIGN}),
    ("price-attained", {"obtuse_pair": PAIR_CONCAVE}),
    ("price-attained", {"obtuse_pair": PAIR_FACTOR}),
    ("learning-rate-as-printed", {"obtuse_pair": PAIR_CONCAVE}),
    ("learning-rate-as-printed", {"obtuse_pair": pair("0*a")}),
    ("learning-rate-as-printed", {"obtuse_pair": pair("-3*d*a + (1-d)*b + 9*d*(d-1)")}),
    ("learning-rate-corrected", {"obtuse_pair": PAIR_FACTOR}),
    ("learning-rate-corrected", {"obtuse_pair": PAIR_SIGN}),
    ("learning-rate-corrected", {"obtuse_pair": PAIR_CONCAVE}),
    ("improves-all-elements-as-printed", {"flat_triple": triple("{i}*d{i}*a{i} + xlogx(d{i})")}),
    ("improves-all-elements-as-printed", {"curve": line("t - d**2")}),
    ("improves-all-elements-as-printed", {"curve": line("-t**2 - d**2")}),
    ("improves-all-elements-corrected", {"obtuse pair": pair("d*a - (1-d)*5/3*a+d*(d-1)")}),
    ("improves-all-elements-corrected", {"three vectors": triple("0*d{i}*a{i} + xlogx(d{i})")}),
    ("algorithm-1-batch-as-printed", {"formula": PAIR_SIGN}),
    ("algorithm-1-batch-as-printed", {"formula": PAIR_SHORTER}),
    ("algorithm-1-batch-as-printed", {"vectors": swapped_vectors}),
    ("step-size-as-printed", {"formula": PAIR_FACTOR}),
    ("step-size-as-printed", {"formula": PAIR_SIGN}),
    ("step-size-corrected", {"formula": PAIR_FACTOR}),
    ("step-size-corrected", {"formula": PAIR_TILTED}),
    ("theorem-2-scope-corrected", {"cubic": line("t**3 + t - d**2")}),
    ("theorem-2-scope-corrected", {"obtuse pair": pair("d*a - (1-d)*5/3*a + d*(d-1)")}),
    ("theorem-2-scope-corrected", {"flat triple": triple("{i}*{i}*d{i}*a1 + xlogx(d{i})")}),
    ("appendix-c-16", {"formula": PAIR_CONCAVE}),
    ("appendix-c-16", {"formula": pair("d*(a - a) + d*(d-1)")}),
    ("appendix-c-17-as-printed", {"formula": pair("d*(a - a) + d*(d-1)")}),
    ("appendix-c-17-corrected", {"formula": triple("d{i}*a{i}")}),
    ("appendix-c-17-corrected", {"formula": triple("2*d{i} + d{i}*d{i}*a{i}")}),
    ("appendix-c-18", {"obtuse pair": pair("d*d*a - d*(d-1)")}),
    ("appendix-c-18", {"flat triple": simplex("d{i}*a{i} + xlogx(d{i})")(4)}),
    ("appendix-c-19", {"formula": PAIR_FACTOR}),
    ("appendix-c-19", {"flat": triple("{i}*d{i}*a{i} + d{i}*a1 + xlogx(d{i})")}),
    ("theorem-1-hypotheses", {"absolute value": line("exp(t)*d")}),
    ("theorem-1-hypotheses", {"obtuse pair": PAIR_FACTOR}),
    ("theorem-1-hypotheses", {"obtuse pair": PAIR_LONGER}),
    ("theorem-1-hypotheses", {"simplex family": triple("d{i}*a{i} + 2*xlogx(d{i})")}),
    ("theorem-1-hypotheses", {"Orabona": plane("d*sin(t1) + (1-d)*t2")}),
    ("theorem-1-random", {"tied": tied("d*({p}) + (1-d)*({q}) - d*(d-1)")}),
    ("theorem-1-random", {"tied": tied("d*({p}) + (1-d)*({q}) + d*(d-1) + d/2")}),
    ("theorem-1-random", {"tied": tied("d*({p}) + (1-d)*({q})")}),
    ("eq-8-normalisation", {"orabona": plane("d*(t1/4+t2/4) + (1-d)*(t1/4-t2/4)")}),
    ("eq-8-normalisation", {"orabona": plane(hi="1/2")}),
    ("finite-maximizers-as-printed", {"orabona": plane("d*4*t2 + t1**2 + (t2-1)**2 - d*(1-d)")}),
    ("finite-maximizers-as-printed", {"orabona": plane("d*(t1**2 + (t2+2)**2)")}),
    ("negative-inner-product-as-printed", {"one_maximizer": pair()}),
    ("negative-inner-product-as-printed", {"network": other_label()}),
    ("negative-inner-product-as-printed", {"one_maximizer": PAIR_SIGN}),
    ("negative-inner-product-corrected", {"obtuse_pair": PAIR_SIGN}),
    ("negative-inner-product-corrected", {"obtuse_pair": pair("d*a+(1-d)*b+d*(d-1)-d/2")}),
    ("theorem-3-sharper", {"orabona": plane(hi=2)}),
    ("theorem-3-sharper", {"cubic": line("t*(1 + 2*d**3) - d**2", -2, 2)}),
    ("theorem-3-sharper", {"cubic": line("t*(1 + d**3) - (d-1)**2", -2, 2)}),
    ("appendix-a-observation", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("appendix-a-observation", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-maximizers-slip", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("appendix-a-maximizers-slip", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("appendix-b-unique-batches", {"formula": PAIR_SHORTER}),
    ("appendix-b-unique-batches", {"vectors": shifted_vectors}),
    ("appendix-b-counting", {"formula": PAIR_CONCAVE}),
    ("appendix-b-counting", {"vectors": shifted_vectors}),
    (
        "overhead-of-line-7",
        {"passes": lambda m, steps: {"attacks": 1, "gradients": 2, "line 7": 9}},
    ),
    ("artefact-18-sign", {"formula": PAIR_FACTOR}),
    ("artefact-18-sign", {"formula": pair("d*a - d*a + d*(d-1)")}),
    ("artefact-22-sign", {"smooth": line("t*d")}),
    ("artefact-22-sign", {"smooth": line("t**2 - d**2")}),
    ("artefact-line-8-sign", {"formula": PAIR_FACTOR}),
    ("artefact-line-8-sign", {"formula": PAIR_CONCAVE}),
    ("artefact-theorem-3-epsilon", {"half_line": line("t*d", -2, -1)}),
    ("artefact-theorem-3-epsilon", {"half_line": line("2*t*d", -2, "1/2")}),
    ("artefact-appendix-a-transpose", {"formula": triple("d{i}*a{i} + xlogx(d{i})")}),
    ("product-formula", {"formula": PAIR_CONCAVE}),
    ("product-formula", {"vectors": shifted_vectors}),
    ("coupled-batch-probability", {"formula": PAIR_SIGN}),
    ("coupled-batch-probability", {"vectors": swapped_vectors}),
    ("price-sharp-for-all-sizes", {"formula": simplex("2*d{i}*a{i} + xlogx(d{i})")}),
    ("price-sharp-for-all-sizes", {"formula": simplex("d{i}*a{i} - xlogx(d{i})")}),
    ("step-aware-limits", {"plateau": line("d*(1 - 3*t) - (1-d)*t", 0, 1)}),
    ("step-aware-limits", {"plateau": line("d*(2 - 2*t) - (1-d)*t", 0, 1)}),
    ("step-aware-stationary", {"absolute_value": line("t*d + t")}),
    ("step-aware-stationary", {"absolute_value": line("t*d + d")}),
    ("trust-region-many-steps", {"plateau": line("d*(1 - 2*t) - (1-d)*t/2", 0, 1)}),
    ("trust-region-many-steps", {"plateau": line("d*(2 - 2*t) - (1-d)*t", 0, 1)}),
    ("trust-region-no-step", {"absolute_value": line("2*t*d")}),
    ("trust-region-no-step", {"absolute_value": line("t*d + 2*t")}),
    ("trust-region-step-exists", {"plateau": line("d*(1 - 2*t) + (1-d)*t", 0, 1)}),
    ("trust-region-step-exists", {"plateau": line("d*(3 - 2*t) - (1-d)*t", 0, 1)}),
    ("single-maximizer-trivial", {"formula": PAIR_FACTOR}),
    ("single-maximizer-trivial", {"formula": pair("0*a")}),
    ("algorithm-1-lines", {"formula": PAIR_SIGN}),
    ("algorithm-1-lines", {"vectors": shifted_vectors}),
    ("algorithm-1-step-indices", {"loop": lambda T: range(1, T + 1)}),
    ("algorithm-1-line-4", {"vectors": swapped_vectors}),
    ("algorithm-1-line-4", {"formula": PAIR_SIGN}),
    ("simplex-dimension", {"vertices": lambda m: CORNERS(m + 1)}),
    ("simplex-dimension", {"vertices": lambda m: [(0,) * m, *CORNERS(m)]}),
    ("theorem-1", {"absolute value": line("2*t*d")}),
    ("theorem-1", {"absolute value": line("t*d - d**2")}),
    ("theorem-1", {"obtuse pair": PAIR_SIGN}),
    ("theorem-1", {"simplex family": triple("d{i}*a{i} - xlogx(d{i})")}),
    ("theorem-1", {"Orabona": plane(hi=2)}),
    ("theorem-1-random", {"moving": lambda a, b, c: line("t*d - (d**2 - 1)**2 + d", -2, 2)}),
    ("theorem-1-random", {"moving": lambda a, b, c: line(f"t*({a}) - (d**2 - 1)**2", -2, 2)}),
    ("madry-proof-as-printed", {"absolute value": line("t*d + 2*t")}),
    ("madry-proof-as-printed", {"obtuse pair": PAIR_TILTED}),
    ("madry-proof-two-sided", {"orabona": plane(hi=2)}),
    ("madry-proof-two-sided", {"orabona": plane("d*(t1**2+(t2+2)**2) + (1-d)*(t1**2+(t2-2)**2)")}),
    ("learning-rate-off-the-kinks", {"absolute value": line("t*d", 0, 1)}),
    ("learning-rate-off-the-kinks", {"absolute value": line("t*d - d**2")}),
    ("learning-rate-off-the-kinks", {"obtuse pair": PAIR_FACTOR}),
    ("learning-rate-off-the-kinks", {"obtuse pair": pair("d*a + (1-d)*a + d*(d-1)")}),
    ("learning-rate-off-the-kinks", {"simplex family": triple("{i}*d{i}*a{i} + xlogx(d{i})")}),
    ("learning-rate-off-the-kinks", {"Orabona": plane("d*t2**2 + (1-d)*t2**2")}),
    ("learning-rate-off-the-kinks", {"batch, sample 1": PAIR_CONCAVE}),
    ("price-semidefinite", {"obtuse_pair": PAIR_FACTOR}),
    ("price-semidefinite", {"obtuse_pair": PAIR_SIGN}),
    ("price-semidefinite", {"three unit vectors": triple("{i}*d{i}*a{i} + xlogx(d{i})")}),
    ("min-norm-certificate", {"obtuse pair": PAIR_FACTOR}),
    ("min-norm-certificate", {"three vectors": triple("d{i}*a{i} - xlogx(d{i})")}),
    ("step-aware-optimal", {"plateau": line("d*(1 - 3*t) - (1-d)*t", 0, 1)}),
    ("step-aware-from-some-step-on", {"absolute_value": line("2*t*d")}),
    ("step-aware-from-some-step-on", {"absolute_value": line("t*d", 0, 1)}),
    ("trust-region-steps", {"plateau": line("d*(2 - 2*t) - (1-d)*t", 0, 1)}),
]


def at_zero(**changes):
    case = {"theta": ("0",), "direction": ("2",), "D": "1", "two-sided": "refuted"}
    return {"|theta|": {"objective": "absolute value", **case, **changes}}


#: Fewer random instances, where a mutation shows on few.
SMALL = {
    "theorem-2-instances": {"objectives": 6, "gradient sets": 12},
    "theorem-1-random": {"objectives": 4, "moving": 2},
}
ROOT3 = "sqrt(3)/2"
FLAT = (("1", "0"), ("-1/2", ROOT3), ("-1/2", f"-{ROOT3}"))
LIFTED = tuple(("1/2", *v) for v in FLAT)
CORNERS = CLAIMS["simplex-dimension"].objects["vertices"]
GRADIENTS = CLAIMS["theorem-1-hypotheses"].claimed["gradients"]
NETWORK = CLAIMS["negative-inner-product-as-printed"].claimed["network"]
NET = CLAIMS["theorem-3-sharper"].claimed["cases"]["L near the maximizers"]
WIDE = {"LO": "c > -1", "HI": "c < 1"}
UP = CLAIMS["madry-proof-as-printed"].claimed["witnesses"]["absolute value"]
ACUTE = {
    **CLAIMS["madry-proof-as-printed"].claimed["witnesses"]["obtuse pair"],
    "vectors": (("1", "0"), ("3/5", "4/5")),
}
OFF = CLAIMS["learning-rate-off-the-kinks"].claimed["families"]["absolute value"]
SAME = {
    **CLAIMS["learning-rate-off-the-kinks"].claimed["families"]["obtuse pair"],
    "vectors": (("1", "0"), ("1", "0")),
}
ENCLOSED = CLAIMS["min-norm-certificate"].claimed["instances"]["obtuse pair"]
LONG = (("6/5", "8/5", "0"), ("3/5", "-4/5", "0"), ("3/5", "0", "4/5"))

STATEMENTS = [
    ("corollary-c2", {"D(-gradient) <": "2"}),
    ("corollary-c2", {"vectors": (("1", "0"), ("3/5", "4/5"))}),
    ("corollary-c2", {"vectors": (("1", "0"), ("0", "1"))}),
    ("corollary-c2-corrected", {"derivative": "sqrt(s)"}),
    ("corollary-c2-corrected", {"derivative": "-s"}),
    ("corollary-c2-corrected", {"derivative": "-2*sqrt(s)"}),
    ("corollary-c2-corrected", {"hypotheses": {"S": "s >= 0"}}),
    ("corollary-c2-corrected", {"unnormalised": "s"}),
    ("counterexample-1", {"S*": ("-1", "1/2")}),
    ("counterexample-1", {"D": {"1": "1", "-1": "-1"}}),
    ("counterexample-1", {"phi": {"t >= 0": "t", "t <= 0": "t"}}),
    ("definition-1", {"instances": at_zero(D="2")}),
    ("definition-1", {"instances": at_zero(**{"two-sided": "proved"})}),
    ("definition-1", {"instances": at_zero(theta=("1",))}),
    ("lemma-1", {"factor": "1"}),
    ("lemma-1", {"D(-1)": "-1"}),
    ("corollary-c2-not-a-minimizer", {"D(-gradient) <": "1"}),
    ("corollary-c2-not-a-minimizer", {"descent direction": ("2/5", "4/5")}),
    ("corollary-c2-not-a-minimizer", {"vectors": (("1", "0"), ("3/5", "4/5"))}),
    ("counterexample-2-maximizers", {"S*": ("0",)}),
    ("counterexample-2-maximizers", {"S*": ("0", "1/2", "1")}),
    ("counterexample-2-maximizers", {"gradients": {"0": "u", "1": "v"}}),
    ("counterexample-2-maximizers", {"gradients": {"1/2": "v"}}),
    ("counterexample-2-ascent", {"D": {"-u": "c"}}),
    ("counterexample-2-ascent", {"D": {"-u": "-c/2"}}),
    ("counterexample-2-ascent", {"D": {"u": "-c"}}),
    ("counterexample-2-ascent", {"D": {"-2*u": "-2*c"}}),
    ("counterexample-2-ascent", {"hypotheses": WIDE}),
    ("counterexample-2-ascent", {"hypotheses": {"LO": "c > -2", "HI": "c < 0"}, "D": {"-v": "1"}}),
    ("counterexample-2-ascent", {"hypotheses": {"LO": "c > 0", "HI": "c < -1"}}),
    ("counterexample-2-descent", {"unnormalised": "-(1-c)"}),
    ("counterexample-2-descent", {"unnormalised": "1+c"}),
    ("counterexample-2-descent", {"normalised": "sqrt((1+c)/2)"}),
    ("counterexample-2-descent", {"normalised": "-sqrt(1+c)/2"}),
    ("counterexample-2-descent", {"normalised": "-(1+c)"}),
    ("counterexample-2-descent", {"direction": "u+v"}),
    ("counterexample-2-descent", {"direction": "-(u-v)"}),
    ("counterexample-2-descent", {"hypotheses": {"LO": "c >= -1", "HI": "c < 0"}}),
    ("counterexample-2-steepest", {"weights": ("1/3", "2/3")}),
    ("counterexample-2-steepest", {"weights": ("1/2", "1")}),
    ("counterexample-2-steepest", {"weights": ("2", "-1")}),
    ("counterexample-2-steepest", {"rho^2": "(1-c)/2"}),
    ("counterexample-2-steepest", {"hypotheses": {"LO": "c >= -1", "HI": "c < 0"}}),
    ("counterexample-2-members", {"D": {"-u": "c"}}),
    ("counterexample-2-members", {"members": (("1/2", 2),)}),
    ("counterexample-2-members", {"D": {"-(u+v)": "-(1+c)"}}),
    ("theorem-2", {"rate": "-2*r"}),
    ("theorem-2", {"rate": "-r/2"}),
    ("theorem-2", {"rate": "r"}),
    ("theorem-2-instances", {"rate": "-2*r"}),
    ("theorem-2-instances", {"tolerance": 1e-13}),
    ("theorem-2-scope", {"min D <": "1"}),
    ("theorem-2-scope", {"certificate": "NOT + d**2 + NEG**2"}),
    ("theorem-3", {"threshold": "L*eps"}),
    ("theorem-3", {"threshold": "0"}),
    ("theorem-3", {"threshold": "-L*eps/2"}),
    ("theorem-3", {"lipschitz": "2"}),
    ("theorem-3", {"epsilon": "1/16"}),
    ("theorem-3", {"epsilon": "1/4", "net": ("1/4", "3/4")}),
    ("theorem-3", {"net": ("1/8", "3/8", "7/8")}),
    ("theorem-3", {"direction": ("1", "0")}),
    ("theorem-3-strict", {"relation": "<"}),
    ("theorem-3-strict", {"epsilon": "1/4"}),
    ("theorem-3-strict", {"net": ("-1", "0")}),
    ("orabona-maximizers", {"dg/ddelta": "2*t2"}),
    ("orabona-maximizers", {"kink": "1"}),
    ("orabona-maximizers", {"S*": ("0", "1/2")}),
    ("orabona-maximizers", {"phi": {"t2 >= 0": "t1**2 + (t2 - 1)**2"}}),
    ("orabona-maximizers", {"phi": {"t2 >= -1": "t1**2 + (t2 + 1)**2"}}),
    ("orabona-ascent", {"D": "4 + 4*t**2"}),
    ("orabona-ascent", {"gradients": (("2*t", "2"), ("2*t", "-2"))}),
    ("orabona-ascent", {"D": "4 - 2*t**2"}),
    ("orabona-ascent", {"positive iff": "t**2 < 2"}),
    ("orabona-ascent", {"positive iff": "t**2 <= 1"}),
    ("orabona-ascent", {"positive iff": "t**2 < 1/2"}),
    # Cases left out, domains narrowed: what is proved would be less than what is said.
    ("orabona-maximizers", {"phi": {"t2 >= 0": "t1**2 + (t2 + 1)**2"}}),
    ("counterexample-1", {"phi": {"t >= 0": "t"}}),
    ("coupled-batch", {"cases": (({"S": "s > 0"}, {"s": "1"}),)}),
    ("coupled-batch-product", {"cases": (({"S": "s > 0"}, {"s": "1"}),)}),
    ("corollary-c2-corrected", {"hypotheses": {"S": "s > 1"}}),
    ("counterexample-2-ascent", {"hypotheses": {"LO": "c > -3/4", "HI": "c < 0"}}),
    ("counterexample-2-steepest", {"hypotheses": {"LO": "c > -1", "HI": "c < -1/4"}}),
    ("learning-rate-corrected", {"hypotheses": {"LO": "c > -3/4", "HI": "c < 0"}}),
    ("price-attained", {"hypotheses": {"LO": "c > -3/4", "HI": "c < 0"}}),
    ("orabona-boundary", {"theta1": ("1/2",)}),
    ("orabona-boundary", {"rise": "4*tau**2"}),
    ("orabona-boundary", {"D": "1"}),
    ("orabona-steepest", {"weights": ("1/3", "2/3")}),
    ("orabona-steepest", {"weights": ("-1/2", "-1/2")}),
    ("orabona-whole-steps", {"rise": "4*b*(1 - t**2) + 4*b**2"}),
    ("orabona-whole-steps", {"rise": "4*b*(1 - t**2)"}),
    ("orabona-whole-steps", {"single rises": "t**2 <= 2"}),
    ("orabona-whole-steps", {"single rises": "t**2 < 1"}),  # leaves the ends out
    ("orabona-whole-steps", {"fall": "4*b*(1 - b)*t**2"}),
    ("orabona-whole-steps", {"fall for": "b <= 1"}),
    ("orabona-whole-steps", {"fall for": "b < 2"}),
    ("orabona-whole-steps", {"weights": ("1", "0")}),
    ("orabona-whole-steps", {"start": ("1", "1")}),
    ("orabona-whole-steps", {"first step": "-1"}),
    ("orabona-whole-steps", {"falls for": "2"}),
    ("orabona-steepest", {"rho^2": "2*t**2"}),
    ("orabona-steepest", {"falls for": {"1/2": "9/8"}}),
    ("appendix-a-maximizers", {"zeros of the term": ("0",)}),
    ("appendix-a-maximizers", {"term": "-xlogx(d1)"}),
    ("appendix-a-no-single-gradient", {"partner": "z <= 0"}),
    ("appendix-a-no-single-gradient", {"partner": "z > 0"}),
    ("appendix-a-no-single-gradient", {"conclusion": "M > 1"}),
    ("appendix-a-no-single-gradient", {"conclusion": "M >= 0"}),
    ("appendix-a-descent-as-printed", {"vectors": LIFTED}),
    ("appendix-a-descent-as-printed", {"weights": ("1/2", "1/2", "0")}),
    ("appendix-a-descent-as-printed", {"weights": ("1/3", "1/3", "1/4")}),
    ("appendix-a-descent-as-printed", {"vectors": (("1", "0"), ("0", "1"), ("1", "1"))}),
    ("appendix-a-triple", {"min D": "1"}),
    ("appendix-a-triple", {"min D": "1/4"}),
    ("appendix-a-triple", {"vectors": LIFTED}),
    ("appendix-a-descent-corrected", {"instances": (FLAT,)}),
    ("appendix-a-descent-corrected", {"instances": ((("1", "0"), ("0", "1")),)}),
    ("appendix-a-descent-corrected", {"hypotheses": {"LO": "q >= 0", "HI": "q < 1/2"}}),
    ("appendix-a-descent-corrected", {"hypotheses": {"LO": "q > 0", "HI": "q < 1"}}),
    ("coupled-batch", {"runs": ((1, 0), (0, 0))}),
    ("coupled-batch", {"e": "f"}),
    ("coupled-batch", {"promised": "1"}),
    ("coupled-batch", {"true, each sample": "-1"}),
    ("coupled-batch", {"true": "-1"}),
    ("coupled-batch-product", {"rate": "-sqrt(s**2)/sqrt(2 + s**2)"}),
    ("coupled-batch-product", {"rate": "-s/sqrt(4 + s**2)"}),
    ("coupled-batch-product", {"weights of delta = 1": ("1/2", "1/2")}),
    ("coupled-batch-product", {"cases": (({"S": "s >= 0"}, {"s": "1"}),)}),
    ("price-of-one-adversary", {"unit": "1 - 3*r**2"}),
    ("price-of-one-adversary", {"unit": "1 - r**2"}),
    ("price-of-one-adversary", {"bound": "sqrt((n2 - r2)*(N2 - r2)) - 2*r2"}),
    ("price-attained", {"bound": "1 - r2"}),
    ("price-attained", {"rho^2": "1 + c"}),
    ("price-attained", {"range": "r2 < 1"}),
    ("price-attained", {"range": "r2 < 1/3"}),
    ("price-attained", {"safe": "r2 > 3/4"}),
    ("price-attained", {"cosine": "r2 - 1"}),
    ("price-attained", {"safe": "r2 > 1/4"}),
    ("price-attained", {"corner": (("1", "0"), ("-3/5", "4/5"))}),
    ("learning-rate-as-printed", {"step": "3"}),
    ("learning-rate-as-printed", {"theta": ("0", "0")}),
    ("learning-rate-as-printed", {"step": "-1"}),
    ("learning-rate-corrected", {"small": "-c*s < 2*(a - b)"}),
    ("learning-rate-corrected", {"large": "-c*s >= a - b"}),
    ("learning-rate-corrected", {"kink": "a >= b"}),
    ("learning-rate-corrected", {"level": "-c*s <= a - b"}),
    ("learning-rate-corrected", {"falls for": "3"}),
    ("learning-rate-corrected", {"kink at": "1/2"}),
    ("learning-rate-corrected", {"hypotheses": WIDE}),
    ("improves-all-elements-as-printed", {"step": "1/4"}),
    ("improves-all-elements-as-printed", {"vectors": LIFTED}),
    ("improves-all-elements-as-printed", {"weights": ("1/2", "1/2", "0")}),
    ("improves-all-elements-corrected", {"rate": "-2*r"}),
    ("improves-all-elements-corrected", {"rate": "r"}),
    ("improves-all-elements-corrected", {"instances": {"three vectors": FLAT}}),
    ("algorithm-1-batch-as-printed", {"runs": ((1, 1), (0, 0), (0, 1))}),
    ("algorithm-1-batch-as-printed", {"runs": ((1, 2), (0, 0))}),
    ("algorithm-1-batch-as-printed", {"true": "-1"}),
    ("algorithm-1-batch-as-printed", {"members": ("0",), "runs": ((1, 0), (0, 1))}),
    ("step-size-as-printed", {"gradient's factor": "1"}),
    ("step-size-as-printed", {"norm": "5"}),
    ("step-size-as-printed", {"growth": "5/4"}),
    ("step-size-as-printed", {"vectors": (("1", "0"), ("0", "1"))}),
    ("step-size-corrected", {"gradient's factor": "2"}),
    ("step-size-corrected", {"half": "1"}),
    ("step-size-corrected", {"factor": "1/6"}),
    ("step-size-corrected", {"contraction": "1/12"}),
    ("step-size-corrected", {"momentum": "(k + 1)/(k + 3)"}),
    ("step-size-corrected", {"t": "k + 3", "t before": "k + 2", "momentum": "(k + 1)/(k + 3)"}),
    ("step-size-corrected", {"t before": "(k + 1)/2"}),
    ("theorem-2-scope-corrected", {"squared norm": "s >= 0"}),
    ("theorem-2-scope-corrected", {"instances": {"cubic": {"theta": ("0",), "descends": True}}}),
    ("theorem-2-scope-corrected", {"instances": {"cubic": {"theta": ("1",), "descends": False}}}),
    ("appendix-c-16", {"sign": "h <= 0"}),
    ("appendix-c-16", {"sign": "h < 1"}),
    ("appendix-c-16", {"h(k gamma)/rho": {"1/2": "-1"}}),
    ("appendix-c-17-as-printed", {"k": "1"}),
    ("appendix-c-17-as-printed", {"k": "2"}),
    ("appendix-c-17-as-printed", {"vectors": (("1", "0"), ("-1", "0"))}),
    ("appendix-c-17-corrected", {"directions": (("0", "0", "0"),)}),
    ("appendix-c-17-corrected", {"scales": ("-1",)}),
    ("appendix-c-17-corrected", {"alpha": ("2", "-1", "0")}),
    ("appendix-c-18", {"inner minimum": "r"}),
    ("appendix-c-18", {"inner minimum": "-r/2"}),
    ("appendix-c-18", {"inner minimum": "-2*r"}),
    ("appendix-c-19", {"norm": "r >= 0", "rho^2": "1/25"}),
    ("appendix-c-19", {"rho^2": "1/4"}),
    ("appendix-c-19", {"flat": LIFTED}),
    ("appendix-c-19", {"flat": (("2", "0"), *FLAT[1:])}),
    ("theorem-1-hypotheses", {"gradients": {**GRADIENTS, "absolute value": ("t",)}}),
    ("theorem-1-random", {"D": "2*formula"}),
    ("theorem-1-random", {"D": "-formula"}),
    ("theorem-1-random", {"tolerance": 1e-12}),
    ("theorem-1-random", {"within": "1/100000000"}),
    ("theorem-1-random", {"step": "1/2"}),
    ("theorem-1", {"at least": "B"}),
    ("theorem-1", {"at least": "B + E"}),
    ("theorem-1", {"instances": {"absolute value": {"theta": ("0",), "D": {"1": "-1"}}}}),
    ("theorem-1", {"instances": {"absolute value": {"theta": ("1",), "D": {"-1": "1"}}}}),
    ("madry-proof-as-printed", {"witnesses": {"absolute value": {**UP, "gradient": ("1/2",)}}}),
    ("madry-proof-as-printed", {"witnesses": {"absolute value": {**UP, "D(-v)": "-1"}}}),
    ("madry-proof-as-printed", {"witnesses": {"obtuse pair": ACUTE}}),
    ("madry-proof-two-sided", {"relation": "<"}),
    ("madry-proof-two-sided", {"relation": ">="}),
    ("madry-proof-two-sided", {"instances": {"1 1": {"exists": "refuted", "D(-v)": "-2*sqrt(5)"}}}),
    ("madry-proof-two-sided", {"instances": {"1/2 0": {"exists": "proved", "D(-v)": "-sqrt(5)"}}}),
    ("learning-rate-off-the-kinks", {"small": "-t*p <= h - l"}),
    ("learning-rate-off-the-kinks", {"small": "t*p < h - l"}),
    ("learning-rate-off-the-kinks", {"linear": "D + E >= 0"}),
    ("learning-rate-off-the-kinks", {"families": {"absolute value": {**OFF, "ties": ("t",)}}}),
    ("learning-rate-off-the-kinks", {"families": {"absolute value": {**OFF, "theta": ("0",)}}}),
    ("learning-rate-off-the-kinks", {"families": {"absolute value": {**OFF, "step": "1"}}}),
    ("learning-rate-off-the-kinks", {"families": {"obtuse pair": SAME}}),
    ("price-semidefinite", {"lower": "<="}),
    ("price-semidefinite", {"lower": ">"}),
    ("price-semidefinite", {"at most": "q > rho"}),
    ("price-semidefinite", {"at most": "q >= -rho"}),
    ("price-semidefinite", {"rho^2": "(1 - c)/2"}),
    ("price-semidefinite", {"rho^2": "1 + c"}),
    ("price-semidefinite", {"shares": ("2",)}),
    ("price-semidefinite", {"beyond": "1"}),
    ("price-semidefinite", {"instances": {"three unit vectors": LONG}}),
    ("min-norm-certificate", {"lower": ">="}),
    ("min-norm-certificate", {"lower": "<"}),
    ("min-norm-certificate", {"instances": {"obtuse pair": {**ENCLOSED, "alpha": ("1/2", "1/2")}}}),
    ("min-norm-certificate", {"instances": {"obtuse pair": {**ENCLOSED, "alpha": ("2", "-1")}}}),
    ("step-aware-optimal", {"excess": "2*z"}),
    ("step-aware-optimal", {"x": {"1/2": "-1"}}),
    ("step-aware-optimal", {"x": {"1": "-3/2"}}),
    ("step-aware-optimal", {"x": {"1": "-3"}}),
    ("step-aware-from-some-step-on", {"late": "2*e >= K"}),
    ("step-aware-from-some-step-on", {"p": "-1"}),
    ("step-aware-from-some-step-on", {"K": "1/4"}),
    ("step-aware-from-some-step-on", {"l": ("1/2", "0")}),
    ("step-aware-from-some-step-on", {"beta": ("1/4", "3/4")}),
    ("step-aware-from-some-step-on", {"factors": (0.5, 1.0, 2.0), "K": "1", "l": ("1/4", "3/4")}),
    ("trust-region-steps", {"longer": "D <= G - 1"}),
    ("trust-region-steps", {"longer": "D >= G"}),
    ("trust-region-steps", {"steps": (1.0, 0.25)}),
    ("eq-8-normalisation", {"corrected bound": "r**2"}),
    ("eq-8-normalisation", {"D": "5"}),
    ("eq-8-normalisation", {"theta": ("1/2", "1")}),
    ("finite-maximizers-as-printed", {"theta": ("1/2", "1/4")}),
    ("finite-maximizers-as-printed", {"maximizers": ("0", "1", "2")}),
    ("negative-inner-product-as-printed", {"other": "1/8"}),
    ("negative-inner-product-as-printed", {"network": {**NETWORK, "second": NETWORK["first"]}}),
    (
        "negative-inner-product-as-printed",
        {"network": {**NETWORK, "first": NETWORK["second"], "second": NETWORK["first"]}},
    ),
    ("negative-inner-product-as-printed", {"vectors": (("1", "0"), ("3/5", "4/5"))}),
    ("negative-inner-product-corrected", {"largest": "c"}),
    ("negative-inner-product-corrected", {"largest": "-2*c"}),
    (
        "negative-inner-product-corrected",
        {"hypotheses": {"P": "p > 0", "Q": "q > 0", "NEG": "c < 1"}},
    ),
    ("theorem-3-sharper", {"cases": {"one": {**NET, "epsilon": "1/16"}}}),
    ("theorem-3-sharper", {"cases": {"one": {**NET, "lipschitz": "1/8"}}}),
    ("theorem-3-sharper", {"cases": {"one": {**NET, "far member": "1/4"}}}),
    ("theorem-3-sharper", {"cases": {"one": {**NET, "D": "-2"}}}),
    ("theorem-3-sharper", {"cases": {"one": {**NET, "is (14)": False}}}),
    ("theorem-3-sharper", {"cases": {"one": {**NET, "global lipschitz": "2"}}}),
    ("appendix-a-observation", {"relation": "<"}),
    ("appendix-a-observation", {"D": "1"}),
    ("appendix-a-observation", {"gamma": ("-1", "-1")}),
    ("appendix-a-maximizers-slip", {"vectors": (("1", "0"), ("0", "1"))}),
    ("appendix-b-unique-batches", {"k": 1}),
    ("appendix-b-unique-batches", {"B": 3}),
    ("appendix-b-unique-batches", {"same gradient": ((1, 0), (0, 1))}),
    ("appendix-b-counting", {"batches": "2*B"}),
    ("appendix-b-counting", {"factor": "1 - 1/N"}),
    ("appendix-b-counting", {"different gradients": "4"}),
    ("overhead-of-line-7", {"Section 5.3": "attacks"}),
    ("overhead-of-line-7", {"Appendix B.4": ("line 7", "gradients", "attacks")}),
    ("artefact-18-sign", {"rho^2": "1/4"}),
    ("artefact-18-sign", {"vectors": (("1", "0"), ("-1", "0"))}),
    ("artefact-22-sign", {"D~(+1)": "-1"}),
    ("artefact-line-8-sign", {"D": "-sqrt(5)/5"}),
    ("artefact-theorem-3-epsilon", {"epsilon": "1"}),
    ("artefact-theorem-3-epsilon", {"net": "-1"}),
    ("artefact-appendix-a-transpose", {"vectors": (("1",), ("-1",))}),
    ("product-formula", {"D": "total"}),
    ("product-formula", {"joint": "4"}),
    ("coupled-batch-probability", {"probability": "(3/4)**m"}),
    ("coupled-batch-probability", {"probability": "(1/2)**m"}),
    ("coupled-batch-probability", {"per cent at m = 10": ("5.64", "5.65")}),
    ("coupled-batch-probability", {"missing sets": (((1, 1),), ((0, 0),), ((1, 1), (0, 0)))}),
    ("price-sharp-for-all-sizes", {"range": "r <= s"}),
    ("price-sharp-for-all-sizes", {"lowest p": "p >= 0"}),
    ("price-sharp-for-all-sizes", {"bound": "1 - r2"}),
    ("price-sharp-for-all-sizes", {"rho^2": "16/25"}),
    ("step-aware-limits", {"small step": "w <= e*s0/4"}),
    ("step-aware-limits", {"large step": "e*(s - r) <= h"}),
    ("step-aware-limits", {"x": {"1": "-2"}}),
    ("step-aware-stationary", {"weights": ("1/3", "2/3")}),
    ("step-aware-stationary", {"relation": "<"}),
    ("step-aware-stationary", {"relation": ">="}),
    ("step-aware-stationary", {"theta": "1/2", "model": (("-1/2", "-1"), ("1/2", "1"))}),
    ("step-aware-stationary", {"points": ("0", "1"), "model": (("0", "0"), ("0", "1"))}),
    ("trust-region-many-steps", {"d": "2"}),
    ("trust-region-many-steps", {"interval": {"LO": "4*e >= 1", "HI": "e <= 1"}}),
    ("trust-region-many-steps", {"interval": {"LO": "2*e > 1", "HI": "e <= 1"}}),
    ("trust-region-many-steps", {"interval": {"LO": "2*e >= 1", "HI": "e <= 2"}}),
    ("trust-region-no-step", {"radius": "1/4"}),
    ("trust-region-no-step", {"d": "-1"}),
    ("trust-region-step-exists", {"rho": "p >= -1"}),
    ("trust-region-step-exists", {"rho": "p >= 0"}),
    ("trust-region-step-exists", {"steps": {"3": "2"}}),
    ("trust-region-step-exists", {"steps": {"1": "3/4"}}),
    ("single-maximizer-trivial", {"D": "1"}),
    ("single-maximizer-trivial", {"rate": "r"}),
    ("single-maximizer-trivial", {"rate": "-2*r"}),
    ("single-maximizer-trivial", {"theta": ("0", "0")}),
    ("algorithm-1-lines", {"sign of line 8": "1"}),
    ("algorithm-1-lines", {"alpha": ("1/2", "1/2")}),
    ("algorithm-1-lines", {"runs": ((1, 1), (0, 0)), "gradients": (("1", "0"),) * 2}),
    ("algorithm-1-lines", {"beta": "-1"}),
    ("algorithm-1-step-indices", {"first": "0"}),
    ("algorithm-1-line-4", {"g": "1"}),
    ("algorithm-1-line-4", {"deltas": ("1", "1"), "theta": ("0", "0"), "g": "0"}),
    ("simplex-dimension", {"m": (0,)}),
]  # fmt: skip


def label(case):
    return case if isinstance(case, str) else ""


@cache
def with_other_objects(number):
    claim, objects = OBJECTS[number]
    return CLAIMS[claim].run(claimed=SMALL.get(claim), **objects)


@cache
def with_another_statement(number):
    claim, claimed = STATEMENTS[number]
    return CLAIMS[claim].run(claimed={**SMALL.get(claim, {}), **claimed})


@pytest.mark.parametrize("number", range(len(OBJECTS)), ids=[c for c, _ in OBJECTS])
def test_another_objective_breaks_the_proof(number):
    result = with_other_objects(number)
    assert not result.ok, result.explain()
    assert result.note


@pytest.mark.parametrize("number", range(len(STATEMENTS)), ids=[c for c, _ in STATEMENTS])
def test_another_statement_breaks_the_proof(number):
    result = with_another_statement(number)
    assert not result.ok, result.explain()
    assert result.note


def test_every_claim_has_both():
    """Completeness: a claim without a mutation of either kind fails here."""
    assert {c for c, _ in OBJECTS} == set(CLAIMS)
    assert {c for c, _ in STATEMENTS} == set(CLAIMS)


PROVED = [c.id for c in CLAIMS.values() if c.expected is Verdict.PROVED]


@pytest.mark.parametrize("claim", PROVED)
def test_some_mutation_is_refuted(claim):
    """Not only does the proof stop: the exact arithmetic finds a false statement false."""
    mutants = [with_other_objects(i) for i, (c, _) in enumerate(OBJECTS) if c == claim]
    mutants += [with_another_statement(i) for i, (c, _) in enumerate(STATEMENTS) if c == claim]
    assert any(m.verdict is Verdict.REFUTED for m in mutants)


# False statements about the registered objectives, whose exact witness has to be found.
REFUTED = [
    ("counterexample-1", {"D": {"1": "1", "-1": "-1"}}),
    ("counterexample-2-maximizers", {"S*": ("0", "1/2", "1")}),
    ("counterexample-2-ascent", {"D": {"-u": "-c/2"}}),
    ("counterexample-2-ascent", {"hypotheses": WIDE}),
    ("counterexample-2-descent", {"normalised": "-sqrt(1+c)/2"}),
    ("counterexample-2-steepest", {"rho^2": "(1-c)/2"}),
    ("orabona-ascent", {"positive iff": "t**2 < 1/2"}),
    ("orabona-boundary", {"rise": "4*tau**2"}),
    ("coupled-batch-product", {"rate": "-s/sqrt(4 + s**2)"}),
    ("theorem-2", {"rate": "-2*r"}),
    ("price-of-one-adversary", {"bound": "sqrt((n2 - r2)*(N2 - r2)) - 2*r2"}),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "claimed"), REFUTED, ids=label)
def test_false_statements_are_refuted(claim, claimed):
    assert CLAIMS[claim].run(claimed=claimed).verdict is Verdict.REFUTED


def test_harmless_changes_leave_the_proofs_alone():
    """The same objective written differently, or moved in delta, is still a counterexample."""
    same = pair("b + d*(a - b) - d + d**2")
    for name in ("counterexample-2-maximizers", "counterexample-2-descent"):
        assert CLAIMS[name].run(obtuse_pair=same).ok
    expanded = plane("t1**2 + t2**2 + 1 + 2*t2*(2*d - 1)")
    for name in ("orabona-maximizers", "orabona-ascent", "orabona-boundary"):
        assert CLAIMS[name].run(orabona=expanded).ok
