# Answers to sheet 10: mistakes that students make, which have to be caught, and unusual right answers, which have to pass.


# %% task-1 wrong: the two Gaussians the wrong way round
def divergence(mean, log_variance, other_mean, other_log_variance):
    spread = (np.exp(other_log_variance) + (mean - other_mean) ** 2) / np.exp(log_variance)
    return (log_variance - other_log_variance + spread - 1).sum(axis=1) / 2


# %% task-1 wrong: the mean over code units
def divergence(mean, log_variance, other_mean, other_log_variance):
    spread = (np.exp(log_variance) + (mean - other_mean) ** 2) / np.exp(other_log_variance)
    return (other_log_variance - log_variance + spread - 1).mean(axis=1) / 2


# %% task-1 wrong: no half in front
def divergence(mean, log_variance, other_mean, other_log_variance):
    spread = (np.exp(log_variance) + (mean - other_mean) ** 2) / np.exp(other_log_variance)
    return (other_log_variance - log_variance + spread - 1).sum(axis=1)


# %% task-1 wrong: the distance of the means not divided by a variance
def divergence(mean, log_variance, other_mean, other_log_variance):
    spread = np.exp(log_variance - other_log_variance) + (mean - other_mean) ** 2
    return (other_log_variance - log_variance + spread - 1).sum(axis=1) / 2


# %% task-1 wrong: takes the logarithm for that of a standard deviation
def divergence(mean, log_variance, other_mean, other_log_variance):
    spread = (np.exp(2 * log_variance) + (mean - other_mean) ** 2) / np.exp(2 * other_log_variance)
    return (2 * (other_log_variance - log_variance) + spread - 1).sum(axis=1) / 2


# %% task-1 wrong: forgets the constant
def divergence(mean, log_variance, other_mean, other_log_variance):
    spread = (np.exp(log_variance) + (mean - other_mean) ** 2) / np.exp(other_log_variance)
    return (other_log_variance - log_variance + spread).sum(axis=1) / 2


