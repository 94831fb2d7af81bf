# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Feature learning
#
# So far the code was mostly a means: the decoder made an image of it. Now throw the decoder away. What is left, the
# encoder, turns an image into a few numbers, and it learnt to do so without a single label. If those numbers say what
# is in the image, a classifier that sees them should get by with few labelled images. Does it? And compared with what?

# %% [markdown]
# ## What you will learn
#
# - Measure what a code is worth to a classifier with two [probes](glossary.md#probe): same labelled images for all,
#   choices made within them, all test images.
# - Judge learnt features beside raw pixels, PCA at equal size, and an encoder that was never trained.
# - Compare in pairs over several draws of labels, and tell a difference from luck.
# - Start a classifier from a pretrained encoder, and see what can go wrong where the two meet.
# - Retrieve similar digits by their codes, and name the cases in which learnt features do not help.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, [chapter 4](04_denoising.ipynb) for denoising, [chapter
#   5](05_code_size.ipynb) for codes of other sizes and for dead units, [chapter 6](06_latent_plane.ipynb) for networks
#   side by side.
# - Logistic regression and nearest neighbours as classifiers; mean and standard deviation.
#
# Running time: about 2 minutes on two quick cores.

# %%
from aelib import baselines, data, metrics, models, noise, plots, probes, training
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

SEED = 0
SIZES = (64, 32, 16, 2)  # of codes
LABELS = (100, 500, 1000)  # labelled images
DRAWS = 5  # of labelled images, for each number of them
EPOCHS, LONGER = 4, 8
BATCH_SIZE = 250  # divides 60,000: no smaller last batch, for which XLA would compile once more (chapter 5)

# %%
mnist = data.load_mnist()
x_train, y_train, x_test, y_test = mnist.x_train, mnist.y_train, mnist.x_test, mnist.y_test


def codes(model):
    """The codes of all training images and of all test images."""
    return predict(model.encoder, x_train), predict(model.encoder, x_test)


# %% [markdown]
# ## Features, learnt and not learnt
#
# A [feature](glossary.md#feature) is a number computed from an image that is meant to say something about it. All kinds
# of features in this chapter have the same form: an array for the 60,000 training images and one for the 10,000 test
# images, a row for each image. Three kinds are [yardsticks](glossary.md#yardstick):
#
# - *pixels*: the 784 raw values, nothing learnt;
# - *PCA*: the first 64, 32, 16 and 2 components, learnt from the same images and equally without labels;
# - *untrained 64*: the code of the network before training, which mixes the pixels at random. What it achieves, no
#   training can claim.

# %%
features = {"pixels": (x_train, x_test)}
pca = baselines.PCACodec(max(SIZES)).fit(x_train)
components = pca.encode(x_train), pca.encode(x_test)
features |= {f"PCA {size}": tuple(part[:, :size] for part in components) for size in SIZES}

autoencoders = {size: models.dense_autoencoder(size, seed=SEED) for size in SIZES}
features["untrained 64"] = codes(autoencoders[64])

# %% [markdown]
# Then the autoencoders, as in chapter 5, ReLU throughout and also at the code, trained on all training images for four
# epochs. That is a fifth of chapter 3's. The largest and the smallest go on to eight, so that you can see what longer
# training does to their codes.

# %%
errors = {}  # test MSE, by the name of the features
weights = {}


def train(name, size, x=x_train, target=None, *, epochs=EPOCHS, seed=SEED):
    """Train an autoencoder from its random start; its codes after `EPOCHS` and, if it gets there, `LONGER`."""
    model = autoencoders[size]

    def keep(epoch, logs=None):
        if epoch + 1 in (EPOCHS, LONGER):
            kept = name if epoch + 1 == EPOCHS else f"{name}, {LONGER} epochs"
            features[kept], weights[kept] = codes(model), model.get_weights()
            errors[kept] = metrics.mean_squared_error(x_test, predict(model, x_test)).mean()

    model.set_weights(models.dense_autoencoder(size, seed=seed).get_weights())
    settings = {"epochs": epochs, "batch_size": BATCH_SIZE, "seed": seed}
    training.fit(model, x, target, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=keep)], **settings)


# %%
for size, epochs in {64: LONGER, 32: EPOCHS, 16: EPOCHS, 2: LONGER}.items():
    train(f"autoencoder {size}", size, epochs=epochs)

# %% [markdown]
# ## Two probes
#
# A *probe* is a classifier so simple that what it achieves must lie in the features. Two are customary, and they ask
# different questions.
#
# The [linear probe](glossary.md#linear-probe) asks whether flat borders separate the digits. It is multinomial logistic
# regression: each digit $c$ gets a score $w_c^\top z + b_c$ from the features $z$, and the scores become probabilities,
#
# $$ p(c \mid z) = \frac{\exp(w_c^\top z + b_c)}{\sum_{k=0}^{9} \exp(w_k^\top z + b_k)}. \tag{13.1} $$
#
# Weights $w_c$ and biases $b_c$ are fitted so that the labelled images' own digits are probable, with a penalty on
# $\sum_c \lVert w_c \rVert^2$. The features are centred and brought to a common scale first: all are divided by the
# same number. (Why the same, you will see below.)
#
# The *nearest-neighbour probe* asks whether images of one digit lie close together: the nearest labelled images vote,
# each with one over its distance. It cannot reweight anything, so it judges the distances between codes as they are.
#
# Each probe has one thing to choose: the strength of the penalty (its inverse $C$, from 0.01 to 10, by the mean of
# $-\ln p$ of the right digit on held-out fifths), the number of voters (1, 3, 5 or 9, leaving out one image at a time).
# Someone who has 100 labels has no others to choose on, so the choice is made within the 100. A [stratified
# draw](glossary.md#stratified-draw) has each digit equally often; its number is its seed.

