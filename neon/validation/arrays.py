"""Tables of numbers in any container, read into a tensor without a guess."""

import os

import numpy as np
import torch

KEPT = (torch.float32, torch.float64)
REFUSED = {"float4_e2m1fn_x2", "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2"}


def as_tensor(values, name):
    """Turn array-likes into a real floating tensor.

    float32 and float64 are kept, smaller floats become float32, integers and booleans become
    float64. The values are not copied where dtype and layout allow it.

    Args:
        values: a tensor, a numpy array, a table of pandas (nullable and pyarrow-backed too),
            polars or pyarrow, a sparse matrix of scipy or torch, or nested lists of numbers.
        name: what the caller calls the argument, for error messages.

    Raises:
        TypeError: for complex or non-numeric values, and containers that hide their numbers.
        MemoryError: a sparse matrix that does not fit in memory when it is dense.
    """
    if torch.is_tensor(values):
        return from_tensor(values, name)
    return torch.from_numpy(for_torch(as_array(values, name)))


def from_tensor(values, name):
    """Check a tensor of any kind, and return it strided, floating and without a pending sign."""
    for wrong, kind, advice in (
        (values.is_nested, "a nested tensor", "Pad its rows, or pass them one by one"),
        (isinstance(values, torch.masked.MaskedTensor), "a masked tensor", "Fill the gaps first"),
        (values.is_quantized, "a quantized tensor", f"Pass {name}.dequantize()"),
        (values.is_meta, "a meta tensor, which has no values", "Load the values first"),
    ):
        if wrong:
            raise TypeError(f"`{name}` must hold real numbers in memory; got {kind}. {advice}.")
    if values.is_complex():
        raise TypeError(f"`{name}` must hold real numbers; got dtype {values.dtype}. Pass .real.")
    if str(values.dtype).removeprefix("torch.") in REFUSED:
        raise TypeError(
            f"`{name}` must hold real numbers; got dtype {values.dtype}. Convert it to float32."
        )
    if is_sparse(values):
        check_size(values, name)
        values = values.to_dense()
    try:
        values.data_ptr()
    except RuntimeError:
        raise TypeError(
            f"`{name}` must hold real numbers in memory; got a tensor without any, as inside of "
            "torch.func.vmap or while a model is traced. Call neon on whole batches, outside."
        ) from None
    if type(values) not in (torch.Tensor, torch.nn.Parameter):
        values = values.as_subclass(torch.Tensor)
    values = values.resolve_neg()  # numpy reads no tensor that is to be negated on the way
    if values.dtype in KEPT:
        return values
    return values.float() if values.is_floating_point() else values.double()


def as_array(values, name):
    """Read a container that is no tensor as a numpy array of real numbers."""
    if hasattr(values, "dask"):
        values = values.compute()  # by itself it would forget a mask
    if is_sparse(values):
        check_size(values, name)
        array = values.toarray()
    elif hasattr(values, "columns") and hasattr(values, "shape"):
        array = from_frame(values, name)
    else:
        try:
            array = np.asanyarray(values)
        except Exception as error:
            raise TypeError(
                f"`{name}` must be a table of numbers, with rows of equal length; got "
                f"{kind_of(values)}, which numpy cannot read ({str(error).splitlines()[0]}). "
                "Pass one array; torch.stack(...) makes one tensor of several."
            ) from None
    if np.ma.isMaskedArray(array):
        raise TypeError(
            f"`{name}` must hold a number everywhere; got a masked array. Impute or drop what is "
            f"masked, then pass {name}.filled(...)."
        )
    if array.dtype.kind not in "fiub":
        what = f"dtype {array.dtype}" if array.ndim else kind_of(values)
        raise TypeError(
            f"`{name}` must hold real numbers; got {what}. "
            "Encode or drop the columns that are not numeric."
        )
    return np.asarray(array)


