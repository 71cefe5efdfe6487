"""Laws and hard cases of the closed form, against exact fractions written from the formulas."""

import json
import math
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import explain_one

from neon.engine import devices
from neon.engine import relevance as closed_form
from neon.engine.compiled import blas

F64, F32, inf = torch.float64, torch.float32, math.inf
BETAS = [0.0, 1e-3, 1.0, 100.0, 1e300, inf]


@contextmanager
def torch_threads(number):
    """As many threads for `explain`."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    yield
    torch.set_num_threads(before)


def check(X, mu, beta, tolerance=1e-13, **arguments):
    """Compare with the formulas in exact fractions: R relative to max |R|, cluster and logit."""
    X, mu = torch.as_tensor(X), torch.as_tensor(mu)
    R, c, f = closed_form(X, mu, beta, **arguments)
    assert R.dtype == f.dtype == X.dtype
    assert c.dtype == torch.int64
    for i, x in enumerate(X.double().numpy()):
        R0, c0, f0 = explain_one(x.tolist(), mu.double().tolist(), beta)
        assert c[i] == c0
        size = np.abs(R0).max()
        assert np.abs(R[i].double().numpy() - R0).max() <= tolerance * size + 5e-324, (i, R[i], R0)
        assert abs(f[i].double().item() - f0) <= 1e5 * tolerance * abs(f0) + 5e-324
        assert (
            abs(R[i].double().sum().item() - f[i].double().item())
            <= 10 * tolerance * len(x) * size + 5e-324
        )
    return R, c, f


def data(K, D, n=12, seed=0, spread=1.0, dtype=F64):
    g = torch.Generator().manual_seed(seed)
    mu = torch.randn(K, D, generator=g, dtype=F64)
    X = mu[torch.randint(K, (n,), generator=g)] + spread * torch.randn(n, D, generator=g, dtype=F64)
    return X.to(dtype), mu.to(dtype)


@pytest.mark.parametrize(("K", "D"), [(2, 1), (2, 5), (3, 13), (7, 1), (10, 32), (30, 100)])
@pytest.mark.parametrize("beta", BETAS)
def test_equals_exact_fractions(K, D, beta):
    check(*data(K, D), beta)


def test_no_rows():
    X, mu = data(3, 4)
    R, c, f = closed_form(X[:0], mu, 1.0)
    assert R.shape == (0, 4)
    assert c.shape == f.shape == (0,)


def test_out_is_filled_and_returned():
    X, mu = data(3, 4)
    out = torch.full_like(X, torch.nan)
    R, _, _ = closed_form(X, mu, 1.0, out=out)
    assert R is out
    torch.testing.assert_close(out, closed_form(X, mu, 1.0)[0], rtol=0, atol=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X.T.contiguous().T,
        lambda X: torch.cat([X, X], 1)[:, : X.shape[1]],
        lambda X: X.clone().requires_grad_(),
    ],
)
def test_any_memory_layout(make):
    X, mu = data(4, 6, n=300)
    for a, b in zip(closed_form(make(X), mu, 1.0), closed_form(X, mu, 1.0), strict=False):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
        assert not a.requires_grad


@pytest.mark.parametrize("beta", [0.0, 0.1, inf])
@pytest.mark.parametrize("offset", [1e3, 1e6, 1e10])
def test_far_from_the_origin(offset, beta):
    X, mu = data(4, 6)
    check(X + offset, mu + offset, beta)


@pytest.mark.parametrize("distance", [1e3, 1e5, 1e8])
@pytest.mark.parametrize("features", [1, 6])
def test_groups_far_apart(distance, features):
    X, mu = data(6, 6, n=1)
    mu[::2, :features] += distance
    mu[1::2, :features] -= distance
    X = mu.repeat(3, 1) + data(18, 6)[1]
    check(X, mu, 0.1)


@pytest.mark.parametrize("beta", [1e12, 1e14, 1e16, inf])
def test_two_competitors_almost_equally_near(beta):
    """Deep inside its cluster, where only a stiff softmin tells the two apart: f is not small."""
    turn = torch.linalg.qr(data(3, 3, n=3)[0]).Q
    x = torch.tensor([[-0.3 - i / 7, i % 5 * 1e-16, 0.1 * i] for i in range(20)], dtype=F64)
    mu = torch.tensor([[0, 0, 0], [4, 1, 0], [4, -1, 0]], dtype=F64)
    check(x @ turn, mu @ turn, beta)


@pytest.mark.parametrize("spread", [1e-3, 1e-100, 1e-150])
def test_tiny_spread(spread):
    X, mu = data(4, 5)
    check(X * spread, mu * spread, min(0.3 / spread**2, 1e307))


def test_tiny_spread_and_offset():
    X, mu = data(4, 5)
    check(1e4 + 1e-3 * X, 1e4 + 1e-3 * mu, 1e5)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_near_a_boundary(distance, beta):
    """At any point of the boundary, and at the midpoint itself, where R vanishes with f."""
    _, mu = data(4, 5)
    w = mu[0] - mu[1]
    along = torch.randn(5, dtype=F64, generator=torch.Generator().manual_seed(1))
    along -= (along @ w) / (w @ w) * w
    middle = (mu[0] + mu[1]) / 2
    check(
        torch.stack(
            [middle + s * distance * w + t * along for s in (-1, 1) for t in (0, 1e-3, 0.1)]
        ),
        mu,
        beta,
    )


@pytest.mark.parametrize("distance", [1e-6, 1e-9, 1e-12, 1e-14])
@pytest.mark.parametrize("beta", [0.0, 1.0, 1e9, inf])
def test_near_a_point_where_three_clusters_meet(distance, beta):
    mu = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [5.0, 5.0, 5.0]], dtype=F64)
    g = torch.Generator().manual_seed(0)
    X = (
        0.3
        + 0.1 * torch.randn(6, 1, generator=g, dtype=F64)
        + distance * torch.randn(6, 3, generator=g, dtype=F64)
    )
    check(X, mu, beta)
    check(X + 7.1, mu + 7.1, beta)


@pytest.mark.parametrize("beta", BETAS)
def test_ties_go_to_the_lower_index_and_share_equally(beta):
    mu = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]], dtype=F64)
    X = torch.tensor([[0.0, 0], [2, 2], [-3, -3], [0.5, 0], [0, -0.25], [1, 0]], dtype=F64)
    for order in (slice(None), [2, 0, 3, 1]):
        _R, _c, f = check(X, mu[order], beta)
        assert f[:3].eq(0).all()
    assert closed_form(X, mu, beta)[1].tolist()[:3] == [0, 0, 2]


@pytest.mark.parametrize("beta", BETAS)
def test_ties_of_three_that_rounding_would_order_in_a_circle(beta):
    x = torch.tensor([[0.02, 0.02, -0.01, 0.0, -0.02, -0.01, -0.01]], dtype=F64)
    mu = [[4, 1, -1, -1, 0, -1, 0], [0, 1, 1, 0, -1, -1, -2], [0, 1, 0, 2, -1, -1, -1]]
    mu = torch.tensor(mu, dtype=F64) / 100
    for order in permutations(range(3)):
        _, c, f = check(x, mu[list(order)], beta)
        assert (c, f) == (0, 0)


@pytest.mark.parametrize("unit", [0.1, 0.01, 1 / 255])
def test_grids_are_full_of_ties_up_to_rounding(unit):
    g = torch.Generator().manual_seed(0)
    mu = torch.randint(-3, 4, (12, 7), generator=g).to(F64) * unit
    check(torch.randint(-3, 4, (400, 7), generator=g).to(F64) * unit, mu, 1.0)


@settings(max_examples=60)
@given(
    st.integers(2, 6),
    st.integers(1, 4),
    st.sampled_from(BETAS),
    st.integers(0, 10**6),
    st.sampled_from([0, 1000]),
)
def test_integer_data(K, D, beta, seed, offset):
    """Integers are full of exact ties, with the assigned cluster and among competitors."""
    g = torch.Generator().manual_seed(seed)
    mu = offset + torch.randint(-3, 4, (K, D), generator=g).to(F64)
    check(offset + torch.randint(-3, 4, (5, D), generator=g).to(F64), mu, beta)


@pytest.mark.parametrize("beta", BETAS)
def test_twin_centroids(beta):
    X, mu = data(4, 5)
    mu[3] = mu[1]
    R, c, f = check(X, mu, beta)
    assert (c != 3).all()
    assert (c == 1).any()
    assert R[c == 1].eq(0).all()
    assert f[c == 1].eq(0).all()


@pytest.mark.parametrize("beta", BETAS)
def test_all_centroids_equal(beta):
    R, c, f = closed_form(torch.randn(5, 3, dtype=F64), torch.ones(4, 3, dtype=F64), beta)
    assert R.eq(0).all()
    assert c.eq(0).all()
    assert f.eq(0).all()


@pytest.mark.parametrize("beta", [0.0, 1e-300, inf])
@pytest.mark.parametrize("scale", [1e60, 1e120, 1e150])
def test_large_values(scale, beta):
    X, mu = data(4, 5)
    check(X * scale, mu * scale, beta)


@pytest.mark.parametrize(("dtype", "scale"), [(F64, 1e160), (F64, 1e300), (F32, 1e25), (F32, 1e38)])
def test_overflow_is_an_error_never_nan(dtype, scale):
    X, mu = data(4, 5)
    with pytest.raises(OverflowError, match="Rescale the data"):
        closed_form((X * scale).to(dtype), (mu * scale).to(dtype), 1.0)


def test_one_huge_outlier():
    X, mu = data(4, 5)
    X[3] *= 1e200
    check(X, mu, 1.0)


@pytest.mark.parametrize(("dtype", "scale"), [(F64, 1e-160), (F64, 5e-324), (F32, 1e-24)])
def test_underflow_is_an_error_never_zero(dtype, scale):
    X, mu = data(4, 5)
    with pytest.raises(OverflowError, match="Rescale the data"):
        closed_form((X * scale).to(dtype), (mu * scale).to(dtype), 1.0)


@pytest.mark.parametrize(
    ("offset", "scale"), [(0, 1), (1e3, 1), (0, 1e-15), (0, 1e15), (-30, 1e-2)]
)
@pytest.mark.parametrize("beta", [0.0, 1.0, inf])
def test_float32(offset, scale, beta):
    X, mu = data(5, 8, n=40, dtype=F64)
    X, mu = (offset + scale * X).float(), (offset + scale * mu).float()
    check(X, mu, beta / scale**2, tolerance=1e-7)


def test_float32_near_a_boundary_keeps_float64_centroids():
    _, mu = data(3, 4)
    X = (
        (mu[0] + mu[1]) / 2
        + 1e-6 * torch.randn(20, 4, dtype=F64, generator=torch.Generator().manual_seed(0))
    ).float()
    check(X, mu, 1.0, tolerance=1e-7)


def test_given_labels_are_kept():
    X, mu = data(4, 5, n=400)
    R, c, f = closed_form(X, mu, 1.0)
    R1, c1, f1 = closed_form(X, mu, 1.0, cluster=c)
    for a, b in ((R, R1), (c, c1), (f, f1)):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert c1 is not c


@pytest.mark.parametrize("beta", BETAS)
def test_outside_its_cluster_conserves_and_stays_bounded(beta):
    X, mu = data(4, 5, n=400)
    labels = torch.arange(400) % 4
    R, c, f = closed_form(X, mu, beta, cluster=labels)
    assert torch.equal(c, labels)
    assert (f < 0).any()
    assert R.isfinite().all()
    torch.testing.assert_close(R.sum(1), f, rtol=1e-12, atol=1e-12)
    d = (X[:, None] - mu).square().sum(2)
    h = d - d.gather(1, labels[:, None])
    torch.testing.assert_close(
        f, h.scatter(1, labels[:, None], inf).amin(1), rtol=1e-10, atol=1e-10
    )
    assert R.abs().sum(1).max() < 100


@pytest.mark.parametrize("beta", [0.0, 1.0, inf])
def test_continuous_where_a_label_stops_being_the_nearest(beta):
    _, mu = data(4, 5)
    w, middle = mu[0] - mu[1], (mu[0] + mu[1]) / 2
    along = torch.tensor([0.1, -0.1, 0.1, 0.1, -0.1], dtype=F64)
    along -= (along @ w) / (w @ w) * w
    X = middle + along + torch.tensor([[1e-10], [-1e-10]], dtype=F64) * w
    R, _, f = closed_form(X, mu, beta, cluster=torch.tensor([0, 0]))
    assert f[0] > 0 > f[1]
    torch.testing.assert_close(R[0], R[1], rtol=0, atol=1e-8)


sizes = st.tuples(st.integers(2, 9), st.integers(1, 12), st.integers(0, 10**6))
betas = st.sampled_from([*BETAS[:4], inf])
laws = settings(max_examples=40)


def assert_same(R, S, tolerance=1e-12):
    size = S.abs().amax(1, keepdim=True)
    torch.testing.assert_close(R / size, S / size, rtol=0, atol=tolerance)


@laws
@given(sizes, betas, st.floats(-1e6, 1e6), st.sampled_from([F64, F32]))
def test_law_conservation(size, beta, offset, dtype):
    X, mu = data(*size[:2], seed=size[2])
    R, _, f = closed_form((X + offset).to(dtype), (mu + offset).to(dtype), beta)
    eps = torch.finfo(dtype).eps
    assert (
        (R.double().sum(1) - f.double()).abs()
        <= 4 * eps * R.double().abs().sum(1) + 400 * 2.3e-16 * f.double()
    ).all()
    assert (f >= 0).all()


@laws
@given(sizes, betas, st.integers(-(2**30), 2**30))
def test_law_translation(size, beta, shift):
    X, mu = (
        a.mul(2**16).round() / 2**16 for a in data(*size[:2], seed=size[2])
    )  # exact after the shift
    R, c, _f = closed_form(X, mu, beta)
    S, e, _g = closed_form(X + shift, mu + shift, beta)
    assert torch.equal(c, e)
    assert_same(S, R)


@laws
@given(sizes, betas, st.randoms())
def test_law_relabelling_and_feature_permutation(size, beta, random):
    X, mu = data(*size[:2], seed=size[2])
    k, i = (torch.tensor(random.sample(range(n), n)) for n in mu.shape)
    R, c, _f = closed_form(X, mu, beta)
    S, e, _g = closed_form(X[:, i], mu[k][:, i], beta)
    assert torch.equal(k[e], c)
    assert_same(S, R[:, i])


@laws
@given(
    sizes, st.sampled_from([0.0, 1e-2, 1.0, 50.0, inf]), st.sampled_from([2.0**-30, 0.5, 3.0, 1e5])
)
def test_law_scaling(size, beta, s):
    X, mu = data(*size[:2], seed=size[2])
    R, c, _ = closed_form(X, mu, beta)
    S, e, _ = closed_form(s * X, s * mu, beta / s**2)
    assert torch.equal(c, e)
    assert_same(S / s**2, R, 1e-10)  # rounding s * x is itself amplified near boundaries


@laws
@given(sizes, betas)
def test_law_equal_centroids_give_a_feature_nothing(size, beta):
    X, mu = data(size[0], size[1] + 1, seed=size[2])
    mu[:, 0] = 0.1
    R, _, _ = closed_form(X, mu, beta)
    assert (R[:, 0].abs() <= 1e-13 * R.abs().amax(1)).all()


@laws
@given(st.integers(1, 12), st.integers(0, 10**6))
def test_law_two_clusters_do_not_depend_on_beta(D, seed):
    X, mu = data(2, D, seed=seed)
    R, c, _ = closed_form(X, mu, 0.0)
    for beta in BETAS:
        assert_same(closed_form(X, mu, beta)[0], R, 1e-15)
    other = mu[1 - c]
    assert_same((mu[c] - other) * (2 * X - mu[c] - other), R, 1e-10)


@laws
@given(sizes)
def test_law_infinite_beta_is_the_nearest_competitor(size):
    X, mu = data(*size[:2], seed=size[2])
    R, c, _ = closed_form(X, mu, inf)
    k = (X[:, None] - mu).square().sum(2).scatter(1, c[:, None], inf).argmin(1)
    assert_same(R, (mu[c] - mu[k]) * (2 * X - mu[c] - mu[k]), 1e-9)


def difficult_rows(K, D, n, dtype=F64):
    """Rows of all sorts: easy, on boundaries, huge."""
    X, mu = data(K, D, n=n, spread=2.0)
    X[::7] = (mu[0] + mu[1]) / 2 + 1e-9 * X[::7]
    X[5::11] = mu[0]
    X[3::13] *= 1e5
    return X.to(dtype), mu


@pytest.mark.parametrize("dtype", [F64, F32])
@pytest.mark.parametrize(("K", "D"), [(2, 1), (2, 5), (3, 13), (10, 32), (37, 300), (100, 512)])
def test_same_bits_for_any_threads_and_any_chunks(K, D, dtype):
    X, mu = difficult_rows(K, D, 700 if D > 100 else 20_000, dtype)
    whole = closed_form(X, mu, 0.1)
    for threads in (2, 3):
        with torch_threads(threads):
            for a, b in zip(closed_form(X, mu, 0.1), whole, strict=True):
                assert torch.equal(a, b)
    some = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    for a, b in zip(closed_form(X[some], mu, 0.1), whole, strict=False):
        assert torch.equal(a, b[some])
    for size in (1, 2, 7, 64, 333):
        for start in (0, 5, 13, 400 // size * size):
            rows = slice(start, start + size)
            for a, b in zip(closed_form(X[rows], mu, 0.1), whole, strict=False):
                assert torch.equal(a, b[rows])


def test_concurrent_calls_restore_the_settings_of_the_process():
    def limits():
        return [library.num_threads for library in blas()]

    before, (X, mu) = limits(), data(3, 13, n=20_000)
    with torch_threads(2):
        calls = [threading.Thread(target=closed_form, args=(X, mu, 1.0)) for _ in range(6)]
        [call.start() for call in calls]
        [call.join() for call in calls]
    assert limits() == before


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("labels", ["none", "own", "others"])
def test_plain_torch_for_other_devices_gives_the_same(beta, labels):
    X, mu = difficult_rows(5, 8, 3000)
    given = torch.arange(3000) % 5 if labels == "others" else None
    R, c, f = closed_form(X, mu, beta, cluster=given)
    S, e, g = devices.relevance(X, mu, beta, cluster=c if labels == "own" else given)
    assert torch.equal(c, e)
    size = R.abs().amax(1, keepdim=True)
    torch.testing.assert_close(S / size, R / size, rtol=0, atol=2e-13)
    torch.testing.assert_close(g, f, rtol=1e-8, atol=0)


def run(code, **environment):
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, text=True, timeout=300,
        capture_output=True, check=True,
    ).stdout  # fmt: skip


CODE = "import neon, numpy as np; mu, X = np.eye(3), np.arange(12.0).reshape(4, 3) / 7;"
CODE += " print([neon.explain(mu, X).relevance.tolist(), neon.counterfactual(mu, X).tolist()])"


def test_without_compilation_and_with_a_damaged_cache(tmp_path):
    right = run(CODE)
    slow = run(CODE, NUMBA_DISABLE_JIT="1")
    np.testing.assert_allclose(json.loads(slow), json.loads(right), rtol=1e-12, atol=1e-14)
    folder = tmp_path / "cache"
    assert run(CODE, NUMBA_CACHE_DIR=str(folder)) == right
    for file in folder.rglob("*.nb?"):
        file.write_bytes(b"damaged")
    assert run(CODE, NUMBA_CACHE_DIR=str(folder)) == right


def test_a_forked_pool_does_not_hang():
    code = "import multiprocessing, torch; torch.set_num_threads(2); " + CODE
    code += "; X = np.random.default_rng(0).random((200_000, 3)); neon.explain(mu, X); "
    code += "print(multiprocessing.get_context('fork').Pool(1).apply(neon.beta_heuristic, (mu, X)))"
    run(code, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
