"""`make benchmark-report`: first paint of the report, as a ratio to an empty page with the same libraries.

Both pages are opened from disk in headless Chromium without a network, in turns, each time in a new context; first
paint is the browser's own first-contentful-paint. Without --page the report is one on six systems of made-up numbers,
as large as those of full length: curves as long as theirs are after thinning, and boxes of 6,400 atoms. The last lines:
    RATIO paint    median first paint of the report over that of the empty page; at most 2 is the aim
    SIZE MB        of the report; below 15 is the aim
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright
from plotly.offline import get_plotlyjs

from analysis.report import build
from analysis.report.page import json_for_html
from analysis.report.scenes import viewer
from tests.analysis.report.synthetic import write_six

ROUNDS = 11
SOLVENT_ATOMS, SOLVENTS = 16, 400
_PAINT = """new Promise(found => new PerformanceObserver(list => {
    const paint = list.getEntriesByName('first-contentful-paint')[0];
    if (paint) { found(paint.startTime); }
}).observe({ type: 'paint', buffered: true }))"""


def main() -> None:
    """Time both pages in turns and print medians, their ratio and the report's size."""
    parser = argparse.ArgumentParser(prog="make benchmark-report", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", type=Path, help="a report.html to open instead")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sheath-benchmark-") as scratch:
        pages = {"empty": empty_page(Path(scratch)), "report": parsed.page or made_up_report(Path(scratch) / "results")}
        timed: dict[str, list[float]] = {name: [] for name in pages}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium())
            for _ in range(parsed.rounds):
                for name, page in pages.items():
                    timed[name].append(first_paint_ms(browser, page))
            browser.close()
        size_mb = pages["report"].stat().st_size / 1e6
    for name, times in timed.items():
        print(f"{name:10s} median {statistics.median(times):8.0f} ms  ({min(times):.0f} to {max(times):.0f})")
    print(f"RATIO paint {statistics.median(timed['report']) / statistics.median(timed['empty']):.2f}")
    print(f"SIZE MB {size_mb:.1f}")


def chromium() -> str:
    """Return the system's Chromium; stops when there is none."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        raise SystemExit("Chromium is not here. Remedy: install/install.sh --tests")
    return found


def first_paint_ms(browser: Browser, page: Path) -> float:
    """Return when a page first showed something, in ms after it was asked for."""
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900})
    tab = context.new_page()
    tab.goto(page.resolve().as_uri(), wait_until="commit")
    found = float(tab.evaluate(_PAINT))
    context.close()
    return found


def empty_page(folder: Path) -> Path:
    """Write a page that holds nothing but the libraries, as the report holds them."""
    path = folder / "empty.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>empty</title></head><body><p>Nothing.</p>'
        f'<script type="application/json">{json_for_html(viewer())}</script><script>{get_plotlyjs()}</script>'
        "</body></html>",
        encoding="utf-8",
    )
    return path


def made_up_report(folder: Path) -> Path:
    """Write a report on six systems with boxes of full size."""
    systems = write_six(folder)
    for seed, system in enumerate(systems):
        place = folder / system / "r1" / "snapshot"
        place.mkdir()
        (place / "snapshot.json").write_text(json.dumps(made_up_box(seed)), encoding="utf-8")
    return build(folder, systems, 1, folder / "report.html")


def made_up_box(seed: int) -> dict[str, object]:
    """Return a snapshot: atoms at random, which compress as badly as those of a liquid."""
    random = np.random.default_rng(seed)
    names = [f"C{number}" for number in range(SOLVENT_ATOMS)]
    bonds = [[number, number + 1] for number in range(SOLVENT_ATOMS - 1)]
    species = [{"name": "DME", "role": "solvent", "names": names, "elements": ["C"] * SOLVENT_ATOMS, "bonds": bonds}]
    xyz = random.integers(0, 4000, 3 * SOLVENT_ATOMS * SOLVENTS).tolist()
    box = {"time_ps": 1e4, "molecules": [0] * SOLVENTS, "xyz_pm": xyz, "edges_pm": [4000] * 3}
    small = xyz[: 3 * SOLVENT_ATOMS * 5]
    shell = {"time_ps": 1e4, "label": "DME", "molecules": [0] * 5, "xyz_pm": small, "contacts": [[0, 16]]}
    return {"schema": 1, "species": species, "box": box, "shells": [shell] * 3}


if __name__ == "__main__":
    main()
