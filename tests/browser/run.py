#!/usr/bin/env python3
"""The HTML report in a browser: on narrow and wide screens, in both colours, by keyboard, on paper, and when it is hostile or huge.

    tests/browser/install.sh; python3 tests/browser/run.py [--nsdiag PATH] [--keep FOLDER]

With --keep the pages and their screenshots stay in FOLDER, to be looked at.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

import reports

HERE = Path(__file__).resolve().parent
SCENARIOS = [
    "broken-gateway", "healthy", "no-connector", "smart-host-is-gateway", "two-forests", "two-forests-loop", "gateway-down",
    "tenant-no-connector", "hybrid", "list-of-40", "mx-of-two-kinds", "forwarding-loop", "no-rights", "dane-mismatch",
]
WIDTHS = [360, 800, 1400]
# No task of the browser's may keep its reader waiting for longer.
LONGEST_MS = 500
RECIPIENTS = 20_000

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"FAILED  {what}", flush=True)


def pages(nsdiag, folder):
    """The pages, by name: of scenarios, and of reports that no scenario gives."""

    def play(name):
        out = ["-o", f"{folder}/{name}.html", "-o", f"{folder}/{name}.json"]
        subprocess.run([nsdiag, "demo", name, "-q", *out], check=False, capture_output=True, timeout=120)

    with ThreadPoolExecutor(4) as several:
        list(several.map(play, SCENARIOS))
    base = json.loads((folder / "broken-gateway.json").read_text())
    made = {
        "hostile": reports.hostile(base),
        "twelve-gateways": reports.gateways(base, 12, refusing=2),
        "cut-short": reports.cut_short(base),
        "empty": reports.empty(base),
        "thousands": reports.thousands(base, RECIPIENTS),
    }
    for name, report in made.items():
        saved = folder / f"{name}.json"
        saved.write_text(json.dumps(report))
        subprocess.run([nsdiag, "show", saved, "-o", f"{folder}/{name}.html"], check=False, capture_output=True, timeout=300)
    found = {name: folder / f"{name}.html" for name in [*SCENARIOS, *made]}
    for name, page in found.items():
        check(page.exists(), f"{name}: there is no page")
    return {name: page for name, page in found.items() if page.exists()}


def browser(profile):
    options = webdriver.ChromeOptions()
    for flag in [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}",
    ]:
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.set_script_timeout(120)
    watch = """
        window.long = []; window.violations = [];
        new PerformanceObserver((all) => { for (const one of all.getEntries()) window.long.push(Math.round(one.duration)); })
            .observe({type: "longtask", buffered: true});
        addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
    """
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": watch})
    return driver


def show(driver, width, scheme):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def open_page(driver, page):
    driver.get_log("performance")
    driver.get_log("browser")
    driver.get(page.as_uri())


def alone(driver, name, page):
    """Nothing was asked of anybody, nothing broke the policy, nothing ran that is not the page's own."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]
    others = [url for url in asked if url != page.as_uri() and not url.startswith("data:")]
    check(not others, f"{name}: the page asks for {others}")
    check(not driver.execute_script("return violations"), f"{name}: the policy was broken")
    said = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    check(not said, f"{name}: {said}")
    check(driver.title != "owned", f"{name}: a script from outside ran")


def seen(driver, name, page, keep):
    open_page(driver, page)
    alone(driver, name, page)
    axe = (HERE / "node_modules/axe-core/axe.min.js").read_text()
    driver.execute_script(axe)
    for scheme in ["light", "dark"]:
        for width in WIDTHS:
            show(driver, width, scheme)
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            check(wide <= width, f"{name}: {wide} wide on a screen of {width}")
            drawn = driver.execute_script(
                "return [...document.querySelectorAll('svg.path')].filter((one) => one.getBoundingClientRect().width > 0).length"
            )
            check(drawn == 1, f"{name}: {drawn} pictures at {width}")
            if keep:
                screenshot(driver, keep / f"{name}-{width}-{scheme}.png", width)
        for width in [360, 1400]:
            show(driver, width, scheme)
            found = driver.execute_async_script(
                "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((all) => done(all.violations"
                ".map((one) => [one.impact, one.id, one.nodes.length, one.nodes[0].html.slice(0, 120)])))"
            )
            for impact, rule, number, first in found:
                text = f"{name}, {scheme} at {width}: {rule} ({impact}), {number} times, as in {first}"
                check(impact not in ("serious", "critical"), text)


