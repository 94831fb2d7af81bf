# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · The latent plane
#
# A code of two numbers is a point in a plane, and a plane can be drawn. So with two code units you can see at once
# where the encoder puts every digit, and what the decoder makes of every place. What does that map show about digits,
# what does it show about one training run only, and what is in the places where no digit is?

# %% [markdown]
# ## What you will learn
#
# - Draw a [latent plane](glossary.md#latent-plane) with its decoded grid, and read clusters and overlaps off it.
# - Measure how well neighbours in a plane share a digit, against chance, PCA and raw pixels.
# - Tell what several seeds agree on from what belongs to one run, and explain why the axes have no meaning.
# - Explain how ReLU codes are confined to a quadrant, how a code unit dies, and how it can come back.
# - Decode straight paths through the plane, and say what the decoder does where it has never seen a code.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, [chapter 5](05_code_size.ipynb) for codes of other sizes.
# - Rotations in the plane; the idea of a correlation.
#
# Running time: about 90 seconds on two quick cores.

# %%
from itertools import combinations

from aelib import baselines, data, metrics, models, plots, training
from aelib.explorer import LatentExplorer
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from scipy.spatial import KDTree, procrustes
from scipy.spatial.distance import pdist
from sklearn.neighbors import NearestNeighbors

SEED = 0
BATCH_SIZE = 250  # divides 60,000: no smaller last batch, for which XLA would compile once more (chapter 5)

# %%
mnist = data.load_mnist()
x_train, x_test, y_test = mnist.x_train, mnist.x_test, mnist.y_test

# %% [markdown]
# ## Two units
#
# The model is that of chapter 3, 784-128-64-128-784, with the 64 replaced by 2. Layers, loss, optimiser and training
# images stay the same; 15 epochs are enough for what this chapter asks.

# %%
relu = models.dense_autoencoder(latent_dim=2, seed=SEED)
history = training.fit(relu, x_train, epochs=15, batch_size=BATCH_SIZE, seed=SEED)

# %% [markdown]
# The yardsticks are the [mean image](glossary.md#mean-image), which needs no code, and [PCA](glossary.md#pca) with as
# many numbers. The components of PCA come in order, so one fit with 64 of them (you will need all 64 below) holds the
# fit with two: set the other 62 to zero.

# %%
pca = baselines.PCACodec(64).fit(x_train)
pca_codes = pca.encode(x_test)
two_components = np.where(np.arange(64) < 2, pca_codes, 0)
rebuilt = {
    "mean image": baselines.MeanImage().fit(x_train).reconstruct(x_test),
    "PCA, 2 components": pca.decode(two_components),
    "autoencoder, 2 units": predict(relu, x_test),
}
errors = pd.Series({name: metrics.mean_squared_error(x_test, x_hat).mean() for name, x_hat in rebuilt.items()})
errors.to_frame("test MSE").round(4)

# %% [markdown]
# Two numbers remove about a third of the mean image's error, and at the same size the autoencoder is ahead of
# PCA. Most of the error stays: these reconstructions are poor. Keep that in mind for the rest of the chapter.
#
# Now the map. On the left, every glyph is the code of one test image, drawn as the digit it shows. On the right, the
# decoder's images for a grid of codes over the same plane.
#
# > **Predict first.** Which digits will lie apart from all others, and which two will overlap most? Write a pair down:
# > the next section counts.

# %% mystnb={"image": {"alt": "Two panels over the same quadrant. Left: codes of test images drawn as coloured digits. The 1s spread far out to the upper right on their own, the 0s hug the left edge, 7s and 9s run along the bottom, and everything else is crowded near the origin. Right: the decoded grid shows 0s in the left column, slanted 1s over most of the upper right, 7s at the bottom, and blurred mixtures in between."}}
relu_codes = predict(relu.encoder, x_test)


def decode(codes):
    return predict(relu.decoder, codes)


plots.plane_and_grid(decode, relu_codes, y_test, title="The latent plane of the first model", steps=15, points=1200)

# %% [markdown]
# The network was never told what a digit is, and yet digits *cluster*: images of one digit get codes near one another,
# because they have pixels in common and nearby codes are decoded alike. The 1s lie on their own. The right panel is the
# same map as the decoder sees it. It is continuous: neighbouring cells show similar images, and between two digits lie
# images that are partly both.
#
# The 1s, far out, set the scale, while most codes are crowded into a corner. Look closer at the codes that are below the
# 80th percentile on both axes.

# %% mystnb={"image": {"alt": "The same two panels for the crowded corner near the origin. 0s lie along the left edge with 6s and then 2s beside them, 4s, 7s and 9s are mixed in a band along the bottom, and 3s, 5s and 8s are mixed in the middle with no borders between them. The decoded grid is blurred: most cells show shapes between 3, 8 and 9."}}
corner = (relu_codes < np.percentile(relu_codes, 80, axis=0)).all(axis=1)
plots.plane_and_grid(
    decode, relu_codes[corner], y_test[corner], title="The crowded corner, enlarged", steps=15, points=1200
)

# %% [markdown]
# Here the digits run into each other. 4, 7 and 9 share one region, and 3, 5 and 8 another. Where several digits share a
# place, the decoder gets one code for all of them and answers with their average: a blur.

