# Answers to sheet 9: mistakes that students make, which have to be caught, and unusual right answers, which have to
# pass.


# %% task-1 wrong: compares the values, not their absolute values
def largest(codes, k):
    order = np.argsort(-codes, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, order, np.take_along_axis(codes, order, axis=1), axis=1)
    return kept


# %% task-1 wrong: keeps all values that tie
def largest(codes, k):
    size = np.abs(codes)
    return np.where(size >= np.sort(size, axis=1)[:, -k][:, None], codes, 0)


# %% task-1 wrong: of values that tie, the higher unit numbers stay
def largest(codes, k):
    order = np.argsort(np.abs(codes), axis=1, kind="stable")[:, -k:]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, order, np.take_along_axis(codes, order, axis=1), axis=1)
    return kept


# %% task-1 wrong: drops all values that tie
def largest(codes, k):
    size = np.abs(codes)
    padded = np.hstack([size, np.zeros((len(size), 1))])
    return np.where(size > np.sort(padded, axis=1)[:, -k - 1][:, None], codes, 0)


# %% task-1 wrong: the largest of the whole array
def largest(codes, k):
    order = np.argsort(-np.abs(codes), axis=None, kind="stable")[:k]
    kept = np.zeros_like(codes)
    kept.flat[order] = codes.flat[order]
    return kept


# %% task-1 wrong: loses the signs
def largest(codes, k):
    size = np.abs(codes)
    order = np.argsort(-size, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, order, np.take_along_axis(size, order, axis=1), axis=1)
    return kept


# %% task-1 wrong: only the values, without the zeros
def largest(codes, k):
    order = np.argsort(-np.abs(codes), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(codes, order, axis=1)


# %% task-1 wrong: the smallest ones
def largest(codes, k):
    order = np.argsort(np.abs(codes), axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(codes)
    np.put_along_axis(kept, order, np.take_along_axis(codes, order, axis=1), axis=1)
    return kept


# %% task-1 right: by counting for each value how many go before it
def largest(codes, k):
    size, unit = np.abs(codes), np.arange(np.shape(codes)[1])
    larger = size[:, None, :] > size[:, :, None]
    earlier = (size[:, None, :] == size[:, :, None]) & (unit[None, None, :] < unit[None, :, None])
    return codes * ((larger | earlier).sum(axis=2) < k)


# %% task-2 wrong: target and mean the wrong way round
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (mean * np.log(mean / target) + (1 - mean) * np.log((1 - mean) / (1 - target))).sum()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    mean = z.mean(axis=0)
    return (np.log(mean / target) - np.log((1 - mean) / (1 - target))) / len(inputs) * z * (1 - z)


# %% task-2 wrong: the mean over units
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).mean()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    mean = z.mean(axis=0)
    return (-target / mean + (1 - target) / (1 - mean)) / inputs.size * z * (1 - z)


# %% task-2 wrong: no share of 1/n for each image
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).sum()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    mean = z.mean(axis=0)
    return (-target / mean + (1 - target) / (1 - mean)) * z * (1 - z)


# %% task-2 wrong: stops before the sigmoid
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).sum()


def kl_gradient(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return np.zeros(inputs.shape) + (-target / mean + (1 - target) / (1 - mean)) / len(inputs)


# %% task-2 wrong: the sigmoid's slope at the mean
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).sum()


def kl_gradient(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return np.zeros(inputs.shape) + (mean - target) / len(inputs)


# %% task-2 wrong: the sign of the gradient
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).sum()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    mean = z.mean(axis=0)
    return (target / mean - (1 - target) / (1 - mean)) / len(inputs) * z * (1 - z)


# %% task-2 wrong: each image by itself
def kl_penalty(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    return (target * np.log(target / z) + (1 - target) * np.log((1 - target) / (1 - z))).sum(axis=1).mean()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    return (z - target) / len(inputs)


# %% task-2 wrong: forgets the units that are off
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=0)
    return (target * np.log(target / mean)).sum()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    return -target / z.mean(axis=0) / len(inputs) * z * (1 - z)


