"""Starting structures for the DFT jobs, from GFN2-xTB: conformers, scan points, places of Li+.

    python -m derivation.starts          writes derivation/starts.xyz (some minutes)

The file is committed, so that the DFT jobs are the same ones for everybody. Names: `PAB-n3-c1` conformers,
`PAB-n3-t2@+060` scan points, `Li-PAB-n3-s1` complexes.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from derivation.oligomers import Oligomer, coordinates_A, oligomer
from derivation.optimise import optimise, xtb_gradient
from derivation.xyz_file import Structure, read, text_of

STARTS = Path(__file__).parent / "starts.xyz"
CONFORMERS = {3: 4, 4: 4, 5: 2}  # units: number of conformers
TRIALS = 50  # built backbones tried per chain; fewer when there are fewer combinations
ROTAMERS_DEG = {"PAB": (60.0, 180.0, -60.0), "PIB": (0.0, 180.0)}
SCAN_UNITS, SCAN_STEP_DEG = 3, 30
SITES_PER_CONFORMER = 3
SMALL = ("DME", "DOL", "EC", "TFSI")  # what else holds Li+; from molecules/<name>/<name>.pdb
KJ_PER_MOL = 2625.4996  # per Hartree, CODATA 2022
SAME_KJ_PER_MOL, SAME_A = 0.3, 0.15  # two structures closer than both are one

Found = tuple[float, Structure]


def main() -> int:
    """Write the starting structures that are missing; progress goes to standard error."""
    for kind in ("PAB", "PIB"):
        _add(f"{kind}-n{SCAN_UNITS}-c", partial(conformers, kind, SCAN_UNITS, CONFORMERS[SCAN_UNITS]))
        bare = [one for name, one in read(STARTS).items() if name.startswith(f"{kind}-n{SCAN_UNITS}-c")]
        _add(f"Li-{kind}-", partial(sites, kind, bare))
        _add(f"{kind}-n{SCAN_UNITS}-t", partial(scan_points, kind, bare[-1]))
    _add("AB", ammonia_borane)
    _add("Li$", lambda: iter([Structure("Li", ("Li",), np.zeros((1, 3)))]))
    for name in SMALL:
        _add(name, partial(small_molecule, name))
    for units, kind in itertools.product((4, 5), ("PIB", "PAB")):
        _add(f"{kind}-n{units}-c", partial(conformers, kind, units, CONFORMERS[units]))
    return 0


def _add(pattern: str, make: Callable[[], Iterator[Structure]]) -> None:
    """Append what `make` yields, unless structures whose names begin with this pattern are there."""
    if STARTS.exists() and any(re.match(pattern, name) for name in read(STARTS)):
        return
    made = list(make())
    with STARTS.open("a", encoding="ascii") as file:
        file.writelines(text_of(one) for one in made)


def conformers(kind: str, units: int, count: int) -> Iterator[Structure]:
    """Yield distinct minima: half of them the most stable ones, half the most extended ones of the others."""
    chain = oligomer(kind, units)
    found = _distinct(_relaxed_backbones(chain))
    found.sort(key=lambda one: one[0])
    stable = found[: (count + 1) // 2]
    rest = sorted(found[len(stable) :], key=lambda one: -_end_to_end_A(chain, one[1]))
    for number, (energy, one) in enumerate([*stable, *rest[: count - len(stable)]], start=1):
        above = (energy - found[0][0]) * KJ_PER_MOL
        said = {"GFN2_kJ_per_mol": f"{above:.1f}", "end_to_end_A": f"{_end_to_end_A(chain, one):.2f}"}
        print(f"{kind}-n{units}-c{number} of {len(found)}: {said}", file=sys.stderr, flush=True)
        yield Structure(f"{kind}-n{units}-c{number}", one.symbols, one.xyz_A, said)


def scan_points(kind: str, reference: Structure) -> Iterator[Structure]:
    """Yield, for each backbone torsion, 12 structures with it held at 30 degree steps, all from one reference.

    The reference is the most extended conformer. PAB folds on the way round all the same: at some angles another
    torsion jumps and the chain ends in its coil (`scans.connected` leaves these out). PIB's bonds hold it straight.
    """
    chain = oligomer(kind, SCAN_UNITS)
    for number, torsion in enumerate(chain.torsions, start=1):
        for angle in range(-180 + SCAN_STEP_DEG, 181, SCAN_STEP_DEG):
            name = f"{kind}-n{SCAN_UNITS}-t{number}@{angle:+04d}"
            turned = Structure(name, reference.symbols, _turned(chain, reference.xyz_A, torsion, angle))
            relaxed, _, _ = optimise(turned, xtb_gradient(turned, 0), "scan", (torsion, float(angle)))
            atoms = ",".join(map(str, torsion))
            yield Structure(name, relaxed.symbols, relaxed.xyz_A, {"torsion": atoms, "held_deg": str(angle)})


def ammonia_borane() -> Iterator[Structure]:
    """Yield H3N-BH3 and its complex with Li+ at the hydridic side."""
    chain = oligomer("PAB", 1)
    built = Structure("AB-c1", chain.symbols, coordinates_A(chain, []))
    bare = optimise(built, xtb_gradient(built, 0))[0]
    yield bare
    yield Structure("Li-AB-s1", ("Li", *bare.symbols), _with_li(bare, 0)[0][1].xyz_A)


def small_molecule(name: str) -> Iterator[Structure]:
    """Yield the best complex with Li+, the molecule as it is in there without Li+, and the molecule of the PDB file."""
    lines = (STARTS.parents[1] / "molecules" / name / f"{name}.pdb").read_text(encoding="ascii").splitlines()
    rows = [line for line in lines if line.startswith(("ATOM", "HETATM"))]
    symbols = tuple(row[12:16].strip()[0] for row in rows)
    xyz_A = np.array([[float(row[i : i + 8]) for i in (30, 38, 46)] for row in rows])
    charge_e = -1 if name == "TFSI" else 0
    asis = Structure(f"{name}-c1", symbols, xyz_A)
    bare = optimise(asis, xtb_gradient(asis, charge_e))[0]
    best = _with_li(bare, charge_e)[0][1]
    left = Structure(f"{name}-c2", symbols, best.xyz_A[1:])
    yield bare
    yield optimise(left, xtb_gradient(left, charge_e))[0]
    yield Structure(f"Li-{name}-s1", best.symbols, best.xyz_A)


def _with_li(bare: Structure, charge_e: int) -> list[Found]:
    """Complexes relaxed from Li+ at every place about the molecule, its bonds intact, the most stable first."""
    found: list[Found] = []
    for place in _places_A(bare):
        start = Structure("trial", ("Li", *bare.symbols), np.vstack([place, bare.xyz_A]))
        try:
            one, energy, _ = optimise(start, xtb_gradient(start, charge_e + 1), "scan")
        except RuntimeError:
            continue
        if _same_bonds(bare, one):
            found.append((energy, one))
    return sorted(found, key=lambda one: one[0])


def sites(kind: str, bare: Sequence[Structure]) -> Iterator[Structure]:
    """Yield complexes with Li+: for the most stable and the most extended conformer, the distinct best places."""
    number = 0
    for conformer in (bare[0], bare[-1]):
        found = _with_li(conformer, 0)
        for energy, one in _different_partners(found)[:SITES_PER_CONFORMER]:
            number += 1
            said = {"conformer": conformer.name, "GFN2_kJ_per_mol": f"{(energy - found[0][0]) * KJ_PER_MOL:.1f}"}
            partners = _partners(one)
            said["near_Li"] = ",".join(map(str, partners))
            print(f"Li-{kind} s{number}: {said}", file=sys.stderr, flush=True)
            yield Structure(f"Li-{kind}-n{SCAN_UNITS}-s{number}", one.symbols, one.xyz_A, said)


def _relaxed_backbones(chain: Oligomer) -> Iterator[Found]:
    rng = np.random.default_rng(len(chain.symbols))
    choices = list(itertools.product(ROTAMERS_DEG[chain.kind], repeat=len(chain.torsions)))
    picked = choices if len(choices) <= TRIALS else [choices[i] for i in rng.permutation(len(choices))[:TRIALS]]
    if picked is not choices:  # the all-gauche helices and the zigzag are always among them
        picked += [tuple([angle] * len(chain.torsions)) for angle in ROTAMERS_DEG[chain.kind]]
    for torsions in picked:
        # Planar PIB is nudged, so that it leaves a saddle point when there is one.
        built = coordinates_A(chain, [t + rng.normal(scale=8.0) for t in torsions])
        start = Structure("trial", chain.symbols, built)
        try:
            one, energy, _ = optimise(start, xtb_gradient(start, 0))
        except RuntimeError:
            continue
        if _bonded(chain, one):
            yield energy, one


def _distinct(found: Iterator[Found]) -> list[Found]:
    """Keep one of each set of structures that agree in energy and in all sorted distances (mirror images too)."""
    kept: list[Found] = []
    for energy, one in found:
        twin = any(
            abs(energy - other) * KJ_PER_MOL < SAME_KJ_PER_MOL
            and np.abs(distance_print(one) - distance_print(same)).max() < SAME_A
            for other, same in kept
        )
        if not twin:
            kept.append((energy, one))
    return kept


def distance_print(one: Structure) -> NDArray[np.float64]:
    """Return all distances in angstrom, sorted: the same for a structure, however numbered, and its mirror image."""
    return np.sort(_distances(one.xyz_A)[np.triu_indices(len(one.symbols), 1)])


def _distances(xyz_A: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(xyz_A[:, None] - xyz_A[None], axis=2))


def _bonded(chain: Oligomer, one: Structure) -> bool:
    """No bond is broken and none is new: oligomers in vacuum may close rings or lose H2."""
    distances = _distances(one.xyz_A)
    heavy = set(chain.backbone)
    made = {(i, j) for i, j in itertools.combinations(sorted(heavy), 2) if distances[i, j] < 1.9}
    hydrogens = [i for i in range(len(one.symbols)) if i not in heavy]
    h_h = min(distances[i, j] for i, j in itertools.combinations(hydrogens, 2))
    wanted = {tuple(sorted(pair)) for pair in chain.bonds if set(pair) <= heavy}
    return made == wanted and h_h > 1.2 and all(distances[i, j] < 1.9 for i, j in chain.bonds)


def _end_to_end_A(chain: Oligomer, one: Structure) -> float:
    return float(np.linalg.norm(one.xyz_A[chain.backbone[0]] - one.xyz_A[chain.backbone[-1]]))


def _turned(
    chain: Oligomer, xyz_A: NDArray[np.float64], torsion: tuple[int, int, int, int], angle_deg: float
) -> NDArray[np.float64]:
    """Turn everything behind the torsion's middle bond until the torsion has the angle."""
    _, b, c, _ = torsion
    behind = {c}
    while True:
        more = {j for i, j in (*chain.bonds, *[(j, i) for i, j in chain.bonds]) if i in behind and j != b} - behind
        if not more:
            break
        behind |= more
    axis = (xyz_A[c] - xyz_A[b]) / np.linalg.norm(xyz_A[c] - xyz_A[b])
    turn = np.radians(angle_deg - torsion_deg(xyz_A, torsion))
    moved = xyz_A.copy()
    for i in behind:
        r = xyz_A[i] - xyz_A[c]
        along = axis * (axis @ r)
        moved[i] = xyz_A[c] + along + np.cos(turn) * (r - along) + np.sin(turn) * np.cross(axis, r)
    return moved