# %% [markdown]
# ## Do neighbours share a digit?
#
# A picture persuades easily. So count: for each code, take its ten nearest codes and see what share of them shows the
# same digit. The mean of that share is the [neighbour agreement](glossary.md#neighbour-agreement). Ten classes of nearly
# equal size make it about 0.1 for codes that know nothing of the digit, which shuffled labels confirm. At the other end stand the raw pixels:
# neighbours among the images themselves.

# %%
rng = np.random.default_rng(SEED)
sample = rng.choice(len(x_test), 5000, replace=False)
labels = y_test[sample]
agreement = pd.Series(
    {
        "labels shuffled (chance)": metrics.neighbour_agreement(relu_codes[sample], rng.permutation(labels)),
        "PCA, 2 components": metrics.neighbour_agreement(pca_codes[sample, :2], labels),
        "autoencoder, 2 units": metrics.neighbour_agreement(relu_codes[sample], labels),
        "PCA, 64 components": metrics.neighbour_agreement(pca_codes[sample], labels),
        "pixels": metrics.neighbour_agreement(x_test[sample], labels),
    }
)
agreement.to_frame("neighbour agreement").round(3)

# %% [markdown]
# In the plane, neighbours share a digit about five times as often as by chance, and more often than in PCA's plane. But
# among the images themselves they agree far more often still, and 64 components keep all of that. The clusters were in
# the pixels before any training. A code of two numbers does not create them; it keeps a part of them.
#
# Which digits overlap? Split the count by digit: each row of the table shows what the ten neighbours of that digit's
# codes are, and adds up to 1.


# %%
def neighbours(codes):
    """Indices of the ten nearest other codes, and the table of digits: share of a row's neighbours in a column."""
    nearest = NearestNeighbors(n_neighbors=10).fit(codes).kneighbors(return_distance=False)
    shown = labels[nearest]
    table = [[(shown[labels == row] == column).mean() for column in range(10)] for row in range(10)]
    return nearest, np.array(table)


def overlapping_pairs(table, count=3):
    """The pairs of digits that are most often each other's neighbours, most overlapping first."""
    ranked = sorted(combinations(range(10), 2), key=lambda pair: table[pair] + table[pair[::-1]], reverse=True)
    return [f"{a}–{b}" for a, b in ranked[:count]]


# %% mystnb={"image": {"alt": "A table of ten by ten coloured cells: the digit of a code down the side, the digit of its neighbours along the bottom. The diagonal is bright for 0, 1, 2 and 6. For 3, 5 and 8, and for 4, 7 and 9, it is dimmer, and the cells that join digits of the same three stand out from the rest."}}
_, relu_table = neighbours(relu_codes[sample])
plots.heatmap(
    relu_table,
    row_labels=range(10),
    column_labels=range(10),
    title="Digits among the ten nearest codes",
    xlabel="digit of the neighbours",
    ylabel="digit of the code",
    number_format="{:.2f}",
    colour_label="share of the neighbours",
)

# %%
print("most overlapping pairs:", ", ".join(overlapping_pairs(relu_table, count=6)))

# %% [markdown]
# Compare your pair. Two families stand out: 4, 7 and 9, an upper part over a slanting stem, and 3, 5 and 8, stacked
# bows. Within a family the plane separates digits badly: an 8 has more neighbours from other digits than 8s. 0, 1 and 6
# mostly keep to themselves. All this is one run; whether others agree comes further down.

# %% [markdown]
# ## A quadrant, and units that die
#
# [ReLU](glossary.md#relu) at the code allows no negative number: all codes lie in one *quadrant* of the plane, and three
# quarters of it are out of bounds. It also brings a risk. A ReLU unit gives 0 where its input is negative, and passes no
# gradient back there. If that holds for every image, it is a [dead unit](glossary.md#dead-unit). With 64 units a few
# dead ones cost little ([chapter 5](05_code_size.ipynb)). With two, one dead unit turns the plane into a line.
#
# How often does that happen? Train five networks that differ in their random start, for four epochs. They can share one
# run: put side by side, they get the same batches, and the sum of their losses gives each the gradient it would have
# alone.

# %%
networks = [models.dense_autoencoder(2, seed=seed, name=f"network_{seed}") for seed in range(5)]
off_at_start = sum((predict(network.encoder, x_test) == 0).all(axis=0).sum() for network in networks)
image = keras.Input((784,))
side_by_side = keras.Model(image, keras.ops.stack([network(image) for network in networks], axis=1))
codes_after = []


def sum_of_losses(x, x_hat):
    copies = keras.ops.repeat(x[:, None], len(networks), axis=1)
    # Keras takes the mean over networks as well: their number makes it the sum.
    return len(networks) * keras.losses.binary_crossentropy(copies, x_hat)


def remember(epoch, logs=None):
    codes_after.append([predict(network.encoder, x_test) for network in networks])