def from_frame(frame, name):
    """Read a table of pandas, polars or pyarrow, column by column where the types are mixed."""
    if hasattr(frame, "column_names"):  # pyarrow: its `columns` are the values
        return stacked(dict(zip(range(frame.shape[1]), frame.columns, strict=True)), frame, name)
    dtypes = list(getattr(frame, "dtypes", ()))
    plain = [isinstance(dtype, np.dtype) and dtype.kind for dtype in dtypes]
    if plain and set(plain) <= set("fiu"):
        return np.asarray(frame)
    columns = {i: frame.iloc[:, i] if hasattr(frame, "iloc") else frame[frame.columns[i]]
               for i in range(frame.shape[1])}  # fmt: skip
    return stacked(columns, frame, name)


def stacked(columns, frame, name):
    """Read the columns one by one, and put them side by side; what is missing becomes NaN."""
    names = list(getattr(frame, "column_names", frame.columns))
    read, wrong = [], []
    for i, column in columns.items():
        kind = str(getattr(column, "dtype", getattr(column, "type", ""))).lower()
        try:
            if kind.startswith(("cat", "str", "date", "time", "dur", "dict")):
                raise TypeError(kind)
            values = column_of(column)
        except (TypeError, ValueError, AttributeError):
            wrong.append(f"{names[i]!r} ({kind})")
            continue
        read.append(values)
    if wrong:
        raise TypeError(
            f"`{name}` must hold real numbers; got columns {', '.join(wrong)}. "
            "Encode or drop the columns that are not numeric."
        )
    if not read:
        return np.empty(frame.shape)
    return np.column_stack(read)


def column_of(column):
    """Read a column as floats, float32 if it is that: a missing value is NaN."""
    if hasattr(column, "iloc"):
        dtype = getattr(column.dtype, "numpy_dtype", getattr(column.dtype, "subtype", column.dtype))
        wanted = np.float32 if dtype in (np.float16, np.float32) else np.float64
        if np.dtype(dtype).kind not in "fiub":
            raise TypeError(dtype)
        return column.to_numpy(dtype=wanted, na_value=np.nan)
    values = np.asarray(column)
    if values.dtype == object:  # booleans or integers with a gap
        values = np.array([np.nan if v is None else v for v in values.tolist()])
    if values.dtype.kind not in "fiub" or values.ndim != 1:
        raise TypeError(values.dtype)
    return values if values.dtype == np.float32 else values.astype(np.float64)


def for_torch(array):
    """Return an array in memory and of a dtype that torch takes: itself, if it can be."""
    wanted = array.dtype.newbyteorder("=")
    if wanted.kind != "f" or wanted.itemsize > 8:
        wanted = np.dtype(np.float64)
    elif wanted.itemsize < 4:
        wanted = np.dtype(np.float32)
    # torch knows neither read-only memory, nor negative or odd strides
    fit = array.flags.writeable and all(
        step >= 0 and step % array.itemsize == 0 for step in array.strides
    )
    if fit and array.dtype == wanted and array.dtype.isnative:
        return array
    with np.errstate(over="ignore"):
        return np.array(array, wanted, order="C")


def is_sparse(values):
    """Tell a sparse matrix, of scipy or of torch."""
    if torch.is_tensor(values):
        return values.layout != torch.strided and not values.is_nested
    return hasattr(values, "tocsr")


def check_size(values, name):
    """Raise if a sparse matrix and relevances of its shape do not fit in memory."""
    if len(values.shape) != 2 or not hasattr(os, "sysconf"):
        return
    needed = 8 * values.shape[0] * values.shape[1]
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise MemoryError(
            f"`{name}` must fit in memory as dense relevances; got a sparse matrix of shape "
            f"{tuple(values.shape)}, for {needed / 1e9:.0f} GB of {there / 1e9:.0f} GB. Explain "
            f"its rows by parts, {name}[:1000], or with `explain_stream`."
        )


def on_cpu(tensor):
    """Return a tensor as a numpy array that shares its memory where it can."""
    return tensor.detach().cpu().numpy()


def joined(tensors):
    """Join tensors along the first axis: by numpy, if they lie in its memory."""
    if all(tensor.device.type == "cpu" for tensor in tensors):
        return torch.from_numpy(np.concatenate([tensor.detach().numpy() for tensor in tensors]))
    return torch.cat(tensors)


def kind_of(values):
    """Name the type of a thing, for error messages."""
    return f"a {type(values).__name__}" if values is not None else "None"
