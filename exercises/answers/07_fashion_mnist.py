# Answers to sheet 7: mistakes that students make, which have to be caught, and unusual right answers, which have to pass.

# %% task-1 wrong: the way to zero, not to the floor
def way(x, x_hat, x_base):
    return 1 - losses.binary_crossentropy(x, x_hat).mean() / losses.binary_crossentropy(x, x_base).mean()


# %% task-1 wrong: what is left of the way
def way(x, x_hat, x_base):
    floor = losses.pixel_entropy(x).mean()
    return (losses.binary_crossentropy(x, x_hat).mean() - floor) / (
        losses.binary_crossentropy(x, x_base).mean() - floor
    )


# %% task-1 wrong: the mean of the images' quotients
def way(x, x_hat, x_base):
    base = losses.binary_crossentropy(x, x_base)
    return ((base - losses.binary_crossentropy(x, x_hat)) / (base - losses.pixel_entropy(x))).mean()


# %% task-1 wrong: squared error
def way(x, x_hat, x_base):
    return 1 - losses.squared_error(x, x_hat).mean() / losses.squared_error(x, x_base).mean()


# %% task-1 wrong: one number for each image
def way(x, x_hat, x_base):
    base = losses.binary_crossentropy(x, x_base)
    return (base - losses.binary_crossentropy(x, x_hat)) / (base - losses.pixel_entropy(x))


# %% task-1 wrong: sums of losses, but a mean floor
def way(x, x_hat, x_base):
    base = losses.binary_crossentropy(x, x_base).sum()
    return (base - losses.binary_crossentropy(x, x_hat).sum()) / (base - losses.pixel_entropy(x).mean())


# %% task-1 right: by logarithms of ratios, the divergences
def way(x, x_hat, x_base):
    def divergence(q):
        p, q = np.clip(x, 1e-12, 1 - 1e-12).astype("float64"), np.clip(q.astype("float64"), 1e-7, 1 - 1e-7)
        return (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).sum()

    return float(1 - divergence(x_hat) / divergence(x_base))


# %% task-2 wrong: the mean of all images as the yardstick
def left_over(x, x_hat, labels):
    centre = x.mean(axis=0)
    return np.array(
        [
            ((x - x_hat)[labels == a] ** 2).sum() / ((x[labels == a] - centre) ** 2).sum()
            for a in range(labels.max() + 1)
        ]
    )


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[::-1][:k]]


# %% task-2 wrong: as if the class mean were black
def left_over(x, x_hat, labels):
    return np.array(
        [((x - x_hat)[labels == a] ** 2).sum() / (x[labels == a] ** 2).sum() for a in range(labels.max() + 1)]
    )


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[::-1][:k]]


# %% task-2 wrong: means of the images' quotients
def left_over(x, x_hat, labels):
    shares = []
    for a in range(labels.max() + 1):
        chosen = x[labels == a]
        error = ((chosen - x_hat[labels == a]) ** 2).sum(axis=1)
        shares.append((error / ((chosen - chosen.mean(axis=0)) ** 2).sum(axis=1)).mean())
    return np.array(shares)


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[::-1][:k]]


# %% task-2 wrong: the mean over pixels as well, one grey for a class
def left_over(x, x_hat, labels):
    shares = []
    for a in range(labels.max() + 1):
        chosen = x[labels == a]
        shares.append(((chosen - x_hat[labels == a]) ** 2).sum() / ((chosen - chosen.mean()) ** 2).sum())
    return np.array(shares)


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[::-1][:k]]


# %% task-2 wrong: ten classes, whatever the labels are
def left_over(x, x_hat, labels):
    shares = np.ones(10)
    for a in range(10):
        chosen = x[labels == a]
        if len(chosen):
            shares[a] = ((chosen - x_hat[labels == a]) ** 2).sum() / ((chosen - chosen.mean(axis=0)) ** 2).sum()
    return shares


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[::-1][:k]]


