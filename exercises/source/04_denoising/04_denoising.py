# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise sheet 4: Denoising
#
# This sheet follows [chapter 4](../../../chapters/04_denoising.ipynb). There the noise was added, and every pixel got
# as much of it as any other. Here it depends on the image: it *multiplies* the pixels, as in radar images, or it comes
# from *counting photons*, as in photographs taken in poor light. The images are new, too: clothes in place of digits,
# with many more greys.
#
# You need about 100 minutes. There are twenty marks, fourteen of them for tasks that are checked by programs:
#
# | task | what you practise | marks |
# | --- | --- | --- |
# | Task 1 | PSNR from its formula, for images of any range and type | 2 |
# | Task 2 | writing a repeatable corruption from its definition | 3 |
# | Task 3 | finding and repairing four mistakes in an experiment | 3 |
# | Task 4 | tuning a filter on validation images, clipping undone | 3 |
# | Question 1 | what clipping does to the mean of a count | 3 |
# | Task 5 | training a denoiser that beats the tuned filter | 3 |
# | Question 2 | reading a matrix of noise levels | 3 |
#
# **How to work.** Write in the cells that say so, and in no others. Run the cell below a task to check it: a failing
# check says what is wrong and where to look. Tasks do not build on one another's code, so you may leave one out. Before
# you hand in, choose *Kernel → Restart Kernel and Run All Cells*, and see that the notebook runs to its end. Hidden
# checks grade the same requirements on other data. A task gives all its marks or none.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib import baselines, data, metrics, models, plots, training
from aelib.exercises import started

import keras
import numpy as np
from sklearn.linear_model import Ridge

SEED = 0
fashion = data.load_fashion_mnist()
split = fashion.validation_split(10_000, seed=SEED)
x_fit, x_validation = split.x_train[:12_000].copy(), split.x_validation[:1_000].copy()
x_test = fashion.x_test  # for reporting only
del split  # the copies are all that is needed
print(f"{len(x_fit):,} images to train on, {len(x_validation):,} to choose on, {len(x_test):,} to report on")

# %% [markdown]
# ## Task 1: PSNR for any range (2 marks)
#
# Equation (4.2) of the chapter is [PSNR](../../../chapters/glossary.md#psnr) for images whose white is 1. Camera files
# hold integers: white is 255 with 8 bits, 4,095 with 12. With $P$ for the value of white, the *peak*,
#
# $$\mathrm{PSNR}(x, \hat x) = 10 \log_{10} \frac{P^2}{\mathrm{MSE}(x, \hat x)}\ \text{dB}, \tag{Ex4.1}$$
#
# where $\mathrm{MSE}$ is the mean over all values in *one* image of the squared difference.
#
# Write `psnr(x, x_hat, peak)` with NumPy.
#
# - `x` and `x_hat` are arrays of one shape, `(n, …)`: the first axis counts the images, all other axes belong to one
#   image. Flat images, `(n, 784)`, are possible, and so are colour images, `(n, 32, 32, 3)`.
# - Their type is a float, `uint8` or `uint16`. `peak` is a number, such as 255. It is white's value, whether or not any
#   pixel is white.
# - Return an array of floats of shape `(n,)`: one PSNR for each image, infinity where the two are equal.
#
# <details><summary>Hint</summary>
#
# What does NumPy give for `np.uint8(10) - np.uint8(20)`, and for `np.uint8(20) ** 2`? See to the type before you
# subtract. `x.reshape(len(x), -1)` makes one row of each image, whatever its shape. If NumPy warns of a division by
# zero where two images are equal: the result is right, and `with np.errstate(divide="ignore"):` silences the warning.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def psnr(x, x_hat, peak):
    """Peak signal-to-noise ratio of each image in decibels, equation (Ex4.1), shape (n,)."""
    ### BEGIN SOLUTION
    difference = x_hat.astype(np.float64) - x.astype(np.float64)
    mse = np.square(difference).reshape(len(x), -1).mean(axis=1)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(peak**2 / mse)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
dark = np.full((3, 28, 28), 10, dtype=np.uint8)
light = dark + np.array([10, 20, 40], dtype=np.uint8)[:, None, None]  # squared errors of 100, 400 and 1,600

if started(psnr(dark / 1.0, light / 1.0, 255), "Task 1"):
    found = np.asarray(psnr(dark / 1.0, light / 1.0, 255))
    assert found.shape != (), (
        "psnr gives one number for three images; average over each image's pixels, not over images"
    )
    assert found.shape == (3,), f"psnr gives shape {found.shape} for 3 images of 28 by 28; it needs (3,)"
    assert found.min() < found.max(), "three times the same PSNR: the errors of all images were averaged first"
    errors = np.array([100.0, 400.0, 1600.0])
    assert not np.allclose(found, 10 * np.log10(255 / errors)), "your peak is not squared: it is P² in (Ex4.1)"
    assert not np.allclose(found, 10 * np.log(255**2 / errors)), "np.log is the natural logarithm; (Ex4.1) has base 10"
    gain = np.asarray(psnr(dark / 1.0, light / 1.0, 510)) - found
    assert not np.allclose(gain, 0), "a peak of 510 gives the same PSNR as one of 255: use the argument `peak`"
    assert np.allclose(found, [28.1308, 22.1102, 16.0896], atol=1e-3), (
        f"for squared errors of 100, 400, 1,600 and a peak of 255 you give {found.round(2)} dB; "
        "it should be 28.13, 22.11 and 16.09"
    )
    for first, second in ((dark, light), (light, dark)):
        assert np.allclose(psnr(first, second, 255), found), (
            "right for floats, wrong for uint8, where 10 - 20 is 246 and 20² is 144: turn both into floats first"
        )
    assert np.allclose(
        psnr(x_validation[:50], x_validation[50:100], 1.0),
        metrics.psnr(x_validation[:50], x_validation[50:100]),
        atol=1e-3,
    ), "for a peak of 1 and images of shape (n, 784) your psnr differs from metrics.psnr, which is the same formula"
    assert np.isposinf(psnr(dark, dark, 255)).all(), "where the two images are equal, PSNR is infinity"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
