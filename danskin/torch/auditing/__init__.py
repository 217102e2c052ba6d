"""Has this network conflicting adversaries at all? Measured before ten times the compute is paid.

Per batch of images::

    m attacks -> how near to maximizers? do their gradients agree? min norm against mean norm
              -> each method's direction -> the derivative it promises over the sampled set
              -> the decrease that is measured under a fresh, stronger attack, step by step

and over the batches, paired differences with standard errors, and a sentence that says no more than
these support.
"""

from danskin.torch.auditing.directions import METHODS
from danskin.torch.auditing.report import AuditReport, BatchAudit
from danskin.torch.auditing.run import audit

__all__ = ["METHODS", "AuditReport", "BatchAudit", "audit"]
