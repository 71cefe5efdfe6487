"""Relevances in a folder of Parquet files, one a partition, each of them whole or absent.

Parquet alone: a dask array of relevances can be stored with `.to_zarr`, but that does not resume.
"""

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..explanation import Explanation
from ..streaming import Aggregate

JOB = b"neon.job"  # key in the metadata of a file: what was explained, and by what


@dataclass(frozen=True)
class Folder:
    """Files `part-00000.parquet`, ... of one job.

    Attributes:
        path: of the folder.
        job: `identity` of what is computed.
        names: D names of the features.
    """

    path: str
    job: str
    names: tuple

    def file(self, number):
        """Path of the file of a partition."""
        return Path(self.path) / f"part-{number:05d}.parquet"

    def prepare(self, parts):
        """Make the folder, clear away what was interrupted, and return the finished partitions.

        Raises:
            ValueError: a file belongs to another job, or is none of Parquet.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if Path(self.path).exists() and not Path(self.path).is_dir():
            raise ValueError(f"`folder` must be a folder; {self.path} is a file. Choose another.")
        Path(self.path).mkdir(parents=True, exist_ok=True)
        for leftover in Path(self.path).glob(".part-*.tmp"):
            leftover.unlink()
        finished = {number for number in range(parts) if self.file(number).exists()}
        for number in finished:
            try:
                job = (pq.read_schema(self.file(number)).metadata or {}).get(JOB, b"").decode()
            except (OSError, pa.ArrowException) as error:
                raise ValueError(
                    f"`folder` must be empty or hold this job; {self.file(number)} is no Parquet "
                    f"file ({error}). Remove it, or choose another folder."
                ) from None
            if job != self.job:
                raise ValueError(
                    f"`folder` must be empty or hold this job; {self.file(number)} was made from "
                    "other data, another model or another beta. Choose another folder."
                )
        return finished

    def write(self, number, frame):
        """Write the table of a partition under a hidden name, then give it its own."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, nthreads=1)
        table = table.replace_schema_metadata({**table.schema.metadata, JOB: self.job.encode()})
        path = self.file(number)
        hidden = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        # floats hardly repeat: a dictionary of them costs time and saves nothing
        with open(hidden, "wb") as stream:
            pq.write_table(table, stream, use_dictionary=["cluster"])
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(hidden, path)


def read_parquet(folder):
    """Open a folder of Parquet files as a dask DataFrame, one partition a file, each as it is.

    `dask.dataframe.read_parquet` will do too, and reads chosen columns alone, but where a file
    lacks a column its error names no file. Here the error is that of `explain_lazily`.

    Args:
        folder: with files `*.parquet`, in the order of their names; the first sets the columns.

    Raises:
        ValueError: there is no such file.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pd.DataFrame({"a": [1.0]}).to_parquet(f"{folder}/part-0.parquet")
        ...     read_parquet(folder).compute()
             a
        0  1.0
    """
    import dask.dataframe as dd
    import pyarrow.parquet as pq

    files = sorted(Path(folder).glob("*.parquet"))
    if not files:
        raise ValueError(f"`folder` must hold files *.parquet; got {folder}. Check the path.")
    meta = pq.read_schema(files[0]).empty_table().to_pandas()
    # the time of the last change is part of the identity of the data
    changed = [path.stat().st_mtime_ns for path in files]
    return dd.from_map(read_file, list(map(str, files)), changed, meta=meta)


def read_file(path, changed):
    """Read one file, whole."""
    import pandas as pd

    return pd.read_parquet(path)


def summed(folder, number, n_clusters):
    """`Aggregate` of a finished file."""
    import pandas as pd

    frame = pd.read_parquet(folder.file(number))
    R = frame[list(folder.names)].to_numpy(copy=True)  # torch wants memory that it may write to
    cluster, logit = (frame[name].to_numpy(copy=True) for name in ("cluster", "logit"))
    explanation = Explanation(R, cluster, logit, beta=None)
    return Aggregate.of(explanation, n_clusters)


def to_frame(explanation, names, index):
    """Table of relevances under the names of the features, then `cluster` and `logit`.

    Then `constant`, where a share of the logit belongs to no feature.
    """
    import pandas as pd

    frame = pd.DataFrame(explanation.relevance, index=index, columns=list(names), copy=False)
    frame = frame.assign(cluster=explanation.cluster, logit=explanation.logit)
    nothing = isinstance(explanation.constant, float)
    return frame if nothing else frame.assign(constant=explanation.constant)


def identity(model, *facts):
    """Fingerprint of a model and of anything that prints itself in full, the same in any process.

    Args:
        model: a torch module: its class, sizes, buffers and parameters count.
        *facts: names, dtypes, numbers.
    """
    digest = hashlib.sha256(repr((repr(model), facts)).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + np.ascontiguousarray(tensor.cpu().numpy()).tobytes())
    return digest.hexdigest()