# %% task-2 wrong: the share that is explained
def left_over(x, x_hat, labels):
    shares = []
    for label in range(labels.max() + 1):
        chosen = x[labels == label]
        wrong = ((chosen - x_hat[labels == label]) ** 2).sum()
        shares.append(wrong / ((chosen - chosen.mean(axis=0)) ** 2).sum())
    return 1 - np.array(shares)


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[::-1][:k]]


# %% task-2 wrong: the easiest first
def left_over(x, x_hat, labels):
    shares = []
    for label in range(labels.max() + 1):
        chosen = x[labels == label]
        wrong = ((chosen - x_hat[labels == label]) ** 2).sum()
        shares.append(wrong / ((chosen - chosen.mean(axis=0)) ** 2).sum())
    return np.array(shares)


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[:k]]


# %% task-2 wrong: the right classes, the hardest last
def left_over(x, x_hat, labels):
    shares = []
    for label in range(labels.max() + 1):
        chosen = x[labels == label]
        wrong = ((chosen - x_hat[labels == label]) ** 2).sum()
        shares.append(wrong / ((chosen - chosen.mean(axis=0)) ** 2).sum())
    return np.array(shares)


def hardest(left, k):
    return [int(label) for label in np.argsort(left)[-k:]]


# %% task-2 right: one-hot matrices, and sums of squares by the binomial formula
def left_over(x, x_hat, labels):
    x, x_hat = x.astype("float64"), x_hat.astype("float64")
    member = np.eye(labels.max() + 1)[labels].T
    counts, sums = member.sum(axis=1), member @ x
    spread = member @ (x**2).sum(axis=1) - (sums**2).sum(axis=1) / counts
    return member @ ((x - x_hat) ** 2).sum(axis=1) / spread


def hardest(left, k):
    return sorted(range(len(left)), key=lambda label: left[label], reverse=True)[:k]