# %%
train_codes, test_codes = features["autoencoder 64"]
labelled = probes.stratified_draw(y_train, 100, seed=0)
linear = probes.linear_probe(train_codes[labelled], y_train[labelled], seed=0)
neighbours = probes.neighbour_probe(train_codes[labelled], y_train[labelled])

print("labelled images of each digit:", *np.bincount(y_train[labelled]))
print(
    f"linear probe: inverse penalty C = {linear['classifier'].C:g} chosen, test accuracy {linear.score(test_codes, y_test):.1%}"
)
print(
    f"neighbours: number of voters chosen: {neighbours.n_neighbors}, test accuracy {neighbours.score(test_codes, y_test):.1%}"
)

# %% [markdown]
# Ten images of each digit are enough to read most test digits. But that is one draw, without a yardstick.
#
# ## Codes of each size
#
# `probes.probe_accuracy` runs both probes on five draws each of 100, 500 and 1,000 labelled images, always on all
# 10,000 test images, and returns a row for each run. Tables show test accuracy in per cent, mean ± standard deviation
# over the draws.
#
# > **Predict first.** With 1,000 labels, order these for the linear probe: 64 code units, 64 components, 784 pixels, 64
# > untrained units. Will the nearest neighbours agree with your order? And what will be left of it with 16 numbers?


# %%
def probe_all(names, sizes=LABELS):
    """Both probes on all draws, for each kind of features named."""
    parts = [(features[name][0], y_train, features[name][1], y_test) for name in names]
    tables = [probes.probe_accuracy(*part, sizes=sizes, draws=DRAWS) for part in parts]
    return pd.concat(tables, keys=names, names=["features"]).reset_index("features")


def plus_minus(values, number="{:.1f}"):
    """Mean ± standard deviation over the draws; spaces at which a table's cell does not break."""
    return values.mean().map(number.format) + "\u00a0±\u00a0" + values.std().map("{:.1f}".format)


def percent(rows, columns=("probe", "labels")):
    """Test accuracy in per cent, a row for each kind of features."""
    by = [rows[name] for name in ("features", *columns)]
    return plus_minus((100 * rows["accuracy"]).groupby(by, sort=False)).unstack(list(columns)).sort_index(axis=1)


# %%
kinds = ["pixels", *(f"{code} {size}" for code in ("PCA", "autoencoder") for size in SIZES), "untrained 64"]
results = probe_all(kinds)
percent(results).loc[kinds]

# %% [markdown]
# Chance is 10. Here are 16, 32 and 64 numbers with 1,000 labels; 2 numbers would be far below:

# %% mystnb={"image": {"alt": "Accuracy with 1,000 labels against code sizes 16, 32 and 64, four lines with error bars between 0.83 and 0.92. Linear probe: the autoencoder is well above PCA at 16, slightly at 32 and slightly below at 64, where both reach the dashed line of the pixels. Nearest neighbours: PCA is far above all other lines and above the dotted line of the pixels; the autoencoder is below it."}}
thousand = results[results["labels"] == 1000]
by_size = thousand[
    thousand["features"].isin([f"{code} {size}" for code in ("PCA", "autoencoder") for size in (16, 32, 64)])
]
parts = by_size["features"].str.split(" ", expand=True)
plots.error_bars(
    by_size.assign(size=parts[1].astype(int), line=parts[0] + ", " + by_size["probe"]),
    x="size",
    y="accuracy",
    group="line",
    title=f"1,000 labels: accuracy against code size (mean ± standard deviation of {DRAWS} draws)",
    xlabel="code size (numbers per image)",
    ylabel="test accuracy",
    references=thousand[thousand["features"] == "pixels"]
    .groupby("probe")["accuracy"]
    .mean()
    .add_prefix("pixels, ")
    .to_dict(),
    log_x=True,
)

# %% [markdown]
# - **The linear probe hardly cares.** With 64 code units, 64 components or the raw pixels it comes out within about a
#   point, whatever the number of labels. The autoencoder's gain shows in a *small* code: with 500 and 1,000
#   labels, 16 units keep more of what 64 have than 16 components do.
# - **The neighbours prefer PCA**, at 64, 32 and 16 numbers, to the autoencoder and to the pixels. Components leave
#   distances between images as they are, less what the components left out would add; and here the neighbours do
#   better without that. Nothing in an autoencoder's loss asks for meaningful distances.
# - **Two numbers** are too few for either. The autoencoder is even behind PCA; more on that soon.
# - **Training did something.** The untrained encoder, with the same layers and size, is far behind.
#
# If you have read that autoencoders learn better features than PCA, this table is not what you expected. So before you
# believe it: are the differences luck?
#
# ## In pairs
#
# The standard deviations above are mostly those of the draws: one draw has clear digits, the next has odd ones, and
# this moves *all* features up or down together. Draw 3 is made up of the same images for all features. So subtract draw
# by draw, and look at the spread of the difference.


# %%
def by_draw(rows, by=("probe", "labels")):
    """Test accuracy in per cent: a row for each draw, a column for each kind of features."""
    return 100 * rows.pivot(index=[*by, "draw"], columns="features", values="accuracy")


def leads(rows, pairs, by=("probe", "labels")):
    """Of each pair: by how many points the first is ahead on the same draw, and in how many of the draws."""
    accuracy, table = by_draw(rows, by), {}
    for first, second in pairs:
        lead = (accuracy[first] - accuracy[second]).groupby(level=list(by))
        wins = lead.agg(lambda difference: str((difference > 0).sum()))
        table[f"{first} − {second}"] = plus_minus(lead, "{:+.1f}") + " (" + wins + f"\u00a0of\u00a0{DRAWS})"
    return pd.DataFrame(table).T


