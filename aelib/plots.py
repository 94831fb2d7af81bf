"""The course's figures: one function for each kind, each returning a Matplotlib ``Figure``.

Figures share one width, a white background and a palette that colour-blind readers can tell apart (Petroff 2021).
Classes are told apart by glyph as well as by colour. Images are drawn on one grey scale, 0 black and 1 white.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from aelib.data import as_images

#: Width of every figure in inches; with `DPI` about the width of a page's text.
WIDTH = 8.0
DPI = 110
#: Ten colours in the order of the classes 0 to 9 (Petroff 2021, "Accessible color sequences for data visualization").
COLOURS = (
    "#3f90da", "#e08a00", "#bd1f01", "#7a8a88", "#832db6", "#a96b59", "#e76300", "#8f8448", "#717581", "#2fa3ab",
)  # fmt: skip
#: Markers for several lines in one figure, in the same order as the colours.
MARKERS = "osD^vP*X<>"
_REFERENCE_STYLES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))


def _figure(height, *, rows=1, columns=1, **kwargs):
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(WIDTH, height),
        dpi=DPI,
        facecolor="white",
        layout="constrained",
        squeeze=False,
        **kwargs,
    )
    # Off pyplot's list: a notebook then shows the figure once, as the cell's value.
    plt.close(figure)
    return figure, axes


def _label(axes, title, xlabel, ylabel):
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)


def _references(axes, references):
    """Horizontal lines for results that do not change along the axis."""
    for index, (name, value) in enumerate((references or {}).items()):
        style = _REFERENCE_STYLES[index % len(_REFERENCE_STYLES)]
        axes.axhline(value, linestyle=style, color="black", linewidth=1.2, label=f"{name} ({value:.3g})")


def _require_mapping(value, name):
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{name} is {type(value).__name__}; expected a mapping from labels to arrays, not empty")


def image_rows(rows, *, title, captions=None):
    """Rows of images under one another, for comparing by eye: originals beside reconstructions.

    Parameters
    ----------
    rows : mapping of str to ndarray
        Label of a row to its images, ``(n, 784)``, ``(n, 28, 28)`` or ``(n, 28, 28, 1)``, finite numbers; every row the
        same number. What lies outside [0, 1] is drawn as black or white.
    title : str
    captions : mapping of str to sequence of str, optional
        For a row's label, a short text under each of its images.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``rows`` is not a mapping or is empty, a row does not hold images or is of bytes, or rows differ in length.
    """
    _require_mapping(rows, "rows")
    if raw := [label for label, row in rows.items() if np.asarray(row).dtype == np.uint8]:
        raise ValueError(f"the rows {', '.join(raw)} have dtype uint8; expected floats in [0, 1]: divide by 255")
    images = {label: as_images(np.asarray(row, dtype=np.float32))[..., 0] for label, row in rows.items()}
    lengths = {label: len(row) for label, row in images.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"rows have {lengths} images; expected the same number in each")
    captions = captions or {}
    columns = next(iter(lengths.values()))
    side = (WIDTH - 0.2 - 0.09 * max(map(len, images))) / columns  # inches; a letter of a label takes about 0.09
    height = 0.4 + len(images) * (side + 0.02) + 0.2 * len(captions)
    figure, axes = _figure(height, rows=len(images), columns=columns)
    for line, (label, row) in zip(axes, images.items(), strict=True):
        for index, (ax, image) in enumerate(zip(line, row, strict=True)):
            ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            if label in captions:
                ax.set_xlabel(captions[label][index], fontsize=8, labelpad=2)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=10)
    figure.suptitle(title)
    return figure


def weight_images(weights, *, title, columns=16):
    """Weight vectors as pictures: red for positive, blue for negative, white for zero, one scale for all.

    Parameters
    ----------
    weights : ndarray
        Shape ``(n, 784)``: one row for each unit.
    title : str
    columns : int
        Pictures in a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the weights are not of shape ``(n, 784)``, or there are none.
    """
    weights = np.asarray(weights)
    if weights.ndim != 2 or weights.shape[1] != 784 or len(weights) == 0:
        raise ValueError(f"weights have shape {weights.shape}; expected (n, 784): one row for each unit")
    limit = np.abs(weights).max() or 1.0
    lines = -(-len(weights) // columns)
    figure, axes = _figure(0.4 + lines * (WIDTH - 0.8) / columns, rows=lines, columns=columns)
    for ax in axes.flat:
        ax.axis("off")
    for ax, vector in zip(axes.flat, weights, strict=False):
        drawn = ax.imshow(vector.reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="weight")
    figure.suptitle(title)
    return figure


def architecture(sizes, names, *, title):
    """An autoencoder's layers as bars in a row, each of the height ``log2(width + 1)``.

    The narrowest layer is taken for the code, and gets another colour.

    Parameters
    ----------
    sizes : sequence of int
        Units in each layer, from the input to the output; at least three layers.
    names : sequence of str
        A name for each layer.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there are fewer than three layers, or not as many names.
    """
    if len(sizes) != len(names) or len(sizes) < 3:
        raise ValueError(f"got {len(sizes)} sizes and {len(names)} names; expected the same number, at least 3")
    figure, axes = _figure(3.4)
    ax = axes[0, 0]
    code = int(np.argmin(sizes))
    heights = np.log2(np.asarray(sizes, dtype=float) + 1)
    places = np.arange(len(sizes)) * 1.6
    for index in range(len(sizes) - 1):
        left, right = places[index] + 0.25, places[index + 1] - 0.25
        corners = [heights[index] / 2, heights[index + 1] / 2, -heights[index + 1] / 2, -heights[index] / 2]
        ax.fill([left, right, right, left], corners, color="0.9")
    for index, (place, size, name, height) in enumerate(zip(places, sizes, names, heights, strict=True)):
        colour = COLOURS[2] if index == code else COLOURS[0]
        ax.bar(place, height, width=0.5, bottom=-height / 2, color=colour, edgecolor="black")
        ax.text(place, -heights.max() / 2 - 0.4, f"{name}\n{size}", ha="center", va="top")
    top = heights.max() / 2 + 0.5
    for label, first, last in (("encoder", 0, code), ("decoder", code, len(sizes) - 1)):
        ax.annotate("", (places[last], top), (places[first], top), arrowprops={"arrowstyle": "->"})
        ax.text((places[first] + places[last]) / 2, top + 0.2, label, ha="center", va="bottom")
    ax.set(xlim=(-1, places[-1] + 1), ylim=(-heights.max() / 2 - 2.6, top + 1.4), title=title)
    ax.axis("off")
    return figure


def curves(series, *, title, xlabel, ylabel, x=None, references=None, log_x=False, log_y=False):
    """Lines over a shared axis, such as a loss over the epochs.

    A line of up to 40 values has a marker at each.

    Parameters
    ----------
    series : mapping of str to sequence of float
        Label to values.
    title, xlabel, ylabel : str
    x : sequence of float, or mapping of str to sequence of float, optional
        Where the values lie, for all lines or for each label; by default 1, 2, 3, …, as epochs are counted.
    references : mapping of str to float, optional
        Yardsticks, drawn as horizontal lines.
    log_x, log_y : bool
        Logarithmic axes.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``series`` is not a mapping or is empty, or ``x`` does not have its labels or lengths.
    """
    _require_mapping(series, "series")
    if isinstance(x, Mapping) and set(x) != set(series):
        raise ValueError(f"x has the labels {list(x)}, series {list(series)}; expected the same ones")
    figure, axes = _figure(3.8)
    ax = axes[0, 0]
    for index, (label, values) in enumerate(series.items()):
        places = np.arange(1, len(values) + 1) if x is None else x[label] if isinstance(x, Mapping) else x
        marker = MARKERS[index % len(MARKERS)] if len(values) <= 40 else None
        ax.plot(places, values, marker=marker, markersize=4, color=COLOURS[index % len(COLOURS)], label=label)
    if x is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _finish_lines(figure, ax, title, xlabel, ylabel, references, log_x, log_y)


def error_bars(frame, *, x, y, group, title, xlabel, ylabel, references=None, log_x=False, log_y=False, ticks=None):
    """Means over seeds with one standard deviation up and down, a line for each group.

    The standard deviation is that of a sample of n runs, divided by n - 1; a single run has none. Runs without a number
    (NaN) do not count, and where no run has one nothing is drawn.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a run, as `aelib.experiments.sweep` returns.
    x, y, group : str
        Columns: along the axis, measured, and told apart by line.
    title, xlabel, ylabel : str
    references, log_x, log_y
        As in `curves`, but a logarithmic x axis has the base 2 and is marked at ``ticks``.
    ticks : sequence of float, optional
        Numbers to write along a logarithmic x axis; by default those that occur.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the table lacks one of the three columns.
    """
    if missing := [column for column in (x, y, group) if column not in frame.columns]:
        raise ValueError(f"the table has no column {missing}; it has {list(frame.columns)}")
    figure, axes = _figure(4.2)
    ax = axes[0, 0]
    for index, (label, part) in enumerate(frame.groupby(group, sort=False)):
        runs = part.groupby(x)[y].agg(["mean", "std"]).fillna({"std": 0})
        colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
        ax.errorbar(
            runs.index.to_numpy(),
            runs["mean"].to_numpy(),
            yerr=runs["std"].to_numpy(),
            color=colour,
            marker=marker,
            capsize=4,
            label=str(label),
        )
    if log_x:
        places = sorted(frame[x].unique()) if ticks is None else ticks
        ax.set_xscale("log", base=2)
        ax.set_xticks(places, [f"{place:g}" for place in places])
        ax.minorticks_off()
    return _finish_lines(figure, ax, title, xlabel, ylabel, references, False, log_y)


def _finish_lines(figure, ax, title, xlabel, ylabel, references, log_x, log_y):
    _references(ax, references)
    if log_x:
        ax.set_xscale("log")
    if log_y:
        ax.set_yscale("log")
    _label(ax, title, xlabel, ylabel)
    if len(ax.get_legend_handles_labels()[0]) > 1:
        ax.legend(fontsize=9)
    return figure


def bars(values, *, title, xlabel, errors=None, number_format="{:.4g}"):
    """Horizontal bars with their numbers written beside them: methods compared on one measure.

    Parameters
    ----------
    values : mapping of str to float
        From top to bottom.
    title, xlabel : str
    errors : mapping of str to float, optional
        Half-lengths of error bars.
    number_format : str
        For the numbers written.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``values`` is not a mapping or is empty.
    """
    _require_mapping(values, "values")
    figure, axes = _figure(0.9 + 0.36 * len(values))
    ax = axes[0, 0]
    spread = [(errors or {}).get(name, 0) for name in values]
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(values))]
    drawn = ax.barh(list(values), list(values.values()), xerr=spread if errors else None, color=colours, capsize=4)
    ax.bar_label(drawn, [number_format.format(value) for value in values.values()], padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    _label(ax, title, xlabel, "")
    ax.grid(False)
    return figure


def histogram(series, *, title, xlabel, ylabel="share", bins=50, log_y=False):
    """Distributions of one or more sets of numbers, as steps over shared bins; each adds up to 1.

    Parameters
    ----------
    series : mapping of str to ndarray
        Label to numbers.
    title, xlabel, ylabel : str
    bins : int or sequence of float
        As `numpy.histogram` takes them.
    log_y : bool
        Logarithmic heights.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``series`` is not a mapping or is empty, or NumPy cannot make bins of the numbers.
    """
    _require_mapping(series, "series")
    edges = np.histogram_bin_edges(np.concatenate([np.ravel(values) for values in series.values()]), bins=bins)
    figure, axes = _figure(3.4)
    for index, (label, values) in enumerate(series.items()):
        counts, _ = np.histogram(np.ravel(values), bins=edges)
        style = ("-", *_REFERENCE_STYLES)[index % 5]
        shares = counts / counts.sum()
        axes[0, 0].stairs(shares, edges, label=label, color=COLOURS[index % 10], linestyle=style, linewidth=1.8)
    return _finish_lines(figure, axes[0, 0], title, xlabel, ylabel, None, False, log_y)


def heatmap(matrix, *, row_labels, column_labels, title, xlabel, ylabel, number_format="{:.3g}", colour_label=""):
    """A table of numbers as coloured cells with the numbers written in.

    Parameters
    ----------
    matrix : ndarray
        Shape ``(rows, columns)``.
    row_labels, column_labels : sequence
        One for each row and column.
    title, xlabel, ylabel : str
    number_format : str
        For the numbers written.
    colour_label : str
        What the colours measure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is not one label for each row and column.
    """
    matrix = np.asarray(matrix, dtype=float)
    if matrix.shape != (len(row_labels), len(column_labels)):
        raise ValueError(
            f"the matrix has shape {matrix.shape}, with {len(row_labels)} row and {len(column_labels)} column labels; "
            "expected one label for each row and column"
        )
    figure, axes = _figure(min(1.4 + 0.5 * len(matrix), WIDTH))
    ax = axes[0, 0]
    drawn = ax.imshow(matrix, cmap="viridis", aspect="auto")
    ax.set_xticks(range(len(column_labels)), column_labels)
    ax.set_yticks(range(len(row_labels)), row_labels)
    middle = (np.nanmin(matrix) + np.nanmax(matrix)) / 2
    for (row, column), value in np.ndenumerate(matrix):
        colour = "white" if value < middle else "black"
        ax.text(column, row, number_format.format(value), ha="center", va="center", color=colour)
    figure.colorbar(drawn, ax=ax, label=colour_label)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure


def latent_planes(planes, labels, *, title, class_names=tuple("0123456789"), columns=2, points=2000):
    """Scatter plots of two-dimensional codes, a class's colour and glyph at each point.

    Parameters
    ----------
    planes : mapping of str to ndarray
        Panel titles to codes of shape ``(n, 2)``.
    labels : ndarray
        Class indices of shape ``(n,)``, the same images in every panel.
    title : str
    class_names : sequence of str
        At most ten. One-character names are drawn as they are, others as their index.
    columns : int
        Panels in a row.
    points : int
        Draw at most so many, the first ones: more would hide one another.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``planes`` is not a mapping or is empty, codes are not two-dimensional, or not one for each label.
    """
    _require_mapping(planes, "planes")
    if short := {name: len(codes) for name, codes in planes.items() if len(codes) != len(labels)}:
        raise ValueError(f"planes have {short} codes, but there are {len(labels)} labels; expected one for each code")
    columns = min(columns, len(planes))
    lines = -(-len(planes) // columns)
    figure, axes = _figure(lines * (WIDTH * 0.92 / columns) + 0.7, rows=lines, columns=columns)
    for ax in axes.flat[len(planes) :]:
        ax.axis("off")
    for ax, (name, codes) in zip(axes.flat, planes.items(), strict=False):
        draw_codes(ax, codes[:points], labels[:points], class_names=class_names)
        ax.set(title=name, xlabel="code unit 1", ylabel="code unit 2")
    _class_legend(figure, axes[0, 0], class_names)
    figure.suptitle(title)
    return figure


def _class_legend(figure, ax, class_names):
    """Name the glyphs, unless each is its class's name already."""
    if any(len(name) > 1 for name in class_names):
        handles = ax.get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=5, fontsize=9, markerscale=1.6)


