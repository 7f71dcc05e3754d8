"""Cost of planning against the number of systems."""