pairs = [(f"autoencoder {size}", f"PCA {size}") for size in SIZES]
pairs += [("autoencoder 64", "pixels"), ("PCA 64", "pixels"), ("autoencoder 64", "untrained 64")]
leads(results, pairs)

# %% [markdown]
# Each entry is the mean lead in points ± its standard deviation, and in how many of the five draws there was a lead. If
# two kinds of features with standard deviations $a$ and $b$ had no luck in common, that of their difference would be
# $\sqrt{a^2 + b^2}$, larger than both. For the linear probe with 500 and 1,000 labels it is mostly well below that:
# most of the luck was common to both. With 100 labels, and for neighbours, less of it was, since a draw may suit one
# kind of features and not the other. If two kinds are equally good, one or the other leads in all five draws once in 16
# times by luck alone: of 42 such entries, in two or three. Linear probe, 64 and 32 numbers: less than a point between
# the two codes, though with 1,000 labels even half a point can be consistent. 16 numbers, 500 and 1,000 labels: a lead
# of the autoencoder in every draw. Neighbours: a lead of PCA in every draw. (For two numbers, where PCA leads by both
# probes, read on.)
#
# Draws are one kind of luck, the random start of the encoder is another. Train the 64-unit model from another seed and
# the 2-unit model from two, and probe them, after four epochs and after eight, on the same five draws of 1,000 labels.
# Beside the accuracies stands the number of [dead units](glossary.md#dead-unit), those that give 0 for every test
# image.

# %%
for size, seed in ((64, 1), (2, 1), (2, 2)):
    train(f"autoencoder {size}, seed {seed}", size, epochs=LONGER, seed=seed)

new = [name for name in features if "autoencoder" in name and name not in kinds]
thousand = pd.concat([thousand, probe_all(new, sizes=[1000])])

# %%
names = [name for name in features if name.startswith(("autoencoder 64", "autoencoder 2"))]
by_seed = percent(thousand, ["probe"]).loc[["PCA 64", "PCA 2", *names]]
dead = {name: str((features[name][1] == 0).all(axis=0).sum()) for name in names}
by_seed["dead units"] = pd.Series(dead).reindex(by_seed.index, fill_value="")
by_seed["test MSE"] = pd.Series(errors).map("{:.4f}".format).reindex(by_seed.index, fill_value="")
by_seed

# %% [markdown]
# - **64 units**: the two seeds agree within a point or so. The comparison with PCA does not hang on this encoder. (Some
#   of the 64 units are dead, so the code has fewer live numbers than its size says.)
# - **2 units**: the seed decides, and the training time. This is what [chapter 6](06_latent_plane.ipynb) warned of:
#   where one of two ReLU units is dead, the code is a single number, and the accuracy shows it. Four epochs are too few
#   for this size. After eight the dead unit is back, as some were in chapter 6, and all three are ahead of two
#   components, for both probes.
# - **Longer training** lowers the reconstruction error at both sizes. With 2 units the probes gain by it. With 64 the
#   linear probe stays where it was, and the neighbours get *worse*, for both seeds.
#
# The loss asks for codes from which the decoder can rebuild the image, and for nothing
# else. With two numbers that means: put together what looks alike. With 64 there is room for the writer's hand as well,
# for every slant and width. That serves the reconstruction, and it may be what drives images of one digit apart. **A
# better reconstruction need not be a better feature.**

# %% [markdown]
# ## A trap: the scale
#
# Both probes depend on scale. A penalty on the weights makes a feature of small variance expensive to use, and a
# distance hardly notices it. Many recipes therefore *standardise*: every feature is divided by its own standard
# deviation. What does that do to components and to codes?
#
# > **Predict first.** The variance of the 64th component is a small part of that of the first. After standardising,
# > they count the same. Which of the two codes will suffer, and with how many labels most?

# %%
spreads = {}
for name in ("PCA 64", "autoencoder 64"):
    train_part, test_part = features[name]
    spread = train_part.std(axis=0) + 1e-12  # a dead unit stays at 0
    features[f"{name}, standardised"] = train_part / spread, test_part / spread
    spreads[name] = spread.max(), spread[spread > 1e-6].min()
    times = np.divide(*spreads[name])
    print(f"{name}: the largest standard deviation of a live feature is {times:.1f} times the smallest")

# %%
names = ["PCA 64", "PCA 64, standardised", "autoencoder 64", "autoencoder 64, standardised"]
results = pd.concat([results, probe_all([name for name in names if "standardised" in name])])
percent(results).loc[names]

# %% [markdown]
# Standardised components collapse, most of all with few labels: the last ones say little about the digit, and now they
# are as loud as the first. The code hardly changes; the neighbours even gain a little. Its live units differ less in
# spread, and no unit is a last one: PCA sorts its numbers by variance, an autoencoder does not.
#
# > **Pitfall.** Had this chapter standardised its features, as is usual, it would now report that with few labels the
# > autoencoder beats PCA by far. That would be a result about scaling. Give the yardstick the treatment that suits it.
#
# ## What it was trained for
#
# Two more encoders of the same size, from the same random start. One learns to denoise (standard deviation 0.5, as in
# [chapter 4](04_denoising.ipynb)), which is said to teach more than copying; since one start may mislead, it is
# trained from the second seed, too. The other is trained on Fashion-MNIST: it has never seen a digit.
#
# > **Predict first.** Where between *untrained 64* and *autoencoder 64* will the encoder trained on clothes come out?

