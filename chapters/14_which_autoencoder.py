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
# Each chapter so far looked at one model from many sides. This one turns that round: eight models side by side, the
# same images, the same size of code, the same five questions. At the end stands a guide to choosing. Two of the eight
# are no networks at all, and they will not come last.

# %% [markdown]
# ## What you will learn
#
# - Compare models at equal [code size](glossary.md#code-size) and say what else was equal, and what was not.
# - Put error beside its price: parameters, seconds of training, spread over seeds.
# - Measure one trained model on five uses: rebuilding, removing noise, raising alarms, features, new images.
# - Choose a model by the use you have for it, with the number that the choice rests on.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb), [chapter 8](08_deeper_and_convolutional.ipynb),
#   [chapter 9](09_sparse.ipynb) and [chapter 10](10_variational.ipynb) for the models,
#   [chapter 4](04_denoising.ipynb), [chapter 11](11_anomaly_detection.ipynb) and
#   [chapter 13](13_feature_learning.ipynb) for the uses. You can also read this chapter first, as an overview.
# - Mean and standard deviation.
#
# Running time: about two minutes on two cores; [measured](running_times.md) with the other chapters.

# %%
import time

from aelib import baselines, code_layers, data, metrics, models, noise, plots, probes, training
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

SEEDS = (0, 1, 2)
CODE = 64  # numbers
BATCH_SIZE = 100  # small, so that a few epochs hold many steps; divides 60,000 (chapter 5)

# %%
mnist = data.load_mnist()
x_train, y_train, x_test, y_test = mnist.x_train, mnist.y_train, mnist.x_test, mnist.y_test
mean_image = x_train.mean(axis=0).clip(0.001, 0.999)

# %% [markdown]
# ## Eight models
#
# | model | what it is | chapter |
# | --- | --- | --- |
# | mean image | every image is rebuilt as the mean training image; a code of no numbers | [1](01_introduction.ipynb) |
# | PCA | [PCA](glossary.md#pca), 64 components: the best linear code | [2](02_mathematics.ipynb) |
# | dense | 784-128-64-128-784, the first network of the course | [3](03_dense_autoencoder.ipynb) |
# | deeper | 784-256-128-64-128-256-784 | [8](08_deeper_and_convolutional.ipynb) |
# | convolutional | two convolutions of 16 and 32 filters and a dense code, and the same way back | [8](08_deeper_and_convolutional.ipynb) |
# | top-k | 1,024 code units, of which the 32 largest are kept | [9](09_sparse.ipynb) |
# | variational | the dense network, each image coded as a Gaussian; β = 1 | [10](10_variational.ipynb) |
# | denoising | the dense network, trained to turn noisy images into clean ones | [4](04_denoising.ipynb) |
#
# All codes have 64 numbers, with two remarks. The [top-k](glossary.md#top-k) code has 32 values that are not zero; to
# store it you also need to say *which* 32 of the 1,024 units they belong to. That makes 32 values and 32 places, 64
# numbers. (A place needs fewer bits than a value; [chapter 9](09_sparse.ipynb) counts them.) And the
# [variational](glossary.md#variational-autoencoder) model has 64 means and 64 variances; outside training its code is
# the 64 means.
#
# The top-k network begins as in [chapter 9](09_sparse.ipynb), with 1,024 training images for its
# [atoms](glossary.md#atom), since from a random start most of its units never become useful. The others begin at random.


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
    "deeper": lambda seed: models.dense_autoencoder(CODE, hidden=(256, 128), seed=seed),
    "convolutional": lambda seed: models.convolutional_autoencoder(CODE, seed=seed),
    "top-k": top_k,
    "variational": lambda seed: models.variational_autoencoder(CODE, seed=seed),
    "denoising": lambda seed: models.dense_autoencoder(CODE, seed=seed),
}