rng = np.random.default_rng(41)
colour, other = rng.integers(0, 4096, size=(2, 5, 6, 7, 3), dtype=np.uint16)
other[2] = colour[2]
found = psnr(colour, other, 4095)
assert found is not None, "psnr gives nothing for colour images of 12 bits"
assert np.shape(found) == (5,), "psnr should give one number for each colour image"
with np.errstate(divide="ignore"):
    expected = 10 * np.log10(4095.0**2 / ((colour.astype(float) - other) ** 2).mean(axis=(1, 2, 3)))
assert np.allclose(found, expected), "psnr is wrong for colour images of 12 bits (uint16, peak 4,095)"
half = np.full((2, 9), 100, dtype=np.uint8)
assert np.allclose(psnr(half, half + np.uint8(1), 255), 48.1308, atol=1e-3), (
    "psnr is wrong for images without any white pixel: the peak is what white would be"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: Speckle (3 marks)
#
# Radar, ultrasound and laser images are *speckled*: each pixel is multiplied by a random factor,
#
# $$\tilde x_j = \min(1,\, x_j g_j), \qquad \mathbb E[g_j] = 1, \qquad \mathrm{Var}[g_j] = \frac 1 L, \tag{Ex4.2}$$
#
# where the $g_j$ are independent and have a gamma distribution. $L$ is the number of *looks*: so many exposures were
# averaged, and the more of them, the less speckle. A gamma distribution of shape $k$ and scale $s$ has the mean $ks$
# and the variance $ks^2$; which $k$ and $s$ meet (Ex4.2)?
#
# Write `speckle(x, looks, *, seed)`, in the manner of `noise.gaussian`.
#
# - `x` is an array of floats in [0, 1] of any shape; `looks` is an integer of at least 1.
# - Return a *new* array of the shape of `x`, `float32`, in [0, 1]. Leave `x` as it is.
# - Every pixel of every image gets a factor of its own. The same `seed` gives the same factors, another seed others.
#
# <details><summary>Hint</summary>
#
# Two equations, $ks = 1$ and $ks^2 = 1/L$: divide the second by the first. A generator made by
# `np.random.default_rng(seed)` has a method for the gamma distribution, with arguments `shape`, `scale` and `size`.
# Its numbers are `float64`; what is `float32 * float64`?
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def speckle(x, looks, *, seed):
    """`x` with speckle of so many looks, equation (Ex4.2): a new float32 array in [0, 1], repeatable from its seed."""
    ### BEGIN SOLUTION
    factors = np.random.default_rng(seed).gamma(shape=looks, scale=1 / looks, size=x.shape)
    return np.clip(x * factors, 0, 1).astype(np.float32)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
grey_images = np.full((40, 784), 0.25, dtype=np.float32)
grey_images.flags.writeable = False  # whoever writes into it gets an error: return a new array

if started(speckle(grey_images, 16, seed=1), "Task 2"):
    speckled = speckle(grey_images, 16, seed=1)
    assert speckled.shape == (40, 784), f"you give shape {speckled.shape}; it needs the shape of x: (40, 784)"
    assert speckled.dtype == np.float32, (
        f"you give {speckled.dtype}; it needs float32: the factors are float64, so convert"
    )
    assert (speckle(np.zeros_like(grey_images), 4, seed=1) == 0).all(), (
        "black pixels change; speckle multiplies, and 0 times anything is 0"
    )
    assert (speckled < 1).all(), (
        "with 16 looks pixels of 0.25 come out white, so some factors are 4 or more, far too many for a mean of 1 and a "
        "variance of 1/16: the mean is shape times scale, the variance shape times scale squared"
    )
    assert (speckled == speckle(grey_images, 16, seed=1)).all(), "the same seed gives other noise each time: use `seed`"
    assert (speckled != speckle(grey_images, 16, seed=2)).any(), "seeds 1 and 2 give the same noise: use `seed`"
    assert (speckled[0] != speckled[0, 0]).any(), "all pixels of an image have the same factor; each needs its own"
    assert (speckled[0] != speckled[1]).any(), "all images have the same factors; each pixel of each needs its own"
    assert speckle(np.full((40, 784), 0.9), 1, seed=1).max() <= 1, "values above 1: clip them, as (Ex4.2) says"
    assert speckle(grey_images, 1, seed=1).min() > 0, (
        "lit pixels turn black or negative with one look; a gamma distribution has positive numbers only"
    )
    factors = speckled / 0.25
    assert abs(factors.mean() - 1) < 0.02, (
        f"with 16 looks the mean of your factors is {factors.mean():.2f}, not 1: the mean is shape times scale"
    )
    assert abs(16 * factors.var() - 1) < 0.1, (
        f"with 16 looks the variance of your factors is {factors.var():.3f}; it should be near 1/16 = 0.0625"
    )
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
quarter = np.full((30, 28, 28, 1), 0.2)
found = speckle(quarter, 4, seed=7)
assert found is not None, "speckle gives nothing"
assert found.shape == quarter.shape and found.dtype == np.float32, "speckle should keep the shape and give float32"
factors = found / 0.2
deviation = factors - factors.mean()
assert abs(factors.mean() - 1) < 0.02 and abs(4 * factors.var() - 1) < 0.1, (
    "with 4 looks the factors should have mean 1 and variance 1/4"
)
assert abs((deviation**3).mean() / factors.std() ** 3 - 1) < 0.25, (
    "mean and variance are right, but the factors do not have a gamma distribution: its right tail is longer"
)
assert (found == speckle(quarter, 4, seed=7)).all(), "the same seed should give the same speckle"
assert (found != speckle(quarter, 4, seed=8)).any(), "another seed should give other speckle"
bright = speckle(np.full((40, 784), 0.8), 2, seed=3)
assert bright.min() > 0 and bright.max() == 1, "bright pixels should be clipped at 1, and none should turn black"
assert 0.2 < (bright == 1).mean() < 0.37, "with 2 looks about 29 % of pixels of value 0.8 should reach white"
assert abs(np.corrcoef(factors[:15].ravel(), factors[15:].ravel())[0, 1]) < 0.05, "the factors should be independent"
### END HIDDEN TESTS

# %% [markdown]
# ## Poor light
#
# From here on the noise comes from counting. A camera counts photons; in poor light these are few, and their number is
# random: where a white pixel gets $p$ photons on average, a pixel of value $x_j$ gets $N_j$,
#
# $$\tilde x_j = \min\!\Big(1, \frac{N_j}{p}\Big), \qquad N_j \sim \mathrm{Poisson}(p\, x_j). \tag{Ex4.3}$$
#
# Mean and variance of $N_j$ are both $p\,x_j$. So before clipping $N_j / p$ has the right mean, $x_j$, and the variance
# $x_j / p$: bright pixels are noisier than dark ones, and black is never wrong.

# %% mystnb={"image": {"alt": "Five rows of the same ten clothes: clean, then with 16, 4, 2 and 1 photons for white. With 16 they are grainy; with 4 bright areas are mottled but shapes are plain; with 1 each pixel is black or white, and garments are clouds of white dots."}} nbgrader={"grade": false, "grade_id": "setup-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
PHOTONS = 2  # of a white pixel, on average, unless a task says otherwise


def photon_noise(x, photons, *, seed):
    """Images as a camera sees them in poor light, equation (Ex4.3); `photons` is p, an integer of at least 1."""
    counts = np.random.default_rng(seed).poisson(photons * x)
    return np.minimum(counts / photons, 1).astype(np.float32)


def tutorial_arrays(x_train, x_test, photons, *, seed):
    """The arrays of a denoising experiment as a tutorial makes them, with four mistakes."""
    noisy_train = photon_noise(x_train, photons, seed=seed)
    noisy_test = photon_noise(x_test, photons, seed=seed)
    return {
        "inputs": noisy_train,
        "targets": noisy_train,
        "validation_inputs": x_test,
        "validation_targets": x_test,
        "test_inputs": noisy_test,
        "test_targets": x_test,
    }


examples = [np.flatnonzero(fashion.y_test == label)[0] for label in range(10)]
rows = {"clean": x_test[examples]}
for photons in (16, 4, 2, 1):
    rows[f"p = {photons}"] = photon_noise(x_test[examples], photons, seed=SEED)
plots.image_rows(rows, title="Less and less light: a white pixel gets p photons on average")

# %% [markdown]
# ## Task 3: Repair an experiment (3 marks)
#
# Read `tutorial_arrays` in the cell above. The tutorial trains a model to turn `inputs` into `targets`, chooses the
# number of epochs by the error on `validation_inputs` and `validation_targets`, and reports the error on `test_inputs`
# and `test_targets`. There are four mistakes in it to repair. Two of them are in the chapter's section *Four common
# mistakes*, the third is in its *Pitfalls*, the fourth in what it says about validation images. (Of the section's other
# two, *forgetting to clip* does not occur here, and *one copy of the noise* may stay.)
#
# Write `repaired_arrays(x_train, x_test, photons, *, seed)`, which returns a dictionary with the same six keys and
# without the mistakes.
#
# - `x_train` and `x_test` are clean images of shape `(n, 784)`. Their order is random already. `seed` is an integer of
#   at least 0; 0 must work like any other.
# - The *validation images* are the last `n // 5` of the `n` images in `x_train`, the training images all others, both
#   in their order. They must have no image in common.
# - Make the noise with `photon_noise`. Training, validation and test inputs must carry different noise, no two of these
#   three sets the same. All of it must follow from `seed`: the same seed gives the same arrays; with another seed, each
#   of the three sets gets other noise.
#
# <details><summary>Hint</summary>
#
# Ask of each of the six arrays: is it clean or noisy, and which images does it hold? Then ask of the noise: where does
# each seed come from? Nothing keeps you from calculating with a seed. Mind that in Python `-7 // 5` is not `-(7 // 5)`.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def repaired_arrays(x_train, x_test, photons, *, seed):
    """The six arrays of `tutorial_arrays`, without its four mistakes."""
    ### BEGIN SOLUTION
    kept = len(x_train) - len(x_train) // 5
    x_kept, x_aside = x_train[:kept], x_train[kept:]
    return {
        "inputs": photon_noise(x_kept, photons, seed=3 * seed),
        "targets": x_kept,
        "validation_inputs": photon_noise(x_aside, photons, seed=3 * seed + 1),
        "validation_targets": x_aside,
        "test_inputs": photon_noise(x_test, photons, seed=3 * seed + 2),
        "test_targets": x_test,
    }
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
some_train, some_test = x_fit[:23], x_fit[50:56]  # 23 // 5 = 4 of the 23 are validation images

if started(repaired_arrays(some_train, some_test, 4, seed=1), "Task 3"):
    arrays = repaired_arrays(some_train, some_test, 4, seed=1)
    assert isinstance(arrays, dict), (
        f"you return a {type(arrays).__name__}; a dictionary is needed, as in tutorial_arrays"
    )
    assert set(arrays) == set(tutorial_arrays(some_train, some_test, 4, seed=1)), (
        f"your keys are {sorted(arrays)}; the six keys of tutorial_arrays are needed"
    )
    assert not np.array_equal(arrays["inputs"], arrays["targets"]), (
        "inputs and targets are equal: the best answer is then a copy, noise and all. What should come out?"
    )
    assert not np.array_equal(arrays["validation_targets"], some_test), (
        "the epochs would be chosen on the test images; take validation images from x_train"
    )
    assert not np.array_equal(arrays["validation_inputs"], arrays["validation_targets"]), (
        "the epochs would be chosen by how well clean images are copied; what will the model be given in use?"
    )
    assert len(arrays["validation_targets"]) == 4, (
        f"of 23 images you set aside {len(arrays['validation_targets'])}; it should be 23 // 5 = 4"
    )
    assert len(arrays["targets"]) == 19, (
        f"of 23 images, 4 of them for validation, you train on {len(arrays['targets'])}; 19 are left"
    )
    assert np.array_equal(arrays["targets"], some_train[:19]), "targets: the clean images 0 to 18 of 23, in their order"
    assert np.array_equal(arrays["validation_targets"], some_train[19:]), "validation_targets: the last 4, clean"
    assert np.array_equal(arrays["test_targets"], some_test), "test_targets: x_test, clean, as it was"
    for part in ("", "validation_", "test_"):
        inputs, targets = arrays[f"{part}inputs"], arrays[f"{part}targets"]
        assert inputs.shape == targets.shape, f"{part}inputs: shape {inputs.shape}, but {targets.shape} for its targets"
        assert (inputs[targets == 0] == 0).all() and (inputs != targets).any(), (
            f"{part}inputs: these are not {part}targets with photon noise"
        )

    # The same grey everywhere, so that equal seeds show: 8 training, 2 validation and 8 test images.
    grey_10, grey_8 = np.full((10, 784), 0.5), np.full((8, 784), 0.5)
    flat = repaired_arrays(grey_10, grey_8, 4, seed=0)
    again, other = (repaired_arrays(grey_10, grey_8, 4, seed=seed) for seed in (0, 2))
    first_two = {part: flat[f"{part}inputs"][:2] for part in ("", "validation_", "test_")}
    for one, two in (("", "test_"), ("", "validation_"), ("validation_", "test_")):
        assert (first_two[one] != first_two[two]).any(), (
            f"{one}inputs and {two}inputs carry the same noise; give each a seed of its own"
        )
    for part in first_two:
        assert np.array_equal(flat[f"{part}inputs"], again[f"{part}inputs"]), f"{part}inputs: not repeatable from seed"
        assert not np.array_equal(flat[f"{part}inputs"], other[f"{part}inputs"]), f"{part}inputs: do not depend on seed"
    print("Task 3: the visible checks pass.")
### BEGIN HIDDEN TESTS
some_train, some_test = x_fit[100:114], x_fit[200:203]
arrays = repaired_arrays(some_train, some_test, 9, seed=5)
assert arrays is not None, "repaired_arrays gives nothing"
for part, clean in (("", some_train[:12]), ("validation_", some_train[12:]), ("test_", some_test)):
    targets, inputs = arrays[f"{part}targets"], arrays[f"{part}inputs"]
    assert np.array_equal(targets, clean), (
        f"{part}targets: not the clean images that they should be (14 images, 9 photons)"
    )
    assert np.shape(inputs) == clean.shape, f"{part}inputs: one noisy image for each clean one"
    assert np.allclose(inputs * 9, np.round(inputs * 9), atol=1e-4), (
        f"{part}inputs: not the number of photons asked for"
    )
    wanted = np.square(photon_noise(clean, 9, seed=99) - clean).mean()
    assert 0.6 < np.square(inputs - clean).mean() / wanted < 1.6, f"{part}inputs: not photon noise on {part}targets"
half = np.full((15, 784), 0.5)
flat, other = (repaired_arrays(half, half, 6, seed=seed) for seed in (3, 11))
blocks = {part: flat[f"{part}inputs"] for part in ("", "validation_", "test_")}
assert not any(
    np.array_equal(blocks[one][: len(blocks[two])], blocks[two][: len(blocks[one])])
    for one, two in (("", "test_"), ("", "validation_"), ("test_", "validation_"))
), "two of training, validation and test images carry the same noise"
assert not any(np.array_equal(block, other[f"{part}inputs"]) for part, block in blocks.items()), (
    "another seed should give other noise to training, validation and test images"
)
### END HIDDEN TESTS

# %% [markdown]
# ## Task 4: Tune a filter (3 marks)
#
# In (Ex4.3) clipping cuts off what is brighter than white. So bright pixels come out too dark in the mean, and so they
# do after a filter that averages: the chapter's veil once more, dark this time. Below, the mean $m(v)$ of a pixel of
# true value $v$ is measured: many noisy pixels are averaged at each of the values in `grey`.

# %% mystnb={"image": {"alt": "Two curves over the true value from 0 to 1. Without clipping the mean is the true value, a straight line. With clipping, at 2 photons, the mean falls below that line from about 0.2 on and ends near 0.73."}} nbgrader={"grade": false, "grade_id": "setup-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
SIGMAS = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0]  # widths of the filter, in pixels
grey = np.linspace(0, 1, 21)


