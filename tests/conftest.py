"""What all tests share."""

import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

# No deadline: the first example pays for compilation, and a busy machine is not a defect.
hypothesis.settings.register_profile("danskin", deadline=None)
# In continuous integration the same examples every time: a failure there is this change's.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "danskin")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need image data where there is none."""
    if os.environ.get("DANSKIN_DATA"):
        return
    skip = pytest.mark.skip(reason="DANSKIN_DATA does not name a folder with the image data")
    for item in items:
        if item.get_closest_marker("cifar10"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Leave no figure open: pyplot warns at the twentieth, in whatever test happens to draw it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