# %% task-1 wrong: the formula of the standard normal, whatever the second Gaussian
def divergence(mean, log_variance, other_mean, other_log_variance):
    return (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2


# %% task-1 wrong: made symmetric
def divergence(mean, log_variance, other_mean, other_log_variance):
    there = np.exp(log_variance - other_log_variance) + (mean - other_mean) ** 2 / np.exp(other_log_variance)
    back = np.exp(other_log_variance - log_variance) + (mean - other_mean) ** 2 / np.exp(log_variance)
    return ((there + back) / 2 - 1).sum(axis=1) / 2


# %% task-1 right: in units of the second Gaussian, with aelib's formula
def divergence(mean, log_variance, other_mean, other_log_variance):
    unit = np.exp(-np.asarray(other_log_variance) / 2)
    return losses.gaussian_divergence((mean - other_mean) * unit, log_variance - other_log_variance)


# %% task-2 wrong: upside down
def beta_of(reconstruction, divergence, factor, pixels, units):
    first = 1 / pixels if reconstruction == "mean" else 1
    second = factor / units if divergence == "mean" else factor
    return first / second


def factor_for(beta, reconstruction, divergence, pixels, units):
    return beta / beta_of(reconstruction, divergence, 1, pixels, units)


# %% task-2 wrong: forgets the factor
def beta_of(reconstruction, divergence, factor, pixels, units):
    return (pixels if reconstruction == "mean" else 1) / (units if divergence == "mean" else 1)


def factor_for(beta, reconstruction, divergence, pixels, units):
    return beta / beta_of(reconstruction, divergence, 1, pixels, units)


# %% task-2 wrong: a mean over code units multiplies
def beta_of(reconstruction, divergence, factor, pixels, units):
    return factor * (pixels if reconstruction == "mean" else 1) * (units if divergence == "mean" else 1)


def factor_for(beta, reconstruction, divergence, pixels, units):
    return beta / beta_of(reconstruction, divergence, 1, pixels, units)


# %% task-2 wrong: two means cancel
def beta_of(reconstruction, divergence, factor, pixels, units):
    if reconstruction == divergence:
        return factor
    return factor * pixels if reconstruction == "mean" else factor / units


def factor_for(beta, reconstruction, divergence, pixels, units):
    return beta / beta_of(reconstruction, divergence, 1, pixels, units)


# %% task-2 wrong: the factor is multiplied, not divided
def beta_of(reconstruction, divergence, factor, pixels, units):
    return factor * (pixels if reconstruction == "mean" else 1) / (units if divergence == "mean" else 1)


def factor_for(beta, reconstruction, divergence, pixels, units):
    return beta * beta_of(reconstruction, divergence, 1, pixels, units)


# %% task-2 wrong: the factor for a beta of 1, whichever is wanted
def beta_of(reconstruction, divergence, factor, pixels, units):
    return factor * (pixels if reconstruction == "mean" else 1) / (units if divergence == "mean" else 1)


def factor_for(beta, reconstruction, divergence, pixels, units):
    return 1 / beta_of(reconstruction, divergence, 1, pixels, units)


# %% task-2 right: by adding up arrays of ones
def beta_of(reconstruction, divergence, factor, pixels, units):
    first = getattr(np, reconstruction)(np.ones(pixels)) / pixels
    second = getattr(np, divergence)(np.ones(units)) / units
    return float(factor * second / first)


def factor_for(beta, reconstruction, divergence, pixels, units):
    first = getattr(np, reconstruction)(np.ones(pixels)) * units
    return beta * float(first / pixels / getattr(np, divergence)(np.ones(units)))


# %% task-3 wrong: the logarithm of the scale taken for the scale
def draw(location, log_scale, u):
    return location + log_scale * np.log(u / (1 - u))


def pull_back(upstream, log_scale, u):
    return upstream, upstream * np.log(u / (1 - u))


# %% task-3 wrong: the gradient for the scale, not for its logarithm
def draw(location, log_scale, u):
    return location + np.exp(log_scale) * np.log(u / (1 - u))


def pull_back(upstream, log_scale, u):
    return upstream, upstream * np.log(u / (1 - u))


# %% task-3 wrong: leaves the upstream gradient out
def draw(location, log_scale, u):
    return location + np.exp(log_scale) * np.log(u / (1 - u))


def pull_back(upstream, log_scale, u):
    return np.ones_like(upstream), np.exp(log_scale) * np.log(u / (1 - u))


# %% task-3 wrong: half of the logarithm, as for a variance
def draw(location, log_scale, u):
    return location + np.exp(log_scale / 2) * np.log(u / (1 - u))


def pull_back(upstream, log_scale, u):
    return upstream, upstream * np.exp(log_scale / 2) * np.log(u / (1 - u)) / 2


# %% task-3 wrong: upside down
def draw(location, log_scale, u):
    return location + np.exp(log_scale) * np.log((1 - u) / u)


def pull_back(upstream, log_scale, u):
    return upstream, upstream * np.exp(log_scale) * np.log((1 - u) / u)


# %% task-3 wrong: gradients summed over the rows
def draw(location, log_scale, u):
    return location + np.exp(log_scale) * np.log(u / (1 - u))


def pull_back(upstream, log_scale, u):
    return upstream.sum(axis=0), (upstream * np.exp(log_scale) * np.log(u / (1 - u))).sum(axis=0)


# %% task-3 right: with the inverse of the sigmoid and a difference of codes
def draw(location, log_scale, u):
    from scipy.special import logit

    return location + np.exp(log_scale) * logit(u)


def pull_back(upstream, log_scale, u):
    return upstream, upstream * (draw(1.0, log_scale, u) - 1.0)


# %% task-4 wrong: overflows and underflows
def grouped_bound(log_weights, k):
    n, m = log_weights.shape
    groups = np.exp(log_weights[:, : m // k * k]).reshape(n, m // k, k)
    return np.log(groups.mean(axis=2)).mean(axis=1)


# %% task-4 wrong: adds the weights of a group
def grouped_bound(log_weights, k):
    from scipy.special import logsumexp

    n, m = log_weights.shape
    return logsumexp(log_weights[:, : m // k * k].reshape(n, m // k, k), axis=2).mean(axis=1)


# %% task-4 wrong: the mean of the logarithms
def grouped_bound(log_weights, k):
    n, m = log_weights.shape
    return log_weights[:, : m // k * k].reshape(n, m // k, k).mean(axis=2).mean(axis=1)


# %% task-4 wrong: the first group only
def grouped_bound(log_weights, k):
    from scipy.special import logsumexp

    return logsumexp(log_weights[:, :k], axis=1) - np.log(k)


# %% task-4 wrong: groups across the columns
def grouped_bound(log_weights, k):
    from scipy.special import logsumexp

    n, m = log_weights.shape
    groups = log_weights[:, : m // k * k].reshape(n, k, m // k)
    return (logsumexp(groups, axis=1) - np.log(k)).mean(axis=1)


# %% task-4 wrong: all groups in one logarithm
def grouped_bound(log_weights, k):
    from scipy.special import logsumexp

    used = log_weights[:, : log_weights.shape[1] // k * k]
    return logsumexp(used, axis=1) - np.log(used.shape[1])


# %% task-4 wrong: the columns left over make a group of their own
def grouped_bound(log_weights, k):
    from scipy.special import logsumexp

    starts = range(0, log_weights.shape[1], k)
    parts = [log_weights[:, first : first + k] for first in starts]
    return np.mean([logsumexp(part, axis=1) - np.log(part.shape[1]) for part in parts], axis=0)


# %% task-4 right: pairwise, with logaddexp
def grouped_bound(log_weights, k):
    n, m = log_weights.shape
    total = [np.logaddexp.reduce(log_weights[:, first : first + k], axis=1) for first in range(0, m - k + 1, k)]
    return np.mean(total, axis=0) - np.log(k)


# %% task-5 wrong: underflows far from all Gaussians
def log_mixture(z, mean, log_variance):
    distance = (z[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
    each = -(distance + log_variance[None] + np.log(2 * np.pi)).sum(axis=2) / 2
    with np.errstate(divide="ignore"):
        return np.log(np.exp(each).mean(axis=1))


# %% task-5 wrong: leaves out the factor with pi
def log_mixture(z, mean, log_variance):
    from scipy.special import logsumexp

    distance = (z[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
    return logsumexp(-(distance + log_variance[None]).sum(axis=2) / 2, axis=1) - np.log(len(mean))


# %% task-5 wrong: leaves out the variance in front of each exponential
def log_mixture(z, mean, log_variance):
    from scipy.special import logsumexp

    distance = (z[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
    return logsumexp(-(distance + np.log(2 * np.pi)).sum(axis=2) / 2, axis=1) - np.log(len(mean))


# %% task-5 wrong: adds the Gaussians up
def log_mixture(z, mean, log_variance):
    from scipy.special import logsumexp

    distance = (z[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
    return logsumexp(-(distance + log_variance[None] + np.log(2 * np.pi)).sum(axis=2) / 2, axis=1)


# %% task-5 wrong: the mean of the logarithms
def log_mixture(z, mean, log_variance):
    distance = (z[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
    return (-(distance + log_variance[None] + np.log(2 * np.pi)).sum(axis=2) / 2).mean(axis=1)


# %% task-5 wrong: one Gaussian in place of the mixture
def log_mixture(z, mean, log_variance):
    variance = np.exp(log_variance).mean(axis=0) + mean.var(axis=0)
    distance = (z - mean.mean(axis=0)) ** 2 / variance
    return -(distance + np.log(2 * np.pi * variance)).sum(axis=1) / 2


# %% task-5 right: with scipy, one row of z at a time
def log_mixture(z, mean, log_variance):
    from scipy.special import logsumexp

    rows = [stats.norm.logpdf(row, mean, np.exp(log_variance / 2)).sum(axis=1) for row in z]
    return np.array([logsumexp(row) for row in rows]) - np.log(len(mean))