# %%
keras.utils.set_random_seed(SEED)
side_by_side.compile("adam", sum_of_losses, steps_per_execution=len(x_train) // BATCH_SIZE)  # an epoch in one go
notes = keras.callbacks.LambdaCallback(on_epoch_end=remember)
side_by_side.fit(x_train, x_train, batch_size=BATCH_SIZE, epochs=4, verbose=0, callbacks=[notes])

codes_after = np.array(codes_after)  # epoch, network, image, unit
units_off = (codes_after == 0).all(axis=2).sum(axis=-1)
columns = [f"off after epoch {epoch}" for epoch in (1, 2, 3, 4)]
print(f"code units off before training: {off_at_start} of {2 * len(networks)}")
pd.DataFrame(units_off.T, index=pd.RangeIndex(5, name="seed"), columns=columns)

# %% [markdown]
# The table counts code units that give 0 for all 10,000 test images. After the first epoch there are such units, though
# none of these networks starts with one. A likely cause: at the start every output is too bright, for sigmoids begin
# near 0.5 and digits are mostly black. The first steps darken all outputs at once, and on the way they move a code
# unit's input up or down for all images alike. A unit that is moved down too far is off.
#
# Then something happens that "dead" does not suggest: units come back. A unit that is 0 on the training images too gets
# no gradient, but it reads the same hidden layer as the other unit, and that layer goes on learning for the other's
# sake. Once its outputs have changed so much that the dead unit's input is positive for some image, the unit learns
# again. Nothing makes sure that this happens. And when *both* units are off, it cannot: nothing in the encoder gets a
# gradient, every image gets the code $(0, 0)$, and the best that the decoder can learn is the mean image, as in chapter
# 5.
#
# The figure shows the network that came back furthest of those that lost a unit.

# %% mystnb={"image": {"alt": "Two panels with codes of the same test images by the same network, after the first and after the fourth epoch. After the first epoch all codes lie on one axis: a line on which digits cover one another. After the fourth epoch they fill a part of the plane, fanning out from the corner."}}
on_at_last = (codes_after[-1] > 0).mean(axis=1).min(axis=1)  # share of images, for the unit that is on for fewer
collapsed = int(np.argmax(np.where(units_off[0] == 1, on_at_last, -1)))
plots.latent_planes(
    {f"after epoch {epoch}": codes_after[epoch - 1, collapsed] for epoch in (1, 4)},
    y_test,
    title=f"A plane that began as a line (seed {collapsed})",
    points=600,
)

# %% [markdown]
# The line is the plane of a network with one number in its code. If a run of yours *ends* like the left panel, take
# another seed, or another activation at the code.

# %% [markdown]
# ## Linear codes, and several seeds
#
# A code without activation, called *linear*, can be negative and cannot die: its gradient is never cut off. The hidden
# layers stay ReLU, so the network as a whole is as nonlinear as before. Train three such networks, which differ in
# their [seed](glossary.md#seed) alone.
#
# > **Predict first.** Will the three have the same test error, within five per cent? Will the 1s lie in the same direction
# > in all three planes? If you turn the planes so that they match as well as they can, will they then be the same?

# %%
linear = {seed: models.dense_autoencoder(latent_dim=2, code_activation="linear", seed=seed) for seed in (0, 1, 2)}
in_training = models.dense_autoencoder(latent_dim=2, code_activation="linear")  # one for all, so compiled only once
for seed, model in linear.items():
    in_training.set_weights(model.get_weights())
    training.fit(in_training, x_train, epochs=15, batch_size=BATCH_SIZE, seed=seed)
    model.set_weights(in_training.get_weights())

# %% mystnb={"image": {"alt": "Four panels with codes of the same test images: linear codes from seeds 0, 1 and 2, and PCA's plane. In the first three, arms of one digit or one family, above all the 1s and the 6s, run out from a crowded centre, each time in another direction and to another length. PCA's plane is one round cloud, with 1s at one side, 0s at the other and the rest mixed in between."}}
planes = {f"linear, seed {seed}": predict(linear[seed].encoder, x_test) for seed in linear}
planes["PCA"] = pca_codes[:, :2]
plots.latent_planes(planes, y_test, title="Three seeds of the same model, and PCA", points=1000)

# %% [markdown]
# The same model, the same data, three maps. Each has a crowded centre with arms, and each arm belongs to one digit or
# one family. But the arms point elsewhere each time, and are longer or shorter. PCA's plane is a compact cloud. Apart
# from the sign of each axis it is the same in every run, being the exact solution of a problem that has no other.

# %%
planes["ReLU, seed 0"] = relu_codes
found = {name: neighbours(codes[sample]) for name, codes in planes.items()}
networks_by_name = {"ReLU, seed 0": relu} | {f"linear, seed {seed}": linear[seed] for seed in linear}
rows = {}
for name, (_, table) in found.items():
    x_hat = predict(networks_by_name[name], x_test) if name in networks_by_name else pca.decode(two_components)
    rows[name] = {
        "test MSE": metrics.mean_squared_error(x_test, x_hat).mean(),
        "neighbour agreement": metrics.neighbour_agreement(planes[name][sample], labels),
        "most overlapping pairs": ", ".join(overlapping_pairs(table)),
    }
summary = pd.DataFrame.from_dict(rows, orient="index")
summary.round({"test MSE": 4, "neighbour agreement": 3})

# %% [markdown]
# Here the seeds agree. Errors are the same within a few per cent, neighbour agreement within a few hundredths, and 4–9
# is among the most overlapping pairs every time. On average the linear codes rebuild better than the ReLU codes, which
# have to fit everything into a quadrant, and their neighbours agree more often. One ReLU run alone would not carry that;
# [chapter 5](05_code_size.ipynb) found less error too in each of its pairs of runs.

# %% [markdown]
# ## The axes mean nothing
#
# There is a reason why the arms may point anywhere. Turn every code by a rotation $R$ in the encoder's last layer, and
# turn it back in the decoder's first:
#
# $$ z' = zR, \qquad z'R^\top = z\,R R^\top = z. \tag{6.1} $$
#
# The reconstructions stay the same. So does the loss, which gives training no reason to prefer one of these networks to
# another: the random start decides. Check it with a rotation by 70°: build a second network with the turned weights.

# %%
angle = np.radians(70)
rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
turned = models.dense_autoencoder(latent_dim=2, code_activation="linear")
*encoder_hidden, to_code, code_bias = linear[0].encoder.get_weights()
from_code, *decoder_rest = linear[0].decoder.get_weights()
turned.encoder.set_weights([*encoder_hidden, to_code @ rotation, code_bias @ rotation])
turned.decoder.set_weights([rotation.T @ from_code, *decoder_rest])

turned_codes = predict(turned.encoder, x_test)
moved = np.abs(turned_codes - planes["linear, seed 0"]).max()
changed = np.abs(predict(turned, x_test) - predict(linear[0], x_test)).max()
print(f"largest change of a code unit: {moved:.1f}; largest change of a reconstructed pixel: {changed:.0e}")

# %% [markdown]
# The codes moved far across the plane, and no pixel of a reconstruction changed beyond rounding. The same goes for any
# matrix that has an inverse, with $R^{-1}$ in the place of $R^\top$ (for a rotation they are the same), so scales and
# even angles between directions are free as well. "Code unit 1 stands for slant" would be a statement about one seed's
# axes.
#
# > **Note.** ReLU takes some of that freedom away, since it does not commute with a rotation: of these changes,
# > only a positive factor for each unit and swapping the two leave the reconstructions as they are.

# %% [markdown]
# ## What is stable
#
# Perhaps the maps are the same *up to* a rotation? (Other changes that leave the reconstructions as they are, such as
# stretching, are not tried here.) The [Procrustes disparity](glossary.md#procrustes-disparity) measures how nearly:
# move, scale, turn and, if it helps, mirror one plane to fit the other as well as it can, and take the squared distance
# that remains, as a share of the spread. It is 0 for planes that differ only in these ways, and 1 for planes with
# nothing in common. Beside it stand three other measures of agreement:
#
# - *centroid distances*: take the mean code of each digit, its centroid, and the 45 distances between these. The
#   correlation of one plane's distances with the other's says whether the same digits are near and far;
# - *overlaps*: the correlation of two tables of neighbours, diagonal left out. It says whether the same digits mix;
# - *common neighbours*: the share of an image's ten neighbours that are its neighbours in both planes.


# %%
def compare(name, other, order=slice(None)):
    """Agreement of two planes; with a shuffled `order`, images are paired wrongly, which shows chance."""
    first, second = planes[name], planes[other][order]
    centroids = [np.array([codes[y_test == digit].mean(axis=0) for digit in range(10)]) for codes in (first, second)]
    (nearest, table), (other_nearest, other_table) = found[name], neighbours(second[sample])
    off_diagonal = ~np.eye(10, dtype=bool)
    return {
        "Procrustes disparity": procrustes(first, second)[2],
        "centroid distances": np.corrcoef(pdist(centroids[0]), pdist(centroids[1]))[0, 1],
        "overlaps": np.corrcoef(table[off_diagonal], other_table[off_diagonal])[0, 1],
        "common neighbours": (nearest[:, :, None] == other_nearest[:, None, :]).any(axis=2).mean(),
    }


# %%
pairs = [*combinations([f"linear, seed {seed}" for seed in linear], 2)]
pairs += [("linear, seed 0", "ReLU, seed 0"), ("linear, seed 0", "PCA")]
stability = pd.DataFrame({f"{name} and {other}": compare(name, other) for name, other in pairs}).T
stability.loc["linear, seed 0 and itself, shuffled"] = compare(
    "linear, seed 0", "linear, seed 0", rng.permutation(len(x_test))
)
stability.round(3)

# %% mystnb={"image": {"alt": "Three panels: linear seed 0, and linear seeds 1 and 2, each moved, scaled, turned and mirrored to fit seed 0 best, all on the same axes. The 1s now lie to the right in all three and the 0s to the left, but the 6s point down in the first panel and up in the other two, and the arm of 7s and 9s is long in the first and shorter in the others."}}
unit = np.sqrt(len(x_test))  # procrustes scales the summed squares to 1; this makes it their mean
fitted = {}
for name in ("linear, seed 1", "linear, seed 2"):
    first, other, _ = procrustes(planes["linear, seed 0"], planes[name])
    fitted["linear, seed 0"], fitted[f"{name}, fitted"] = unit * first, unit * other
figure = plots.latent_planes(fitted, y_test, title="The planes turned to fit the first one", columns=3, points=600)
drawn = np.concatenate([codes[:600] for codes in fitted.values()])
low, high = drawn.min(axis=0) - 0.1, drawn.max(axis=0) + 0.1
for axes in figure.axes:
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="seed 0, first axis", ylabel="seed 0, second axis")
figure

