"""Files of the project: where it lies, whole writes, and hashes."""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
FIGURES = ROOT / "figures"


def write_whole(path, content):
    """Write a file under another name first, so that a half-written one is never seen."""
    scratch = path.parent.parent / "build" / f"{path.name}.{os.getpid()}"
    scratch.parent.mkdir(exist_ok=True)
    scratch.write_bytes(content)
    scratch.replace(path)


def digest(content):
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
