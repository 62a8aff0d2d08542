import dl
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl_serve.card import card_of, sections_of, to_html
from dl_serve.kept import read_kept

CARD = """# <b>mine</b>

A network: `dl fit`.

## Recall

| class | recall |
|---|---|
| <i>a</i> | 90 % |

- one
- two

```toml
# no heading
- no list
```
"""


def test_each_kind_of_line_becomes_its_element_and_words_stay_words():
    shown = to_html(CARD)
    assert "<h1>&lt;b&gt;mine&lt;/b&gt;</h1>" in shown and "<p>A network: <code>dl fit</code>.</p>" in shown
    assert "<th scope=row>&lt;i&gt;a&lt;/i&gt;</th><td>90 %</td>" in shown and "<th scope=col>class</th>" in shown
    assert "<ul><li>one</li><li>two</li></ul>" in shown and "<pre># no heading\n- no list</pre>" in shown


def test_sections_hold_the_markdown_below_their_titles_and_a_fence_begins_none():
    first, second = sections_of(CARD)
    assert first == {"title": "<b>mine</b>", "markdown": "A network: `dl fit`."}
    assert second["title"] == "Recall" and second["markdown"].endswith("# no heading\n- no list\n```")


def test_the_card_of_a_served_run_has_the_recall_of_each_class_by_what_the_run_kept(served_runs):
    run, plugins = dl.open_run(1, served_runs), load_plugins()
    kept = read_kept(run)
    card = card_of(reopen(run, plugins), plugins, kept, "images")
    dark = int((kept.targets == run.manifest.task.names.index("dark")).sum())
    assert "POST /v1/runs/images/predict" in card and f"| dark | {dark} | 100.0 % [" in card
    assert "Recall of each class" not in card_of(reopen(run, plugins), plugins, None, "images")
