"""What the quantities of the tables are called on the page, and under which heading they stand."""

from __future__ import annotations

from analysis.report.formatting import label_text

LIQUID = "The liquid"
CONTACTS = "Direct contacts of the cation"
CHAIN_CONTACTS = "Contacts with the chains"
HOLDERS = "Who holds the cation (share of the cations)"
PAIRS = "Ion pairs (share of the cations)"
SHELLS = "First shells (share of the cations)"
DISTANCES = "Distances of the first shell"
RESIDENCE = "How long partners stay"
TRANSPORT = "Transport"
MECHANISM = "How the cation moves"
CONDUCTIVITY = "Conductivity and transference"
VISCOSITY = "Viscosity"
CHAINS = "The chains themselves"
BONDS = "Hydrogen bonds"
FURTHER = "Further numbers"

# quantity -> (heading, name); the order is that of the page.
_QUANTITIES: dict[str, tuple[str, str]] = {
    "density": (LIQUID, "Density"),
    "density_drift": (LIQUID, "Density, drift"),
    "density_deviation": (LIQUID, "Density, deviation from the prediction"),
    "chain_apparent_volume": (LIQUID, "Apparent volume of the chains"),
    "salt_concentration": (LIQUID, "Salt concentration reached"),
    "temperature": (LIQUID, "Temperature"),
    "pressure": (LIQUID, "Pressure"),
    "potential_energy": (LIQUID, "Potential energy of the box"),
    "volume": (LIQUID, "Volume of the box"),
    "heat_of_vaporisation": (LIQUID, "Heat of vaporisation"),
    "liquid_energy": (LIQUID, "Potential energy of the liquid per molecule"),
    "vapour_energy": (LIQUID, "Potential energy of one molecule alone"),
    "dielectric_constant": (LIQUID, "Dielectric constant"),
    "dipole_correlation_time": (LIQUID, "Correlation time of the dipole moment"),
    "molecular_dipole": (LIQUID, "Dipole moment of a molecule in the liquid"),
    "deviation_from_experiment": (LIQUID, "Deviation from experiment,"),
    "box_edge_min": (LIQUID, "Smallest edge of the box"),
    "largest_step": (LIQUID, "Largest step of a molecule between frames, box lengths"),
    "trajectory_end": (LIQUID, "Last frame"),
    "cn_total": (CONTACTS, "Coordination number, total"),
    "cn_molecule": (CONTACTS, "Neighbouring molecules"),
    "cn": (CONTACTS, "Coordination number"),
    "denticity_mean": (CONTACTS, "Coordinating atoms per touching molecule"),
    "denticity": (CONTACTS, "Share of touching molecules by coordinating atoms,"),
    "cn_total_drift": (FURTHER, "Drift of the coordination number, total"),
    "cn_molecule_drift": (FURTHER, "Drift of the neighbouring molecules"),
    "cn_drift": (FURTHER, "Drift of the coordination number"),
    "cn_integral": (FURTHER, "Coordination number from the integral of g(r)"),
    "holder": (HOLDERS, "Held by"),
    "holder_mixed": (HOLDERS, "Held by several:"),
    "motif_share": (HOLDERS, "Motif"),
    "motif_expected": (HOLDERS, "Motif, if its parts were independent:"),
    "speciation": (PAIRS, "Share"),
    "speciation_steady": (PAIRS, "Share, contacts of under 2 ps left out:"),
    "shell": (SHELLS, "Shell"),
    "first_peak": (DISTANCES, "First peak of g(r)"),
    "first_minimum": (DISTANCES, "First minimum of g(r)"),
    "residence_time_continuous": (RESIDENCE, "Residence time, unbroken,"),
    "residence_time_intermittent": (RESIDENCE, "Residence time, absences of up to 2 ps forgiven,"),
    "residence_lower_bound_continuous": (RESIDENCE, "Residence time, unbroken, lower bound,"),
    "residence_lower_bound_intermittent": (RESIDENCE, "Residence time, absences forgiven, lower bound,"),
    "residence_beta_continuous": (RESIDENCE, "Stretching exponent, unbroken,"),
    "residence_beta_intermittent": (RESIDENCE, "Stretching exponent, absences forgiven,"),
    "exchanges": (RESIDENCE, "Exchanges per cation"),
    "new_partners": (RESIDENCE, "New partners per cation"),
    "D": (TRANSPORT, "Diffusion coefficient"),
    "D_infinite": (TRANSPORT, "Diffusion coefficient, corrected for the size of the box,"),
    "D_finite_size_at_1mPas": (TRANSPORT, "Correction for the size of the box, were the viscosity 1 mPa s"),
    "D_blocks": (TRANSPORT, "Diffusion coefficient, mean of five parts of the run,"),
    "D_plain_fit": (TRANSPORT, "As the paper would: one run, straight line,"),
    "msd_at_1ns": (TRANSPORT, "Mean squared displacement after 1 ns"),
    "share_bound": (MECHANISM, "Share of windows bound to a chain throughout,"),
    "share_free": (MECHANISM, "Share of windows free of chains throughout,"),
    "share_exchanging": (MECHANISM, "Share of windows with both,"),
    "msd_bound": (MECHANISM, "Mean squared displacement, bound,"),
    "msd_free": (MECHANISM, "Mean squared displacement, free,"),
    "msd_exchanging": (MECHANISM, "Mean squared displacement, both,"),
    "D_bound": (MECHANISM, "Diffusion coefficient, bound,"),
    "D_free": (MECHANISM, "Diffusion coefficient, free,"),
    "mobility_bound_to_free": (MECHANISM, "Mean squared displacement, bound over free,"),
    "vehicular_correlation": (MECHANISM, "Correlation of the cation's displacement with its shell's,"),
    "msd_of_shell": (MECHANISM, "Mean squared displacement of the shell,"),
    "msd_relative_to_shell": (MECHANISM, "Mean squared displacement relative to the shell,"),
    "conductivity": (CONDUCTIVITY, "Conductivity, collective"),
    "conductivity_ne": (CONDUCTIVITY, "Conductivity, Nernst–Einstein"),
    "haven_ratio": (CONDUCTIVITY, "Haven ratio"),
    "transference_apparent": (CONDUCTIVITY, "Transference number, apparent,"),
    "transference_onsager": (CONDUCTIVITY, "Transference number, Onsager, frame:"),
    "onsager": (CONDUCTIVITY, "Onsager coefficient"),
    "viscosity": (VISCOSITY, "Viscosity"),
    "viscosity_integral_end": (VISCOSITY, "Viscosity, integral taken up to"),
    "radius_of_gyration": (CHAINS, "Radius of gyration"),
    "end_to_end_distance": (CHAINS, "End-to-end distance"),
    "own_copy_distance": (CHAINS, "Distance to the own periodic copy"),
    "own_copy_distance_min": (CHAINS, "Smallest distance to the own periodic copy"),
    "largest_cluster": (CHAINS, "Largest cluster, chains in it"),
    "largest_cluster_share": (CHAINS, "Largest cluster, share of all chains"),
    "clusters": (CHAINS, "Clusters of chains"),
    "hydrogen_bonds_per_donor": (BONDS, "Hydrogen bonds per donor"),
}
SHORT_CURVES = ("denticity", *(name for name, (heading, _) in _QUANTITIES.items() if heading == MECHANISM))
"""Quantities with an x of a few values, which are shown in the tables, x being named beside the label."""
HEADING_OF_OBSERVABLE = {
    "speciation": HOLDERS,
    "residence": RESIDENCE,
    "diffusion": TRANSPORT,
    "mechanism": MECHANISM,
    "conductivity": CONDUCTIVITY,
    "viscosity": VISCOSITY,
    "chains": CHAINS,
    "hydrogen_bonds": BONDS,
}
"""Where the numbers of an observable stand that have no name of their own above."""
HEADINGS = (
    LIQUID, CONTACTS, CHAIN_CONTACTS, HOLDERS, PAIRS, SHELLS, DISTANCES, RESIDENCE, TRANSPORT, MECHANISM, CONDUCTIVITY,
    VISCOSITY, CHAINS, BONDS, FURTHER,
)  # fmt: skip
"""All headings in the order of the page."""
FOLDED_GROUPS = frozenset({CHAIN_CONTACTS, FURTHER})
"""Headings whose rows are many: they open on a click."""
CONTACT_QUANTITIES = frozenset({"cn", "cn_molecule", "cn_total", "first_peak", "first_minimum", "msd_at_1ns"})
"""What stands apart when its label names a chain."""
HIDDEN = frozenset({"fit_window_start", "fit_window_end"})
"""Shown as a remark below D, not as rows of their own."""
WITHHELD_IN_PREVIEW = frozenset({"D", "D_infinite", "D_blocks", "D_plain_fit", "D_bound", "D_free"})
"""Quantities that a preview never shows, whatever its tables hold."""
EXACT = frozenset({"box_edge_min", "largest_step", "trajectory_end", "own_copy_distance_min"})
"""Extremes of what happened, not estimates of anything: they have no interval."""
_PLAIN_FIT = "Diffusion coefficient, one run, straight line,"
# The heading says already that these are of the cation.
_OF_CATIONS = frozenset({"holder", "holder_mixed", "speciation", "speciation_steady"})
LABELS = {
    "mol_per_L": "per litre of solution",
    "mol_per_L_solvent": "per litre of solvent",
    "molar": "per mol",
    "--": "−−",
    "+-": "+−",
}


