# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · Introduction
#
# An autoencoder is trained to give back what it was given. That sounds pointless until you make it hard: between input
# and output stands a layer with room for only a few numbers, and whatever the network cannot say in those few numbers
# it cannot rebuild. This chapter says what an autoencoder is and what it is good for. Then it asks what every
# experiment should ask first: what do the data look like, and how well does *no model at all* do on them?

# %% [markdown]
# ## What you will learn
#
# - Name the parts of an autoencoder, and say what goes in and out of each.
# - Explain why it needs no labels, and what *lossy*, *learned* and *data-specific* mean.
# - Prepare MNIST for a dense network, and check that the preparation lost nothing.
# - Describe the data: classes, balance, mean, and how grey the pixels are.
# - Score the mean image, the yardstick for every model of this course.

# %% [markdown]
# ## What you need
#
# - Python with NumPy arrays: indexing, shapes, means along an axis.
# - Matrices and averages. Derivatives are not needed before [chapter 2](02_mathematics.ipynb).
# - `aelib`, the small package in this repository that holds the course's loading, error measures and drawing functions.
#   Every chapter's first cell imports from it.
#
# Running time: about 10 seconds on two quick cores.

# %%
import os
from pathlib import Path

from aelib import baselines, data, losses, metrics, plots

import numpy as np
import pandas as pd

SEED = 0

# %% [markdown]
# ## What an autoencoder is
#
# An [autoencoder](glossary.md#autoencoder) is a network in two halves.
#
# - The [encoder](glossary.md#encoder) $f$ takes an input $x$, here an image of 784 pixels, and gives the
#   [latent code](glossary.md#latent-code) $z = f(x)$, a few numbers.
# - The [decoder](glossary.md#decoder) $g$ takes the code and gives the [reconstruction](glossary.md#reconstruction)
#   $\hat x = g(z)$, as many pixels as there were.
#
# Both are trained together, to make the reconstruction as close to the input as they can:
#
# $$x \;\longrightarrow\; z = f(x) \;\longrightarrow\; \hat x = g(z) \approx x \tag{1.1}$$
#
# The narrow place in the middle is the [bottleneck](glossary.md#bottleneck). All that the decoder ever learns about an
# image comes through it. Here is the model that chapter 3 builds, drawn from its layer sizes; the *hidden* layers lie
# between the image and the code, and between the code and the reconstruction:

# %% mystnb={"image": {"alt": "Five bars in a row, for layers of 784, 128, 64, 128 and 784 units. They get shorter up to the middle one, the code, which has another colour, and taller again after it. An arrow over the first three is labelled encoder, one over the last three decoder."}}
plots.architecture(
    [784, 128, 64, 128, 784],
    ["image", "hidden", "code", "hidden", "reconstruction"],
    title="A dense autoencoder; the bars' height is the logarithm of the layer's width",
)

# %% [markdown]
# Nobody has to say what is in an image. The target is the input itself, so any pile of images will do. Learning of this
# kind, without labels, is called [unsupervised learning](glossary.md#unsupervised-learning). The data of this course do
# have labels. No autoencoder is given them: they serve to look at what was learned, to choose images, and to train
# classifiers.
#
# ### Lossy, learned, data-specific
#
# Making images smaller and restoring them is what PNG and JPEG do too. Three words describe an autoencoder. The first
# it shares with JPEG; the other two set it apart from both.
#
# | | PNG | JPEG | autoencoder |
# | --- | --- | --- | --- |
# | **Lossy:** is the result only close to the original? | no, it is exact | yes | yes |
# | **Learned:** where does the method come from? | a standard | a standard | from training images |
# | **Data-specific:** what does it work on? | any image | any image, best on photographs | images like those it was trained on |
#
# The last row is the price of the second. A method that knows digits can describe a digit in fewer numbers, and knows
# nothing else: chapter 3 hands clothes to a model trained on digits.
#
# > **Pitfall.** "784 numbers become 64, so the image is twelve times smaller." A pixel is one byte, each number of the
# > code takes four. And the decoder has to be stored as well. What compression by autoencoder really saves is the
# > subject of [chapter 12](12_compression.ipynb).
#
# ### What it is used for
#
# | use | what is used | where in this course |
# | --- | --- | --- |
# | Noise reduction | a network trained to turn noisy images into clean ones | [chapter 4](04_denoising.ipynb) |
# | Seeing the structure of data | codes of two numbers, drawn as points | [chapter 6](06_latent_plane.ipynb) |
# | Anomaly detection | an input unlike the training images is rebuilt badly, and thereby found | [chapter 11](11_anomaly_detection.ipynb) |
# | Compression | the code, stored or sent in place of the image | [chapter 12](12_compression.ipynb) |
# | Feature learning | the encoder's output, as input to a classifier that has few labels | [chapter 13](13_feature_learning.ipynb) |
# | Generating new images | the decoder, fed with codes that no image gave | [chapter 10](10_variational.ipynb) |
#
# Later chapters test these claims one by one, and some hold up less well than is usually said.
#
# ### Variants
#
# | variant | what changes | what it is for |
# | --- | --- | --- |
# | [*Undercomplete*](glossary.md#undercomplete) | the code has fewer numbers than the input: the plain kind, drawn above | compression, features |
# | *Denoising* | the input is damaged, the target is not | cleaning; features that survive damage |
# | *Sparse* | the code may be wide, but few of its units may be active at once | features that can be read one by one |
# | *Variational* | the encoder gives a distribution over codes rather than a point | generating new images |
# | *Deep*, *convolutional* | the two halves have more layers, or layers that look at neighbouring pixels | better reconstructions |
#
# The first two are the subject of parts I and II, the others of part III.

