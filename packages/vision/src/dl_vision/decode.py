"""Inspect an image file, and decode it to uint8 pixels (H, W, C) of a given size and colour.

Only listed formats are opened; a decompression bomb or a truncated file is an error with a one-line reason. 16-bit
pixels are scaled by 1/257, transparency is blended with white, and of an animation the first frame is taken.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from dl import regular
from dl.errors import BadFile
from dl.options import Options
from dl.terminal import safe_text
from dl.work import over, reported

Image.init()
# Formats with an unambiguous signature that pillow reads by itself, without starting another program.
_WANTED = ("PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "ICO", "QOI")
FORMATS = tuple(name for name in _WANTED if name in Image.OPEN)
LARGEST_FILE = 1 << 29  # bytes
LARGEST_IMAGE = 89_478_485  # pixels: pillow's threshold for the warning of a decompression bomb
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FEW_PIXELS = 128 * 128  # smaller images decode faster in one thread: 16,000 against 7,000 a second, measured
UNREAD = b""  # the digest of a file that could not be read, perhaps temporarily
AT_ONCE = 64  # files that a thread takes at a time


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The content hash of a file and the facts in its image header.

    Args:
        digest: 16-byte hash of the content.
        height: In pixels, after rotation by the EXIF orientation.
        width: In pixels, likewise.
        grey: Whether it is stored without colour.
        error: Why it is not an image; empty if the header can be read.
    """

    digest: bytes
    height: int = 0
    width: int = 0
    grey: bool = True
    error: str = ""


class Packed(str):
    """The path of a file in an uncompressed archive, with its place there; read as any other file.

    Attributes:
        archive: Path of the archive.
        start: Of the file in it, in bytes.
        size: In bytes.
    """

    __slots__ = ("archive", "size", "start")
    archive: str
    start: int
    size: int

    @classmethod
    def of(cls, archive: str, name: str, start: int, size: int) -> Packed:
        """Return the path of a file in an archive."""
        made = cls(f"{archive}/{name}")
        made.archive, made.start, made.size = archive, start, size
        return made


def read_content(path: str) -> bytes:
    """Read a whole file, or one in an archive.

    Raises:
        BadFile: If it is empty or larger than `LARGEST_FILE`.
        OSError: If it cannot be read.
    """
    packed = path if isinstance(path, Packed) else None
    with regular.open_regular(packed.archive if packed else path) as stream:
        size = packed.size if packed else os.fstat(stream.fileno()).st_size
        if size > LARGEST_FILE:
            raise BadFile(f"{size:,} bytes are too large for an image")
        if not size:
            raise BadFile("the file is empty")
        if packed:
            stream.seek(packed.start)
        return stream.read(size if packed else -1)


def digest_of(content: bytes) -> bytes:
    """Hash the content to 16 bytes."""
    return blake2b(content, digest_size=16).digest()


def inspect(path: str) -> ImageFacts:
    """Hash a file and read size and colour from its header, without decoding it."""
    try:
        content = read_content(path)
    except BadFile as error:
        return ImageFacts(digest_of(b""), error=str(error))
    except (OSError, MemoryError) as error:
        return ImageFacts(UNREAD, error=_reason(error))
    try:
        with _open_image(content) as image:
            height, width = _upright_size(image)
            return ImageFacts(digest_of(content), height, width, is_grey(image))
    except Exception as error:  # pillow's readers raise exceptions of every kind; the caller names the file
        return ImageFacts(digest_of(content), error=_reason(error))