# %% [markdown]
# Read the columns from right to left. *Common neighbours*: few. Two runs mostly give an image different neighbours,
# though far more common ones than chance, which the last row shows. (Its correlation of centroid distances is one draw
# from shuffled digits, and not a relation.) *Overlaps*: nearly the same for all autoencoders. *Centroid distances*:
# alike, while PCA's plane differs. *Disparity*: well above 0 for some pairs. Those maps differ: in seed 0 the arm of
# the 6s lies on the other side of the 0s, and no turning makes them one. And the pairs of seeds differ: had you trained
# two seeds only, it would have been luck how alike you found their maps.
#
# So two runs agree on which digits are alike, how well a plane can rebuild them and how far they mix. That is about
# digits. Directions, lengths, positions and single neighbours are about the run. From here on, pictures show the plane
# of seed 0, and tables come from all three linear planes.
#
# > **Pitfall.** Do not conclude anything from the look of one latent plane. Train a few more seeds, and keep what is still
# > there.

# %% [markdown]
# ## Paths between digits
#
# A straight line between two codes is a path from one image to another, and every point of it can be decoded. Take, for
# each digit, the test image that the first linear model rebuilds best, and walk from 0 to 7 and from 6 to 1. Below each
# path stands the *cross-fade*, the same mixture of the two images' pixels.

