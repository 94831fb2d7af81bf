r"""What this book changes in the extensions that Jupyter Book loads.

Display mathematics
    Sphinx puts every equation that contains ``\\`` into a ``split`` environment, in which ``\tag`` is an error. The
    chapters write their own environments and tags, as JupyterLab and code hosts need them, so they go to MathJax as
    they are. A tagged equation gets an anchor, ``#equation-2-34``, and where the text names it, "(2.34)", a link.
Prompts and notes
    They are block quotes that begin with a word in bold, which reads well everywhere. Here that word becomes a class,
    for the style sheet.
Preview
    What a chat or a social network shows of a link: title, description and, if the book's address is known, a picture.
Thebe
    Jupyter Book always loads it; it names a script on a public server in every page. This book works offline.
Named tuples
    Fields get no entry of their own: autodoc has only "Alias for field number 0" to say about them.
Launch buttons
    The pages of exercise sheets are made for the book: the repository has no such notebooks to launch.
"""

import html
import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

TAG = re.compile(r"\\tag\{([\w.]+)\}")
NAMED = re.compile(r"\(([A-Z]?[a-z]?\d+\.\d+)\)")
DESCRIPTION = "A course on autoencoders in executed notebooks: every result measured, every conclusion checked."


def anchor_of(tag: str) -> str:
    """Name the anchor of the equation with this tag."""
    return "equation-" + tag.replace(".", "-").lower()


class EquationAnchors(SphinxTransform):
    """Give every tagged equation an anchor, and note which page it is on."""

    default_priority = 500

    def apply(self, **kwargs) -> None:
        """Mark the equations of the page being read."""
        pages = self.env.__dict__.setdefault("equation_pages", {})
        for tag in [tag for tag, page in pages.items() if page == self.env.docname]:
            del pages[tag]
        for node in self.document.findall(nodes.math_block):
            for tag in TAG.findall(node.astext()):
                pages[tag] = self.env.docname
                node["ids"].append(anchor_of(tag))


class EquationLinks(SphinxPostTransform):
    """Link the number of an equation to the equation, in this chapter or another one."""

    default_priority = 900

    def run(self, **kwargs) -> None:
        """Rewrite the text of the page."""
        pages = getattr(self.env, "equation_pages", {})
        for text in list(self.document.findall(nodes.Text)):
            if any(isinstance(parent, _NOT_PROSE) for parent in _parents(text)):
                continue
            pieces = NAMED.split(text.astext())  # text, tag, text, tag, ..., text
            linked = [self._link(pages, piece) if i % 2 else nodes.Text(piece) for i, piece in enumerate(pieces)]
            if any(isinstance(node, nodes.reference) for node in linked):
                text.parent.replace(text, [node for node in linked if node.astext()])

    def _link(self, pages, tag):
        if tag not in pages:
            return nodes.Text(f"({tag})")
        page = self.app.builder.get_relative_uri(self.env.docname, pages[tag]) if pages[tag] != self.env.docname else ""
        return nodes.reference("", f"({tag})", internal=True, refuri=f"{page}#{anchor_of(tag)}")


_NOT_PROSE = (nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.title, nodes.raw)


def _parents(node):
    while (node := node.parent) is not None:
        yield node


class PlainDisplayMath(SphinxPostTransform):
    """Turn off Sphinx's wrapping, keeping the delimiters that MathJax looks for."""

    default_priority = 900

    def run(self, **kwargs) -> None:
        """Rewrite every block of mathematics in the page."""
        for node in self.document.findall(nodes.math_block):
            if not node.get("nowrap"):
                text = "\n".join(line for line in node.astext().splitlines() if line.strip())
                node.children = [nodes.Text(rf"\[{text}\]")]
                node["nowrap"] = True


class NoteClasses(SphinxPostTransform):
    """Mark a block quote by the word that it begins with: ``predict``, ``note``, ``pitfall``."""

    default_priority = 900

    def run(self, **kwargs) -> None:
        """Mark every block quote in the page."""
        for quote in self.document.findall(nodes.block_quote):
            first = next(quote.findall(nodes.strong), None)
            if first is not None and quote.astext().startswith(first.astext()):
                quote["classes"].append(first.astext().split()[0].strip(".:").lower())


def add_preview(app, page, template, context, doctree) -> None:
    """Put the meta data that link previews are made from into the head of a page."""
    title = html.unescape(re.sub(r"<[^>]+>", "", context.get("title", "")))
    facts = {"og:type": "website", "og:site_name": app.config.project, "og:title": title, "og:description": DESCRIPTION}
    if app.config.html_baseurl:  # a preview cannot find a picture by a relative address
        base = app.config.html_baseurl.rstrip("/")
        facts |= {"og:url": f"{base}/{page}.html", "og:image": f"{base}/_static/preview.png"}
    lines = [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in facts.items()]
    lines.append(f'<meta name="description" content="{html.escape(DESCRIPTION)}">')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def leave_out_thebe(app, config) -> None:
    """Disconnect everything that sphinx-thebe connected, and drop its style sheet."""
    for listeners in list(app.events.listeners.values()):
        for listener in list(listeners):
            if listener.handler.__module__ == "sphinx_thebe":
                app.disconnect(listener.id)
    app.registry.css_files = [entry for entry in app.registry.css_files if entry[0] != "sphinx-thebe.css"]


def skip_tuple_fields(app, kind, name, member, skip, options):
    """Tell autodoc to leave out the fields of named tuples; None leaves the decision to it."""
    return True if (getattr(member, "__doc__", None) or "").startswith("Alias for field number") else None


def no_launch_for_sheets(app, pagename, templatename, context, doctree) -> None:
    """Take the buttons for Colab and Binder off the pages of exercise sheets."""
    if pagename.startswith("exercises/"):
        buttons = context.get("header_buttons", [])
        buttons[:] = [button for button in buttons if button.get("label") != "launch-buttons"]


def setup(app) -> dict:
    """Register all of it with Sphinx."""
    app.add_post_transform(PlainDisplayMath)
    app.add_post_transform(NoteClasses)
    app.add_transform(EquationAnchors)
    app.add_post_transform(EquationLinks)
    app.connect("html-page-context", add_preview)
    app.connect("config-inited", leave_out_thebe)
    app.connect("autodoc-skip-member", skip_tuple_fields)
    app.connect("html-page-context", no_launch_for_sheets, priority=502)  # the theme adds them at 501
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
