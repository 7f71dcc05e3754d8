"""One observable per file; the folder is the registry (see analysis/observe.py)."""