# %%
model, codes = linear[0], planes["linear, seed 0"]
error = metrics.mean_squared_error(x_test, predict(model, x_test))
best = [np.flatnonzero(y_test == digit)[error[y_test == digit].argmin()] for digit in range(10)]


def mix(values, start, end, steps=10):
    """Points on the straight line between two rows of `values`."""
    share = np.linspace(0, 1, steps)[:, None]
    return (1 - share) * values[start] + share * values[end]


# %% mystnb={"image": {"alt": "Two pairs of rows. Decoded path from 0 to 7: single blurred shapes that change step by step from a 0 through shapes like 3 or 9 to a 7. Its cross-fade: the 7 appears over the fading 0, both visible at once in the middle. The same for the path from 6 to 1."}}
rows = {}
for start, end in ((0, 7), (6, 1)):
    rows[f"{start} to {end},\ndecoded"] = predict(model.decoder, mix(codes, best[start], best[end]))
    rows[f"{start} to {end},\ncross-fade"] = mix(x_test, best[start], best[end])
plots.image_rows(rows, title="Straight paths in the plane, and in pixels")

# %% [markdown]
# Half-way through the cross-fade you see both digits, one on the other, both pale. The decoded path shows one shape at
# every step, here and there a blurred one, and where it crosses the territory of a third digit, it shows that digit. The
# straight line is the shortest way on the map; nobody asked for a gradual change of one digit into another.
#
# How digit-like are images half-way? Use two numbers. *Strangeness* is one minus the cosine of the angle between an image
# and the nearest of 20,000 training images, as vectors of 784 pixels: 0 for a copy, however pale, since length plays no
# part. *Grey pixels*: of the pixels above 0.1, the share that stays below 0.9. Blur is grey. Real test images give the
# scale for both.


# %%
def unit_length(images):
    return images / np.linalg.norm(images, axis=1, keepdims=True)


references = unit_length(x_train[:20_000])


def strangeness(images):
    """Median strangeness of the images, and the digit of each one's nearest training image."""
    cosine = unit_length(images) @ references.T
    return 1 - np.median(cosine.max(axis=1)), mnist.y_train[cosine.argmax(axis=1)]


def grey_pixels(images):
    return ((images > 0.1) & (images < 0.9)).sum() / (images > 0.1).sum()


def describe(images):
    return {"strangeness": strangeness(images)[0], "grey pixels": grey_pixels(images)}


# %%
starts, ends = rng.choice(len(x_test), (2, 500), replace=False)
images = {"test images": x_test[starts], "half-way, averaged pixels": (x_test[starts] + x_test[ends]) / 2}
for seed, network in linear.items():
    plane = planes[f"linear, seed {seed}"]
    images[f"reconstructions, seed {seed}"] = predict(network, x_test[starts])
    images[f"half-way, decoded, seed {seed}"] = predict(network.decoder, (plane[starts] + plane[ends]) / 2)
halfway = pd.DataFrame.from_dict({name: describe(x) for name, x in images.items()}, orient="index")
halfway.round(3)

# %% [markdown]
# Averaged pixels are the strangest: nobody writes one digit on top of another. Half-way decodings are only about half
# as strange, and about as strange as the reconstructions at the ends of the path. But do not take a low number for a
# good digit: both are *less* strange than real test images. A blur is an average of many images, so it is near to many,
# while every real digit has quirks of its own. The grey pixels show the price: nearly all that these decodings draw is
# grey. So the middle of a path is as good as the reconstructions, and as blurred. What costs most is not the path, it
# is having two numbers only.

# %% [markdown]
# ## Through empty regions
#
# Between the arms lie regions without codes. Training never asked the decoder anything there. Find a path through
# such a region: of all lines between 300 test codes, take the one that goes farthest from every training code. Draw a
# rectangle around the plane, from the 1st to the 99th percentile of the codes on either axis; distances are given as
# shares of its diagonal.
#
# > **Predict first.** What will the decoder draw in the middle of that path: a blur, noise, or a digit? Will it be more
# > or less grey than where the codes are?


# %%
def survey(network, plane):
    """Corners of the plane's rectangle (1st to 99th percentiles), and a function: distance to the nearest code."""
    low, high = np.percentile(plane, [1, 99], axis=0)
    tree = KDTree(predict(network.encoder, x_train))
    return low, high, lambda points: tree.query(points)[0] / np.hypot(*(high - low))


