"""Results folders made of known numbers, for tests of the report."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.table import POOLED_COLUMNS, Row, row, write_csv

ETHER = "dol-dme-litfsi"
CARBONATE = "ec-dec-lipf6"
SIX = [f"{base}{suffix}" for base in (ETHER, CARBONATE) for suffix in ("", "-pab", "-pib")]
_SITES = {
    "DOL": [("O", "O")],
    "DME": [("O", "O")],
    "TFSI": [("O", "O"), ("N", "N"), ("F", "F")],
    "EC": [("O_carbonyl", "O"), ("O_ether", "O")],
    "DEC": [("O_carbonyl", "O"), ("O_ether", "O")],
    "PF6": [("F", "F"), ("P", "P")],
    "PAB": [("N_head", "N"), ("B_middle", "B"), ("HB_middle", "HB"), ("N_tail", "N")],
    "PIB": [("N_middle", "N"), ("B_middle", "B"), ("HB_middle", "HB")],
}
DENSITY = (1131.234, 2.345)
D_LITHIUM = (0.8123, 0.0967)


_LENGTHS = {
    "protocol": "paper",
    "timestep_fs": 2.0,
    "hydrogen_mass_u": 1.008,
    "frame_interval_ps": 1.0,
    "production_ns": 10.0,
    "production_ns_done": 10.0,
}
_PROVENANCE = {
    "versions": {"gromacs": "2022.5", "packmol": "20.14", "sheath": "0.1.0"},
    "hashes": {"build": "b0b0", "equilibration": "e1e1", "production": "c2c2"},
}

MISFITS = [
    {"criterion": "bond length", "reached": 0.035, "limit": 0.02, "unit": "angstrom"},
    {"criterion": "torsion of <B-N>", "reached": 2.5, "limit": 1.0, "unit": "kJ/mol"},
    {"criterion": "error", "reached": 0.18, "limit": 0.15, "unit": "1"},
]
MISFITS_OF = {
    "PAB": MISFITS,
    "DEC": [{"criterion": "heat of vaporisation", "reached": 7.2, "limit": 5.0, "unit": "%"}],
}


def make_run(system: str, *, replica: int = 1, preview: bool = False, title: str | None = None) -> dict[str, Any]:
    """Return a run.json for one of the six systems."""
    ether = system.startswith(ETHER)
    base = ETHER if ether else CARBONATE
    chain = {"-pab": "PAB", "-pib": "PIB"}.get(system.removeprefix(base))
    solvents, anion = (["DOL", "DME"], "TFSI") if ether else (["EC", "DEC"], "PF6")
    species = [_species("Li", "cation", 40), _species(anion, "anion", 40)]
    species += [_species(name, "solvent", 180) for name in solvents]
    species += [_species(chain, "polymer", 14)] if chain else []
    return {
        "schema": 1,
        "system": system,
        "title": title
        or f"1 M {'LiTFSI in DOL/DME' if ether else 'LiPF6 in EC/DEC'}{f' with {chain}' if chain else ''}",
        "base": base if chain else None,
        "replica": replica,
        "preview": preview,
        "provisional": [chain] if chain else [],
        "temperature_K": 298.0,
        "pressure_atm": 1.0,
        "cation": "Li",
        "structure": "conf.gro",
        "trajectory": "traj.xtc",
        "cutoff_nm": 1.0 if preview else 1.2,
        "mixing_rule": "lorentz-berthelot",
        "monomers": 10 if chain else None,
        **_LENGTHS,
        "species": species,
        "sites": [
            {"label": f"{site}({s['name']})", "species": s["name"], "kind": kind, "atoms": [0]}
            for s in species
            for site, kind in _SITES.get(s["name"], [])
        ],
        "stages": [{"name": "nvt", "ensemble": "NVT", "temperature_K": 298.0, "length_ps": 100.0}],
        "composition": _composition(species, bool(chain)),
        "chain_sequences": ["cttct", "ttcct"] if chain == "PIB" else None,
        **_PROVENANCE,
        "seeds": {"packing": 11 * replica, "velocities": 17},
    }


def _composition(species: list[dict[str, Any]], with_chains: bool) -> dict[str, Any]:
    return {
        "asked": {"mol_per_L": 1.0, "volume_ratio": [1, 1]},
        "reached": {"mol_per_L": 1.0021, "mol_per_L_solvent": 1.1163, "volume_ratio": [1.0, 0.9876]},
        "counts": {s["name"]: s["count"] for s in species},
        "predicted_density_kg_per_m3": 1130.0,
        "mass_u": 45000.0,
        "warnings": ["the box rounds <badly>"] if with_chains else [],
    }


def _species(name: str, role: str, count: int) -> dict[str, Any]:
    status = "provisional" if role == "polymer" else "literature"
    return {
        "name": name,
        "title": f"{name} molecule",
        "role": role,
        "count": count,
        "status": status,
        "charge_e": 0.0,
        "masses_u": [1.0],
        "charges_e": [0.0],
        "names": ["X"],
        "bonds": [],
        "misfits": MISFITS_OF.get(name, []),
    }


def make_tables(run: dict[str, Any], *, subdiffusive: bool = False) -> dict[str, list[Row]]:
    """Return rows per observable whose numbers the tests know."""
    labels = [f"Li-{site['label']}" for site in run["sites"]]
    names = [species["name"] for species in run["species"]]
    return {
        "thermodynamics": _thermodynamics(run),
        "coordination": _coordination(run, labels),
        "rdf": [one for rank, label in enumerate(labels) for one in _shell(label, 0.2 + 0.02 * rank)],
        "diffusion": [one for name in names for one in _motion(name, run["preview"], subdiffusive)],
        "stationarity": _stationarity(run["preview"]),
    }


def _thermodynamics(run: dict[str, Any]) -> list[Row]:
    rows = [
        row("density", "", DENSITY[0], "kg/m^3", DENSITY[1]),
        row("box_edge_min", "", 3.9123, "nm"),
        row("temperature", "", 298.04, "K", 0.21),
        row("volume", "", 64.0, "nm^3", 0.1),
        row("salt_concentration", "mol_per_L", 0.99731, "mol/L", 0.0021),
    ]
    if run["monomers"]:
        rows.append(row("chain_apparent_volume", "", 0.412, "nm^3", 0.031))
    else:
        rows.append(row("density_deviation", "", -0.52, "%", 0.21))
    for label, level in (("equilibration", 900.0), ("production", 1131.0)):
        rows += [
            row("density_series", label, level + 8 * math.sin(t), "kg/m^3", x=10.0 * t, x_unit="ps") for t in range(400)
        ]
    return rows


def _coordination(run: dict[str, Any], labels: Sequence[str]) -> list[Row]:
    rows = [row("cn", label, 1.2345 + rank, "1", 0.0456) for rank, label in enumerate(labels)]
    for label in labels:
        rows += [row("cn_band", label, 1.2 + x, "1", 0.05, x=x, x_unit="nm") for x in (0.26, 0.3)]
        rows.append(row("cn_integral", label, 1.2345, "1", 0.0456))
    rows.append(row("cn_total", "Li-all", 4.567, "1", 0.123))
    for species in run["species"][1:]:
        label = f"Li-{species['name']}"
        rows.append(row("cn_molecule", label, 1.1, "1", 0.04, note="" if species["count"] > 20 else "no contact"))
        rows += [
            row("cn_molecule_series", label, 1.1 + 0.1 * math.cos(t / 9), "1", x=20.0 * t, x_unit="ps")
            for t in range(500)
        ]
    return rows


def _shell(label: str, peak_nm: float) -> list[Row]:
    r = np.arange(0.001, 0.9, 0.004)
    g = 9 * np.exp(-(((r - peak_nm) / 0.012) ** 2)) + 1 / (1 + np.exp(-(r - 0.45) / 0.03))
    cn = np.cumsum(g * r**2) * 1.2
    rows = [row("g", label, b, "1", 0.05 * b, a, "nm") for a, b in zip(r, g, strict=True)]
    rows += [row("running_cn", label, b, "1", 0.02 * b, a, "nm") for a, b in zip(r, cn, strict=True)]
    far = "beyond the contact distance of 0.28 nm" if peak_nm > 0.28 else ""
    minimum = row("first_minimum", label, peak_nm + 0.06, "nm", 0.0042)
    return [*rows, row("first_peak", label, peak_nm, "nm", 0.0021, note=far), minimum]


def _motion(name: str, preview: bool, subdiffusive: bool) -> list[Row]:
    lag = np.geomspace(1, 5000, 120)
    beta = 0.6 if subdiffusive else 1.0
    msd = 0.05 * (lag / 1000 * 60) ** beta / 3
    rows = [row("msd", name, b, "nm^2", 0.1 * b, a, "ps") for a, b in zip(lag, msd, strict=True)]
    rows += [row("msd_exponent", name, beta, "1", 0.08, a, "ps") for a in lag[::4]]
    rows.append(row("msd_at_1ns", name, 0.4321, "nm^2", 0.0321))
    if preview or subdiffusive:
        note = "preview" if preview else "subdiffusive"
        return [*rows, row("D", name, math.nan, "1e-10 m^2/s", note=note)]
    rows.append(row("D", name, D_LITHIUM[0], "1e-10 m^2/s", D_LITHIUM[1]))
    rows.append(row("D_sensitivity", name, 0.79, "1e-10 m^2/s", 0.12, 2.0, "1", "window 200-700 ps"))
    rows.append(row("fit_window_start", name, 200.0, "ps"))
    return [*rows, row("fit_window_end", name, 2500.0, "ps")]


def _stationarity(preview: bool) -> list[Row]:
    if preview:
        return [row("stationary", "all", math.nan, "1", note="preview: not judged")]
    rows = [row("stationary_from", "density", 300.0, "ps"), row("stationary_from", "Li-DOL", 1200.0, "ps")]
    return [*rows, row("start", "all", 1250.0, "ps"), row("stationary", "all", 1.0, "1")]


_MEASURED = (
    ("density", 1000.0, "kg/m^3", 1.0, 1010.0, 2.0, ""),
    ("heat_of_vaporisation", 50.0, "kJ/mol", 0.5, 56.0, 0.5, ""),
    ("dielectric_constant", 10.0, "1", None, 4.0, 1.0, "not converged: 3000 ps are 20 correlation times"),
)


def make_pure(system: str) -> dict[str, Any]:
    """Return a run.json of a pure liquid X with measured values."""
    published = [
        {"quantity": quantity, "value": value, "unit": unit, "uncertainty": uncertainty, "source": "handbook",
         "note": "mean | of many", "other_composition": False, "temperature_K": 298.15}
        for quantity, value, unit, uncertainty, *_ in _MEASURED
    ]  # fmt: skip
    species = [_species("X", "solvent", 126)]
    changes = {
        "system": system, "title": "X, pure", "base": None, "cation": None, "species": species, "sites": [],
        "temperature_K": 298.15, "mixing_rule": "geometric", "published": published, "production_ns_done": 3.0,
        "production_ns": 3.0, "composition": {"asked": {"total_atoms": 126}, "reached": {"volume_ratio": [1.0]}},
        "vapour_energy": "vapour/energy.edr",
    }  # fmt: skip
    return make_run(ETHER) | changes


def make_pure_tables(run: dict[str, Any]) -> dict[str, list[Row]]:
    """Return rows per observable of a pure liquid: nothing about a cation."""
    measured = []
    for quantity, value, unit, _, computed, error, note in _MEASURED:
        percent = 100 / value
        deviation = percent * (computed - value), percent * error
        measured.append([
            row(quantity, "", computed, unit, error, note=note),
            row("deviation_from_experiment", quantity, deviation[0], "%", deviation[1], note=note),
        ])  # fmt: skip
    return {
        "thermodynamics": [*measured[0], row("temperature", "", 298.2, "K", 0.2)],
        "vaporisation": measured[1],
        "dielectric": measured[2],
        "coordination": [],
        "rdf": [],
        "diffusion": _motion("X", preview=False, subdiffusive=False),
        "stationarity": [row("start", "all", 30.0, "ps"), row("stationary", "all", 1.0, "1")],
    }


def pooled(rows: Sequence[Row], system: str, n: int = 1) -> pd.DataFrame:
    """Return rows as a pooled table."""
    table = pd.DataFrame(list(rows), columns=[column for column in POOLED_COLUMNS if column not in ("system", "n")])
    table["system"] = system
    table["n"] = n
    return table[POOLED_COLUMNS]


def write_system(results: Path, run: dict[str, Any], tables: dict[str, list[Row]], *, replicas: int = 1) -> None:
    """Write one finished system as the workflow leaves it."""
    system = str(run["system"])
    for replica in range(1, replicas + 1):
        folder = results / system / f"r{replica}"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(run | {"replica": replica}), encoding="utf-8")
    for name, rows in tables.items():
        write_csv(pooled(rows, system, replicas), results / system / "observables" / f"{name}.csv")


def write_six(results: Path, *, preview: bool = False, only: Sequence[int] = range(6)) -> list[str]:
    """Write the six systems, or only some of them; the carbonates are subdiffusive."""
    for system in (SIX[index] for index in only):
        run = make_run(system, preview=preview)
        write_system(results, run, make_tables(run, subdiffusive=system.startswith(CARBONATE)))
    return list(SIX)