# %%
noisy = noise.gaussian(x_train, 0.5, seed=SEED + 1)
train("denoising 64", 64, noisy, x_train)
train("denoising 64, seed 1", 64, noisy, x_train, seed=1)
train("clothes 64", 64, data.load_fashion_mnist().x_train)
new = ["denoising 64", "denoising 64, seed 1", "clothes 64", "autoencoder 64, seed 1"]
results = pd.concat([results, probe_all(new)])
percent(results).loc[["untrained 64", "autoencoder 64", *new]]

# %%
pairs = [("denoising 64", "autoencoder 64"), ("denoising 64, seed 1", "autoencoder 64, seed 1")]
pairs += [("clothes 64", "autoencoder 64"), ("clothes 64", "untrained 64")]
leads(results, pairs)

# %% [markdown]
# - **Denoising** helps the neighbours with 100 labels, from both seeds. With 1,000 it is gone: from neither seed is
#   denoising clearly ahead, and from one it is behind. The linear probe stays within a point or so. The larger claims
#   come from other settings: wide layers without a bottleneck, where copying is the danger, stacked and then fine-tuned
#   ([Vincent et al. (2010)](references.md#vincent-et-al-2010)). Here the bottleneck prevents copying already.
# - **Clothes** come surprisingly close, for the linear probe with 1,000 labels. There an encoder that never saw a digit
#   has most of the lead over the untrained one that training on digits gives. So most of what training gained for
#   *this* probe does not depend on digits. It may be something that both kinds of images share, such as edges, or only
#   that a trained code mixes the pixels less badly than a random one; this comparison does not tell which. For
#   neighbours, and with few labels, the gap is wider.
#
# ## All labels
#
# Labels were scarce so far. Now let the classifiers have all 60,000. With so many, the linear one needs hardly any
# penalty; scikit-learn's default will do. For the neighbours, the nearest of all training images decides, for 2,000 of
# the test images.

# %%
queries = np.random.default_rng(SEED).choice(len(x_test), 2000, replace=False)
found, right, rows = {}, {}, {}
for name in ("pixels", "PCA 64", "autoencoder 64"):
    train_part, test_part = features[name]
    mean, scale = train_part.mean(axis=0), np.sqrt(train_part.var(axis=0).mean())
    linear = LogisticRegression(tol=1e-3, max_iter=1000).fit((train_part - mean) / scale, y_train)
    found[name] = probes.retrieve(train_part, test_part[queries])
    right[name] = (y_train[found[name][:, 0]] == y_test[queries]).astype(float)
    lead = right[name] - right["pixels"]
    rows[name] = {
        "linear": linear.score((test_part - mean) / scale, y_test),
        "nearest": right[name].mean(),
        "lead over pixels": lead.mean(),
        "its standard error": lead.std() / np.sqrt(len(lead)),
    }
everything = 100 * pd.DataFrame(rows).T
everything.round(1)

# %% [markdown]
# With all labels the raw pixels win the linear column. No code can hold more than the image. It could only make the
# same things easier to read, and for a linear classifier with labels enough this one does not. In the other column,
# pixels with their nearest neighbour are a strong classifier on MNIST, and PCA does as well with 64 numbers in place of
# 784; the code is close behind. All three answered the same queries, so compare in pairs here, too: a lead of less than
# about two standard errors may well be luck.
#
# ## Similar digits
#
# The neighbours found on the way are a [retrieval](glossary.md#retrieval): given a digit, the *query*, find the ten
# most similar ones among 60,000. Its [precision at 10](glossary.md#precision-at-k) is the share of the ten that show
# the query's digit. Two more encoders join in.

# %%
for name in ("clothes 64", "untrained 64"):
    found[name] = probes.retrieve(features[name][0], features[name][1][queries])
shuffled = np.random.default_rng(SEED).permutation(y_train)
print(f"chance (labels shuffled): {probes.precision_at(found['pixels'], shuffled, y_test[queries]).mean():.3f}")
rows = {}
for name, nearest in found.items():
    precision = probes.precision_at(nearest, y_train, y_test[queries])
    distance = np.linalg.norm(x_train[nearest] - x_test[queries][:, None], axis=2)
    rows[name] = {
        "precision at 10": precision.mean(),
        "all ten right": (precision == 1).mean(),
        "distance in pixels": distance.mean(),
    }
retrieval = pd.DataFrame(rows).T
retrieval.round(3)

# %% [markdown]
# The order is that of the neighbours above: PCA, pixels, then the code. The last column is the mean distance of the
# images found from the query, in pixel space. The pixels have the least by definition. What the code finds is farther
# away and yet mostly the same digit, so it has its own idea of similar.
#
# To see it, look at two queries, chosen by rule: the one for which the code is most ahead of the pixels in precision,
# and the one for which it is most behind.


# %%
def precision_of(name):
    return probes.precision_at(found[name], y_train, y_test[queries])


def look(query):
    """A query, then the ten images found in each kind of features; under each image its digit."""
    names = ["pixels", "PCA 64", "autoencoder 64"]
    rows = {name: np.concatenate([x_test[queries[[query]]], x_train[found[name][query]]]) for name in names}
    captions = {name: ["query", *map(str, y_train[found[name][query]])] for name in names}
    title = f"A {y_test[queries[query]]} and the ten training images nearest to it"
    return plots.image_rows(rows, title=title, captions=captions)


gain = precision_of("autoencoder 64") - precision_of("pixels")
print(f"the code is ahead for {(gain > 0).sum()} queries, behind for {(gain < 0).sum()}, of {len(gain)}")

