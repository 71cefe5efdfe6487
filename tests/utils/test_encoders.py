"""Stored encoders: what they reach, how they are trained, and files that must be refused."""

import hashlib
import re
import shutil

import pytest
import torch
from safetensors.torch import save

from utils.data import encoders
from utils.data.encoders import WEIGHTS, augment, checksums, encoder, load_encoder, store


@pytest.fixture
def folder(tmp_path):
    for path in WEIGHTS.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


def test_stored_files_are_those_noted():
    assert set(checksums()) == {"autoencoder.safetensors", "information.safetensors"}
    for name in encoders.TRAINERS:
        network, record = load_encoder(name)
        assert record["seed"].isdigit()
        assert {p.dtype for p in network.parameters()} == {torch.float64}
        assert not network.training


def test_a_file_that_was_touched_is_refused(folder):
    path = folder / "information.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"information\.safetensors is not the file noted"):
        load_encoder("information", folder)


def test_a_missing_file_says_how_to_get_it(folder):
    (folder / "information.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"is missing in .*python -m utils\.data\.encoders"):
        load_encoder("information", folder)


def test_a_file_without_a_checksum_is_refused(folder):
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(ValueError, match="is not the file noted in SHA256SUMS"):
        load_encoder("information", folder)


SPOILED = {
    "shape": ({"1.bias": torch.zeros(3)}, "`1.bias` must have shape (16,); got (3,)."),
    "absent": ({"8.bias": None}, "`8.bias` must have shape (10,); got None."),
    "foreign": ({"9.bias": torch.zeros(3)}, "`9.bias` must have shape None; got (3,)."),
}


@pytest.mark.parametrize("case", SPOILED)
def test_wrong_shapes_are_refused_by_name(folder, case):
    change, message = SPOILED[case]
    state = encoder().state_dict() | change
    state = {key: value for key, value in state.items() if value is not None}
    note(folder, save(state, metadata={"record": "{}"}))
    with pytest.raises(ValueError, match=re.escape(message)):
        load_encoder("information", folder)


def test_what_is_no_safetensors_file_is_refused(folder):
    note(folder, b"nothing of the kind")
    with pytest.raises(ValueError, match=r"information\.safetensors is no safetensors file"):
        load_encoder("information", folder)


def note(folder, content):
    """Write a file of weights whose checksum is right."""
    (folder / "information.safetensors").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  information.safetensors\n", encoding="utf-8")


def test_unknown_name():
    with pytest.raises(ValueError, match="`name` must be one of"):
        load_encoder("supervised")


def test_stored_and_loaded_again(tmp_path):
    network = encoder()
    store("information", network, {"seed": "7"}, tmp_path)
    loaded, record = load_encoder("information", tmp_path)
    assert record == {"seed": "7"}
    for key, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key].float(), value)


def test_augmented_digits_stay_pixels(digits):
    X = (digits.raw[:50] / 16).float()
    seen = augment(X, torch.Generator().manual_seed(0))
    assert seen.shape == X.shape
    assert 0 <= seen.min() < seen.max() <= 1
    assert torch.equal(seen, augment(X, torch.Generator().manual_seed(0)))
    assert not torch.equal(seen, augment(X, torch.Generator().manual_seed(1)))


def test_training_is_repeatable_and_lowers_the_objective(digits, capsys):
    X = (digits.raw[:240] / 16).float()
    networks, records = zip(
        *(encoders.train_information(X, epochs=2, seeds=(0, 1)) for _ in range(2)), strict=True
    )
    assert records[0] == records[1]
    for one, other in zip(*(n.parameters() for n in networks), strict=True):
        assert torch.equal(one, other)
    start = encoders.information(encoder(), X, torch.Generator().manual_seed(0)).item()
    assert float(records[0]["objective"]) < start
    assert float(records[0]["objective"]) == min(map(float, records[0]["tried"].split(", ")))
    first, second = (encoders.train_autoencoder(X, epochs=e)[1]["objective"] for e in (1, 6))
    assert float(second) < float(first)
    assert "information" in capsys.readouterr().err, "progress is shown"
