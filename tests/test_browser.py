"""Every page of the book in a real browser: what a reader sees, hears from a screen reader, and reaches by keyboard.

Chromium is the system's. Where there is none, these tests are skipped and say so; ``.ci/run`` installs it. Screenshots
of every page are left in ``_build/screenshots``.
"""

import os
import shutil
from pathlib import Path

import pytest
from test_book import PAGES as WRITTEN

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*WRITTEN, "genindex", "py-modindex", "search"]
SCREENSHOTS = ROOT / "_build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# WCAG 2.2, levels A and AA. Axe's preloading would ask for style sheets by script, which pages from disk may not.
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "preload": False,
}
NOT_COLOURS = RULES | {"rules": {"color-contrast": {"enabled": False}}}
# The rules, of those above, that look at colours.
COLOURS = RULES | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# Axe's time grows with the number of elements, and most are of no interest to it. What MathJax draws is hidden from
# screen readers, who get its MathML, and has the colour of the text around it. Of equal words in code, one is enough.
LIGHTEN = """() => {
    document.querySelectorAll("mjx-math").forEach((drawn) => drawn.replaceChildren());
    const seen = new Set();
    for (const word of document.querySelectorAll(".bd-article pre span[class]")) {
        const kind = `${word.className} in ${word.closest("div.highlight")?.parentElement.className}`;
        if (seen.has(kind)) word.replaceWith(...word.childNodes);
        seen.add(kind);
    }
}"""
# One element of each look is marked: what decides on its contrast is its own style and what it stands on. Looking at
# one is much quicker than at hundreds of equal paragraphs.
LOOKS = """() => {
    const clear = "rgba(0, 0, 0, 0)", seen = new Set();
    document.querySelectorAll("[data-look]").forEach((element) => element.removeAttribute("data-look"));
    for (const element of document.body.querySelectorAll("*")) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!text || !element.checkVisibility()) continue;
        const own = getComputedStyle(element);
        const look = [own.color, own.fontSize, own.fontWeight, own.textDecorationLine, own.textShadow];
        look.push(element.closest("a")?.parentElement.tagName);
        let grounded = false; // what lies behind an opaque ground does not show, but what is around it may fade it
        for (let around = element; around; around = around.parentElement) {
            const style = getComputedStyle(around);
            look.push(style.opacity);
            if (!grounded) look.push(style.backgroundImage, style.backgroundColor);
            grounded ||= style.backgroundColor.startsWith("rgb(");
        }
        const key = look.filter((part) => part !== clear && part !== "1" && part !== "none").join();
        if (!seen.has(key)) element.dataset.look = "";
        seen.add(key);
    }
    return seen.size;
}"""
# Two frames: the observers of a new size run after the first.
FRAME = "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
MATHEMATICS_DONE = """async () => {
    if (!document.querySelector(".math")) return 0;
    const end = performance.now() + 30000;
    while (!window.MathJax?.startup?.promise) {
        if (performance.now() > end) return -1;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await MathJax.startup.promise;
    return document.querySelectorAll(".math").length - document.querySelectorAll(".math mjx-container").length;
}"""

OUTSIDE = """() => {
    const width = document.documentElement.clientWidth;
    const out = (box) => box.right > width + 1 || box.left < -1;
    return [...document.querySelectorAll(".bd-article :is(img, canvas, mjx-math, mjx-labels, pre, table)")]
        .filter((element) => element.checkVisibility() && out(element.getBoundingClientRect()))
        .map((element) => `${element.tagName}: ${(element.closest("div.math") || element).textContent.slice(0, 100)}`);
}"""
INK = """() => {
    const shown = [...document.querySelectorAll(".bd-article :is(p, li, h1, h2, pre, td)")].filter((e) => e.innerText);
    const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;
    return Math.max(...shown.map((element) => light(getComputedStyle(element).color)));
}"""


def find_chromium():
    """Return the system's Chromium, or None; ``CHROMIUM`` names another one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser():
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine, so no page was looked at; install one (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def light(browser):
    """A window in which pages begin in light colours."""
    context = browser.new_context(color_scheme="light", reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture(scope="module", params=["light", "dark"])
def context(browser, request):
    """A window 1280 pixels wide, in both colour schemes."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=request.param, reduced_motion="reduce"
    )
    context.scheme = request.param
    yield context
    context.close()


