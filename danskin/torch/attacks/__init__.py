"""Attacks: heuristic maximizers of the loss over a ball of images, cut with the box [0, 1]."""

from danskin.torch.attacks.base import Adversaries, Attack
from danskin.torch.attacks.pgd import FAST, FGSM, PGD

__all__ = ["FAST", "FGSM", "PGD", "Adversaries", "Attack"]
