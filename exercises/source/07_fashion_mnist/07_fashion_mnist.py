# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 7: Fashion-MNIST
#
# This sheet follows [chapter 7](../../../chapters/07_fashion_mnist.ipynb). You write the measures with which losses of
# different data sets can stand side by side, find out which clothes are hard, and by which yardstick, listen to one
# band of frequencies at a time, see what a code for shoes is worth for tops, and train one network for digits and
# clothes.
#
# It takes about 100 minutes. There are twenty marks: fourteen for tasks that are checked automatically, six for two
# questions that your teacher marks.
#
# | Task | What you practise | Marks |
# | --- | --- | ---: |
# | Task 1 | a loss on its own scale | 2 |
# | Task 2 | hard classes, and by which yardstick | 3 |
# | Task 3 | bands of spatial frequency | 3 |
# | Question 1 | reading what is lost | 3 |
# | Task 4 | what a code for shoes carries of tops | 3 |
# | Task 5 | one network for two data sets | 3 |
# | Question 2 | a report with faults | 3 |
#
# **How to work.** Write in the cells marked *Your code here* and *Your answer here*. Run the cell below a task to
# check it: a check that fails says what is wrong and where to look. No task needs another one's code, so you may
# leave one out. Before you hand in, choose *Kernel → Restart Kernel and Run All Cells* and see that everything runs.
# Hidden checks grade the same requirements on other data, so do not write for the numbers that you see.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, losses, metrics, models, plots, training
from aelib.exercises import started
from aelib.models import predict

import numpy as np
import pandas as pd

sets = {"digits": data.load_mnist(), "clothes": data.load_fashion_mnist()}
names = sets["clothes"].class_names
splits = {name: images.validation_split(10_000, seed=7) for name, images in sets.items()}
x_train = {name: split.x_train[:20_000] for name, split in splits.items()}  # enough for this sheet, and faster
x_validation = {name: split.x_validation[:4000] for name, split in splits.items()}
y_validation = {name: split.y_validation[:4000] for name, split in splits.items()}


network = models.dense_autoencoder(seed=0)
start = network.get_weights()
specialists, rebuilt, mean_image = {}, {}, {}
for name in sets:
    network.set_weights(start)
    training.fit(network, x_train[name], epochs=6, batch_size=250, seed=0)  # compiled once for both
    specialists[name] = models.dense_autoencoder()
    specialists[name].set_weights(network.get_weights())
    rebuilt[name] = predict(specialists[name], x_validation[name])
    mean_image[name] = baselines.MeanImage().fit(x_train[name]).reconstruct(x_validation[name])
print("classes of clothes:", ", ".join(f"{number} {name}" for number, name in enumerate(names)))

# %% [markdown]
# `specialists` holds two networks of the kind 784-128-64-128-784: one trained on 20,000 `digits`, one on 20,000
# `clothes`, for 6 epochs only. `rebuilt` holds their reconstructions of the validation images `x_validation`,
# `mean_image` the mean training image as the reconstruction of each.

