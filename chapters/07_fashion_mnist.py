# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Fashion-MNIST
#
# So far every model was trained on digits. Here the same models meet clothes: as many images, of as many pixels, in as
# many classes, and everything else differs. What does a loss on one data set say about a loss on another? Which clothes
# are hard, and what does a code of 64 numbers drop from them? And which parts of a model trained on digits are of use
# for clothes?

# %% [markdown]
# ## What you will learn
#
# - Look hard at a new data set before you train on it, with the old one beside it.
# - Explain why losses on two data sets cannot be compared, and what can stand side by side in their place.
# - Say where a reconstruction loses: by class, by [spatial frequency](glossary.md#spatial-frequency), at the outline
#   and inside it.
# - Measure what carries over from one data set to another: the whole model, or its encoder alone.
# - Read the plane of clothes beside the plane of digits.

# %% [markdown]
# ## What you need
#
# - [Chapter 3](03_dense_autoencoder.ipynb) for the model, [chapter 2](02_mathematics.ipynb) for the floor of binary
#   cross-entropy and for PCA.
# - [Chapter 4](04_denoising.ipynb) for one section on noise, [chapter 6](06_latent_plane.ipynb) for the plane.
#
# Running time: about 2 minutes on two quick cores.

# %%
from aelib import baselines, data, losses, metrics, models, noise, plots, training
from aelib.explorer import LatentExplorer
from aelib.models import predict

import keras
import numpy as np
import pandas as pd
from scipy import ndimage
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestNeighbors

SEED = 0
SEEDS = (0, 1, 2)
EPOCHS = 8  # of the runs that are compared; chapter 3's 20 for one
BATCH_SIZE = 250  # divides 60,000: no smaller last batch, for which XLA would compile once more (chapter 5)

sets = {"digits": data.load_mnist(), "clothes": data.load_fashion_mnist()}
digits, clothes = sets["digits"], sets["clothes"]
names = clothes.class_names
rng = np.random.default_rng(SEED)

# %% [markdown]
# ## A hard look first
#
# [Fashion-MNIST](references.md#xiao-rasul-and-vollgraf-2017) was made to stand in for MNIST: the same sizes and file
# format, so that any program for digits runs on it unchanged. The images are product photographs from one shop, cropped
# to the garment, made small, turned grey, and inverted, so that the white background became black.

# %% mystnb={"image": {"alt": "Four rows of ten grey images of clothing on black, one class to a column. Tops fill the frame; several carry prints, stripes or lettering. Trousers are two upright bars, sandals are thin straps, and sneakers and boots all point to the left. Bags vary most in shape."}}
chosen = [rng.choice(np.flatnonzero(clothes.y_train == label), 4, replace=False) for label in range(10)]
rows = {" " * row: clothes.x_train[list(column)] for row, column in enumerate(zip(*chosen, strict=True))}
plots.image_rows(rows, title="Four training images of each class", captions={" " * 3: names})

# %% [markdown]
# These are areas, not strokes: filled, shaded, some printed or striped. Pullovers, coats and shirts have nearly one
# silhouette; without the label you would mix them up yourself. All shoes shown point the same way. Now in numbers,
# beside the digits.


# %%
def describe(images):
    """What to know of a data set before training on it."""
    x, counts, brightness = images.x_train, np.bincount(images.y_train), images.x_train.mean(axis=1)
    frame = np.ones((28, 28), dtype=bool)
    frame[1:-1, 1:-1] = False
    return {
        "images in the smallest class": int(counts.min()),
        "images in the largest class": int(counts.max()),
        "black pixels": (x == 0).mean(),
        "grey pixels": ((x > 0) & (x < 1)).mean(),
        "brightness (mean pixel)": brightness.mean(),
        "brightness, std over images": brightness.std(),
        "images that touch the frame": (x[:, frame.ravel()] > 0).any(axis=1).mean(),
    }


facts = pd.DataFrame.from_dict({name: describe(images) for name, images in sets.items()}, orient="index")
facts.round(3).astype(object).T

# %% mystnb={"image": {"alt": "Histogram of pixel values, logarithmic, one line for each data set. Both have a tall bar at 0. Between 0 and 1 the clothes' line lies well above the digits', with a broad hump in the upper half; the digits' has its only other peak near 1, where the clothes' has a small one."}}
plots.histogram(
    {name: images.x_train[::6] for name, images in sets.items()},
    title="Pixel values, every sixth training image",
    xlabel="pixel value (0 black, 1 white)",
    ylabel="share of pixels (logarithmic)",
    bins=np.linspace(0, 1, 52),
    log_y=True,
)

# %% [markdown]
# - *Balance.* All classes of clothes have equally many training images; those of the digits only nearly.
# - *Grey.* Half of the pixels of clothes are black, against four fifths for digits. Nearly all others count as grey on
#   both, for hardly any is exactly 1. But on digits many of these are all but white, and most of the rest are edges of
#   strokes; on clothes they are cloth, of every shade.
# - *Brightness.* Its spread over images is about three times as large. Garments are dark or bright as a whole.
# - *Frame.* Practically every garment touches the frame, and hardly any digit does.
#
# The mean images show how much the images of a class agree.

# %% mystnb={"image": {"alt": "Two rows of eleven images: the mean training image of each class and of all. The mean digits are soft, and the mean of all digits is a blob. Most mean garments have a crisp outline, tops, trousers and the sneaker most of all; the mean sandal is a dim smear, and the mean of all clothes a grey mixture of top and trousers."}}
means = {}
for name, images in sets.items():
    means[name] = np.stack([images.x_train[images.y_train == label].mean(axis=0) for label in range(10)])
rows = {name: np.vstack([means[name], images.x_train.mean(axis=0)]) for name, images in sets.items()}
captions = {"digits": [*digits.class_names, "all"], "clothes": [*names, "all"]}
plots.image_rows(rows, title="Mean training images", captions=captions)

# %% [markdown]
# How much of an image do you know once you know its class? And once you know its brightness alone, one number? Rebuild
# every test image from that, and say which share of the [mean image's](glossary.md#mean-image) squared error is gone.
# This is the [share explained](glossary.md#share-explained): 0 for the mean image, 1 for a perfect reconstruction.
#
# > **Predict first.** Will the class explain more of a digit or more of a garment? And the brightness?

# %%
mean_images = {name: baselines.MeanImage().fit(images.x_train) for name, images in sets.items()}


def mean_error(name, x_hat):
    return metrics.mean_squared_error(sets[name].x_test, x_hat).mean()


