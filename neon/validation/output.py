"""Memory that a caller offers for results: written to if it can be, never by accident."""

import ctypes
import os

import numpy as np
import torch

from .arrays import on_cpu

ADVICE = "Make it with empty_like(X)."


def as_output(out, points, model):
    """Check memory for the relevances of points (n, D).

    Returns:
        A tensor that shares it, to write into; or None where it cannot be written while points
        are read, or has a layout that torch does not know: `fill` copies into it in the end.

    Raises:
        TypeError: no array or tensor, or one that has no memory of its own to write to.
        ValueError: another shape or dtype, read-only, elements that share memory, or a part of
            the model.
    """
    if torch.is_tensor(out):
        check_tensor(out)
        dtype = out.dtype
    elif isinstance(out, np.ndarray) and not np.ma.isMaskedArray(out):
        if not out.flags.writeable:
            raise ValueError(f"`out` must be writable; got a read-only array. {ADVICE}")
        native = out.dtype.newbyteorder("=")
        known = native in (np.float32, np.float64)
        dtype = getattr(torch, str(native)) if known else native
    else:
        raise TypeError(
            f"`out` must be a numpy array or a tensor; got a {type(out).__name__}. {ADVICE}"
        )
    wanted, got = (tuple(points.shape), points.dtype), (tuple(out.shape), dtype)
    if got != wanted:
        raise ValueError(f"`out` must have the shape and dtype {wanted} of X; got {got}. {ADVICE}")
    if overlaps_itself(out):
        raise ValueError(
            f"`out` must have memory for each number; got strides that share it. {ADVICE}"
        )
    parts = [*model.parameters(), *model.buffers()] if isinstance(model, torch.nn.Module) else []
    if any(share_memory(out, part) for part in parts):
        raise ValueError(f"`out` must not be a part of the model; got its memory. {ADVICE}")
    if torch.is_tensor(points) and share_memory(out, points):
        return None
    if torch.is_tensor(out):
        return (
            None if out.is_neg() or out.device != points.device else out.as_subclass(torch.Tensor)
        )
    steps = all(step > 0 and step % out.itemsize == 0 for step in out.strides)
    fit = out.dtype.isnative and steps and points.device.type == "cpu"
    return torch.from_numpy(np.asarray(out)) if fit else None


def check_tensor(out):
    """Raise unless a tensor has memory of its own that may be written to."""
    plain = out.layout == torch.strided and not (out.is_meta or out.is_quantized or out.is_nested)
    if not plain or isinstance(out, torch.masked.MaskedTensor):
        raise TypeError(f"`out` must be a dense tensor in memory; got another kind. {ADVICE}")
    if out.requires_grad:
        raise ValueError(f"`out` must not require a gradient; got one that does. {ADVICE}")
    if out.is_complex():
        raise TypeError(f"`out` must hold real numbers; got dtype {out.dtype}. {ADVICE}")
    if out.device.type == "cpu" and out.numel() and not writable(out):
        raise ValueError(f"`out` must be writable; got a tensor of read-only memory. {ADVICE}")


def writable(tensor):
    """Tell whether the kernel lets us write to the first and the last byte of a tensor.

    PyTorch does not know that a file may be mapped for reading alone, and would be killed.
    """
    if not hasattr(os, "readv"):
        return True
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    reader, writer = os.pipe()
    try:
        for offset in 0, (last + 1) * tensor.element_size() - 1:
            byte = (ctypes.c_char * 1).from_address(tensor.data_ptr() + offset)
            os.write(writer, byte.raw)
            os.readv(reader, [byte])
    except OSError:
        return False
    finally:
        os.close(reader)
        os.close(writer)
    return True


def overlaps_itself(out):
    """Tell whether elements of an array or a tensor (n, D) share memory."""
    tensor = torch.is_tensor(out)
    size, steps = (1, out.stride()) if tensor else (out.itemsize, out.strides)
    reach = size
    for step, count in sorted(zip(map(abs, steps), out.shape, strict=True)):
        if count > 1 and step < reach:
            return True
        reach += step * (count - 1)
    return False


def share_memory(one, other):
    """Tell whether arrays or tensors may share memory, by the bounds of what they use."""
    device = [values.device if torch.is_tensor(values) else torch.device("cpu")
              for values in (one, other)]  # fmt: skip
    if device[0] != device[1]:
        return False
    if device[0].type != "cpu":
        return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
    arrays = (
        values.detach().resolve_neg().numpy() if torch.is_tensor(values) else values
        for values in (one, other)
    )
    return np.may_share_memory(*arrays)


def fill(out, relevance):
    """Copy relevances (n, D), a tensor, into memory that could not be written to before."""
    if torch.is_tensor(out):
        out.copy_(relevance)
    else:
        out[...] = on_cpu(relevance)
