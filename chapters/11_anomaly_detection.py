# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Anomaly detection
#
# An autoencoder learns to rebuild the images that it is trained on. So an image that it rebuilds badly should be one
# of a kind that it does not know: an [anomaly](glossary.md#anomaly-detection). Training needs no anomalies, which is the
# charm of the idea, and the source of this course proposes to try it: train on the digits 0 to 8, show a 9, and watch
# the reconstruction. Here you do that, then the same for every digit in turn. You measure how well it works, find out
# why it mostly does not, and what does better.

# %% [markdown]
# ## What you will learn
#
# - Turn an autoencoder into a detector, and judge it by its [ROC curve](glossary.md#roc-curve) and the
#   [area under it](glossary.md#auc), beside yardsticks that need no network.
# - Say why some digits hide from the reconstruction error, and what code size and training have to do with it.
# - Compute better scores: errors in proportion, and distances between codes.
# - Set a threshold on normal validation images alone, with a promise about false alarms that you can check.
# - Work out what an alarm is worth when anomalies are rare, and name images that an error cannot find.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model and its error by digit, [chapter 5](05_code_size.ipynb) for
#   code size, seeds and sweeps.
# - Conditional probability; the idea of a confidence interval.
#
# Running time: about two minutes on two cores; [measured](running_times.md) with the other chapters.

# %%
from aelib import anomaly, data, metrics, models, plots, training
from aelib.experiments import sweep

import keras
import numpy as np
import pandas as pd
from scipy.stats import binomtest, spearmanr
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neighbors import KNeighborsClassifier

SEED = 0
SEEDS = (0, 1, 2)
EPOCHS = 2  # for the many short trainings; the first model gets 20
BATCH_SIZE = 250
N_NORMAL = 47_750  # normal training images, whichever digit is held out: a multiple of the batch size

# %%
mnist = data.load_mnist()
x_test, y_test = mnist.x_test, mnist.y_test
split = mnist.validation_split(6000, seed=SEED)
x_validation, y_validation = split.x_validation, split.y_validation


def normal_images(digit):
    """Training images of all digits but one, the same number whichever it is."""
    return split.x_train[split.y_train != digit][:N_NORMAL]