mean_image_mse = {name: mean_error(name, mean_images[name].reconstruct(sets[name].x_test)) for name in sets}


def explained(name, x_hat):
    """Share of the mean image's squared error that a reconstruction of the test images takes away."""
    return 1 - mean_error(name, x_hat) / mean_image_mse[name]


def from_brightness(images):
    """The best reconstruction that is a straight line in the image's mean pixel, fitted to the training images."""
    brightness = images.x_train.mean(axis=1)
    slopes = (brightness - brightness.mean()) @ images.x_train / (len(brightness) * brightness.var())
    return images.x_train.mean(axis=0) + (images.x_test.mean(axis=1) - brightness.mean())[:, None] * slopes


# %%
known = {}
for name, images in sets.items():
    known[name] = {
        "brightness (1 number)": explained(name, from_brightness(images)),
        "class (its mean image)": explained(name, means[name][images.y_test]),
    }
known = pd.DataFrame(known)
known.round(3)

# %% [markdown]
# More of a garment, in both cases. The class takes away about two fifths of the mean image's error on clothes and about
# a fifth on digits; brightness about a quarter, against less than a tenth. Clothes look more intricate than digits, yet
# a few coarse facts say more about them. Keep that in mind for the plane at the end.

# %% [markdown]
# ## Losses that cannot be compared
#
# Binary cross-entropy splits in two. For an image with pixels $x_j$ and reconstruction $\hat x$,
#
# $$ L(x, \hat x) = \underbrace{H(x)}_{\text{pixel entropy}} + \underbrace{\sum_j \Big[ x_j \ln \frac{x_j}{\hat x_j}
# + (1 - x_j) \ln \frac{1 - x_j}{1 - \hat x_j} \Big]}_{\text{0 if and only if } \hat x = x}. \tag{7.1} $$
#
# The second term is the [Kullback–Leibler divergence](glossary.md#kullbackleibler-divergence) of chapter 2, summed over
# pixels: all that training can change. The first is the [pixel entropy](glossary.md#pixel-entropy) (2.11), summed over
# pixels as well. It belongs to the *data*: a [floor](glossary.md#floor) that no model gets under. It comes from grey
# pixels, and you have seen which data set has more of them.
#
# > **Predict first.** Suppose you rebuild every garment *perfectly*. Will the loss be lower than that of the mean image
# > on digits, which knows nothing of the digit it stands for?


# %%
def loss_scale(images, mean):
    """The two ends of the scale on the test images: nothing known, everything known. Nats per pixel."""
    grey = ((images.x_test > 0) & (images.x_test < 1)).mean()
    floor = losses.pixel_entropy(images.x_test).mean() / 784
    return {
        "grey pixels": grey,
        "entropy of a grey pixel": floor / grey,
        "floor": floor,
        "mean image": metrics.mean_binary_crossentropy(images.x_test, mean.reconstruct(images.x_test)),
    }


scale = pd.DataFrame({name: loss_scale(images, mean_images[name]) for name, images in sets.items()})
scale.round(4)

# %% [markdown]
# The last two rows are nats per pixel, (7.1) divided by 784; the second is nats per *grey* pixel, the floor divided by
# the first row. (That a share and an entropy of clothes are the same
# number to four digits is a coincidence.)
#
# Lower, but not by much: the perfect reconstruction of clothes costs nine tenths of what knowing nothing costs on
# digits. Two factors make that floor. There are more than twice as many grey pixels, and each of them costs more,
# being further from 0 and 1.
#
# The floor says nothing about how hard images are to rebuild. To see it, take the digits and only lower their contrast,
# $x' = 0.1 + 0.8\,x$. That can be undone exactly: nothing about the images is lost.

# %%
paler = 0.1 + 0.8 * digits.x_test
floor_paler = losses.pixel_entropy(paler).mean() / 784
print(f"floor of the digits {scale['digits']['floor']:.4f}, of the same digits with less contrast {floor_paler:.4f}")

# %% [markdown]
# With less contrast the perfect reconstruction of a digit costs more than that of a garment, and more than the digits'
# mean image cost before. Every black pixel has become grey, and a grey pixel has entropy.
#
# So a loss on one data set means nothing beside a loss on another. What can stand side by side:
#
# 1. **Excess over the floor**: the divergence in (7.1), which is 0 for a perfect reconstruction on any data.
# 2. **The way from the mean image to the floor**, and for squared error the share explained: how much of what *can* be
#    gained was gained.
# 3. **The error divided by that of a method of equal size**: PCA with as many numbers, fitted to the same images.
#
# The first has a true zero, but data that vary more have more to lose. The second corrects for that. The third asks
# whether the model was worth it. Give all three.

# %% [markdown]
# ## The same model on clothes
#
# First the model of chapter 3: 784-128-64-128-784, [ReLU](glossary.md#relu), binary cross-entropy, Adam, 20 epochs.
# Only the batches are others, of 250 images in place of 256; nothing is adjusted to clothes. Then what is needed for a
# comparison: three [seeds](glossary.md#seed) on each data set, for 8 epochs. One Keras model serves for all runs, so
# that it is compiled once; of each run only the weights are kept. The long run on clothes also gives the first of the
# three short ones: `keep` copies its weights after epoch 8.

# %%
network = models.dense_autoencoder(seed=SEED)


def train(x, seed, *, target=None, epochs=EPOCHS, callbacks=()):
    """Train from a fresh start; return the final weights."""
    network.set_weights(models.dense_autoencoder(seed=seed).get_weights())
    training.fit(network, x, target, epochs=epochs, batch_size=BATCH_SIZE, seed=seed, callbacks=callbacks)
    return network.get_weights()


def rebuild(weights, x):
    network.set_weights(weights)
    return predict(network, x)


# %%
runs = {}


def keep(epoch, logs=None):
    if epoch + 1 == EPOCHS:
        runs["clothes", SEED] = network.get_weights()


full = train(clothes.x_train, SEED, epochs=20, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=keep)])
for name, images in sets.items():
    for seed in SEEDS:
        if (name, seed) not in runs:
            runs[name, seed] = train(images.x_train, seed)

# %%
pca = {name: baselines.PCACodec(64).fit(images.x_train) for name, images in sets.items()}
rebuilt = {(name, seed): rebuild(runs[name, seed], sets[name].x_test) for name in sets for seed in SEEDS}
rebuilt_pca = {name: pca[name].reconstruct(images.x_test) for name, images in sets.items()}
rebuilt_full = rebuild(full, clothes.x_test)