# %% [markdown]
# ## The same conditions
#
# All learn from all 60,000 training images, in batches of 100, with Adam and binary cross-entropy, from three seeds.
# The [learning rate](glossary.md#learning-rate) begins at 0.003 and falls along a cosine. These settings were fixed
# beforehand; nothing in this chapter is chosen by looking at test images.
#
# One thing cannot be equal: a model that gets the same number of epochs as another may get many times its seconds. So
# the convolutional and the top-k network get a single [epoch](glossary.md#epoch), where the others get five. The table
# below says what that is in seconds. Read their errors as those of short training.

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
    """Flat images."""
    return data.as_vectors(predict(model.decoder, codes)) if hasattr(model, "decoder") else model.decode(codes)


def rebuild(model, x):
    return decode(model, encode(model, x))


# %% [markdown]
# After each epoch a callback notes the seconds of training so far and the error on test images. (To report it: training
# goes on regardless.)


# %%
class Watch(keras.callbacks.Callback):
    """Note after each epoch the seconds so far and the mean squared error on test images."""

    def __init__(self, name, seed):
        super().__init__()
        self.name, self.seed, self.seconds = name, seed, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.start
        error = metrics.mean_squared_error(x_test, rebuild(self.model, x_test)).mean()
        row = {"model": self.name, "seed": self.seed, "epoch": epoch + 1, "seconds": self.seconds, "test MSE": error}
        progress.append(row)


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

# %% [markdown]
# The yardsticks are fitted, not trained: once, without seeds.

# %%
yardsticks = {"mean image": baselines.MeanImage(), "PCA": baselines.PCACodec(CODE)}
for name, codec in yardsticks.items():
    start = time.perf_counter()
    codec.fit(x_train)
    seconds = time.perf_counter() - start
    error = metrics.mean_squared_error(x_test, rebuild(codec, x_test)).mean()
    progress.append({"model": name, "seed": 0, "epoch": 0, "seconds": seconds, "test MSE": error})


def trained(name, seed):
    """The model of this name as its training from this seed left it."""
    if name in yardsticks:
        return yardsticks[name]
    networks[name].set_weights(weights[name, seed])
    return networks[name]


NAMES = [*yardsticks, *networks]

# %% [markdown]
# ## Error and its price
#
# > **Predict first.** Order the eight by their error on test images. Where will PCA be? Which of the networks will be
# > behind it, and why?

# %%
watched = pd.DataFrame(progress)
last = watched.groupby(["model", "seed"], sort=False).last()
compiled_before = last["seconds"].drop(index=0, level="seed").groupby("model").mean()
by_model = last.groupby("model")["test MSE"].agg(["mean", "std"])
table = pd.DataFrame(
    {
        "parameters": {"mean image": 784, "PCA": 784 * (CODE + 1)} | {n: m.count_params() for n, m in networks.items()},
        "epochs": {"mean image": 0, "PCA": 0} | EPOCHS,
        "seconds": compiled_before.reindex(NAMES).fillna(last["seconds"].xs(0, level="seed")),
        "test MSE": by_model["mean"],
        "std": by_model["std"],
        "share left": by_model["mean"] / by_model.loc["mean image", "mean"],
    },
    index=NAMES,
)
compiling = last["seconds"].xs(0, level="seed")[list(networks)] - compiled_before
print(f"compiling took {compiling.min():.0f} to {compiling.max():.0f} seconds more, once for each network")
table.round({"seconds": 1, "test MSE": 5, "std": 5, "share left": 3})

# %% [markdown]
# TODO

# %% mystnb={"image": {"alt": "TODO TODO TODO TODO TODO TODO"}}
drawn_lines = watched[(watched["seed"] > 0) | (watched["model"] == "PCA")].assign(
    seconds=lambda rows: rows.groupby(["model", "epoch"])["seconds"].transform("mean").round(2)
)
plots.error_bars(
    drawn_lines,
    x="seconds",
    y="test MSE",
    group="model",
    title="Error after each epoch (two seeds that need no compiling, mean ± standard deviation)",
    xlabel="seconds of training on this machine (logarithmic)",
    ylabel="mean squared error on test images (logarithmic)",
    log_x=True,
    ticks=(1, 4, 16, 64),
    log_y=True,
)