def mean_curve(photons, *, seed):
    """The mean of clipped photon noise at each of the values in `grey`, from 200,000 pixels at each."""
    return np.array([photon_noise(np.full(200_000, v), photons, seed=seed).mean(dtype=np.float64) for v in grey])


dimmed = mean_curve(PHOTONS, seed=SEED)
noisy_validation = photon_noise(x_validation, PHOTONS, seed=SEED + 1)
plots.curves(
    {"not clipped": grey, "clipped at 1": dimmed},
    x=grey,
    title=f"What clipping does to the mean, at {PHOTONS} photons",
    xlabel="true value v",
    ylabel="mean of the noisy pixel",
)

# %% [markdown]
# Write `tune(clean, noisy, sigmas, curve)`, which finds the best width for the Gaussian filter.
#
# - `clean` and `noisy` are the same images without and with noise, shape `(n, 784)`: validation images, never test
#   images, in all calls below. `sigmas` is a list of widths in pixels. `curve` holds $m(v)$ for every $v$ in `grey`, as
#   `dimmed` does, but possibly for another number of photons.
# - For each width: denoise `noisy` by `baselines.GaussianFilter(width).denoise`; undo the dimming by `curve`; take
#   `metrics.psnr` against `clean`, image by image, and then its mean over the images.
# - Undoing means: where there is $m(v)$, put $v$. The curve is about *means* of noisy pixels. Does it have to be undone
#   before filtering or after?
# - Return `(best, scores)`: the width with the highest mean PSNR, a number from `sigmas`; and an array with the mean
#   PSNR of every width, in the order of `sigmas`.
#
# <details><summary>Hint</summary>
#
# The chapter's `lift_veil` is an `np.interp`: its second argument is where you are, its third is where you go. One
# noisy pixel is no mean: at 2 photons it is 0, 0.5 or 1. `np.argmax` gives a place, not a width.
#
# </details>