# %% mystnb={"image": {"alt": "Ten test garments, one of each class, above the autoencoder's and PCA's reconstructions. Outlines and shades are right in both. The lettering on the pullover has become a dark patch, and the folds and seams have gone; around PCA's garments there are faint ghosts."}}
first = [np.flatnonzero(clothes.y_test == label)[0] for label in range(10)]
plots.image_rows(
    {"original": clothes.x_test[first], "autoencoder": rebuilt_full[first], "PCA": rebuilt_pca["clothes"][first]},
    title="Clothes from 64 numbers: chapter 3's model after 20 epochs, and PCA",
    captions={"PCA": names},
)

# %% [markdown]
# Nearly every garment can be named from its reconstruction. Outline, shade and sleeves are there. The lettering on the
# pullover has become a dark patch; seams, zips and the strap of the bag have gone.
#
# > **Predict first.** On digits the autoencoder beats PCA with 64 components once it has had its 20 epochs (chapters 3
# > and 5). Will it on clothes? And on which of the two data sets does it get nearer to the floor, measured along the
# > way from the mean image?


# %%
def scores(name, x_hat):
    floor, most = scale[name][["floor", "mean image"]]
    loss = metrics.mean_binary_crossentropy(sets[name].x_test, x_hat)
    shares = {"way to the floor": (most - loss) / (most - floor), "share explained": explained(name, x_hat)}
    return {"loss": loss, "excess": loss - floor, "MSE": mean_error(name, x_hat)} | shares


measured = [{"run": f"{name}, {EPOCHS} epochs"} | scores(name, x_hat) for (name, _), x_hat in rebuilt.items()]
measured.append({"run": "clothes, 20 epochs"} | scores("clothes", rebuilt_full))
measured = pd.DataFrame(measured).groupby("run", sort=False).agg(["mean", "std"])
measured[["loss", "excess", "way to the floor"]].round(4)

# %%
mse_table = measured[["MSE", "share explained"]].copy()
errors_pca = {name: mean_error(name, rebuilt_pca[name]) for name in sets}
data_sets = mse_table.index.str.split(",").str[0]
mse_table["PCA", "MSE"] = data_sets.map(errors_pca)
mse_table["PCA", "share explained"] = [explained(name, rebuilt_pca[name]) for name in data_sets]
mse_table["MSE / PCA's", ""] = mse_table["MSE", "mean"] / mse_table["PCA", "MSE"]
mse_table.round(4)

# %% [markdown]
# Each mean is over three seeds, except that of the one long run. Read the first table by its columns. By `loss`,
# clothes look more than three times as bad as digits, and even after 20 epochs their loss is larger than that of the
# digits' mean image. By `excess` they are about half as bad again. By the way to the floor the digits are ahead by a
# few hundredths: far more than the spread between seeds, and far less than the losses suggest. Relative to what there
# is to gain, the same model in the same time does nearly the same job.
#
# The second table has the surprise. On digits, 8 epochs make the autoencoder level with PCA, and 20 put it clearly
# ahead ([chapter 5](05_code_size.ipynb)). On clothes it is about a quarter *behind* after 8, in every seed, and after
# 20 it has drawn level (one run: do not call that a win). That a nonlinear network beats PCA at equal size is a result
# about digits and long training, not a law. PCA is not better on clothes than on digits: it explains equal shares of
# both. The network is worse, and catches up with more epochs. Why it learns clothes more slowly, the table does not
# say. Exercises 2 and 4 test two suspects: ReLU units that die, and a loss that is not squared error.

# %% [markdown]
# ## Which clothes are hard
#
# > **Predict first.** Which class will have the largest error, which the smallest? Does it matter whether you count the
# > error as it stands or as a share of what a mean image leaves?


# %%
def by_class(x_hat):
    """Mean squared error of each class of the clothes."""
    errors = metrics.mean_squared_error(clothes.x_test, x_hat)
    return np.array([errors[clothes.y_test == label].mean() for label in range(10)])


each = np.array([by_class(rebuilt["clothes", seed]) for seed in SEEDS])
class_table = pd.DataFrame(
    {
        "MSE": each.mean(axis=0),
        "std of 3 seeds": each.std(axis=0, ddof=1),
        "PCA": by_class(rebuilt_pca["clothes"]),
        "MSE / mean image's": each.mean(axis=0) / by_class(mean_images["clothes"].reconstruct(clothes.x_test)),
        "MSE / class mean's": each.mean(axis=0) / by_class(means["clothes"][clothes.y_test]),
    },
    index=names,
).sort_values("MSE")
class_table.round(4)

# %% [markdown]
# By the error as it stands, trousers are the easiest by far; bags and sandals are the hardest, with nearly three times
# the trousers' error. Seeds hardly matter beside that, and PCA has the smaller error on *every* class at 8 epochs.
#
# Then look at the last two columns. Relative to the mean image the order stays roughly the same, except for ankle
# boots: bright and large, they leave the mean image much to lose. Relative to the mean image *of their own class* it
# does not: sneakers, second best by error, are among the two hardest, for they resemble their mean so much that there
# was little to gain. Pullovers, shirts and coats, which vary a lot in shade, are the easiest. "Which class is hard?"
# has no answer before you say "compared with what".

# %% mystnb={"image": {"alt": "Four rows of eight images. Best: eight bright, plain trousers, whose reconstructions look the same. Worst: a shirt, pullovers, trousers and a T-shirt with bold stripes, a bag, a printed T-shirt and a sandal of crossed straps; their reconstructions are blurred grey garments without any stripe."}}
errors_full = metrics.mean_squared_error(clothes.x_test, rebuilt_full)
order = np.argsort(errors_full)
rows, captions = {}, {}
for row, shown, space in (("best", order[:8], ""), ("worst", order[-8:][::-1], " ")):
    rows |= {row: clothes.x_test[shown], f"{space}rebuilt": rebuilt_full[shown]}
    captions[f"{space}rebuilt"] = [names[label] for label in clothes.y_test[shown]]
plots.image_rows(rows, captions=captions, title="Least and greatest squared error among the test images (20 epochs)")

# %% [markdown]
# The best are plain bright trousers. Most of the worst have bold stripes, whatever they are: shirt, pullover, trousers.
# The reconstruction is a garment of the right kind in the average grey of its stripes. If you cannot tell where the
# stripes are, their mean is the best answer, for binary cross-entropy as for squared error.

