"""The explorers: what is packed, what is refused, and the element that Jupyter shows. The browser's half is tested in
``test_browser.py``.
"""

import base64
import json
import re

import keras
import numpy as np
import pytest
from bs4 import BeautifulSoup

from aelib import models
from aelib.explorer import LatentExplorer, NoiseExplorer, PathExplorer

RNG = np.random.default_rng(0)
IMAGES = RNG.random((10, 784), dtype=np.float32)
CODES = RNG.normal(size=(30, 2)).astype(np.float32)
LABELS = np.arange(30) % 10
PLANE = models.dense_autoencoder(2, hidden=(16,), code_activation="linear", seed=0)
DEEP = models.dense_autoencoder(8, hidden=(16,), seed=0)

EXPLORERS = {
    "plane": lambda: LatentExplorer(PLANE.decoder, CODES, LABELS),
    "path": lambda: PathExplorer(DEEP.decoder, RNG.random((10, 8), dtype=np.float32), IMAGES),
    "noise": lambda: NoiseExplorer(DEEP, IMAGES, seed=0),
}


def spec_of(explorer):
    return json.loads(re.search(r"\.\.\.(\{.*\})\}\);", explorer._repr_html_()).group(1))


def numbers(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


@pytest.mark.parametrize("kind", EXPLORERS)
def test_the_element_is_self_contained_described_and_always_the_same(kind):
    explorer = EXPLORERS[kind]()
    page = explorer._repr_html_()
    soup = BeautifulSoup(page, "html.parser")
    figure = soup.find("figure")
    assert figure.img["src"].startswith("data:image/png;base64,")
    assert len(figure.img["alt"]) > 20
    assert explorer.title in figure.figcaption.text
    assert not re.search(r"https?://|\bimport\b|fetch\(", page)
    assert len(soup.find_all("script")) == 1
    assert page == explorer._repr_html_(), "the same explorer should give the same element, or notebooks change"
    assert spec_of(explorer)["kind"] == kind


def test_a_title_cannot_break_out_of_the_element():
    names = ["</script><b>", *"123456789"]
    page = PathExplorer(DEEP.decoder, np.zeros((10, 8)), IMAGES, names=names, title="a <b> title")._repr_html_()
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("b") is None
    assert page.count("</script>") == 1
    assert "a <b> title" in soup.figcaption.text


@pytest.mark.parametrize(("kind", "bits"), [("plane", 16), ("path", 16), ("noise", 8)])
def test_weights_come_back_to_half_a_step(kind, bits):
    """Unit by unit: the largest weight is exact, the others are off by at most half of a step of that unit's scale."""
    model = {"plane": PLANE.decoder, "path": DEEP.decoder, "noise": DEEP}[kind]
    halves = [model.encoder, model.decoder] if kind == "noise" else [model]
    dense = [layer for half in halves for layer in half.layers if isinstance(layer, keras.layers.Dense)]
    packed = spec_of(EXPLORERS[kind]())["layers"]
    assert len(packed) == len(dense)
    for layer, pack in zip(dense, packed, strict=True):
        kernel = keras.ops.convert_to_numpy(layer.kernel).T
        scales = numbers(pack["scales"], "<f4")[:, None]
        weights = numbers(pack["weights"], f"<i{bits // 8}").reshape(kernel.shape) * scales
        assert (np.abs(weights - kernel) <= 0.501 * scales).all()
        np.testing.assert_allclose(scales[:, 0], np.abs(kernel).max(axis=1) / (2 ** (bits - 1) - 1), rtol=1e-6)
        np.testing.assert_array_equal(numbers(pack["biases"], "<f4"), keras.ops.convert_to_numpy(layer.bias))
        assert pack["activation"] == layer.activation.__name__


def test_a_unit_without_weights_is_packed_as_zeros():
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(784, kernel_initializer="zeros")])
    (layer,) = spec_of(LatentExplorer(decoder, CODES, LABELS))["layers"]
    assert not numbers(layer["weights"], "<i2").any()
    assert np.isfinite(numbers(layer["scales"], "<f4")).all()