# %% nbgrader={"grade": false, "grade_id": "task-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def tune(clean, noisy, sigmas, curve):
    """The best width of the Gaussian filter, dimming undone, and the mean PSNR of every width in decibels."""
    ### BEGIN SOLUTION
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(noisy)
        lifted = np.interp(filtered, curve, grey)
        scores.append(metrics.psnr(clean, lifted).mean())
    return sigmas[int(np.argmax(scores))], np.array(scores)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "task-4-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
few, few_noisy = x_validation[:60], noisy_validation[:60]

if started(tune(few, few_noisy, SIGMAS, dimmed), "Task 4"):
    result = tune(few, few_noisy, SIGMAS, dimmed)
    assert isinstance(result, tuple | list) and len(result) == 2, (
        "return a pair (best, scores): the best width, and an array with the score of every width"
    )
    best, scores = result
    scores = np.asarray(scores)
    assert scores.shape == (6,), f"scores have shape {scores.shape}; six widths need six scores, shape (6,)"
    filtered = [baselines.GaussianFilter(sigma).denoise(few_noisy) for sigma in SIGMAS]
    as_they_come = [metrics.psnr(few, images).mean() for images in filtered]
    assert not np.allclose(scores, as_they_come), "these are the scores with the dimming left in: undo it by `curve`"
    deeper = [metrics.psnr(few, np.interp(images, grey, dimmed)).mean() for images in filtered]
    assert not np.allclose(scores, deeper), "your np.interp dims once more: go from the values of `curve` to `grey`"
    assert not np.allclose(scores, tune(few, few, SIGMAS, dimmed)[1]), (
        "the scores are the same whatever `noisy` is: which images are to be filtered?"
    )
    bright = np.full((20, 784), 0.8, dtype=np.float32)
    _, flat = tune(bright, photon_noise(bright, PHOTONS, seed=SEED + 2), [6.0], dimmed)
    assert np.asarray(flat).item() > 22, (
        f"flat images of 0.8, filtered widely, score {np.asarray(flat).item():.1f} dB; with the dimming undone at the "
        "right moment it is over 22. The curve is about means, and it is the filter that makes means"
    )
    one_by_one = [tune(few[i : i + 1], few_noisy[i : i + 1], [1.0], dimmed)[1] for i in range(10)]
    assert np.isclose(np.mean(one_by_one), np.asarray(tune(few[:10], few_noisy[:10], [1.0], dimmed)[1]).item()), (
        "the score of ten images is not the mean of their ten PSNRs: take PSNR image by image, then the mean"
    )
    assert best in SIGMAS, f"best is {best}; it should be one of the widths: np.argmax gives a place in the list"
    assert best == SIGMAS[scores.argmax()], (
        f"best is {best}, but the highest score is that of {SIGMAS[scores.argmax()]}; more decibels are better"
    )
    assert tune(few, few_noisy, SIGMAS[::-1], dimmed)[0] == best, "the order of the widths changes the best of them"
    print("Task 4: the visible checks pass.")