# %% [markdown]
# ## Task 1: On its own scale (2 marks)
#
# Write a function `way(x, x_hat, x_base)` that says how far a method has come on the way from a yardstick to a perfect
# reconstruction. `x` are images, `x_hat` the method's reconstructions, `x_base` the yardstick's, three arrays of shape
# `(n, d)` with values in [0, 1]. With $L$ for the *mean* [binary
# cross-entropy](../../../chapters/glossary.md#binary-cross-entropy) over all $n$ images,
#
# $$ \mathrm{way} = \frac{L(x, x_{\mathrm{base}}) - L(x, \hat x)}{L(x, x_{\mathrm{base}}) - L(x, x)}. \tag{Ex7.1} $$
#
# The result is one number: 0 for the yardstick, 1 for a perfect reconstruction. You may use `losses` of `aelib`.
#
# <details><summary>Hint</summary>
#
# `losses.binary_crossentropy(x, x_hat)` gives one number for each image, `losses.pixel_entropy(x)` is what it would
# be for a perfect reconstruction. Is the mean of $n$ quotients the quotient of the means?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def way(x, x_hat, x_base):
    """Share of the way from a yardstick's binary cross-entropy to the floor, a number."""
    ### BEGIN SOLUTION
    base = losses.binary_crossentropy(x, x_base).mean()
    return (base - losses.binary_crossentropy(x, x_hat).mean()) / (base - losses.pixel_entropy(x).mean())
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(way(x_validation["digits"], rebuilt["digits"], mean_image["digits"]), "Task 1"):
    x = np.array([[0.5, 0.5, 0.5, 0.5], [0.0, 1.0, 0.0, 0.0]])
    base = np.array([[0.9, 0.9, 0.9, 0.9], [0.5, 0.5, 0.5, 0.5]])
    x_hat = np.array([[0.5, 0.5, 0.5, 0.5], [0.2, 0.5, 0.2, 0.2]])
    found = way(x, x_hat, base)
    assert np.ndim(found) == 0, f"way gives an array of shape {np.shape(found)}; it needs a single number"
    loss = losses.binary_crossentropy(x, x_hat)
    worst, floor = losses.binary_crossentropy(x, base), losses.pixel_entropy(x)
    square_loss, square_worst = losses.squared_error(x, x_hat).mean(), losses.squared_error(x, base).mean()
    for mistake, why in {
        1 - loss.mean() / worst.mean(): "you measured the way to 0; a perfect reconstruction's loss is the floor",
        (loss.mean() - floor.mean()) / (worst.mean() - floor.mean()): "this is the part of the way that is left",
        ((worst - loss) / (worst - floor)).mean(): "this is the mean of the images' quotients; take the means first",
        1 - square_loss / square_worst: "this is the share of the squared error; the task asks for cross-entropy",
    }.items():
        assert not np.isclose(found, mistake), why
    expected = (worst.mean() - loss.mean()) / (worst.mean() - floor.mean())
    assert np.isclose(found, expected), f"for the two images here the way is {expected:.4f}, not {found:.4f}"
    assert np.isclose(way(x, x, base), 1), "a perfect reconstruction has gone all the way: it has to give 1"
    assert np.isclose(way(x, base, base), 0), "the yardstick itself has to give 0"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert way(x_validation["digits"], rebuilt["digits"], mean_image["digits"]) is not None, "Task 1 is not done"
rng = np.random.default_rng(71)
for n, d in ((1, 3), (40, 784)):
    x, x_hat, base = (rng.uniform(0.01, 0.99, size=(n, d)) for _ in range(3))
    total = [-(x * np.log(q) + (1 - x) * np.log(1 - q)).sum() for q in (x, x_hat, base)]
    found = way(x, x_hat, base)
    assert np.ndim(found) == 0, "way has to give a single number, for any images"
    assert np.isclose(found, (total[2] - total[1]) / (total[2] - total[0])), (
        f"way is wrong for {n} images of {d} pixels"
    )
### END HIDDEN TESTS

# %% [markdown]
# The two networks on their own scales, with the losses beside them that must not be compared:


# %% nbgrader={"grade": false, "grade_id": "setup-1", "locked": true, "schema_version": 3, "solution": false, "task": false}
def scales():
    rows = {}
    for name, x in x_validation.items():
        rows[name] = {
            "loss": metrics.mean_binary_crossentropy(x, rebuilt[name]),
            "floor": losses.pixel_entropy(x).mean() / 784,
            "way": way(x, rebuilt[name], mean_image[name]),
        }
    return pd.DataFrame(rows).T


scales()

# %% [markdown]
# ## Task 2: Hard, and by which yardstick (3 marks)
#
# A class may have a large error because its images differ much from one another. To take that into account, write two
# functions.
#
# - `left_over(x, x_hat, labels)` gives an array with one number for each class: the squared error of the class's
#   images, divided by the squared error that *the class's own mean image* has on them. Both errors are summed over all
#   pixels of all images of the class. The mean image of a class is the mean of its images in `x`. `x` and `x_hat` have
#   shape `(n, d)`, where $d$ need not be 784 (so `metrics` is of no use here). `labels`, shape `(n,)`, holds the
#   classes, numbers from 0 to $c - 1$, each of which occurs; the result has shape `(c,)`.
# - `hardest(left, k)` gives the `k` classes with the largest values in `left`, as a list of whole numbers, the hardest
#   class first.
#
# <details><summary>Hint</summary>
#
# `labels == a` picks the images of one class. Their mean image is a mean over axis 0, and NumPy subtracts it from every
# image by itself. For `hardest`, `np.argsort` sorts upwards: which end do you need, and in which order?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def left_over(x, x_hat, labels):
    """For each class, its squared error as a share of the squared error of the class's mean image."""
    ### BEGIN SOLUTION
    shares = []
    for label in range(labels.max() + 1):
        chosen = x[labels == label]
        wrong = ((chosen - x_hat[labels == label]) ** 2).sum()
        shares.append(wrong / ((chosen - chosen.mean(axis=0)) ** 2).sum())
    return np.array(shares)
    ### END SOLUTION


