"""The built book: no warnings, no dead links, nothing from the network, no raw markup, alternative text everywhere.

It is built once, from the outputs saved in the notebooks, into a temporary folder.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from bs4 import BeautifulSoup

import pairs
import sheets

ROOT = Path(__file__).resolve().parent.parent
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
# The notebook of each page that has one. A sheet's page is made of the sheet.
NOTEBOOKS = {f"chapters/{chapter.name}": chapter for chapter in pairs.find_pairs(ROOT, "chapter")}
NOTEBOOKS |= {f"{sheets.PAGES}/{sheet.name}/{sheet.name}": sheet for sheet in pairs.find_pairs(ROOT, "sheet")}

REMOTE = re.compile(r"^\s*(https?:)?//")
# Relations that make a browser fetch something; the others (next, prev, search, author) only say where things are.
FETCHED = {"stylesheet", "preload", "prefetch", "modulepreload", "icon", "preconnect", "dns-prefetch", "manifest"}
# In MathJax's file, for Internet Explorer and for speech, neither of which this book turns on.
NEVER_FETCHED = re.compile(r"https://cdn\.jsdelivr\.net/npm/(speech-rule-engine|sre-mathmaps-ie|wicked-good-xpath)@")
RAW_MARKUP = re.compile(r"\{[a-z][\w:-]*\}`|```|:::|\$|\]\(|\*\*|\\(tag|frac|begin|hat)\b")


@pytest.fixture(scope="session")
def soups(html):
    """Every page, parsed, by its path."""
    pages = [path for path in sorted(html.rglob("*.html")) if html / "_static" not in path.parents]
    return {path: BeautifulSoup(path.read_bytes(), "html.parser") for path in pages}


def article(soup):
    return soup.find("article") or soup


def complain(faults):
    assert not faults, "\n" + "\n".join(sorted(set(faults)))


def test_every_page_of_the_contents_is_there(html):
    complain(
        [
            f"_toc.yml names {page}, but no page was made of it"
            for page in PAGES
            if not (html / page).with_suffix(".html").exists()
        ]
    )
    target = re.search(r"url=([^\"]+)", (html / "index.html").read_text(encoding="utf-8")).group(1)
    assert (html / target).exists(), f"index.html leads to {target}, which does not exist"


def test_links_and_anchors_resolve(html, soups):
    anchors = {path: {tag.get("id") or tag.get("name") for tag in soup.find_all(True)} for path, soup in soups.items()}
    faults = []
    for path, soup in soups.items():
        for link in soup.find_all("a", href=True):
            href = link["href"]
            if re.match(r"[a-z]+:|//", href) or href in ("", "#"):
                continue
            file, fragment = urldefrag(unquote(href.split("?")[0]))
            target = (path.parent / file).resolve() if file else path
            if not target.exists():
                faults.append(f"{path.relative_to(html)}: link to {href}, which does not exist")
            elif fragment and target in anchors and fragment not in anchors[target]:
                faults.append(f"{path.relative_to(html)}: link to {href}, an anchor that does not exist")
    complain(faults)


def test_images_and_files_resolve(html, soups):
    faults = []
    for path, soup in soups.items():
        sources = [tag["src"] for tag in soup.find_all(["img", "script", "source", "iframe", "video"], src=True)]
        sources += [tag["href"] for tag in soup.find_all("link", href=True) if FETCHED & set(tag.get("rel", []))]
        for source in sources:
            file = unquote(source.split("?")[0].split("#")[0])
            if not (REMOTE.match(source) or source.startswith("data:") or (path.parent / file).exists()):
                faults.append(f"{path.relative_to(html)}: {source} does not exist")
    complain(faults)


def test_pages_ask_the_network_for_nothing(html, soups):
    faults = []
    for path, soup in soups.items():
        asked = [tag["src"] for tag in soup.find_all(src=True)]
        asked += [tag["srcset"] for tag in soup.find_all(srcset=True)]
        asked += [tag["data"] for tag in soup.find_all("object", data=True)]
        asked += [tag["href"] for tag in soup.find_all("link", href=True) if FETCHED & set(tag.get("rel", []))]
        asked += [address for tag in soup.find_all("style") for address in remote_in_css(tag.text)]
        asked += [address for tag in soup.find_all(style=True) for address in remote_in_css(tag["style"])]
        # A script written into the page has no reason to know an address.
        asked += re.findall(r"https?://[^\s\"']+", " ".join(tag.text for tag in soup.find_all("script", src=False)))
        faults += [f"{path.relative_to(html)}: {address}" for address in asked if REMOTE.match(address)]
    for path in html.rglob("*.css"):
        faults += [
            f"{path.relative_to(html)}: {a}" for a in remote_in_css(path.read_text(encoding="utf-8", errors="replace"))
        ]
    complain(faults)


def remote_in_css(text):
    found = re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)
    return [address for address in found if REMOTE.match(address)]


def test_scripts_that_pages_load_fetch_nothing_remote(html, soups):
    loaded = {
        (path.parent / tag["src"].split("?")[0]).resolve()
        for path, soup in soups.items()
        for tag in soup.find_all("script", src=True)
        if not REMOTE.match(tag["src"])
    }
    faults = []
    for path in loaded:
        code = path.read_text(encoding="utf-8", errors="replace")
        # An address of something to execute or apply, a package on a public server, or an argument of a call.
        remote = re.findall(r"[\"'`](https?://[^\"'`\s]+\.(?:m?js|css|woff2?|json)\b[^\"'`\s]*)[\"'`]", code)
        remote += re.findall(r"https?://(?:cdn|unpkg|esm|fonts)\.[^\"'`\s]+", code)
        remote += re.findall(r"(?:fetch|import)\(\s*[\"'`](https?://[^)]*)", code)
        faults += [f"{path.relative_to(html)}: {address}" for address in remote if not NEVER_FETCHED.match(address)]
    complain(faults)


def test_mathematics_is_set_by_a_local_mathjax(html, soups):
    fonts = list((html / "_static" / "mathjax").rglob("*.woff"))
    assert len(fonts) >= 20, "MathJax's fonts are not in the book: see book_assets/static/mathjax"
    faults = []
    for path, soup in soups.items():
        if soup.select(".math"):
            scripts = [tag["src"] for tag in soup.find_all("script", src=True) if "mathjax" in tag["src"].lower()]
            if len(scripts) != 1 or REMOTE.match(scripts[0]):
                faults.append(f"{path.relative_to(html)}: has mathematics and loads MathJax from {scripts}")
    complain(faults)


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_equations_keep_their_tags(html, soups, page):
    source = "\n".join(
        cell.source for cell in pairs.read_notebook_half(NOTEBOOKS[page]).cells if cell.cell_type == "markdown"
    )
    blocks = [block.text for block in soups[html / f"{page}.html"].select("div.math")]
    for tag in re.findall(r"\\tag\{[^}]*\}", source):
        holders = [block for block in blocks if tag in block]
        assert len(holders) == 1, f"{page}: {tag} is in {len(holders)} displayed equations; give $$ lines of its own"
        assert r"\begin{split}" not in holders[0], f"{page}: {tag} stands in a split environment, where it is an error"
        anchor = "equation-" + tag[5:-1].replace(".", "-").lower()
        assert soups[html / f"{page}.html"].find(id=anchor), f"{page}: {tag} has no anchor #{anchor} to link to"


@pytest.mark.parametrize("page", PAGES)
def test_no_raw_markup(html, soups, page):
    soup = BeautifulSoup(str(article(soups[html / f"{page}.html"])), "html.parser")
    for tag in soup.select("pre, code, script, style, .math, .cell_output, .sig"):
        tag.decompose()
    text = soup.get_text(" ")
    found = RAW_MARKUP.search(text)
    assert not found, f"{page}: raw markup in the page: ...{text[max(0, found.start() - 60) : found.end() + 60]!r}"


def test_every_image_has_alternative_text(html, soups):
    complain(
        [
            f"{path.relative_to(html)}: {image.get('src', '')[:80]} has no alternative text"
            for path, soup in soups.items()
            for image in soup.find_all("img")
            if not image.get("alt", "").strip() or image["alt"].startswith(("../", "_images"))
        ]
    )


def figures_saved(pair):
    """How many outputs of a notebook are figures: images and live explorers."""
    return sum(
        any(kind.startswith("image/") for kind in output.get("data", {}))
        or "<figure" in "".join(output.get("data", {}).get("text/html", ""))
        for cell in pairs.read_notebook_half(pair).cells
        for output in cell.get("outputs", [])
    )


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_every_figure_of_the_notebook_is_in_the_page(html, soups, page):
    figures = figures_saved(NOTEBOOKS[page])
    shown = len(soups[html / f"{page}.html"].select(".cell_output img"))
    assert shown == figures, f"{page}: {figures} figures in the notebook, {shown} in the page; make sync"


def test_no_button_leads_nowhere(html, soups):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if not config["repository"]["url"]:
        for path, soup in soups.items():
            services = re.findall(r"colab\.research|mybinder\.org|executablebooks/jupyter-book", str(soup.find("body")))
            assert not services, (
                f"{path.relative_to(html)}: a button for {services[0]}, but no repository is configured"
            )


def test_pages_say_their_language_and_title(html, soups):
    for page in PAGES:
        soup = soups[html / f"{page}.html"]
        assert soup.html.get("lang", "").startswith("en"), f"{page}: no language"
        assert "Autoencoders, Measured" in soup.title.text, f"{page}: the title is {soup.title.text!r}"
        assert len(article(soup).find_all("h1")) == 1, f"{page}: needs exactly one title"


def test_links_to_pages_can_be_previewed(html, soups):
    for page in PAGES:
        soup = soups[html / f"{page}.html"]
        facts = {tag["property"]: tag["content"] for tag in soup.find_all("meta", property=True)}
        assert article(soup).h1.contents[0].strip() in facts["og:title"], f"{page}: og:title is {facts['og:title']!r}"
        assert len(facts["og:description"]) > 40
    assert (html / "_static" / "preview.png").is_file()
