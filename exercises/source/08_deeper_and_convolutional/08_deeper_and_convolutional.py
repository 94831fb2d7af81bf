# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 8: Deeper and convolutional
#
# This sheet follows [chapter 8](../../../chapters/08_deeper_and_convolutional.ipynb). You find out where a
# convolutional autoencoder keeps its parameters and where it spends its time, program a strided convolution, count how
# often a transposed one paints each pixel, derive initial weights that carry a signal through many layers, move images
# about to train on more of them, and build a small network that beats one with over three times its parameters.
#
# It takes about two hours. There are twenty marks: sixteen for tasks that are checked automatically, four for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | parameters and multiplications, layer by layer | 2 |
# | Task 2 | a convolution with a stride, padded as Keras pads | 3 |
# | Task 3 | why transposed convolutions can paint chequers | 2 |
# | Task 4 | initial weights for many layers | 3 |
# | Question 1 | why more layers need not help | 2 |
# | Task 5 | moved images as additional data | 3 |
# | Task 6 | a small convolutional network that beats a large dense one | 3 |
# | Question 2 | a report with faults | 2 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, metrics, models, plots, training
from aelib.exercises import started
from aelib.models import predict

import numpy as np
import pandas as pd

mnist = data.load_mnist()
split = mnist.validation_split(10_000, seed=8)
x_train, x_validation = split.x_train[:10_000], split.x_validation[:2000]  # enough for this sheet, and quick


def error(model, x):
    """Mean squared error per pixel on flat images; the model may take flat or square ones."""
    given = x if len(model.input_shape) == 2 else data.as_images(x)
    return float(metrics.mean_squared_error(given, predict(model, given)).mean())


# %% [markdown]
# ## Task 1: Where the parameters are, and where the work is (2 marks)
#
# `models.convolutional_autoencoder(m, filters=(a, b), kernel_size=k)` has six layers with weights, in this order:
#
# | Layer | from | to |
# | --- | --- | --- |
# | convolution, stride 2 | 28 × 28 × 1 | 14 × 14 × a |
# | convolution, stride 2 | 14 × 14 × a | 7 × 7 × b |
# | dense, the code | 49 b numbers | m numbers |
# | dense | m numbers | 49 b numbers |
# | doubling of the sides, then a convolution | 7 × 7 × b | 14 × 14 × a |
# | doubling of the sides, then a convolution | 14 × 14 × a | 28 × 28 × 1 |
#
# Every layer has a bias for each of its output channels or units. Doubling repeats pixels and multiplies nothing; the
# convolution after it has stride 1 and works on the image that has been doubled already.
#
# Write `layer_costs(filters, kernel_size, latent_dim)`, where `filters` is the pair `(a, b)`. It returns an array of
# shape `(6, 2)`: for each layer its number of parameters, and its number of *multiplications for one image*. Count one
# multiplication for each weight and each place where the weight is applied, the places at the border included. Adding
# a bias is no multiplication.
#
# <details><summary>Hint</summary>
#
# A kernel of side $k$ from $c$ channels to $c'$ has $k^2 c c'$ weights, which are shared by all places. How many places
# are there, those of the layer's input or those of its output? A dense layer applies each weight once.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def layer_costs(filters, kernel_size, latent_dim):
    """Parameters and multiplications for one image of each of the six layers, shape (6, 2)."""
    ### BEGIN SOLUTION
    a, b = filters
    flat = 49 * b
    # For each layer: weights, biases, and in how many places the weights are applied.
    rows = [
        (kernel_size**2 * a, a, 14**2),
        (kernel_size**2 * a * b, b, 7**2),
        (flat * latent_dim, latent_dim, 1),
        (latent_dim * flat, flat, 1),
        (kernel_size**2 * b * a, a, 14**2),
        (kernel_size**2 * a, 1, 28**2),
    ]
    return np.array([(weights + biases, weights * places) for weights, biases, places in rows])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(layer_costs((16, 32), 3, 64), "Task 1"):
    found = np.asarray(layer_costs((16, 32), 3, 64))
    assert found.shape == (6, 2), f"you return shape {found.shape}; expected (6, 2): six layers, two counts for each"
    built = models.convolutional_autoencoder(64, filters=(16, 32), kernel_size=3)
    parts = [*built.encoder.layers, *built.decoder.layers]
    counted = [layer.count_params() for layer in parts if layer.count_params()]
    weights = [int(np.prod(layer.kernel.shape)) for layer in parts if layer.count_params()]
    mine, work = ([int(count) for count in column] for column in found.T)
    assert mine != weights, "your first column holds the weights alone; every layer has biases, too"
    assert mine[2:4] != [32 * 64 + 64, 64 * 32 + 32], "the dense layers join all 49 places with the code: 49 b numbers"
    assert mine == counted, f"Keras counts {counted} parameters, you count {mine}"
    assert work != mine, "your second column repeats the parameters; a kernel works in many places"
    for layer, wrong, why in (
        (0, 784 * 144, "the first convolution makes 14 × 14 places out of 28 × 28: weights work where output is made"),
        (0, 160 * 196, "adding a bias is no multiplication"),
        (2, 49 * 49 * 32 * 64, "a dense layer applies each of its weights once"),
        (4, 49 * 4608, "the fifth layer's convolution works on the image after doubling: 14 × 14 places"),
        (5, 196 * 144, "the last convolution works on the image after doubling: 28 × 28 places"),
    ):
        assert work[layer] != wrong, why
    expected = [28_224, 225_792, 100_352, 100_352, 903_168, 112_896]
    assert work == expected, f"the multiplications should be {expected}, you have {work}"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert layer_costs((16, 32), 3, 64) is not None, "Task 1: layer_costs returns nothing"
