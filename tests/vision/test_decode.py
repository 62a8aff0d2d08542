import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dl.errors import BadFile
from dl_vision.decode import decode, inspect, strict_pillow

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5  # 6 rows, 8 columns


def encoded(image, name="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def in_colour():
    return Image.fromarray(np.stack([RAMP, 255 - RAMP, RAMP // 2], axis=2))


def at_own_size(content, channels):
    with Image.open(io.BytesIO(content)) as image:
        return decode(content, image.height, image.width, channels)


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_lossless_grey_comes_back_as_it_was(name):
    np.testing.assert_array_equal(at_own_size(encoded(Image.fromarray(RAMP), name), 1)[..., 0], RAMP)


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_colour_comes_back_as_it_was(name):
    np.testing.assert_array_equal(at_own_size(encoded(in_colour(), name), 3), np.asarray(in_colour()))


def test_grey_repeated_three_times_is_its_rgb():
    pixels = at_own_size(encoded(Image.fromarray(RAMP)), 3)
    assert (pixels == RAMP[..., None]).all()


def test_colour_becomes_the_luma_as_grey():
    expected = np.asarray(in_colour()) @ [0.299, 0.587, 0.114]
    assert np.abs(at_own_size(encoded(in_colour()), 1)[..., 0] - expected).max() <= 1
    jpeg = encoded(in_colour().resize((64, 48), Image.Resampling.BICUBIC), "JPEG", quality=95)
    plain = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L")).astype(int)
    assert np.abs(at_own_size(jpeg, 1)[..., 0] - plain).max() <= 4


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_16_bits_are_scaled_and_not_clipped(name):
    deep = RAMP.astype(np.uint16) * 257
    np.testing.assert_array_equal(at_own_size(encoded(Image.fromarray(deep), name), 1)[..., 0], RAMP)


def test_cmyk_is_read_as_the_colours_it_prints():
    cmyk = encoded(Image.new("CMYK", (4, 4), (255, 0, 0, 0)), "TIFF")
    assert at_own_size(cmyk, 3)[0, 0].tolist() == [0, 255, 255]
    assert at_own_size(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"), 3)[8, 8].tolist()[0] > 200


def test_a_palette_is_looked_up():
    image = in_colour().quantize(48)
    np.testing.assert_array_equal(at_own_size(encoded(image), 3), np.asarray(image.convert("RGB")))


def test_one_bit_is_black_and_white():
    image = Image.fromarray(RAMP > 100)
    assert image.mode == "1"
    np.testing.assert_array_equal(at_own_size(encoded(image), 1)[..., 0], (RAMP > 100) * 255)


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_paper_is_white(channels):
    ink = np.zeros((4, 4, 4), np.uint8)
    ink[1, 2, 3] = 255  # one opaque black pixel; the others are black too, but cannot be seen
    pixels = at_own_size(encoded(Image.fromarray(ink)), channels)
    assert (pixels[1, 2] == 0).all() and pixels.sum() == 255 * 15 * channels
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert (at_own_size(encoded(palette, transparency=0), channels) == 255).all()


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("L", (5, 5), value) for value in (10, 200, 90)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (at_own_size(content, 1) == 10).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_exif_orientation_is_applied_to_size_and_pixels(tmp_path, orientation, name):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(RAMP), name, exif=exif)
    (tmp_path / "x").write_bytes(content)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    facts = inspect(str(tmp_path / "x"))
    assert (facts.height, facts.width) == upright.shape
    np.testing.assert_array_equal(decode(content, facts.height, facts.width, 1)[..., 0], upright)


def test_a_photograph_taken_upright_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = Image.new("RGB", (400, 200), "black")
    sideways.paste("white", (0, 0, 100, 200))  # its left is the top
    pixels = decode(encoded(sideways, "JPEG", exif=exif), 40, 20, 3)
    assert pixels[:8].min() > 240 and pixels[12:].max() < 15


def test_images_are_stretched_to_the_size():
    assert decode(encoded(in_colour()), 3, 11, 3).shape == (3, 11, 3)
    assert (decode(encoded(Image.new("RGB", (50, 20), (9, 8, 7))), 30, 30, 3) == (9, 8, 7)).all()


def test_a_large_jpeg_decoded_small_looks_like_the_large_one_made_small():
    smooth = in_colour().resize((640, 480), Image.Resampling.BICUBIC)
    whole = np.asarray(smooth.resize((32, 32), Image.Resampling.BOX)).astype(int)
    assert np.abs(decode(encoded(smooth, "JPEG", quality=95), 32, 32, 3) - whole).mean() < 3


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP"])
def test_a_file_cut_off_in_the_middle_is_an_error(name):
    rng = np.random.default_rng(0)
    content = encoded(Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)), name)
    with pytest.raises(BadFile):
        decode(content[: len(content) // 2], 64, 64, 3)


def test_what_is_no_image_says_so():
    for content in (b"hello, I am text\n" * 10, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\0" * 100):
        with pytest.raises(BadFile, match="not an image of a format dl reads"):
            decode(content, 8, 8, 1)


def bomb():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_bomb_is_an_error_before_it_is_unpacked(tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb())
    with strict_pillow(), pytest.raises(BadFile, match="decompression bomb"):
        decode(bomb(), 8, 8, 1)
    assert "decompression bomb" in inspect(str(tmp_path / "bomb.png")).error


def test_pixels_without_an_agreed_white_are_refused():
    with pytest.raises(BadFile, match="floating-point"):
        at_own_size(encoded(Image.new("F", (4, 4), 0.5), "TIFF"), 1)
    with pytest.raises(BadFile, match="32-bit"):
        at_own_size(encoded(Image.new("I", (4, 4), 1 << 20), "TIFF"), 1)


def test_facts_name_size_colour_and_content(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(in_colour()))
    (tmp_path / "b.gif").write_bytes(encoded(Image.fromarray(RAMP), "GIF"))
    colour, grey = (inspect(str(tmp_path / name)) for name in ("a.png", "b.gif"))
    assert (colour.height, colour.width, colour.grey, colour.error) == (6, 8, False, "")
    assert grey.grey and grey.digest != colour.digest


def test_facts_of_an_empty_or_missing_file_say_why(tmp_path):
    (tmp_path / "empty.png").touch()
    assert inspect(str(tmp_path / "empty.png")).error == "the file is empty"
    assert inspect(str(tmp_path / "gone.png")).error == "no such file or directory"


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damaged_bytes_give_pixels_or_one_reason_and_nothing_else(data):
    name = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]))
    content = bytearray(encoded(in_colour(), name))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        with strict_pillow():
            assert decode(bytes(content), 5, 5, 3).shape == (5, 5, 3)
    except BadFile as error:
        assert "\n" not in str(error)