def draw_codes(ax, codes, labels, *, class_names=tuple("0123456789")):
    """Draw two-dimensional codes into given axes, by colour and glyph: for figures that hold more than a plane.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    codes : ndarray
        Shape ``(n, 2)``.
    labels : ndarray
        Class indices of shape ``(n,)``.
    class_names : sequence of str
        At most ten.

    Raises
    ------
    ValueError
        If codes are not two-dimensional, or not one for each label.
    """
    codes, labels = np.asarray(codes), np.asarray(labels)
    if codes.ndim != 2 or codes.shape[1] != 2 or len(codes) != len(labels):
        raise ValueError(
            f"codes have shape {codes.shape} and labels {labels.shape}; expected (n, 2) and (n,): "
            "only codes of two units can be drawn in a plane"
        )
    for index, name in enumerate(class_names):
        glyph = name if len(name) == 1 else str(index)
        legend = name if len(name) == 1 else f"{index} {name}"
        chosen = codes[labels == index]
        ax.scatter(
            chosen[:, 0], chosen[:, 1], s=22, marker=f"${glyph}$", color=COLOURS[index], linewidths=0.2, label=legend
        )


def decoded_plane(decode, *, x_range, y_range, steps=20, title):
    """What the decoder makes of every point of a plane: images on a grid, each at its code's place.

    Parameters
    ----------
    decode : callable
        From codes ``(n, 2)`` to images ``(n, 784)``.
    x_range, y_range : tuple of float
        Limits of the plane.
    steps : int
        Images in a row and in a column.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``decode`` does not give 784 pixels for each code.
    """
    figure, axes = _figure(WIDTH * 0.95)
    draw_decoded(axes[0, 0], decode, x_range=x_range, y_range=y_range, steps=steps)
    axes[0, 0].set(title=title, xlabel="code unit 1", ylabel="code unit 2")
    return figure


