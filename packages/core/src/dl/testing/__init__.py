"""For plugin authors: conformance suites, tiny data sets, and fixtures for pytest.

    from dl.testing import check_dataset

    def test_it_conforms(dl_plugins):
        check_dataset(dl_plugins.dataset("vision", "mine"), dl_plugins)

A suite checks rule by rule and raises `DoesNotConform`, which names each broken rule; ``dl plugins check`` runs the
suites on everything a plugin registered. pytest finds the fixtures, in `dl.testing.fixtures`, wherever dl is installed.
Importing this imports nothing heavy; the functions do when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dl.testing.check import check_check
    from dl.testing.command import check_command
    from dl.testing.dataset import check_dataset
    from dl.testing.domain import check_domain
    from dl.testing.logger import check_logger
    from dl.testing.model import check_model
    from dl.testing.program import Answer, run_verb
    from dl.testing.regularizer import check_regularizer
    from dl.testing.rules import DoesNotConform, Result
    from dl.testing.samples import images, people, texts, write_images, write_table, write_texts
    from dl.testing.section import check_section
    from dl.testing.task import check_task

__all__ = [
    "Answer",
    "DoesNotConform",
    "Result",
    "check_check",
    "check_command",
    "check_dataset",
    "check_domain",
    "check_logger",
    "check_model",
    "check_regularizer",
    "check_section",
    "check_task",
    "images",
    "people",
    "run_verb",
    "texts",
    "write_images",
    "write_table",
    "write_texts",
]

_HOMES = {
    "Answer": "program",
    "DoesNotConform": "rules",
    "Result": "rules",
    "check_check": "check",
    "check_command": "command",
    "check_dataset": "dataset",
    "check_domain": "domain",
    "check_logger": "logger",
    "check_model": "model",
    "check_regularizer": "regularizer",
    "check_section": "section",
    "check_task": "task",
    "images": "samples",
    "people": "samples",
    "run_verb": "program",
    "texts": "samples",
    "write_images": "samples",
    "write_table": "samples",
    "write_texts": "samples",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'dl.testing' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"dl.testing.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