### BEGIN HIDDEN TESTS
clean = x_validation[300:340]
for level, widths in ((3, [2.5, 0.3, 1.2, 0.8]), (12, [0.2, 1.1, 0.45, 0.6, 3.0])):
    noisy, curve = photon_noise(clean, level, seed=21), mean_curve(level, seed=22)
    found = tune(clean, noisy, widths, curve)
    assert found is not None, "tune gives nothing"
    expected = [
        metrics.psnr(clean, np.interp(baselines.GaussianFilter(width).denoise(noisy), curve, grey)).mean()
        for width in widths
    ]
    assert np.allclose(found[1], expected, atol=0.01), f"the scores are wrong for another light: {level} photons"
    assert found[0] == widths[int(np.argmax(expected))], f"best is not the best width at {level} photons"
### END HIDDEN TESTS

# %% [markdown]
# If your function works, the next cell draws its scores on the validation images, beside those of the filter as it
# comes. Undoing the dimming moves the best width.

# %% mystnb={"image": {"alt": "Mean PSNR over the filter's width, with the dimming undone and as it comes. Both rise steeply to a maximum near one pixel and fall more gently. With the dimming undone the curve is higher from 0.75 on, and its maximum lies further to the right."}} nbgrader={"grade": false, "grade_id": "setup-4-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
tuned = tune(x_validation, noisy_validation, SIGMAS, dimmed)
figure = None
if tuned is not None:
    filtered = [baselines.GaussianFilter(sigma).denoise(noisy_validation) for sigma in SIGMAS]
    figure = plots.curves(
        {"dimming undone": tuned[1], "as it comes": [metrics.psnr(x_validation, x).mean() for x in filtered]},
        x=SIGMAS,
        title=f"The Gaussian filter on validation images: the best width is {tuned[0]} pixels",
        xlabel="width of the filter (pixels)",
        ylabel="mean PSNR (dB)",
    )