# %% [markdown]
# ## What is lost
#
# "It gets blurry" can be measured. As in [chapter 5](05_code_size.ipynb), split images and errors into waves, from 0
# cycles across the image (brightness) up to the finest, and divide the power of the error by the power of the images:
# 0 means that this detail is all there, 1 that it might as well be missing.

# %%
BANDS = ["0", "1–3", "4–7", "8 and more"]


def power_in_bands(x):
    """Mean power of images in bands of spatial frequency, all directions together."""
    power = np.mean(np.abs(np.fft.fft2(data.as_images(x)[..., 0])) ** 2, axis=0)
    cycles = np.fft.fftfreq(28, d=1 / 28)
    band = np.digitize(np.rint(np.hypot(cycles[:, np.newaxis], cycles)), [1, 4, 8])
    return np.bincount(band.ravel(), weights=power.ravel())


power = {name: power_in_bands(images.x_test) for name, images in sets.items()}
band_table = {f"power of {name}": values / values.sum() for name, values in power.items()}
for name, images in sets.items():
    errors = [power_in_bands(rebuilt[name, seed] - images.x_test) for seed in SEEDS]
    band_table[f"missing, {name}, autoencoder"] = np.mean(errors, axis=0) / power[name]
    band_table[f"missing, {name}, PCA"] = power_in_bands(rebuilt_pca[name] - images.x_test) / power[name]
band_table = pd.DataFrame(band_table, index=pd.Index(BANDS, name="cycles"))
band_table.T.round(3)

# %% [markdown]
# Coarse waves come back almost whole, and the share that is missing grows with the frequency, on both data sets.
# From 4 to 7 cycles clothes lose more than digits, and PCA loses less of them than the autoencoder. And look at what
# the fine waves are worth. Nearly nine tenths of the power of clothes lie below 4 cycles, against about two thirds for
# digits; the finest band holds a twentieth. To lose most of that costs a few per cent of the power. It is cheap for the
# loss, and it is most of the texture.
#
# Fine detail of a garment is of two kinds: the edge between garment and background, and what is printed, knitted or
# creased inside. A Fourier transform cannot tell them apart; a mask can. Take the tops and dresses, fill their
# silhouettes, and call *inside* what is more than 3 pixels from the edge; the rest of the silhouette and one pixel
# around it are the *outline*. Split each image into a blurred version, its *shade*, and the rest, its *detail*. For
# each part, the share *kept* is 1 minus the ratio of the squared error in it to its own sum of squares (for the shade,
# about its mean). An error larger than if the part had been left out makes it negative.
#
# > **Predict first.** Will the outline's detail survive better than the inside's, or the other way round? By how much?

# %%
tops = np.flatnonzero(np.isin(clothes.y_test, [0, 2, 3, 4, 6]))
pictures = clothes.x_test[tops].reshape(-1, 28, 28)
each_alone = np.ones((1, 3, 3), dtype=bool)  # neighbours within an image, none in the next one
silhouette = ndimage.binary_fill_holes(pictures > 0.05, structure=each_alone)
inside = ndimage.binary_erosion(silhouette, structure=each_alone, iterations=3)
outline = ndimage.binary_dilation(silhouette, structure=each_alone) & ~inside


def split(images):
    """Shade and detail: what a Gaussian of 1 pixel leaves of images, and what it takes away."""
    blurred = ndimage.gaussian_filter(images, (0, 1, 1))
    return blurred, images - blurred


shade, detail = split(pictures)


# %%
def kept(x_hat):
    """Shares of shade and detail that a reconstruction keeps: 1 for all of it, 0 as if it were left out."""
    wrong_shade, wrong_detail = split(pictures - x_hat[tops].reshape(-1, 28, 28))

    def share(wrong, right, where):
        return 1 - (wrong[where] ** 2).sum() / (right[where] ** 2).sum()

    return {
        "shade, inside": share(wrong_shade, shade - shade[inside].mean(), inside),
        "detail, outline": share(wrong_detail, detail, outline),
        "detail, inside": share(wrong_detail, detail, inside),
    }


# %%
runs_kept = pd.DataFrame([kept(rebuilt["clothes", seed]) for seed in SEEDS])
kept_table = pd.DataFrame(
    {
        f"autoencoder, {EPOCHS} epochs": runs_kept.mean(),
        "std of 3 seeds": runs_kept.std(),
        "autoencoder, 20 epochs": kept(rebuilt_full),
        "PCA": kept(rebuilt_pca["clothes"]),
    }
)


# %%
def error_of_tops(x_hat):
    return metrics.mean_squared_error(clothes.x_test[tops], x_hat[tops]).mean()


errors_of_tops = [error_of_tops(rebuilt["clothes", seed]) for seed in SEEDS]
kept_table.loc["MSE of these images"] = [
    np.mean(errors_of_tops),
    np.std(errors_of_tops, ddof=1),
    error_of_tops(rebuilt_full),
    error_of_tops(rebuilt_pca["clothes"]),
]
kept_table.round(4)

# %% [markdown]
# The shade is kept almost whole, and the outline's detail by more than half. Of the detail *inside*, the autoencoder
# keeps a fifth after 8 epochs and a quarter after 20: texture, prints and seams are mostly gone. PCA keeps more of it
# than either. Part of that is simply that PCA rebuilds these images better: over all clothes the longer run matches
# PCA's error, but on tops and dresses, the last row says, it does not. That is not all: of the outline's detail the
# longer run keeps about as much as PCA.
#
# Why texture? A likely reason: outlines vary in few ways, and a few numbers describe one. A print can begin anywhere
# and look like anything; to describe it would take most of the 64 numbers, and they are the same 64 for every garment.
# Per number spent, texture lowers the loss least.

# %% [markdown]
# ## Noise on clothes
#
# The denoiser is that of [chapter 4](04_denoising.ipynb): the same network, trained on noisy → clean, here in one run
# of 8 epochs. The noise has standard deviation 0.5, as there. Beside it stand the clean-trained network, PCA, and the
# linear map from all noisy pixels to all clean ones, which chapter 4 found hard to beat.
#
# > **Predict first.** Noise is fine detail, and so is a print. What will the denoiser do with prints?

