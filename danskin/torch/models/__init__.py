"""Networks on images in [0, 1], normalisation inside: an attack's ball and box are in pixels.

``build_model("resnet18", activation="celu", norm="group")`` makes one; ``load_model`` reads one
from a safetensors file, key by key. danskin needs none of them: any module with logits will do.
"""

from danskin.torch.models.build import ARCHITECTURES, Architecture, architecture, build_model
from danskin.torch.models.checkpoint import load_model, save_model
from danskin.torch.models.mlp import MLP
from danskin.torch.models.resnet import ResNet

__all__ = [
    "ARCHITECTURES",
    "MLP",
    "Architecture",
    "ResNet",
    "architecture",
    "build_model",
    "load_model",
    "save_model",
]