# %% mystnb={"image": {"alt": "Three rows: the query, a 4 with a few specks beside it, then the ten digits found. Pixels find ten 1s, all slanted as the stem of the 4. PCA finds three 4s, then 1s. The autoencoder finds eight 4s of different slants and widths, and two 7s."}}
look(gain.argmax())

# %% mystnb={"image": {"alt": "Three rows: the query, a 9 with a closed lower loop, much like an 8, then the ten digits found. Pixels find six 9s and four 8s, PCA eight 9s and two 8s. The autoencoder finds five 8s, four 3s and a 0, and no 9."}}
look(gain.argmin())

# %% [markdown]
# The digit under each image is its label. Pixels and code fail once each. In the first figure the pixels do, and PCA
# nearly as badly: they look for ink in the same places, whatever the shape. In the second the code does: it takes a
# digit with like parts for a like digit. Two cases prove nothing, but the count above covers all queries, and there the
# code is behind more often than ahead. As long as digits stand centred and upright, as in MNIST, ink in the same place
# is a good sign.
#
# ## Pretraining, then fine-tuning
#
# So far the encoder was kept as it was, *frozen*. A layer of ten softmax units on a frozen encoder, a *head*, has the
# form of the linear probe (13.1). The last step is [fine-tuning](glossary.md#fine-tuning): train head *and* encoder on
# the labelled images. The network is 784-128-64-10, and there are four ways to begin:
#
# - *random start*: all weights random, no [pretraining](glossary.md#pretraining). This is the yardstick;
# - *pretrained, random head*: the encoder of the autoencoder, and a new head with random weights, as is common;
# - *pretrained, small head*: the same, but the head is made smaller. A code's length $\lVert z \rVert$ is on average
#   many times that of a random start; the random head is divided by that factor;
# - *pretrained, probe as head*: the same encoder, and the linear probe's weights as the head, so that training begins
#   where the probe ended. With the probe's mean $\mu$ and scale $s$ (its scaler's `kw_args`), the head's weights are
#   $w_c / s$ and its biases $b_c - w_c^\top \mu / s$.
#
# > **Predict first.** Which start is best with 100 labels, and which with 1,000? Is any better than the linear probe?
#
# The five draws are five networks. Put side by side into one model, as in chapter 6, they train in one go. (Keras
# averages their losses; Adam hardly minds the constant factor.)

# %%
CHECKED = (0, 1, 2, 5, 10, 20)  # rounds after which is looked; the last one counts


def new_classifier():
    layers = [keras.layers.Dense(128, activation="relu"), keras.layers.Dense(64, activation="relu")]
    return keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10, activation="softmax")])


classifiers = [new_classifier() for draw in range(DRAWS)]
images = keras.Input((DRAWS, 784))
outputs = [classifier(images[:, draw]) for draw, classifier in enumerate(classifiers)]
side_by_side = keras.Model(images, keras.ops.stack(outputs, axis=1))


# %%
def random_start(labelled, draw):
    return models.dense_autoencoder(64, seed=draw).encoder.get_weights() + random_head(draw)


def random_head(draw):
    kernel = keras.initializers.GlorotUniform(seed=draw)((64, 10))
    return [keras.ops.convert_to_numpy(kernel), np.zeros(10)]


def small_head(draw):
    kernel, bias = random_head(draw)
    return [kernel / longer, bias]


def probe_head(labelled, draw):
    probe = probes.linear_probe(features["autoencoder 64"][0][labelled], y_train[labelled], seed=draw)
    scaling, linear = probe["scaler"].kw_args, probe["classifier"]
    kernel = linear.coef_.T / scaling["scale"]
    return [kernel, linear.intercept_ - scaling["mean"] @ kernel]


# %%
length = {name: np.linalg.norm(features[name][1], axis=1).mean() for name in ("untrained 64", "autoencoder 64")}
longer = length["autoencoder 64"] / length["untrained 64"]
print("mean length of a code:", ", ".join(f"{name} {value:.1f}" for name, value in length.items()))

pretrained = weights["autoencoder 64"][:4]  # kernel and bias of the encoder's two layers
starts = {
    "random start": random_start,
    "pretrained, random head": lambda labelled, draw: pretrained + random_head(draw),
    "pretrained, small head": lambda labelled, draw: pretrained + small_head(draw),
    "pretrained, probe as head": lambda labelled, draw: pretrained + probe_head(labelled, draw),
}

# %% [markdown]
# How long to train? A *round* is 20 steps of 50 images, the labelled ones over and over, whatever their number. All
# starts get 20 rounds. On the way, look at their accuracy on 2,000 training images that are in no draw; nothing is
# chosen by it, since somebody with 100 labels has no such images.

# %%
one_hot = np.eye(10, dtype="float32")[y_train]
draws = [probes.stratified_draw(y_train, max(LABELS), seed=draw) for draw in range(DRAWS)]
validation = np.setdiff1d(np.arange(len(x_train)), np.concatenate(draws))[:2000]


def accuracies(x, y):
    return [100 * (predict(classifier, x).argmax(axis=1) == y).mean() for classifier in classifiers]


# %%
def train_classifiers(start, size):
    """Train on `size` labels of each draw; return the weights of all networks after each number of rounds checked."""
    labelled = [draw[:size] for draw in draws]  # draws are nested
    for draw, classifier in enumerate(classifiers):
        classifier.set_weights(start(labelled[draw], draw))
    path = {0: side_by_side.get_weights()}

    def remember(epoch, logs=None):
        if epoch + 1 in CHECKED:
            path[epoch + 1] = side_by_side.get_weights()

    again = np.stack([np.resize(draw, 1000) for draw in labelled], axis=1)
    settings = {"epochs": max(CHECKED), "batch_size": 50, "loss": "categorical_crossentropy", "seed": SEED}
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=remember)]
    training.fit(side_by_side, x_train[again], one_hot[again], callbacks=callbacks, **settings)
    return path