def open_page(context, address):
    """Open a page; return it with the list that collects what it complains about and what it asks the network for."""
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:", "blob:"))
            else faults.append(f"asks the network for {request.url}")
        ),
    )
    page.on("requestfailed", lambda request: faults.append(f"cannot load {request.url}"))
    page.goto(address)
    return page, faults


def axe(page, options=RULES, context=None):
    """Violations of the accessibility rules, each with the first elements that have it."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{violation['id']}: {node['html'][:200]} ({(node['any'] + node['all'] + node['none'])[0]['message']})"
        for violation in Axe().run(page, context, options).response["violations"]
        for node in violation["nodes"][:3]
    ]


def axe_of_colours(page):
    """Violations of the rules of colours, by one element of each look."""
    assert page.evaluate(LOOKS), "the page has no text"
    return axe(page, COLOURS, {"include": [["[data-look]"]]})


def in_colours(page, scheme, **size):
    """Switch an open page to light or dark, as the reader's system does; and to a size, if one is given."""
    page.emulate_media(media="screen", color_scheme=scheme)
    if size:
        page.set_viewport_size(size)
    page.evaluate(FRAME)
    shown = page.evaluate("document.documentElement.dataset.theme")
    assert shown == scheme, f"the page should turn {scheme} with the system, and is {shown}"


CODE_CUT_OFF = """() => [...document.querySelectorAll(".cell_input pre")]
    .filter((pre) => pre.scrollWidth > pre.clientWidth).map((pre) => pre.textContent)"""


def faults_on_paper(page, scheme):
    """What is wrong with a chapter in print, on A4 with the browser's margins, for a reader with this colour scheme."""
    page.emulate_media(media="print", color_scheme=scheme)
    page.set_viewport_size({"width": 718, "height": 1000})
    page.evaluate(FRAME)
    faults = [f"wider than the paper, so cut off: {cut}" for cut in page.evaluate(OUTSIDE)]
    if page.evaluate(INK) >= 0.45:
        faults.append("some text is too light for white paper")
    for selector in (".bd-sidebar-primary", ".bd-header-article", ".prev-next-footer", "button.copybtn"):
        if page.locator(selector).filter(visible=True).count():
            faults.append(f"{selector} is of no use on paper")
    return faults


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_accessible(html, light, name):
    """In light and in dark, on a narrow screen and on paper. The page is loaded once, for that takes longest."""
    page, faults = open_page(light, (html / f"{name}.html").as_uri())
    assert page.evaluate(MATHEMATICS_DONE) == 0, f"{name}: mathematics was left as it is written"
    assert not page.locator("mjx-merror").count(), f"{name}: {page.locator('mjx-merror').first.inner_text()}"
    broken = "() => [...document.images].filter((i) => i.complete && !i.naturalWidth && i.checkVisibility()).length"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    picture = "_".join(dict.fromkeys(Path(name).parts))  # a chapter and its sheet have one file name
    for scheme in ("light", "dark"):
        in_colours(page, scheme, width=1280, height=900)
        assert page.evaluate(broken) == 0, f"{name}, {scheme}: images that the browser cannot show"
        page.screenshot(path=SCREENSHOTS / f"{picture}_{scheme}.png")
        in_colours(page, scheme, width=360, height=740)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{name}: scrolls sideways in a window of 360 pixels, which need {width}"
        page.screenshot(path=SCREENSHOTS / f"{picture}_{scheme}_narrow.png")
        if (ROOT / f"{name}.ipynb").exists():
            on_paper = faults_on_paper(page, scheme)
            assert not on_paper, f"{name}, {scheme}: " + "\n".join(on_paper)

    in_colours(page, "light", width=1600, height=900)
    cut = page.evaluate(CODE_CUT_OFF)
    assert not cut, f"{name}: lines of code too long for a window of 1600 pixels:\n{cut}"

    # The order of things does not change with the colours, nor the colours with the width.
    page.evaluate(LIGHTEN)
    in_colours(page, "light", width=360, height=740)
    violations = {*axe(page, NOT_COLOURS)}
    in_colours(page, "light", width=1280, height=900)
    violations |= {*axe(page, NOT_COLOURS), *axe_of_colours(page)}
    in_colours(page, "dark")
    violations |= {f"dark: {violation}" for violation in axe_of_colours(page)}
    page.close()
    assert not faults, f"{name}: " + "\n".join(faults)
    assert not violations, f"{name}: " + "\n".join(sorted(violations))


