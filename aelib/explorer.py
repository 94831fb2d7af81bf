"""Live figures: a decoder in the page itself, for readers who have no Python running.

Each explorer is shown by Jupyter and by the book as one self-contained element: a picture, the weights of a small dense
network, and JavaScript (``explorer.js``) that puts controls in the picture's place and runs the network on every move.
Nothing is loaded from anywhere. Where scripts do not run, the picture stays.
"""

import base64
import hashlib
import html
import io
import json
from importlib import resources

import keras
import numpy as np
from PIL import Image

from aelib._checks import check_images, check_seed, check_vectors
from aelib.data import as_vectors
from aelib.noise import gaussian
from aelib.plots import COLOURS, image_rows, latent_planes

_ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")
_DIGITS = tuple("0123456789")
_POINTS = 1_500  # codes drawn in a plane; more would hide one another
_NOISE_STEPS = 32  # steps for one standard deviation, see explorer.js
_BUDGET = 400_000  # bytes that an explorer may add to a page


class _Explorer:
    """What the explorers share: packing, and the element around it."""

    def __init__(self, network, *, bits, **spec):
        self._spec = {"layers": _pack(network, bits), **spec}

    def _still(self):
        """Return the picture for readers without JavaScript: a Matplotlib figure, and its description."""
        raise NotImplementedError

    def _repr_html_(self):
        figure, alt = self._still()
        drawn, png = io.BytesIO(), io.BytesIO()
        figure.savefig(drawn, format="png", dpi=72)
        # A palette is a third of the bytes. It also drops Matplotlib's version, which would change with every upgrade.
        Image.open(drawn).convert("RGB").quantize(64).save(png, format="png", optimize=True)
        # "<" would end the script inside a name such as "</script>".
        spec = json.dumps(self._spec).replace("<", "\\u003c")
        identifier = hashlib.sha256(spec.encode()).hexdigest()[:12]
        script = resources.files("aelib").joinpath("explorer.js").read_text(encoding="utf-8")
        page = (
            f'<figure data-aelib-explorer="{identifier}" style="margin:1rem 0">'
            f"<figcaption><strong>{html.escape(self.title)}</strong></figcaption>"
            f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{_text(png.getvalue())}"></figure>\n'
            f'<script>\n{script.strip()}({{id: "{identifier}", ...{spec}}});\n</script>'
        )
        if len(page) > _BUDGET:
            raise ValueError(
                f"this explorer would add {len(page) // 1000} kB to the page; {_BUDGET // 1000} kB are allowed. "
                "Use a network with fewer weights"
            )
        return page

    def __repr__(self):
        return f"{type(self).__name__}: {self.title}. Live where HTML and scripts are shown."


class LatentExplorer(_Explorer):
    """A plane of codes with a point to drag, and the image decoded there.

    Parameters
    ----------
    decoder : keras.Model
        Dense layers from 2 numbers to 784 pixels.
    codes : ndarray
        Shape ``(n, 2)``; the first 1,500 are drawn.
    labels : ndarray
        Class indices of shape ``(n,)``, integers from 0 to 9.
    class_names : sequence of str
        Ten names. One-character names are drawn as they are, others as their index.
    title : str

    Raises
    ------
    ValueError
        If the decoder is not of dense layers from 2 to 784 numbers with known activations, or if codes, labels or class
        names do not fit. When it is shown: if the element would be heavier than 400 kB.

    Notes
    -----
    Weights are stored in 16 bits with one scale for each unit: pixels differ from Keras's by less than 0.001.
    """

    def __init__(self, decoder, codes, labels, *, class_names=_DIGITS, title="Move the point, and see what is decoded"):
        codes, labels, class_names = check_vectors(codes, "codes"), np.asarray(labels), list(class_names)
        if codes.shape[1] != 2 or labels.shape != codes.shape[:1]:
            raise ValueError(
                f"codes have shape {codes.shape} and labels {labels.shape}; expected (n, 2) and (n,): "
                "only codes of two units can be drawn in a plane"
            )
        if len(class_names) != 10:
            raise ValueError(f"got {len(class_names)} class names; expected ten, for the labels 0 to 9")
        if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() > 9:
            raise ValueError(
                f"labels are {labels.dtype} from {labels.min()} to {labels.max()}; expected integers 0 to 9"
            )
        self.title = title
        self._codes, self._labels, self._names = codes[:_POINTS], labels[:_POINTS], class_names
        low, high = self._codes.min(axis=0), self._codes.max(axis=0)
        margin = 0.05 * np.where(high > low, high - low, 1.0)
        super().__init__(
            _require_network(decoder, 2),
            bits=16,
            kind="plane",
            codes=_text(self._codes.astype("<f4")),
            labels=_text(self._labels.astype("u1")),
            names=class_names,
            glyphs=[name if len(name) == 1 else str(index) for index, name in enumerate(class_names)],
            colours=list(COLOURS),
            low=(low - margin).tolist(),
            high=(high + margin).tolist(),
            start=np.median(self._codes, axis=0).tolist(),
        )

    def _still(self):
        planes = {f"{len(self._codes):,} codes": self._codes}
        figure = latent_planes(planes, self._labels, title=self.title, class_names=self._names, columns=1)
        return figure, f"Plane of {len(self._codes):,} codes, each drawn as the glyph of its class."