# %% [markdown]
# ## The data and their preparation
#
# MNIST ([LeCun et al., 1998](references.md#lecun-et-al-1998)) holds 70,000 handwritten digits: 60,000 to train on, and
# 10,000 [test images](glossary.md#test-images) to report on. The repository carries them in one file. What is in it?

# %% tags=["nbval-check-output"]
folder = Path(os.environ.get("AELIB_DATA", "../data"))
with np.load(folder / "mnist.npz") as file:
    raw = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
pd.DataFrame(
    {name: [array.shape, array.dtype, array.min(), array.max()] for name, array in raw.items()},
    index=["shape", "dtype", "least value", "greatest value"],
).T

# %% [markdown]
# Images of 28 by 28 whole numbers from 0, black, to 255, white. `x` are the images, `y` their labels. Two steps make
# them fit for a dense network.
#
# *Scale*: divide by 255. The network's last layer gives numbers between 0 and 1, and the loss of chapter 2 asks for
# targets in that range.
#
# *Flatten*: write the 28 rows one after the other, as 784 numbers. A dense layer, in which every unit sees every number
# of the layer before, takes a vector; that two pixels were neighbours is not in it.

# %% tags=["nbval-check-output"]
scaled = raw["x_train"].astype("float32") / 255
flat = scaled.reshape(len(scaled), 784)
print(f"shape {flat.shape}, dtype {flat.dtype}, values from {flat.min()} to {flat.max()}")

# %% [markdown]
# `load_mnist` of `aelib` does just this, after comparing the file with the checksums of the original. That its result
# equals ours, and that both steps can be undone without loss, you can check rather than believe:

# %% tags=["nbval-check-output"]
mnist = data.load_mnist()
x_train, y_train, x_test, y_test = mnist.x_train, mnist.y_train, mnist.x_test, mnist.y_test
same = np.array_equal(flat, x_train)
restored = np.rint(x_train * 255).astype("uint8").reshape(-1, 28, 28)
print(f"our preparation equals load_mnist: {same}")
print(f"undoing it gives the original back: {np.array_equal(restored, raw['x_train'])}")

# %% [markdown]
# ## Looking hard at the data
#
# Before a model sees the images, you should. Ten of each digit, drawn at random:

# %% mystnb={"image": {"alt": "Ten rows of ten handwritten digits in white on black, a row for each digit from 0 to 9. Within a row the digits differ in slant, width and thickness of the stroke. All are centred, with a black margin."}}
rng = np.random.default_rng(SEED)
rows = {str(digit): x_train[rng.choice(np.flatnonzero(y_train == digit), 10, replace=False)] for digit in range(10)}
plots.image_rows(rows, title="Ten training images of each digit")

# %% [markdown]
# All stand in the middle, of similar size, white on black. MNIST's makers took care of that: they scaled each digit to
# fit a box of 20 by 20 pixels, and placed its centre of mass in the middle of the image
# ([LeCun et al., 1998](references.md#lecun-et-al-1998)). A model trained on these images will rely on it. Within a row
# they differ in slant, width and thickness, some in shape: a 2 with a loop and without, a 7 with a bar and without.
#
# Are the digits equally frequent?

