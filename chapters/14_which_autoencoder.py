# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14 · Which autoencoder?
#
# Each chapter so far looked at one model from many sides. This one turns that round: seven models side by side, the
# same images, the same size of code, the same five uses. At the end stands a guide to choosing. Two of the seven are no
# networks at all, and one of these will do well.

# %% [markdown]
# ## What you will learn
#
# - Compare models at equal [code size](glossary.md#code-size) and say what else was equal, and what was not.
# - Put error beside its price: parameters, seconds of training, spread over [seeds](glossary.md#seed).
# - Measure a model on five uses: rebuilding, removing noise, raising alarms, features, new images.
# - Choose a model by the use you have for it, with the number that the choice rests on.

# %% [markdown]
# ## What you need
#
# - Chapters [3](03_dense_autoencoder.ipynb), [8](08_deeper_and_convolutional.ipynb), [9](09_sparse.ipynb) and
#   [10](10_variational.ipynb) for the models; [4](04_denoising.ipynb), [11](11_anomaly_detection.ipynb) and
#   [13](13_feature_learning.ipynb) for the uses. Mean and standard deviation.
#
# Running time: about three minutes on two cores; [measured](running_times.md) with the other chapters.

# %%
import time

from aelib import baselines, code_layers, data, metrics, models, noise, plots, probes, training
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

SEEDS, CODE = (0, 1, 2), 64
BATCH_SIZE = 100  # small, so that a few epochs hold many steps; divides 55,000 (chapter 5)

mnist = data.load_mnist()
split = mnist.validation_split(5_000, seed=0)
x_train, y_train, x_validation = split.x_train, split.y_train, split.x_validation
x_test, y_test = mnist.x_test, mnist.y_test
mean_image = x_train.mean(axis=0).clip(0.001, 0.999)

# %% [markdown]
# ## Seven models
#
# | model | what it is | chapter |
# | --- | --- | --- |
# | mean image | every image is rebuilt as the mean training image; a code of no numbers | [1](01_introduction.ipynb) |
# | PCA | [PCA](glossary.md#pca), 64 components: the best linear code | [2](02_mathematics.ipynb) |
# | dense | 784-128-64-128-784, the first network of the course | [3](03_dense_autoencoder.ipynb) |
# | convolutional | two convolutions of 16 and 32 filters and a dense code, and the same way back | [8](08_deeper_and_convolutional.ipynb) |
# | top-k | 1,024 code units, of which the 32 largest are kept | [9](09_sparse.ipynb) |
# | variational | the dense network, each image coded as a Gaussian; β = 1 | [10](10_variational.ipynb) |
# | denoising | the dense network, trained to turn noisy images into clean ones | [4](04_denoising.ipynb) |
#
# All codes but the mean image's have 64 numbers. The [top-k](glossary.md#top-k) code has 32 values that are not zero,
# and to store it you must also say *which* of the 1,024 units they belong to: 32 values and 32 places make 64 numbers.
# (A place needs fewer bits than a value; chapter 9 counts them.) Outside training the
# [variational](glossary.md#variational-autoencoder) code is the 64 means. The top-k network starts as in chapter 9, with
# training images for its [atoms](glossary.md#atom), the others at random.