class PathExplorer(_Explorer):
    """A slider along the straight line between the codes of two images, beside the cross-fade of their pixels.

    Parameters
    ----------
    decoder : keras.Model
        Dense layers from codes to 784 pixels.
    codes : ndarray
        Shape ``(n, latent_dim)``: the codes to choose ends from.
    images : ndarray
        The images of these codes, ``(n, 784)``, ``(n, 28, 28)`` or ``(n, 28, 28, 1)``, values in [0, 1].
    names : sequence of str
        One for each image.
    title : str

    Raises
    ------
    ValueError
        As for `LatentExplorer`, and if codes, images and names differ in number or are fewer than two.

    Notes
    -----
    Weights are stored as for `LatentExplorer`, images in 8 bits.
    """

    def __init__(self, decoder, codes, images, *, names=_DIGITS, title="From one code to another in a straight line"):
        codes, images, names = check_vectors(codes, "codes"), as_vectors(check_images(images, "images")), list(names)
        if not 2 <= len(codes) == len(images) == len(names):
            raise ValueError(
                f"got {len(codes)} codes, {len(images)} images and {len(names)} names; "
                "expected equal numbers, two or more"
            )
        self.title = title
        self._decoder, self._codes, self._images, self._names = decoder, codes, images, names
        super().__init__(
            _require_network(decoder, codes.shape[1]),
            bits=16,
            kind="path",
            codes=_text(codes.astype("<f4")),
            images=_text(np.round(255 * images).astype("u1")),
            names=names,
            start=[0, len(names) - 1],
        )

    def _still(self):
        share = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
        start, end = self._names[0], self._names[-1]
        between = {
            name: (1 - share) * values[0] + share * values[-1]
            for name, values in (("decoded", self._codes), ("cross-fade", self._images))
        }
        between["decoded"] = keras.ops.convert_to_numpy(self._decoder(between["decoded"]))
        return image_rows(between, title=f"From {start} to {end}"), (
            f"Two rows of nine images on the way from {start} to {end}, decoded from mixed codes and mixed by pixels."
        )


class NoiseExplorer(_Explorer):
    """A slider for the standard deviation of Gaussian noise, and what a denoiser makes of the noisy image.

    Parameters
    ----------
    denoiser : keras.Model
        Dense layers from 784 to 784 pixels, for example an `aelib.models.Autoencoder`.
    images : ndarray
        Clean images to choose from, ``(n, 784)``, ``(n, 28, 28)`` or ``(n, 28, 28, 1)``, values in [0, 1].
    names : sequence of str
        One for each image.
    seed : int
        Fixes the noise. Each image has its own, and the slider scales it.
    title : str

    Raises
    ------
    ValueError
        As for `LatentExplorer`, and if images and names differ in number, or ``seed`` is not a non-negative integer.

    Notes
    -----
    To stay within the budget of a page, weights are stored in 8 bits with one scale for each unit. Pixels therefore
    differ from Keras's, typically by about 0.001 and at some edges by 0.02 or more. The noise is stored in steps of
    1/32 of a standard deviation, up to 127/32. The picture that stays where scripts do not run has other noise.
    """

    def __init__(self, denoiser, images, *, seed, names=_DIGITS, title="More noise, or less, through the denoiser"):
        images, names = as_vectors(check_images(images, "images")), list(names)
        if len(images) != len(names):
            raise ValueError(f"got {len(images)} images and {len(names)} names; expected equal numbers")
        self.title = title
        self._denoiser, self._images, self._seed = denoiser, images, check_seed(seed)
        normal = np.random.default_rng(seed).standard_normal(images.shape)
        super().__init__(
            _require_network(denoiser, 784),
            bits=8,
            kind="noise",
            images=_text(np.round(255 * images).astype("u1")),
            noise=_text(np.clip(np.round(_NOISE_STEPS * normal), -127, 127).astype("i1")),
            names=names,
            start=[0],
        )

    def _still(self):
        noisy = gaussian(self._images, 0.5, seed=self._seed)
        denoised = keras.ops.convert_to_numpy(self._denoiser(noisy))
        return image_rows({"noisy": noisy, "denoised": denoised}, title="Noise of standard deviation 0.5"), (
            "A row of images with noise of standard deviation 0.5, and below them what the denoiser makes of each."
        )


def _text(array):
    return base64.b64encode(array if isinstance(array, bytes) else array.tobytes()).decode("ascii")


def _require_network(model, inputs):
    """Return the dense layers of a model that turns so many numbers into 784 pixels, or say why it cannot be used."""
    halves = [model.encoder, model.decoder] if hasattr(model, "encoder") else [model]
    layers = [layer for half in halves for layer in getattr(half, "layers", [half])]
    layers = [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]
    for layer in layers:
        name = getattr(getattr(layer, "activation", None), "__name__", None)
        if not isinstance(layer, keras.layers.Dense) or name not in _ACTIVATIONS:
            raise ValueError(
                f"layer {getattr(layer, 'name', layer)!r} is {type(layer).__name__} with activation {name}; "
                f"an explorer runs Dense layers with one of the activations {', '.join(_ACTIVATIONS)}"
            )
    shape = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
    if shape != ((inputs,), (784,)):
        raise ValueError(f"the network turns {shape[0]} into {shape[1]}; expected ({inputs},) into (784,)")
    return layers


def _pack(layers, bits):
    """Weights as integers, unit by unit, each unit with a scale of its own."""
    packed = []
    for layer in layers:
        kernel = keras.ops.convert_to_numpy(layer.kernel).T.astype(np.float64)
        largest = np.abs(kernel).max(axis=1)
        scales = np.where(largest > 0, largest, 1.0) / (2 ** (bits - 1) - 1)
        biases = keras.ops.convert_to_numpy(layer.bias) if layer.use_bias else np.zeros(len(kernel))
        packed.append(
            {
                "bits": bits,
                "weights": _text(np.round(kernel / scales[:, None]).astype(f"<i{bits // 8}")),
                "scales": _text(scales.astype("<f4")),
                "biases": _text(biases.astype("<f4")),
                "activation": layer.activation.__name__,
            }
        )
    return packed