# %% mystnb={"image": {"alt": "Horizontal bars with the number of training images of each digit. All are near 6,000; the bar of 1 is the longest, that of 5 the shortest."}}
counts = pd.DataFrame({"training": np.bincount(y_train), "test": np.bincount(y_test)})
plots.bars(
    {str(digit): count for digit, count in counts["training"].items()},
    title="Training images of each digit",
    xlabel="number of images",
    number_format="{:.0f}",
)

# %% tags=["nbval-check-output"]
shares = counts / counts.sum()
shares.agg(["min", "max"]).round(3)

# %% [markdown]
# Nearly: each digit has about a tenth of the images, 1 a little more, 5 a little less. A mean over all test images is
# therefore close to a mean over digits, and no digit is so rare that its errors hide.
#
# Next, the average of all images of a digit, pixel by pixel, and the average of all images:

# %% mystnb={"image": {"alt": "Eleven blurred grey images: the mean training image of each digit from 0 to 9, all recognisable, and the mean of all digits, a blob in which no digit can be made out."}}
digit_means = np.stack([x_train[y_train == digit].mean(axis=0) for digit in range(10)])
mean_image = x_train.mean(axis=0)
plots.image_rows(
    {"mean": np.vstack([digit_means, mean_image])},
    title="Mean training images",
    captions={"mean": [*map(str, range(10)), "all"]},
)

# %% [markdown]
# A mean digit is legible and soft. It is sharp only where all writers agree: the 0 is certain of its empty middle, the
# 1 of its centre, about which the strokes turn. The mean of all digits is no digit.
#
# ### How grey are the pixels?
#
# Call a pixel *grey* if it is neither exactly 0 nor exactly 255.
#
# > **Predict first.** Of all pixels of the training images, what share is exactly black? What share is exactly white?
# > And of the pixels with any ink, are most white, or grey?

# %% tags=["nbval-check-output"]
pixels = raw["x_train"]
black, white = (pixels == 0).mean(), (pixels == 255).mean()
grey = 1 - black - white
grey_among_inked = grey / (1 - black)
pixel_shares = {
    "exactly black": black,
    "grey": grey,
    "exactly white": white,
    "grey, of those with ink": grey_among_inked,
}
pd.DataFrame({"share": pixel_shares}).round(3)

# %% mystnb={"image": {"alt": "Histogram of all pixel values from 0 to 1 with a logarithmic vertical axis. A tall bar at 0, a second, lower one near 1, and between them a nearly level stretch far below both."}}
plots.histogram(
    {"pixels": x_train},
    title="Values of all training pixels",
    xlabel="pixel value (0 black, 1 white)",
    ylabel="share of pixels (logarithmic)",
    bins=np.linspace(0, 1, 52),
    log_y=True,
)

# %% [markdown]
# Four fifths of the pixels are black. So a model that gets the background right has most pixels right, and a mean over
# pixels is mostly a mean over background. The digits look black and white, but hardly any pixel is exactly white. Most
# of those with ink are grey, many of them *nearly* white: that is the tall bar at the right end.

# %% [markdown]
# ## The first yardstick
#
# Before you measure a model, measure doing nothing. The [mean image](glossary.md#mean-image) is the best reconstruction
# you can give without looking at the input at all, as chapter 2 shows. A model that does not beat it has learned
# nothing about single images.
#
# Two errors will be used throughout; both compare a reconstruction $\hat x$ with its image $x$ pixel by pixel and take
# the mean. [Mean squared error](glossary.md#mean-squared-error) (MSE) takes $(\hat x - x)^2$. [Binary
# cross-entropy](glossary.md#binary-cross-entropy) takes $-x \ln \hat x - (1 - x) \ln(1 - \hat x)$, the
# [loss](glossary.md#loss) that most models are trained with. Less is better in both.
#
# At $\hat x = 0$ the logarithm is infinite. `metrics`, like Keras, the library that this course's networks are built
# with, keeps $\hat x$ at least $10^{-7}$ away from 0 and 1. A white pixel called black then costs $-\ln 10^{-7} \approx
# 16.1$, the most that a pixel can cost.
#
# Grey pixels matter more than you would think: on them binary cross-entropy cannot become 0, not even for a perfect
# reconstruction. For $x = 0.5$ the best answer is $\hat x = 0.5$, and it costs $\ln 2 \approx 0.69$.
# [Chapter 2](02_mathematics.ipynb) works out how low the loss can get on images, and you will need that floor to read
# any loss in this course.
#
# > **Predict first.** Four reconstructions that ignore the input, or nearly: all black; all grey 0.5; the mean image;
# > and, given the label, the mean of the right digit. Put them in order, best first, once by each error. Do the two
# > orders agree? Does knowing the digit halve either error of the mean image?

