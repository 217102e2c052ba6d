"""Images to train on and to audit with: scikit-learn's digits, or CIFAR-10 from its files.

``load_data("digits")`` needs no download; ``load_data(folder)`` reads ``cifar-10-batches-bin`` or
``cifar-10-batches-py``; ``download_cifar10()`` fetches the former and checks its SHA-256.
"""

from danskin.torch.data.cifar10 import CIFAR10_CLASSES, read_cifar10
from danskin.torch.data.digits import read_digits
from danskin.torch.data.download import download_cifar10
from danskin.torch.data.images import Images
from danskin.torch.data.load import load_data
from danskin.torch.data.pickled import read_plain_pickle

__all__ = [
    "CIFAR10_CLASSES",
    "Images",
    "download_cifar10",
    "load_data",
    "read_cifar10",
    "read_digits",
    "read_plain_pickle",
]