def predict(model, x):
    """All outputs of a model, in parts that need little memory."""
    parts = np.array_split(np.asarray(x, dtype="float32"), -(-len(x) // 5000))
    return np.concatenate([keras.ops.convert_to_numpy(model(part)) for part in parts])


# %% [markdown]
# ## The experiment that the source proposes
#
# Call the digits 0 to 8 *normal* and the 9 the anomaly. Of the 60,000 training images 6,000 are set aside for
# validation, and from the rest all 9s are taken out. To have the same number of images whichever digit is held out,
# which saves compiling later, the first 47,750 are kept. The model is that of chapter 3, 784-128-64-128-784, trained for
# 20 epochs as there. A callback measures on the way how well it detects; more on that below.

# %%
source_model = models.dense_autoencoder(64, seed=SEED)
auc_by_epoch = {}


def watch(epoch, logs=None):
    if epoch + 1 in (1, 2, 3, 5, 8, 12, 16, 20):
        errors_now = metrics.mean_squared_error(x_test, predict(source_model, x_test))
        auc_by_epoch[epoch + 1] = roc_auc_score(y_test == 9, errors_now)


watcher = keras.callbacks.LambdaCallback(on_epoch_end=watch)
history = training.fit(source_model, normal_images(9), epochs=20, batch_size=BATCH_SIZE, seed=SEED, callbacks=[watcher])

# %% [markdown]
# > **Predict first.** This network has never seen a 9. What will it make of one: a blur, a 4, a 7, an 8, or a 9?

# %% mystnb={"image": {"alt": "@ALT1@"}}
nine = y_test == 9
x_hat = predict(source_model, x_test)
error = metrics.mean_squared_error(x_test, x_hat)
shown = np.flatnonzero(nine)[:12]
plots.image_rows(
    {"9s, never seen": x_test[shown], "rebuilt": x_hat[shown]},
    title="Test images of a digit that the network has never seen",
    captions={"rebuilt": [f"{error[index]:.4f}" for index in shown]},
)

# %% [markdown]
# @TEXT1@ Do not trust the eye alone: let a classifier read the images. It is a vote of the three nearest among 10,000
# labelled training images, 9s included.

# %%
reader = KNeighborsClassifier(3).fit(split.x_train[:10_000], split.y_train[:10_000])
read = {
    "9s themselves": reader.predict(x_test[nine]),
    "their reconstructions": reader.predict(x_hat[nine]),
}
read_as = pd.DataFrame({name: np.bincount(digits, minlength=10) / nine.sum() for name, digits in read.items()})
read_as.rename_axis("read as").T.round(3)

# %% [markdown]
# @TEXT2@
#
# Now the errors. If the idea works, the 9s lie to the right of the others.

# %% mystnb={"image": {"alt": "@ALT2@"}}
means = {"normal": error[~nine].mean(), "9": error[nine].mean()}
print(f"mean error: normal images {means['normal']:.4f}, 9s {means['9']:.4f}")
plots.histogram(
    {"0 to 8": error[~nine], "9": error[nine]},
    title="Reconstruction errors of test images",
    xlabel="mean squared error of an image",
)

# %% [markdown]
# @TEXT3@ "The 9s have a larger mean error" would have been true, and would have told you nothing of use: the question is
# whether you can tell *an image* by its error.

# %% [markdown]
# ## One number for a detector
#
# A detector needs a *score*, which is larger the stranger the image, and a *threshold*: above it, it raises an alarm.
# A high threshold misses anomalies, a low one raises false alarms. The [ROC curve](glossary.md#roc-curve) shows what
# every possible threshold gives: the share of anomalies found against the share of normal images alarmed. The area
# under it, the [AUC](glossary.md#auc), is a probability
# ([Hanley and McNeil 1982](references.md#hanley-and-mcneil-1982)): of two images drawn at random, an anomaly $a$ and a normal $n$,
#
# $$ \mathrm{AUC} = P\big(s(a) > s(n)\big) + \tfrac12\, P\big(s(a) = s(n)\big). \tag{11.1} $$
#
# It is 1 if every anomaly scores above every normal image, 0.5 for a score that knows nothing, and below 0.5 if
# anomalies look *more* normal than normal images. Check equation (11.1) by counting all pairs.

# %%
in_order = np.mean(error[nine][:, None] > error[~nine])
area = roc_auc_score(nine, error)
print(f"pairs in the right order: {in_order:.4f}; scikit-learn's area: {area:.4f}")

# %% [markdown]
# @TEXT4@ Perhaps 20 epochs were not enough? The callback noted the AUC on the way.

# %% mystnb={"image": {"alt": "@ALT3@"}}
plots.curves(
    {"reconstruction error": list(auc_by_epoch.values())},
    x=list(auc_by_epoch),
    title="How well the error tells 9s from other digits, while training goes on",
    xlabel="epoch",
    ylabel="AUC, test images",
    references={"knows nothing": 0.5},
)

# %% [markdown]
# @TEXT5@

# %% [markdown]
# ## Yardsticks
#
# What would you get without a network? Four scores, each learned from the same normal images (or from nothing):
#
# - *ink*, the sum of the pixels;
# - the squared distance to the *mean image* of the normal digits;
# - the error of [PCA](glossary.md#pca) with 32 components;
# - the squared distance to the *nearest image* among 1,000 training images of each normal digit.
#
# For PCA with one digit less, ten times over, there is a shortcut. A covariance is a sum over images, so add up the sums
# of the nine digits that are normal. And the principal axes are orthogonal, so the error of $k$ components is the sum of
# the squared coordinates along all *other* axes. One product with the axes gives the errors for every $k$ at once; the
# one for $k = 0$ is the distance to the mean image.

# %%
by_class = [split.x_train[split.y_train == digit] for digit in range(10)]
counts = np.array([len(images) for images in by_class])
sums = np.stack([images.sum(axis=0, dtype=np.float64) for images in by_class])
products = np.stack([images.T @ images for images in by_class]).astype(np.float64)


def pca_errors(digit, x):
    """Squared error with 0, 1, …, 784 components of PCA on all digits but one, shape (n, 785)."""
    others = np.arange(10) != digit
    mean = sums[others].sum(axis=0) / counts[others].sum()
    covariance = products[others].sum(axis=0) / counts[others].sum() - np.outer(mean, mean)
    _, axes = np.linalg.eigh(covariance)  # the axis with the most variance comes last
    squares = np.square((x - mean) @ axes)
    return np.cumsum(np.c_[np.zeros(len(x)), squares], axis=1)[:, ::-1]


# %%
SIZES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 700)
pca = [pca_errors(digit, x_test)[:, SIZES] for digit in range(10)]
ink = x_test.sum(axis=1)


def nearest_distance(images):
    """Squared distance of each test image to the nearest of some images."""
    products = x_test @ images.T
    return np.square(x_test).sum(axis=1) + (np.square(images).sum(axis=1) - 2 * products).min(axis=1)


nearest = np.stack([nearest_distance(images[:1000]) for images in by_class])

# %%
rows = {}
for digit in range(10):
    scores = {
        "ink": ink,
        "mean image": pca[digit][:, 0],
        "PCA, 32": pca[digit][:, SIZES.index(32)],
        "nearest image": np.delete(nearest, digit, axis=0).min(axis=0),
    }
    rows[digit] = {name: roc_auc_score(y_test == digit, score) for name, score in scores.items()}
yardsticks = pd.DataFrame.from_dict(rows, orient="index").rename_axis("held out")
yardsticks.loc[[9]].assign(autoencoder=area).round(3)

# %% [markdown]
# @TEXT6@

# %% [markdown]
# ## Better scores
#
# The error has two weaknesses that you can name already. It grows with how much there is to draw
# ([chapter 3](03_dense_autoencoder.ipynb)), so a plain anomaly has a small one. And it looks at the *output* only, while
# the encoder, too, knows what is usual: an anomaly's code may lie where no normal code lies. `aelib.anomaly` has scores
# that use this. All are learned from normal training images alone.
#
# - *Error per ink*: the squared error as a share of the image's own sum of squares, $\lVert x - \hat x \rVert^2 / \lVert x \rVert^2$.
# - *Relative error*: the error in units of what normal images with nearby codes have. With $N(x)$ the ten normal images
#   whose codes lie nearest to that of $x$, a score $s$ becomes
#
# $$ r(x) = \frac{s(x)}{\frac{1}{10} \sum_{i \in N(x)} s(x_i)}. \tag{11.2} $$
#
# - *Mahalanobis*: the [Mahalanobis distance](glossary.md#mahalanobis-distance) of the code. It takes the normal codes for
#   one cloud, shaped like a Gaussian.
# - *Distance*: the mean distance of the code to its ten nearest normal codes, whatever the shape of the cloud
#   ([Ramaswamy, Rastogi and Shim 2000](references.md#ramaswamy-rastogi-and-shim-2000)).
# - *Relative distance*: the same, made relative by equation (11.2): a gap between codes counts for more where normal
#   codes lie close together. This is the idea of the local outlier factor
#   ([Breunig et al. 2000](references.md#breunig-et-al-2000)).
# - *Combined*: error per ink and relative distance added up, each in standard deviations from its mean over
#   normal images. One looks at the output, the other at the code.
#
# Distances between codes need codes without [dead units](glossary.md#dead-unit), so the network from here on has a
# *linear* code, of 32 numbers.

# %%
SCORES = ["error", "error per ink", "relative error", "Mahalanobis", "distance", "relative distance"]
SCORES += ["combined"]


def scorer(model, normal):
    """A function that gives the seven scores of each image, learned from normal training images."""

    def describe(x):
        x_hat = predict(model, x)
        return predict(model.encoder, x), metrics.mean_squared_error(x, x_hat), anomaly.unexplained_share(x, x_hat)

    known, known_errors, _ = describe(normal[:5000])
    own_distances = anomaly.nearest_normals(known, known, n_neighbors=11)[0][:, 1:].mean(axis=1)  # less itself

    def single(x):
        codes, error, share = describe(x)
        distances, nearby = anomaly.nearest_normals(codes, known)
        distance = distances.mean(axis=1)
        relative = [
            anomaly.relative_score(*pair, nearby) for pair in ((error, known_errors), (distance, own_distances))
        ]
        return np.stack([error, share, relative[0], anomaly.mahalanobis(codes, known), distance, relative[1]], axis=1)

    others = single(normal[5000:6000])[:, [1, 5]]  # sets the units in which the last score adds two up
    return lambda x: np.c_[scores := single(x), anomaly.standardised_sum(scores[:, [1, 5]], others)]


# %% [markdown]
# ## Every digit in turn
#
# One digit held out is one experiment, and 9 may be a special case. So hold out each digit in turn, with three seeds:
# thirty networks. To pay for that, each gets two epochs only. That is little, and it is said openly; you saw above what
# more epochs do to the 9, and the end of this section tries them again. One network object serves all runs: its
# weights are set anew, and what was compiled for the first is used for all.
#
# > **Predict first.** Which digit will be the easiest to find by its error, and which the hardest? Will any have an AUC
# > *below* 0.5? And does the seed matter more or less than the digit?


# %%
def start(latent_dim, seed):
    return models.dense_autoencoder(latent_dim, code_activation="linear", seed=seed)


network = start(32, SEED)
weights, test_scores, validation_scores = {}, {}, {}


def hold_out(digit, seed):
    normal, run = normal_images(digit), (digit, seed)
    network.set_weights(start(32, seed).get_weights())
    training.fit(network, normal, epochs=EPOCHS, batch_size=BATCH_SIZE, seed=seed)
    score = scorer(network, normal)
    weights[run], test_scores[run], validation_scores[run] = network.get_weights(), score(x_test), score(x_validation)
    return {name: roc_auc_score(y_test == digit, column) for name, column in zip(SCORES, test_scores[run].T)}


# %%
runs = sweep(hold_out, {"digit": range(10)}, seeds=SEEDS)
by_digit, spread = (runs.groupby("digit")[SCORES].agg(measure) for measure in ("mean", "std"))

# %% mystnb={"image": {"alt": "@ALT4@"}}
table = by_digit.join(yardsticks)
plots.heatmap(
    table,
    row_labels=table.index,
    column_labels=[name.replace(" ", "\n") for name in table],
    title="AUC by digit held out: seven scores of an autoencoder (mean of 3 seeds), four yardsticks",
    xlabel="score",
    ylabel="digit held out",
    number_format="{:.2f}",
    colour_label="AUC, test images",
)

# %% [markdown]
# @TEXT7@

# %%
overview = pd.DataFrame(
    {
        "mean AUC": table.mean(),
        "worst digit": table.idxmin(),
        "its AUC": table.min(),
        "digits below 0.5": (table < 0.5).sum(),
        "std over seeds, mean": spread.mean(),
        "largest": spread.max(),
    }
)
overview.loc[table.columns].round(3)

# %% mystnb={"image": {"alt": "@ALT5@"}}
three = ["error", "error per ink", "combined"]
long = runs.melt(["digit", "seed"], three, "score", "AUC")
long["digit"] += 0.15 * (long["score"].map(three.index) - 1)  # side by side
figure = plots.error_bars(
    long,
    x="digit",
    y="AUC",
    group="score",
    title="Three scores by digit held out (mean ± standard deviation of three seeds)",
    xlabel="digit held out",
    ylabel="AUC, test images",
    references={"knows nothing": 0.5},
)
figure.axes[0].set_xticks(range(10))
for line in figure.axes[0].lines[: 3 * len(three)]:
    line.set_linestyle("none")
figure

# %% [markdown]
# @TEXT8@

# %% [markdown]
# ### Which score would you have chosen?
#
# The best entry in a row of that table is known because the anomalies are known. A real detector waits for anomalies
# that nobody has seen, and normal validation images cannot say which score will find them. What you may do is
# rehearse: hold out digits that you know, on validation images. For each digit, take the score with the best mean AUC
# over the *other* nine, measured on validation images, and only then look at the digit itself.

# %%
rehearsal = {
    run: {name: roc_auc_score(y_validation == run[0], column) for name, column in zip(SCORES, scores.T)}
    for run, scores in validation_scores.items()
}
rehearsed = pd.DataFrame.from_dict(rehearsal, orient="index").groupby(level=0).mean()
chosen = pd.Series({digit: rehearsed.drop(digit).mean().idxmax() for digit in range(10)}, name="chosen")
choice = chosen.to_frame().rename_axis("held out")
choice["its AUC"] = [by_digit.loc[digit, name] for digit, name in chosen.items()]
choice["AUC of the error"] = by_digit["error"]
choice.round(3)

# %%
gain = choice["its AUC"] - choice["AUC of the error"]
print(f"mean AUC: error {by_digit['error'].mean():.3f}, rehearsed choice {choice['its AUC'].mean():.3f}")
print(f"better than the error on {(gain > 0).sum()} digits of 10")

# %% [markdown]
# @TEXT9@

# %% [markdown]
# ## Why some digits hide
#
# For each digit you have networks that saw it (those that had to do without another digit) and networks that did not.
# So its error splits into two factors: how hard the digit is even when it is known, and the *surprise*, by which the
# error grows when it is not.
#
# $$ \text{error when unseen} = \text{error when seen} \times \text{surprise} \tag{11.3} $$
#
# > **Predict first.** Which of the two factors decides the AUC? By how many per cent does the error of a digit grow,
# > typically, if the network has never seen it?

# %%
errors = {run: scores[:, 0] for run, scores in test_scores.items()}
rows = {}
for digit in range(10):
    own = y_test == digit
    with_it = [errors[other, seed][own].mean() for other in range(10) if other != digit for seed in SEEDS]
    without, normal = ([errors[digit, seed][part].mean() for seed in SEEDS] for part in (own, ~own))
    rows[digit] = {"error when seen": np.mean(with_it), "error when unseen": np.mean(without)}
    rows[digit] |= {"surprise": np.mean(without) / np.mean(with_it), "normal images": np.mean(normal)}
why = pd.DataFrame.from_dict(rows, orient="index").rename_axis("digit").assign(AUC=by_digit["error"])
why.round(4)

# %%
correlation = {name: spearmanr(why[name], why["AUC"]).statistic for name in ("error when seen", "surprise")}
print("rank correlation with the AUC over the ten digits:")
print(", ".join(f"{name} {value:.2f}" for name, value in correlation.items()))

# %% [markdown]
# @TEXT10@

# %% mystnb={"image": {"alt": "@ALT6@"}}
network.set_weights(weights[1, SEED])
rebuilt = predict(network, x_test)
order = np.argsort(errors[1, SEED])
ones = order[y_test[order] == 1]
picked = np.r_[ones[:4], ones[len(ones) // 2 - 2 : len(ones) // 2 + 2], ones[-4:]]
plots.image_rows(
    {"1s, never seen": x_test[picked], "rebuilt": rebuilt[picked]},
    title="Least, middle and greatest errors among the 1s, by a network that never saw a 1",
    captions={"rebuilt": [f"{errors[1, SEED][index]:.4f}" for index in picked]},
)

# %% [markdown]
# @TEXT11@

# %% [markdown]
# ## Code size
#
# A code of 32 or 64 numbers can say more than "which digit in which hand". Would a smaller code, with room for normal
# digits only, be a better guard? PCA answers for every size and every digit at no cost.
#
# > **Predict first.** Is there a code size at which all ten digits are found? What happens at 700 of 784 components?

# %% mystnb={"image": {"alt": "@ALT7@"}}
pca_auc = pd.DataFrame(
    {digit: [roc_auc_score(y_test == digit, column) for column in pca[digit].T] for digit in range(10)},
    index=pd.Index(SIZES, name="components"),
)
plots.heatmap(
    pca_auc.T,
    row_labels=range(10),
    column_labels=SIZES,
    title="AUC of PCA's reconstruction error, by code size",
    xlabel="components (0: distance to the mean image)",
    ylabel="digit held out",
    number_format="{:.2f}",
    colour_label="AUC, test images",
)

# %% [markdown]
# @TEXT12@ Now the autoencoder, for the digits 1 and 9, with codes of 2, 8 and 128 numbers beside the 32 above. And with an
# [over-complete](glossary.md#overcomplete) one: a single hidden layer of 1,024 numbers for 784 pixels, one epoch, one
# seed, since it takes seven times as long.


# %%
def by_size(size, digit, seed):
    model = sized[size]
    model.set_weights(build(size, seed).get_weights())
    epochs = EPOCHS if size < 784 else 1
    training.fit(model, normal_images(digit), epochs=epochs, batch_size=BATCH_SIZE, seed=seed)
    error, own = metrics.mean_squared_error(x_test, predict(model, x_test)), y_test == digit
    return {"AUC": roc_auc_score(own, error), "MSE, normal": error[~own].mean(), "MSE, anomalies": error[own].mean()}


def build(size, seed):
    hidden = (128,) if size < 784 else ()
    return models.dense_autoencoder(size, hidden=hidden, code_activation="linear", seed=seed)


sized = {size: build(size, SEED) for size in (2, 8, 128, 1024)}
small = sweep(by_size, {"size": [2, 8, 128], "digit": [1, 9]}, seeds=(0, 1))
wide = sweep(by_size, {"size": [1024], "digit": [1, 9]}, seeds=(0,))

# %%
known = runs[runs["digit"].isin([1, 9]) & (runs["seed"] < 2)].assign(size=32, AUC=runs["error"])
all_sizes = pd.concat([small, known, wide])
by_code = all_sizes.pivot_table(index="size", columns="digit", values="AUC", aggfunc=["mean", "min", "max"])
by_code.round(3)

# %% [markdown]
# @TEXT13@

# %% [markdown]
# ## A threshold with a promise
#
# So far no threshold was needed. To use a detector you have to set one, and you have normal images only. Take $n$
# normal validation images, which the network was not trained on, and allow a false-alarm rate $\alpha$. Set the threshold at
# the $m$-th largest of their scores, with $m = \lfloor \alpha (n + 1) \rfloor$. If a new normal image is drawn as they
# were, its score is equally likely to take any of the $n + 1$ places among theirs, and it raises an alarm if it takes one
# of the first $m$. Hence, whatever the score and whatever its distribution,
#
# $$ P(\text{false alarm}) \leq \frac{m}{n + 1} \leq \alpha. \tag{11.4} $$
#
# This is [conformal](glossary.md#conformal-threshold) reasoning ([Vovk, Gammerman and Shafer
# 2005](references.md#vovk-gammerman-and-shafer-2005)). The probability is over the validation images, too: one set of
# them may be lucky or not. `anomaly.false_alarm_range` gives the limits between which the rate on our test images
# should lie, 19 times in 20. Nothing is fitted to validation images above, so they are fit for this.
#
# > **Predict first.** At 5 % false alarms, which share of the 9s do you expect to find?

# %%
RATE = 0.05
rows = []
for (digit, seed), scores in validation_scores.items():
    normal, own = y_validation != digit, y_test == digit
    low, high = anomaly.false_alarm_range(int(normal.sum()), int((~own).sum()), RATE)
    for name, validation, test in zip(SCORES, scores[normal].T, test_scores[digit, seed].T):
        alarm = test > anomaly.threshold(validation, RATE)
        row = {"digit": digit, "seed": seed, "score": name, "false alarms": alarm[~own].mean()}
        rows.append(row | {"low": low, "high": high, "found": alarm[own].mean()})
alarms = pd.DataFrame(rows)
alarms["in the range"] = alarms["false alarms"].between(alarms["low"], alarms["high"])

# %%
by_score = alarms.groupby("score", sort=False)
promise = by_score[["false alarms", "low", "high", "in the range", "found"]].mean()
promise.insert(1, "least", by_score["false alarms"].min())
promise.insert(2, "greatest", by_score["false alarms"].max())
promise.round(3)

# %% [markdown]
# @TEXT14@

# %%
found = alarms.pivot_table(index="digit", columns="score", values="found")[SCORES]
found.rename_axis("held out").rename_axis(None, axis=1).round(3)

# %% [markdown]
# @TEXT15@
#
# And the source's experiment itself: the first network, trained for 20 epochs, with 9 held out.

# %%
score = scorer(source_model, normal_images(9))
source_validation, source_test = score(x_validation[y_validation != 9]), score(x_test)
limits = np.array([anomaly.threshold(column, RATE) for column in source_validation.T])
raised = source_test > limits
rows = {}
for name, alarm in zip(SCORES, raised.T):
    interval = binomtest(int(alarm[~nine].sum()), int((~nine).sum())).proportion_ci(method="exact")
    rows[name] = {"false alarms": alarm[~nine].mean(), "95 % from": interval.low, "to": interval.high}
    rows[name] |= {"9s found": alarm[nine].mean()}
source_alarms = pd.DataFrame.from_dict(rows, orient="index")
source_alarms["AUC"] = [roc_auc_score(nine, column) for column in source_test.T]
source_alarms.round(3)

# %% [markdown]
# @TEXT16@ The promise is about all normal images together. Is it kept for each digit?

# %%
by_normal = pd.DataFrame(raised, columns=SCORES).groupby(y_test).mean().loc[:8]
by_normal.rename_axis("normal digit").round(3)

# %% [markdown]
# @TEXT17@

# %% [markdown]
# ## What is an alarm worth?
#
# Test sets are made with plenty of anomalies: 9s are a tenth of all digits. In use, anomalies are rare. Let $\pi$ be
# the share of anomalies among the images that come, $D$ the share of them that is found, and $F$ the false-alarm rate.
# By Bayes' theorem the share of alarms that are right, the [precision](glossary.md#precision), is
#
# $$ P(\text{anomaly} \mid \text{alarm}) = \frac{\pi D}{\pi D + (1 - \pi) F}. \tag{11.5} $$
#
# > **Predict first.** One image in 100 is an anomaly. A *perfect* score finds them all, at 5 % false alarms. Which share
# > of its alarms is right: 95, 50 or less than 20 per cent?

# %%
detectors = {
    "finds all": (1.0, RATE),
    "combined, mean digit": tuple(promise.loc["combined", ["found", "false alarms"]]),
    "error, mean digit": tuple(promise.loc["error", ["found", "false alarms"]]),
    "finds all, 0.1 % false alarms": (1.0, 0.001),
}
prevalences = (0.5, 0.1, 0.01, 0.001)
precision = pd.DataFrame(
    {
        name: [share * found_share / (share * found_share + (1 - share) * rate) for share in prevalences]
        for name, (found_share, rate) in detectors.items()
    },
    index=[f"{share:.1%} anomalies" for share in prevalences],
)
precision.T.round(3)

# %% [markdown]
# At one anomaly in 100, even the detector that misses nothing is wrong in five alarms of six: 99 normal images raise
# about five false alarms for each right one. Forgetting this is the
# [base-rate fallacy](glossary.md#base-rate-fallacy) ([Axelsson 2000](references.md#axelsson-2000)). The AUC does not
# show it, since prevalence does not enter equation (11.1). What helps is a far lower false-alarm rate, and by equation
# (11.4) that takes many normal images: a promise of 0.1 % needs at least 999 of them.

# %% [markdown]
# ## Easy anomalies and hard ones
#
# A 9 among digits is a subtle anomaly. What about images that are no digits? Take the first network and its thresholds,
# and show it clothes, noise, damaged digits and constant images.
#
# > **Predict first.** Which will raise an alarm by their error: an empty image, a grey one, a white one, noise, a digit
# > upside down?

# %%
clothes = data.load_fashion_mnist()
sample = x_test[~nine][:1000]
half = np.arange(784) % 28 < 14
ones_image = np.ones((1, 784), dtype=np.float32)
kinds = {
    "normal digits": x_test[~nine],
    "9s": x_test[nine],
    "clothes": clothes.x_test,
    "uniform noise": np.random.default_rng(SEED).random((1000, 784), dtype=np.float32),
    "pixels shuffled": np.random.default_rng(SEED).permuted(sample, axis=1),
    "black and white swapped": 1 - sample,
    "upside down": sample[:, ::-1],
    "left half only": sample * half,
    "faint (30 %)": 0.3 * sample,
    "white": ones_image,
    "grey (50 %)": 0.5 * ones_image,
    "dark grey (10 %)": 0.1 * ones_image,
    "empty": 0 * ones_image,
}

# %%
rows = {}
for kind, images in kinds.items():
    kind_scores = score(images)
    rows[kind] = {"images": len(images), "mean MSE": kind_scores[:, 0].mean()}
    rows[kind] |= dict(zip(SCORES, (kind_scores > limits).mean(axis=0)))
strange = pd.DataFrame.from_dict(rows, orient="index")
strange.round(3)

# %% [markdown]
# The columns from `error` on give the share of images that raise an alarm; for a single image it is 0 or 1.

# %% mystnb={"image": {"alt": "@ALT8@"}}
examples = np.stack([images[3 % len(images)] for kind, images in kinds.items() if kind != "normal digits"])
plots.image_rows(
    {"shown": examples, "rebuilt": predict(source_model, examples)},
    title="What the network makes of images that are no normal digits; below: MSE",
    captions={"rebuilt": [f"{value:.3f}" for value in score(examples)[:, 0]]},
)

# %% [markdown]
# @TEXT18@

# %% [markdown]
# ## Summary
#
# @SUMMARY@

# %% [markdown]
# ## Pitfalls
#
# - **Trusting the tale.** "It was not trained on this, so it will rebuild it badly" is a hypothesis. Here it fails for
#   most digits. Measure it, on the anomalies that you can get.
# - **One digit, one seed, one mean.** A larger mean error of the anomalies is compatible with an AUC near 0.5, and
#   results for one digit say little about another.
# - **Choosing the score on the anomalies that you report.** Rehearse on other kinds, or report all.
# - **Tuning for reconstruction.** The network that rebuilds best is not the one that detects best.
# - **Setting the threshold on training images.** Their errors are smaller, so the real rate of false alarms is higher than
#   the promised one. On test images, the rate is not a promise but a look at the answer.
# - **Reading the AUC as usefulness.** With rare anomalies look at the precision.
# - **Forgetting what is too simple.** An empty image is no digit, and is rebuilt well. Check the ink as well as the error.

# %% [markdown]
# ## Check your run


# %%
checks = {}

# %% [markdown]
# ## Exercises
#
# 1. ★ Draw the ROC curves of the scores in `source_test` on one grid of false-alarm rates (`roc_curve` and
#    `np.interp`). Which score is best where false alarms are below 1 %? Is it the one with the largest AUC?
#
#    <details><summary>Solution</summary>
#
#    `false, found, _ = roc_curve(nine, source_test[:, 6])`, then `np.interp(grid, false, found)` for each column, and
#    `plots.curves({...}, x=grid, ...)`. Only the left edge of the curve matters where anomalies are rare; curves may cross
#    there, and the area, which counts all thresholds alike, does not tell.
#
#    </details>
#
# 2. ★ Set the threshold on 5,000 *training* images of the source's network in place of validation images. What is the
#    rate of false alarms on test images? Is the effect larger for the error or for the distance?
#
#    <details><summary>Solution</summary>
#
#    `anomaly.threshold(score(normal_images(9)[6000:11_000])[:, 0], 0.05)`, then compare with `source_test[~nine, 0]`. Leave
#    out the first 6,000, which the scores were learned from: as their own nearest neighbours they have distance 0, and
#    a threshold from them would be far too low.
#
#    </details>
#
# 3. ★★ Train the source's network on *noisy* digits with clean targets ([chapter 4](04_denoising.ipynb)), 9 held out, and
#    score clean test images by their error. Does a network that has to repair what it sees let a 9 pass?
#
#    <details><summary>Solution</summary>
#
#    `training.fit(model, noise.gaussian(normal, 0.5, seed=0), normal, ...)`, then the error of `predict(model, x_test)`. Use
#    three seeds before you believe a difference of a few hundredths.
#
#    </details>
#
# 4. ★★ The promise is kept on average, and not for each normal digit. If you knew the digit of a normal image, you could
#    set a threshold for each. Try it with the digit that the reader gives to the *reconstruction*. Are false alarms even
#    now? What does it do to the share of 9s found?
#
#    <details><summary>Solution</summary>
#
#    For each digit read in the validation images, `anomaly.threshold` on their scores; for each test image, the
#    threshold of the digit read. The groups have a tenth of the images each, so the range of the real rate is wider:
#    see `anomaly.false_alarm_range(550, 900, 0.05)`.
#
#    </details>
#
# 5. ★★ A p-value for each image is $(1 + k) / (n + 1)$, with $k$ the number of normal validation scores at or above its own.
#    Take 1,000 images of which 10 are anomalies, and raise alarms by the rule of
#    [Benjamini and Hochberg (1995)](references.md#benjamini-and-hochberg-1995) with $q = 0.2$. Repeat for 100 draws: which
#    share of the alarms is false?
#
#    <details><summary>Solution</summary>
#
#    `scipy.stats.false_discovery_control(p) <= 0.2` applies the rule. [Bates et al.
#    (2023)](references.md#bates-et-al-2023) prove that the mean share of false alarms stays below $q$ for these p-values, though
#    they share one validation set. With a weak score there are mostly no alarms at all, which keeps the promise, too.
#
#    </details>
#
# 6. ★★★ Let the decoder be worse on purpose: give the network a memory. Replace each code by the mean of its three
#    nearest normal training codes before decoding, and score by the error of that reconstruction. For which digits does
#    it help? [Gong et al. (2019)](references.md#gong-et-al-2019) train such a memory with the network.
#
#    <details><summary>Solution</summary>
#
#    `_, near = anomaly.nearest_normals(z, codes, n_neighbors=3)`, then `predict(model.decoder, codes[near].mean(axis=1))`. The
#    reconstruction can only show what normal codes stand for, so an anomaly cannot be rebuilt by extrapolation. Compare
#    with the distance to the nearest normal *image* in the table of yardsticks, which is the same idea without a network.
#
#    </details>

# %% [markdown]
# ## Further reading
#
# - [Japkowicz, Myers and Gluck (1995)](references.md#japkowicz-myers-and-gluck-1995) and
#   [Hawkins et al. (2002)](references.md#hawkins-et-al-2002): the idea when it was new.
# - [Ruff et al. (2021)](references.md#ruff-et-al-2021): a review of shallow and deep methods, and of how they are evaluated.
# - [Gong et al. (2019)](references.md#gong-et-al-2019): that autoencoders rebuild anomalies well, and one remedy.
# - [Nalisnick et al. (2019)](references.md#nalisnick-et-al-2019): generative models, too, may find foreign images *more*
#   likely than their own.
# - [Bates et al. (2023)](references.md#bates-et-al-2023): promises about false alarms from normal images alone.

# %% [markdown]
# ## Next
#
# @NEXT@