# %%
by_round, rows = {}, []
for size in LABELS:
    for name, start in starts.items():
        path, scores = train_classifiers(start, size), {}
        for rounds in CHECKED:
            side_by_side.set_weights(path[rounds])
            scores[rounds] = np.mean(accuracies(x_train[validation], y_train[validation]))
        by_round[size, name] = scores
        side_by_side.set_weights(path[max(CHECKED)])
        runs = enumerate(accuracies(x_test, y_test))
        rows += [{"features": name, "labels": size, "draw": draw, "accuracy": value / 100} for draw, value in runs]
pd.DataFrame(by_round).T.rename_axis(["labels", "start"]).round(1)

# %% [markdown]
# These are means over the draws, on the 2,000 training images in no draw, by the number of rounds. Round 0 is before
# fine-tuning: chance for a new head, the linear probe's level where the probe is the head. Watch the second start in
# the first rounds: it is the slowest of all. From codes with values many times those of a random start, a head of the
# usual size makes scores that are as many times too large. That is confident nonsense, and its gradients run back into
# the encoder before the head has found its place. The third start is just as random, but small, and it stays much
# closer to the first. At the end most rows are still rising, so the starts are compared at equal length rather than
# each at its best. (One pretrained encoder serves all draws; the random start is another one for each.)
#
# Now the test images, and the probes on the same draws. PCA with 32 components joins in, which the neighbours like best
# in the table of sizes. (That was noticed on test images; somebody who had to choose would choose on labelled ones.)

# %%
tuned = pd.DataFrame(rows)
frozen = results[results["features"].isin(["pixels", "PCA 32", "PCA 64", "autoencoder 64"])]
frozen = frozen.assign(features=frozen["features"] + ", " + frozen["probe"] + " probe").drop(columns="probe")
compared = pd.concat([tuned, frozen])
percent(compared, ["labels"]).loc[[*starts, *frozen["features"].unique()]]

# %%
others = [
    "pretrained, random head",
    "pretrained, small head",
    "pretrained, probe as head",
    "autoencoder 64, linear probe",
    "PCA 64, neighbours probe",
    "PCA 32, neighbours probe",
]
pairs = [(name, "random start") for name in others]
pairs.append(("pretrained, small head", "pretrained, random head"))
leads(compared, pairs, by=["labels"])

# %% [markdown]
# - **Pretrained, random head**, the common recipe, is *worse* than no pretraining within 20 rounds, with every number
#   of labels. At the end it is still rising, mostly faster than the others, and with many more rounds may catch up. But
#   it has lost the head start it was meant to have: with 100 labels it is behind even the linear probe on the encoder
#   it started from.
# - **Pretrained, small head** is better than that with 100 and 500 labels in every draw, less clearly with 1,000, and
#   about as good as the probe as head. So most of the harm was not in random weights but in their size. Scale has
#   misled for the second time in this chapter.
# - **Pretrained, probe as head** needs no such care. With 100 labels it is level with the random start as far as five
#   draws can tell, and so, by its mean, is the linear probe on raw pixels. With 500 and 1,000 labels the random start
#   is ahead.
# - **The random start** is hard to beat with 500 labels or more, and is ahead of the linear probe on the code. On these
#   images, a network that may adapt its first layer to the labels needs no lesson from reconstruction. With 1,000
#   labels, nearest neighbours on components need no network: on 64 of them they are as good, on 32 slightly better.
#
# The head's start matters in larger networks, too: [Kumar et al. (2022)](references.md#kumar-et-al-2022) fit the head
# first and then fine-tune, since a random head distorts what was learnt.
#
# ## When it does not help
#
# Put together, on these data:
#
# - **With enough labels.** From 500 on, a network trained from a random start needs no pretraining. With all labels raw
#   pixels are as good as 64 components or units, and better for the linear classifier.
# - **For nearest neighbours.** Pixels are strong on centred digits, PCA is stronger, and the code is behind both.
# - **With two ReLU units and little training**: the seed decides.
# - **After more training.** With 64 units, less reconstruction error did not mean better features.
# - **From other data** some of the gain is lost, more of it for neighbours and with few labels.
#
# And when does it? With 16 numbers and a linear classifier, the autoencoder keeps more than PCA, given 500 labels or
# more (one encoder; its seed was not varied). With 100 labels and a fitted or small head, it is as good a start as any.
# And a *frozen* encoder is far better trained than untrained: much of what a classifier needs can be learnt without
# labels. PCA learns it, too.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | Linear probe | 64 units, 64 components and pixels within about a point; with 16 numbers and 500 labels or more the autoencoder is ahead of PCA |
# | Nearest neighbours | PCA ahead of pixels, and pixels ahead of the code, at every number of labels up to 1,000 |
# | Pairs | All features on the same draws: the spread of the *difference* tells a small lead from luck |
# | Scale | Standardising ruins PCA with few labels, and would have made the autoencoder look far better |
# | Longer training | Less reconstruction error; at 64 units the neighbours get worse, at 2 units both probes get better |
# | Other tasks | Denoising helps neighbours with 100 labels; clothes teach most of what the linear probe needs with 1,000 |
# | All labels | Raw pixels are best for the linear classifier; learnt features add nothing |
# | Fine-tuning | A random head of the usual size costs more than pretraining gave, within 20 rounds; a small one or the probe does no harm with 100 labels, and is behind with more |