@pytest.mark.parametrize(
    "fault",
    [
        "<p style='color: #999'>pale</p>",
        "<p>some <span style='color: #999'>pale</span> text</p>",
        "<div style='background: #444'><p>dark on dark</p></div>",
        "<div style='opacity: 0.5'><p>seen through</p></div>",
        "<b style='background: white'>a</b><p style='opacity: 0.5'><b style='background: white'>not so clear</b></p>",
        "<p>some text, and more, with a <a href='x' style='color: #222; text-decoration: none'>link</a> like it</p>",
    ],
)
def test_one_text_that_is_hard_to_see_is_found_among_many(light, fault):
    many = "<p>text, and <a href='x'>a link</a></p>" * 50
    page = light.new_page()
    page.set_content(f"<!doctype html><html lang='en'><body style='background: white'><main>{many}{fault}{many}</main>")
    assert len(axe_of_colours(page)) == 1
    page.locator("main").evaluate(f"(main) => main.innerHTML = {many!r}")
    assert not axe_of_colours(page)
    page.close()


@pytest.fixture(scope="module")
def explorers(tmp_path_factory):
    """A page with all three explorers and one of them twice, and what Keras makes of the same inputs."""
    import keras
    import numpy as np

    from aelib import models
    from aelib.explorer import LatentExplorer, NoiseExplorer, PathExplorer

    rng = np.random.default_rng(0)
    plane = models.dense_autoencoder(2, code_activation="linear", seed=0)
    deep = models.dense_autoencoder(64, seed=0)
    for model in (plane, deep):  # with biases, and with weights large enough to matter
        model.set_weights([rng.normal(0, 0.3, weights.shape) for weights in model.get_weights()])
    codes = rng.normal(0, 3, (200, 2)).astype(np.float32)
    images = rng.random((10, 784), dtype=np.float32)
    long_codes = rng.random((10, 64), dtype=np.float32)
    first = LatentExplorer(plane.decoder, codes, np.arange(200) % 10, title="The plane")._repr_html_()
    elements = [
        first,
        PathExplorer(deep.decoder, long_codes, images, title="The path")._repr_html_(),
        NoiseExplorer(deep, images, seed=0, title="The noise")._repr_html_(),
        first,
    ]
    path = tmp_path_factory.mktemp("explorers") / "page.html"
    body = "<hr>".join(elements)
    path.write_text(
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Explorers</title>"
        f"<body><main><h1>Explorers</h1>{body}</main>",
        encoding="utf-8",
    )
    values = keras.ops.convert_to_numpy
    expected = {
        0: (codes[:20], values(plane.decoder(codes[:20]))),
        1: (long_codes, values(deep.decoder(long_codes))),
        2: (images, values(deep(images))),
        3: (codes[:20], values(plane.decoder(codes[:20]))),
    }
    return path.as_uri(), expected


def decoded(figure, inputs):
    import numpy as np

    return np.array(
        figure.evaluate("(figure, inputs) => inputs.map((x) => [...figure.aelib.decode(x)])", inputs.tolist())
    )


def test_explorers_share_a_page_and_decode_what_keras_does(explorers, context):
    address, expected = explorers
    page, faults = open_page(context, address)
    figures = page.locator("figure[data-ready]")
    assert figures.count() == 4
    for index, (inputs, outputs) in expected.items():
        difference = abs(decoded(figures.nth(index), inputs) - outputs)
        if index == 2:  # 8 bits, and three layers of large weights: stated as approximate
            assert difference.mean() < 0.01, f"explorer {index}: pixels differ by {difference.mean():.4f} on average"
        else:
            assert difference.max() <= 1e-3, f"explorer {index}: pixels differ by up to {difference.max():.2g}"
    assert not axe(page)
    assert not faults
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"explorers_{context.scheme}.png", full_page=True)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


PIXELS = """(canvas) => {
    const data = canvas.getContext("2d").getImageData(0, 0, 28, 28).data;
    return Array.from({ length: 784 }, (_, j) => data[4 * j] / 255);
}"""


