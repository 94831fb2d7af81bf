# Plausible wrong answers to each task of exercise sheet 4, which its checks must catch, and unusual right ones.


# %% task-1 wrong: subtracts in uint8, where differences wrap round
def psnr(x, x_hat, peak):
    mse = ((x - x_hat) ** 2).reshape(len(x), -1).mean(axis=1)
    return 10 * np.log10(peak**2 / mse)


# %% task-1 wrong: converts after squaring, too late for uint8
def psnr(x, x_hat, peak):
    squares = np.square(np.maximum(x, x_hat) - np.minimum(x, x_hat)).astype(float)
    return 10 * np.log10(peak**2 / squares.reshape(len(x), -1).mean(axis=1))


# %% task-1 wrong: the peak is not squared
def psnr(x, x_hat, peak):
    mse = ((x.astype(float) - x_hat.astype(float)) ** 2).reshape(len(x), -1).mean(axis=1)
    return 10 * np.log10(peak / mse)


# %% task-1 wrong: averages the errors of all images first
def psnr(x, x_hat, peak):
    mse = np.mean((x.astype(float) - x_hat.astype(float)) ** 2)
    return 10 * np.log10(peak**2 / mse)


# %% task-1 wrong: averages the errors of all images first, and repeats the number
def psnr(x, x_hat, peak):
    mse = np.mean((x.astype(float) - x_hat.astype(float)) ** 2)
    return np.full(len(x), 10 * np.log10(peak**2 / mse))


# %% task-1 wrong: averages over the second axis only
def psnr(x, x_hat, peak):
    mse = np.mean((x.astype(float) - x_hat.astype(float)) ** 2, axis=1)
    return 10 * np.log10(peak**2 / mse)


# %% task-1 wrong: takes the brightest pixel for the peak
def psnr(x, x_hat, peak):
    mse = ((x.astype(float) - x_hat.astype(float)) ** 2).reshape(len(x), -1).mean(axis=1)
    return 10 * np.log10(float(x.max()) ** 2 / mse)


# %% task-1 wrong: the natural logarithm
def psnr(x, x_hat, peak):
    mse = ((x.astype(float) - x_hat.astype(float)) ** 2).reshape(len(x), -1).mean(axis=1)
    return 10 * np.log(peak**2 / mse)


# %% task-1 wrong: the sum of the squared errors in place of their mean
def psnr(x, x_hat, peak):
    error = ((x.astype(float) - x_hat.astype(float)) ** 2).reshape(len(x), -1).sum(axis=1)
    return 10 * np.log10(peak**2 / error)


# %% task-1 wrong: takes the peak of integers from their type, 65,535 where there are 12 bits
def psnr(x, x_hat, peak):
    white = np.iinfo(x.dtype).max if np.issubdtype(x.dtype, np.integer) else peak
    mse = ((x.astype(float) - x_hat.astype(float)) ** 2).reshape(len(x), -1).mean(axis=1)
    return 10 * np.log10(white**2 / mse)


# %% task-1 right: from the norm of each difference, without a mean
def psnr(x, x_hat, peak):
    flat = np.subtract(x, x_hat, dtype=np.longdouble).astype(float).reshape(len(x), -1)
    with np.errstate(divide="ignore"):
        return 20 * (np.log10(peak) + np.log10(flat.shape[1]) / 2 - np.log10(np.linalg.norm(flat, axis=1)))


# %% task-2 wrong: does not clip
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(shape=looks, scale=1 / looks, size=x.shape)
    return (x * factors).astype(np.float32)


# %% task-2 wrong: the scale is left at 1, so that the mean is the number of looks
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(looks, size=x.shape)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: shape and scale exchanged: the right mean, the variance upside down
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(shape=1 / looks, scale=looks, size=x.shape)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: takes the variance for the standard deviation
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(shape=looks**2, scale=1 / looks**2, size=x.shape)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: normal factors of the right mean and variance
def speckle(x, looks, *, seed):
    factors = 1 + np.random.default_rng(seed).standard_normal(x.shape) / np.sqrt(looks)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: normal factors again, kept positive