def hardest(left, k):
    """The k classes with the largest values, the hardest first, as a list of whole numbers."""
    ### BEGIN SOLUTION
    return [int(label) for label in np.argsort(left)[::-1][:k]]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(left_over(x_validation["clothes"], rebuilt["clothes"], y_validation["clothes"]), "Task 2, left_over") and (
    started(hardest(np.arange(4.0), 2), "Task 2, hardest")
):
    x = np.array([[0.0, 0.0], [1.0, 0.4], [0.2, 0.8], [0.6, 0.8], [0.4, 0.2]])
    x_hat = np.array([[0.1, 0.0], [0.5, 0.4], [0.2, 0.6], [0.5, 0.8], [0.4, 0.1]])
    kinds = np.array([0, 0, 1, 1, 1])
    found = np.asarray(left_over(x, x_hat, kinds))
    assert found.shape == (2,), f"with two classes, left_over has shape {found.shape}; it needs (2,)"
    wrong = np.array([0.01 + 0.25, 0.04 + 0.01 + 0.01])
    own, overall = np.array([0.58, 0.32]), ((x - x.mean(axis=0)) ** 2).sum(axis=1)
    means = np.array([x[kinds == kind].mean(axis=0) for kind in (0, 1)])[kinds]
    each = ((x - x_hat) ** 2).sum(axis=1) / ((x - means) ** 2).sum(axis=1)
    for mistake, why in (
        (wrong / np.array([overall[:2].sum(), overall[2:].sum()]), "you used the mean of all images as the yardstick"),
        (
            wrong / np.array([(x[:2] ** 2).sum(), (x[2:] ** 2).sum()]),
            "you divided by the images' squares, as if the mean image were black",
        ),
        (np.array([each[:2].mean(), each[2:].mean()]), "you took the mean of quotients; divide sums by sums"),
        (1 - wrong / own, "this is the share that is explained; the task asks for what is left"),
        (np.sqrt(wrong / own), "this is the root; the task asks for squared errors"),
        (own / wrong, "your fraction is upside down"),
    ):
        assert not np.allclose(found, mistake), why
    assert np.allclose(found, wrong / own), (
        f"for five images of two pixels: {(wrong / own).round(4)}, not {found.round(4)}"
    )
    found = hardest(np.array([0.3, 0.9, 0.1, 0.5]), 3)
    assert len(found) == 3, f"hardest gives {len(found)} classes; with k=3 it needs 3"
    assert list(found) != [2, 0, 3], "these are the easiest"
    assert list(found) != [0, 3, 1], "these are the right classes in the wrong order: the hardest comes first"
    assert list(found) == [1, 3, 0], f"hardest gives {list(found)} for 0.3, 0.9, 0.1, 0.5; expected [1, 3, 0]"
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [left_over(x_validation["clothes"], rebuilt["clothes"], y_validation["clothes"]), hardest(np.arange(4.0), 2)]
assert all(value is not None for value in done), "Task 2 is not done: a function returns None"
rng = np.random.default_rng(72)
for n, classes in ((30, 3), (200, 12)):
    x, x_hat = rng.uniform(size=(n, 9)), rng.uniform(size=(n, 9))
    kinds = np.minimum(rng.geometric(0.3, n) - 1, classes - 1)
    kinds[: 2 * classes] = np.tile(np.arange(classes), 2)
    expected = []
    for kind in range(classes):
        those = [index for index in range(n) if kinds[index] == kind]
        centre = sum(x[index] for index in those) / len(those)
        expected.append(
            sum(((x[index] - x_hat[index]) ** 2).sum() for index in those)
            / sum(((x[index] - centre) ** 2).sum() for index in those)
        )
    found = left_over(x, x_hat, kinds)
    assert np.shape(found) == (classes,), f"left_over: with {classes} classes the shape has to be ({classes},)"
    assert np.allclose(found, expected), f"left_over is wrong for {classes} classes that differ in size"
    order = sorted(range(classes), key=lambda kind: -expected[kind])
    assert list(hardest(np.array(expected), classes)) == order, "hardest is wrong if all classes are asked for"
    assert list(hardest(np.array(expected), 1)) == order[:1], "hardest is wrong for k=1"
### END HIDDEN TESTS


# %% nbgrader={"grade": false, "grade_id": "setup-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def class_table():
    x, x_hat, labels = x_validation["clothes"], rebuilt["clothes"], y_validation["clothes"]
    error = pd.Series(metrics.mean_squared_error(x, x_hat)).groupby(labels).mean()
    left = left_over(x, x_hat, labels)
    table = pd.DataFrame({"MSE": error.to_numpy(), "left of the class mean's error": left}, index=names)
    return table.sort_values("MSE").round(4)


