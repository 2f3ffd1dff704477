"""The page of results in a real browser, headless Chromium: nothing is cut off, tables sort, the console is silent.

Screenshots stay in results/run/screenshots/. Where Chromium, its driver or selenium is missing, nothing is tested, and the output
says so: apt-get install chromium chromium-driver python3-selenium.
"""

import base64
import os
import re
import shutil
import sys
import unittest

from page_rows import write_directory
from plot_case import ROOT, PlotCase

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

WIDTHS = (400, 800, 1400)
SCREENSHOTS = os.path.join(ROOT, "results", "run", "screenshots")

# Text that no scrolling shows: beyond the window outside of what scrolls sideways, or in a box that hides what is too wide.
CUT_OFF = """
const cut = [], inner = document.documentElement.clientWidth;
for (const one of document.querySelectorAll("h1, h2, h3, p, li, a, th, td, summary, pre, button")) {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  if (box.width === 0) continue;  // in a table that is folded up
  const beyond = !one.closest(".scroll") && (box.left < -1 || box.right > inner + 1);
  const hidden = style.display !== "inline" && style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
  if (beyond || hidden) cut.push(one.tagName + ": " + one.textContent.trim().slice(0, 60));
}
for (const one of document.querySelectorAll(".scroll"))
  if (one.scrollWidth > one.clientWidth && getComputedStyle(one).overflowX !== "auto") cut.push("scroll: " + one.ariaLabel);
if (document.documentElement.scrollWidth > inner) cut.push("the page is wider than the window");
return cut;
"""

# Letters of a figure that its edge cuts off; half a point for the rounding of coordinates.
LETTERS_CUT_OFF = """
const cut = [];
for (const figure of document.querySelectorAll("figure svg")) {
  const edge = figure.getBoundingClientRect();
  for (const letter of figure.querySelectorAll("use")) {
    if (!letter.href.baseVal.startsWith("#DejaVu")) continue;
    const box = letter.getBoundingClientRect();
    if (box.width && (box.left < edge.left - 1 || box.right > edge.right + 1 || box.top < edge.top - 1 || box.bottom > edge.bottom + 1)) {
      cut.push(figure.ariaLabel);
      break;
    }
  }
}
return cut;
"""

COLUMN = """
return [...document.querySelectorAll("#answer tbody tr")].map(row => row.cells[arguments[0]].dataset.sort);
"""


def missing():
    """What isn't there of what these tests need."""
    programs = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return programs + ["selenium"] * (webdriver is None)


@unittest.skipIf(missing(), f"no Chromium: {', '.join(missing())} missing")
class Browser(PlotCase):
    script = "report.py"

    @classmethod
    def setUpClass(cls):
        options = Options()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        cls.addClassCleanup(cls.driver.quit)
        os.makedirs(SCREENSHOTS, exist_ok=True)

    def open(self, path, width=1400, dark=False):
        command = self.driver.execute_cdp_cmd
        command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        command("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.driver.get("file://" + path)

    def keep(self, name, width):
        height = min(self.driver.execute_script("return document.documentElement.scrollHeight"), 12000)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        with open(os.path.join(SCREENSHOTS, name + ".png"), "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def check(self, path, name):
        """The page at every width, light and dark."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for width in WIDTHS:
            self.open(path, width)
            self.assertEqual(self.driver.execute_script(CUT_OFF), [], width)
            self.assertEqual(self.driver.execute_script(LETTERS_CUT_OFF), [], width)
            self.keep(f"{name}_{width}", width)
        for kind in ("section", "figure"):
            there = set(self.driver.execute_script(
                f"return [...document.querySelectorAll('{kind}')].filter(one => one.getBoundingClientRect().height > 20).map(one => one.id)"))
            self.assertEqual(there, set(re.findall(rf'<{kind} id="([\w-]+)"', text)))
        self.assertGreater(len(there), 3)
        self.open(path, 800, dark=True)
        paper, ink = (self.driver.execute_script(f"return getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
        self.assertEqual((paper, ink), ("rgb(22, 22, 22)", "rgb(232, 232, 232)"))
        self.keep(f"{name}_dark", 800)
        self.assertEqual(self.driver.get_log("browser"), [])

    def page(self):
        memories = [("elu", "sum", "attention", 40, 0.25, 2), ("elu", "delta", "sum", 9, 0.125, 3), ("", "", "", 400, 0.001, 32),
                    ("dpfp:1", "delta", "sum", 120, 0.0625, 8)]
        path = os.path.join(self.directory, "page.html")
        self.assertEqual(self.plot(write_directory(self, "results", memories), out=path).returncode, 0)
        return path

    def test_a_fresh_page_is_whole(self):
        self.check(self.page(), "fresh")

    def test_the_committed_page_is_whole(self):
        self.check(os.path.join(ROOT, "results", "index.html"), "index")

    def test_a_head_sorts_by_number_and_again_the_other_way(self):
        self.open(self.page())
        head = self.driver.find_element("css selector", "#answer th:nth-child(2) button")
        keys = [400.0, 120.0, 40.0, 9.0]  # as text, 9 would be the last of all
        self.assertEqual([float(key) for key in self.driver.execute_script(COLUMN, 1)], keys)
        head.click()
        self.assertEqual([float(key) for key in self.driver.execute_script(COLUMN, 1)], keys[::-1])
        self.assertEqual(self.driver.find_element("css selector", "#answer th[aria-sort]").get_attribute("aria-sort"), "ascending")
        head.click()
        self.assertEqual([float(key) for key in self.driver.execute_script(COLUMN, 1)], keys)

    def test_without_scripts_tables_are_there(self):
        path = self.page()
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setScriptExecutionDisabled", {"value": False})
        self.open(path)
        self.assertEqual(len(self.driver.find_elements("css selector", "#answer tbody tr")), 4)

    def test_a_cut_off_word_would_be_found(self):
        path = os.path.join(self.directory, "cut.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write("<!DOCTYPE html><p style='width: 2000px'>too wide<p style='width: 50px; overflow: hidden'>Donaudampfschifffahrt")
        self.open(path, 400)
        self.assertEqual(len(self.driver.execute_script(CUT_OFF)), 3)


if __name__ == "__main__":
    if missing():
        print(f"skipped: no Chromium ({', '.join(missing())} missing)", file=sys.stderr)
    unittest.main()
