"""The audit of a molecule's folder: everything that can be wrong with it, told at once, and the import of a new one."""

from __future__ import annotations