# %%
STD = 0.5
noisy_test = noise.gaussian(clothes.x_test, STD, seed=SEED + 1)
noisy_train = noise.gaussian(clothes.x_train, STD, seed=SEED)
denoiser = train(noisy_train, SEED, target=clothes.x_train)
# A penalty of 1, tiny beside thousands of squared pixels, keeps the equations solvable.
linear_map = Ridge(alpha=1.0, solver="cholesky").fit(noisy_train[:20_000], clothes.x_train[:20_000])
del noisy_train  # 188 MB
cleaned = {
    "noisy input": noisy_test,
    "mean image": mean_images["clothes"].reconstruct(noisy_test),
    "PCA, 64 components": pca["clothes"].denoise(noisy_test),
    "linear map": linear_map.predict(noisy_test).clip(0, 1),
    "clean-trained network": rebuild(runs["clothes", SEED], noisy_test),
    "noise-trained network": rebuild(denoiser, noisy_test),
    "clean input, clean-trained": rebuilt["clothes", SEED],
}

# %%
denoising = pd.DataFrame(
    {name: {"PSNR": metrics.psnr(clothes.x_test, x_hat).mean(), **kept(x_hat)} for name, x_hat in cleaned.items()}
).T
denoising.round(3)

# %% mystnb={"image": {"alt": "Four rows of ten garments: originals, the same under heavy noise, the linear map's output, mottled with a grey haze around the garment, and the noise-trained network's, smooth plain garments on black without any print."}}
rows = {"original": clothes.x_test[first], "noisy": noisy_test[first]}
rows |= {name: cleaned[name][first] for name in ("linear map", "noise-trained network")}
plots.image_rows({name.removesuffix(" network"): x for name, x in rows.items()}, title="Clothes, denoised")

# %% [markdown]
# The network trained on noisy → clean gains about eight decibels over its input, and the clean-trained one is far
# behind, as on digits. But the linear map, fitted to a third of the images, is as good as the network: within a
# fraction of a decibel, and better at the outline. (A negative share kept means false detail: in the noisy input there
# is several times as much of it as of true detail.)
#
# And the prints? Mostly gone: of the detail inside, network and linear map keep about a tenth, half of what the network
# keeps from a *clean* image. A denoiser cannot tell a fine print from fine noise, and the safe answer to both is smooth
# cloth.

# %% [markdown]
# ## What carries over
#
# Chapter 3 handed clothes to the digits' model and got scribbles. Now both ways, with three seeds: give each model the
# images that it was not trained on. PCA stands beside it, to show what any code fitted to the other set would lose.
#
# > **Predict first.** Which is the better traveller: the digits' model on clothes, or the clothes' model on digits? The
# > autoencoder or PCA? Will each beat the mean image of the data it is tested on?


# %%
def across(rebuild_with):
    """Share explained of the test images of both sets, by something that was trained on one of them."""
    return [explained(name, rebuild_with(images.x_test)) for name, images in sets.items()]


travel = [
    [name, "autoencoder", *across(lambda x, weights=weights: rebuild(weights, x))]
    for (name, _), weights in runs.items()
]
for name in sets:
    travel.append([name, "PCA", *across(pca[name].reconstruct)])
    travel.append([name, "mean image", *across(mean_images[name].reconstruct)])
columns = ["trained on", "method", "tested on digits", "tested on clothes"]
travel = pd.DataFrame(travel, columns=columns).groupby(["method", "trained on"]).agg(["mean", "std"])
travel.round(3)

# %% mystnb={"image": {"alt": "Six rows of ten images. Clothes: as broken bright blotches by the digits' autoencoder, as rippled but recognisable garments by the digits' PCA. Digits: mostly as grey pieces of garments by the clothes' autoencoder, and by the clothes' PCA as smudged digits, some of them legible."}}
rows = {}
for name, other in (("clothes", "digits"), ("digits", "clothes")):
    shown = [np.flatnonzero(sets[name].y_test == label)[0] for label in range(10)]
    rows[name] = original = sets[name].x_test[shown]
    rows[f"{other}' AE"] = rebuild(runs[other, SEED], original)
    rows[f"{other}' PCA"] = pca[other].reconstruct(original)
plots.image_rows(rows, title="Each data set, rebuilt by the other's model (AE: autoencoder)")

# %% [markdown]
# The numbers are shares explained: below 0 is worse than the mean image of the *tested* set.
#
# - The clothes' model on digits is the better traveller: it explains some two fifths of their variation. The digits'
#   model on clothes is far *below* zero, hardly better than if it had shown the mean digit every time.
# - PCA travels better in both directions, and stays above zero in both. It keeps the part of an image that lies along
#   its components and fills in its own mean for the rest. The network's decoder draws what it was trained to draw:
#   strokes, or garments. Look at the figure: two fifths explained does not mean readable.
#
# A likely reason for the asymmetry: clothes reach every part of the image, in every shade. Digits hardly ever touch the
# frame and have few wide grey areas, so nothing trained on them has learned to fill these.
#
# ### Which half is to blame?
#
# A model that fails on foreign images may fail in its encoder, which then throws away what matters, or in its decoder,
# which can draw nothing but what it knows. Test the encoder alone. Keep it frozen, and replace the decoder by the
# simplest one there is: a linear map from the 64 numbers to the pixels, by least squares on the *new* training images.
# If that rebuilds well, the code had the information. The yardstick is an encoder that has learned nothing, with the
# random weights it started from.


# %%
def encode(weights, x):
    network.set_weights(weights)
    return predict(network.encoder, x)


def readout(encoder):
    """Share explained of both sets by the best linear decoder for a frozen encoder, fitted to 10,000 images."""
    shares = []
    for name, images in sets.items():
        codes = encoder(images.x_train[:10_000]).astype(np.float64)  # in float32 the equations would lose digits
        line = Ridge(alpha=1.0, solver="cholesky").fit(codes, images.x_train[:10_000])
        shares.append(explained(name, line.predict(encoder(images.x_test)).clip(0, 1)))
    return shares


# %%
frozen = [["PCA's code", name, *readout(pca[name].encode)] for name in sets]
for seed in SEEDS:
    starts = {"nothing": models.dense_autoencoder(seed=seed).get_weights()}
    for name, weights in (starts | {name: runs[name, seed] for name in sets}).items():
        frozen.append(["autoencoder's code", name, *readout(lambda x, weights=weights: encode(weights, x))])
columns = ["code", "trained on", "read out for digits", "read out for clothes"]
frozen = pd.DataFrame(frozen, columns=columns).groupby(["code", "trained on"]).agg(["mean", "std"])
frozen.round(3)