# %% [markdown]
# ## Pitfalls
#
# - **No yardstick.** The autoencoder's accuracy with 1,000 labels sounds like a success. Pixels have as much.
# - **A yardstick treated badly.** Standardised PCA loses; PCA does not. An untrained encoder belongs in the table as
#   well.
# - **Choosing on test images.** Penalty and voters are choices, and so is the code size. With few labels it is tempting
#   to make them on the many test images.
# - **One draw.** Draws of 100 labels differ by more than most of the methods do. Take several, and compare in pairs.
# - **The standard deviation of the draws taken for all the luck there is.** The encoder's seed is another source, and
#   with two units the larger one. The test images are a third: all draws share them, so no ± here contains their part.
# - **A random head of the usual size on codes with large values.** Fit the head first, or make it small.

# %% [markdown]
# ## Check your run

# %%
means = 100 * results.groupby(["probe", "labels", "features"])["accuracy"].mean().unstack("features")
linear, near = means.loc["linear"], means.loc["neighbours"]
accuracy = by_draw(results)
difference = {size: accuracy[f"autoencoder {size}"] - accuracy[f"PCA {size}"] for size in SIZES}
ahead = {size: values.groupby(level=["probe", "labels"]).mean() for size, values in difference.items()}
compared_kinds = [f"{code} {size}" for code in ("autoencoder", "PCA") for size in (64, 32, 16)]
spread = accuracy[compared_kinds].groupby(level=["probe", "labels"]).std()
paired = pd.DataFrame({n: difference[n] for n in (64, 32, 16)}).groupby(level=["probe", "labels"]).std()

# %%
checks = {
    "linear: 64 units, 64 components, pixels alike": np.ptp(
        linear[["pixels", "PCA 64", "autoencoder 64"]], axis=1
    ).max()
    < 2,
    "the first look: most digits read": min(linear.loc[100, "autoencoder 64"], near.loc[100, "autoencoder 64"]) > 60,
    "linear: 16 units beat 16 components": (linear["autoencoder 16"] - linear["PCA 16"]).loc[[500, 1000]].min() > 0.5,
    "and lose less of what 64 have": (linear["autoencoder 64"] - linear["autoencoder 16"])[1000] + 0.5
    < (linear["PCA 64"] - linear["PCA 16"])[1000],
    "neighbours prefer PCA": all((near[f"PCA {n}"] - near[f"autoencoder {n}"]).min() > 0.5 for n in (64, 32, 16)),
    "to the pixels as well": all((near[f"PCA {n}"] - near["pixels"]).min() > 0 for n in (64, 32, 16)),
    "the pixels to the code": (near["pixels"] - near["autoencoder 64"]).min() > 0,
    "two numbers are too few": means.filter(regex=" 2$").max(axis=None) < 60,
    "training did something": (means["autoencoder 64"] - means["untrained 64"]).min() > 8,
    "pairs vary less: linear, many labels": paired.loc["linear"].loc[[500, 1000]].mean(axis=None)
    < spread.loc["linear"].loc[[500, 1000]].mean(axis=None),
    "linear: 64 and 32 alike in both codes": all(abs(ahead[n].loc["linear"]).max() < 1.5 for n in (64, 32)),
    "neighbours: PCA ahead in every draw": all((difference[n].loc["neighbours"] < 0).all() for n in (64, 32, 16)),
}

# %%
one = 100 * thousand.groupby(["probe", "features"])["accuracy"].mean().unstack("probe")
seeds_64 = one.loc[["autoencoder 64", "autoencoder 64, seed 1"]]
starts_2 = ["autoencoder 2", "autoencoder 2, seed 1", "autoencoder 2, seed 2"]
short_2, long_2 = one.loc[starts_2], one.loc[[f"{name}, {LONGER} epochs" for name in starts_2]]
longer_64 = one.loc[[f"{name}, {LONGER} epochs" for name in seeds_64.index]] - seeds_64.to_numpy()
on_one_unit = [name for name in starts_2 if dead[name] == "1"]
denoised = [means[f"denoising 64{seed}"] - means[f"autoencoder 64{seed}"] for seed in ("", ", seed 1")]
gained = (means["clothes 64"] - means["untrained 64"]) / (means["autoencoder 64"] - means["untrained 64"])
ruined, kept = (means[f"{name}, standardised"] - means[name] for name in ("PCA 64", "autoencoder 64"))

# %%
checks |= {
    "64 units: seeds agree": np.ptp(seeds_64, axis=0).max() < 2,
    "2 units: they do not": np.ptp(short_2, axis=0).min() > 1.5 * np.ptp(seeds_64, axis=0).max(),
    "2 units: longer is better, and beats PCA": (long_2.mean() > short_2.mean() + 2).all()
    and (long_2.min() > one.loc["PCA 2"]).all(),
    "a dead unit of two shows": all((one.loc[name] < short_2.drop(on_one_unit).min()).all() for name in on_one_unit),
    "64 units: longer is not": longer_64["linear"].abs().max() < 1.2 and longer_64["neighbours"].max() < 0,
    "though it rebuilds better": errors[f"autoencoder 64, {LONGER} epochs"] < 0.85 * errors["autoencoder 64"],
    "standardising ruins components, not codes": ruined["linear", 100] < -8 and kept.abs().max() < 3,
    "the neighbours even gain by it": kept["neighbours"].min() > 0,
    "components differ more in spread": np.divide(*spreads["PCA 64"]) > 1.3 * np.divide(*spreads["autoencoder 64"]),
    "most with few labels": ruined["linear"].is_monotonic_increasing and ruined["neighbours"].is_monotonic_increasing,
    "and would change the verdict": (means["autoencoder 64, standardised"] - means["PCA 64, standardised"]).min() > 1,
}