class_table()

# %% [markdown]
# ## Task 3: One band at a time (3 marks)
#
# The chapter measured what is missing in bands of spatial frequency. Now look at the waves themselves. In the
# two-dimensional Fourier transform of a 28 by 28 image, the coefficient in row $u$ and column $v$ belongs to a wave
# with `np.fft.fftfreq(28, d=1/28)[u]` cycles downwards and `np.fft.fftfreq(28, d=1/28)[v]` cycles across. Its
# frequency is the root of the sum of the two squares. Write two functions.
#
# - `band(x, low, high)` takes images of shape `(n, 784)`, keeps the waves whose frequency $f$ satisfies
#   `low <= f < high`, sets all others to zero, transforms back and gives real numbers of shape `(n, 784)`. (They may be
#   negative: no clipping.)
# - `missing(x, x_hat, low, high)` gives one number: the squared error *in that band*, summed over all pixels of all
#   images, as a share of the summed squares of the images in that band.
#
# <details><summary>Hint</summary>
#
# `np.fft.fft2` and `np.fft.ifft2` work on the last two axes of an array of shape `(n, 28, 28)`. Make one 28 by 28 array
# of frequencies by broadcasting, compare it with `low` and `high`, and multiply. After going back, `.real` drops
# imaginary parts that are zero but for rounding. Is the band of a difference the difference of the bands?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def band(x, low, high):
    """The part of images that lies in a band of spatial frequencies, shape (n, 784)."""
    ### BEGIN SOLUTION
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)
    ### END SOLUTION


def missing(x, x_hat, low, high):
    """Squared error in a band as a share of the images' squares in that band, a number."""
    ### BEGIN SOLUTION
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
some, some_rebuilt = x_validation["clothes"][:200], rebuilt["clothes"][:200]
if started(band(some, 0, 3), "Task 3, band") and started(missing(some, some_rebuilt, 0, 3), "Task 3, missing"):
    found = np.asarray(band(some, 0, 3))
    assert found.shape == (200, 784), f"band gives shape {found.shape} for 200 images; it needs (200, 784)"
    assert not np.iscomplexobj(found), "band gives complex numbers; take the real part"
    place = np.arange(28) / 28

    def wave(down, across):
        """An image of one wave."""
        return np.cos(2 * np.pi * (down * place[:, None] + across * place)).reshape(1, 784)

    assert np.allclose(band(wave(0, 2), 1, 3), wave(0, 2)), (
        "a wave of 2 cycles has to pass the band from 1 to 3 unchanged: are your frequencies those of np.fft.fftfreq, "
        "in cycles (d=1/28), and do you give the real part as it is, without clipping?"
    )
    assert np.allclose(band(wave(0, 2), 3, 9), 0), (
        "a wave of 2 cycles must not pass the band from 3 to 9: keep what lies between low and high, zero the rest"
    )
    assert np.allclose(band(wave(5, 0), 3, 9), wave(5, 0)), (
        "a wave of 5 cycles has to pass the band from 3 to 9 unchanged: the coefficients in the last rows and columns "
        "belong to negative frequencies, see np.fft.fftfreq"
    )
    assert np.allclose(band(wave(2, 2), 2, 2.5), 0), (
        "a wave of 2 cycles down and 2 across has a frequency of 2.83, not 2: the root of the sum of squares"
    )
    assert np.allclose(band(wave(3, 0), 3, 9), wave(3, 0)), "a wave of 3 cycles has to pass the band from 3: low <= f"
    assert np.allclose(band(wave(3, 0), 0, 3), 0), "a wave of 3 cycles must not pass the band up to 3: f < high"
    both = band(some, 0, 3) + band(some, 3, 100)
    assert np.allclose(both, some, atol=1e-5), (
        "two bands that cover everything have to add up to the images: no clipping"
    )
    half = wave(0, 2) + 3 * wave(5, 0)
    found = missing(half, wave(0, 2) + wave(5, 0), 4, 6)
    assert np.ndim(found) == 0, f"missing gives an array of shape {np.shape(found)}; it needs a single number"
    assert not np.isclose(found, 2 / 3), "you took magnitudes; power is squared"
    assert not np.isclose(found, 4 / 10), "you divided by the power of the whole image; take the power in the band"
    assert not np.isclose(found, 1 - 1 / 9), "you compared powers; take the power of the difference"
    assert np.isclose(found, 4 / 9), (
        f"where a wave comes back at a third of its height, 4/9 are missing, not {found:.4f}"
    )
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert band(some, 0, 3) is not None and missing(some, some_rebuilt, 0, 3) is not None, "Task 3 is not done"
rng = np.random.default_rng(73)
x, x_hat = rng.uniform(size=(2, 6, 784))
signed = [value if value < 14 else value - 28 for value in range(28)]
for low, high in ((0, 1), (2.5, 7), (9, 30)):
    keep = np.array([[low <= (u * u + v * v) ** 0.5 < high for v in signed] for u in signed])
    matrix = np.exp(2j * np.pi * np.outer(np.arange(28), np.arange(28)) / 28)
    expected = [
        (matrix @ (matrix.conj() @ image.reshape(28, 28) @ matrix.conj() * keep) @ matrix / 784).real.ravel()
        for image in np.concatenate([x, x_hat])
    ]
    right, other = np.array(expected[:6]), np.array(expected[6:])
    assert np.shape(band(x, low, high)) == (6, 784), "band has to keep the shape (n, 784)"
    assert np.allclose(band(x, low, high), right), f"band is wrong from {low} to {high} cycles"
    share = ((right - other) ** 2).sum() / (right**2).sum()
    assert np.isclose(missing(x, x_hat, low, high), share), f"missing is wrong from {low} to {high} cycles"