low, high, emptiness = survey(model, codes)
lines = np.array(list(combinations(range(300), 2)))
shares = np.linspace(0, 1, 13)[:, None, None]
points = (1 - shares) * codes[lines[:, 0]] + shares * codes[lines[:, 1]]
farthest = emptiness(points).max(axis=0)
start, end = lines[farthest.argmax()]
halfway_distance = np.median(emptiness((codes[starts] + codes[ends]) / 2))
print("distance to the nearest training code, as a share of the diagonal")
print(f"half-way points above (median): {halfway_distance:.2%}; this path: up to {farthest.max():.1%}")

# %% mystnb={"image": {"alt": "Two rows of ten images. The decoded path starts and ends with plain digits; in the middle, where the distance written below is largest, it shows a third digit with strong black and white contrast, no more blurred than at the ends. The cross-fade below shows two pale digits on top of each other."}}
across = mix(codes, start, end)
plots.image_rows(
    {"decoded": predict(model.decoder, across), "cross-fade": mix(x_test, start, end)},
    title="A path through an empty region; below: distance to the nearest code, % of the diagonal",
    captions={"decoded": [f"{100 * distance:.1f}" for distance in emptiness(across)]},
)

# %% [markdown]
# The half-way points of the last section lie among codes; this path really leaves them. Even so, no noise appears, and
# the void is less grey than the places where codes are. To see whether that is this path's luck, throw 1,000 points
# into the rectangle of each plane, and sort them by how far the nearest training code is.

# %%
rows, thrown_images = {}, {}
for seed, network in linear.items():
    low, high, distance = survey(network, planes[f"linear, seed {seed}"])
    thrown = np.random.default_rng(SEED).uniform(low, high, (1000, 2))
    thrown_images[seed], away = predict(network.decoder, thrown), distance(thrown)
    regions = {
        "codes of test images": images[f"reconstructions, seed {seed}"],
        "thrown, closer than 0.2 %": thrown_images[seed][away < 0.002],
        "thrown, 0.2 to 1 %": thrown_images[seed][(away >= 0.002) & (away < 0.01)],
        "thrown, farther than 1 %": thrown_images[seed][away >= 0.01],
    }
    for region, decoded in regions.items():
        rows[f"seed {seed}", region] = {"images": len(decoded), **describe(decoded)}
void = pd.DataFrame.from_dict(rows, orient="index")
void.round(3)

# %% [markdown]
# In all three planes the decodings are *less* grey the farther they are from every code, though still greyer than real
# digits. And they are not noise: even there, strangeness is below that of real test images. The blur is worst where the
# codes are, because there several digits share a place and the decoder has to average.
#
# Why less grey? The codes crowd near $(0, 0)$, so points far from all of them mostly lie farther out. The decoder has
# one hidden layer of ReLU units. Follow a ray outwards from the code $(0, 0)$: the input of each hidden unit changes
# along a straight line, so the unit switches on or off at most once. Beyond the last switch, the input of output pixel
# $j$ is a straight line in the distance $t$ too,
#
# $$ a_j(t) = \alpha_j + \beta_j t, \tag{6.2} $$
#
# where $\alpha_j$ and $\beta_j$ depend on the direction of the ray. So $\mathrm{sigmoid}(a_j(t))$ goes to 0 or to 1
# wherever $\beta_j \neq 0$: the farther out, the blacker and whiter. Check it: multiply codes by 2, 4 and 8.

# %% mystnb={"image": {"alt": "Three rows of ten images: decodings of ten codes as they are, and of the same codes multiplied by 2 and by 8. From row to row the images become bolder, with harder edges between black and white; some change into another digit, and some become heavy or broken shapes."}}
factors = (1, 2, 4, 8)
rows = {f"code × {factor}": predict(model.decoder, factor * codes[starts[:10]]) for factor in (1, 2, 8)}
plots.image_rows(rows, title="Outwards from the code (0, 0)")

# %%
grey_by_factor = pd.DataFrame(index=pd.Index(factors, name="code multiplied by"))
for seed, network in linear.items():
    outwards = [predict(network.decoder, factor * planes[f"linear, seed {seed}"][starts]) for factor in factors]
    grey_by_factor[f"grey pixels, seed {seed}"] = [grey_pixels(decoded) for decoded in outwards]
grey_by_factor.round(3)

# %% [markdown]
# That also fits the long arms: a 1 looks much like the next 1, the decoder can be sure of its pixels, and sure means
# far out. And a crisp image is no sign that a code lies near: images grow crisper away from the codes. The decoder has
# no way to say "I have never been here". If you need to know, ask the codes: the distance to the nearest one tells you.

# %% [markdown]
# ## Move the point yourself
#
# Here is the plane of seed 0 with its decoder, which runs in the page. Drag the point, or move it with the arrow keys or
# the sliders; the image is what the decoder draws there.
#
# > **Predict first.** Then try, and say what you see: Go outwards along the arm of the 1s. What changes in the image, and
# > what does not? Cross from the 6s to the 0s. Does the image jump or blend? Go to a corner far from every code. Is there
# > a digit, and how sure does it look?

# %%
LatentExplorer(model.decoder, codes, y_test, title="The linear plane of seed 0, live")

