"""One explorer for all tests: a real server, on a port of its own."""

import pytest


@pytest.fixture(scope="session")
def explorer_url():
    from danskin.explorer.serve import running

    with running() as url:
        yield url
