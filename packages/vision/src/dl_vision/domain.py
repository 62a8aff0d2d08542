"""The vision domain, put together: what core calls to read, prepare and draw images."""

from dl.domain import Domain
from dl_vision.draw import draw, sketch
from dl_vision.folder import open_path
from dl_vision.prepare import learn, restore
from dl_vision.read import read


def load() -> Domain:
    """Return the domain."""
    return Domain(open_path=open_path, learn=learn, restore=restore, read=read, draw=draw, sketch=sketch)
