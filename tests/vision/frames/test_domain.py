"""The domain of frames takes films, and that of images leaves them to it."""

from dl.plugins.loading import load_plugins
from dl.recipes.recognize import recognize_domain


def test_a_folder_of_films_is_read_as_frames_and_single_images_are_not(films):
    plugins = load_plugins()
    root = films({f"a/frame_{k}.png": k for k in range(4)})
    assert recognize_domain(str(root), plugins, {}) == "frames"
    (root / "a/frame_1.png").rename(root / "a/one.png")
    assert recognize_domain(str(root), plugins, {}) == "vision"