# %% [markdown]
# The decoder, nearly alone. From the *digits'* code a linear map rebuilds clothes almost as well as from the clothes'
# own code, where the digits' decoder had scored below zero: the encoder let the information through, and its decoder
# could not draw it. The other way round the same holds less completely: the clothes' code is clearly worse for digits
# than the digits' own.
#
# But look at the yardstick before you praise what was learned. The code of *random* weights already explains most of
# what the trained ones do on clothes, and half of the digits. What training on the other data set adds to that is real,
# and it is the smaller part. And no network's code, read out linearly, comes up to PCA fitted to the images in
# question: that code was made for a linear decoder.

# %% [markdown]
# ## The plane of clothes
#
# At last the map: two linear code units, as in [chapter 6](06_latent_plane.ipynb), trained on clothes and, for
# comparison, on digits, with two seeds each, for 5 epochs. Each garment is drawn as the number of its class; the legend
# gives the names.

# %%
plane_network = models.dense_autoencoder(latent_dim=2, code_activation="linear", seed=SEED)
plane_runs, planes = {}, {}
for name, images in sets.items():
    for seed in SEEDS[:2]:
        start = models.dense_autoencoder(latent_dim=2, code_activation="linear", seed=seed)
        plane_network.set_weights(start.get_weights())
        training.fit(plane_network, images.x_train, epochs=5, batch_size=BATCH_SIZE, seed=seed)
        plane_runs[name, seed] = plane_network.get_weights()
        planes[name, seed] = predict(plane_network.encoder, images.x_test)

# %% mystnb={"image": {"alt": "Two panels of the same plane. Left: codes of clothes drawn as class numbers, with a legend of names. Trousers run out to the left in a narrow arm with dresses along it; T-shirts sit at its root, pullovers, coats and shirts in one cloud below; ankle boots and sneakers fill the lower right, sandals the right, bags the middle. Right: the decoded grid, trousers and dresses at the upper left, bright tops at the lower left, shoes on the right, scraps at the top right."}}
plane_network.set_weights(plane_runs["clothes", SEED])
plots.plane_and_grid(
    lambda codes: predict(plane_network.decoder, codes),
    planes["clothes", SEED],
    clothes.y_test,
    class_names=names,
    title="The plane of clothes",
    steps=10,
    points=400,
)

# %% [markdown]
# Trousers, dresses along with them, run out in an arm of their own. T-shirts, then pullovers, coats and shirts crowd
# together; ankle boots and sneakers have a region each, with sandals where they begin, and bags lie in the middle. The
# decoder draws a garment nearly everywhere, also where no code is, and scraps at the top right: chapter 6's warning
# about empty regions holds here too. Walk through it, with the decoder running in the page:

# %%
LatentExplorer(
    plane_network.decoder,
    planes["clothes", SEED],
    clothes.y_test,
    class_names=names,
    title="The plane of clothes, live",
)

# %% [markdown]
# > **Predict first.** Chapter 6 found that neighbours in a linear plane of digits share a digit in 56 to 60 of 100
# > cases, after 15 epochs. After 5, as here, will neighbours in the plane of clothes share a class more often than
# > neighbours in the plane of digits share a digit? Which three classes will be mixed up most?


# %%
def neighbour_table(codes, labels):
    """For each class, what share of its codes' ten nearest neighbours is of each class."""
    nearest = NearestNeighbors(n_neighbors=10).fit(codes).kneighbors(return_distance=False)
    return np.array([[(labels[nearest[labels == a]] == b).mean() for b in range(10)] for a in range(10)])


# %% mystnb={"image": {"alt": "A table of ten by ten coloured cells: the class of a code down the side, the class of its neighbours along the bottom. Trouser, Sneaker and Ankle boot are bright on the diagonal. Pullover, Coat and Shirt spread over each other's columns, Shirt over T-shirt's as well, and Trouser and Dress over each other's to a lesser degree."}}
tables = {(name, seed): neighbour_table(codes, sets[name].y_test) for (name, seed), codes in planes.items()}
plots.heatmap(
    tables["clothes", SEED],
    row_labels=[f"{index} {name}" for index, name in enumerate(names)],
    column_labels=range(10),
    title="Classes among the ten nearest codes",
    xlabel="class of the neighbours",
    ylabel="class of the code",
    number_format="{:.2f}",
    colour_label="share of the neighbours",
)

# %%
overlaps = {}
for (name, seed), table in tables.items():
    both = np.triu(table + table.T, 1)
    five = np.argsort(both, axis=None)[::-1][:5]
    ranked = zip(*np.unravel_index(five, both.shape), strict=True)
    overlaps[name, seed] = [f"{sets[name].class_names[a]}–{sets[name].class_names[b]}" for a, b in ranked]
    print(f"{name}, seed {seed}, most overlapping: {', '.join(overlaps[name, seed])}")

# %%
sample = rng.choice(10_000, 5000, replace=False)
rows = {}
for name, images in sets.items():
    labels, pca_codes = images.y_test[sample], pca[name].encode(images.x_test)
    candidates = {"pixels": (images.x_test, images.x_test)}
    two = pca[name].decode(np.where(np.arange(64) < 2, pca_codes, 0))
    candidates["PCA, 2 components"] = pca_codes[:, :2], two
    for seed in SEEDS[:2]:
        plane_network.set_weights(plane_runs[name, seed])
        candidates[f"plane, seed {seed}"] = planes[name, seed], predict(plane_network, images.x_test)
    for method, (codes, x_hat) in candidates.items():
        rows[name, method] = explained(name, x_hat), metrics.neighbour_agreement(codes[sample], labels)
    chance = metrics.neighbour_agreement(planes[name, SEED][sample], rng.permutation(labels))
    rows[name, "labels shuffled (chance)"] = np.nan, chance
plane_table = pd.DataFrame.from_dict(rows, orient="index", columns=["share explained", "neighbour agreement"])
plane_table.index = pd.MultiIndex.from_tuples(plane_table.index)
plane_table.round(3)

# %% [markdown]
# After these five epochs the plane of clothes is the better map by both counts. Two numbers explain about twice the
# share that they explain of digits, for PCA even more than that: much of a garment is a few coarse facts, such as how
# bright it is and of what rough shape. And neighbours share a class more often in the plane of clothes, by several
# hundredths; in PCA's plane, which needs no epochs, too. (Chapter 6's planes of digits had 15 epochs and came out above
# either, so this lead may be one of the first epochs only.)
#
# Among raw pixels it is the other way round: there neighbours share a digit far more often than a class of clothes. So
# clothes look harder to classify and, after five epochs, easier to draw on a plane. The plane keeps about three
# quarters of the agreement among pixels for clothes, and here about half of it for digits.
#
# On which classes overlap, both seeds agree: pullovers, coats and shirts above all, T-shirts with shirts, and trousers
# with dresses: both are long and narrow. A shirt has as many pullovers around it as shirts. What tells pullovers, coats
# and shirts apart (a collar, buttons, an open front) is detail inside, and that, you have seen, is what a small code
# drops first. The shop tells these three apart by such detail; the plane has only silhouette and shade.

