# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Denoising
#
# [Chapter 3](03_dense_autoencoder.ipynb) trained a network to give back what it was given. Here it gets a noisy digit
# and has to give back the clean one. Two questions run through the chapter: does a network trained on clean images
# already do this, and does one trained for it do better than filters that are older than the network?

# %% [markdown]
# ## What you will learn
#
# - Corrupt images in a repeatable way, and measure the damage and the repair by PSNR and SSIM.
# - Train a [denoising autoencoder](glossary.md#denoising-autoencoder), and show that what makes it a denoiser is
#   its training pairs: noisy in, clean out.
# - Read a matrix of training noise against test noise, and say what to train on when the level is unknown.
# - Tune classical denoisers on validation images, and compare a network with them fairly.
# - Explain why a denoiser cannot succeed by copying, and recognise four common mistakes.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, and from [chapter 2](02_mathematics.ipynb) squared error,
#   binary cross-entropy and PCA.
# - Mean and variance of a random variable; the normal distribution; conditional means.
#
# Running time: about 100 seconds on two quick cores.

# %%
from aelib import baselines, data, metrics, models, noise, plots, training
from aelib.explorer import NoiseExplorer
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.linear_model import Ridge

SEED = 0
STD = 0.5  # of the noise, unless a section says otherwise
BATCH_SIZE = 250  # divides 60,000: no smaller last batch, for which XLA would compile once more (chapter 5)
mnist = data.load_mnist()
x_train, x_test = mnist.x_train, mnist.x_test
examples = [np.flatnonzero(mnist.y_test == digit)[0] for digit in range(10)]

# %% [markdown]
# ## A corruption you can measure
#
# A [corruption](glossary.md#corruption) is damage done on purpose. The usual one is *Gaussian noise*: to every pixel
# its own normal random number of standard deviation $\sigma$ (chapter 2's $\tau$) is added, and the sum is clipped so
# that it is a pixel again,
#
# $$\tilde x_j = \min(1, \max(0, x_j + \sigma \varepsilon_j)), \qquad \varepsilon_j \sim \mathcal N(0, 1). \tag{4.1}$$
#
# `noise.gaussian` does this, with the randomness fixed by a seed.

# %% mystnb={"image": {"alt": "Six rows of the digits 0 to 9 with more noise from row to row. At standard deviation 0.25 every digit is plain; at 0.5 they are legible among black and white specks; at 1.0 most can only be guessed."}}
levels = (0, 0.1, 0.25, 0.5, 0.75, 1.0)
rows = {f"std {level:g}": noise.gaussian(x_test[examples], level, seed=SEED + 1) for level in levels}
plots.image_rows(rows, title="The same digits with more and more Gaussian noise")

# %% [markdown]
# Two numbers say how far an image $\hat x$ is from the clean one. [PSNR](glossary.md#psnr), the peak signal-to-noise
# ratio, is the mean squared error on a logarithmic scale,
#
# $$\mathrm{PSNR}(x, \hat x) = 10 \log_{10} \frac{1}{\mathrm{MSE}(x, \hat x)}\ \text{dB}. \tag{4.2}$$
#
# More is better: 3 dB more is half the squared error. PSNR looks at each pixel alone. [SSIM](glossary.md#ssim),
# structural similarity, compares small windows: do they have the same mean $\mu$, the same variance $s^2$, and do the
# pixels rise and fall together (covariance $s_{x \hat x}$)? With $c_1 = 0.01^2$ and $c_2 = 0.03^2$, which keep the
# quotients finite where both windows are black or flat,
#
# $$\mathrm{SSIM}(x, \hat x) = \frac{2 \mu_x \mu_{\hat x} + c_1}{\mu_x^2 + \mu_{\hat x}^2 + c_1} \cdot
# \frac{2 s_{x \hat x} + c_2}{s_x^2 + s_{\hat x}^2 + c_2}, \tag{4.3}$$
#
# averaged over all windows of 7 by 7 pixels. It is 1 where the two images are equal. Both are computed image by image
# and then averaged: PSNR over all 10,000 test images, SSIM, which is slow, over the first 1,000.

# %%
SSIM_IMAGES = 1_000


def score(x_hat):
    """Mean PSNR over the test images, and mean SSIM over the first of them."""
    return {
        "PSNR": metrics.psnr(x_test, x_hat).mean(),
        "SSIM": metrics.ssim(x_test[:SSIM_IMAGES], x_hat[:SSIM_IMAGES]).mean(),
    }


damage = {level: score(noise.gaussian(x_test, level, seed=SEED + 1)) for level in levels[1:]}
pd.DataFrame(damage).T.rename_axis("std").round(3)

# %% [markdown]
# From here on the noise has a standard deviation of 0.5 unless the text says otherwise. Training and test images get
# noise from different seeds.
#
# ## What a clean-trained model does with noise
#
# Some tutorials add noise to the test images and let "the same model" clean them. Taken literally, that is the model
# of chapter 3, which has never seen noise. So train exactly that model, 784-128-64-128-784 for 20 epochs on clean
# images, and show it noisy ones.
#
# > **Predict first.** Its code has 64 numbers, and noise is hard to express in 64 numbers. Will its output be closer to
# > the clean digit than the noisy input is? Will it be closer than the [mean image](glossary.md#mean-image), which
# > ignores the input altogether?

# %%
noisy_test = noise.gaussian(x_test, STD, seed=SEED + 1)
EARLY = 4
early_weights = {}  # after that many epochs, for the comparison of noise levels below


