"""The report in Chromium without a network: nothing fails, nothing leaves the file, tabs, downloads and 3D work."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from analysis.report import build
from analysis.report.formatting import with_interval
from tests.analysis.report.synthetic import DENSITY, ETHER, SIX, make_run, make_tables, write_system
from tests.analysis.report.test_scenes import document

pytestmark = pytest.mark.slow

HOSTILE = (
    "<img src=x onerror=window.hacked=1></script><script>window.hacked=1</script>"
    "\"'><svg onload=window.hacked=1> β–Δ 电解质 " + "long " * 60
)
WIDTHS = {"narrow": 360, "middle": 820, "wide": 1400}
_SOFTWARE_WEBGL = ["--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader"]


class Watched:
    """A page, what its console said of errors, and every address that it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.addresses: list[str] = []
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.addresses.append(request.url))

    def check(self) -> None:
        assert self.errors == []
        assert not [one for one in self.addresses if not one.startswith(("file:", "blob:", "data:"))]
        assert len([one for one in self.addresses if one.startswith("file:")]) == 1


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on two systems, one with a hostile title and a snapshot with a hostile name."""
    folder = tmp_path_factory.mktemp("browser")
    for system in SIX[:2]:
        run = make_run(system, title=HOSTILE if system == ETHER else None)
        write_system(folder, run, make_tables(run))
    place = folder / ETHER / "r1" / "snapshot"
    place.mkdir()
    (place / "snapshot.json").write_text(json.dumps(document("<b>D&M</b>")), encoding="utf-8")
    return build(folder, SIX[:2], 1, folder / "report.html")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless, with WebGL by software."""
    program = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_SOFTWARE_WEBGL)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, file: Path) -> Iterator[Watched]:
    """The report, opened from disk; at the end nothing failed and nothing left the file."""
    context = chromium.new_context(offline=True, viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(120_000)
    watched = Watched(context.new_page())
    watched.page.goto(file.as_uri())
    yield watched
    watched.check()
    context.close()


def visible(page: Page) -> list[str]:
    return [tab.get_attribute("id") or "" for tab in page.locator(".tab").all() if tab.is_visible()]


def test_tabs_work_by_mouse_keyboard_and_address(opened: Watched, file: Path) -> None:
    page = opened.page
    assert visible(page) == ["tab-first"]
    page.locator("#tabs a", has_text="Compare").click()
    assert visible(page) == ["tab-compare"]
    page.keyboard.press("ArrowRight")
    assert visible(page) == ["tab-see"]
    assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    page.evaluate("location.hash = '#definitions'")
    page.wait_for_selector("#tab-believe.current")
    assert visible(page) == ["tab-believe"]
    page.emulate_media(media="print")
    assert len(visible(page)) == len(page.locator(".tab").all()) == 5


def test_every_figure_draws_when_it_comes_into_view(opened: Watched) -> None:
    page = opened.page
    page.locator("#tabs a", has_text="Compare").click()
    figures = page.locator("#tab-compare .figure:visible")
    assert figures.count() > 10
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()


def test_downloads_hold_the_figure_and_its_numbers(opened: Watched, tmp_path: Path) -> None:
    page = opened.page
    page.locator("#tabs a", has_text="Compare").click()
    figure = page.locator(f'figure:has([data-figure="bars-neighbours-{ETHER}"])')
    with page.expect_download() as svg:
        figure.get_by_role("button", name="SVG").click()
    text = Path(svg.value.path()).read_text(encoding="utf-8")
    assert svg.value.suggested_filename.endswith(".svg") and text.startswith("<svg") and "molecules in contact" in text
    with page.expect_download() as table:
        figure.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(Path(table.value.path()).read_text(encoding="utf-8").splitlines()))
    (bare,) = [row for row in rows if row["curve"] == "DME" and row["x"] == "bare"]
    assert float(bare["y"]) == 1.1
    assert (float(bare["low_95"]), float(bare["high_95"])) == pytest.approx((1.06, 1.14))
    curve = page.locator(f'figure:has([data-figure="msd-{ETHER}-Li"])')
    with page.expect_download() as table:
        curve.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(Path(table.value.path()).read_text(encoding="utf-8").splitlines()))
    own = [row for row in rows if row["y_axis"] == "MSD / nm²" and row["curve"] == "bare" and row["high_95"]]
    assert len(own) > 50
    for row in own:  # the table's error is a tenth of its value
        y, low, high = (float(row[name]) for name in ("y", "low_95", "high_95"))
        assert (low, high) == pytest.approx((0.9 * y, 1.1 * y), rel=1e-3)


