r"""What this book changes in the extensions that Jupyter Book loads.

Display mathematics
    Sphinx puts every equation that contains ``\\`` into a ``split`` environment, in which ``\tag`` is an error. The
    chapters write their own environments and tags, as JupyterLab and code hosts need them, so they go to MathJax as
    they are.
Prompts and notes
    They are block quotes that begin with a word in bold, which reads well everywhere. Here that word becomes a class,
    for the style sheet.
Thebe
    Jupyter Book always loads it; it names a script on a public server in every page. This book works offline.
Named tuples
    Fields get no entry of their own: autodoc has only "Alias for field number 0" to say about them.
Launch buttons
    The pages of exercise sheets are made for the book: the repository has no such notebooks to launch.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


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
    app.connect("config-inited", leave_out_thebe)
    app.connect("autodoc-skip-member", skip_tuple_fields)
    app.connect("html-page-context", no_launch_for_sheets, priority=502)  # the theme adds them at 501
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