def speckle(x, looks, *, seed):
    factors = np.maximum(1e-3, 1 + np.random.default_rng(seed).standard_normal(x.shape) / np.sqrt(looks))
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: adds what should multiply
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(shape=looks, scale=1 / looks, size=x.shape)
    return np.clip(x + factors - 1, 0, 1).astype(np.float32)


# %% task-2 wrong: does not use the seed
def speckle(x, looks, *, seed):
    factors = np.random.default_rng().gamma(shape=looks, scale=1 / looks, size=x.shape)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: a seed of its own
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(0).gamma(shape=looks, scale=1 / looks, size=x.shape)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: gives float64
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(shape=looks, scale=1 / looks, size=x.shape)
    return np.clip(x * factors, 0, 1)


# %% task-2 wrong: the same factors for every image
def speckle(x, looks, *, seed):
    factors = np.random.default_rng(seed).gamma(shape=looks, scale=1 / looks, size=x.shape[1:])
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 wrong: one factor for each image
def speckle(x, looks, *, seed):
    size = (len(x),) + (1,) * (x.ndim - 1)
    factors = np.random.default_rng(seed).gamma(shape=looks, scale=1 / looks, size=size)
    return np.clip(x * factors, 0, 1).astype(np.float32)


# %% task-2 right: the looks simulated one by one, as the mean of exponential variables
def speckle(x, looks, *, seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    total = np.zeros(x.shape, dtype=np.float32)
    for _ in range(looks):
        total += rng.standard_exponential(x.shape, dtype=np.float32)
    return np.minimum(total / looks * x, 1).astype("float32")


# %% task-3 wrong: only the targets repaired
def repaired_arrays(x_train, x_test, photons, *, seed):
    return {
        "inputs": photon_noise(x_train, photons, seed=seed),
        "targets": x_train,
        "validation_inputs": x_test,
        "validation_targets": x_test,
        "test_inputs": photon_noise(x_test, photons, seed=seed),
        "test_targets": x_test,
    }


# %% task-3 wrong: noisy targets
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    noisy_train = photon_noise(x_train, photons, seed=seed)
    return {
        "inputs": noisy_train[:kept],
        "targets": noisy_train[:kept],
        "validation_inputs": noisy_train[kept:],
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=seed + 1),
        "test_targets": x_test,
    }


# %% task-3 wrong: noisy targets, with other noise
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], photons, seed=4 * seed),
        "targets": photon_noise(x_train[:kept], photons, seed=4 * seed + 1),
        "validation_inputs": photon_noise(x_train[kept:], photons, seed=4 * seed + 2),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=4 * seed + 3),
        "test_targets": x_test,
    }


# %% task-3 wrong: multiples of the seed, which are all alike for seed 0
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], photons, seed=seed),
        "targets": x_train[:kept],
        "validation_inputs": photon_noise(x_train[kept:], photons, seed=2 * seed),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=3 * seed),
        "test_targets": x_test,
    }


# %% task-3 wrong: judged on clean validation images
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], photons, seed=seed),
        "targets": x_train[:kept],
        "validation_inputs": x_train[kept:],
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=seed + 1),
        "test_targets": x_test,
    }


# %% task-3 wrong: still chosen on test images
def repaired_arrays(x_train, x_test, photons, *, seed):
    return {
        "inputs": photon_noise(x_train, photons, seed=3 * seed),
        "targets": x_train,
        "validation_inputs": photon_noise(x_test, photons, seed=3 * seed + 1),
        "validation_targets": x_test,
        "test_inputs": photon_noise(x_test, photons, seed=3 * seed + 2),
        "test_targets": x_test,
    }


# %% task-3 wrong: one seed for all noise
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], photons, seed=seed),
        "targets": x_train[:kept],
        "validation_inputs": photon_noise(x_train[kept:], photons, seed=seed),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=seed),
        "test_targets": x_test,
    }


