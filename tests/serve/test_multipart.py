import pytest

from dl_serve.errors import Refused
from dl_serve.multipart import split_parts

KIND = 'multipart/form-data; boundary="cut"'


def form(*parts):
    named = [f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts]
    return "".join(named).encode() + b"--cut--\r\n"


def test_as_many_parts_as_are_allowed_are_split_and_one_more_is_refused():
    pairs = [("a", "1"), ("b", "2\r\n3"), ("c", "")]
    assert [(part.name, part.content.decode()) for part in split_parts(KIND, form(*pairs), 3)] == pairs
    with pytest.raises(Refused, match="more than 2 parts"):
        split_parts(KIND, form(*pairs), 2)


@pytest.mark.parametrize(("kind", "body"), [("multipart/form-data", form()), (KIND, b"--cut\r\n"), (KIND, b"")])
def test_what_is_no_form_is_refused(kind, body):
    with pytest.raises(Refused, match="is no multipart/form-data"):
        split_parts(kind, body, 3)