### END HIDDEN TESTS

# %% [markdown]
# Garments by bands, and what the network misses in each, class by class:

# %% mystnb={"image": {"alt": "Eight rows of ten garments in pairs, original and rebuilt: whole; the band below 3 cycles, soft blobs that look the same in both; 3 to 7 cycles, outlines as grey waves, weaker in the reconstructions; 7 cycles and more, crisp edges, straps, buttons and prints in the originals and a faint grid in the reconstructions."}} nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
BANDS = {"below 3": (0, 3), "3 to 7": (3, 7), "7 and more": (7, 30)}


def draw_bands():
    shown = [np.flatnonzero(y_validation["clothes"] == label)[3] for label in range(10)]
    original, copy = x_validation["clothes"][shown], rebuilt["clothes"][shown]
    if band(original, 0, 3) is None:
        return None
    rows = {"whole": original, "rebuilt": copy}
    for name, (low, high) in BANDS.items():
        grey = 0 if low == 0 else 0.5
        rows[name] = np.clip(band(original, low, high) + grey, 0, 1)
        rows[" " * len(rows) + "rebuilt"] = np.clip(band(copy, low, high) + grey, 0, 1)
    return plots.image_rows(rows, title="Garments in bands of spatial frequency (cycles)", captions={"whole": names})


draw_bands()


# %% mystnb={"image": {"alt": "Heat map of ten classes by three bands: share of the power that is missing. The first column is near zero for all but the sandal, the second between 0.14 and 0.60, the last above one half throughout; trousers miss least in the last two, sandals, then bags, miss most."}} nbgrader={"grade": false, "grade_id": "setup-3-table", "locked": true, "schema_version": 3, "solution": false, "task": false}
def draw_missing():
    x, x_hat, labels = x_validation["clothes"], rebuilt["clothes"], y_validation["clothes"]
    if missing(x[:10], x_hat[:10], 0, 3) is None:
        return None
    table = [[missing(x[labels == a], x_hat[labels == a], *edges) for edges in BANDS.values()] for a in range(10)]
    return plots.heatmap(
        np.array(table),
        row_labels=names,
        column_labels=BANDS,
        title="Share of the power that is missing",
        xlabel="cycles across the image",
        ylabel="class",
        number_format="{:.3f}",
        colour_label="power of the error / power of the images",
    )


draw_missing()