# %% task-3 wrong: training and test images share a seed
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], photons, seed=seed),
        "targets": x_train[:kept],
        "validation_inputs": photon_noise(x_train[kept:], photons, seed=seed + 1),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=seed),
        "test_targets": x_test,
    }


# %% task-3 wrong: the validation images stay among the training images
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train, photons, seed=3 * seed),
        "targets": x_train,
        "validation_inputs": photon_noise(x_train[kept:], photons, seed=3 * seed + 1),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=3 * seed + 2),
        "test_targets": x_test,
    }


# %% task-3 wrong: -n // 5 rounds away from zero
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept, aside = x_train[: -len(x_train) // 5], x_train[-len(x_train) // 5 :]
    return {
        "inputs": photon_noise(kept, photons, seed=3 * seed),
        "targets": kept,
        "validation_inputs": photon_noise(aside, photons, seed=3 * seed + 1),
        "validation_targets": aside,
        "test_inputs": photon_noise(x_test, photons, seed=3 * seed + 2),
        "test_targets": x_test,
    }


# %% task-3 wrong: fixed seeds, so that `seed` changes nothing
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], photons, seed=0),
        "targets": x_train[:kept],
        "validation_inputs": photon_noise(x_train[kept:], photons, seed=1),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, photons, seed=2),
        "test_targets": x_test,
    }


# %% task-3 wrong: the light of the sheet in place of the argument
def repaired_arrays(x_train, x_test, photons, *, seed):
    kept = len(x_train) - len(x_train) // 5
    return {
        "inputs": photon_noise(x_train[:kept], PHOTONS, seed=3 * seed),
        "targets": x_train[:kept],
        "validation_inputs": photon_noise(x_train[kept:], PHOTONS, seed=3 * seed + 1),
        "validation_targets": x_train[kept:],
        "test_inputs": photon_noise(x_test, PHOTONS, seed=3 * seed + 2),
        "test_targets": x_test,
    }