def test_the_plane_is_moved_by_mouse_keys_and_sliders_and_says_so(explorers, context):
    import re

    import numpy as np

    page, _ = open_page(context, explorers[0])
    figure = page.locator("figure[data-ready]").first
    plane, image = figure.locator("canvas").nth(0), figure.locator("canvas").nth(1)
    said = figure.locator("output")

    def code():
        page.evaluate(FRAME)
        return np.array(
            [float(number.replace("\u2212", "-")) for number in re.findall(r"[\u2212\d.]+\d", said.inner_text())[:2]]
        )

    before = code()
    plane.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    by_keys = code() - before
    assert by_keys[0] > 0 and by_keys[1] > 5 * by_keys[0], f"arrow keys moved the code by {by_keys}"
    shown = np.array(image.evaluate(PIXELS))
    values = [float(figure.locator("input").nth(axis).input_value()) for axis in (0, 1)]
    # Sliders stand at the point, on the nearest of their steps: the picture is that code's, to a grey level or so.
    assert abs(shown - decoded(figure, np.array([values]))[0]).max() < 0.2
    assert np.allclose(values, code(), atol=0.1)

    box = plane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] - 2, steps=3)
    page.mouse.up()
    low = [float(figure.locator("input").nth(axis).get_attribute("min")) for axis in (0, 1)]
    assert np.allclose(code(), low, atol=0.2), "dragging to the lower left corner should give the lowest code"

    figure.locator("input").first.focus()
    page.keyboard.press("End")
    high = float(figure.locator("input").first.get_attribute("max"))
    assert np.isclose(code()[0], high, atol=0.1), "the slider should move the point"
    assert "The nearest code shown: " in said.inner_text()
    others = page.locator("figure[data-ready]").nth(3).locator("output").inner_text()
    assert others != said.inner_text(), "two explorers in a page should move on their own"
    page.close()


def test_the_path_and_the_noise_follow_their_controls(explorers, context):
    import numpy as np

    address, expected = explorers
    page, _ = open_page(context, address)
    path, noise = page.locator("figure[data-ready]").nth(1), page.locator("figure[data-ready]").nth(2)
    path.locator("select").nth(0).select_option(label="3")
    path.locator("input").focus()
    page.keyboard.press("Home")
    page.evaluate(FRAME)
    shown = np.array(path.locator("canvas").first.evaluate(PIXELS))
    assert abs(shown - expected[1][1][3]).max() < 1 / 255, "at 0 % the path should show the first digit's decoding"
    assert path.locator("output").inner_text() == "0 % of the way from 3 to 9."

    noise.locator("input").focus()
    page.keyboard.press("Home")
    page.evaluate(FRAME)
    clean = np.array(noise.locator("canvas").first.evaluate(PIXELS))
    assert abs(clean - expected[2][0][0]).max() < 2 / 255, "without noise the image should be the clean one"
    assert "noisy image no error" in noise.locator("output").inner_text()
    page.close()


def test_without_javascript_a_picture_stands_in_the_explorers_place(explorers, browser):
    context = browser.new_context(java_script_enabled=False)
    page, _ = open_page(context, explorers[0])
    assert page.locator("figure img").count() == 4
    assert page.locator("canvas").count() == 0
    assert page.locator("figure img").first.bounding_box()["width"] > 200
    context.close()


def test_the_chapter_offers_its_notebook_and_a_search_that_finds(html, browser):
    context = browser.new_context()
    page, faults = open_page(context, (html / "chapters/03_dense_autoencoder.html").as_uri())
    address = page.locator("a.btn-download-source-button").first.get_attribute("href")
    assert (html / "chapters" / address).resolve().is_file(), f"the notebook's button leads to {address}"
    page.goto((html / "search.html").as_uri() + "?q=bottleneck")
    page.wait_for_selector("#search-results li", timeout=20_000)
    assert page.locator("#search-results li a").count() >= 3, "searching for 'bottleneck' should find several chapters"
    assert not faults
    context.close()


def test_an_equation_can_be_linked_to(html, context):
    page, _ = open_page(context, (html / "chapters/02_mathematics.html").as_uri() + "#equation-2-19")
    page.evaluate(MATHEMATICS_DONE)
    shown = page.evaluate("document.documentElement.dataset.theme")
    assert shown == context.scheme, f"the page should begin {context.scheme}, as the system is, and is {shown}"
    assert page.locator("#equation-2-19 mjx-container").count() == 1
    # Its own number in the text leads to it.
    assert page.locator(".bd-article a[href='#equation-2-19']").count() >= 1
    page.close()