class KeepEarly(keras.callbacks.Callback):
    """Remember a model's weights after its first epochs, under a name."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == EARLY:
            early_weights[self.name] = self.model.get_weights()


# %%
clean_trained = models.dense_autoencoder(seed=SEED)
history = training.fit(clean_trained, x_train, epochs=20, batch_size=BATCH_SIZE, seed=SEED, callbacks=[KeepEarly("0")])
print(f"{len(history.history['loss'])} epochs on {len(x_train):,} clean images")

# %%
mean_image = baselines.MeanImage().fit(x_train)
# aelib's `predict` calls a model a thousand images at a time. Keras's `model.predict` would first compile a function.
outputs = {
    "noisy input": noisy_test,
    "mean image": mean_image.reconstruct(noisy_test),
    "clean-trained network": predict(clean_trained, noisy_test),
}
pd.DataFrame({name: score(x_hat) for name, x_hat in outputs.items()}).T.round(3)

# %% mystnb={"image": {"alt": "Three rows: clean digits 0 to 9, the same with noise, and what the clean-trained network makes of the noisy ones: broken strokes, holes and stray patches, most of them hard to read."}}
rows = {
    "clean": x_test[examples],
    "noisy": noisy_test[examples],
    "clean-trained": outputs["clean-trained network"][examples],
}
plots.image_rows(rows, title="A model that never saw noise, shown noise")

# %% [markdown]
# Closer than the noisy input, yes: at the margin, where digits have no ink, the output is nearly black. But by PSNR it
# is about level with one grey blur that is the same for every digit, and the pictures are wreckage. The network was
# never shown noise; it reads noise as if it were strokes, and draws them.
#
# ## Training on noisy → clean
#
# Nothing about the model changes. Only what is fed in does: the input is the noisy image, the *target* is the clean
# one,
#
# $$\min_{\theta, \varphi} \; \sum_{i} L\big(x^{(i)},\, g_\varphi(f_\theta(\tilde x^{(i)}))\big). \tag{4.4}$$
#
# In stock Keras this is `model.fit(noisy_train, x_train, …)` in place of `model.fit(x_train, x_train, …)`: one word.

# %%
noisy_train = noise.gaussian(x_train, STD, seed=SEED)
denoiser = models.dense_autoencoder(seed=SEED)
keep_early = KeepEarly("0.5")
training.fit(denoiser, noisy_train, x_train, epochs=20, batch_size=BATCH_SIZE, seed=SEED, callbacks=[keep_early])
del noisy_train  # 188 MB; the same seed gives the same noise again
outputs["noise-trained network"] = predict(denoiser, noisy_test)
pd.DataFrame({name: score(x_hat) for name, x_hat in outputs.items()}).T.round(3)

# %% mystnb={"image": {"alt": "Noisy digits 0 to 9 above the noise-trained network's output: clean black background and mostly whole, slightly soft strokes. Nearly all can be read; the clean originals stand below for comparison."}}
rows = {
    "noisy": noisy_test[examples],
    "denoised": outputs["noise-trained network"][examples],
    "clean": x_test[examples],
}
plots.image_rows(rows, title="The same model, trained on noisy → clean")

# %% [markdown]
# Same architecture, same start, same number of steps; the difference is the pairs it was shown. Most strokes are whole
# and the background is black. What remains is softness, and some loss: the tail of the 9 can be seen in the noisy
# image, and the network makes a faint smear of it.
#
# How much noise can it bear? Here you set the level yourself: the network runs in the page, on your machine. To keep
# the page light its weights are rounded to 8 bits, so its pixels differ a little from Keras's.
#
# > **Predict first.** Less noise in the input is less to remove. Does the output therefore come nearer and nearer to the
# > clean image as you move the slider from 0.5 down to 0?

# %%
NoiseExplorer(denoiser, x_test[examples], seed=SEED + 1, title="The noise-trained network at the level you choose")

# %% [markdown]
# Try several images. On average hardly anything is gained: the network's PSNR at 0 is about that at 0.5 (*Judging on
# clean images*, below).
#
# ## Noise level in training, noise level in testing
#
# You seldom know how noisy the images will be. So train at three levels, test at three levels, and add a fourth model
# whose training images are a mixture: a third of them at each level. To save time all four are compared after 4
# epochs; for the two models above, the weights of that epoch were kept.
#
# > **Predict first.** Read down one column of the matrix below, that is, fix the noise in testing. Is the best of the
# > three specialists always the one trained at that level, and does the mixed model come near it? And does the model
# > trained on the strongest noise find clean images easier than noisy ones?

# %%
student = models.dense_autoencoder(seed=SEED)
start = student.get_weights()


def train_on(name, corrupted):
    """Train from the start, for a few epochs, to turn corrupted training images into clean ones."""
    student.set_weights(start)
    keep = KeepEarly(name)
    training.fit(student, corrupted, x_train, epochs=EARLY, batch_size=BATCH_SIZE, seed=SEED, callbacks=[keep])


test_levels = (0, 0.25, 0.5)
train_on("0.25", noise.gaussian(x_train, 0.25, seed=SEED))
thirds = enumerate(zip(np.split(x_train, 3), test_levels, strict=True), start=SEED + 10)
train_on("mixed", np.concatenate([noise.gaussian(part, level, seed=seed) for seed, (part, level) in thirds]))

# %%
train_levels = ["0", "0.25", "0.5", "mixed"]
matrix = np.zeros((len(train_levels), len(test_levels)))
for column, level in enumerate(test_levels):
    corrupted = noise.gaussian(x_test, level, seed=SEED + 1)
    for row, name in enumerate(train_levels):
        student.set_weights(early_weights[name])
        matrix[row, column] = metrics.psnr(x_test, predict(student, corrupted)).mean()

# %% mystnb={"image": {"alt": "A table of PSNR as coloured cells: rows are training levels 0, 0.25, 0.5 and mixed, columns the test levels 0, 0.25 and 0.5. The clean-trained row falls off steeply from left to right, the row trained at 0.5 rises a little, and the mixed row is close to the best of every noisy column."}}
plots.heatmap(
    matrix,
    row_labels=train_levels,
    column_labels=test_levels,
    title=f"PSNR of test images after {EARLY} epochs: training level against test level",
    xlabel="noise in testing (std)",
    ylabel="noise in training (std)",
    number_format="{:.1f}",
    colour_label="PSNR (dB)",
)

# %% [markdown]
# Read the columns. Among the three specialists the one trained at the test level wins in each. A mismatch costs
# decibels in both directions. With too *little* noise in training (top right; 0.25 is no better than none) the model
# takes noise for strokes, as above. With too *much* (first column) it loses detail that was there to see. The model
# trained on the strongest noise is even *worse* on clean images than on the noise that it knows: a clean image, too, is
# unlike all that it was trained on. Longer training mends this, but not the lost detail: after 20 epochs clean images
# are no harder for that model than noisy ones, yet on them it is still decibels behind the clean-trained one, as you
# will see below.
#
# The mixed model keeps up with the specialist at every noisy level, although each level was only a third of its
# training. (Do not read anything into tenths of a decibel: this is one seed.) Only on clean images does it stay behind.
# If you do not know the level, train on several. And if you have to choose one, choose on validation images: this
# matrix is a report, not a selection.
#
# ## Other corruptions
#
# Does a model trained on Gaussian noise remove *noise*, or only Gaussian noise? Try two other corruptions on the
# noise-trained network: *salt-and-pepper noise*, which replaces 30 % of the pixels by black or white, and *occlusion*,
# which covers a square of 10 by 10 pixels with black. The median filter stands beside it, the textbook remedy against
# wild pixels; 3 by 3 is its best size here. The table gives the *median* PSNR of the images: a square on black ground
# changes nothing, the PSNR there is infinite, and no mean survives that.

# %%
others = {
    "Gaussian": noisy_test,
    "salt and pepper": noise.salt_and_pepper(x_test, 0.3, seed=SEED + 1),
    "occlusion": noise.occlusion(x_test, 10, seed=SEED + 1),
}
median = baselines.MedianFilter(3)


def median_psnr(x_hat):
    """Median PSNR of the test images."""
    return np.median(metrics.psnr(x_test, x_hat))


by_corruption = {
    name: [median_psnr(x) for x in (damaged, median.denoise(damaged), predict(denoiser, damaged))]
    for name, damaged in others.items()
}
other_psnr = pd.DataFrame(by_corruption, index=["input", "median filter 3 × 3", "noise-trained network"])
other_psnr.round(2)

# %% mystnb={"image": {"alt": "Four rows of digits: with salt-and-pepper noise, cleaned by the network almost completely; with a black square over part of the digit, and the network's output, in which the covered strokes stay missing and the rest often fades."}}
salted, occluded = (others[name][:10].copy() for name in ("salt and pepper", "occlusion"))
rows = {
    "salt, pepper": salted,
    "output": predict(denoiser, salted),
    "occluded": occluded,
    "its output": predict(denoiser, occluded),
}
del others
plots.image_rows(rows, title="Other corruptions, through the network trained on Gaussian noise")

# %% [markdown]
# Salt and pepper is no obstacle: the network repairs it almost as well as its own noise, and better than the filter
# made for it. Both kinds of noise strike each pixel on its own, and leave its neighbours as evidence.
#
# Occlusion is another matter: the network's output is further from the truth than the damaged input. A square takes all
# evidence of what it covers. The network has never had to guess what is *missing*, and nothing in its training said
# that black may mean "unknown".
#
# ## Classical denoisers, given their best chance
#
# A network deserves praise only beside good alternatives. Four that know nothing of networks:
#
# - the **Gaussian filter** replaces each pixel by a weighted mean of its surroundings;
# - the **median filter** replaces it by their median;
# - **total variation** ([Chambolle (2004)](references.md#chambolle-2004)) looks for the image that changes least from
#   pixel to pixel while staying near the noisy one;
# - **PCA** projects the image on the leading components of clean training images, and drops the rest.
#
# A filter that averages pixels relies on noise of mean zero. Ours has another mean. At a black pixel equation (4.1)
# cuts off the negative half, so that what is left has a mean well above 0; at a white pixel, the reverse. Averaging
# clipped noise therefore leaves a grey veil. (The median filter escapes most of it: at a black pixel, half of the
# clipped noise is exactly 0, and so is its median.) The mean of a pixel of true value $v$ is, with $a = -v/\sigma$,
# $b = (1 - v)/\sigma$ and the standard normal density $\phi$ and distribution function $\Phi$,
#
# $$m(v) = v\,[\Phi(b) - \Phi(a)] + \sigma\,[\phi(a) - \phi(b)] + 1 - \Phi(b). \tag{4.5}$$
#
# The curve rises with $v$, so it can be undone: where a filter gives $m(v)$, write $v$, and 0 or 1 for values beyond
# the ends of the curve.


# %%
def mean_after_clipping(v, std):
    """Equation (4.5): the mean of a pixel with true value v after Gaussian noise and clipping."""
    a, b = -v / std, (1 - v) / std
    return v * (norm.cdf(b) - norm.cdf(a)) + std * (norm.pdf(a) - norm.pdf(b)) + norm.sf(b)


grey = np.linspace(0, 1, 101)
veiled = mean_after_clipping(grey, STD)


def lift_veil(x):
    """Undo equation (4.5) pixel by pixel."""
    return np.interp(x, veiled, grey).astype(np.float32)


patches = np.repeat([[0.0], [0.5], [1.0]], 784, axis=1).repeat(100, axis=0)
sampled = noise.gaussian(patches, STD, seed=SEED).reshape(3, -1).mean(axis=1)
pd.DataFrame({"true value": [0, 0.5, 1], "mean by (4.5)": veiled[[0, 50, 100]], "mean, sampled": sampled}).round(3)

# %% [markdown]
# A black background comes out at about a fifth of full white. A filter that is not told so is beaten before it starts,
# and a comparison that does not tell it is unfair. So each denoiser is tuned with the veil lifted from its output, on
# 1,000 *validation* images. They come from the training images, so that nothing is chosen on test images. The settings
# are the width of the Gaussian and the side of the median's square in pixels, the weight of smoothness, and the number
# of components.

# %%
split = mnist.validation_split(10_000, seed=SEED)
x_validation, x_fit = split.x_validation[:1_000].copy(), split.x_train[:10_000].copy()
del split  # the copies are all that is needed
noisy_validation = noise.gaussian(x_validation, STD, seed=SEED + 3)
candidates = {
    "Gaussian filter": {sigma: baselines.GaussianFilter(sigma) for sigma in (0.5, 0.75, 1.0, 1.25, 1.5)},
    "median filter": {size: baselines.MedianFilter(size) for size in (3, 5, 7)},
    "total variation": {weight: baselines.TotalVariation(weight) for weight in (0.2, 0.25, 0.3)},
    "PCA": {k: baselines.PCACodec(k).fit(x_fit) for k in (16, 32, 64, 128)},
}

# %%
tuning = []
for name, settings in candidates.items():
    for setting, candidate in settings.items():
        cleaned = candidate.denoise(noisy_validation)
        as_it_comes = metrics.psnr(x_validation, cleaned).mean()
        lifted = metrics.psnr(x_validation, lift_veil(cleaned)).mean()
        tuning.append({"method": name, "setting": setting, "as it comes": as_it_comes, "veil lifted": lifted})
tuning = pd.DataFrame(tuning).set_index(["method", "setting"])
best = tuning["veil lifted"].groupby("method", sort=False).idxmax()
tuning.loc[best].round(2)

# %% [markdown]
# Lifting the veil helps every one of them: the three that average by more than a decibel, the median filter, as
# expected, the least. One more competitor is instructive: a *linear* map trained on the very pairs that the network was
# trained on. Each clean pixel is a weighted sum of all 784 noisy ones plus a constant, by least squares, with no hidden
# layer and no [bottleneck](glossary.md#bottleneck); the minimum is found by solving one system of equations, here for
# the first 20,000 pairs.
#
# > **Predict first.** The network has two hidden layers, 20 epochs and three times the images. By how many decibels
# > will it beat the linear map?


# %%
def least_squares(inputs, targets):
    """The linear map from inputs to targets with least squared error, by the normal equations."""
    # A penalty of 1, tiny beside thousands of squared pixels, keeps them solvable where a pixel is black in every image.
    return Ridge(alpha=1.0, solver="cholesky").fit(inputs, targets)


noisy_train = noise.gaussian(x_train[:20_000], STD, seed=SEED)  # the noise that the network was trained on
linear = least_squares(noisy_train, x_train[:20_000])
for name, setting in best:
    outputs[name] = candidates[name][setting].denoise(noisy_test)
outputs["linear map"] = linear.predict(noisy_test).clip(0, 1)

# %%
order = ["noisy input", "mean image", "clean-trained network", *candidates, "linear map", "noise-trained network"]
results = pd.concat(
    {
        "as it comes": pd.DataFrame({name: score(outputs[name]) for name in order}).T,
        "veil lifted": pd.DataFrame({name: score(lift_veil(outputs[name])) for name in order}).T,
    },
    axis=1,
)
results.round(3)

# %% mystnb={"image": {"alt": "Seven rows of ten test digits: noisy; Gaussian filter, blurred on mottled ground; median filter, blotchy; total variation, patchy; PCA, smeared with ghosts around the strokes; linear map, soft digits on a nearly black ground; noise-trained network, the cleanest."}}
rows = {"noisy": noisy_test[examples]}
for name in ("Gaussian filter", "median filter", "total variation", "PCA", "linear map"):
    rows[name] = lift_veil(outputs[name][examples])
rows["network"] = outputs["noise-trained network"][examples]
plots.image_rows(rows, title="Denoised: classical methods with the veil lifted, and the network")

# %% [markdown]
# As they come, at settings tuned for lifting, the classical denoisers are far behind. With the veil lifted about half
# of that distance is gone for the three that average: it came from the clipping, not from the noise. The network is
# still ahead of all four. (Lifting costs the network most of a decibel. It was trained on clean targets, so there is no
# veil on its output.)
#
# PCA deserves a second look. Its code, too, is narrow and was learnt on clean images, yet it is decibels ahead of the
# clean-trained network. Of noise with mean zero, projecting on $k$ of 784 directions keeps only about $k/784$ of the
# squared length; of the veil it keeps more. Nothing holds a nonlinear network even to that.
#
# The linear map is the surprise. As it comes it is within a decibel of the network. Apply the same curve to its output,
# where it stretches the contrast and sets faint greys to black, and the linear map has *caught up*: in this run it
# passes the network in PSNR. So two hidden layers are not what makes the denoiser, at least not at this size and after
# 20 epochs. What the linear map shares with the network, and the filters lack, is the training on pairs. It also has
# what the network lacks, a weight from every pixel to every pixel; the network has to press each digit through 64
# numbers. Exercise 6 asks how far a bigger network gets.
#
# ## Where PSNR and SSIM disagree
#
# The two measures do not order the methods alike. The pairs on which they differ, in the column "as it comes" (where a
# margin is thin, another seed may drop the pair):

# %%
as_it_comes = results["as it comes"].sort_values("PSNR")
disagreements = [
    {"better by SSIM": lower, "better by PSNR": higher}
    for i, lower in enumerate(as_it_comes.index)
    for higher in as_it_comes.index[i + 1 :]
    if as_it_comes.SSIM[lower] > as_it_comes.SSIM[higher]
]
pd.DataFrame(disagreements)

# %% mystnb={"image": {"alt": "One digit six times with its PSNR and SSIM written below: noisy, as the mean image, and after Gaussian filter, median filter, PCA and network. The mean image is a grey blur without a digit; the noisy image shows the digit among specks."}}
shown = ["noisy input", "mean image", "Gaussian filter", "median filter", "PCA", "noise-trained network"]
one = examples[3]
images = np.stack([outputs[name][one] for name in shown])
truth = np.repeat(x_test[[one]], len(shown), axis=0)
values = zip(shown, metrics.psnr(truth, images), metrics.ssim(truth, images), strict=True)
captions = [
    f"{name.replace('noise-trained ', '')}\n{decibels:.1f} dB, {similarity:.2f}"
    for name, decibels, similarity in values
]
plots.image_rows({"as it comes": images}, title="One digit: PSNR and SSIM", captions={"as it comes": captions})

# %% [markdown]
# The starkest pair is the noisy input against the mean image. PSNR prefers the mean image: it is right at the
# black margin, and elsewhere its grey is seldom as wrong as a black pixel turned white. SSIM prefers the noisy image,
# because its strokes rise and fall with the true ones, and the mean image holds no stroke of *this* digit at all.
# You would probably choose as SSIM does.
#
# SSIM has its own oddity. Where the clean image is black, $\mu_x = 0$, and the first quotient in (4.3) becomes
# $c_1 / (\mu_{\hat x}^2 + c_1)$: a faint grey of 0.1 brings it from 1 down to about 1/100. The margin of a digit is
# black, so SSIM is in part a measure of how black the background is. Report both, and look at the pictures.
#
# ## Why denoising teaches more than copying
#
# An autoencoder trained on clean → clean has a trivial best answer: copy. Only the bottleneck keeps it from copying.
# Train on noisy → clean, and copying is no longer an answer: the copy of $\tilde x$ is wrong by exactly the noise,
# however large the code. The corruption is a constraint that needs no bottleneck. The linear map shows both sides, for
# it has none.

# %%
copier = least_squares(x_train[:20_000], x_train[:20_000])
lit = (x_train[:20_000] > 0).mean(axis=0) > 0.01  # the pixels with ink in more than 1 % of the images
copies = {}
for name, linear_map in {"clean → clean": copier, "noisy → clean": linear}.items():
    copies[name] = {
        "clean input": metrics.psnr(x_test, linear_map.predict(x_test).clip(0, 1)).mean(),
        "noisy input": metrics.psnr(x_test, linear_map.predict(noisy_test).clip(0, 1)).mean(),
        "a lit pixel's weight on itself": np.diag(linear_map.coef_)[lit].mean(),
    }
copies = pd.DataFrame(copies).T
copies.round(2)

# %% [markdown]
# Trained on clean → clean it copies: near-perfect on clean images, useless on noisy ones, and a pixel with ink in more
# than 1 % of the images gets, on average, a weight of almost 1 on itself. Trained on noisy → clean it may not trust a
# pixel, so it must ask the others: it has to know which pixels go together in digits.
#
# What exactly is learnt? With squared error, and with binary cross-entropy too, the best possible denoiser $r^*$ is the
# conditional mean,
#
# $$r^*(\tilde x) = \mathbb E[x \mid \tilde x]. \tag{4.6}$$
#
# If clean images have the density $p(x)$, then with Gaussian noise and no clipping noisy ones have the density
# $p_\sigma(\tilde x) = \int p(x)\, \mathcal N(\tilde x;\, x, \sigma^2 I)\, dx$. Its gradient brings down a factor
# $(x - \tilde x) / \sigma^2$ under the integral; divide by $p_\sigma(\tilde x)$, and a conditional mean stands there.
# So (4.6) has a second form, known as Tweedie's formula,
#
# $$r^*(\tilde x) - \tilde x = \sigma^2 \, \nabla \log p_\sigma(\tilde x). \tag{4.7}$$
#
# The correction points uphill, to where noisy images are more probable.
# [Alain and Bengio (2014)](references.md#alain-and-bengio-2014) showed this for denoising autoencoders with small
# noise. Think of the digits as a thin sheet in the space of all images (a *manifold*): noise pushes a digit off the
# sheet, and a denoiser learns, at every point nearby, which way leads back. A copier's correction is zero everywhere.
#
# You can measure the direction: the cosine between the correction made, $r(\tilde x) - \tilde x$, and the one needed,
# $x - \tilde x$, beside the share of the distance to the clean image that is left.


# %%
def correction(x_hat):
    """How a denoiser moves noisy test images: its direction, and where it ends."""
    made, needed = x_hat - noisy_test, x_test - noisy_test
    cosine = (made * needed).sum(axis=1) / np.linalg.norm(made, axis=1) / np.linalg.norm(needed, axis=1)
    left = np.linalg.norm(x_test - x_hat, axis=1) / np.linalg.norm(needed, axis=1)
    return {"cosine": cosine.mean(), "distance left": left.mean()}


movers = ["mean image", "clean-trained network", "PCA", "linear map", "noise-trained network"]
corrections = pd.DataFrame({name: correction(outputs[name]) for name in movers}).T
corrections.round(3)

# %% [markdown]
# The clean-trained network points hardly better than a step to the mean image does. PCA finds the
# way back better. The linear map and the noise-trained network, close together, find it best, and leave well under half
# of the distance.
#
# > **Predict first.** If the correction leads towards digits from everywhere, then even pure noise should be led to
# > one. Feed the network noise on an even grey, with no digit under it, feed its output back in, and go on. Which digit
# > will most of the images end at?

# %% mystnb={"image": {"alt": "Rows for the start and after 1, 2, 4, 8 and 16 passes, ten columns. Pure noise becomes a tangle of strokes after one pass, pieces of digits after two to four, and more and more columns turn into a slanted stroke like a 1."}}
current = noise.gaussian(np.full((10, 784), 0.5, dtype=np.float32), STD, seed=SEED + 4)
rows = {"pure noise": current}
for count in range(1, 17):
    current = predict(denoiser, current)
    if count in (1, 2, 4, 8, 16):
        rows[f"{count} ×"] = current
plots.image_rows(rows, title="Pure noise, denoised again and again")

# %% [markdown]
# One pass finds strokes where there are none. A few passes give pieces of digits, many of them fading, and after 16
# most columns hold a 1; not all the others hold a digit. A likely reason: of all digits, ones have the least ink and
# are the most alike, so a faint image in doubt is pulled towards them. The network has learnt where digits are. But
# nothing makes it visit *all* of them, so this is no way to sample digits; chapter 10 builds a model for that.
#
# ## Four common mistakes
#
# **Judging on clean images.** How do the models rank if someone forgets the noise in testing?

# %%
clean_input = {
    "clean-trained network": score(predict(clean_trained, x_test)),
    "noise-trained network": score(predict(denoiser, x_test)),
    "copying": {"PSNR": np.inf, "SSIM": 1.0},
}
pd.DataFrame(clean_input).T.round(3)

# %% [markdown]
# In exactly the wrong order. The noise-trained model pays for its robustness with detail, and copying, which removes no
# noise whatever, is perfect.
#
# **Noisy targets.** You will meet `fit(noisy, noisy)` offered as a denoiser. Its target holds the very noise of its
# input, so its best answer is to keep it. A target with *other* noise is a different case: with squared error a model
# learns the conditional mean of its target, and if the other noise has mean zero, that is the conditional mean of the
# clean image, (4.6). This is Noise2Noise ([Lehtinen et al. (2018)](references.md#lehtinen-et-al-2018)): you can learn
# to denoise without ever seeing a clean image. Binary cross-entropy keeps this property, since it is linear in the
# target, $\mathbb E[L(y, \hat x)] = L(\mathbb E[y], \hat x)$. Clipping does not keep it: the mean of a clipped target
# is the veil (4.5).
#
# The linear map finds the exact minimum, so it can show this without the accidents of training. Its inputs are always
# the same noisy images; its targets are the clean images, the same noisy images, the clean images with other noise,
# clipped, and the clean images with other noise, unclipped.
#
# > **Predict first.** Which of the four targets gives a copier, and which a grey veil?


# %%
def psnr_by_target(n):
    """PSNR of test images, denoised by linear maps learnt from n pairs that differ in their targets only."""
    clean, noisy = x_train[:n], noisy_train[:n]
    with_other_noise = np.random.default_rng(SEED + 2).standard_normal(clean.shape, dtype=np.float32)
    with_other_noise *= STD
    with_other_noise += clean
    targets = {
        "clean": clean,
        "the same noisy image": noisy,
        "other noise, clipped": with_other_noise.clip(0, 1),
        "other noise, unclipped": with_other_noise,
    }
    psnrs = {}
    for name, target in targets.items():
        x_hat = least_squares(noisy, target).predict(noisy_test).clip(0, 1)
        versions = {f"{n:,} pairs": x_hat, f"{n:,}, veil lifted": lift_veil(x_hat)}
        psnrs[name] = {version: metrics.psnr(x_test, images).mean() for version, images in versions.items()}
    return pd.DataFrame(psnrs).T.rename_axis("target")


# %%
by_target = psnr_by_target(4_000).iloc[:, :1].join(psnr_by_target(16_000))
by_target.round(2)

# %% [markdown]
# The same noise as the target gives a copy: the PSNR of the noisy input. Other noise, clipped, gives the veil, and
# lifting it brings back more than half of the decibels lost. Other noise, unclipped, comes the nearer to the clean
# target the more pairs there are: noisy targets cost data, clipped ones cost correctness.
#
# The network has a narrow code, and noise does not fit into 64 numbers. What it makes of this mistake is exercise 3.
#
# **Forgetting to clip**, and **one copy of the noise.** Both concern the noise-trained network. It was trained on
# clipped noise; what if it is shown unclipped noise? And it saw the same noisy copy of each image in all 20 epochs; is
# it better on training images with that very noise than with new noise?

# %%
same_noise = np.random.default_rng(SEED + 1).standard_normal(x_test.shape, dtype=np.float32)
unclipped_test = x_test + STD * same_noise  # the noise of noisy_test, as it was before clipping
seen, n = x_train[:10_000], 10_000
habits = {
    "test images, clipped noise": metrics.psnr(x_test, predict(denoiser, noisy_test)).mean(),
    "test images, unclipped noise": metrics.psnr(x_test, predict(denoiser, unclipped_test)).mean(),
    "training images, the noise of training": metrics.psnr(seen, predict(denoiser, noisy_train[:n])).mean(),
    "training images, new noise": metrics.psnr(
        seen, predict(denoiser, noise.gaussian(seen, STD, seed=SEED + 5))
    ).mean(),
}
pd.Series(habits, name="PSNR").to_frame().round(2)

# %% [markdown]
# Values below 0 and above 1 are inputs that the network never met, and they cost more than a decibel. It does a little
# better on the noise that it has seen, so it has begun to learn it by heart, but 60,000 images are many. With few
# images or many epochs, draw fresh noise for every epoch.
#
# ## Summary
#
# | idea | what you saw |
# | --- | --- |
# | A clean-trained model | shown noise, draws strokes that are not there; by PSNR hardly better than the mean image |
# | Training on noisy → clean | the same model, the same steps, and digits on black |
# | Noise levels | the best specialist is the one of that level; a mixture keeps up wherever there is noise |
# | Other corruptions | salt and pepper are removed as well; a covered square is not filled in |
# | Classical denoisers | hampered by the veil of clipped noise; with it lifted, better, and still behind |
# | A linear map on the same pairs | close to the network, and level with it in PSNR once its contrast is stretched: the pairs matter more than the layers |
# | PSNR and SSIM | prefer different methods: PSNR a harmless grey, SSIM structure and a black ground |
# | Denoising against copying | a copy is wrong by the whole noise, so a denoiser must learn which pixels go together |
#
# ## Pitfalls
#
# - **Clean images in testing.** The "denoised" pictures look splendid, and the worst denoiser wins. Always show the
#   noisy input beside the output.
# - **Noisy targets.** The output keeps the noise, or has a grey veil. Check what the second argument of `fit` is.
# - **No clipping**, or clipping on one side only. Minimum and maximum of the input tell; `metrics.psnr` refuses such
#   images.
# - **A filter as a straw man**: untuned, or not told about the clipping. Tune it on validation images.
# - **The same seed for training and test noise.** Test image $i$ then carries the very noise of training image $i$.
# - **One number.** A grey guess has a respectable PSNR. Look at SSIM and at the pictures as well.
#
# ## Check your run

# %%
plain, lifted = results["as it comes"], results["veil lifted"]
network, filters = plain.loc["noise-trained network"], lifted.loc[list(candidates)]
clean_trained_psnr = plain.PSNR["clean-trained network"]
assert clean_trained_psnr > plain.PSNR["noisy input"] + 1, "A clean-trained model should improve on its noisy input"
assert abs(clean_trained_psnr - plain.PSNR["mean image"]) < 1.5, "... but stay near the mean image"
assert network.PSNR > clean_trained_psnr + 4, "Training on noisy → clean should gain decibels"
assert network.PSNR > filters.PSNR.max() + 0.5, "The network should beat the four classical denoisers, veil lifted"
assert network.SSIM > filters.SSIM.max() + 0.05, "... in SSIM too"
print("All 5 checks passed.")

# %%
assert np.allclose(sampled, veiled[[0, 50, 100]], atol=0.01), "Equation (4.5) should give the mean of clipped noise"
tuned = tuning.loc[best]
gain = (tuned["veil lifted"] - tuned["as it comes"]).droplevel("setting")
assert gain.min() > 0.3 and gain.idxmin() == "median filter", "Lifting the veil should help all four, the median least"
averaging = gain.index.drop("median filter")
assert gain[averaging].min() > 1, "... and those that average by a decibel"
behind = network.PSNR - pd.DataFrame({"before": plain.PSNR, "after": lifted.PSNR}).loc[averaging]
assert (behind.after / behind.before).between(0.35, 0.65).all(), "... which is about half of what they are behind"
assert plain.PSNR["PCA"] > clean_trained_psnr + 2, "PCA should be decibels ahead of the clean-trained network"
assert 0 < network.PSNR - plain.PSNR["linear map"] < 1, "The linear map should stay within a decibel of the network"
assert lifted.PSNR["linear map"] > network.PSNR - 0.3, "... and catch up once its contrast is stretched"
assert lifted.PSNR["noise-trained network"] < network.PSNR - 0.3, "Lifting should not help the network"
assert plain.PSNR["mean image"] > plain.PSNR["noisy input"] + 1, "PSNR should prefer the mean image to the noisy input"
assert plain.SSIM["mean image"] < plain.SSIM["noisy input"] - 0.1, "SSIM should prefer the noisy input"
print("All 10 checks passed.")

# %%
specialists, mixed = matrix[:3], matrix[3]
assert (specialists.argmax(axis=0) == [0, 1, 2]).all(), "Each specialist should win at its own level"
assert matrix[0, 2] < matrix[2, 2] - 2, "Too little noise in training should cost decibels"
assert matrix[2, 0] < matrix[0, 0] - 2, "... and so should too much"
assert (mixed[1:] > specialists[:, 1:].max(axis=0) - 0.6).all(), "Mixed training should keep up where there is noise"
assert mixed[0] < matrix[0, 0] - 0.5, "... and stay behind on clean images"
assert matrix[2, 0] < matrix[2, 2] - 1, "The strongest noise should make clean images harder than noisy ones"
salt, square = other_psnr["salt and pepper"], other_psnr["occlusion"]
assert abs(salt.iloc[2] - other_psnr["Gaussian"].iloc[2]) < 1, "Salt and pepper should be repaired almost as well"
assert salt.iloc[2] > salt.iloc[1] + 0.5, "... and better than by the median filter"
assert square.iloc[2] < square.iloc[0], "On occluded images the network should do harm"
salted = noise.salt_and_pepper(x_validation, 0.3, seed=SEED + 3)
by_size = [metrics.psnr(x_validation, baselines.MedianFilter(size).denoise(salted)).mean() for size in (3, 5, 7)]
assert np.argmax(by_size) == 0, "Against salt and pepper the median of 3 by 3 should be the best of three sizes"
print("All 10 checks passed.")

# %%
cosine, left = corrections.cosine, corrections["distance left"]
trained_on_pairs = ["linear map", "noise-trained network"]
assert copies.loc["clean → clean", "clean input"] > 50, "A linear map trained on clean → clean should copy"
assert copies.loc["clean → clean", "noisy input"] < 12, "... noise as well"
weights = copies["a lit pixel's weight on itself"]
assert weights["clean → clean"] > 0.95 > 0.5 > weights["noisy → clean"], "... by each pixel's weight on itself"
assert abs(cosine["clean-trained network"] - cosine["mean image"]) < 0.06, (
    "Clean-trained and mean image should be close"
)
assert cosine["PCA"] > cosine["clean-trained network"] + 0.05, "PCA should point better than the clean-trained network"
assert cosine[trained_on_pairs].min() > cosine["PCA"] + 0.02, "... and the two trained on pairs better still"
assert left[trained_on_pairs].max() < 0.45, "... leaving under half the distance"
by_digit = [x_train[mnist.y_train == digit] for digit in range(10)]
digit_means = np.stack([images.mean(axis=0) for images in by_digit])
variances = [images.var(axis=0).sum() for images in by_digit]
assert digit_means.mean(axis=1).argmin() == np.argmin(variances) == 1, "Ones should have least ink and be most alike"
distances = np.linalg.norm(current[:, None] - digit_means, axis=2)
assert (distances.argmin(axis=1) == 1).sum() >= 5, "Pure noise, denoised 16 times, should mostly end as a 1"
print("All 9 checks passed.")

# %%
pairs = by_target["16,000 pairs"]
assert clean_input["clean-trained network"]["PSNR"] > clean_input["noise-trained network"]["PSNR"] + 3, "Wrong winner"
assert abs(pairs["the same noisy image"] - plain.PSNR["noisy input"]) < 0.1, (
    "The same noise as target should give a copy"
)
lifted_pairs = by_target["16,000, veil lifted"]["other noise, clipped"]
share = (lifted_pairs - pairs["other noise, clipped"]) / (pairs["clean"] - pairs["other noise, clipped"])
assert share > 0.5, "Lifting the veil should bring back more than half of what clipped targets cost"
gap = by_target.loc["clean"] - by_target.loc["other noise, unclipped"]
assert gap["16,000 pairs"] < 2.5 < gap["4,000 pairs"], (
    "With more pairs, unclipped noisy targets should come near clean ones"
)
clipped, unclipped, seen_noise, new_noise = habits.values()
assert clipped - unclipped > 1, "Noise that was not clipped should cost a decibel"
assert 0 < seen_noise - new_noise < 1, "The noise of training should be a little easier than new noise"
print("All 6 checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Denoise images with noise of standard deviation 0.25, 0.5, 0.75 and 1.0 by the noise-trained network. From which
#    level on can you no longer read the digits before denoising, and from which after?
# 2. ★ Rewrite `lift_veil` for noise of standard deviation 0.25 and repeat the Gaussian filter at that level. Does the
#    veil matter as much?
# 3. ★★ Train the network on noisy → the same noisy for 10 epochs. It cannot copy the noise; what does it give instead?
#    Compare the PSNR of its output as it comes and with the veil lifted. Why is this mistake easily overlooked?
# 4. ★★ Train on occluded images → clean ones. Does the network now fill in what is hidden? What does it draw where the
#    evidence allows two digits?
# 5. ★★ Train the network on 3,000 images for 20 epochs, once with one noisy copy, once with a new copy in every epoch
#    (or, nearly the same in one call: for one epoch on 20 noisy copies of each image). Compare both on test images.
# 6. ★★★ The linear map with its contrast stretched holds its own against the network. Choose a code size, a width of
#    the hidden layers and a number of epochs on validation images, so that the network beats it clearly. Which change
#    matters most?
# 7. ★★★ Average the output of the denoiser over several noisy copies of one image. By how much does it improve, and why
#    does the improvement level off?
#
# ## Further reading
#
# - [Vincent et al. (2008)](references.md#vincent-et-al-2008) introduced the denoising autoencoder; short, and good on
#   the manifold picture. [Vincent et al. (2010)](references.md#vincent-et-al-2010) is the long version, with the
#   features that different corruptions teach.
# - [Alain and Bengio (2014)](references.md#alain-and-bengio-2014) show what the correction says about the data's
#   density when the noise is small.
# - [Lehtinen et al. (2018)](references.md#lehtinen-et-al-2018) for learning from noisy targets, and when it works.
# - [Wang et al. (2004)](references.md#wang-et-al-2004) define SSIM and say what is wrong with squared error.
# - [Chambolle (2004)](references.md#chambolle-2004) for the algorithm behind the total-variation denoiser.
#
# ## Next
#
# Every network in this chapter had a code of 64 numbers. [Chapter 5](05_code_size.ipynb) asks how many numbers a digit
# needs.