figure

# %% [markdown]
# ## Question 1: Clipped counts (3 marks)
#
# Let $m(v)$ be the mean of $\tilde x_j$ in (Ex4.3) for a pixel of true value $v$, with $p$ a positive integer, and let
# $N \sim \mathrm{Poisson}(p\,v)$.
#
# **a)** (1 mark) Show that
#
# $$m(v) = v\, \Pr[N \le p - 2] + \Pr[N \ge p]. \tag{Ex4.4}$$
#
# A Poisson variable of mean $\lambda$ takes the value $k$ with probability $e^{-\lambda} \lambda^k / k!$; for $p = 1$
# the first probability in (Ex4.4) is 0. Begin by splitting the mean into the counts below $p$ and those from $p$ on.
#
# **b)** (2 marks) A colleague has no clean images, but two photographs of every garment, taken one after the other in
# the same poor light. She trains a network with squared error, the first photograph as the input and the second as the
# target. What does the network learn if her camera does not clip, and why? What changes if it clips as in (Ex4.3), and
# how would you mend it?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.**
#
# a) With $\lambda = p v$,
#
# $$m(v) = \sum_{k=0}^{p-1} \frac k p\, e^{-\lambda} \frac{\lambda^k}{k!} + \sum_{k=p}^{\infty} 1 \cdot e^{-\lambda}
# \frac{\lambda^k}{k!}.$$
#
# The second sum is $\Pr[N \ge p]$. In the first, the term $k = 0$ is zero, and
# $k \lambda^k / k! = \lambda \cdot \lambda^{k-1} / (k-1)!$ for the others. So it is
# $\frac \lambda p \sum_{k=1}^{p-1} e^{-\lambda} \lambda^{k-1} / (k-1)! = v \Pr[N \le p - 2]$.
#
# b) With squared error a network learns the conditional mean of its target given its input. The noise of the second
# photograph is independent of that of the first, given the garment. Without clipping its mean is $x$, so the
# conditional mean of the second photograph is $\mathbb E[x \mid \tilde x]$, the same as with clean targets: she can
# denoise without a clean image (Noise2Noise). With clipping, the mean of the target is $m(x)$, so the network learns
# $\mathbb E[m(x) \mid \tilde x]$: bright areas come out too dark. She can put $v$ where the output is $m(v)$, as in
# task 4. That is not exact, since $m$ is not linear, but it takes the dimming back; better still, she keeps the counts
# unclipped for the targets.
#
# **Rubric.**
#
# - 1 mark for (a): the split at $p$ and the shift of the index, without a gap. Half a mark for the split alone.
# - 1 mark for the unclipped case: the conditional mean, and that the target's noise has mean zero and is independent of
#   the input's. Half a mark for "the clean image" or "as with clean targets" without the reason.
# - 1 mark for the clipped case: the target's mean is $m(x)$, too dark where it is bright, and a remedy (lift by the
#   curve, or do not clip the targets). Half a mark if the remedy is missing.
# ### END SOLUTION