def torsion_deg(xyz_A: NDArray[np.float64], torsion: Sequence[int]) -> float:
    """Return a torsion in degrees, 0 for cis, positive clockwise along the middle bond (IUPAC)."""
    p = [xyz_A[i] for i in torsion]
    b1, b2, b3 = p[1] - p[0], p[2] - p[1], p[3] - p[2]
    n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
    return float(np.degrees(np.arctan2(np.cross(n1, n2) @ b2 / np.linalg.norm(b2), n1 @ n2)))


def _places_A(one: Structure) -> Iterator[NDArray[np.float64]]:
    """Yield about 30 points 1.9 to 2.2 angstrom outside the nearest atom, spread evenly."""
    rng = np.random.default_rng(7)
    kept: list[NDArray[np.float64]] = []
    for _ in range(20000):
        point = one.xyz_A[rng.integers(len(one.symbols))] + rng.normal(scale=2.5, size=3)
        nearest = np.linalg.norm(one.xyz_A - point, axis=1).min()
        if 1.9 < nearest < 2.2 and all(np.linalg.norm(point - other) > 1.6 for other in kept):
            kept.append(point)
            yield point
        if len(kept) == 30:
            return


def _partners(one: Structure) -> tuple[int, ...]:
    """Atoms of the chain (its own numbering) that Li+ touches."""
    distances = np.linalg.norm(one.xyz_A[1:] - one.xyz_A[0], axis=1)
    reach = {"H": 2.2, "B": 2.4, "N": 2.4}
    return tuple(i for i, (d, s) in enumerate(zip(distances, one.symbols[1:], strict=True)) if d < reach[s])


def _same_bonds(conformer: Structure, one: Structure) -> bool:
    before, after = _distances(conformer.xyz_A), _distances(one.xyz_A[1:])
    limit = 1.9
    return bool(
        np.array_equal(before < limit, after < limit)
        or np.abs(after[before < 1.75] - before[before < 1.75]).max() < 0.3
    )


def _different_partners(found: list[Found]) -> list[Found]:
    kept: dict[tuple[int, ...], Found] = {}
    for one in found:
        heavy = tuple(i for i in _partners(one[1]) if one[1].symbols[i + 1] != "H") or _partners(one[1])
        kept.setdefault(heavy, one)
    return list(kept.values())


if __name__ == "__main__":
    sys.exit(main())
