"""How many images a network gets right, as they are and under attacks that are given by name.

    evaluation = dkt.evaluate(model, images, labels, eps=8/255)
    clean, robust = evaluation                    # RobustBench's pair, as shares

`named` turns "pgd-50-10" or "autoattack" into an attack, `run` counts, `result` says what it means.
"""

from danskin.torch.evaluating.named import DEFAULT_ATTACKS
from danskin.torch.evaluating.result import Evaluation
from danskin.torch.evaluating.run import evaluate

__all__ = ["DEFAULT_ATTACKS", "Evaluation", "evaluate"]
