"""The report: one HTML file that opens without a network, written from whatever has finished."""

from __future__ import annotations

from analysis.report.page import build

__all__ = ["build"]
