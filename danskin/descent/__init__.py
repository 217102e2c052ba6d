"""Algorithm 1 (DDi) and its rivals, on any objective: adversary -> direction -> step, T times.

``theta_{k+1} = theta_k + beta_k v_k``, k = 0..T-1. Only `v_k` differs between the rules: minus one
maximizer's gradient (the false corollary), or the unit steepest direction over all points of the
adversary (Theorem 2). phi may rise all the same: a step is longer than a derivative can see, and
an adversary that is not exact may miss the maximizers that matter. The trace records both the
derivative that the adversary's points promise and the one that the maximizers give.
"""

from danskin.descent.adversaries import Adversary, ProjectedAscent
from danskin.descent.loop import descend
from danskin.descent.rules import RULES
from danskin.descent.trace import Trace

__all__ = ["RULES", "Adversary", "ProjectedAscent", "Trace", "descend"]
