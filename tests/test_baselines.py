"""The yardsticks, against closed forms and against scikit-image's own results."""

import numpy as np
import pytest
from skimage.restoration import denoise_tv_chambolle
from sklearn.exceptions import NotFittedError

from aelib import noise
from aelib.baselines import GaussianFilter, MeanImage, MedianFilter, PCACodec, TotalVariation
from aelib.data import as_images, load_mnist
from aelib.metrics import mean_squared_error

DENOISERS = [GaussianFilter(1.0), MedianFilter(3), TotalVariation(0.2)]


@pytest.fixture(scope="module")
def digits():
    return load_mnist().x_train[:2000]


def test_the_mean_image_has_the_least_squared_error_of_all_constants(digits):
    codec = MeanImage().fit(digits)
    error = mean_squared_error(digits, codec.reconstruct(digits)).mean()
    assert error == pytest.approx(digits.var(axis=0, dtype=np.float64).mean(), rel=1e-5)


def test_the_mean_image_has_an_empty_code(digits):
    codec = MeanImage().fit(digits)
    codes = codec.encode(digits[:3])
    assert codes.shape == (3, 0)
    np.testing.assert_array_equal(codec.decode(codes), np.stack([codec.mean_] * 3))


def test_pca_leaves_exactly_the_variance_of_the_components_left_out(digits):
    """The Eckart-Young theorem: the squared error is the sum of the discarded eigenvalues."""
    codec = PCACodec(10, clip=False).fit(digits)
    covariance = np.cov(digits.astype(np.float64), rowvar=False, bias=True)
    discarded = np.linalg.eigvalsh(covariance)[:-10].sum()
    error = 784 * mean_squared_error(digits, codec.reconstruct(digits)).mean()
    assert error == pytest.approx(discarded, rel=1e-4)


def test_pca_with_every_component_copies():
    x = np.random.default_rng(0).random((900, 784))
    codec = PCACodec(784).fit(x)
    np.testing.assert_allclose(codec.reconstruct(x), x, atol=1e-5)


def test_pca_is_a_projection(digits):
    codec = PCACodec(5, clip=False).fit(digits)
    once = codec.decode(codec.encode(digits))
    codes = codec.encode(digits)
    assert codes.shape == (2000, 5)
    np.testing.assert_allclose(codec.pca_.transform(once), codes, atol=1e-4)


def test_pca_clips_unless_told_not_to(digits):
    clipped, free = (PCACodec(10, clip=clip).fit(digits).reconstruct(digits) for clip in (True, False))
    assert free.min() < 0
    np.testing.assert_array_equal(clipped, free.clip(0, 1))


@pytest.mark.parametrize("codec", [MeanImage(), PCACodec(2)])
def test_a_codec_that_has_seen_nothing_says_so(codec, digits):
    with pytest.raises(NotFittedError, match=r"call its fit\(x\) first"):
        codec.reconstruct(digits[:2])


def test_pca_refuses_more_components_than_images(digits):
    with pytest.raises(ValueError, match="latent_dim is 64, but x has shape"):
        PCACodec(64).fit(digits[:10])


@pytest.mark.parametrize("denoiser", DENOISERS, ids=lambda denoiser: type(denoiser).__name__)
class TestDenoisers:
    def test_they_make_noisy_digits_better(self, denoiser, digits):
        clean = digits[:50]
        noisy = noise.gaussian(clean, 0.4, seed=0)
        before, after = (mean_squared_error(clean, x).mean() for x in (noisy, denoiser.denoise(noisy)))
        assert after < 0.7 * before

    def test_they_leave_a_flat_image_alone(self, denoiser, digits):
        flat = np.full((2, 784), 0.5, dtype=np.float32)
        np.testing.assert_allclose(denoiser.denoise(flat), flat, atol=1e-6)

    def test_each_image_is_on_its_own(self, denoiser, digits):
        together = denoiser.denoise(digits[:3])
        apart = np.concatenate([denoiser.denoise(digits[i : i + 1]) for i in range(3)])
        np.testing.assert_allclose(together, apart, atol=1e-5)

    def test_shape_dtype_and_range_are_kept(self, denoiser, digits):
        noisy = as_images(noise.gaussian(digits[:3], 0.5, seed=0))
        cleaned = denoiser.denoise(noisy)
        assert cleaned.shape == (3, 28, 28, 1) and cleaned.dtype == np.float32
        assert cleaned.min() >= 0 and cleaned.max() <= 1

    @pytest.mark.parametrize(
        "x", [np.zeros((3, 10)), np.zeros((0, 784)), np.full((1, 784), np.nan), np.full((1, 784), 2.0)]
    )
    def test_bad_images_are_refused(self, denoiser, x, digits):
        with pytest.raises(ValueError, match="expected"):
            denoiser.denoise(x)


def test_a_gaussian_filter_spreads_a_pixel_as_its_formula_says():
    image = np.zeros((1, 28, 28), dtype=np.float32)
    image[0, 14, 14] = 1
    blurred = GaussianFilter(1.0).denoise(image)[0]
    total = sum(np.exp(-(k**2) / 2) for k in range(-4, 5))  # cut off at four standard deviations
    np.testing.assert_allclose(blurred[14, 14], 1 / total**2, rtol=1e-5)
    np.testing.assert_allclose(blurred[14, 15], np.exp(-1 / 2) / total**2, rtol=1e-5)
    np.testing.assert_allclose(blurred.sum(), 1, rtol=1e-5)


def test_total_variation_is_scikit_images_on_each_image_and_flatter_for_more_weight(digits):
    noisy = as_images(noise.gaussian(digits[:3], 0.3, seed=0))[..., 0]
    cleaned = TotalVariation(0.2).denoise(noisy)
    expected = np.stack([denoise_tv_chambolle(image, 0.2) for image in noisy]).clip(0, 1)
    np.testing.assert_allclose(cleaned, expected, atol=1e-6)
    assert np.ptp(TotalVariation(2.0).denoise(noisy), axis=(1, 2)).max() < np.ptp(cleaned, axis=(1, 2)).min()


def test_pca_denoises_by_projection(digits):
    codec = PCACodec(8).fit(digits[:200])
    np.testing.assert_array_equal(codec.denoise(digits[:3]), codec.reconstruct(digits[:3]))


@pytest.mark.parametrize("denoiser", DENOISERS, ids=lambda denoiser: type(denoiser).__name__)
def test_half_precision_images_are_filtered_as_those_values_in_float32(denoiser, digits):
    half = digits[:2].astype(np.float16)
    np.testing.assert_array_equal(denoiser.denoise(half), denoiser.denoise(half.astype(np.float32)))


def test_pca_takes_vectors_only(digits):
    codec = PCACodec(8).fit(digits[:20])
    for method in (PCACodec(8).fit, codec.encode, codec.reconstruct, codec.denoise):
        with pytest.raises(ValueError, match=r"shape \(20, 28, 28, 1\); expected \(n, d\)"):
            method(as_images(digits[:20]))


def test_a_median_filter_removes_a_single_wild_pixel():
    image = np.zeros((1, 784), dtype=np.float32)
    image[0, 400] = 1
    assert MedianFilter(3).denoise(image).max() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianFilter(0), "sigma is 0"),
        (lambda: GaussianFilter(float("nan")), "sigma is nan"),
        (lambda: MedianFilter(2.5), "size is 2.5"),
        (lambda: TotalVariation(-1), "weight is -1"),
        (lambda: PCACodec(0), "latent_dim is 0"),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