def plane_and_grid(decode, codes, labels, *, title, steps=16, class_names=tuple("0123456789"), points=2000):
    """Two panels over the same plane: where the codes lie, and what the decoder makes of every point.

    Parameters
    ----------
    decode : callable
        From codes ``(n, 2)`` to images ``(n, 784)``.
    codes, labels, class_names, points
        As in `latent_planes`. The plane's limits are the codes' 1st and 99th percentiles, a little widened.
    title : str
    steps : int
        Decoded images in a row and in a column.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If codes are not two-dimensional, or not one for each label; or as `decoded_plane`.
    """
    low, high = np.percentile(codes, [1, 99], axis=0)
    margin = 0.05 * (high - low)
    (x_low, y_low), (x_high, y_high) = low - margin, high + margin
    figure, axes = _figure(WIDTH * 0.56, columns=2)
    left, right = axes[0]
    if len(codes) != len(labels):
        raise ValueError(f"got {len(codes)} codes and {len(labels)} labels; expected one for each")
    draw_codes(left, codes[:points], labels[:points], class_names=class_names)
    left.set(xlim=(x_low, x_high), ylim=(y_low, y_high), title="codes of test images")
    draw_decoded(right, decode, x_range=(x_low, x_high), y_range=(y_low, y_high), steps=steps)
    right.set(title="the same plane, decoded")
    for ax in (left, right):
        ax.set(xlabel="code unit 1", ylabel="code unit 2")
    _class_legend(figure, left, class_names)
    figure.suptitle(title)
    return figure


def draw_decoded(ax, decode, *, x_range, y_range, steps):
    """Draw a decoded grid into given axes: for figures that hold more than a plane.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    decode, x_range, y_range, steps
        As in `decoded_plane`. Each image fills the cell whose centre is its code.

    Raises
    ------
    ValueError
        If ``decode`` does not give 784 pixels for each code.
    """
    (x_low, x_high), (y_low, y_high) = x_range, y_range
    # Each image fills the cell whose centre is its code.
    across = x_low + (np.arange(steps) + 0.5) * (x_high - x_low) / steps
    upwards = y_low + (np.arange(steps) + 0.5) * (y_high - y_low) / steps
    codes = np.array([(x, y) for y in upwards[::-1] for x in across], dtype=np.float32)
    images = np.asarray(decode(codes), dtype=np.float32).reshape(steps, steps, 28, 28)
    mosaic = images.transpose(0, 2, 1, 3).reshape(steps * 28, steps * 28)
    ax.imshow(mosaic, cmap="gray", vmin=0, vmax=1, extent=(x_low, x_high, y_low, y_high), aspect="auto")