# %% [markdown]
# ## Question 1: What is lost (3 marks)
#
# Look at the two figures above and at the table below Task 2. (If a task is not done, use the chapter's figures.) Answer
# in five to eight sentences.
#
# 1. Which band does the network keep, which does it lose, and what of a garment lives in the lost one? Name two things
#    you see in the pictures.
# 2. Why does the loss let the network drop this band? Argue with how much of the images' power it holds (your `band`
#    can tell, or the first table of *What is lost* in the chapter) and how many of the 64 numbers it would take.
# 3. Which class has the lowest MSE, and is it also the one whose images are explained best? Say what the two columns of
#    the table measure, and which you would quote to a shop that wants to see patterns.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The network keeps the waves below 3 cycles: in nearly every class one or two hundredths of their
# power are missing. Of the waves from 3 to 7 cycles about a third is missing, of the finest about three quarters. These
# hold crisp edges and what is inside: the buttons of the pullover, the straps of the top and of the sandal, the pattern
# of the coat have gone or are a blur. The loss adds up squared errors (or nearly so) over pixels, and the finest band
# holds only about 6 per cent of the images' power (the chapter: 5, from 8 cycles on), so to drop most of it costs a few
# per cent. To keep it would be dear: a print can look like anything and begin anywhere, so that describing one
# garment's would take most of the 64 numbers, which are the same for all garments. They buy more if they describe shade
# and rough shape. Trousers have the lowest MSE, 0.011, but relative to their own class mean pullovers are explained
# best (0.28 is left, of trousers 0.33). The MSE is an error in grey values; the other column compares it with what is
# left if one knows nothing but the class. For patterns I would quote the second, since a class's mean image holds no
# pattern: whatever a pattern adds is in what is to be explained. Better still would be the share that is missing in the
# finest band.
#
# **Rubric.** Numbers may differ by some hundredths.
#
# - 1 mark for the low band kept and the high band lost, with numbers, and for two details that the pictures show
#   (half a mark each).
# - 1 mark for the reason: little power in the band (half a mark), and many numbers for something that differs from
#   garment to garment (half a mark).
# - 1 mark for trousers by MSE, another class by the second column (half a mark), and for a choice for the shop with a
#   reason that fits what the number measures (half a mark). The high band's share, with a reason, earns it as well.
# ### END SOLUTION

# %% [markdown]
# ## Task 4: A code for shoes, shown tops (3 marks)
#
# PCA fitted on one kind of images gives a mean $m$, shape `(d,)`, and components, the orthonormal rows of a matrix $V$
# of shape `(k, d)`. Its reconstruction of any image is
#
# $$ \hat x = m + (x - m) V^\top V. \tag{Ex7.2} $$
#
# Shown images of another kind, it fails in two ways: its mean is not theirs, and its directions are not theirs. Write
# two functions that tell them apart.
#
# - `explained(x, mean, components)`, for images `x` of shape `(n, d)` with any $d$, gives one number: the share of the
#   images' squared deviation from *their own* mean image that (Ex7.2) takes away,
#
# $$ 1 - \frac{\sum_i \lVert x_i - \hat x_i \rVert^2}{\sum_i \lVert x_i - \bar x \rVert^2}, \tag{Ex7.3} $$
#
#   where $\bar x$ is the mean of the `x` given. No clipping. The number may be negative.
# - `best_offset(x, components)` gives an array of shape `(d,)`: a vector that, put in the place of $m$ in (Ex7.2) with
#   the components as they are, makes the summed squared error on `x` as small as possible. More than one does; any of
#   them is right.
#
# <details><summary>Hint</summary>
#
# With $P = V^\top V$, (Ex7.2) says $x - \hat x = (x - m)(I - P)$. What is left of $x - m$ is its part perpendicular to
# all components. For which $m$ is the sum of the squares of such differences smallest? (You know the answer without the
# factor $I - P$.)
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def kind(labels):
    """Training and validation images of some classes of clothes."""
    split = splits["clothes"]
    return (
        split.x_train[:20_000][np.isin(split.y_train[:20_000], labels)],
        x_validation["clothes"][np.isin(y_validation["clothes"], labels)],
    )


(shoes_train, shoes), (tops_train, tops) = kind([5, 7, 9]), kind([0, 2, 4, 6])
fits = {name: baselines.PCACodec(64).fit(x).pca_ for name, x in (("shoes", shoes_train), ("tops", tops_train))}


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def explained(x, mean, components):
    """Share of the images' squared deviation from their own mean that PCA's reconstruction takes away."""
    ### BEGIN SOLUTION
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / ((x - x.mean(axis=0)) ** 2).sum()
    ### END SOLUTION


