"""How fast the report opens."""
