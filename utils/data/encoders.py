"""Encoders of the digits: trained without labels, stored with a checksum.

`python -m utils.data.encoders` trains both again and writes `utils/data/weights/`.
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn
from torch.nn.functional import affine_grid, grid_sample, mse_loss
from tqdm import tqdm

from utils.data import load

WEIGHTS = Path(__file__).resolve().parent / "weights"
BATCH = 120  # digits a step
SEEDS = (0, 1, 2)  # restarts, as k-means has them: the best by its own objective is kept
RETRAIN = "Restore the file, or train again: python -m utils.data.encoders"


def encoder():
    """Small convolutional network from 64 pixels to an embedding of 10 numbers, untrained.

    Example:
        >>> encoder()(torch.zeros(5, 64)).shape
        torch.Size([5, 10])
    """
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def augment(X, generator):
    """Digits (n, 64) as somebody else would have written them.

    Rotated by up to 15°, scaled by up to 10 %, sheared, shifted by up to 0.8 pixels, lighter or
    darker by up to 20 %, and with noise: everything that leaves a digit the same digit.
    """

    def uniform(size):
        return size * (2 * torch.rand(len(X), generator=generator) - 1)

    angle, scale, shear = uniform(math.radians(15)), 1 + uniform(0.1), uniform(0.1)
    rows = [scale * angle.cos(), shear - angle.sin(), uniform(0.2),
            angle.sin(), scale * angle.cos(), uniform(0.2)]  # fmt: skip
    maps = torch.stack(rows, 1).view(-1, 2, 3)
    images = X.view(-1, 1, 8, 8)
    images = grid_sample(
        images, affine_grid(maps, images.shape, align_corners=False), align_corners=False
    )
    noise = 0.1 * torch.randn(images.shape, generator=generator)
    return (images * (1 + uniform(0.2)).view(-1, 1, 1, 1) + noise).clamp(0, 1).flatten(1)


def information(network, X, generator):
    """Objective, lower is better: ten clusters, used equally, sure, and blind to augmentation.

    With p = softmax(z) it is 2 KL(p(x) ‖ p(augmented x)) + 0.4 H(p | x) − 1.6 H(p): the last two
    maximise the information that the cluster holds about the digit.

    Source: Hu et al., Learning Discrete Representations via Information Maximizing Self-Augmented
    Training, ICML 2017, arXiv:1702.08720.
    """
    log_p = network(X).log_softmax(1)
    log_q = network(augment(X, generator)).log_softmax(1)
    p = log_p.exp()
    mean = p.mean(0)
    inconsistency = (p.detach() * (log_p.detach() - log_q)).sum(1).mean()
    conditional, marginal = -(p * log_p).sum(1).mean(), -(mean * mean.log()).sum()
    return 2 * inconsistency + 0.4 * conditional - 1.6 * marginal


def reconstruction(network, X, generator):
    """Objective of the autoencoder: mean squared error of the digits that it draws again."""
    return mse_loss(network(X), X)


def fit(network, objective, X, *, seed, epochs, bar):
    """Minimise an objective with Adam and a one-cycle step size; return what it reached."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters())
    batches = math.ceil(len(X) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=epochs * batches)
    for _ in range(epochs):
        for rows in torch.randperm(len(X), generator=generator).split(BATCH):
            loss = objective(network, X[rows], generator)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        bar.update()
    with torch.no_grad():
        return objective(network, X, generator.manual_seed(0)).item()


def train_information(X, *, epochs=60, seeds=SEEDS):
    """Train by information maximisation once a seed; return the best encoder and the record."""
    tried = []
    with tqdm(total=epochs * len(seeds), desc="information", unit="epoch") as bar:
        for seed in seeds:
            torch.manual_seed(seed)
            network = encoder()
            value = fit(network, information, X, seed=seed, epochs=epochs, bar=bar)
            tried.append((value, seed, network))
    best, seed, network = min(tried, key=lambda entry: entry[0])
    record = {"seed": str(seed), "objective": f"{best:.3f}"}
    return network, record | {"tried": ", ".join(f"{value:.3f}" for value, *_ in tried)}


def train_autoencoder(X, *, epochs=60, seed=0):
    """Train an autoencoder; return its encoder and the record."""
    torch.manual_seed(seed)
    network = encoder()
    decoder = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 64))
    with tqdm(total=epochs, desc="autoencoder", unit="epoch") as bar:
        value = fit(
            nn.Sequential(network, decoder), reconstruction, X, seed=seed, epochs=epochs, bar=bar
        )
    return network, {"seed": str(seed), "objective": f"{value:.4f}"}


TRAINERS = {"information": train_information, "autoencoder": train_autoencoder}


def store(name, network, record, folder=WEIGHTS):
    """Write weights, with the record as metadata, and note their checksum."""
    # one entry: safetensors writes several in random order, and the checksum would change
    content = save(network.state_dict(), metadata={"record": json.dumps(record)})
    (folder / f"{name}.safetensors").write_bytes(content)
    known = checksums(folder) | {f"{name}.safetensors": hashlib.sha256(content).hexdigest()}
    lines = [f"{digest}  {file}\n" for file, digest in sorted(known.items())]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def checksums(folder=WEIGHTS):
    """Noted checksums: file name → SHA-256, as `sha256sum` writes them."""
    path = folder / "SHA256SUMS"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {file: digest for digest, file in map(str.split, lines)}


def load_encoder(name, folder=WEIGHTS):
    """Load a trained encoder, in double precision, frozen.

    Double precision makes its results agree on all machines to more digits than are printed.

    Args:
        name: "information" or "autoencoder".
        folder: where the weights and SHA256SUMS are.

    Returns:
        (encoder, record): record tells the seed that was kept and the objectives.

    Raises:
        ValueError: an unknown name; a file that is not the one noted in SHA256SUMS, cannot be
            read, or holds arrays of other shapes than the encoder's.
        FileNotFoundError: the weights are not there.

    Example:
        >>> network, record = load_encoder("information")
        >>> network(torch.zeros(1, 64).double()).shape
        torch.Size([1, 10])
    """
    if name not in TRAINERS:
        raise ValueError(f"`name` must be one of {sorted(TRAINERS)}; got {name!r}.")
    path = folder / f"{name}.safetensors"
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is missing in {folder.name}/. {RETRAIN}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != checksums(folder).get(path.name):
        raise ValueError(f"{path.name} is not the file noted in SHA256SUMS. {RETRAIN}")
    try:
        with safe_open(path, "pt") as file:
            record = json.loads((file.metadata() or {}).get("record", "{}"))
        state = load_file(path)
    except SafetensorError as reason:
        raise ValueError(f"{path.name} is no safetensors file: {reason}. {RETRAIN}") from None
    network = encoder()
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    got = {key: tuple(value.shape) for key, value in state.items()}
    if got != wanted:
        key = next(k for k in sorted(wanted | got) if wanted.get(k) != got.get(k))
        raise ValueError(
            f"{path.name}: `{key}` must have shape {wanted.get(key)}; got {got.get(key)}. {RETRAIN}"
        )
    network.load_state_dict(state)
    return network.double().eval().requires_grad_(False), record


def main():
    """Train all encoders and store them."""
    torch.set_num_threads(1)  # matrices this small are slower on more
    X = (load("digits").raw / 16).float()
    for name, train in TRAINERS.items():
        network, record = train(X)
        store(name, network, record)
        print(name, json.dumps(record))


if __name__ == "__main__":
    sys.exit(main())
