"""The keys of a run.json and of its entries, and the types of their values."""

from __future__ import annotations

SCHEMA = 1
ROLES = ("cation", "anion", "solvent", "additive", "polymer")

Kinds = dict[str, type | tuple[type, ...]]
"""Key of an entry -> what its value must be."""

NUMBER = (int, float)
REQUIRED: Kinds = {
    "system": str,
    "replica": int,
    "temperature_K": NUMBER,
    "structure": str,
    "trajectory": (str, list),
    "species": list,
    "sites": list,
}
OPTIONAL: Kinds = {
    "cation": str,
    "title": str,
    "base": str,
    "preview": bool,
    "provisional": list,
    "pressure_atm": NUMBER,
    "cutoff_nm": NUMBER,
    "mixing_rule": str,
    "parameter_set": str,
    "monomers": int,
    "protocol": str,
    "energy": str,
    "equilibration_energy": str,
    "vapour_energy": str,
    "published": list,
    "claims": list,
    "timestep_fs": NUMBER,
    "hydrogen_mass_u": NUMBER,
    "constraints": str,
    "frame_interval_ps": NUMBER,
    "production_ns": NUMBER,
    "production_ns_done": NUMBER,
    "stages": list,
    "composition": dict,
    "chain_sequences": list,
    "chain_cis_share": dict,
    "references": dict,
    "versions": dict,
    "seeds": dict,
    "hashes": dict,
    "opening": dict,
    "viscosity_energies": list,
    "sweep": list,
    "sweep_of": str,
}
OPENING: Kinds = {
    "topology_format": str,
    "trajectory_format": str,
    "atom_style": str,
    "length_unit": str,
    "time_unit": str,
    "dt_ps": NUMBER,
    "counted_interval_ps": NUMBER,
    "box_nm": list,
}
SPECIES: Kinds = {
    "name": str,
    "role": str,
    "count": int,
    "charge_e": NUMBER,
    "masses_u": list,
}
SITE: Kinds = {"label": str, "species": str, "kind": str, "atoms": list}
PUBLISHED: Kinds = {"quantity": str, "value": NUMBER, "unit": str, "source": str}
MISFIT: Kinds = {"criterion": str, "reached": NUMBER, "limit": NUMBER, "unit": str}
CLAIM: Kinds = {"id": str, "text": str, "source": str, "parts": list}
PART: Kinds = {"quantity": str, "label": str, "direction": str}
SWEPT: Kinds = {"quantity": str, "unit": str, "value": NUMBER, "reached": NUMBER}
STAGE: Kinds = {
    "name": str,
    "ensemble": str,
    "temperature_K": NUMBER,
    "length_ps": NUMBER,
}