# %% task-3 wrong: frequencies without a sign
def band(x, low, high):
    cycles = np.arange(28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: frequencies in cycles per pixel
def band(x, low, high):
    cycles = np.fft.fftfreq(28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: squares in place of rings
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.maximum(np.abs(cycles[:, None]), np.abs(cycles))
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: sum of the two frequencies
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.abs(cycles[:, None]) + np.abs(cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: upper edge included
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency <= high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: clipped to the range of pixels
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784).clip(0, 1)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: magnitude in place of the real part
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.abs(np.fft.ifft2(waves)).reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: share of the whole image's power
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return (band(x - x_hat, low, high) ** 2).sum() / (x**2).sum()


# %% task-3 wrong: difference of the powers
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    return 1 - (band(x_hat, low, high) ** 2).sum() / (band(x, low, high) ** 2).sum()


# %% task-3 wrong: mean of the images' quotients
def band(x, low, high):
    cycles = np.fft.fftfreq(28, d=1 / 28)
    frequency = np.hypot(cycles[:, None], cycles)
    waves = np.fft.fft2(x.reshape(-1, 28, 28)) * ((low <= frequency) & (frequency < high))
    return np.fft.ifft2(waves).real.reshape(-1, 784)


def missing(x, x_hat, low, high):
    wrong, whole = band(x - x_hat, low, high), band(x, low, high)
    return ((wrong**2).sum(axis=1) / (whole**2).sum(axis=1)).mean()


# %% task-3 right: the real transform, and power by Parseval's theorem
def weights(low, high):
    down, across = np.fft.fftfreq(28, d=1 / 28)[:, None], np.fft.rfftfreq(28, d=1 / 28)
    square = down**2 + across**2
    return (square >= low**2) & (square < high**2)


def band(x, low, high):
    waves = np.fft.rfft2(np.asarray(x).reshape(-1, 28, 28))
    return np.fft.irfft2(np.where(weights(low, high), waves, 0), s=(28, 28)).reshape(len(x), 784)


def missing(x, x_hat, low, high):
    twice = np.where(np.isin(np.arange(15), [0, 14]), 1, 2) * weights(low, high)

    def power(images):
        return (np.abs(np.fft.rfft2(images.reshape(-1, 28, 28))) ** 2 * twice).sum()

    return float(power(x - x_hat) / power(x))


# %% task-4 wrong: projects the images without subtracting the mean
def explained(x, mean, components):
    x_hat = x @ components.T @ components
    return 1 - ((x - x_hat) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return x.mean(axis=0)


# %% task-4 wrong: does not add the mean again
def explained(x, mean, components):
    x_hat = (x - mean) @ components.T @ components
    return 1 - ((x - x_hat) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return x.mean(axis=0)


# %% task-4 wrong: deviation from the mean given
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / ((x - mean) ** 2).sum()


def best_offset(x, components):
    return x.mean(axis=0)


# %% task-4 wrong: share of the images' squares
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / (x**2).sum()


def best_offset(x, components):
    return x.mean(axis=0)


# %% task-4 wrong: what is left
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return (across**2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return x.mean(axis=0)


# %% task-4 wrong: clips the reconstruction
def explained(x, mean, components):
    x_hat = (mean + (x - mean) @ components.T @ components).clip(0, 1)
    return 1 - ((x - x_hat) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return x.mean(axis=0)


# %% task-4 wrong: an offset of zero
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return np.zeros(x.shape[1])


# %% task-4 wrong: the median image
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return np.median(x, axis=0)


# %% task-4 wrong: one offset for each image
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return x - x @ components.T @ components


# %% task-4 wrong: the part of the mean that lies in the subspace
def explained(x, mean, components):
    across = (x - mean) - (x - mean) @ components.T @ components
    return 1 - (across**2).sum() / ((x - x.mean(axis=0)) ** 2).sum()


def best_offset(x, components):
    return x.mean(axis=0) @ components.T @ components


# %% task-4 right: by traces of the covariance, and the mean across the subspace
def explained(x, mean, components):
    x = x.astype("float64")
    spread = np.cov(x, rowvar=False, bias=True)
    moved = x.mean(axis=0) - mean
    moved = moved - components.T @ (components @ moved)
    inside = np.einsum("ki,ij,kj->", components, spread, components, optimize=True)
    return float((inside - moved @ moved) / np.trace(spread))


def best_offset(x, components):
    centre = x.mean(axis=0, dtype="float64")
    return centre - components.T @ (components @ centre)


# %% task-5 wrong: the clothes' specialist
my_model = specialists["clothes"]


# %% task-5 wrong: builds a network and trains another one
my_model = models.dense_autoencoder(hidden=(256,), code_activation="linear", seed=0)


# %% task-5 wrong: one set first, the other afterwards
my_model = network
my_model.set_weights(start)
training.fit(my_model, x_train["digits"], epochs=6, batch_size=250, seed=0)
training.fit(my_model, x_train["clothes"], epochs=6, batch_size=250, seed=0)


# %% task-5 wrong: both sets mixed, for too short a time
my_model = network
my_model.set_weights(start)
training.fit(my_model, np.concatenate([x[:10_000] for x in x_train.values()]), epochs=2, batch_size=250, seed=0)


# %% task-5 wrong: a code twice as large, one half for each set
my_model = models.dense_autoencoder(latent_dim=128, code_activation="linear", seed=0)


# %% task-5 wrong: keeps the history in place of the model
my_model = history


# %% task-5 right: halves of its own, with another activation, on squared error
import keras

encoder = keras.Sequential(
    [keras.Input((784,)), keras.layers.Dense(200, activation="elu"), keras.layers.Dense(60)],
)
decoder = keras.Sequential(
    [keras.Input((60,)), keras.layers.Dense(200, activation="relu"), keras.layers.Dense(784, activation="sigmoid")]
)
my_model = models.Autoencoder(encoder, decoder)
training.fit(my_model, np.concatenate([*x_train.values()]), epochs=4, batch_size=200, seed=1, loss="mse")
