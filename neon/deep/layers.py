"""Layers of an encoder: which have a rule, in one list, and how wide the input is."""

import math

from torch import nn
from torch.nn.utils import fuse_conv_bn_eval, fuse_linear_bn_eval

from ..lrp import LINEAR, MOVES, PASSES, Residual


def check_encoder(encoder):
    """Raise unless an encoder is a torch module with values on the CPU."""
    if not isinstance(encoder, nn.Module):
        raise TypeError(
            f"`encoder` must be a torch.nn.Sequential; got a {type(encoder).__name__}. Rewrite it "
            "with layers; or explain the embedding: neon.explain(kmeans, encoder(X))."
        )
    for name, value in (*encoder.named_parameters(), *encoder.named_buffers()):
        if value.device.type != "cpu":
            raise ValueError(
                f"`encoder` must lie on the CPU; got {name} on {value.device}. "
                "Load its weights, or move it: encoder.cpu()."
            )


def flat(encoder):
    """List the layers in order, nested ones opened, BatchNorm folded into the layer before it."""
    layers = []
    for layer in encoder if type(encoder).forward is nn.Sequential.forward else [encoder]:
        if isinstance(layer, Residual):
            layers.append(Residual(*flat(nn.Sequential(*layer))))
        elif type(layer).forward is nn.Sequential.forward:
            layers += flat(layer)
        elif isinstance(layer, nn.BatchNorm2d) and layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        elif isinstance(layer, nn.BatchNorm1d) and layers and isinstance(layers[-1], nn.Linear):
            layers[-1] = fuse_linear_bn_eval(layers[-1], layer)
        elif isinstance(layer, LINEAR + MOVES + PASSES):
            layers.append(layer)
        else:
            raise TypeError(
                f"`encoder` must be built of layers that have a rule; got {layer!r}. Rewrite it "
                "with Linear, Conv1d, Conv2d, ReLU, MaxPool, AvgPool, Flatten, Unflatten, "
                "Dropout, BatchNorm right after Linear or Conv2d, Sequential and "
                "neon.lrp.Residual; or explain the embedding: neon.explain(kmeans, encoder(X))."
            )
    return layers


def leaves(layers):
    """Yield the layers one by one, those inside of residual blocks too."""
    for layer in layers:
        yield from leaves(layer) if isinstance(layer, Residual) else [layer]


def width(layers, centroids):
    """Width D of the points that an encoder reads, from its first layer that fixes it."""
    for layer in leaves(layers):
        if isinstance(layer, nn.Linear):
            return layer.in_features
        if isinstance(layer, nn.Unflatten):
            return math.prod(layer.unflattened_size)
        if not isinstance(layer, PASSES):
            raise ValueError(
                f"`encoder` must take flat points (n, D); got {layer!r} first. Put "
                "nn.Unflatten(1, (channels, height, width)) before it."
            )
    return centroids.shape[1]
