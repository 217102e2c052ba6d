"""The bridge loads when it is asked for, and says what to install where torch is missing."""

import subprocess
import sys

import pytest

import danskin.torch as dkt


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_danskin_does_not_load_torch():
    done = run("import danskin, sys; assert 'torch' not in sys.modules")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", ["None", "missing"])
def test_without_torch_the_error_names_the_pip_line(how):
    hide = {
        "None": "import sys; sys.modules['torch'] = None\n",
        "missing": (
            "import sys\n"
            "class Hide:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'torch':\n"
            "            raise ModuleNotFoundError('No module named torch', name='torch')\n"
            "sys.meta_path.insert(0, Hide())\n"
        ),
    }[how]
    done = run(
        hide
        + "try:\n    import danskin.torch\nexcept ImportError as e:\n    print(e)\n"
        + "else:\n    raise SystemExit(1)\n"
    )
    assert done.returncode == 0, done.stderr
    assert "pip install" in done.stdout
    assert "danskin[torch]" in done.stdout


@pytest.mark.parametrize("name", dkt.__all__)
def test_every_public_name_loads(name):
    assert getattr(dkt, name).__doc__


def test_unknown_name():
    with pytest.raises(AttributeError, match="nonsense"):
        dkt.nonsense  # noqa: B018