def test_methods_and_references_download(opened: Watched) -> None:
    page = opened.page
    page.locator("#tabs a", has_text="Use").click()
    for button, words in (("Download the methods", "Packmol"), ("Download the BibTeX", "@article{gromacs")):
        with page.expect_download() as kept:
            page.get_by_role("button", name=button).click()
        assert words in Path(kept.value.path()).read_text(encoding="utf-8")


def test_msd_switches_between_logarithmic_and_linear_axes(opened: Watched) -> None:
    page = opened.page
    page.locator("#tabs a", has_text="Compare").click()
    figure = page.locator(f'[data-figure="msd-{ETHER}-Li"]')
    figure.scroll_into_view_if_needed()
    figure.locator(".updatemenu-button", has_text="linear").click()
    axes = "node => ['xaxis', 'xaxis2', 'yaxis'].map(name => node._fullLayout[name].type)"
    assert figure.evaluate(axes) == ["linear"] * 3
    figure.locator(".updatemenu-button", has_text="log").click()
    assert figure.evaluate(axes) == ["log"] * 3


def test_a_box_draws_in_3d_and_gives_its_picture(opened: Watched, tmp_path: Path) -> None:
    page = opened.page
    page.locator("#tabs a", has_text="See").click()
    figure = page.locator(f'.scene[data-scene="{ETHER}-shell-1"]')
    assert figure.locator("img").is_visible()
    with page.expect_download() as still:
        figure.get_by_role("button", name="PNG").click()
    assert Image.open(still.value.path()).format == "PNG"
    figure.get_by_role("button", name="Turn in 3D").click()
    page.wait_for_selector(f'.scene[data-scene="{ETHER}-shell-1"][data-drawn]')
    assert not figure.locator("img").is_visible()
    shot = tmp_path / "stage.png"

    def colours() -> int:
        figure.locator(".stage").screenshot(path=shot)
        return len(set(Image.open(shot).convert("RGB").crop((60, 60, 300, 330)).getdata()))

    for _ in range(60):  # the first frame follows the data when the machine finds the time
        if colours() > 200:
            break
        page.wait_for_timeout(500)
    assert colours() > 200, "shaded spheres"


def test_without_webgl_the_picture_stays(chromium: Browser, file: Path) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(file.as_uri() + "#tab-see")
    figure = page.locator(f'.scene[data-scene="{ETHER}-box"]')
    assert figure.locator("img").is_visible() and "No WebGL" in figure.inner_text()
    assert figure.get_by_role("button", name="Turn in 3D").count() == 0
    context.close()


def test_hostile_texts_are_shown_and_never_run(opened: Watched) -> None:
    page = opened.page
    shown = re.sub(r"\s+", " ", page.locator("#glance").inner_text())
    assert re.sub(r"\s+", " ", HOSTILE).strip() in shown
    for tab in page.locator("#tabs a").all():
        tab.click()
        page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert "<b>D&M</b>" in page.locator("#see").text_content()  # type: ignore[operator]


def test_numbers_on_the_page_equal_the_tables(opened: Watched) -> None:
    cell = opened.page.locator(f'td[data-system="{ETHER}"][data-quantity="density"][data-label=""]')
    assert with_interval(*DENSITY) in (cell.text_content() or "")


@pytest.mark.parametrize("name", WIDTHS)
def test_nothing_is_wider_than_the_screen(chromium: Browser, file: Path, name: str) -> None:
    context = chromium.new_context(offline=True, viewport={"width": WIDTHS[name], "height": 900})
    page = context.new_page()
    page.goto(file.as_uri())
    for tab in page.locator("#tabs a").all():
        tab.click()
        wide: Any = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= WIDTHS[name], tab.inner_text()
    context.close()
