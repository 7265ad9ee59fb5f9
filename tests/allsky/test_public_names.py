"""`import allsky` offers what scripts need, and costs next to nothing until it is used."""

import pkgutil
import subprocess
import sys

import pytest

import allsky


@pytest.mark.parametrize("name", allsky.__all__)
def test_what_is_offered_is_there_and_explains_itself(name):
    assert getattr(allsky, name).__doc__


def test_no_name_offered_is_a_module_too():
    # Importing a submodule sets it as an attribute of the package, where it would hide the function of its name.
    assert {module.name for module in pkgutil.iter_modules(allsky.__path__)} & set(allsky.__all__) == set()


def test_a_name_that_is_not_offered_is_an_attribute_error():
    with pytest.raises(AttributeError, match="moonrise"):
        _ = allsky.moonrise


def test_the_import_alone_loads_no_tables_and_no_pictures():
    program = (
        "import sys, allsky; print([name for name in ('pandas', 'cv2', 'av', 'torch', 'luigi') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