# %% [markdown]
# ## Task 5: Beat the filter (3 marks)
#
# A filter knows nothing of clothes. A network that has seen noisy → clean pairs does.

# %% nbgrader={"grade": false, "grade_id": "setup-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
FILTER_PSNR = 16.5  # dB on the validation images: the filter of task 4 at its best width, dimming undone
MARGIN = 1.2  # dB
needed = FILTER_PSNR + MARGIN
noisy_fit = photon_noise(x_fit, PHOTONS, seed=SEED + 3)
noisy_psnr = metrics.psnr(x_validation, noisy_validation).mean()
print(f"PSNR of the validation images: noisy {noisy_psnr:.1f} dB, after the tuned filter {FILTER_PSNR:.1f} dB.")
print(f"Your denoiser needs {needed:.1f} dB.")

# %% [markdown]
# Train a Keras model that turns images with photon noise, such as `noisy_fit`, into clean ones, such as `x_fit`. Call
# it `denoiser`.
#
# - Input and output have the shape `(n, 784)`; the output lies in [0, 1]. Build the model with
#   `models.dense_autoencoder`, or with layers of Keras.
# - Train on images of `x_fit` only. Choose layers and epochs by the PSNR of what the model makes of `noisy_validation`,
#   which the checks tell you. Do not touch test images.
# - The mean PSNR over the validation images must be at least `needed`. The hidden check takes images that you have not
#   chosen on, and asks a little less of them.
# - Training should take under 30 seconds.
#
# <details><summary>Hint</summary>
#
# `training.fit(model, noisy, clean, epochs=…, batch_size=250, seed=SEED)` is all that training needs. Do not be
# surprised if the chapter's own model, 784-128-64-128-784, falls short after ten epochs: clothes hold more detail than
# digits. Then recall the chapter's "Why denoising teaches more than copying". What keeps an autoencoder trained on
# clean → clean from copying, and do you need that here?
#
# </details>

# %% nbgrader={"grade": false, "grade_id": "task-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
denoiser = None
### BEGIN SOLUTION
# No bottleneck: with noisy inputs a copy is no solution anyway.
denoiser = models.dense_autoencoder(512, hidden=(), seed=SEED)
history = training.fit(denoiser, noisy_fit, x_fit, epochs=8, batch_size=250, seed=SEED)
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-5-tests", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
if started(denoiser, "Task 5"):
    assert isinstance(denoiser, keras.Model), (
        f"denoiser is a {type(denoiser).__name__}; it should be the model itself, not what `fit` returns"
    )
    restored = keras.ops.convert_to_numpy(denoiser(noisy_validation))
    assert restored.shape == x_validation.shape, f"the output has shape {restored.shape}; it needs (n, 784)"
    assert restored.min() >= 0 and restored.max() <= 1, "the output leaves [0, 1]: which activation has the last layer?"
    decibels = metrics.psnr(x_validation, restored).mean()
    mean, clean_mean = restored.mean(), x_validation.mean()
    assert decibels >= needed or mean > 0.92 * clean_mean, (
        f"{decibels:.1f} dB, and the output is too dark: its mean is {mean:.2f}, that of clean images {clean_mean:.2f}. "
        "Were the targets noisy, too? What goes in, and what should come out?"
    )
    on_clean = metrics.psnr(x_validation, keras.ops.convert_to_numpy(denoiser(x_validation)).clip(0, 1)).mean()
    assert decibels >= needed or on_clean < decibels + 1.3, (
        f"{decibels:.1f} dB for noisy inputs, {on_clean:.1f} dB for clean ones: it seems to be trained on clean inputs"
    )
    assert decibels >= needed, (
        f"your denoiser has {decibels:.1f} dB; {needed:.1f} are needed. Was it trained on photon noise, is it wide enough, "
        "and were there enough epochs? The hint says where to look"
    )
    print(f"Task 5: the visible checks pass, with {decibels:.1f} dB.")
### BEGIN HIDDEN TESTS
assert denoiser is not None, "there is no denoiser"
unseen = x_test[:1_000]
unseen_noisy = photon_noise(unseen, PHOTONS, seed=77)
unseen_filtered = np.interp(baselines.GaussianFilter(1.0).denoise(unseen_noisy), dimmed, grey)
unseen_restored = keras.ops.convert_to_numpy(denoiser(unseen_noisy))
assert unseen_restored.shape == (1_000, 784), "the denoiser should give images of shape (n, 784)"
assert unseen_restored.min() >= 0 and unseen_restored.max() <= 1, "the denoiser should give pixels in [0, 1]"
assert metrics.psnr(unseen, unseen_restored).mean() >= metrics.psnr(unseen, unseen_filtered).mean() + MARGIN - 0.2, (
    "on images that nothing was chosen on, the denoiser is not far enough ahead of the filter"
)
### END HIDDEN TESTS