# %%
checks |= {
    "denoising: neighbours gain with 100 labels": all(gain["neighbours", 100] > 0 for gain in denoised),
    "gone with 1,000": all(gain["neighbours", 1000] < 0.6 for gain in denoised)
    and min(gain["neighbours", 1000] for gain in denoised) < 0,
    "the linear probe hardly": max(gain["linear"].abs().max() for gain in denoised) < 2,
    "clothes: most of the way, linear, 1,000 labels": gained["linear", 1000] > 0.6,
    "less of it for neighbours, and with 100 labels": gained["linear", 1000]
    > max(gained["linear", 100], gained["neighbours"].max()),
    "clothes: far from untrained": (means["clothes 64"] - means["untrained 64"]).min() > 3,
}

# %%
networks = 100 * compared.groupby(["labels", "features"])["accuracy"].mean().unstack("features")
precision = retrieval["precision at 10"]
checks |= {
    "all labels: pixels win": everything["linear"].idxmax() == "pixels",
    "but not by much": everything.loc["pixels", "linear"] - everything.loc["autoencoder 64", "linear"] < 3,
    "all labels: neighbours are strong": everything.loc[["pixels", "PCA 64"], "nearest"].min() > 95,
    "retrieval: PCA, pixels, code": precision["PCA 64"] > precision["pixels"] > precision["autoencoder 64"],
    "retrieval: clothes behind, untrained last": precision["autoencoder 64"]
    > precision["clothes 64"]
    > precision.min(),
    "the code is behind more often": 0 < (gain > 0).sum() < (gain < 0).sum(),
    "and the code close behind": everything.loc["autoencoder 64", "nearest"] > 94,
}

# %%
checks |= {
    "a random head is slow, a small one is not": all(
        by_round[size, "pretrained, random head"][1] + 10
        < min(by_round[size, name][1] for name in starts if name != "pretrained, random head")
        for size in LABELS
    ),
    "and worse than a random start": (networks["random start"] > networks["pretrained, random head"]).all(),
    "with 100 labels even than its probe": networks.loc[100, "pretrained, random head"]
    < networks.loc[100, "autoencoder 64, linear probe"],
    "it is still rising": all(np.diff(list(by_round[n, "pretrained, random head"].values()))[-1] > 0.5 for n in LABELS),
    "codes have large values": length["autoencoder 64"] > 5 * length["untrained 64"],
}

# %%
with_probe = networks["pretrained, probe as head"]
checks |= {
    "a small head is better": (networks["pretrained, small head"] > networks["pretrained, random head"]).all(),
    "and is as good as the probe": (networks["pretrained, small head"] - with_probe).abs().max() < 2,
    "100 labels: the probe as head is as good": abs(with_probe[100] - networks.loc[100, "random start"]) < 2.5,
    "500 and 1,000 labels: the random start is ahead": (networks["random start"] > with_probe).loc[[500, 1000]].all(),
    "and the neighbours on components are as good": abs(
        networks.loc[1000, "PCA 64, neighbours probe"] - networks.loc[1000, "random start"]
    )
    < 1.5,
    "on 32 components slightly better": networks.loc[1000, "PCA 32, neighbours probe"]
    > networks.loc[1000, "random start"],
    "and ahead of the linear probe": (networks["random start"] > networks["autoencoder 64, linear probe"])
    .loc[[500, 1000]]
    .all(),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Probe the *hidden* layer of 128 units in place of the code: `keras.Model(encoder.inputs,
#    encoder.layers[0].output)` gives it. Is it better than the code of 64? Is it better than 128 components?
# 2. ★ Add the linear probe on all 784 components of PCA. Before you run it: what must its accuracy be?
# 3. ★★ Train codes of two *linear* units, `code_activation="linear"`, from three seeds. How much of the luck at two
#    units was that of ReLU?
# 4. ★★ Fine-tune the encoder that was trained on clothes, with the probe as its head. With how many labels is it behind
#    the one trained on digits, and is it ever ahead of a random start?
# 5. ★★ Run the main table on Fashion-MNIST, with autoencoders trained on it. Which of the conclusions carry over?
# 6. ★★★ Shift every test image by up to three pixels, at random. Which features suffer most, for each probe? Then train
#    the encoder on shifted images, too. Does the verdict on pixels and PCA change?

# %% [markdown]
# ## Further reading
#
# - [Alain and Bengio (2016)](references.md#alain-and-bengio-2016): linear probes, layer by layer.
# - [Coates, Ng and Lee (2011)](references.md#coates-ng-and-lee-2011): how far simple features get, and how much scaling
#   and whitening matter to them.
# - [Erhan et al. (2010)](references.md#erhan-et-al-2010): why unsupervised pretraining helped deep networks, when it
#   did.
# - [Krizhevsky and Hinton (2011)](references.md#krizhevsky-and-hinton-2011): retrieval by the codes of a deep
#   autoencoder.
# - [Kumar et al. (2022)](references.md#kumar-et-al-2022): the head first, then the encoder.
# - [Vincent et al. (2010)](references.md#vincent-et-al-2010): denoising autoencoders as pretraining, with many
#   comparisons.

# %% [markdown]
# ## Next
#
# This was the last of the uses. You have seen autoencoders win and lose, and each time a yardstick beside them told
# which. [Chapter 14](14_which_autoencoder.ipynb) puts the models side by side, on several of these uses, and says which
# to take for what.