# %% task-3 right: noise on all images at once, split afterwards
def repaired_arrays(x_train, x_test, photons, *, seed):
    clean = np.concatenate([x_train, x_test])
    noisy = photon_noise(clean, photons, seed=[seed, 2024])
    n = len(x_train)
    cuts = [n - n // 5, n]
    names = ("", "validation_", "test_")
    inputs = {f"{name}inputs": part for name, part in zip(names, np.split(noisy, cuts))}
    return inputs | {f"{name}targets": part for name, part in zip(names, np.split(clean, cuts))}


# %% task-4 wrong: leaves the dimming in
def tune(clean, noisy, sigmas, curve):
    scores = [metrics.psnr(clean, baselines.GaussianFilter(sigma).denoise(noisy)).mean() for sigma in sigmas]
    return sigmas[int(np.argmax(scores))], np.array(scores)


# %% task-4 wrong: undoes the dimming before it filters
def tune(clean, noisy, sigmas, curve):
    lifted = np.interp(noisy, curve, grey)
    scores = [metrics.psnr(clean, baselines.GaussianFilter(sigma).denoise(lifted)).mean() for sigma in sigmas]
    return sigmas[int(np.argmax(scores))], np.array(scores)


# %% task-4 wrong: np.interp the wrong way round
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(noisy)
        scores.append(metrics.psnr(clean, np.interp(filtered, grey, curve)).mean())
    return sigmas[int(np.argmax(scores))], np.array(scores)


# %% task-4 wrong: the smallest PSNR, as if it were an error
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(noisy)
        scores.append(metrics.psnr(clean, np.interp(filtered, curve, grey)).mean())
    return sigmas[int(np.argmin(scores))], np.array(scores)


# %% task-4 wrong: returns the place of the best width
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(noisy)
        scores.append(metrics.psnr(clean, np.interp(filtered, curve, grey)).mean())
    return int(np.argmax(scores)), np.array(scores)


# %% task-4 wrong: the PSNR of the mean error in place of the mean PSNR
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        lifted = np.interp(baselines.GaussianFilter(sigma).denoise(noisy), curve, grey)
        scores.append(-10 * np.log10(metrics.mean_squared_error(clean, lifted).mean()))
    return sigmas[int(np.argmax(scores))], np.array(scores)


# %% task-4 wrong: always the curve of the sheet
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(noisy)
        scores.append(metrics.psnr(clean, np.interp(filtered, dimmed, grey)).mean())
    return sigmas[int(np.argmax(scores))], np.array(scores)


# %% task-4 wrong: filters the clean images
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(clean)
        scores.append(metrics.psnr(clean, np.interp(filtered, curve, grey)).mean())
    return sigmas[int(np.argmax(scores))], np.array(scores)


# %% task-4 wrong: keeps the PSNR of every image
def tune(clean, noisy, sigmas, curve):
    scores = []
    for sigma in sigmas:
        filtered = baselines.GaussianFilter(sigma).denoise(noisy)
        scores.append(metrics.psnr(clean, np.interp(filtered, curve, grey)))
    return sigmas[int(np.argmax([score.mean() for score in scores]))], np.array(scores)


# %% task-4 right: SciPy's filter and a dictionary
def tune(clean, noisy, sigmas, curve):
    from scipy.ndimage import gaussian_filter

    scores = {}
    for sigma in sigmas:
        filtered = gaussian_filter(noisy.reshape(-1, 28, 28), sigma=(0, sigma, sigma))
        lifted = np.interp(filtered.ravel(), curve, grey).reshape(clean.shape).clip(0, 1)
        errors = np.square(lifted - clean).mean(axis=1)
        scores[sigma] = float(np.mean(-10 * np.log10(errors)))
    return max(scores, key=scores.get), np.array(list(scores.values()))


# %% task-5 wrong: the targets are the noisy images
denoiser = models.dense_autoencoder(512, hidden=(), seed=SEED)
training.fit(denoiser, noisy_fit, epochs=4, batch_size=250, seed=SEED)

# %% task-5 wrong: trained on clean images
denoiser = models.dense_autoencoder(512, hidden=(), seed=SEED)
training.fit(denoiser, x_fit, epochs=4, batch_size=250, seed=SEED)

# %% task-5 wrong: the chapter's model, too narrow for clothes
denoiser = models.dense_autoencoder(seed=SEED)
training.fit(denoiser, noisy_fit, x_fit, epochs=8, batch_size=250, seed=SEED)

# %% task-5 wrong: fit's history in place of the model
denoiser = history

# %% task-5 wrong: built, never trained
denoiser = models.dense_autoencoder(512, hidden=(), seed=SEED)

# %% task-5 wrong: nothing keeps the output in [0, 1]
denoiser = keras.Sequential([keras.Input((784,)), keras.layers.Dense(512, "relu"), keras.layers.Dense(784)])
training.fit(denoiser, noisy_fit, x_fit, epochs=3, batch_size=250, loss="mse", seed=SEED)

# %% task-5 wrong: trained on the chapter's Gaussian noise
from aelib import noise

denoiser = models.dense_autoencoder(512, hidden=(), seed=SEED)
training.fit(denoiser, noise.gaussian(x_fit, 0.5, seed=SEED), x_fit, epochs=4, batch_size=250, seed=SEED)

# %% task-5 right: more units than pixels, squared error, and new noise for the second half of the epochs
keras.utils.set_random_seed(SEED)
denoiser = keras.Sequential(
    [keras.Input((784,)), keras.layers.Dense(800, "relu"), keras.layers.Dense(784, "sigmoid")], name="no_bottleneck"
)
for round_seed in (51, 52):
    training.fit(
        denoiser,
        photon_noise(x_fit, PHOTONS, seed=round_seed),
        x_fit,
        epochs=3,
        batch_size=120,
        loss="mean_squared_error",
        seed=round_seed,
    )