for sizes in (((5, 3), 4, 10), ((1, 9), 1, 100), ((8, 8), 5, 2)):
    (a, b), k, m = sizes
    model = models.convolutional_autoencoder(m, filters=(a, b), kernel_size=k)
    layers_found = [layer for half in (model.encoder, model.decoder) for layer in half.layers if layer.count_params()]
    places_of = [196, 49, 1, 1, 196, 784]
    right = [
        (layer.count_params(), int(np.prod(layer.kernel.shape)) * places)
        for layer, places in zip(layers_found, places_of, strict=True)
    ]
    found = np.asarray(layer_costs(*sizes))
    assert found.shape == (6, 2), "layer_costs has to return six rows of two numbers for any sizes"
    assert np.array_equal(found[:, 0], [row[0] for row in right]), f"the parameters are wrong for the sizes {sizes}"
    assert np.array_equal(found[:, 1], [row[1] for row in right]), f"multiplications are wrong for the sizes {sizes}"
### END HIDDEN TESTS

# %% [markdown]
# The chapter's convolutional network by your counts, and the dense 784-128-64-128-784 beside it:


# %% nbgrader={"grade": false, "grade_id": "setup-1-table", "locked": true, "schema_version": 3, "solution": false, "task": false}
def cost_table():
    found = layer_costs((16, 32), 3, 64)
    if found is None:
        return None
    names = ["convolution 1", "convolution 2", "dense to code", "dense from code", "convolution 3", "convolution 4"]
    table = pd.DataFrame(found, index=names, columns=["parameters", "multiplications"])
    table.loc["together"] = table.sum()
    table.loc["dense network"] = [218_192, 784 * 128 + 128 * 64 + 64 * 128 + 128 * 784]
    return table


cost_table()