# %% [markdown]
# ## Summary
#
# | Idea | What you saw |
# | --- | --- |
# | Look first | Half of the pixels of clothes are black and most others grey, brightness differs widely, nearly every garment touches the frame; class and brightness alone explain much. |
# | Losses | The floor of clothes is nine tenths of what the mean image costs on digits. Less contrast raises the digits' floor above that of clothes. |
# | Comparable numbers | The way from mean image to floor and the share explained: a little less on clothes, after 8 epochs. |
# | PCA | After 8 epochs the autoencoder is level with it on digits and a quarter behind on clothes; after 20 it is level there too. |
# | Hard classes | Bags and sandals by error; sandals and sneakers relative to their own mean image. |
# | What is lost | Shade stays, and more than half of the outline's detail; inside the garment most of it goes, more so than with PCA. |
# | Denoising | The network is as good as a linear map fitted to a third of the images; prints go with the noise. |
# | Models abroad | Digits' model on clothes: worse than the mean image. Clothes' on digits: some of it. PCA travels better. |
# | Halves | The digits' *encoder* serves clothes almost as well as their own; most of that an untrained one does, too. |
# | The plane | Two numbers explain twice as much of clothes, and after 5 epochs neighbours agree more; pullover, coat and shirt share one place. |

# %% [markdown]
# ## Pitfalls
#
# - **Losses of two data sets side by side.** Binary cross-entropy has a floor that belongs to the data. Subtract it, or
#   give the way to it.
# - **A small loss taken for an easy data set.** Lowering the contrast of the digits raises their loss and makes them no
#   harder.
# - **An error by class read as difficulty.** A class whose images are nearly alike has a small error whatever the
#   model. Divide by what a mean image leaves, and say which mean.
# - **A sharp outline taken for a sharp image.** Coarse waves hold most of the power. Look inside.
# - **A new data set used unseen.** The program runs on it unchanged; whether what it measures still means the same is
#   for you to find out.
# - **A failed transfer blamed on the code.** A foreign decoder cannot draw what it never learned; the frozen encoder
#   may still hold the information.

# %% [markdown]
# ## Check your run
#
# The conclusions above, as checks.

# %%
brightness, touching = facts["brightness, std over images"], facts["images that touch the frame"]
floors, nothing_known = scale.loc["floor"], scale.loc["mean image"]
checks = {
    "half of the clothes' pixels are black": abs(facts["black pixels"]["clothes"] - 0.5) < 0.02,
    "and four fifths of the digits'": abs(facts["black pixels"]["digits"] - 0.8) < 0.02,
    "brightness spreads about three times as widely": 2.5 < brightness["clothes"] / brightness["digits"] < 3.5,
    "garments touch the frame, digits do not": touching["clothes"] > 0.99 and touching["digits"] < 0.05,
    "class: two fifths and a fifth": (known.loc["class (its mean image)"] - [0.2, 0.4]).abs().max() < 0.03,
    "brightness: a tenth and a quarter": (known.loc["brightness (1 number)"] - [0.08, 0.26]).abs().max() < 0.02,
    "perfect clothes cost nearly what no model costs on digits": 0.85 < floors["clothes"] / nothing_known["digits"] < 1,
    "a grey pixel costs more on clothes": scale["clothes"].iloc[1] > scale["digits"].iloc[1],
    "less contrast, more loss": floor_paler > max(nothing_known["digits"], floors["clothes"]),
}

# %%
at_digits, short, long = "digits, 8 epochs", "clothes, 8 epochs", "clothes, 20 epochs"
loss, excess, way, mse = (measured[column, "mean"] for column in ("loss", "excess", "way to the floor", "MSE"))
ratio = mse_table["MSE / PCA's"]
behind = [mean_error("clothes", rebuilt["clothes", seed]) / errors_pca["clothes"] for seed in SEEDS]
checks |= {
    "over three times the loss": loss[short] > 2.8 * loss[at_digits],
    "a decent model of clothes costs more than none of digits": loss[long] > nothing_known["digits"],
    "half as much excess again": 1.2 < excess[short] / excess[at_digits] < 1.8,
    "nearly the same way to the floor": abs(way[short] - way[at_digits]) < 0.06,
    "digits: level with PCA after 8 epochs": 0.88 < ratio[at_digits] < 1.12,
    "clothes: PCA ahead after 8 epochs, in every seed": 1.1 < min(behind) and max(behind) < 1.4,
    "clothes: level after 20": 0.9 < ratio[long] < 1.1,
    "PCA explains the same share of both": np.ptp(mse_table["PCA", "share explained"]) < 0.02,
}

# %%
mse, within = class_table["MSE"], class_table["MSE / class mean's"]
checks |= {
    "trousers easiest": mse.idxmin() == "Trouser" and mse.index[1] == "Sneaker",
    "bags and sandals hardest, by far": set(mse.nlargest(2).index) == {"Bag", "Sandal"} and mse.max() > 2.3 * mse.min(),
    "seeds matter less": (class_table["std of 3 seeds"] < 0.1 * mse).all(),
    "roughly the same order by the mean image": mse.corr(class_table["MSE / mean image's"], "spearman") > 0.6,
    "within the class, sandals and sneakers": set(within.nlargest(2).index) == {"Sandal", "Sneaker"},
    "within the class, pullovers, shirts and coats easy": within[["Pullover", "Shirt", "Coat"]].max() < within.median(),
    "PCA is ahead on every class": (class_table["PCA"] < mse).all(),
}