def screenshot(driver, place, width):
    tall = min(driver.execute_script("return document.documentElement.scrollHeight"), 6000)
    clip = {"x": 0, "y": 0, "width": width, "height": tall, "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip})
    place.write_bytes(base64.b64decode(shot["data"]))


def press(driver, *keys):
    for key in keys:
        webdriver.ActionChains(driver).send_keys(key).perform()


def by_keyboard(driver, page):
    """Whoever has no mouse gets everywhere: the first stop skips to the report, then filter, sort and copy."""
    show(driver, 1400, "light")
    open_page(driver, page)
    focus = "const one = document.activeElement; return [one.id, one.className, one.textContent.slice(0, 40)]"
    press(driver, Keys.TAB)
    check(driver.execute_script(focus)[1] == "skip", f"keyboard: the first stop is {driver.execute_script(focus)}")
    press(driver, Keys.ENTER)
    check(driver.execute_script(focus)[0] == "main", f"keyboard: the link leads to {driver.execute_script(focus)}")
    stops = []
    for _ in range(300):
        press(driver, Keys.TAB)
        stops.append(driver.execute_script(
            "const one = document.activeElement; const box = one.getBoundingClientRect();"
            "return [one.tagName, one.id, box.width > 0 && getComputedStyle(one).outlineStyle !== 'none']"
        ))
        if stops[-1][1] == "filter" or stops[-1][0] == "BODY":
            break
    check(stops[-1][1] == "filter", "keyboard: the filter is not reached")
    check(all(shown for *_, shown in stops), f"keyboard: the focus is not seen at {[one for one in stops if not one[2]]}")
    told = json.loads(page.with_suffix(".json").read_text())
    word = next(one["address"] for one in told["recipients"] if one["diagnosis"] != "delivered").split("@")[0]
    press(driver, *word)
    time.sleep(0.6)
    found = driver.execute_script("return [found.textContent, document.querySelectorAll('#found-rows tbody tr').length]")
    check(re.match(r"\d+ of \d+", found[0]) and found[1] > 0, f"keyboard: the filter finds {found}")
    rows = driver.execute_script("return [...document.querySelectorAll('#found-rows tbody tr')].map((row) => row.textContent)")
    check(all(word in row.lower() for row in rows), "keyboard: the filter shows others")
    press(driver, *[Keys.BACKSPACE] * len(word), Keys.TAB, Keys.TAB, Keys.DOWN)
    time.sleep(0.6)
    names = driver.execute_script("return [...document.querySelectorAll('#found-rows tbody th')].map((one) => one.textContent)")
    check(len(names) > 12 and names == sorted(names), f"keyboard: sorted by address they are {names[:5]}")
    driver.execute_script("document.querySelector('.block button').focus()")
    name = driver.execute_script("return document.activeElement.getAttribute('aria-label')")
    check(name.startswith("Copy: Commands for step"), f"keyboard: the button is called {name}")
    driver.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    press(driver, Keys.ENTER)
    time.sleep(0.3)
    copied = driver.execute_script("return window.copied")
    lines = driver.execute_script("return document.querySelectorAll('.block .commands')[0].querySelectorAll('.line').length")
    check(copied and copied.count("\n") == lines, f"keyboard: copied is {copied!r}")
    check(driver.execute_script("return document.activeElement.textContent") == "Copied", "keyboard: nothing says that it is copied")


def without_script(driver, pages):
    """The page is whole without its script."""
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    open_page(driver, pages["list-of-40"])
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    state = driver.execute_script(
        "return [document.querySelectorAll('#all-rows tbody tr').length, seek.hidden, document.querySelectorAll('button').length]"
    )
    told = json.loads(pages["list-of-40"].with_suffix(".json").read_text())
    check(state == [len(told["recipients"]), True, 0], f"without script: {state}")


def on_paper(driver, name, page, keep):
    """A4, all open, no buttons, and what fits on a sheet is on one."""
    show(driver, 1400, "dark")
    open_page(driver, page)
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    paper = (keep or page.parent) / f"{name}.pdf"
    paper.write_bytes(base64.b64decode(printed["data"]))
    told = json.loads(page.with_suffix(".json").read_text())
    sheets = subprocess.run(["pdftotext", "-layout", paper, "-"], check=True, capture_output=True, text=True).stdout.split("\f")[:-1]
    whole = "\n".join(sheets)
    size = subprocess.run(["pdfinfo", paper], check=True, capture_output=True, text=True).stdout
    check("(A4)" in size, f"{name}: the paper is {size}")
    check(len(sheets) <= 35, f"{name}: {len(sheets)} sheets")
    check("Copy" not in whole, f"{name}: buttons are printed")
    for one in told["checks"]:
        check(one["code"] in whole, f"{name}: {one['code']} is not printed, among the checks")
    # What fits on a sheet is not torn: 267 mm of A4 are 1009 pixels.
    show(driver, 680, "light")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    tall = driver.execute_script("return [...document.querySelectorAll('.finding')].map((one) => one.offsetHeight)")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    for nth, finding in enumerate(told["findings"]):
        begins = [sheet for sheet in sheets if f"{finding['code']} {finding['severity']}, {finding['certainty']}" in sheet]
        check(begins, f"{name}: {finding['code']} is not printed")
        if tall[nth] < 950:
            check(any(f"explain {finding['code']}" in sheet for sheet in begins), f"{name}: {finding['code']} is torn")


def of_thousands(driver, page):
    """Nobody waits: neither for the page nor for what is looked for in it."""
    show(driver, 1400, "light")
    # What else the machine does shows in one opening or the other.
    opened = []
    for _ in range(3):
        open_page(driver, page)
        time.sleep(1.5)
        opened.append(driver.execute_script("return window.long"))
    driver.execute_script("window.long = arguments[0]", min(opened, key=lambda long: max(long, default=0)))
    act = "const [id, value] = arguments; const one = document.getElementById(id); one.value = value;"
    act += "one.dispatchEvent(new Event('input', {bubbles: true}))"
    steps = [("opened", None), ("looked for", ("filter", "number0012")), ("all again", ("filter", "")), ("sorted", ("order", "address"))]
    for what, done in steps:
        if done:
            driver.execute_script("window.long.length = 0")
            driver.execute_script(act, *done)
            time.sleep(1)
        long = driver.execute_script("return window.long")
        print(f"{RECIPIENTS} recipients, {what}: long tasks of {long or 'none'} ms", flush=True)
        check(all(one <= LONGEST_MS for one in long), f"thousands, {what}: a task of {max(long, default=0)} ms")
        if what == "looked for":
            found = driver.execute_script("return found.textContent")
            check(found.startswith("10 of "), f"thousands: the filter finds {found}")
    for part in ["'.group.many'", "'details.rest'"]:
        driver.execute_script("window.long.length = 0")
        driver.execute_script(f"document.querySelector({part}).open = true")
        time.sleep(1)
        long = driver.execute_script("return window.long")
        check(all(one <= LONGEST_MS for one in long), f"thousands, {part} opened: a task of {max(long, default=0)} ms")


def main():
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target")
    wanted.add_argument("--nsdiag", default=f"{target}/debug/nsdiag")
    wanted.add_argument("--keep", type=Path)
    asked = wanted.parse_args()
    if not (HERE / "node_modules/axe-core").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=HERE, check=True)
    with tempfile.TemporaryDirectory() as own, tempfile.TemporaryDirectory() as profile:
        folder = asked.keep or Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        all_pages = pages(asked.nsdiag, folder)
        small = {name: page for name, page in all_pages.items() if name != "thousands"}
        valid = ["node_modules/.bin/html-validate", "--config", ".htmlvalidate.json", *small.values()]
        said = subprocess.run(valid, cwd=HERE, check=False, capture_output=True, text=True)
        check(said.returncode == 0, f"html-validate: {said.stdout[:3000]}{said.stderr[:500]}")
        driver = browser(profile)
        try:
            of_thousands(driver, all_pages["thousands"])
            for name, page in small.items():
                seen(driver, name, page, asked.keep)
            by_keyboard(driver, all_pages["list-of-40"])
            without_script(driver, all_pages)
            for name in ["broken-gateway", "list-of-40", "two-forests-loop"]:
                on_paper(driver, name, all_pages[name], asked.keep)
        finally:
            driver.quit()
    print(f"{len(all_pages)} pages, {len(failures)} failures")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
