"""Systems whose answers are known exactly, from seeded generators; lengths in nm, times in ps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

FloatArray = NDArray[np.float64]


def brownian_walkers(n_frames: int, n_walkers: int, d_nm2_per_ps: float, interval_ps: float, seed: int) -> FloatArray:
    """Free walkers, shape (F, M, 3): MSD(t) = 6 D t exactly in the mean, at every lag."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((n_frames, n_walkers, 3)) * np.sqrt(2 * d_nm2_per_ps * interval_ps)
    return np.asarray(steps.cumsum(axis=0))


def ballistic_particles(n_frames: int, n_particles: int, speed: float, interval_ps: float, seed: int) -> FloatArray:
    """Straight flight at one speed (nm/ps) in random directions: MSD(t) = speed^2 t^2 exactly."""
    directions = np.random.default_rng(seed).standard_normal((n_particles, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    times = np.arange(n_frames) * interval_ps
    return np.asarray(speed * times[:, None, None] * directions)


def ornstein_uhlenbeck(
    n_frames: int, n_walkers: int, spread_nm: float, relaxation_ps: float, interval_ps: float, seed: int
) -> FloatArray:
    """Rattling in a fixed harmonic cage, stationary from the start.

    Each component has the standard deviation spread_nm: MSD(t) = 6 spread^2 (1 - exp(-t / relaxation)).
    """
    rng = np.random.default_rng(seed)
    memory = np.exp(-interval_ps / relaxation_ps)
    noise = rng.standard_normal((n_frames, n_walkers, 3)) * np.sqrt(1 - memory**2)
    noise[0] /= np.sqrt(1 - memory**2)
    return spread_nm * np.asarray(lfilter([1.0], [1.0, -memory], noise, axis=0))


def caged_walkers(
    n_frames: int,
    n_walkers: int,
    d_nm2_per_ps: float,
    spread_nm: float,
    relaxation_ps: float,
    interval_ps: float,
    seed: int,
) -> FloatArray:
    """Rattling around a centre that diffuses: MSD(t) = 6 D t + 6 spread^2 (1 - exp(-t / relaxation))."""
    centre = brownian_walkers(n_frames, n_walkers, d_nm2_per_ps, interval_ps, seed)
    cage = ornstein_uhlenbeck(n_frames, n_walkers, spread_nm, relaxation_ps, interval_ps, seed + 500_000)
    return np.asarray(centre + cage)


def paired_walkers(n_frames: int, n_pairs: int, d_nm2_per_ps: float, interval_ps: float, seed: int) -> FloatArray:
    """Two molecules that always move together, in each of n_pairs pairs: half as many independent walkers."""
    return np.repeat(brownian_walkers(n_frames, n_pairs, d_nm2_per_ps, interval_ps, seed), 2, axis=1)


def ar1(n_values: int, correlation_frames: float, seed: int) -> FloatArray:
    """Stationary autoregressive noise, mean 0, variance 1, C(k) = exp(-k / correlation_frames)."""
    rng = np.random.default_rng(seed)
    memory = np.exp(-1.0 / correlation_frames)
    noise = rng.standard_normal(n_values) * np.sqrt(1 - memory**2)
    noise[0] /= np.sqrt(1 - memory**2)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise))


def ideal_gas(n_frames: int, n_particles: int, box_nm: float, seed: int) -> FloatArray:
    """Uniform independent positions in a cubic box, shape (F, N, 3): g(r) = 1, CN(r) = (4/3) pi r^3 N / V."""
    return np.random.default_rng(seed).uniform(0.0, box_nm, (n_frames, n_particles, 3))


def simple_cubic_lattice(n_side: int, spacing_nm: float) -> FloatArray:
    """n_side^3 points, shape (N, 3): 6 neighbours at a, 12 at sqrt(2) a, 8 at sqrt(3) a."""
    axis = np.arange(n_side) * spacing_nm
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float64)


def free_dipoles(n_frames: int, n_dipoles: int, moment: float, seed: int) -> FloatArray:
    """Dipoles that point anywhere, independent of each other and in every frame, (F, N, 3): <M^2> = N moment^2."""
    directions = np.random.default_rng(seed).standard_normal((n_frames, n_dipoles, 3))
    return np.asarray(moment * directions / np.linalg.norm(directions, axis=2, keepdims=True))
