"""What the live explorers cost: bytes in the page, and milliseconds a decode in the system's Chromium.

The explorers are those saved in the chapters' notebooks.
"""

import os
import shutil
import statistics

import nbformat

import chapters

# One decode at a time, as dragging asks for them; the first ones, before the browser has compiled, do not count.
MEASURE = """(figure) => {
    const input = Array.from({ length: figure.aelib.inputs }, (_, i) => Math.sin(i));
    const times = [];
    for (let run = 0; run < 300; run++) {
        const start = performance.now();
        for (let again = 0; again < 10; again++) figure.aelib.decode(input);
        times.push((performance.now() - start) / 10);
    }
    return times.slice(50);
}"""


def saved():
    """Yield each chapter's name with the HTML of each explorer in it."""
    for path in chapters.notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                page = "".join(output.get("data", {}).get("text/html", ""))
                if "data-aelib-explorer" in page:
                    yield path.stem, page


def measure():
    """Measure every explorer.

    Returns
    -------
    list of dict
        ``name``, ``kilobytes``, ``milliseconds`` (median of 250 samples of ten decodes); empty without a Chromium.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        print("  no Chromium here: the explorers are not measured", flush=True)
        return []
    from playwright.sync_api import sync_playwright

    results = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for name, html in saved():
            page = browser.new_page()
            page.set_content(f"<!doctype html><body>{html}")
            times = page.locator("figure[data-ready]").evaluate(MEASURE)
            results.append(
                {"name": name, "kilobytes": len(html.encode()) / 1000, "milliseconds": statistics.median(times)}
            )
            page.close()
        browser.close()
    return results


def table(results):
    """The results as a Markdown table."""
    lines = ["| explorer in | kB in the page | milliseconds a decode |", "| --- | ---: | ---: |"]
    for result in results:
        lines.append(
            f"| [{result['name']}]({result['name']}.ipynb) | {result['kilobytes']:.0f} | {result['milliseconds']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(measure()))