def test_the_plane_holds_every_code_it_shows():
    spec = spec_of(EXPLORERS["plane"]())
    np.testing.assert_array_equal(numbers(spec["codes"], "<f4").reshape(-1, 2), CODES)
    np.testing.assert_array_equal(numbers(spec["labels"], "u1"), LABELS)
    assert (np.array(spec["low"]) < CODES.min(axis=0)).all()
    assert (np.array(spec["high"]) > CODES.max(axis=0)).all()
    many = np.zeros((2_000, 2), dtype=np.float32)  # one point: the plane still needs a width
    spec = spec_of(LatentExplorer(PLANE.decoder, many, np.zeros(2_000, dtype=int)))
    assert len(numbers(spec["labels"], "u1")) == 1_500
    assert spec["low"][0] < spec["high"][0]


def test_other_class_names():
    names = ["shirt", *"abcdefghi"]
    spec = spec_of(LatentExplorer(PLANE.decoder, CODES, LABELS, class_names=names))
    assert (spec["glyphs"], spec["names"]) == (["0", *"abcdefghi"], names)


def sequential(*layers, inputs=2):
    return keras.Sequential([keras.Input((inputs,)), *layers])


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (sequential(keras.layers.Dense(784, activation="gelu")), "activation gelu; an explorer runs Dense layers with"),
        (sequential(keras.layers.Dense(784), keras.layers.Dropout(0.1)), "is Dropout with activation None"),
        (sequential(keras.layers.Dense(100)), r"turns \(2,\) into \(100,\); expected \(2,\) into \(784,\)"),
        (sequential(keras.layers.Dense(784), inputs=3), r"turns \(3,\) into \(784,\)"),
    ],
    ids=["activation", "layer", "pixels", "code size"],
)
def test_a_network_that_cannot_run_in_the_page_is_refused(decoder, message):
    with pytest.raises(ValueError, match=message):
        LatentExplorer(decoder, CODES, LABELS)


@pytest.mark.parametrize(
    ("codes", "labels", "names", "message"),
    [
        (CODES[:, :1], LABELS, "0123456789", r"codes have shape \(30, 1\)"),
        (CODES, LABELS[1:], "0123456789", r"labels \(29,\); expected \(n, 2\) and \(n,\)"),
        (np.full_like(CODES, np.nan), LABELS, "0123456789", "codes holds NaN"),
        (CODES[:0], LABELS[:0], "0123456789", "is empty"),
        (CODES, LABELS + 1, "0123456789", "from 1 to 10; expected integers 0 to 9"),
        (CODES, LABELS / 2, "0123456789", "expected integers 0 to 9"),
        (CODES, LABELS, "012", "got 3 class names; expected ten"),
    ],
)
def test_codes_and_labels_that_do_not_fit_are_refused(codes, labels, names, message):
    with pytest.raises(ValueError, match=message):
        LatentExplorer(PLANE.decoder, codes, labels, class_names=names)


def test_images_and_names_that_do_not_fit_are_refused():
    codes = np.zeros((10, 8), dtype=np.float32)
    with pytest.raises(ValueError, match="got 10 codes, 9 images and 10 names; expected equal numbers"):
        PathExplorer(DEEP.decoder, codes, IMAGES[:9])
    with pytest.raises(ValueError, match="got 1 codes, 1 images and 1 names; expected equal numbers, two or more"):
        PathExplorer(DEEP.decoder, codes[:1], IMAGES[:1], names="0")
    with pytest.raises(ValueError, match="got 10 images and 3 names"):
        NoiseExplorer(DEEP, IMAGES, seed=0, names="012")
    with pytest.raises(ValueError, match="divide by 255"):
        NoiseExplorer(DEEP, 255 * IMAGES, seed=0)
    with pytest.raises(ValueError, match="seed"):
        NoiseExplorer(DEEP, IMAGES, seed=-1)


def test_a_network_too_heavy_for_a_page_is_refused_when_shown():
    heavy = models.dense_autoencoder(2, hidden=(512,), code_activation="linear", seed=0)
    explorer = LatentExplorer(heavy.decoder, CODES, LABELS)
    with pytest.raises(ValueError, match="would add 1... kB to the page; 400 kB are allowed. Use a network with fewer"):
        explorer._repr_html_()
