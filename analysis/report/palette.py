"""One colour and dash per variant and per species, the same in every figure; safe for the colour-blind."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report.collect import Electrolyte, Finished

BARE = "bare"
BASE = "base"
INK = "#222222"
# Okabe and Ito for variants, Tol's muted scheme for species; chains keep one colour in both roles.
_VARIANTS = {BARE: INK, BASE: INK, "PAB": "#D55E00", "PIB": "#0072B2"}
_MORE_VARIANTS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933")
_SPECIES = {
    "Li": "#AA4499",
    "TFSI": "#CC6677",
    "PF6": "#882255",
    "DME": "#332288",
    "DOL": "#5BB5E0",
    "EC": "#117733",
    "DEC": "#44AA99",
    "PAB": "#D55E00",
    "PIB": "#0072B2",
    "all": INK,
}
_MORE_SPECIES = ("#999933", "#E69F00", "#777777", "#661100")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def variant_of(member: Finished, electrolyte: Electrolyte) -> str:
    """Return what tells a variant from its base: "PAB" of "x-pab" on "x"; the base itself is "bare".

    A base without ions, whose variants are no chains, or with chains of its own is "base"; so is one from elsewhere,
    or, when it stands alone, its name. A system of a sweep is its values, "2wt".
    """
    if member.run.get("sweep"):
        return member.name.removeprefix(f"{member.run.get('sweep_of')}-")
    if member.foreign and member.name == electrolyte.name:
        return BASE if len(electrolyte.members) > 1 else member.name
    if member.name == electrolyte.name:
        has_chains = any(species["role"] == "polymer" for species in member.run["species"])
        return BARE if member.cation is not None and not has_chains else BASE
    suffix = member.name.removeprefix(f"{electrolyte.name}-")
    spelt = {str(species["name"]).lower(): str(species["name"]) for species in member.run["species"]}
    return spelt.get(suffix.lower(), suffix)


def variant_styles(groups: Sequence[Electrolyte]) -> dict[str, tuple[str, str]]:
    """Return variant -> (colour, dash) over all electrolytes of the report."""
    names = {variant_of(member, group) for group in groups for member in group.members}
    return _styles(sorted(names), _VARIANTS, _MORE_VARIANTS)


def species_styles(finished: Sequence[Finished]) -> dict[str, tuple[str, str]]:
    """Return species (and "all") -> (colour, dash) over all systems of the report."""
    names = {str(species["name"]) for one in finished for species in one.run["species"]}
    return _styles(sorted(names), _SPECIES, _MORE_SPECIES)


def _styles(names: Sequence[str], fixed: dict[str, str], more: Sequence[str]) -> dict[str, tuple[str, str]]:
    others = [name for name in names if name not in fixed]
    colours = {name: colour for name, colour in fixed.items() if name in names}
    colours |= {name: more[rank % len(more)] for rank, name in enumerate(others)}
    # what stands alone is solid, and so is each base, of which no figure has two
    dashes = {name: _DASHES[rank % len(_DASHES)] for rank, name in enumerate(colours)} | {BARE: "solid", BASE: "solid"}
    return {name: (colour, dashes[name]) for name, colour in colours.items()}