# %% [markdown]
# ## Five uses
#
# Each model as it is, without further training, is put to five uses:
#
# | use | measure | chapter |
# | --- | --- | --- |
# | rebuild | mean squared error of test images | [3](03_dense_autoencoder.ipynb) |
# | remove noise | [PSNR](glossary.md#psnr) of the output for test images with noise of standard deviation 0.5, in dB | [4](04_denoising.ipynb) |
# | raise an alarm | [AUC](glossary.md#auc) of the error: test digits against clothes, and against digits upside down | [11](11_anomaly_detection.ipynb) |
# | features | accuracy of a [linear probe](glossary.md#linear-probe) and of nearest neighbours with 1,000 labels, in per cent | [13](13_feature_learning.ipynb) |
# | new images | strangeness of decoded draws: one minus the cosine to the nearest of 5,000 training images, median | [10](10_variational.ipynb) |
#
# Seed 0, 1 and 2 of each model get the same three draws of labelled images. The row *the image itself* is the yardstick
# for all: noisy images left as they are, probes on raw pixels, test images in place of new ones.
#
# Codes for new images are drawn from the prior for the variational model. The others have none, so they get a second
# model, one Gaussian with the mean and covariance of training codes ([chapter 10](10_variational.ipynb)), its draws
# clipped to the range that each unit had. The top-k network is left out: a draw with all units on is no code of its
# kind.

# %%
clothes = data.load_fashion_mnist().x_test[:5000]
upside_down = x_test[:5000, ::-1]
noisy_test = noise.gaussian(x_test, STD, seed=1)


def unit_length(images):
    return images / np.linalg.norm(images, axis=1, keepdims=True)


def strangeness(images):
    return 1 - np.median((unit_length(images) @ unit_length(x_train[:5000]).T).max(axis=1))


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


def error_of(model, images):
    return metrics.mean_squared_error(images, rebuild(model, images))


def auc(usual, strange):
    return roc_auc_score(np.repeat([0, 1], [len(usual), len(strange)]), np.concatenate([usual, strange]))


