"""The arrows that docs/architecture.md draws are those of the code, and the tool that draws them reads them right."""

import pytest

from tools.arrows import CORE, PAGE, draw, in_order, read_rooms, with_arrows


@pytest.fixture
def house(tmp_path):
    """A package of four rooms; one is a folder, one imports inside a function, one for annotations alone."""
    files = {
        "__init__.py": "from house.wall import brick\n",
        "ground.py": "import os\n",
        "wall.py": "from house import ground\nimport typing\nif typing.TYPE_CHECKING:\n    import house.roof\n",
        "roof/__init__.py": "",
        "roof/tiles.py": "from house.roof.beams import beam\n\n\ndef lay():\n    from house.wall.top import edge\n",
        "roof/beams.py": "import house.ground as below\n",
        "roof/templates/shed.py": "from house import garden\n",
        "garden.py": "import house\n",
    }
    for name, text in files.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "house"


def test_a_room_imports_rooms_and_its_own_modules_and_what_is_copied_do_not_count(house):
    rooms = read_rooms(house)
    assert {name: (room.running, room.types) for name, room in rooms.items()} == {
        "house": ({"wall"}, set()),
        "ground": (set(), set()),
        "wall": ({"ground"}, {"roof"}),
        "roof": ({"ground", "wall"}, set()),
        "garden": ({"house"}, set()),
    }


def test_each_room_stands_below_those_it_imports(house):
    assert in_order(read_rooms(house)) == ["ground", "wall", "house", "roof", "garden"]


def test_a_circle_is_entered_where_fewest_are_missing(house):
    (house / "ground.py").write_text("import house.garden, house.roof\n")
    assert in_order(read_rooms(house)) == ["garden", "ground", "wall", "house", "roof"]


def test_a_room_is_a_line_with_what_it_imports_and_in_brackets_what_for_types(house):
    assert draw(read_rooms(house)).splitlines()[1:-1] == [
        "ground",
        "wall    ground (roof)",
        "house   wall",
        "roof    ground, wall",
        "garden  house",
    ]


def test_a_page_keeps_what_stands_around_the_block():
    page = "a\n<!-- arrows -->\nold\n<!-- /arrows -->\nb\n"
    assert with_arrows(page, "new") == "a\n<!-- arrows -->\nnew\n<!-- /arrows -->\nb\n"
    with pytest.raises(ValueError, match="no block"):
        with_arrows("a page", "new")


def test_the_architecture_draws_the_arrows_of_the_code():
    page = PAGE.read_text(encoding="utf-8")
    assert with_arrows(page, draw(read_rooms(CORE))) == page, "write them anew: python -m tools.arrows"
