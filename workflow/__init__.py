"""What runs: inputs, composition, topologies, packing and simulation."""