# %%
yardsticks = {
    "all black": np.zeros_like(x_test),
    "all grey 0.5": np.full_like(x_test, 0.5),
    "mean image": baselines.MeanImage().fit(x_train).reconstruct(x_test),
    "mean of the right digit (uses the label)": digit_means[y_test],
}


def score(x_hat):
    return {
        "binary cross-entropy": metrics.mean_binary_crossentropy(x_test, x_hat),
        "MSE": metrics.mean_squared_error(x_test, x_hat).mean(),
    }


scores = pd.DataFrame({name: score(x_hat) for name, x_hat in yardsticks.items()}).T
scores.round(4)

# %%
mean_pixel = x_test.mean(dtype=np.float64)
most = -np.log(losses.EPSILON)
print(f"mean test pixel {mean_pixel:.4f}, times the most that a pixel can cost: {mean_pixel * most:.4f}")

# %% [markdown]
# Three things to read from the table.
#
# - The two errors disagree. By squared error, black is the better guess than grey: most pixels *are* black. By
#   cross-entropy it is by far the worst of all. A pixel $x$ called certainly black costs $16.1\,x$, so the row is the
#   mean pixel times 16.1, as the last line shows.
# - The mean image beats black and grey on both errors. From here on it is the number to beat.
# - Knowing the digit helps less than you may have thought. It does not come near to halving either error: most of the
#   difference between two images is not *which* digit it is but *how* it is written. That is what a code has to carry.
#
# ### That it can be done
#
# Can a few numbers carry it? Yes, and a method older than any autoencoder shows it.
# [Principal component analysis](glossary.md#pca) (PCA) describes an image by how much of each of a few fixed pictures
# has to be added to the mean. Here with 64 of them, as many as the code in the figure above has units, and with the
# result clipped to the range of pixels, 0 to 1:

# %%
pca = baselines.PCACodec(64).fit(x_train)
by_pca = pca.reconstruct(x_test)
scores.loc["PCA, 64 components"] = score(by_pca)
scores.loc[["mean image", "PCA, 64 components"]].round(4)

# %% mystnb={"image": {"alt": "Three rows of ten test digits: the originals; PCA's reconstructions from 64 numbers, legible, with blurred edges and faint ripples on the background; and the mean image, the same grey blob ten times."}}
first = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
plots.image_rows(
    {"original": x_test[first], "PCA, 64": by_pca[first], "mean image": yardsticks["mean image"][first]},
    title="Test digits rebuilt from 64 numbers, and from none",
)

# %% [markdown]
# With 64 numbers in place of 784, the squared error falls to less than an eighth. Images of digits are far from being
# arbitrary sets of pixels, and *that* is what every autoencoder lives on. PCA is the second yardstick of the course.
# For rebuilding, an autoencoder is worth its training only where it beats PCA at the same code size.

# %% [markdown]
# ## A map of the course
#
# | part | chapter | the question it answers |
# | --- | --- | --- |
# | I · Foundations | 1 · Introduction | What is an autoencoder, and what do the data look like? |
# | | [2 · The mathematics](02_mathematics.ipynb) | What exactly is minimised, how low can it get, and where do the gradients come from? |
# | II · The dense autoencoder | [3 · The dense autoencoder](03_dense_autoencoder.ipynb) | How well does it rebuild digits it has never seen, and what does it do with other inputs? |
# | | [4 · Denoising](04_denoising.ipynb) | Does it remove noise better than a classical filter? |
# | | [5 · How small can the code be?](05_code_size.ipynb) | What is lost, and when, as the code shrinks from 64 numbers to 2? |
# | | [6 · The latent plane](06_latent_plane.ipynb) | What do two numbers say about a digit, and how much of that is chance? |
# | III · Variants | [7 · Fashion-MNIST](07_fashion_mnist.ipynb) | What carries over to other images? |
# | | [8 · Deeper and convolutional](08_deeper_and_convolutional.ipynb) | What do more layers and convolutions buy, at the same code size? |
# | | [9 · Sparse autoencoders](09_sparse.ipynb) | What do units respond to when few may be active? |
# | | [10 · Variational autoencoders](10_variational.ipynb) | How can a decoder invent new digits? |
# | IV · Uses | [11 · Anomaly detection](11_anomaly_detection.ipynb) | Does a bad reconstruction give away what is unusual? |
# | | [12 · Compression](12_compression.ipynb) | How many bytes are really saved? |
# | | [13 · Feature learning](13_feature_learning.ipynb) | Do codes help where labels are few? |
# | V · Looking back | [14 · Which autoencoder?](14_which_autoencoder.ipynb) | Which of them is good for what, and what does it cost? |
#
# Every chapter goes the same way: a prediction, a measurement, a yardstick beside it. Each ends with cells that check
# its numerical conclusions.

