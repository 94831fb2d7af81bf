"""Yardsticks without a network: the mean image, principal components, and three classical denoisers."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_tv_chambolle
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from aelib._checks import check_images, check_integer, check_number, check_vectors
from aelib.data import as_images


class MeanImage:
    """The codec with nothing in its code: every image is rebuilt as the mean training image.

    Whatever an autoencoder gains, it gains over this. Its ``latent_dim`` is 0.
    """

    latent_dim = 0

    def fit(self, x):
        """Remember the mean of images.

        Parameters
        ----------
        x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
            Training images in [0, 1].

        Returns
        -------
        MeanImage
            The object itself.

        Raises
        ------
        ValueError
            If `x` is not an array of images in [0, 1], or is empty.
        """
        self.mean_ = check_images(x).mean(axis=0, dtype=np.float64).astype(np.float32)
        return self

    def encode(self, x):
        """Return the empty codes of images.

        Parameters
        ----------
        x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
            Images in [0, 1].

        Returns
        -------
        numpy.ndarray of float32, shape (n, 0)
            Nothing for each image.

        Raises
        ------
        ValueError
            If `x` is not an array of images in [0, 1], or is empty.
        """
        return np.empty((len(check_images(x)), 0), dtype=np.float32)

    def decode(self, codes):
        """Return the mean image, once for each code.

        Parameters
        ----------
        codes : array_like, shape (n, ...)
            Only their number counts.

        Returns
        -------
        numpy.ndarray of float32, shape (n, 784)
            Images in [0, 1]; in the shape of the training images, if that is another.

        Raises
        ------
        ValueError
            If `fit` has not been called yet: scikit-learn's ``NotFittedError``, which is one.
        """
        _require_fit(self, "mean_")
        return np.repeat(self.mean_[np.newaxis], len(codes), axis=0)

    def reconstruct(self, x):
        """Return ``decode(encode(x))``.

        Parameters
        ----------
        x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
            Images in [0, 1].

        Returns
        -------
        numpy.ndarray of float32
            Images, as `decode` gives them.

        Raises
        ------
        ValueError
            As `encode` and `decode`.
        """
        return self.decode(self.encode(x))


class PCACodec:
    """Principal component analysis as an encoder and a decoder: the best *affine* code of its size.

    The mean training image is subtracted before encoding and added after decoding. No affine encoder and decoder with
    ``latent_dim`` numbers has a smaller mean squared error on the training images (Baldi and Hornik 1989); clipping can
    only make it smaller. As a denoiser it does the same: ``denoise`` is ``reconstruct``.

    Parameters
    ----------
    latent_dim : int
        Components kept, at least 1.
    clip : bool
        Clip reconstructions to [0, 1], as pixels must be. Turn it off to see what the affine map itself gives.

    Raises
    ------
    ValueError
        If `latent_dim` is not a positive integer.
    """

    def __init__(self, latent_dim, *, clip=True):
        self.latent_dim = check_integer(latent_dim, "latent_dim", low=1)
        self.clip = clip

    def fit(self, x):
        """Find the mean and the components of images.

        Parameters
        ----------
        x : array_like of float, shape (n, 784)
            Training images in [0, 1].

        Returns
        -------
        PCACodec
            The object itself.

        Raises
        ------
        ValueError
            If `x` is not an array of images in [0, 1] of that shape, or has fewer images, or fewer pixels, than there
            are components.
        """
        x = check_vectors(check_images(x))
        if self.latent_dim > min(x.shape):
            raise ValueError(
                f"latent_dim is {self.latent_dim}, but x has shape {x.shape}: expected at most its least side"
            )
        # By the covariance's eigenvectors: exact, and fast where images outnumber pixels; float64 for the long sums.
        self.pca_ = PCA(self.latent_dim, svd_solver="covariance_eigh").fit(x.astype(np.float64))
        return self

    def encode(self, x):
        """Return the coordinates of images along the components.

        Parameters
        ----------
        x : array_like of float, shape (n, 784)
            Images in [0, 1].

        Returns
        -------
        numpy.ndarray of float32, shape (n, latent_dim)
            Codes, any finite numbers.

        Raises
        ------
        ValueError
            If `x` is not an array of images in [0, 1] of that shape, or is empty; or if `fit` has not been called yet:
            scikit-learn's ``NotFittedError``, which is one.
        """
        _require_fit(self, "pca_")
        return self.pca_.transform(check_vectors(check_images(x))).astype(np.float32)

    def decode(self, codes):
        """Return the images at the given coordinates.

        Parameters
        ----------
        codes : array_like of float, shape (n, latent_dim)
            Codes, any finite numbers.

        Returns
        -------
        numpy.ndarray of float32, shape (n, 784)
            Images, in [0, 1] if they are clipped.

        Raises
        ------
        ValueError
            If `codes` are not finite numbers of that shape, or are empty; or if `fit` has not been called yet:
            scikit-learn's ``NotFittedError``, which is one.
        """
        _require_fit(self, "pca_")
        images = self.pca_.inverse_transform(np.asarray(codes)).astype(np.float32)
        return images.clip(0, 1) if self.clip else images

    def reconstruct(self, x):
        """Return ``decode(encode(x))``: the projection onto the components.

        Parameters
        ----------
        x : array_like of float, shape (n, 784)
            Images in [0, 1].

        Returns
        -------
        numpy.ndarray of float32, shape (n, 784)
            Images, in [0, 1] if they are clipped.

        Raises
        ------
        ValueError
            As `encode`.
        """
        return self.decode(self.encode(x))

    denoise = reconstruct


class _Filter:
    def denoise(self, x):
        """Return the filtered images.

        Parameters
        ----------
        x : array_like of float, shape (n, 784), (n, 28, 28) or (n, 28, 28, 1)
            Images in [0, 1].

        Returns
        -------
        numpy.ndarray of float32, shape of `x`
            Images in [0, 1].

        Raises
        ------
        ValueError
            If `x` is not an array of images in [0, 1], or is empty.
        """
        x = check_images(x)
        images = as_images(x)[..., 0]
        images = images.astype(np.promote_types(images.dtype, np.float32), copy=False)  # SciPy takes no float16
        return self._filter(images).clip(0, 1).astype(np.float32).reshape(x.shape)


@dataclass(frozen=True)
class GaussianFilter(_Filter):
    """Replace each pixel by a weighted mean of its surroundings.

    The weights are those of a Gaussian, cut off at four standard deviations. At the border the image is mirrored.

    Parameters
    ----------
    sigma : float
        Standard deviation of the Gaussian, in pixels, at least 0.001.

    Raises
    ------
    ValueError
        If `sigma` is below 0.001 or not a finite number.
    """

    sigma: float

    def __post_init__(self):
        check_number(self.sigma, "sigma", low=1e-3)

    def _filter(self, images):
        return ndimage.gaussian_filter(images, (0, self.sigma, self.sigma))


@dataclass(frozen=True)
class MedianFilter(_Filter):
    """Replace each pixel by the median of the square around it: good against single wild pixels.

    At the border the image is mirrored.

    Parameters
    ----------
    size : int
        Side of the square, in pixels, at least 1. An even one is off centre, by half a pixel up and to the left.

    Raises
    ------
    ValueError
        If `size` is not a positive integer.
    """

    size: int

    def __post_init__(self):
        check_integer(self.size, "size", low=1)

    def _filter(self, images):
        return ndimage.median_filter(images, (1, self.size, self.size))


@dataclass(frozen=True)
class TotalVariation(_Filter):
    """Stay close to the image while changing little from pixel to pixel (Chambolle 2004): smooths areas, keeps edges.

    Parameters
    ----------
    weight : float
        How much smoothness counts against closeness, at least 0.001.

    Raises
    ------
    ValueError
        If `weight` is below 0.001 or not a finite number.
    """

    weight: float

    def __post_init__(self):
        check_number(self.weight, "weight", low=1e-3)

    def _filter(self, images):
        # One image after the other, as channels: total variation must not reach from one digit into the next.
        return denoise_tv_chambolle(images, self.weight, channel_axis=0)


def _require_fit(codec, attribute):
    if not hasattr(codec, attribute):
        raise NotFittedError(f"this {type(codec).__name__} has seen no images yet: call its fit(x) first")