# %% task-2 wrong: the mean over the units of an image
def kl_penalty(inputs, target):
    mean = (1 / (1 + np.exp(-inputs))).mean(axis=1)
    return (target * np.log(target / mean) + (1 - target) * np.log((1 - target) / (1 - mean))).sum()


def kl_gradient(inputs, target):
    z = 1 / (1 + np.exp(-inputs))
    mean = z.mean(axis=1, keepdims=True)
    return (-target / mean + (1 - target) / (1 - mean)) / inputs.shape[1] * z * (1 - z)


# %% task-2 right: cross-entropy less entropy, with scipy, and one fraction
def kl_penalty(inputs, target):
    from scipy.special import expit, rel_entr

    mean = expit(inputs).mean(axis=0)
    return float(np.sum(rel_entr(target, mean) + rel_entr(1 - target, 1 - mean)))


def kl_gradient(inputs, target):
    from scipy.special import expit

    mean = expit(inputs).mean(axis=0)
    push = (mean - target) / (mean * (1 - mean))
    return push * expit(inputs) * expit(-inputs) / inputs.shape[0]


# %% task-3 wrong: least squares without a penalty
def sparse_codes(x, atoms, weight):
    return x @ np.linalg.pinv(atoms)


# %% task-3 wrong: one step, as an encoder would
def sparse_codes(x, atoms, weight):
    codes = x @ atoms.T
    return np.sign(codes) * np.maximum(np.abs(codes) - weight, 0)


# %% task-3 wrong: no negative values
def sparse_codes(x, atoms, weight):
    step, codes = 1 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(300):
        codes = np.maximum(codes - step * (codes @ atoms - x) @ atoms.T - step * weight, 0)
    return codes


# %% task-3 wrong: small values off, large ones left as they are
def sparse_codes(x, atoms, weight):
    step, codes = 1 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(300):
        codes = codes - step * (codes @ atoms - x) @ atoms.T
        codes = np.where(np.abs(codes) > step * weight, codes, 0)
    return codes


# %% task-3 wrong: the threshold without the length of the step
def sparse_codes(x, atoms, weight):
    step, codes = 0.5 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(300):
        codes = codes - step * (codes @ atoms - x) @ atoms.T
        codes = np.sign(codes) * np.maximum(np.abs(codes) - weight, 0)
    return codes


# %% task-3 wrong: no half in front of the error
def sparse_codes(x, atoms, weight):
    step, codes = 0.5 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(600):
        codes = codes - step * 2 * (codes @ atoms - x) @ atoms.T
        codes = np.sign(codes) * np.maximum(np.abs(codes) - step * weight, 0)
    return codes


# %% task-3 wrong: steps of length 1, which grow
def sparse_codes(x, atoms, weight):
    codes = np.zeros((len(x), len(atoms)))
    for _ in range(300):
        codes = codes - (codes @ atoms - x) @ atoms.T
        codes = np.sign(codes) * np.maximum(np.abs(codes) - weight, 0)
    return codes


# %% task-3 wrong: twenty steps
def sparse_codes(x, atoms, weight):
    step, codes = 1 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(20):
        codes = codes - step * (codes @ atoms - x) @ atoms.T
        codes = np.sign(codes) * np.maximum(np.abs(codes) - step * weight, 0)
    return codes


# %% task-3 wrong: the slope of the absolute value, so that nothing is exactly 0
def sparse_codes(x, atoms, weight):
    step, codes = 0.5 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(600):
        codes = codes - step * ((codes @ atoms - x) @ atoms.T + weight * np.sign(codes))
    return codes


# %% task-3 wrong: the error averaged over pixels
def sparse_codes(x, atoms, weight):
    step, codes = 1 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(300):
        codes = codes - step * (codes @ atoms - x) @ atoms.T
        codes = np.sign(codes) * np.maximum(np.abs(codes) - step * weight * x.shape[1], 0)
    return codes


