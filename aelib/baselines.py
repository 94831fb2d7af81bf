"""Yardsticks without a network: the mean image, principal components, and three classical denoisers."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.restoration import denoise_tv_chambolle
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from aelib._checks import check_images, check_integer, check_number
from aelib.data import as_images


class MeanImage:
    """The codec with nothing in its code: every image is rebuilt as the mean training image.

    Whatever an autoencoder gains, it gains over this.
    """

    latent_dim = 0

    def fit(self, x):
        """Remember the mean of ``x``, shape ``(n, 784)``; returns self."""
        self.mean_ = check_images(x).mean(axis=0, dtype=np.float64).astype(np.float32)
        return self

    def encode(self, x):
        """Codes of shape ``(n, 0)``."""
        return np.empty((len(check_images(x)), 0), dtype=np.float32)

    def decode(self, codes):
        """The mean image, once for each code."""
        _require_fit(self, "mean_")
        return np.repeat(self.mean_[np.newaxis], len(codes), axis=0)

    def reconstruct(self, x):
        """``decode(encode(x))``."""
        return self.decode(self.encode(x))


class PCACodec:
    """Principal component analysis as an encoder and a decoder: the best *linear* code of its size.

    No linear encoder and decoder with ``latent_dim`` numbers has a smaller mean squared error on the training images
    (Baldi and Hornik 1989).

    Parameters
    ----------
    latent_dim : int
        Components kept.
    clip : bool
        Clip reconstructions to [0, 1], as pixels must be. Turn it off to see what the linear map itself gives.
    """

    def __init__(self, latent_dim, *, clip=True):
        self.latent_dim = check_integer(latent_dim, "latent_dim", low=1)
        self.clip = clip

    def fit(self, x):
        """Find the components of ``x``, shape ``(n, 784)``; returns self.

        Raises
        ------
        ValueError
            If there are fewer images, or fewer pixels, than components.
        """
        x = check_images(x)
        if self.latent_dim > min(x.shape):
            raise ValueError(
                f"latent_dim is {self.latent_dim}, but x has shape {x.shape}: expected at most its least side"
            )
        # By the covariance's eigenvectors: exact, and fast where images outnumber pixels; float64 for the long sums.
        self.pca_ = PCA(self.latent_dim, svd_solver="covariance_eigh").fit(x.astype(np.float64))
        return self

    def encode(self, x):
        """Coordinates along the components, shape ``(n, latent_dim)``."""
        _require_fit(self, "pca_")
        return self.pca_.transform(check_images(x)).astype(np.float32)

    def decode(self, codes):
        """Images, shape ``(n, 784)``."""
        _require_fit(self, "pca_")
        images = self.pca_.inverse_transform(np.asarray(codes)).astype(np.float32)
        return images.clip(0, 1) if self.clip else images

    def reconstruct(self, x):
        """``decode(encode(x))``: the projection onto the components."""
        return self.decode(self.encode(x))

    denoise = reconstruct


@dataclass(frozen=True)
class GaussianFilter:
    """Replace each pixel by a weighted mean of its surroundings.

    Parameters
    ----------
    sigma : float
        Width of the bell, in pixels.
    """

    sigma: float

    def __post_init__(self):
        check_number(self.sigma, "sigma", low=1e-3)

    def denoise(self, x):
        """Filtered images, in ``x``'s shape and in [0, 1]."""
        return _filtered(x, lambda images: ndimage.gaussian_filter(images, (0, self.sigma, self.sigma)))


@dataclass(frozen=True)
class MedianFilter:
    """Replace each pixel by the median of the square around it: good against single wild pixels.

    Parameters
    ----------
    size : int
        Side of the square, in pixels.
    """

    size: int

    def __post_init__(self):
        check_integer(self.size, "size", low=1)

    def denoise(self, x):
        """Filtered images, in ``x``'s shape and in [0, 1]."""
        return _filtered(x, lambda images: ndimage.median_filter(images, (1, self.size, self.size)))


@dataclass(frozen=True)
class TotalVariation:
    """Stay close to the image while changing little from pixel to pixel (Chambolle 2004): smooths areas, keeps edges.

    Parameters
    ----------
    weight : float
        How much smoothness counts against closeness.
    """

    weight: float

    def __post_init__(self):
        check_number(self.weight, "weight", low=1e-3)

    def denoise(self, x):
        """Filtered images, in ``x``'s shape and in [0, 1]."""
        # One image after the other, as channels: total variation must not reach from one digit into the next.
        return _filtered(x, lambda images: denoise_tv_chambolle(images, self.weight, channel_axis=0))


def _filtered(x, function):
    x = check_images(x)
    return function(as_images(x)[..., 0]).clip(0, 1).astype(np.float32).reshape(x.shape)


def _require_fit(codec, attribute):
    if not hasattr(codec, attribute):
        raise NotFittedError(f"this {type(codec).__name__} has seen no images yet: call its fit(x) first")