def best_offset(x, components):
    """The vector in place of the mean with which the components rebuild `x` best, shape (d,)."""
    ### BEGIN SOLUTION
    return x.mean(axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
shoe_mean, shoe_directions = fits["shoes"].mean_, fits["shoes"].components_
if started(explained(tops, shoe_mean, shoe_directions), "Task 4, explained") and started(
    best_offset(tops, shoe_directions), "Task 4, best_offset"
):
    x = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 3.0]])
    direction, centre = np.array([[1.0, 0.0, 0.0]]), np.array([1.0, 1.0, 1.0])
    found = explained(x, centre, direction)
    assert np.ndim(found) == 0, f"explained gives an array of shape {np.shape(found)}; it needs a single number"
    for mistake, why in {
        1 - 6 / 8: "you divided by the deviation from the mean given; (Ex7.3) takes the images' own mean",
        1 - 6 / 14: "you divided by the images' squares; subtract their mean image first",
        6 / 4: "this is the share that is left",
        1 - 10 / 4: "you projected the images as they are; (Ex7.2) subtracts the mean before and adds it afterwards",
        1 - 8 / 4: "the mean has to be subtracted before the projection, too",
        1 - 12 / 4: "the mean has to be added again after the projection",
    }.items():
        assert not np.isclose(found, mistake), why
    assert np.isclose(found, 1 - 6 / 4), f"for the two images here the share is -0.5, not {found:.4f}"
    own = fits["tops"]
    found = explained(tops_train, own.mean_, own.components_)
    assert np.isclose(found, own.explained_variance_ratio_.sum(), atol=1e-3), (
        f"on the images it was fitted to PCA explains {own.explained_variance_ratio_.sum():.4f}, not {found:.4f}"
    )
    found = np.asarray(best_offset(tops, shoe_directions))
    assert found.shape == (784,), f"the offset has shape {found.shape}; it needs (784,)"
    reached, before = explained(tops, found, shoe_directions), explained(tops, shoe_mean, shoe_directions)
    assert reached > before + 1e-3, f"with your offset {reached:.4f} is explained; with the shoes' mean {before:.4f}"
    for try_out in (tops[0], np.median(tops, axis=0), tops_train.mean(axis=0)):
        assert reached >= explained(tops, try_out, shoe_directions) - 1e-5, (
            f"your offset explains {reached:.5f}; there is one that explains more. Which vector is nearest to all images?"
        )
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
done = [explained(tops, shoe_mean, shoe_directions), best_offset(tops, shoe_directions)]
assert all(value is not None for value in done), "Task 4 is not done: a function returns None"
rng = np.random.default_rng(74)
for n, d, k in ((20, 6, 2), (50, 30, 29), (9, 5, 1)):
    x, m = rng.normal(size=(n, d)) + rng.normal(size=d) * 3, rng.normal(size=d)
    V = np.linalg.qr(rng.normal(size=(d, k)))[0].T
    x_hat = np.array([m + sum((image - m) @ row * row for row in V) for image in x])
    expected = 1 - ((x - x_hat) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()
    assert np.isclose(explained(x, m, V), expected), f"explained is wrong for {n} images of {d} pixels, {k} components"
    offset = np.asarray(best_offset(x, V))
    assert offset.shape == (d,), "best_offset has to give one number for each pixel"
    left = ((x - offset) @ (np.eye(d) - V.T @ V)) ** 2
    least = ((x - x.mean(axis=0)) @ (np.eye(d) - V.T @ V)) ** 2
    assert np.isclose(left.sum(), least.sum()), f"best_offset is not the best for {n} images, {k} components"
### END HIDDEN TESTS


# %% nbgrader={"grade": false, "grade_id": "setup-4-table", "locked": true, "schema_version": 3, "solution": false, "task": false}
def carried():
    rows = {}
    for name, x in (("shoes", shoes), ("tops", tops)):
        for source, fit in fits.items():
            offset = best_offset(x, fit.components_)
            right = None if offset is None else explained(x, offset, fit.components_)
            rows[f"{name}, by PCA of {source}"] = [explained(x, fit.mean_, fit.components_), right]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["as fitted", "with the best offset"])


carried().astype(float).round(3)

# %% [markdown]
# ## Task 5: One network for both (3 marks)
#
# The two `specialists` know one data set each. Build and train one autoencoder `my_model` that serves both as well as
# they do, with a code of at most *64* numbers: on the validation images of **each** set it has to explain at least as
# large a share of the squared error of that set's mean training image as the set's own specialist. The cell below
# prints these shares.
#
# Learn from `x_train["digits"]` and `x_train["clothes"]` alone. `my_model` has to be an `aelib.models.Autoencoder`,
# made by `models.dense_autoencoder` or by you from two Keras models with ordinary layers. It takes and gives flat
# images, shape `(n, 784)`. Your cell should take no more than about half a minute; when your work is graded, it is
# stopped after two minutes. The hidden check measures the same on test images, where 98 per cent of the specialist's
# share is enough.


# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def shares(rebuild, images):
    """For each set, the share of the mean image's squared error that a model explains."""
    result = {}
    for name, x in images.items():
        left = metrics.mean_squared_error(x, rebuild(name, x)).mean()
        centre = np.repeat(x_train[name].mean(axis=0, keepdims=True), len(x), axis=0)
        result[name] = 1 - left / metrics.mean_squared_error(x, centre).mean()
    return pd.Series(result)