# %% task-3 right: one unit after the other
def sparse_codes(x, atoms, weight):
    codes, among, wanted = np.zeros((len(x), len(atoms))), atoms @ atoms.T, x @ atoms.T
    for _ in range(60):
        for unit in range(len(atoms)):
            free = wanted[:, unit] - codes @ among[:, unit] + codes[:, unit] * among[unit, unit]
            codes[:, unit] = np.sign(free) * np.maximum(np.abs(free) - weight, 0) / among[unit, unit]
    return codes


# %% task-3 right: plain ISTA, many steps
def sparse_codes(x, atoms, weight):
    step, codes = 1 / np.linalg.norm(atoms, 2) ** 2, np.zeros((len(x), len(atoms)))
    for _ in range(1000):
        codes = codes - step * (codes @ atoms - x) @ atoms.T
        codes = np.sign(codes) * np.maximum(np.abs(codes) - step * weight, 0)
    return codes


# %% task-4 wrong: the factor upside down
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x_hat**2).sum() / (x * x_hat).sum()


def refit(x, atoms, codes):
    fitted = np.zeros(codes.shape)
    for i in range(len(x)):
        on = codes[i] != 0
        fitted[i, on] = np.linalg.pinv(atoms[on].T) @ x[i]
    return fitted


# %% task-4 wrong: a factor for each image
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum(axis=1) / np.maximum((x_hat**2).sum(axis=1), 1e-12)


def refit(x, atoms, codes):
    fitted = np.zeros(codes.shape)
    for i in range(len(x)):
        on = codes[i] != 0
        fitted[i, on] = np.linalg.pinv(atoms[on].T) @ x[i]
    return fitted


# %% task-4 wrong: makes the lengths equal
def best_factor(x, atoms, codes):
    return np.linalg.norm(x) / np.linalg.norm(codes @ atoms)


def refit(x, atoms, codes):
    fitted = np.zeros(codes.shape)
    for i in range(len(x)):
        on = codes[i] != 0
        fitted[i, on] = np.linalg.pinv(atoms[on].T) @ x[i]
    return fitted


# %% task-4 wrong: the mean of the images' factors
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    on = x_hat.any(axis=1)
    return ((x * x_hat).sum(axis=1)[on] / (x_hat**2).sum(axis=1)[on]).mean()


def refit(x, atoms, codes):
    fitted = np.zeros(codes.shape)
    for i in range(len(x)):
        on = codes[i] != 0
        fitted[i, on] = np.linalg.pinv(atoms[on].T) @ x[i]
    return fitted


# %% task-4 wrong: refits with all units
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()


def refit(x, atoms, codes):
    return x @ np.linalg.pinv(atoms)


# %% task-4 wrong: refits with all units, then drops some
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()


def refit(x, atoms, codes):
    return x @ np.linalg.pinv(atoms) * (codes != 0)


# %% task-4 wrong: units that are on for any image
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()


def refit(x, atoms, codes):
    fitted, on = np.zeros(codes.shape), (codes != 0).any(axis=0)
    fitted[:, on] = x @ np.linalg.pinv(atoms[on])
    return fitted


# %% task-4 wrong: one factor for each image
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()


def refit(x, atoms, codes):
    x_hat = codes @ atoms
    return codes * ((x * x_hat).sum(axis=1) / np.maximum((x_hat**2).sum(axis=1), 1e-12))[:, None]


# %% task-4 wrong: each atom by itself, as if they did not overlap
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()


def refit(x, atoms, codes):
    return x @ atoms.T * (codes != 0)


# %% task-4 wrong: only units with positive values
def best_factor(x, atoms, codes):
    x_hat = codes @ atoms
    return (x * x_hat).sum() / (x_hat**2).sum()


def refit(x, atoms, codes):
    fitted = np.zeros(codes.shape)
    for i in range(len(x)):
        on = codes[i] > 0
        fitted[i, on] = np.linalg.pinv(atoms[on].T) @ x[i]
    return fitted