# %% [markdown]
# Two dense layers hold nearly all parameters of the convolutional network, and one convolution with few parameters does
# most of its work. The two networks have almost equally many parameters, and the convolutional one multiplies nearly
# seven times as often.
#
# ## Task 2: A convolution with a stride (3 marks)
#
# Write `convolve(x, kernel, stride)`, the convolution of a neural network with `padding="same"` as Keras does it, for
# one channel and without bias.
#
# - `x` has shape `(n, h, w)`, `kernel` shape `(k, k)`.
# - With a stride $s$, an axis of length $h$ gives $h' = \lceil h / s \rceil$ output places. To have enough pixels for
#   the last of them, $p$ zeros are added in all to that axis, half of them before and half behind. If $p$ is odd, the
#   odd one is put *behind*:
#
# $$ p = \max\bigl((h' - 1)\, s + k - h,\; 0\bigr), \qquad \text{before: } \lfloor p / 2 \rfloor, \qquad \text{behind: } p - \lfloor p / 2 \rfloor. \tag{Ex8.1} $$
#
# - With $\tilde x$ for an image so padded, the output in row $i$ and column $j$ is
#
# $$ y_{ij} = \sum_{u=0}^{k-1} \sum_{v=0}^{k-1} K_{uv}\, \tilde x_{\,i s + u,\; j s + v}. \tag{Ex8.2} $$
#
# The result has shape `(n, h', w')`. Height and width may differ, and need not be divisible by the stride.
#
# <details><summary>Hint</summary>
#
# Work out $p$ for 28 pixels, a kernel of side 3 and stride 2: how many zeros stand before the image? `np.pad` takes a
# pair for each axis. For the sum, two loops over $u$ and $v$ are enough: for fixed $u$ and $v$, the pixels that all the
# outputs need are one slice of the padded images with steps of $s$.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def convolve(x, kernel, stride):
    """Convolution with a stride and "same" padding of images of shape (n, h, w)."""
    ### BEGIN SOLUTION
    k = len(kernel)
    lengths = [-(-side // stride) for side in x.shape[1:]]
    margins = [max((length - 1) * stride + k - side, 0) for length, side in zip(lengths, x.shape[1:])]
    padded = np.pad(x, [(0, 0)] + [(margin // 2, margin - margin // 2) for margin in margins])
    y = np.zeros((len(x), *lengths))
    for u in range(k):
        for v in range(k):
            rows = slice(u, u + (lengths[0] - 1) * stride + 1, stride)
            columns = slice(v, v + (lengths[1] - 1) * stride + 1, stride)
            y += kernel[u, v] * padded[:, rows, columns]
    return y
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(convolve(np.ones((2, 4, 4)), np.eye(3), 2), "Task 2"):
    corner = np.zeros((3, 3))
    corner[0, 0] = 1  # picks the pixel at the upper left of each place
    found = np.asarray(convolve(np.arange(16.0).reshape(1, 4, 4), corner, 2))
    assert found.shape != (1, 1, 1), "without padding a single place is left; (Ex8.1) says how many zeros to add"
    assert found.shape == (1, 2, 2), f"4 by 4 pixels with stride 2 give shape {found.shape}; expected (1, 2, 2)"
    for mistake, why in (
        ([[0, 0], [0, 5]], "you put a zero before the image; for 4 pixels, k = 3 and s = 2 the only one stands behind"),
        ([[10, 0], [0, 0]], "your kernel is turned over; (Ex8.2) applies K as it stands"),
        ([[0, 1], [4, 5]], "you take neighbouring places; with stride 2 they are two pixels apart"),
    ):
        assert not np.allclose(found[0], mistake), why
    assert np.allclose(found[0], [[0, 2], [8, 10]]), f"the corner kernel should pick 0, 2, 8, 10, not {found.ravel()}"
    found = np.asarray(convolve(np.arange(25.0).reshape(1, 5, 5), corner, 2))
    assert found.shape == (1, 3, 3), f"5 by 5 pixels with stride 2 give shape {found.shape}: round 5/2 upwards"
    assert np.allclose(found[0], [[0, 0, 0], [0, 6, 8], [0, 16, 18]]), (
        "5 pixels, k = 3 and s = 2 need two zeros in all, one on each side; do you work p out from (Ex8.1)?"
    )
    layer = models.convolutional_autoencoder(4, filters=(1,), kernel_size=5).encoder.layers[0]
    K = np.random.default_rng(2).normal(size=(5, 5))
    layer.set_weights([K[:, :, None, None], np.zeros(1)])
    images = x_validation[:20].reshape(-1, 28, 28)
    by_keras = np.asarray(layer(images[..., None]))[..., 0]
    found = np.maximum(convolve(images, K, 2), 0)  # the layer's ReLU
    assert found.shape == by_keras.shape, f"Keras gives shape {by_keras.shape}, you give {found.shape}"
    other = np.maximum(convolve(images, K.T, 2), 0)
    assert not np.allclose(other, by_keras, atol=1e-4), "u and v are swapped: u counts the kernel's rows"
    assert np.allclose(found, by_keras, atol=1e-4), "digits and a random kernel of side 5: not what Keras computes"
    print(f"Task 2: the visible checks pass. Largest deviation from Keras: {np.abs(found - by_keras).max():.1e}")
### BEGIN HIDDEN TESTS
assert convolve(np.ones((2, 4, 4)), np.eye(3), 2) is not None, "Task 2: convolve returns nothing"
rng = np.random.default_rng(82)
for n, h, w, k, s in ((2, 7, 10, 3, 2), (1, 9, 5, 4, 1), (3, 8, 11, 2, 3), (1, 6, 6, 5, 4), (2, 8, 7, 2, 4)):
    x, K = rng.normal(size=(n, h, w)), rng.normal(size=(k, k))
    tall, wide = (h + s - 1) // s, (w + s - 1) // s
    above, left = (max((out - 1) * s + k - side, 0) // 2 for out, side in ((tall, h), (wide, w)))
    expected = np.zeros((n, tall, wide))
    for i, j, u, v in np.ndindex(tall, wide, k, k):
        row, column = i * s + u - above, j * s + v - left
        if 0 <= row < h and 0 <= column < w:
            expected[:, i, j] += K[u, v] * x[:, row, column]
    found = np.asarray(convolve(x, K, s))
    where = f"{h} by {w} pixels, a kernel of side {k} and stride {s}"
    assert found.shape == expected.shape, f"convolve gives another shape than expected for {where}"
    assert np.allclose(found, expected), f"convolve is wrong for {where}"
### END HIDDEN TESTS

# %% [markdown]
# ## Task 3: Which pixels are painted twice? (2 marks)
#
# A transposed convolution of stride $s$ turns $n$ input places of an axis into $n s$ output pixels. Input place $i$
# paints its value, times the kernel, over $k$ pixels in a row. The first of them is pixel $i s - b$, with
# $b = \lfloor \max(k - s, 0) / 2 \rfloor$; what falls outside the $n s$ pixels is cut off. Where several places paint
# the same pixel, their values are added.
#
# Write two functions.
#
# - `coverage(n, kernel_size, stride)` gives, for one axis, how many input places paint each pixel: an array of whole
#   numbers of shape `(n * stride,)`.
# - `even_kernels(stride, largest)` gives the list of all kernel sides from 1 to `largest`, in ascending order, with
#   which all pixels far from the ends of a long axis are painted equally often.
#
# <details><summary>Hint</summary>
#
# For `coverage`, loop over the input places and add 1 to a slice of an array that has room at both ends. For
# `even_kernels`, look at the coverage of a long axis without its ends, or find the rule and prove it: pixel $q$ is
# painted by the places $i$ with $0 \le q + b - i s < k$. A kernel may also be too short.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def coverage(n, kernel_size, stride):
    """How many input places paint each output pixel of an axis, shape (n * stride,)."""
    ### BEGIN SOLUTION
    before = max(kernel_size - stride, 0) // 2
    painted = np.zeros(n * stride + kernel_size, dtype=int)
    for place in range(n):
        painted[place * stride : place * stride + kernel_size] += 1
    return painted[before : before + n * stride]
    ### END SOLUTION


def even_kernels(stride, largest):
    """Sides of kernels, up to the largest, that paint all inner pixels equally often, as a list."""
    ### BEGIN SOLUTION
    # Inner pixels are painted by the places in k consecutive numbers that are congruent modulo the stride.
    return [side for side in range(1, largest + 1) if side % stride == 0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(coverage(5, 3, 2), "Task 3, coverage") and started(even_kernels(2, 4), "Task 3, even_kernels"):
    found = np.asarray(coverage(5, 3, 2))
    assert found.shape == (10,), f"5 places with stride 2 make 10 pixels; you return shape {found.shape}"
    assert list(found) != [2, 1, 2, 1, 2, 1, 2, 1, 2, 1], "at the left end no place before the first one paints"
    assert list(found) != [1, 2, 1, 2, 1, 2, 1, 2, 1, 1], "with k = 3 and s = 2 nothing is cut off on the left: b = 0"
    assert list(found) == [1, 1, 2, 1, 2, 1, 2, 1, 2, 1], f"a kernel of side 3: 1 1 2 1 2 1 2 1 2 1, not {found}"
    found = np.asarray(coverage(5, 5, 2))
    assert list(found) != [1, 1, 2, 2, 3, 2, 3, 2, 3, 2], "with k = 5 and s = 2 one pixel is cut off on the left: b = 1"
    assert list(found) == [1, 2, 2, 3, 2, 3, 2, 3, 2, 2], f"a kernel of side 5: 1 2 2 3 2 3 2 3 2 2, not {found}"
    for k in (2, 3, 6):
        layer = models.convolutional_autoencoder(4, filters=(1,), kernel_size=k, upsampling="transposed")
        layer = layer.decoder.layers[-1]
        layer.set_weights([np.full((k, k, 1, 1), 0.1), np.zeros(1)])
        painted = np.asarray(layer(np.ones((1, 14, 14, 1))), dtype=float).reshape(28, 28)
        counted = (np.log(painted / (1 - painted)) / 0.1).round()  # undoes the layer's sigmoid
        across = np.asarray(coverage(14, k, 2))
        assert np.array_equal(np.outer(across, across), counted), f"Keras paints other pixels with a kernel of side {k}"
    found = list(even_kernels(2, 7))
    assert 1 not in found, "with stride 2, a kernel of side 1 leaves every second pixel black: that is not even"
    assert found != [3, 5, 7], "these are the odd sides; look at the coverage with a kernel of side 3"
    assert found == [2, 4, 6], f"with stride 2 you find {found}; look at the inner pixels of coverage(20, k, 2)"
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert coverage(5, 3, 2) is not None and even_kernels(2, 4) is not None, "Task 3: a function returns nothing"
for n, k, s in ((4, 7, 2), (6, 2, 5), (3, 9, 3), (5, 4, 1), (1, 1, 4), (2, 8, 2)):
    first = max(k - s, 0) // 2
    expected = [sum(0 <= pixel + first - place * s < k for place in range(n)) for pixel in range(n * s)]
    found = np.asarray(coverage(n, k, s))
    assert found.shape == (n * s,), "coverage has to give a number for every output pixel"
    assert list(found) == expected, f"coverage is wrong for {n} places, a kernel of side {k} and stride {s}"
for s, largest, expected in ((3, 12, [3, 6, 9, 12]), (1, 5, [1, 2, 3, 4, 5]), (4, 3, []), (5, 11, [5, 10])):
    assert list(even_kernels(s, largest)) == expected, f"even_kernels is wrong for stride {s} up to {largest}"
### END HIDDEN TESTS

# %% [markdown]
# What a transposed convolution of stride 2 makes of 14 by 14 equal values, with all weights equal:


# %% mystnb={"image": {"alt": "Four squares of 28 by 28 pixels. With kernel side 2 all pixels are white, with side 4 all but a grey border. With side 3 white and two greys make a pattern of chequers, with side 5 a paler one."}} nbgrader={"grade": false, "grade_id": "setup-3-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_coverage(sides=(2, 3, 4, 5)):
    axes = [coverage(14, side, 2) for side in sides]
    if axes[0] is None:
        return None
    painted = [np.outer(across, across).ravel() / np.max(across) ** 2 for across in axes]
    captions = {"painted": [f"kernel side {side}" for side in sides]}
    return plots.image_rows({"painted": np.array(painted)}, title="How often pixels are painted", captions=captions)


draw_coverage()

# %% [markdown]
# Training can even such a pattern out, by weights that make up for the coverage. It starts with the pattern.
#
# ## Task 4: Weights for many layers (3 marks)
#
# Before training, a network should hand on what it is shown, and the signal should neither fade nor explode. Take a
# layer without biases in which every unit adds up $n$ inputs, $z = \sum_{i=1}^{n} w_i h_i$, and then applies a
# [ReLU](../../../chapters/glossary.md#relu) with a slope $a$ on the negative side (a *leaky* one if $a > 0$): $z$
# becomes $z$ where it is positive, and $a z$ where it is negative.
#
# The initial weights are drawn independently, with mean 0, standard deviation $\sigma$, and a distribution that is
# symmetric about 0. Let $q$ be the mean square of the inputs. Then $z$ has mean square $n \sigma^2 q$, and it is as
# often positive as negative. Work out the mean square of what leaves the layer, and choose $\sigma$ so that it is $q$
# again.
#
# - `start_std(kernel_shape, slope)` gives this $\sigma$, a number. `kernel_shape` is the shape of the layer's kernel as
#   Keras has it: `(inputs, units)` for a dense layer, `(k, k, channels, filters)` for a convolution.
# - `mean_squares(x, kernels, slope)` sends images `x` of shape `(m, d)` through dense layers with these kernels, a list
#   of matrices, each followed by the leaky ReLU, the last one included. It gives an array of `len(kernels) + 1` numbers:
#   the mean square, over all images and units, of `x` itself and of what leaves each layer.
#
# <details><summary>Hint</summary>
#
# Half of the mean square of $z$ comes from its positive values. What becomes of the other half when the values are
# multiplied by $a$? Test your formula with $a = 1$, where the layer is linear. How many numbers does one output of a
# convolution add up? The mean square is the mean of the squares, not a variance: after a ReLU the mean is not 0.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def start_std(kernel_shape, slope):
    """Standard deviation of initial weights that keeps the mean square of the signal, a number."""
    ### BEGIN SOLUTION
    n = np.prod(kernel_shape[:-1])
    return np.sqrt(2 / ((1 + slope**2) * n))
    ### END SOLUTION


def mean_squares(x, kernels, slope):
    """Mean square of the images and of what leaves each layer, shape (len(kernels) + 1,)."""
    ### BEGIN SOLUTION
    h, result = x, [np.mean(x**2)]
    for kernel in kernels:
        z = h @ kernel
        h = np.where(z > 0, z, slope * z)
        result.append(np.mean(h**2))
    return np.array(result)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(start_std((50, 20), 0.0), "Task 4, start_std") and started(
    mean_squares(np.ones((1, 2)), [np.eye(2)], 0.0), "Task 4, mean_squares"
):
    found = start_std((50, 20), 0.0)
    assert np.ndim(found) == 0, f"start_std gives an array of shape {np.shape(found)}; it needs a single number"
    for mistake, why in {
        2 / 50: "this is the variance; take its root",
        np.sqrt(1 / 50): "this keeps the mean square of z; the ReLU then takes half of it away",
        np.sqrt(2 / 20): "you counted the layer's outputs; z adds up its inputs",
        np.sqrt(2 / 70): "this is Glorot's choice, a compromise with the way back; the task asks for the way forward",
        np.sqrt(6 / 50): "this is the bound of a uniform distribution; the task asks for the standard deviation",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, 0.2), f"50 inputs and a ReLU need a standard deviation of 0.2, not {found:.4f}"
    assert not np.isclose(start_std((50, 20), 0.5), np.sqrt(2 / 75)), "the slope multiplies z, so its square counts"
    assert np.isclose(start_std((50, 20), 1.0), np.sqrt(1 / 50)), "with slope 1 the layer is linear: nothing is lost"
    assert np.isclose(start_std((50, 20), 0.5), np.sqrt(1.6 / 50)), "not right for a slope of 0.5"
    assert np.isclose(start_std((5, 5, 2, 7), 0.0), 0.2), (
        "an output of a convolution with a kernel of shape (5, 5, 2, 7) adds up 50 numbers"
    )
    x, kernels = np.array([[1.0, 2.0], [3.0, 0.0]]), [np.array([[1.0, -1.0], [0.0, 1.0]]), np.array([[-1.0], [1.0]])]
    found = np.asarray(mean_squares(x, kernels, 0.0))
    assert found.shape == (3,), f"with two kernels mean_squares has shape {found.shape}; it needs (3,), x included"
    assert not np.isclose(found[0], 1.25), "your first number is a variance; the mean must not be subtracted"
    assert not np.isclose(found[0], 7), "you took the sum over the units; the task asks for the mean over them, too"
    assert not np.isclose(found[2], 4.5), "the last layer has the ReLU as well"
    assert np.allclose(found, [3.5, 2.75, 0.0]), f"by hand these are 3.5, 2.75 and 0, not {found}"
    found = np.asarray(mean_squares(x, kernels, 0.5))
    assert np.allclose(found, [3.5, 3.3125, 2.53125]), f"with slope 0.5 these are 3.5, 3.3125 and 2.53125, not {found}"
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [start_std((50, 20), 0.0), mean_squares(np.ones((1, 2)), [np.eye(2)], 0.0)]
assert all(value is not None for value in done), "Task 4: a function returns nothing"
for shape, slope, inputs in (((7, 900), 0.1, 7), ((3, 3, 16, 4), 0.0, 144), ((4, 4, 1, 8), 0.3, 16), ((9, 9), 2.0, 9)):
    expected = (inputs * (1 + slope * slope) / 2) ** -0.5
    assert np.isclose(start_std(shape, slope), expected), f"start_std is wrong for the kernel {shape}, slope {slope}"
rng = np.random.default_rng(84)
x, kernels = rng.normal(size=(9, 6)), [rng.normal(size=size) for size in ((6, 11), (11, 3), (3, 5))]
for slope in (0.0, 0.2, 1.0):
    h, expected = x, [(x * x).sum() / x.size]
    for kernel in kernels:
        h = np.einsum("mi,ij->mj", h, kernel)
        h = np.maximum(h, 0) + slope * np.minimum(h, 0)
        expected.append((h * h).sum() / h.size)
    found = mean_squares(x, kernels, slope)
    assert np.shape(found) == (4,), "mean_squares has to give one number more than there are kernels"
    assert np.allclose(found, expected), f"mean_squares is wrong for random kernels and a slope of {slope}"
assert np.isclose(mean_squares(x, [], 0.0), (x * x).mean()).all(), "without a kernel only x is left"
### END HIDDEN TESTS

# %% [markdown]
# Digits through thirty layers of 200 units with ReLU, by your functions. Glorot's weights, after
# [Glorot and Bengio (2010)](../../../chapters/references.md#glorot-and-bengio-2010), are Keras's usual ones:


# %% mystnb={"image": {"alt": "Mean square of the signal over thirty layers, on a logarithmic axis. With the derived standard deviation it wanders about its first value; with Glorot's it falls steadily by nine powers of ten; with a deviation a quarter too large it rises steadily by some six powers."}} nbgrader={"grade": false, "grade_id": "setup-4-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_signals(layers=30, units=200):
    shapes = [(784, units)] + [(units, units)] * (layers - 1)
    if start_std(shapes[0], 0.0) is None or mean_squares(x_train[:2], [], 0.0) is None:
        return None
    rng, signals = np.random.default_rng(4), {}
    drawn = [rng.normal(size=shape) for shape in shapes]
    for name, rule in {
        "derived": lambda shape: start_std(shape, 0.0),
        "Glorot": lambda shape: np.sqrt(2 / sum(shape)),
        "a quarter too large": lambda shape: 1.25 * start_std(shape, 0.0),
    }.items():
        kernels = [kernel * rule(kernel.shape) for kernel in drawn]
        signals[name] = mean_squares(x_train[:300], kernels, 0.0)
    labels = {"title": "A signal on its way in", "xlabel": "layer", "ylabel": "mean square"}
    return plots.curves(signals, x=np.arange(layers + 1), log_y=True, **labels)


draw_signals()

# %% [markdown]
# ## Question 1: Deeper, and worse (2 marks)
#
# Seven settings, trained beforehand because that takes minutes, each with the seeds 0 to 2. `depth` is the number of
# hidden layers in either half, `initializer` the way the weights are drawn (uniform, with Glorot's standard deviation or
# with the one you derived for a ReLU, which is called He's):
#
# - `models.dense_autoencoder(32, hidden=(128,) * depth, code_activation="linear", initializer=..., seed=seed)`,
# - `training.fit(..., x_train, epochs=..., batch_size=100, loss="mean_squared_error", seed=seed)`.
#
# The errors are mean squared errors per pixel on all of `x_train` and on `x_validation`, averaged over the seeds.

# %% nbgrader={"grade": false, "grade_id": "setup-4-recorded", "locked": true, "schema_version": 3, "solution": false, "task": false}
recorded = [
    (1, "Glorot", 6, 0.0175, 0.0177),
    (3, "Glorot", 6, 0.0241, 0.0242),
    (6, "Glorot", 6, 0.0435, 0.0435),
    (1, "He", 6, 0.0176, 0.0177),
    (3, "He", 6, 0.0224, 0.0227),
    (6, "He", 6, 0.0286, 0.0288),
    (6, "He", 30, 0.0179, 0.0190),
]
pd.DataFrame(recorded, columns=["depth", "initialiser", "epochs", "training error", "validation error"])

# %% [markdown]
# Whatever a network of depth 1 computes, one of depth 6 could compute as well, or nearly so. Answer in five to eight
# sentences.
#
# 1. Is it [overfitting](../../../chapters/glossary.md#overfitting) that makes the deeper networks worse after 6 epochs?
#    Name the numbers that decide it, and say what goes wrong in its place.
# 2. What does He's start change at depth 6, and how does the figure above explain it? What do 30 epochs change? What may
#    you conclude about depth from the rows with 6 epochs, and what not?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** It is not overfitting: that would show as a low training error with a validation error far above it.
# After 6 epochs the two differ by 0.0003 at most in any row, and the training error itself rises with depth, from
# 0.0175 to 0.0435 with Glorot's weights. So the deeper networks do badly on the very images they learn from, although
# they could do as well as the shallow one: what fails is finding the weights within 600 steps. He's start lowers the
# error at depth 6 by a third, from 0.0435 to 0.0286. The figure shows why: with Glorot's weights every ReLU layer takes
# away half of the signal's mean square, so that behind a dozen of them hardly anything of the image is left at the
# start, and what comes back through the same weights as a gradient fades likewise. He's weights keep the signal. They
# are no full remedy, as 0.0286 is still far above 0.0176. After 30 epochs the deep network's training error is
# nearly what the shallow one's was after 6 (0.0179 and 0.0176); its validation error, 0.0190, lies 0.0011 above that,
# and still above the shallow one's 0.0177. I conclude that deeper networks learn more
# slowly with this recipe. I may not conclude that they are worse in the end: for that, each depth needs its own start,
# learning rate and number of epochs, chosen on validation images, and the shallow one has to get 30 epochs, too.
#
# **Rubric.**
#
# - 1 mark for question 1: no overfitting, with the small gap or the rising training error in numbers (half a mark);
#   training, not what the network could compute, is what fails (half a mark).
# - 1 mark for question 2: a lower error with He's start, explained by a signal (or a gradient) that does not fade (half
#   a mark); slower learning, but no verdict on depth, since 30 epochs nearly close the gap or since the shallow network
#   was not given 30 (half a mark).
# ### END SOLUTION

# %% [markdown]
# ## Task 5: The same images, elsewhere (3 marks)
#
# An image of a digit that is moved by a pixel is an image of the same digit, and to a dense network it is a new one.
# Write two functions on flat images `x` of shape `(n, 784)`.
#
# - `shifted(x, down, right)` moves all images by whole pixels: what was in row $r$ and column $c$ is in row
#   $r + \mathrm{down}$ and column $c + \mathrm{right}$ of the result. Negative numbers move up and left. What leaves
#   the image is lost, what is uncovered is 0. Distances may be zero, and larger than the image.
# - `draw_shifted(x, distance, seed)` moves every image by its own two distances, drawn independently, each with equal
#   chance from the whole numbers from `-distance` to `distance`, both included. The same seed gives the same result,
#   another seed another one.
#
# Both return an array of shape `(n, 784)` and leave `x` as it is.
#
# <details><summary>Hint</summary>
#
# One way: surround the square images with enough zeros by `np.pad`, then cut 28 by 28 pixels out of them, beginning
# elsewhere. To draw, `np.random.default_rng(seed).integers` can give an array of shape `(n, 2)`; does it include its
# upper end? For many images, loop over the few pairs of distances, not over the images.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def shifted(x, down, right):
    """Images moved by whole pixels, zeros where nothing is left, shape (n, 784)."""
    ### BEGIN SOLUTION
    margin = max(abs(down), abs(right))
    padded = np.pad(x.reshape(-1, 28, 28), [(0, 0), (margin, margin), (margin, margin)])
    top, left = margin - down, margin - right
    return padded[:, top : top + 28, left : left + 28].reshape(-1, 784)
    ### END SOLUTION


def draw_shifted(x, distance, seed):
    """Each image moved by its own random distances, down and right, shape (n, 784)."""
    ### BEGIN SOLUTION
    moves = np.random.default_rng(seed).integers(-distance, distance + 1, size=(len(x), 2))
    result = np.empty_like(x)
    for move in np.unique(moves, axis=0):
        chosen = (moves == move).all(axis=1)
        result[chosen] = shifted(x[chosen], *move)
    return result
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(shifted(x_train[:2], 1, 0), "Task 5, shifted") and started(
    draw_shifted(x_train[:2], 1, 0), "Task 5, draw_shifted"
):

    def dots(places):
        """One image for each place, white there and black elsewhere."""
        return np.array([np.arange(784) == 28 * row + column for row, column in places], dtype="float32")

    def where(image):
        """Row and column of the only white pixel, None for a black image."""
        return tuple(int(number) for number in divmod(np.argmax(image), 28)) if np.any(image) else None

    before = dots([(5, 9), (27, 27), (0, 0)])
    given = before.copy()
    found = np.asarray(shifted(given, 2, 1))
    assert np.array_equal(given, before), "shifted changes the images it is given; make new ones"
    assert found.shape == (3, 784), f"shifted gives shape {found.shape} for three images; expected (3, 784)"
    for mistake, why in {
        (6, 11): "down and right are swapped: down changes the row",
        (3, 8): "you move up and left where down and right are positive",
    }.items():
        assert where(found[0]) != mistake, why
    assert where(found[0]) == (7, 10), f"down by 2, right by 1 moves (5, 9) to (7, 10), not to {where(found[0])}"
    assert where(found[1]) is None, f"what leaves the image is lost, but (27, 27) is seen at {where(found[1])}"
    assert where(shifted(before, -1, 0)[2]) is None, "what leaves the image at the top is lost as well"
    assert np.array_equal(shifted(before, 0, 0), before), "a shift by 0 has to leave the images as they are"
    assert where(shifted(before, 0, -9)[0]) == (5, 0), "a shift to the left by 9 has to move (5, 9) to (5, 0)"
    assert np.array_equal(shifted(np.ones((1, 784)), 0, 1).reshape(28, 28)[:, 0], np.zeros(28)), (
        "what is uncovered has to be 0, not a copy of the edge"
    )
    found = np.asarray(draw_shifted(dots([(14, 14)] * 900), 1, 3))
    assert found.shape == (900, 784), f"draw_shifted gives shape {found.shape} for 900 images; expected (900, 784)"
    places = [where(image) for image in found]
    seen = pd.Series(places).value_counts()
    assert len(seen) > 1, "all images are moved alike; each needs distances of its own"
    assert {row - column for row, column in places} != {0}, "both directions get the same number; draw them apart"
    assert max(max(place) for place in places) == 15, "no image moves down or right; is your upper end included?"
    assert len(seen) == 9, f"with distance 1 there are 9 places to move to; your images are at {len(seen)}"
    assert seen.min() > 55 and seen.max() < 150, "some moves are far more frequent than others"
    assert np.array_equal(found, draw_shifted(dots([(14, 14)] * 900), 1, 3)), "the same seed gives another result"
    assert not np.array_equal(found, draw_shifted(dots([(14, 14)] * 900), 1, 4)), "another seed gives the same result"
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [shifted(x_train[:2], 1, 0), draw_shifted(x_train[:2], 1, 0)]
assert all(value is not None for value in done), "Task 5: a function returns nothing"
rng = np.random.default_rng(85)
x = rng.uniform(0.1, 1, size=(3, 784)).astype("float32")
kept_x = x.copy()
for down, right in ((3, -5), (-27, 2), (0, 28), (-40, 1), (27, 27), (-1, 0)):
    expected = np.zeros((3, 28, 28))
    for row, column in np.ndindex(28, 28):
        if 0 <= row - down < 28 and 0 <= column - right < 28:
            expected[:, row, column] = x.reshape(3, 28, 28)[:, row - down, column - right]
    found = np.asarray(shifted(x, down, right))
    assert found.shape == (3, 784), "shifted has to keep the shape (n, 784)"
    assert np.allclose(found, expected.reshape(3, 784)), f"shifted is wrong for down {down} and right {right}"
many = np.repeat(x[:1], 2000, axis=0)
found = np.asarray(draw_shifted(many, 2, 11))
options = {(down, right): shifted(x[:1], down, right)[0] for down in range(-2, 3) for right in range(-2, 3)}
counts = {move: int((np.abs(found - image).max(axis=1) < 1e-6).sum()) for move, image in options.items()}
assert sum(counts.values()) == 2000, "draw_shifted: with distance 2, some image is not one of the 25 moved ones"
assert min(counts.values()) > 40 and max(counts.values()) < 130, "draw_shifted: the 25 moves are not equally likely"
assert np.array_equal(draw_shifted(x, 0, 1), x), "draw_shifted: with distance 0 nothing moves"
levels = np.linspace(0.1, 1, 60, dtype="float32")
found = np.asarray(draw_shifted(np.repeat(levels[:, None], 784, axis=1), 3, 5))
assert np.allclose(found.max(axis=1), levels), "draw_shifted has to keep the images in their order"
assert np.array_equal(x, kept_x), "the images given have to stay as they are"
### END HIDDEN TESTS

# %% [markdown]
# Do moved images help where there are few? Below, a dense network learns from 300 images: in one run it sees them as
# they are, in the other moved at random by at most one pixel, anew each time. Both runs take equally many steps. The
# images are input *and* target: an autoencoder has to give back what it was shown, moved as it is.


# %% nbgrader={"grade": false, "grade_id": "setup-5-table", "locked": true, "schema_version": 3, "solution": false, "task": false}
def moved_table(images=300, passes=100):
    few = x_train[:images]
    if shifted(few, 0, 0) is None or draw_shifted(few, 1, 0) is None:
        return None
    network = models.dense_autoencoder(32, code_activation="linear", seed=0)
    start, rows = network.get_weights(), {}
    many = np.tile(few, (passes, 1))
    for name, x in (("as they are", many), ("moved", draw_shifted(many, 1, 0))):
        network.set_weights(start)
        training.fit(network, x, epochs=1, batch_size=100, seed=0)
        rows[name] = {"error on the images themselves": error(network, few), "validation": error(network, x_validation)}
    return pd.DataFrame(rows).T.round(4)


moved_table()

# %% [markdown]
# Moved images are harder to learn by heart: the error on the 300 images rises, that on images not learnt from falls.
#
# ## Task 6: Less than a third of the parameters (3 marks)
#
# Build and train a convolutional autoencoder `my_model` that rebuilds digits better than the dense network below, which
# has 209,968 parameters, and better than [PCA](../../../chapters/glossary.md#pca) with 32 components.
#
# - Its code has at most *32* numbers, as theirs have, and the whole model fewer than *60,000* parameters.
# - Its mean squared error per pixel on `x_validation` is lower than both of theirs, which the cell below prints.
# - It learns from `x_train` alone. It is an `aelib.models.Autoencoder`, made by `models.convolutional_autoencoder` or by
#   you from two Keras models with ordinary layers; convolutions want square images, which `data.as_images(x_train)`
#   gives.
#
# Your cell should take no more than about half a minute; when your work is graded, it is stopped after two minutes. The
# hidden check measures the same on test images, where a margin of 2 per cent is granted.

# %% nbgrader={"grade": false, "grade_id": "setup-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
dense = models.dense_autoencoder(32, code_activation="linear", seed=0)
training.fit(dense, x_train, epochs=8, batch_size=100, seed=0)
pca = baselines.PCACodec(32).fit(x_train)


def needed(x):
    """Mean squared errors of the dense network and of PCA, to be beaten."""
    return {"dense": error(dense, x), "PCA": float(metrics.mean_squared_error(x, pca.reconstruct(x)).mean())}


print(", ".join(f"{name}: {value:.5f}" for name, value in needed(x_validation).items()))

# %% [markdown]
# <details><summary>Hint</summary>
#
# Task 1 says where the parameters are: in the two dense layers, so the number of channels at the code decides. Count
# before you build. Then vary, one at a time and judged on `x_validation`: the activation at the code, the size of the
# batch (smaller ones give more steps in an epoch), the way of doubling and the kernel's side (see Task 3), the number of
# channels of the outer layers, and last the number of epochs.
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "task-6", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_model = None
### BEGIN SOLUTION
my_model = models.convolutional_autoencoder(
    32, filters=(8, 16), kernel_size=4, upsampling="transposed", code_activation="linear", seed=0
)
history = training.fit(my_model, data.as_images(x_train), epochs=6, batch_size=50, seed=0)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-6-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(my_model, "Task 6"):
    assert hasattr(my_model, "encoder") and hasattr(my_model, "decoder"), (
        f"my_model is a {type(my_model).__name__} without the two halves .encoder and .decoder; "
        "it has to be the whole autoencoder (training.fit gives the history, not the model)"
    )
    size = int(np.prod(my_model.encoder.output_shape[1:]))
    assert size <= 32, f"your code has {size} numbers; at most 32 are allowed"
    parameters = my_model.count_params()
    assert parameters < 60_000, (
        f"your model has {parameters} parameters, not fewer than 60,000: how many channels are there before the code?"
    )
    kernels = [weights for weights in my_model.get_weights() if np.ndim(weights) == 4]
    assert kernels, "no layer of your model is a convolution of images"
    reached, wanted = error(my_model, x_validation), needed(x_validation)
    print(f"yours, with {parameters} parameters: {reached:.5f}; needed: less than {min(wanted.values()):.5f}")
    for name, value in wanted.items():
        assert reached < value, f"your model's error is {reached:.5f}, that of {name} {value:.5f}; see the hint"
    print("Task 6: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert my_model is not None, "Task 6 is not done: my_model is None"
assert int(np.prod(my_model.encoder.output_shape[1:])) <= 32, "the code has more than 32 numbers"
assert my_model.count_params() < 60_000, "the model has too many parameters"
x_hidden = mnist.x_test[:3000]
reached, wanted = error(my_model, x_hidden), min(needed(x_hidden).values())
assert reached < 1.02 * wanted, f"on other images your model's error is {reached:.5f}; {wanted:.5f} is to be beaten"
### END HIDDEN TESTS

# %% [markdown]
# ## Question 2: A report with faults (2 marks)
#
# A fellow student writes:
#
# > "I compared the dense 784-128-64-128-784, trained for 5 epochs, with a convolutional autoencoder without dense
# > layers, whose code is what its encoder's last convolution gives, 7 × 7 × 8, trained for 20. Of five seeds I kept for
# > each the one with the lowest error on the test images. The dense network's mean squared error is 0.0098 per pixel,
# > the convolutional one's 0.0041. So convolutions make better codes. As my network has 2,633 parameters in place of
# > 218,192, it is also the one to choose where time is short."
#
# Find four faults: three in the comparison, one in the last sentence. For each, say in one or two sentences what is
# wrong and what you would do in its place.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** *The codes differ in size.* 7 × 7 × 8 are 392 numbers, the dense code has 64: six times as many
# numbers would lower the error of any network, of PCA as well. I would give both codes 64 numbers, by a dense layer
# after the convolutions, or compare each with PCA at its own size. *The training differs.* With 20 epochs against 5, one
# network has taken four times as many steps, and the other had not finished. I would train both until the validation
# error no longer falls, or give both the same time, and say which. *The seed was chosen on test images.* The lowest of
# five errors on the images that are reported is too low an estimate, and test images are for reporting. I would choose
# on validation images, or better choose nothing and report the mean and the spread of the five seeds. *Few parameters
# are not little time.* A convolution applies each weight in hundreds of places. In the table of Task 1 the convolutional
# network has about as many parameters as the dense one and needs nearly seven times as many multiplications. I would
# count those, and measure seconds on the machine in question.
#
# **Rubric.** Half a mark for each of the four faults, if what to do in its place is said: code size, number of steps,
# choice on test images, time inferred from parameters. A fault without a remedy earns a quarter.
# Another fault that is truly in the report, such as a single data set, may stand for one of the first three.
# ### END SOLUTION
