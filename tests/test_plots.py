"""The figures: what is drawn, that it is labelled, and that a notebook shows each of them once."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from aelib import plots

IMAGES = np.random.default_rng(0).random((4, 784))
CODES = np.random.default_rng(1).normal(size=(300, 2))
LABELS = np.arange(300) % 10
FRAME = pd.DataFrame({"size": [2, 2, 4, 4] * 2, "model": ["a"] * 4 + ["b"] * 4, "error": [4, 2, 2, 2, 8, 8, 6, 6]})


def decode(codes):
    return np.full((len(codes), 784), 0.5)


FIGURES = {
    "image_rows": lambda: plots.image_rows({"one": IMAGES, "two": IMAGES}, title="t", captions={"two": "abcd"}),
    "weight_images": lambda: plots.weight_images(IMAGES - 0.5, title="t", columns=3),
    "architecture": lambda: plots.architecture([784, 64, 784], ["in", "code", "out"], title="t"),
    "curves": lambda: plots.curves({"a": [3, 2]}, title="t", xlabel="x", ylabel="y", references={"r": 1}),
    "error_bars": lambda: plots.error_bars(
        FRAME, x="size", y="error", group="model", title="t", xlabel="x", ylabel="y", log_x=True
    ),
    "bars": lambda: plots.bars({"a": 1, "b": 2}, title="t", xlabel="x", errors={"a": 0.1}),
    "histogram": lambda: plots.histogram({"a": IMAGES}, title="t", xlabel="x"),
    "heatmap": lambda: plots.heatmap(np.eye(2), row_labels="ab", column_labels="cd", title="t", xlabel="x", ylabel="y"),
    "latent_planes": lambda: plots.latent_planes({"a": CODES, "b": CODES, "c": CODES}, LABELS, title="t"),
    "decoded_plane": lambda: plots.decoded_plane(decode, x_range=(0, 1), y_range=(0, 1), steps=3, title="t"),
    "plane_and_grid": lambda: plots.plane_and_grid(decode, CODES, LABELS, title="t", steps=3),
}


def public_functions():
    return {
        name
        for name in vars(plots)
        if not name.startswith("_") and getattr(vars(plots)[name], "__module__", "") == plots.__name__
    }


def test_every_figure_function_is_in_this_list():
    assert set(FIGURES) == {name for name in public_functions() if not name.startswith("draw_")}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_titled_white_of_one_width_and_shown_once(name):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    titles = [figure.get_suptitle(), *(ax.get_title() for ax in figure.axes)]
    assert "t" in titles
    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert figure.get_figwidth() == plots.WIDTH
    assert plt.get_fignums() == [], "a figure left open in pyplot is shown twice in a notebook"
    figure.canvas.draw()


@pytest.mark.parametrize(
    "name", ["curves", "error_bars", "histogram", "heatmap", "latent_planes", "plane_and_grid", "decoded_plane"]
)
def test_axes_are_labelled(name):
    ax = FIGURES[name]().axes[0]
    assert ax.get_xlabel() and ax.get_ylabel()


def test_images_are_drawn_on_one_grey_scale_from_black_to_white():
    figure = plots.image_rows({"dark": IMAGES * 0.1}, title="t")
    drawn = figure.axes[0].get_images()[0]
    assert drawn.get_clim() == (0, 1)
    np.testing.assert_allclose(drawn.get_array(), (IMAGES[0] * 0.1).reshape(28, 28), rtol=1e-6)


def test_rows_of_bytes_are_refused():
    with pytest.raises(ValueError, match="rows digits have dtype uint8; expected floats.*divide by 255"):
        plots.image_rows({"digits": np.full((2, 784), 255, dtype=np.uint8)}, title="digits")


def test_curves_can_each_lie_at_places_of_their_own():
    figure = plots.curves({"a": [3, 2], "b": [4]}, x={"b": [7], "a": [0.5, 1]}, title="t", xlabel="x", ylabel="y")
    drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in figure.axes[0].get_lines()}
    assert drawn == {"a": ([0.5, 1], [3, 2]), "b": ([7], [4])}


def test_error_bars_show_mean_and_standard_deviation():
    ax = FIGURES["error_bars"]().axes[0]
    line, _, (bar,) = ax.containers[0]
    np.testing.assert_allclose(line.get_ydata(), [3, 2])
    np.testing.assert_allclose(bar.get_segments()[0][:, 1], [3 - np.sqrt(2), 3 + np.sqrt(2)])


def test_what_was_not_measured_is_not_drawn_as_zero():
    frame = pd.DataFrame({"size": [2, 4], "error": [np.nan, 3], "model": "a"})
    ax = plots.error_bars(frame, x="size", y="error", group="model", title="t", xlabel="x", ylabel="y").axes[0]
    np.testing.assert_array_equal(ax.containers[0][0].get_ydata(), [np.nan, 3])


def test_weights_that_are_all_zero_are_white():
    drawn = plots.weight_images(np.zeros((1, 784)), title="t", columns=1).axes[0].get_images()[0]
    assert drawn.get_clim() == (-1, 1)


def test_a_logarithmic_axis_is_marked_where_it_is_asked_for():
    frame = pd.DataFrame({"size": [2.3, 5.1, 17.9], "error": [3, 2, 1], "model": "a"})
    arguments = {"x": "size", "y": "error", "group": "model", "title": "t", "xlabel": "x", "ylabel": "y", "log_x": True}
    for ticks, expected in [((2, 4, 8, 16), ["2", "4", "8", "16"]), (None, ["2.3", "5.1", "17.9"])]:
        ax = plots.error_bars(frame, **arguments, ticks=ticks).axes[0]
        assert [label.get_text() for label in ax.get_xticklabels()] == expected


def test_a_histogram_holds_the_shares_of_shared_bins():
    figure = plots.histogram({"a": [0, 0, 1], "b": [1, 1, 1, 1]}, title="t", xlabel="x", bins=2)
    shares = [patch.get_data().values for patch in figure.axes[0].patches]
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3], [0, 1]])


def test_curves_count_from_one_name_their_references_and_scale_their_axes():
    arguments = {"title": "t", "xlabel": "x", "ylabel": "y", "references": {"r": 1.5}, "log_x": True, "log_y": True}
    ax = plots.curves({"a": [3, 2, 1]}, **arguments).axes[0]
    line, reference = ax.get_lines()
    assert list(line.get_xdata()) == [1, 2, 3]
    assert reference.get_label() == "r (1.5)" and list(reference.get_ydata()) == [1.5, 1.5]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_a_heatmap_writes_each_number_where_it_can_be_read():
    figure = plots.heatmap([[0, 1], [2, 3]], row_labels="ab", column_labels="cd", title="t", xlabel="x", ylabel="y")
    written = {(round(text.get_position()[1]), round(text.get_position()[0])): text for text in figure.axes[0].texts}
    assert {place: text.get_text() for place, text in written.items()} == {
        (0, 0): "0", (0, 1): "1", (1, 0): "2", (1, 1): "3",
    }  # fmt: skip
    colours = [text.get_color() for text in figure.axes[0].texts]
    assert colours == ["white", "white", "black", "black"], "white on dark cells, below the middle"


def test_bars_stand_in_order_with_their_numbers():
    ax = plots.bars({"a": 1, "b": 2}, title="t", xlabel="x", number_format="{:.2f}").axes[0]
    assert [text.get_text() for text in ax.texts] == ["1.00", "2.00"]
    assert [bar.get_width() for bar in ax.patches] == [1, 2]
    assert ax.yaxis_inverted(), "the first one is on top"


def test_an_architecture_is_as_tall_as_the_logarithms_and_shows_the_code():
    ax = plots.architecture([3, 1, 3], ["in", "code", "out"], title="t").axes[0]
    bars = [patch for patch in ax.patches if patch.get_edgecolor() == (0, 0, 0, 1) and hasattr(patch, "get_height")]
    np.testing.assert_allclose([bar.get_height() for bar in bars], [2, 1, 2])
    assert [matplotlib.colors.to_hex(bar.get_facecolor()) for bar in bars] == [
        plots.COLOURS[0], plots.COLOURS[2], plots.COLOURS[0],
    ]  # fmt: skip


def test_weights_are_drawn_on_one_scale_with_zero_in_its_middle():
    weights = np.zeros((2, 784))
    weights[0, 0], weights[1, 0] = 1, -0.5
    figure = plots.weight_images(weights, title="t", columns=2)
    limits = [ax.get_images()[0].get_clim() for ax in figure.axes[:2]]
    assert limits == [(-1, 1), (-1, 1)]


def test_rows_of_images_carry_their_labels_and_captions():
    figure = plots.image_rows({"one": IMAGES[:2], "two": IMAGES[2:]}, title="t", captions={"two": ["a", "b"]})
    assert [ax.get_ylabel() for ax in figure.axes] == ["one", "", "two", ""]
    assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "a", "b"]


def test_a_plane_and_its_grid_cover_the_same_ground():
    codes = np.stack([np.arange(101.0), np.arange(101.0)], axis=1)  # percentiles 1 and 99 are 1 and 99
    figure = plots.plane_and_grid(decode, codes, np.arange(101) % 10, title="t", steps=3, points=10)
    left, right = figure.axes
    for ax in (left, right):
        np.testing.assert_allclose([ax.get_xlim(), ax.get_ylim()], [(-3.9, 103.9)] * 2)  # a margin of a twentieth
    assert sum(len(dots.get_offsets()) for dots in left.collections) == 10


def test_every_class_has_its_own_colour_and_glyph():
    ax = plots.latent_planes({"a": CODES}, LABELS, title="t").axes[0]
    assert len({tuple(dots.get_facecolor()[0]) for dots in ax.collections}) == 10
    assert len({dots.get_paths()[0].vertices.tobytes() for dots in ax.collections}) == 10


def test_glyphs_are_explained_only_where_they_are_not_the_names_themselves():
    assert plots.latent_planes({"a": CODES}, LABELS, title="t").legends == []
    clothes = [f"garment {index}" for index in range(10)]
    (legend,) = plots.latent_planes({"a": CODES}, LABELS, title="t", class_names=clothes).legends
    assert [text.get_text() for text in legend.get_texts()] == [f"{index} {name}" for index, name in enumerate(clothes)]


def test_a_decoded_image_lies_at_its_code():
    """The upper right cell of a 2 by 2 grid over the unit square belongs to the code (0.75, 0.75)."""
    asked = []

    def decode_and_note(codes):
        asked.extend(map(tuple, np.round(codes, 6).tolist()))
        return np.repeat((codes[:, :1] > 0.5) & (codes[:, 1:] > 0.5), 784, axis=1).astype(float)

    figure = plots.decoded_plane(decode_and_note, x_range=(0, 1), y_range=(0, 1), steps=2, title="t")
    mosaic = figure.axes[0].get_images()[0].get_array()
    assert asked == [(0.25, 0.75), (0.75, 0.75), (0.25, 0.25), (0.75, 0.25)]
    assert mosaic[:28, 28:].min() == 1 and mosaic[28:].max() == 0 and mosaic[:28, :28].max() == 0


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.image_rows({}, title="t"), "not empty"),
        (lambda: plots.image_rows({"a": IMAGES, "b": IMAGES[:2]}, title="t"), "the same number in each"),
        (lambda: plots.image_rows({"a": np.zeros((2, 10))}, title="t"), "expected images"),
        (lambda: plots.weight_images(np.zeros((3, 10)), title="t"), r"expected \(n, 784\)"),
        (lambda: plots.architecture([1, 2], ["a"], title="t"), "2 sizes and 1 names"),
        (lambda: plots.curves([1, 2], title="t", xlabel="x", ylabel="y"), "expected a mapping"),
        (lambda: plots.curves({"a": [1]}, x={"b": [1]}, title="t", xlabel="x", ylabel="y"), "expected the same ones"),
        (
            lambda: plots.error_bars(FRAME, x="sizes", y="error", group="model", title="t", xlabel="x", ylabel="y"),
            "no column",
        ),
        (
            lambda: plots.heatmap(np.eye(2), row_labels="abc", column_labels="de", title="t", xlabel="x", ylabel="y"),
            "3 row and 2 column",
        ),
        (lambda: plots.latent_planes({"a": np.zeros((5, 3))}, np.zeros(5), title="t"), "codes of two units"),
        (lambda: plots.latent_planes({"a": np.zeros((3000, 2))}, np.zeros(2500), title="t"), "2500 labels"),
        (lambda: plots.plane_and_grid(decode, CODES, LABELS[:290], title="t", points=100), "300 codes and 290 labels"),
    ],
)
def test_bad_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
