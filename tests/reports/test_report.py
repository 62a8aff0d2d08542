"""The values of a report: frozen, described field by field, and free of any computation."""

import ast
import inspect
import re
from dataclasses import fields, is_dataclass

import pytest

from dl_reports import report

VALUES = [one for one in vars(report).values() if is_dataclass(one) and one.__module__ == report.__name__]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_is_frozen_and_describes_all_its_fields_or_none(value):
    assert value.__dataclass_params__.frozen
    names = [field.name for field in fields(value)]
    assert re.findall(r"^    (\w+): ", inspect.cleandoc(value.__doc__), re.MULTILINE) in (names, [])


def test_the_module_has_no_function():
    tree = ast.parse(inspect.getsource(report))
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]