# %%
coarse = band_table.filter(like="power").iloc[:2].sum()
missed = band_table.filter(like="missing").T.groupby(lambda column: column.split(", ")[1]).mean().T
middle = band_table.loc["4–7"]
network_kept, long_kept, pca_kept = (kept_table.iloc[:, column] for column in (0, 2, 3))
psnr, inside_kept = denoising["PSNR"], denoising["detail, inside"]
noise_trained = psnr["noise-trained network"]
checks |= {
    "power in coarse waves: two thirds and nine tenths": (coarse - [0.67, 0.87]).abs().max() < 0.03,
    "the finer, the more is missing": (missed.diff().iloc[1:] > 0).all(axis=None) and (missed.iloc[-1] > 0.5).all(),
    "in the middle clothes lose more": middle.filter(like="clothes, ").min()
    > 1.2 * middle.filter(like="digits, ").max(),
    "and PCA loses less": middle["missing, clothes, PCA"] < middle["missing, clothes, autoencoder"],
    "shade stays, outline by half": network_kept.iloc[0] > 0.9 and 0.45 < network_kept.iloc[1] < 0.75,
    "the inside is mostly lost": network_kept.iloc[2] < 0.3 and long_kept.iloc[2] < 0.35,
    "PCA keeps more of it": pca_kept.iloc[2] > long_kept.iloc[2] + 0.03,
    "and rebuilds tops better": pca_kept.iloc[3] < 0.98 * long_kept.iloc[3],
}

# %%
checks |= {
    "denoising gains about eight decibels": 6.5 < noise_trained - psnr["noisy input"] < 10,
    "clean-trained is far behind": noise_trained - psnr["clean-trained network"] > 3,
    "the linear map is as good": abs(noise_trained - psnr["linear map"]) < 0.7,
    "prints go with the noise": inside_kept[["noise-trained network", "linear map"]].max() < 0.16,
}

# %%
digits_tested, clothes_tested = (travel[f"tested on {name}", "mean"] for name in sets)
for_digits, for_clothes = (frozen[f"read out for {name}", "mean"]["autoencoder's code"] for name in sets)
for_pca = {name: frozen.loc[("PCA's code", name), (f"read out for {name}", "mean")] for name in sets}
checks |= {
    "digits' model on clothes: below the mean image": clothes_tested["autoencoder", "digits"] < -0.1,
    "hardly above the mean digit": clothes_tested["autoencoder", "digits"]
    < clothes_tested["mean image", "digits"] + 0.2,
    "clothes' model on digits: some of it": 0.25 < digits_tested["autoencoder", "clothes"] < 0.55,
    "PCA travels better": clothes_tested["PCA", "digits"] > 0.25
    and digits_tested["PCA", "clothes"] > digits_tested["autoencoder", "clothes"] + 0.1,
    "the digits' encoder nearly serves clothes": 0 < for_clothes["clothes"] - for_clothes["digits"] < 0.05,
    "the clothes' encoder serves digits less": for_digits["digits"] - for_digits["clothes"] > 0.08,
    "random weights explain most of it": for_clothes["nothing"] > 0.75 * for_clothes["digits"],
    "training on the other set adds to that": for_clothes["digits"] > for_clothes["nothing"] + 0.05
    and for_digits["clothes"] > for_digits["nothing"] + 0.08,
    "PCA's own code reads out best": for_pca["digits"] > for_digits.max() and for_pca["clothes"] > for_clothes.max(),
}

# %%
agreement, two = plane_table["neighbour agreement"].unstack(0), plane_table["share explained"].unstack(0)
maps = ["plane, seed 0", "plane, seed 1", "PCA, 2 components"]
plane = agreement.loc[maps[:2]]
of_pixels = plane / agreement.loc["pixels"]
shirt = tables["clothes", SEED][6]
checks |= {
    "two numbers explain twice as much of clothes": (two["clothes"] > 1.8 * two["digits"]).loc[maps].all(),
    "neighbours agree more in the plane of clothes": plane["clothes"].min() > plane["digits"].max(),
    "and less among pixels": agreement.loc["pixels", "clothes"] < agreement.loc["pixels", "digits"] - 0.1,
    "three quarters of it stay": of_pixels["clothes"].min() > 0.65,
    "for digits half": of_pixels["digits"].max() < 0.65,
    "both planes beat PCA's": (plane.min() > agreement.loc["PCA, 2 components"] + 0.04).all(),
    "overlaps in both seeds": all(
        {"Pullover–Coat", "Pullover–Shirt", "T-shirt/top–Shirt"} <= {*overlaps["clothes", seed]} for seed in SEEDS[:2]
    ),
    "a shirt's neighbours are as often pullovers": shirt[2] > 0.75 * shirt[6],
}
for conclusion, holds in checks.items():
    assert holds, f"not so in this run: {conclusion}"
print(f"All {len(checks)} checks passed.")

# %% [markdown]
# ## Exercises
#
# 1. ★ Make the clothes black and white, `x > 0.5`, and train the model on them. What is the floor now, what the loss of
#    the mean image, and how far does the model get on the way?
# 2. ★ Give the model a [linear code](05_code_size.ipynb), `code_activation="linear"`, on clothes. Is it still behind
#    PCA after 8 epochs? How many units of the ReLU code are dead?
# 3. ★★ Train one network on both data sets, shuffled together, for as many steps as the two had together. What does
#    each data set lose against its own model? Does the joint model travel better to images of neither kind?
# 4. ★★ Is it the loss? Train on squared error in place of binary cross-entropy (`loss="mse"`), and fill in the second
#    table of the comparison and the table of shade and detail.
# 5. ★★ Put a pattern of your own on garments: horizontal stripes with a period of 2, 4 and 8 pixels, inside the
#    silhouette only. At which period does the network begin to draw them?
# 6. ★★★ Keep the digits' *decoder* frozen, and find for each garment the code that it decodes best, by gradient descent
#    on the code. How much of clothes can that decoder draw at most? Which half was to blame, then?

# %% [markdown]
# ## Further reading
#
# - [Xiao, Rasul and Vollgraf (2017)](references.md#xiao-rasul-and-vollgraf-2017): how Fashion-MNIST was made, and why
#   its authors thought that MNIST had become too easy for comparing classifiers.
# - [Loaiza-Ganem and Cunningham (2019)](references.md#loaiza-ganem-and-cunningham-2019): what binary cross-entropy
#   means on grey pixels, for models that are meant as probabilities.
# - [Bengio, Courville and Vincent (2013)](references.md#bengio-courville-and-vincent-2013): what one may want of a
#   representation; transfer to other data is on their list.
# - [Chollet (2021)](references.md#chollet-2021): transfer learning with frozen halves, for classifiers.

# %% [markdown]
# ## Next
#
# The dense model has met a limit: it sees 784 numbers and no neighbourhoods, and what is fine and may lie anywhere is
# lost on it. [Chapter 8](08_deeper_and_convolutional.ipynb) gives it more layers, and then layers that know neighbours.