# %% [markdown]
# ## What the plane is not
#
# A decoder that draws digits from any two numbers looks like a machine for making digits: pick a point, decode, done.
# Try it with the points thrown above, and count what comes out, by the digit of the nearest training image.

# %%
found_digits = {"test images": y_test[starts]}
for seed in linear:
    found_digits[f"reconstructions, seed {seed}"] = strangeness(images[f"reconstructions, seed {seed}"])[1]
    found_digits[f"thrown points, seed {seed}"] = strangeness(thrown_images[seed])[1]
digit_shares = pd.DataFrame.from_dict(
    {name: np.bincount(shown, minlength=10) / len(shown) for name, shown in found_digits.items()}, orient="index"
)
rarest = np.sort(digit_shares, axis=1)[:, :3].sum(axis=1)
digit_shares.assign(**{"three rarest": rarest}).round(2)

# %% [markdown]
# Thrown points give 1s above all, for they own the widest stretch of each plane, and hardly any of some digits that are
# crowded into the centre; three digits together are nearly missing. Even the reconstructions favour some digits: where 4
# and 9 share a place, the decoder draws what suits both, and the nearest training image of that is a 9 far more often
# than a 4.
#
# To make new digits you need to know where to pick: a distribution over the plane from which codes may be drawn.
# Nothing in the training of an autoencoder provides one. It says where 60,000 images go, and leaves the shape of the
# whole, arms, holes and crowd, to the run. A *generative model* comes with that distribution. The variational
# autoencoder is one, whose [latent space](glossary.md#latent-space) is trained to have it; see the last entry of the
# further reading.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | Digits cluster without labels | Neighbours in the plane share a digit about five times as often as by chance; in PCA's plane less, among raw pixels far more. |
# | Overlaps | 4, 7 and 9 share places, and so do 3, 5 and 8; there the decoder answers with an average, a blur. |
# | ReLU codes | Confined to a quadrant, with more error than linear ones. Units go off for all images early, and some come back through the shared hidden layer. |
# | Linear codes | No quadrant, no dead units. |
# | Stable over seeds | Error, neighbour agreement, which digits lie near and which overlap. |
# | Not stable | Directions, lengths, positions, single neighbours; even the best fit leaves some maps different. |
# | Axes | Any rotation of the codes, undone in the decoder, gives the same reconstructions. |
# | Paths | One shape at each step where a cross-fade shows two, with third digits on the way; half-way as good, and as blurred, as the reconstructions. |
# | Empty regions | Decoded less grey the farther from every code, and not as noise. Crisp does not mean likely. |
# | Not a generative model | Nothing says where to pick codes; evenly thrown points give 1s above all and miss several digits nearly altogether. |

# %% [markdown]
# ## Pitfalls
#
# - **Reading meaning into an axis or a direction.** "Upwards is slant" holds for one seed. Train a second one.
# - **Judging by the picture alone.** Glyphs hide one another, and the eye sees the arms, not the crowd.
#   Count neighbours, and enlarge the crowded corner.
# - **A line or a point in place of a plane.** One ReLU code unit is off for all images, or both are. Check with
#   `(codes == 0).all(axis=0)`, then change the seed or use `code_activation="linear"`.
# - **One seed as evidence.** Two seeds can come out alike by luck, or different by luck.
# - **Taking crisp for real.** Outside the codes, the decoder grows crisp because its sigmoids saturate.
# - **Sampling from the plane.** Evenly thrown points follow the map's accidents, not the data.

# %% [markdown]
# ## Check your run

# %%
distance_out = pd.Series([np.linalg.norm(relu_codes[y_test == digit], axis=1).mean() for digit in range(10)])
own_share = np.diag(relu_table)
known, chance = agreement["autoencoder, 2 units"], agreement["labels shuffled (chance)"]
families = {"4–7", "4–9", "7–9", "3–5", "3–8", "5–8"}
checks = {
    "both code units work (if not: try another SEED)": (relu_codes > 0).any(axis=0).all(),
    "two units beat PCA, PCA the mean image": errors.is_monotonic_decreasing,
    "about a third of the error is gone": 0.6 < errors.iloc[2] / errors.iloc[0] < 0.73,
    "ReLU codes stay in the quadrant": relu_codes.min() >= 0,
    "the 1s lie farthest out": distance_out.idxmax() == 1,
    "the plane: about five times chance": abs(chance - 0.1) < 0.02 and 4 < known / chance < 6.5,
    "PCA's plane is behind, pixels are ahead": agreement.iloc[1] + 0.05 < known < agreement["pixels"] - 0.2,
    "64 components keep the neighbours": agreement["PCA, 64 components"] > agreement["pixels"] - 0.03,
    "two families overlap": len(families & set(overlapping_pairs(relu_table, count=6))) >= 5,
    "0, 1 and 6 keep to themselves, 8 does not": own_share[[0, 1, 6]].min() > 0.5 > own_share[8],
    "no unit is off before training": off_at_start == 0,
    "some are after an epoch, and some come back": 0 < units_off[0].sum() > units_off[3].sum(),
}