def decode(content: bytes, height: int, width: int, channels: int, *, as_line: bool = False) -> NDArray[np.uint8]:
    """Decode to (height, width, channels) uint8, resized to that size; one channel is grey, three are rgb.

    Args:
        content: Of the file.
        height: In pixels.
        width: In pixels.
        channels: 1 or 3.
        as_line: Whether to keep proportions and pad on the right with the colour of the border.

    Raises:
        BadFile: With the reason alone; the caller names the file.
        MemoryError: If memory is exhausted, which is no fault of the file.
    """
    try:
        with _open_image(content) as image:
            orientation = _orientation(image)
            if image.format == "JPEG":  # grey is decoded from the luma, and at a lower resolution if that is enough
                twice = 2 * max(height, width)
                image.draft("L" if channels == 1 else "RGB", (twice, twice) if twice < min(image.size) else image.size)
            upright = image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image
            pixels = coloured(upright, "L" if channels == 1 else "RGB")
            own = line_width(pixels.height, pixels.width, height, width) if as_line else width
            if pixels.size != (own, height):
                pixels = pixels.resize((own, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
            return _padded(np.asarray(pixels).reshape(height, own, channels), width)
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise BadFile(_reason(error)) from error


def line_height(options: Options) -> int:
    """Return the height that lines are read in; 0 for images that are none."""
    return int(options.get("line_height", 0))


def line_width(height: int, width: int, wanted: int, most: int) -> int:
    """Return the width of an image of this size when its height is ``wanted``, at most ``most``."""
    return min(max(round(width * wanted / height), 1), most)


def _padded(pixels: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Pad an image (H, W, C) on the right, with the median of its border."""
    missing = width - pixels.shape[1]
    if not missing:
        return pixels
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    beside = np.broadcast_to(np.median(border, axis=0).astype(np.uint8), (len(pixels), missing, pixels.shape[2]))
    return np.concatenate([pixels, beside], axis=1)


def for_each(call: Callable[[int], None], count: int, mean_size: float, name: str = "images") -> None:
    """Call a function with 0..count-1, in threads if images are large enough: pillow decodes without the GIL.

    Args:
        call: Processes one image.
        count: Number of images.
        mean_size: Of an image, in pixels (in bytes, if it is only read).
        name: Of the work.
    """
    threads = min(32, os.cpu_count() or 1) if mean_size >= FEW_PIXELS else 1
    with strict_pillow():
        if threads == 1 or count < 2 * threads:
            for position in over(range(count), name):
                call(position)
            return
        starts = range(0, count, max(1, min(AT_ONCE, count // (4 * threads))))

        def some(start: int) -> None:
            for position in range(start, min(start + starts.step, count)):
                call(position)

        pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        try:
            for _ in reported(pool.map(some, starts), name, len(starts)):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def strict_pillow() -> Iterator[None]:
    """Inside this context turn pillow's bomb warning into an error and silence its others, for all threads."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        yield


def _open_image(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    if math.prod(image.size) > LARGEST_IMAGE:
        raise Image.DecompressionBombError
    return image


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (width, height) if _orientation(image) >= 5 else (height, width)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be applied, 1 if there is none.

    Pillow applies that of a TIFF itself. A PNG may store it after the pixels, where only decoding would find it; it is
    then ignored.
    """
    if image.format == "TIFF":
        return 1
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # damaged EXIF data does not matter for the pixels
        return 1
    return value if isinstance(value, int) else 1


def is_grey(image: Image.Image) -> bool:
    """Return whether an image has no colour."""
    if image.mode != "P":
        return image.mode in GREY_MODES
    palette = image.getpalette("RGB") or []
    return palette[0::3] == palette[1::3] == palette[2::3]


def coloured(image: Image.Image, mode: str) -> Image.Image:
    """Convert the image to mode L or RGB."""
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.mode == "F":
        raise BadFile("floating-point pixels have no defined white; convert the file to 8 or 16 bits")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        opaque = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", opaque.size, "white"), opaque)
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; pillow's own conversion would clip it."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise BadFile("32-bit pixels have no defined white; convert the file to 8 or 16 bits")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _reason(error: Exception) -> str:
    if isinstance(error, BadFile):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a format dl reads"
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"a decompression bomb: more than {LARGEST_IMAGE:,} pixels"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, MemoryError):
        return "too large for memory"
    return f"damaged: {safe_text(error, 100) or type(error).__name__}"