own = shares(lambda name, x: predict(specialists[name], x), x_validation)
swapped = {"digits": "clothes", "clothes": "digits"}
foreign = shares(lambda name, x: predict(specialists[swapped[name]], x), x_validation)
pd.DataFrame({"own specialist (needed)": own, "the other specialist": foreign}).round(3)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.concatenate` makes one array of two, and `training.fit` shuffles it in every epoch. What happens if you train on
# one set first and on the other afterwards? If one of the two shares is short, look at what a specialist got: how many
# steps on its own set did it take? Which activation at the code did better in chapter 5, and would a wider hidden layer
# help two jobs at once?
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
my_model = None
### BEGIN SOLUTION
my_model = models.dense_autoencoder(latent_dim=64, hidden=(256,), code_activation="linear", seed=0)
both_sets = np.concatenate([x_train["digits"], x_train["clothes"]])
history = training.fit(my_model, both_sets, epochs=5, batch_size=250, seed=0)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(my_model, "Task 5"):
    assert hasattr(my_model, "encoder") and hasattr(my_model, "decoder"), (
        f"my_model is a {type(my_model).__name__} without the two halves .encoder and .decoder; "
        "it has to be the whole autoencoder (training.fit gives the history, not the model)"
    )
    size = int(np.prod(my_model.encoder.output_shape[1:]))
    assert size <= 64, f"your code has {size} numbers; at most 64 are allowed"
    reached = shares(lambda name, x: predict(my_model, x), x_validation)
    print(", ".join(f"{name}: {value:.3f} (needed {own[name]:.3f})" for name, value in reached.items()))
    for name, value in reached.items():
        assert value >= own[name], (
            f"your model explains {value:.3f} of the {name}; its specialist explains {own[name]:.3f}. "
            "Has it seen both sets, mixed, and often enough? The hint says what to vary"
        )
    print("Task 5: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert my_model is not None, "Task 5 is not done: my_model is None"
assert int(np.prod(my_model.encoder.output_shape[1:])) <= 64, "the code has more than 64 numbers"
x_hidden = {name: images.x_test[:4000] for name, images in sets.items()}
wanted = shares(lambda name, x: predict(specialists[name], x), x_hidden)
reached = shares(lambda name, x: predict(my_model, x), x_hidden)
for name, value in reached.items():
    assert value >= 0.98 * wanted[name], f"on other images your model explains too little of the {name}"
### END HIDDEN TESTS

# %% [markdown]
# ## Question 2: A report with faults (3 marks)
#
# A fellow student writes:
#
# > "I trained the same network on digits and on clothes. Its loss is more than twice as large on clothes, so clothes are
# > more than twice as hard. Among the clothes, sneakers are handled nearly best: only trousers have a smaller error. I
# > also showed the digits' network clothes; it did worse than the mean image of the clothes, so digits and clothes have
# > nothing in common that a code could use."
#
# Each of the three conclusions may be right or wrong; none follows from what was measured. For each, say in one or two
# sentences why not, and what you would measure in its place. Use numbers from this sheet or from the chapter where
# they help.

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** *The loss.* It has a floor that belongs to the data, the entropy of grey pixels, and clothes have
# more of them: here 0.24 of their 0.30 is floor, for digits 0.06 of 0.11. So the ratio of the losses says nothing about
# difficulty. I would compare the way from the mean image to the floor, which is about 0.78 for clothes and 0.74 for
# digits, or the share of squared error explained, and add PCA at equal size. *The sneakers.* A small error may mean that
# there was little to explain: sneakers resemble their mean image. Divided by the error of that, they are among the two
# worst (0.44 is left; of pullovers, with a larger error, 0.28). *The digits' network.* What failed was encoder and
# decoder together, and the decoder can draw strokes only. That says nothing about the code. I would freeze the encoder,
# fit a new (linear) decoder for clothes, and compare with the clothes' own code and with an untrained encoder's. In the
# chapter that explains about 0.81 of the clothes' variation, against 0.84 from their own code and 0.72 from random
# weights: the code does hold much of what clothes need.
#
# **Rubric.** For each of the three conclusions:
#
# - half a mark for the reason why it does not follow: the floor; little variation within the class; decoder and encoder
#   failing together.
# - half a mark for a measure that would tell: excess, way to the floor or share explained; the error divided by that of
#   the class mean; a new decoder on the frozen encoder (or fine-tuning), with a yardstick.
# ### END SOLUTION
