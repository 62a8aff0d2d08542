"""The domain of several kinds is made of what is registered, and of nothing else."""

from dataclasses import replace

from dl.plugins.composed import with_mixed
from dl.plugins.loading import load_plugins


def test_it_is_made_of_the_domains_that_read_columns():
    plugins = load_plugins()
    spec = plugins.domain("mixed")
    assert spec.composes == ("tabular", "text", "vision")
    names = {option.name for option in spec.options}
    assert {"rows", "texts", "images", "tokens", "size", "categories", "target"} <= names
    assert len(names) == len(spec.options)
    assert plugins.recipe("mixed", "fast").text.endswith('text_weights = "tf-idf"\n')


def test_one_domain_alone_is_not_composed():
    plugins = load_plugins()
    bare = {name: spec for name, spec in plugins.domains.items() if name in ("text", "numbers")}
    assert with_mixed(replace(plugins, domains=bare)).domains == bare


def test_an_option_of_a_taken_name_has_its_domain_before_it():
    plugins = load_plugins()
    text = plugins.domain("text")
    other = replace(
        text, options=tuple(replace(one, default=7) if one.name == "bad_files" else one for one in text.options)
    )
    domains = {name: spec for name, spec in plugins.domains.items() if name != "mixed"} | {"text": other}
    names = {option.name for option in with_mixed(replace(plugins, domains=domains)).domain("mixed").options}
    assert {"bad_files", "vision_bad_files"} <= names


def test_regularizers_of_a_domain_fit_the_composed_one():
    plugins = load_plugins()
    fits = {name for name, spec in plugins.regularizers.items() if plugins.regularizes(spec, "mixed")}
    assert {"random-shift", "word-dropout", "missing", "l2", "weight-averaging"} <= fits
    assert not {"mixup", "noise"} & fits