# %%
def top_k(seed):
    """1,024 units of which the largest `CODE // 2` are kept, begun with training images as in chapter 9."""
    model = models.sparse_autoencoder(1024, sparsity=code_layers.TopK(CODE // 2), seed=seed)
    code, output = model.encoder.get_layer("code"), model.decoder.get_layer("reconstruction")
    drawn = np.random.default_rng(seed).choice(len(x_train), 1024, replace=False)
    atoms = x_train[drawn] - mean_image
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    output.set_weights([atoms, np.log(mean_image / (1 - mean_image))])
    code.set_weights([atoms.T, -atoms @ mean_image])
    return model


BUILD = {
    "dense": lambda seed: models.dense_autoencoder(CODE, seed=seed),
    "convolutional": lambda seed: models.convolutional_autoencoder(CODE, seed=seed),
    "top-k": top_k,
    "variational": lambda seed: models.variational_autoencoder(CODE, seed=seed),
    "denoising": lambda seed: models.dense_autoencoder(CODE, seed=seed),
}

# %% [markdown]
# ## The same conditions
#
# All learn from the same 55,000 training images, in batches of 100, with Adam and binary cross-entropy, from three seeds.
# The [learning rate](glossary.md#learning-rate) begins at 0.003 and falls along a cosine, as in chapter 10.
#
# One thing cannot be equal. With the same number of [epochs](glossary.md#epoch) some models would get many times the
# seconds of others. So the convolutional and the top-k network get one epoch and the others five. The table below says
# what that is in seconds. After each epoch a callback notes the seconds so far and the error on 5,000 validation
# images. Test images are looked at once, when training is over, and nothing is chosen by them.

# %%
EPOCHS = dict.fromkeys(BUILD, 5) | {"convolutional": 1, "top-k": 1}
STD = 0.5  # of the noise, as in chapter 4
noisy_train = noise.gaussian(x_train, STD, seed=0)


def encode(model, x):
    """Codes of flat images, whether from a network or from a yardstick."""
    if not hasattr(model, "encoder"):
        return model.encode(x)
    return predict(model.encoder, x.reshape(-1, *model.input_shape[1:]))


def decode(model, codes):
    return data.as_vectors(predict(model.decoder, codes)) if hasattr(model, "decoder") else model.decode(codes)


def rebuild(model, x):
    return decode(model, encode(model, x))


# %%
class Watch(keras.callbacks.Callback):
    """Note after each epoch the seconds so far and the mean squared error on validation images."""

    def __init__(self, name, seed):
        super().__init__()
        self.run, self.seconds = {"model": name, "seed": seed}, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.start
        error = metrics.mean_squared_error(x_validation, rebuild(self.model, x_validation)).mean()
        progress.append(self.run | {"epoch": epoch + 1, "seconds": self.seconds, "validation MSE": error})


# %%
progress, networks, weights = [], {}, {}
for name, build in BUILD.items():
    networks[name] = build(0)
    inputs, target = (noisy_train, x_train) if name == "denoising" else (x_train, None)
    inputs = inputs.reshape(-1, *networks[name].input_shape[1:])
    for seed in SEEDS:
        slowing = keras.callbacks.LearningRateScheduler(
            lambda epoch, last=EPOCHS[name]: 0.0015 * (1 + np.cos(np.pi * epoch / last))
        )
        networks[name].set_weights(build(seed).get_weights())  # one network for all seeds: compiled once
        settings = {"epochs": EPOCHS[name], "batch_size": BATCH_SIZE, "seed": seed}
        training.fit(networks[name], inputs, target, callbacks=[slowing, Watch(name, seed)], **settings)
        weights[name, seed] = networks[name].get_weights()

# %%
yardsticks = {"mean image": baselines.MeanImage(), "PCA": baselines.PCACodec(CODE)}
for name, codec in yardsticks.items():
    start = time.perf_counter()
    codec.fit(x_train)
    seconds = time.perf_counter() - start
    error = metrics.mean_squared_error(x_validation, rebuild(codec, x_validation)).mean()
    progress.append({"model": name, "seed": 0, "epoch": 0, "seconds": seconds, "validation MSE": error})


# %%
def trained(name, seed):
    """The model of this name as its training from this seed left it."""
    if name in yardsticks:
        return yardsticks[name]
    networks[name].set_weights(weights[name, seed])
    return networks[name]


def tested(name, seed):
    """Mean squared error on test images, and the number of units that are 0 for every one of them."""
    codes = encode(trained(name, seed), x_test)
    error = metrics.mean_squared_error(x_test, decode(trained(name, seed), codes)).mean()
    return {"model": name, "seed": seed, "test MSE": error, "dead units": (codes == 0).all(axis=0).sum()}


NAMES = [*yardsticks, *networks]

# %% [markdown]
# ## Error and its price
#
# > **Predict first.** Order the seven by their error on test images. Which networks will be behind PCA, and why?

# %%
watched = pd.DataFrame(progress)
last = watched.groupby(["model", "seed"], sort=False).last()
compiled = last["seconds"].drop(index=0, level="seed").groupby("model").mean()  # seed 0 had to wait for the compiler
tests = pd.DataFrame([tested(name, seed) for name in NAMES for seed in (SEEDS if name in networks else (0,))])
by_model = tests.groupby("model")["test MSE"].agg(["mean", "std"])
table = pd.DataFrame(
    {
        "parameters": {"mean image": 784, "PCA": 784 * (CODE + 1)} | {n: m.count_params() for n, m in networks.items()},
        "epochs": {"mean image": 0, "PCA": 0} | EPOCHS,
        "seconds": compiled.reindex(NAMES).fillna(last["seconds"].xs(0, level="seed")),
        "dead units": tests.groupby("model")["dead units"].mean(),
        "test MSE": by_model["mean"],
        "std": by_model["std"],
        "share left": by_model["mean"] / by_model.loc["mean image", "mean"],
    },
    index=NAMES,
)
table.round({"seconds": 1, "dead units": 0, "test MSE": 5, "std": 5, "share left": 3})

# %% [markdown]
# Seconds are the mean of seeds 1 and 2, for which nothing had to be compiled. They vary with the machine and with what
# else it does. *Share left* is the error divided by that of the mean image.
#
# - **PCA** is ahead of the sparse network, with far fewer parameters and without the luck of a seed.
# - **The dense network** has just passed it after five epochs, though a fifth of its 64 units are
#   [dead](glossary.md#dead-unit), 0 for every test image. With 20 epochs it leaves PCA far behind ([chapter
#   5](05_code_size.ipynb)).
# - **Convolutions** have fewer parameters than the dense network, but an epoch takes much longer. A single one comes near
#   PCA's error; its seeds differ widely. [Chapter 8](08_deeper_and_convolutional.ipynb) looks closer at what an epoch of
#   them teaches, and what a second.
# - **The variational and the denoising network** have other aims than this error, and pay for them here.

# %% mystnb={"image": {"alt": "Mean squared error against seconds of training, both logarithmic. Lines for three networks fall from epoch to epoch: the dense one is lowest and ends below the single point of PCA, above it the variational, and the denoising one far above all. Single points: PCA; top-k, higher; and the convolutional network, farthest to the right, slightly above PCA, with the longest error bar."}}
drawn_lines = watched[(watched["seed"] > 0) | (watched["model"] == "PCA")].assign(
    seconds=lambda rows: rows.groupby(["model", "epoch"])["seconds"].transform("mean").round(2)
)
plots.error_bars(
    drawn_lines,
    x="seconds",
    y="validation MSE",
    group="model",
    title="Error after each epoch (two seeds that need no compiling, mean ± standard deviation)",
    xlabel="seconds of training on this machine (logarithmic)",
    ylabel="mean squared error on validation images (logarithmic)",
    log_x=True,
    ticks=(1, 4, 16, 64),
    log_y=True,
)

# %% [markdown]
# ## Five uses
#
# | use | measure | chapter |
# | --- | --- | --- |
# | rebuild | mean squared error of test images | [3](03_dense_autoencoder.ipynb) |
# | remove noise | [PSNR](glossary.md#psnr) of the output for test images with noise of standard deviation 0.5, in dB | [4](04_denoising.ipynb) |
# | raise an alarm | [AUC](glossary.md#auc) of the error: test digits against clothes, and against digits upside down | [11](11_anomaly_detection.ipynb) |
# | features | accuracy of a [linear probe](glossary.md#linear-probe) and of nearest neighbours with 1,000 labels, in per cent | [13](13_feature_learning.ipynb) |
# | new images | strangeness of decoded draws: one minus the cosine to the nearest of 5,000 training images, median | [10](10_variational.ipynb) |
#
# Seeds 0, 1 and 2 of each model get the same three draws of labelled images. The row *the image itself* is a
# [yardstick](glossary.md#yardstick): noisy images left as they are, probes on pixels, test images in place of new ones.
#
# Codes for new images are drawn from the [prior](glossary.md#prior) for the variational model. The others have none and
# get a second model, one Gaussian with mean and covariance of training codes; its draws are clipped to each unit's
# range. Top-k is left out: a draw with all units on is no code of its kind.

# %%
clothes = data.load_fashion_mnist().x_test[:5000]
upside_down = x_test[:5000, ::-1]
noisy_test = noise.gaussian(x_test, STD, seed=1)


def strangeness(images):
    return 1 - np.median(cosine_similarity(images, x_train[:5000]).max(axis=1))


def draw_codes(name, model, count, seed):
    rng = np.random.default_rng(seed)
    if name == "variational":
        return rng.standard_normal((count, CODE))
    codes = encode(model, x_train[:10_000]).astype(float)
    drawn = rng.multivariate_normal(codes.mean(axis=0), np.cov(codes.T), count)
    return drawn.clip(codes.min(axis=0), codes.max(axis=0))


# %%
def probe(features, test_features, seed):
    """Accuracy in per cent of both probes, on the seed's draw of 1,000 labelled images."""
    labelled = probes.stratified_draw(y_train, 1000, seed=seed)
    features, labels = features(x_train[labelled]), y_train[labelled]
    linear, neighbours = probes.linear_probe(features, labels, seed=seed), probes.neighbour_probe(features, labels)
    return {
        "linear probe": 100 * linear.score(test_features, y_test),
        "neighbours": 100 * neighbours.score(test_features, y_test),
    }


def auc(usual, model, images):
    """How well the error tells images of another kind from usual ones, whose errors are given."""
    strange = metrics.mean_squared_error(images, rebuild(model, images))
    return roc_auc_score(np.repeat([0, 1], [len(usual), len(strange)]), np.concatenate([usual, strange]))


# %%
def measure(name, seed):
    model = trained(name, seed)
    error = metrics.mean_squared_error(x_test, rebuild(model, x_test))
    result = {
        "rebuild: MSE": error.mean(),
        "noise: PSNR": metrics.psnr(x_test, rebuild(model, noisy_test)).mean(),
        "clothes: AUC": auc(error, model, clothes),
        "upside down: AUC": auc(error, model, upside_down),
    }
    if name != "mean image":
        result |= probe(lambda x: encode(model, x), encode(model, x_test), seed)
    if name not in ("mean image", "top-k"):
        new[name, seed] = decode(model, draw_codes(name, model, 1000, seed))
        result["draws: strangeness"] = strangeness(new[name, seed])
    return {"model": name, "seed": seed} | result


# %% [markdown]
# > **Predict first.** Which model will be first in each column? Will any be first in two?

# %%
new = {}
rows = [measure(name, seed) for name in NAMES for seed in SEEDS]
itself = {"noise: PSNR": metrics.psnr(x_test, noisy_test).mean(), "draws: strangeness": strangeness(x_test[:1000])}
rows += [{"model": "the image itself", "seed": s} | itself | probe(lambda x: x, x_test, s) for s in SEEDS]
uses = pd.DataFrame(rows).set_index(["model", "seed"])
mean, std = (uses.groupby("model", sort=False).agg(kind) for kind in ("mean", "std"))
DIGITS = dict(zip(uses.columns, (4, 1, 3, 3, 1, 1, 3)))
shown = {
    use: mean[use].map(f"{{:.{n}f}}".format) + "\u00a0±\u00a0" + std[use].map(f"{{:.{n}f}}".format)
    for use, n in DIGITS.items()
}
pd.DataFrame(shown).where(mean.notna(), "–")

# %% [markdown]
# No model is first in every column, and the order of the first column is not that of any other.
#
# - **Noise.** The denoising network wins by far. Of those that never saw noise, PCA and top-k remove some of it; the
#   other networks are hardly better than the mean image or worse ([chapter 4](04_denoising.ipynb) shows why).
# - **Alarms.** All trained models find clothes. Digits upside down, made of the usual strokes, are much harder for all
#   ([chapter 11](11_anomaly_detection.ipynb)). Who rebuilds worse need not detect worse: the variational network is ahead
#   of the dense one.
# - **Features.** For the linear probe the dense code, PCA and pixels are alike, and top-k is clearly ahead. It has 1,024
#   features, of which 32 are on. For neighbours the convolutional and the variational code are ahead of PCA, and PCA
#   of pixels and of the dense code.
# - **New images.** The prior's draws are less strange than PCA's, but stranger than real digits. The denoising network's
#   are the least strange of all, even less than real digits. Look before you believe it.

# %% mystnb={"image": {"alt": "Six rows of twelve images. Test images; PCA: grey overlaid strokes that are no digits; dense: broken bright pieces; convolutional: some readable digits among broken ones; variational: soft joined strokes, about half of them digits; denoising: soft shapes, some digits, some blots."}}
plots.image_rows(
    {"test images": x_test[:12]} | {name: images[:12] for (name, seed), images in new.items() if seed == 0},
    title="Drawn codes, decoded: the prior for the variational model, one Gaussian for the others",
)

# %% [markdown]
# The softest rows have the least strangeness, for blur resembles much ([chapter 6](06_latent_plane.ipynb)). Of the sharp
# rows none is made of digits throughout.
#
# ## Which one to take
#
# | If you want | take | because |
# | --- | --- | --- |
# | images rebuilt, soon and on a small budget | PCA | near the best error here, with the fewest parameters and no seed; it travels better ([chapter 7](07_fashion_mnist.ipynb)) |
# | images rebuilt as well as possible | the dense network, trained for long | first here after five epochs, if only just; far ahead after 20 ([chapter 5](05_code_size.ipynb)); smaller codes get there sooner; [chapter 8](08_deeper_and_convolutional.ipynb) has a recipe for deeper ones |
# | noise removed | a network *trained to do it* | best by far here; a linear map on the same pairs comes close ([chapter 4](04_denoising.ipynb)) |
# | alarms for images of another kind | PCA or the dense network | clothes are found by both here |
# | alarms for subtle anomalies | none by its error alone | see digits upside down; better scores are in [chapter 11](11_anomaly_detection.ipynb) |
# | a linear classifier with few labels | top-k, or just pixels | top-k is first here; dense codes and PCA are no better than pixels, here and in [chapter 13](13_feature_learning.ipynb) |
# | neighbours, or similar images | PCA first, then the convolutional or the variational code | PCA beats pixels and the dense code, here and in [chapter 13](13_feature_learning.ipynb); the other two beat PCA here, for more work |
# | new images | the variational network, or a dense one and a mixture of Gaussians on its codes | the first draws without a second model; the second made better digits in [chapter 10](10_variational.ipynb) |
# | units that stand for something | top-k | [chapter 9](09_sparse.ipynb) |
# | few bytes | for very many images of one kind, at low quality, a dense network; else a format | [chapter 12](12_compression.ipynb) |
# | a map of the images | two linear units | [chapter 6](06_latent_plane.ipynb) |
#
# The guide is about small centred digits and short training. For other images, take it as a list of what to try first.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | PCA | Near the best error with far fewer parameters; level with top-k against noise; ahead of pixels for neighbours |
# | Dense | Just ahead of PCA after five epochs, with a fifth of its units dead |
# | Uses | No model is first in all: trained for noise, best against noise; sparse, best for a linear probe |
# | A measure can mislead | The least strange new images are the blurred ones |

# %% [markdown]
# ## Pitfalls
#
# - **Leaving out PCA**, or comparing codes of unequal size. Every network here would look like a success.
# - **One number for all uses**, or a lead without its spread. Measure the use that you have, from several seeds.
# - **Choosing by a table of test errors.** This one reports. For your own images choose on validation images, and
#   measure the model chosen, once, on test images.

# %% [markdown]
# ## Check your run

# %%
mse, psnr, strange = mean["rebuild: MSE"], mean["noise: PSNR"], mean["draws: strangeness"]
linear, near = mean["linear probe"], mean["neighbours"]
an_epoch = table["seconds"] / table["epochs"]
clean_trained = ["dense", "convolutional", "variational"]
checks = {
    "PCA leaves little": mse["PCA"] < 0.15 * mse["mean image"],
    "after five epochs the dense network is just ahead of it": mse["dense"] + std.loc["dense"].iloc[0] < mse["PCA"]
    and mse["dense"] > 0.85 * mse["PCA"],
    "an epoch of convolutions is dear": an_epoch["convolutional"] > 4 * an_epoch["dense"],
    "one epoch of them is near PCA": 0.9 < mse["convolutional"] / mse["PCA"] < 1.5,
    "their seeds differ more": std.loc["convolutional"].iloc[0] > std.loc["dense"].iloc[0],
    "the variational code costs error": mse["variational"] > 1.3 * mse[["dense", "convolutional"]].max(),
    "so does training on noise": mse["denoising"] > 1.3 * mse["dense"],
    "noise: trained for it": psnr["denoising"] > psnr.drop("denoising").max() + 1,
    "noise: top-k level with PCA": abs(psnr["top-k"] - psnr["PCA"]) < 1.5,
    "noise: the others near the mean image": psnr[clean_trained].max() < min(psnr["mean image"] + 2, psnr["PCA"] - 1),
    "a fifth of the dense network's units are dead": 8 <= table.loc["dense", "dead units"] <= 18,
    "PCA ahead of top-k": mse["PCA"] < mse["top-k"] < 2 * mse["PCA"],
}

# %%
alarms = mean[["clothes: AUC", "upside down: AUC"]].drop(["mean image", "the image itself"])
checks |= {
    "clothes are easy": alarms["clothes: AUC"].min() > 0.9,
    "turned digits are not": (alarms["clothes: AUC"] - alarms["upside down: AUC"]).min() > 0.05,
    "linear probe: dense, PCA and pixels alike": np.ptp(linear[["dense", "PCA", "the image itself"]]) < 3,
    "neighbours: PCA ahead of pixels and of the dense code": near["PCA"] > near[["dense", "the image itself"]].max(),
    "the prior's draws are stranger than digits": strange["the image itself"] < strange["variational"] < strange["PCA"],
    "and the denoising network's are not": strange.idxmin() == "denoising",
    "the sparse code leads the linear probe": linear["top-k"] > linear.drop("top-k").max() + 0.5,
    "neighbours: two codes ahead of PCA": near[["convolutional", "variational"]].min() > near["PCA"] + 0.5,
    "turned digits: the variational ahead": alarms.loc["variational"].iloc[1] > alarms.loc["dense"].iloc[1] + 0.02,
    "no model is first everywhere": len({mse.idxmin(), psnr.idxmax(), near.idxmax(), strange.idxmin()}) > 1,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Add a dense network with `code_activation="linear"`, which cannot lose units, to `BUILD`. Where is it ahead?
# 2. ★★ Give every network the seconds of the convolutional one: set `EPOCHS` from your table. Which lines cross?
# 3. ★★★ Choose a model for each use on 10,000 training images set aside, by a rule written down beforehand. Do you agree
#    with the guide?

# %% [markdown]
# ## Further reading
#
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016), chapter 14: all
#   kinds, with the mathematics.
# - [Géron (2022)](references.md#géron-2022), chapter 17: most of these models in Keras, on clothes.

# %% [markdown]
# ## Next
#
# This is the end of the course. Read chapter 14 of Goodfellow, Bengio and Courville, which will now be easy, and do the
# sheets that you left out. Then take images of your own: with 28 by 28 pixels between 0 and 1 they fit the functions of
# the [aelib reference](aelib_reference.md). Begin with the mean image and PCA, write down what you expect, train a
# network from three seeds, and ask what every chapter asked: *compared with what?*