# %% [markdown]
# ## Summary
#
# | idea | what you saw |
# | --- | --- |
# | Autoencoder | Encoder, code, decoder; trained to rebuild its input, so it needs no labels |
# | Lossy, learned, data-specific | It comes close, by rules taken from training images, on images like those |
# | Preparation | Divide by 255, flatten to 784; both can be undone without loss |
# | The images | Balanced classes; centred; four fifths black; most inked pixels grey |
# | Mean image | The error of not looking: the number that every model has to beat |
# | The label | Knowing the digit comes nowhere near halving that error |
# | PCA | 64 numbers leave less than an eighth of the mean image's squared error |

# %% [markdown]
# ## Pitfalls
#
# - **Forgetting to divide by 255, or doing it twice.** Look at the greatest value before training: it should be 1, not
#   255 and not 0.004.
# - **Computing with `uint8`.** `np.uint8(3) - np.uint8(5)` is 254. Convert to floats before you subtract images.
# - **Flattening along the wrong axis.** `reshape(784, -1)` also gives two dimensions, and mixes the images up. Draw one
#   after reshaping.
# - **Quoting a loss on its own.** Without the mean image beside it, a loss says nothing.
# - **Judging by the background.** A model can have four fifths of all pixels right by giving back black.
# - **Looking at accuracy.** Keras will report "accuracy" for images if asked. For grey targets the word has no meaning;
#   use the errors above.

# %% [markdown]
# ## Check your run
#
# Each line tests one conclusion of this chapter against numbers.

# %%
bce, mse = scores["binary cross-entropy"], scores["MSE"]
label = scores.loc["mean of the right digit (uses the label)"] / scores.loc["mean image"]
checks = {
    "our preparation equals load_mnist": same,
    "preparation can be undone": np.array_equal(restored, raw["x_train"]),
    "each digit has about a tenth": (shares > 0.085).all(axis=None) and (shares < 0.12).all(axis=None),
    "1 is the most frequent digit, 5 the least": (counts.idxmax() == 1).all() and (counts.idxmin() == 5).all(),
    "four fifths of the pixels are black": 0.78 < black < 0.83,
    "most inked pixels are grey": grey_among_inked > 0.9,
    "by squared error black beats grey 0.5": mse["all black"] < mse["all grey 0.5"],
    "black costs the mean pixel times the most a pixel can cost": np.isclose(bce["all black"], mean_pixel * most),
    "by cross-entropy black is by far the worst": bce["all black"] > 2 * bce.drop("all black").max(),
    "the mean image beats both": max(bce["mean image"] / bce.iloc[:2].min(), mse["mean image"] / mse.iloc[:2].min())
    < 1,
    "the label helps, without nearly halving either error": label.between(0.6, 1, inclusive="neither").all(),
    "64 numbers leave under an eighth": mse["PCA, 64 components"] < mse["mean image"] / 8,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Draw the *standard deviation* of each pixel over the training images, as an image. Where do writers differ most,
#    and how many pixels never differ at all?
# 2. ★ Score the *median* image beside the mean image, on both errors. Explain which error dislikes it and why.
# 3. ★★ Repeat the chapter's tables with `data.load_fashion_mnist()`. Which conclusions change?
# 4. ★★ Shuffle the 784 pixels, the same way in every image, and draw some. Which numbers of this chapter change? What
#    does that say about a dense network?
# 5. ★★★ Find the grey level (one number for all pixels of all images) that has the least squared error on the training
#    images, and the one that has the least cross-entropy. Prove what you find.

# %% [markdown]
# ## Further reading
#
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016), chapter 14: the
#   standard text on autoencoders and their variants.
# - [Géron (2022)](references.md#géron-2022) and [Chollet (2021)](references.md#chollet-2021): autoencoders in Keras,
#   with much code.
# - [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006): the paper that made deep
#   autoencoders known, on these digits.
# - [LeCun et al. (1998)](references.md#lecun-et-al-1998): where MNIST comes from.

# %% [markdown]
# ## Next
#
# You know the parts, the data and the number to beat. [Chapter 2](02_mathematics.ipynb) writes the model down in
# formulas, and finds out how low its loss can get.
