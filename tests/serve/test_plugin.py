from dl_serve import plugin


def test_the_verb_is_serve():
    assert [spec.name for spec in plugin.register_commands()] == ["serve"]