# %% mystnb={"image": {"alt": "Rows of ten clothes: noisy, clouds of grey and white dots; what the denoiser makes of them, smooth garments with softened details; the clean images."}} nbgrader={"grade": false, "grade_id": "setup-5-figure", "locked": true, "schema_version": 3, "solution": false, "task": false}
rows = {"noisy": photon_noise(x_test[examples], PHOTONS, seed=SEED)}
if denoiser is not None:
    rows["your denoiser"] = keras.ops.convert_to_numpy(denoiser(rows["noisy"]))
rows["clean"] = x_test[examples]
plots.image_rows(rows, title="Test images in poor light, and what is made of them")

# %% [markdown]
# ## Question 2: Reading a matrix (3 marks)
#
# Four *linear* maps were trained by least squares, as in the chapter, each on 6,000 noisy → clean pairs: three of them
# in one light, with 1, 4 or 16 photons, and one, *mixed*, with 2,000 pairs of each light. All are tried on validation
# images in each of the three lights. The cell also prints how bright the outputs of the first map are.

# %% mystnb={"image": {"alt": "A table of PSNR as coloured cells: rows are training with 1, 4 and 16 photons and mixed, columns testing with 1, 4 and 16 photons. In each column the map trained in that light is best. PSNR rises from left to right in all rows but the first, where it falls a little."}} nbgrader={"grade": false, "grade_id": "setup-6", "locked": true, "schema_version": 3, "solution": false, "task": false}
LIGHTS = (1, 4, 16)
by_light = {light: photon_noise(x_fit[:6_000], light, seed=SEED + 4) for light in LIGHTS}
thirds = [by_light[light][2_000 * i : 2_000 * (i + 1)] for i, light in enumerate(LIGHTS)]
training_sets = {str(light): noisy for light, noisy in by_light.items()} | {"mixed": np.concatenate(thirds)}
judged = {light: photon_noise(x_validation, light, seed=SEED + 5) for light in LIGHTS}
matrix, brightness = [], []
for noisy in training_sets.values():
    linear = Ridge(alpha=1.0, solver="cholesky").fit(noisy, x_fit[:6_000])
    outputs = [linear.predict(judged[light]).clip(0, 1) for light in LIGHTS]
    matrix.append([metrics.psnr(x_validation, images).mean() for images in outputs])
    brightness.append([f"{images.mean():.2f}" for images in outputs])
print(f"Mean pixel of clean images: {x_validation.mean():.2f}")
print(f"Mean pixel after the map trained with 1 photon, testing with 1, 4, 16 photons: {', '.join(brightness[0])}")
plots.heatmap(
    np.array(matrix),
    row_labels=list(training_sets),
    column_labels=LIGHTS,
    title="PSNR of validation images: light in training against light in testing",
    xlabel="photons in testing",
    ylabel="photons in training",
    number_format="{:.1f}",
    colour_label="PSNR (dB)",
)

# %% [markdown]
# Give the numbers of the matrix that you rely on. Three or four sentences for each part are enough.
#
# **a)** Read the first row. More light is less noise, and yet this map does worse with it. What did it learn in its own
# light that is wrong in a better one? The printed means are a trace of it; explain them by what clipping does to one
# photon and to sixteen.
#
# **b)** You may build *one* of the four maps into a camera. Which do you choose if all three lights are equally
# frequent and the mean counts, and which if each map is judged by the light in which *its own* PSNR is lowest? May you
# print a PSNR out of this matrix on the box? If not, on which images has it to be measured?
#
# **c)** In the chapter the network trained on a mixture kept up with the specialist at every noisy level. How much does
# this mixed map lose to the specialists, and what can a network do here that a linear map cannot?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-2", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.**
#
# a) From left to right the first row falls, from about 17.0 to 16.2 dB, while every other row rises. With one photon
# the mean of a noisy pixel lies far below its true value where that is bright, by (Ex4.4) at $1 - e^{-v}$, so this map
# has learnt to brighten, besides smoothing widely. In better light there is less dimming to undo and less noise to
# smooth: it brightens and blurs what needed neither. Its outputs have a mean of 0.38 with 16 photons, where clean
# images have 0.29.
#
# b) Equally frequent: the means over the rows are about 16.7, 18.5, 18.1 and 18.4 dB, so the map trained with 4
# photons. By the worst light: the smallest entries are about 16.2, 15.3, 13.7 and 15.6 dB, so the map trained with 1
# photon. The number on the box has to come from test images, noisy in the lights that it speaks of, after the choice:
# the matrix has been chosen on, and its best entry is too favourable.
#
# c) It loses about 1.4, 0.3 and 1.9 dB (from the rounded entries) to the specialists at 1, 4 and 16 photons. A linear
# map has one set of weights for all images, so it can only compromise. A network can react to what it is given: its
# hidden units can tell from the image how much light there was, and smooth and brighten more or less accordingly.
#
# **Rubric.** A number out of the matrix is needed for full marks in each part.
#
# - 1 mark for (a): the map brightens, to undo a dimming that is much weaker at 16 photons, and the printed means (0.38
#   against 0.29) are read as the sign of it. Half a mark for smoothing alone, or without a number.
# - 1 mark for (b): both choices with their criterion, and a report on test images. For equal frequency also accept
#   *mixed*, if the answer says that the two means are within tenths of a decibel, too close for one seed to decide, and
#   gives another reason, such as its better worst entry. Half a mark if only the choices are right.
# - 1 mark for (c): the losses, and that a linear map is the same for every light while a network can adapt to its
#   input.
# ### END SOLUTION