# %% task-4 right: least squares by lstsq for the factor, by projections for the values
def best_factor(x, atoms, codes):
    return np.linalg.lstsq((codes @ atoms).reshape(-1, 1), x.reshape(-1), rcond=None)[0][0]


def refit(x, atoms, codes):
    allowed = (codes != 0)[:, None, :] * atoms.T[None]
    return np.einsum("imp,ip->im", np.linalg.pinv(allowed), x)


# %% task-5 wrong: a bit for each unit
def name_of(units, m):
    return sum(2 ** int(unit) for unit in units)


def units_of(name, k, m):
    return [unit for unit in range(m) if name >> unit & 1]


# %% task-5 wrong: unit numbers as digits
def name_of(units, m):
    return sum(int(unit) * m**place for place, unit in enumerate(units))


def units_of(name, k, m):
    return [name // m**place % m for place in range(k)]


# %% task-5 wrong: the same binomial coefficient for all units
def name_of(units, m):
    return sum(math.comb(int(unit), len(units)) for unit in units)


def units_of(name, k, m):
    found, unit = [], m
    for _ in range(k):
        unit = next((u for u in range(unit - 1, -1, -1) if math.comb(u, k) <= name), 0)
        name -= math.comb(unit, k)
        found.append(unit)
    return found[::-1]


# %% task-5 wrong: the sum of the unit numbers
def name_of(units, m):
    return int(sum(units)) - len(units) * (len(units) - 1) // 2


def units_of(name, k, m):
    return list(range(k - 1)) + [name + k - 1]


# %% task-5 wrong: names begin at 1
def name_of(units, m):
    return 1 + sum(math.comb(int(unit), position) for position, unit in enumerate(units, start=1))


def units_of(name, k, m):
    found, unit, name = [], m, name - 1
    for position in range(k, 0, -1):
        unit = next(u for u in range(unit - 1, -1, -1) if math.comb(u, position) <= name)
        name -= math.comb(unit, position)
        found.append(unit)
    return found[::-1]


# %% task-5 wrong: binomial coefficients as floats
def name_of(units, m):
    from scipy.special import comb

    return int(sum(comb(int(unit), position) for position, unit in enumerate(units, start=1)))


def units_of(name, k, m):
    from scipy.special import comb

    found, unit = [], m
    for position in range(k, 0, -1):
        unit = next((u for u in range(unit - 1, -1, -1) if comb(u, position) <= name), 0)
        name = max(name - int(comb(unit, position)), 0)
        found.append(unit)
    return found[::-1]


# %% task-5 wrong: gives the units largest first
def name_of(units, m):
    return sum(math.comb(int(unit), position) for position, unit in enumerate(units, start=1))


def units_of(name, k, m):
    found, unit = [], m
    for position in range(k, 0, -1):
        unit = next(u for u in range(unit - 1, -1, -1) if math.comb(u, position) <= name)
        name -= math.comb(unit, position)
        found.append(unit)
    return found


# %% task-5 wrong: the way back does not start below the unit before
def name_of(units, m):
    return sum(math.comb(int(unit), position) for position, unit in enumerate(units, start=1))


def units_of(name, k, m):
    found = []
    for position in range(k, 0, -1):
        unit = next(u for u in range(m) if math.comb(u, position) >= name)
        name = max(name - math.comb(unit, position), 0)
        found.append(unit)
    return found[::-1]


# %% task-5 right: in the order of a dictionary, unit by unit
def name_of(units, m):
    name, left, wanted = 0, len(units), {int(unit) for unit in units}
    for unit in range(m):
        if unit in wanted:
            left -= 1
        elif left:
            name += math.comb(m - unit - 1, left - 1)
    return name


def units_of(name, k, m):
    found = []
    for unit in range(m):
        if len(found) < k:
            beginning_here = math.comb(m - unit - 1, k - len(found) - 1)
            if name < beginning_here:
                found.append(unit)
            else:
                name -= beginning_here
    return found