# %%
seeds, other_networks = summary.filter(like="linear", axis=0), summary.loc["ReLU, seed 0"]
disparity, common = stability["Procrustes disparity"], stability["common neighbours"]
centroids, overlaps = stability["centroid distances"], stability["overlaps"]
checks |= {
    "seeds: error within five per cent": seeds["test MSE"].max() < 1.05 * seeds["test MSE"].min(),
    "seeds: neighbour agreement within 0.08": np.ptp(seeds["neighbour agreement"]) < 0.08,
    "linear codes rebuild better on average": seeds["test MSE"].mean() < other_networks["test MSE"],
    "and their neighbours agree more": seeds["neighbour agreement"].mean() > other_networks["neighbour agreement"],
    "4 and 9 are a top pair everywhere": summary["most overlapping pairs"].str.contains("4–9").all(),
    "rotated: codes moved, pixels did not": moved > 1 and changed < 1e-3,
    "the same digits overlap in all networks": overlaps.iloc[:4].min() > 0.85,
    "seeds: centroid distances alike, PCA's not": centroids.iloc[:3].min() > max(0.75, centroids.iloc[4]),
    "some maps differ however turned": 0.2 < disparity.iloc[:3].max() < 0.9,
    "pairs of seeds differ in that": np.ptp(disparity.iloc[:3]) > 0.1,
    "few common neighbours": 0.02 < common.iloc[:3].mean() < 0.4,
    "shuffled: nothing in common": disparity.iloc[-1] > 0.98 and common.iloc[-1] < 0.01,
}

# %%
strange, grey = void["strangeness"].unstack(sort=False), void["grey pixels"].unstack(sort=False)
real, averaged = halfway["strangeness"].iloc[:2]
rebuilt_codes, decoded = (halfway.filter(like=part, axis=0).to_numpy() for part in ("reconstructions", "decoded"))
rebuilt_shares, thrown_shares = (digit_shares.filter(like=part, axis=0) for part in ("reconstructions", "thrown"))
checks |= {
    "half-way: decoded about half as strange as averaged": 0.3 < decoded[:, 0].mean() / averaged < 0.65,
    "half-way as at the ends": np.abs(decoded / rebuilt_codes - 1).max() < 0.3,
    "blur is less strange than digits, and grey": rebuilt_codes[:, 0].max() < real and rebuilt_codes[:, 1].min() > 0.9,
    "half-way points lie among codes, the path does not": 10 * halfway_distance < 0.03 < farthest.max(),
    "the farther from codes, the less grey": (np.diff(grey, axis=1) < 0).all() and np.ptp(grey, axis=1).min() > 0.05,
    "the void is no stranger than digits": strange.iloc[:, -1].max() < 1.25 * real,
    "farther out, less grey": (np.diff(grey_by_factor, axis=0) < 0).all(),
    "thrown points: 1s above all": (thrown_shares.idxmax(axis=1) == 1).all(),
    "thrown points miss digits": rarest[digit_shares.index.str.startswith("thrown")].max() < 0.1 < 0.2 < rarest[0],
    "reconstructions show far more 9s than 4s": (rebuilt_shares[9] > 2 * rebuilt_shares[4]).all(),
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Draw the decoded grid of a linear model with `plots.plane_and_grid`, beside its codes. Where are the blurred
#    cells, and where are the codes?
# 2. ★ Equation (6.1) needs only a matrix that has an inverse. Try one that stretches one direction tenfold. What happens
#    to the reconstructions, and what to the neighbour agreement?
# 3. ★★ Train the plane with `hidden=(512, 256, 128)`. How much does depth help the error and the neighbour agreement?
#    Do 4 and 9 come apart?
# 4. ★★ Kill both units: give the code layer of a fresh ReLU model a bias of −1000 and train one epoch. Which weights
#    changed? Compare the output with the mean image. Then kill one unit only, with −1000 and with the largest bias that
#    still turns it off for every image. Does it come back?
# 5. ★★ Draw codes from a Gaussian with the mean and the covariance of the training codes, decode them, and count
#    digits as above. Is that better than points thrown evenly? Why not good enough?
# 6. ★★★ Between two codes, find a path that stays near codes: a shortest path in the graph of nearest neighbours of
#    5,000 codes. Decode it beside the straight one, and compare emptiness and strangeness along both.

# %% [markdown]
# ## Further reading
#
# - [Hinton and Salakhutdinov (2006)](references.md#hinton-and-salakhutdinov-2006): the plane of a deep autoencoder
#   beside PCA's, on the same digits; the picture that made latent planes known.
# - [Gower (1975)](references.md#gower-1975): Procrustes analysis, for two maps and for many.
# - [van der Maaten and Hinton (2008)](references.md#van-der-maaten-and-hinton-2008): t-SNE, a map made for keeping
#   neighbours, which has no decoder.
# - [Bengio, Courville and Vincent (2013)](references.md#bengio-courville-and-vincent-2013): what one may want of a
#   representation, and what autoencoders give of it.
# - [Kingma and Welling (2013)](references.md#kingma-and-welling-2013): the variational autoencoder, whose latent space
#   comes with a distribution.

# %% [markdown]
# ## Next
#
# This is the end of Part II. You have built an autoencoder, trained it to clean noise, chosen the size of its code and
# looked inside. Part III begins with the smallest step away from digits: [chapter 7](07_fashion_mnist.ipynb) hands the
# same models pictures of clothes, and asks which of all these results were about autoencoders and which about digits.
# [Chapter 10](10_variational.ipynb) comes back to the plane, with a decoder that can be trusted between the codes.