_WITHOUT_LABEL = ("largest_cluster", "largest_cluster_share", "clusters")
"""Their label, chains, is in the name."""


def quantity_name(quantity: str) -> str:
    """Return what a quantity of the tables is called on the page."""
    return _QUANTITIES[quantity][1] if quantity in _QUANTITIES else quantity.replace("_", " ")


def line_name(quantity: str, label: str, *, of_paper: bool = True, with_cation: bool = False) -> str:
    """Return what a number is called on the page: its quantity and of what it is.

    `of_paper`: the runs are ours, made along the paper's protocol, so that a number may be named after the paper.
    `with_cation`: there are several cations beside each other: it is named also where the heading says "cation".
    """
    if quantity == "D_plain_fit" and not of_paper:
        return f"{_PLAIN_FIT} {label_text(label)}"
    if quantity in _OF_CATIONS and not with_cation:
        label = label.partition("-")[2] or label
    if quantity in _WITHOUT_LABEL:
        return quantity_name(quantity)
    return f"{quantity_name(quantity)} {LABELS.get(label, label_text(label))}".strip()


def heading_of(quantity: str) -> str | None:
    """Return the heading of a quantity; None when it has none of its own."""
    return _QUANTITIES[quantity][0] if quantity in _QUANTITIES else None


def rank_of(quantity: str) -> int:
    """Return the place of a quantity on the page; those without a name come last."""
    names = list(_QUANTITIES)
    return names.index(quantity) if quantity in names else len(names)