# %%
def measure(name, seed):
    model = trained(name, seed)
    error = error_of(model, x_test)
    result = {
        "rebuild: MSE": error.mean(),
        "noise: PSNR": metrics.psnr(x_test, rebuild(model, noisy_test)).mean(),
        "clothes: AUC": auc(error, error_of(model, clothes)),
        "upside down: AUC": auc(error, error_of(model, upside_down)),
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
# TODO

# %% mystnb={"image": {"alt": "TODO TODO TODO TODO TODO TODO"}}
first = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
compared = ("PCA", "dense", "convolutional", "top-k", "variational", "denoising")
plots.image_rows(
    {"noisy": noisy_test[first]}
    | {name: rebuild(trained(name, 0), noisy_test[first]) for name in compared}
    | {"clean": x_test[first]},
    title="Noisy test digits; only the denoising network has seen noise in training",
)

# %% mystnb={"image": {"alt": "TODO TODO TODO TODO TODO TODO"}}
plots.image_rows(
    {"test images": x_test[:12]} | {name: images[:12] for (name, seed), images in new.items() if seed == 0},
    title="Drawn codes, decoded: the prior for the variational model, one Gaussian for the others",
)

# %% [markdown]
# ## Which one to take
#
# TODO guide

# %% [markdown]
# ## Summary
#
# TODO

# %% [markdown]
# ## Pitfalls
#
# - **Comparing at unequal sizes of code.** A larger code rebuilds better whatever the model is. Say what was equal:
#   numbers in the code, images, epochs or seconds.
# - **Leaving out PCA.** Without its row, every network in these tables would look like a success.
# - **One number for five uses.** The order by reconstruction error is not the order by any other column. Measure the
#   use that you have.
# - **Reading a difference without its spread.** Three seeds are few. A lead of less than about twice the standard
#   deviations is not one.
# - **Comparing seconds across machines,** or counting what a compiler needs for the first batch as training.
# - **Choosing by a table of test errors.** This one reports. For images of your own, choose on validation images, and
#   measure the model chosen, once, on test images.

# %% [markdown]
# ## Check your run

# %%
mse, psnr, strange = mean["rebuild: MSE"], mean["noise: PSNR"], mean["draws: strangeness"]
linear, near = mean["linear probe"], mean["neighbours"]
an_epoch = table["seconds"] / table["epochs"]
clean_trained = ["dense", "deeper", "convolutional", "variational"]
checks = {
    "PCA leaves little": mse["PCA"] < 0.15 * mse["mean image"],
    "after five epochs the dense network is ahead of it": mse["dense"] + 2 * std.loc["dense"].iloc[0] < mse["PCA"],
    "the deeper one is behind the dense one": mse["deeper"] > 1.05 * mse["dense"],
    "an epoch of convolutions is dear": an_epoch["convolutional"] > 4 * an_epoch["dense"],
    "with no more parameters": table.loc["convolutional", "parameters"] < table.loc["dense", "parameters"],
    "one epoch of them is near PCA": mse["convolutional"] < 1.5 * mse["PCA"],
    "the sparse code gets most of the way": mse["top-k"] < 0.2 * mse["mean image"],
    "the variational code costs error": mse["variational"] > 1.3 * mse[["dense", "deeper", "convolutional"]].max(),
    "so does training on noise": mse["denoising"] > 1.3 * mse["dense"],
    "noise: trained for it": psnr["denoising"] > psnr.drop("denoising").max() + 1,
    "noise: the others behind PCA": psnr[clean_trained].max() < psnr["PCA"],
}

# %%
alarms = mean[["clothes: AUC", "upside down: AUC"]].drop(["mean image", "the image itself"])
checks |= {
    "clothes are easy": alarms["clothes: AUC"].min() > 0.9,
    "turned digits are not": (alarms["clothes: AUC"] - alarms["upside down: AUC"]).min() > 0.05,
    "linear probe: dense, PCA and pixels alike": np.ptp(linear[["dense", "PCA", "the image itself"]]) < 3,
    "neighbours: PCA ahead of pixels and of the dense code": near["PCA"] > near[["dense", "the image itself"]].max(),
    "draws of PCA are stranger than digits": strange["PCA"] > 1.15 * strange["the image itself"],
    "draws from the prior less so": strange["variational"] < strange["PCA"],
    "no model is first everywhere": len({mse.idxmin(), psnr.idxmax(), near.idxmax(), strange.idxmin()}) > 1,
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Add a dense network with a linear code, `code_activation="linear"`, to `BUILD`. It cannot lose units. In which
#    columns does it change places with the dense one?
# 2. ★ Give every network the seconds that the convolutional one needed: set `EPOCHS` from your own table. Which lines
#    cross in the figure?
# 3. ★★ Draw the codes of the dense network from 20 Gaussians in place of one (`sklearn.mixture.GaussianMixture`, as in
#    [chapter 10](10_variational.ipynb)). Is it then ahead of the variational model's prior?
# 4. ★★ Add a linear map from noisy to clean images, fitted by least squares on `noisy_train`. How much of the denoising
#    network's lead over PCA is a lead of its *training pairs*?
# 5. ★★ Run the chapter on Fashion-MNIST, with digits as the anomalies. Which lines of the guide hold there?
# 6. ★★★ Make the choice as you would for a project: set 10,000 training images aside, choose a model for each use on
#    them by a rule written down beforehand, and only then look at the test images. How often does your choice agree
#    with the guide, and how much does it cost where it does not?

# %% [markdown]
# ## Further reading
#
# - [Goodfellow, Bengio and Courville (2016)](references.md#goodfellow-bengio-and-courville-2016), chapter 14: the kinds
#   of autoencoder, in one view and with the mathematics.
# - [Bengio, Courville and Vincent (2013)](references.md#bengio-courville-and-vincent-2013): what a representation should
#   be good for, and how the kinds differ in that.
# - [Géron (2022)](references.md#géron-2022), chapter 17: most of these models in Keras, on clothes.
# - [Plaut (2018)](references.md#plaut-2018): how close to PCA a linear autoencoder is.

# %% [markdown]
# ## Next
#
# This is the end of the course. If you have not done so, take an exercise sheet: each asks you to build something that
# these chapters only showed. Then take images of your own. Whatever can be brought to 28 by 28 pixels between 0 and 1
# goes into every function of the [aelib reference](aelib_reference.md). Begin with the mean image and PCA, write down
# what you expect, train one network from three seeds, and ask the question that every chapter asked: *compared with
# what?*
