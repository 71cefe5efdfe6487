"""The nearest point outside a union of Voronoi cells: projections on the other cells.

Source: Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23, for the projection as
a non-negative least squares problem.
"""

import numpy as np

EPS = np.finfo(float).eps


def leave(x, inside, v, t):
    """Nearest point (D,) to x, which lies inside, that is no nearer to its group than to others.

    The outside is the union of the cells of the other codewords, each of them convex, so that the
    nearest of the projections on them is exact. Each cell k lies beyond the plane between k and
    the codeword nearest to x, which bounds its distance from below: few cells need a projection.

    Args:
        x: (D,) point.
        inside: (M,) which codewords are of the group.
        v: (M, D) slopes.
        t: (M,) levels: the distance to codeword m is v_m·x + t_m and what is the same for all.

    Example:
        >>> mu = np.array([[0.0, -1.0], [0.0, 1.0], [2.0, 0.0]])    # the third meets a bay
        >>> inside, v, t = np.array([True, True, False]), -2 * mu, (mu**2).sum(1)
        >>> leave(np.array([0.0, 0.1]), inside, v, t).round(3)
        array([0.75, 0.  ])
    """
    at_x, outside = v @ x + t, np.flatnonzero(~inside)
    own = np.flatnonzero(inside)[at_x[inside].argmin()]
    w, h = v[outside] - v[own], at_x[outside] - at_x[own]
    width = np.linalg.norm(w, axis=1)
    width[width == 0] = 1  # twins: their h is 0
    bound, unit = h / width, w / width[:, None]
    best, shortest = x, np.inf
    for i in bound.argsort():
        if bound[i] >= shortest:
            break
        step = -bound[i] * unit[i]
        at_y = at_x + v @ step
        if at_y[inside].min() < at_y[outside[i]] - 16 * EPS * np.abs(at_y).max():
            step = step_into(x, outside[i], v, t)  # the plane is met within the group
        length = np.linalg.norm(step)
        if length < shortest:
            best, shortest = x + step, length
    return best


def step_into(x, k, v, t):
    """The shortest step u (D,) from x into the cell of codeword k; inf where there is none.

    Least ‖u‖ with G u ≥ g, where row j of G u − g is how much nearer x + u is to k than to j.
    """
    from scipy.optimize import nnls

    G = np.delete(v - v[k], k, 0)
    g = np.delete(v[k] @ x + t[k] - (v @ x + t), k)
    length = np.linalg.norm(G, axis=1)
    G, g = G[length > 0] / length[length > 0, None], g[length > 0] / length[length > 0]
    system = np.vstack([G.T, g])
    target = np.zeros(len(system))
    target[-1] = 1
    rest = system @ nnls(system, target)[0] - target
    return -rest[:-1] / rest[-1] if rest[-1] < 0 else np.full_like(x, np.inf)
