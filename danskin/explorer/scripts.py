"""The Python that reproduces what the page shows.

The text is ours; what came from outside enters as the ``repr`` of plain numbers, strings and lists
that have been read and checked, so that no script can hold code that a request wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "batch",
    "contours",
    "gradients",
    "objective",
    "point",
    "proof",
    "read",
    "trajectories",
]

_IMPORT = "import danskin as dk\n"


def _literal(value: Any) -> str:
    """Return plain data as Python, and nothing else."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if value is None or type(value) in (bool, int, float, str):
        # Characters that an editor would not show, or show turned round, are written out.
        return ascii(value)
    raise TypeError(f"{type(value).__name__} is no plain data")


def _rows(values: Sequence[Sequence[Any]], indent: str = "    ") -> str:
    lines = "".join(f"{indent}{_literal(list(v))},\n" for v in values)
    return f"[\n{lines}{indent[4:]}]"


def gradients(rows: list[list[Any]], asked: list[Any] | None) -> str:
    """Return the script of the view *Gradients*."""
    lines = [
        _IMPORT,
        "from danskin.direction import derivative_sectors\n\n",
        "# The gradients of all maximizers, one a row.\n",
        f"gradients = {_rows(rows)}\n\n",
        "steepest = dk.steepest_descent(gradients)  # Theorem 2\n",
        "print(steepest.explain())\n",
        'print("weights:", steepest.weights, " min-norm point:", steepest.min_norm.point)\n\n',
        "singles = [dk.single_gradient(gradients, i) for i in range(len(gradients))]\n",
        "for single in singles:  # the false corollary, tested\n",
        '    print(f"-g{single.index + 1}:", single.derivative)\n\n',
        "sectors = derivative_sectors(gradients)\n",
        "print(*sectors, sep='\\n')\n",
    ]
    if asked is not None:
        lines += [
            f"\nasked = dk.directional_derivative(gradients, {_literal(asked)})\n",
            "print(asked.explain())\n",
        ]
    return "".join(lines)


# --- objectives ----------------------------------------------------------------------------------


def objective(made: dict[str, Any]) -> str:
    """Return the lines that make `f`.

    `made` is ``{"family", "parameters"}``, ``{"vectors"}`` (to order) or a form: ``{"g", "theta",
    "delta", "domain", "parameters"}`` with the domain as in a problem file.
    """
    if "family" in made:
        arguments = ", ".join(f"{k}={_literal(v)}" for k, v in made["parameters"].items())
        name = made["family"]
        return (
            f"{_IMPORT}from danskin.counterexamples import {name}\n\n"
            f"f = {name}({arguments}).objective\n"
        )
    if "vectors" in made:
        return (
            f"{_IMPORT}from danskin.counterexamples import make_counterexample\n\n"
            f"f = make_counterexample(\n    vectors={_rows(made['vectors'], ' ' * 8)},\n"
            '    require="nothing",\n).objective\n'
        )
    parameters = f"    parameters={_literal(made['parameters'])},\n" if made["parameters"] else ""
    return (
        f"{_IMPORT}\n"
        "f = dk.MinMaxObjective.from_expression(\n"
        f"    {_literal(made['g'])},\n"
        f"    theta={_literal(made['theta'])},\n"
        f"    delta={_literal(made['delta'])},\n"
        f"    domain={_domain(made['domain'])},\n"
        f"{parameters})\n"
    )


def _domain(domain: dict[str, Any]) -> str:
    ((kind, value),) = domain.items()
    if kind == "interval":
        return f"dk.Interval({_literal(value[0])}, {_literal(value[1])})"
    if kind == "box":
        return f"dk.Box({_literal([r[0] for r in value])}, {_literal([r[1] for r in value])})"
    if kind == "simplex":
        return f"dk.Simplex({_literal(value)})"
    if kind == "ball":
        norm = value.get("norm", 2)
        last = "" if norm == 2 else f", norm={_literal(norm)}"
        return f"dk.Ball({_literal(value['center'])}, {_literal(value['radius'])}{last})"
    return f"dk.FiniteSet({_literal(value)})"


def read(made: dict[str, Any]) -> str:
    """Return the script that makes f and shows it."""
    return f"{objective(made)}print(f)\n"


def contours(made: dict[str, Any], window: list[list[float]], grid: int, exact: bool) -> str:
    """Return the script of a map of phi: the values on the grid whose contours are drawn."""
    (x0, x1), (y0, y1) = window
    note = "" if exact else "  # over a sample of S: lower bounds of phi"
    return (
        f"{objective(made)}\n"
        "import numpy as np\n\n"
        "from danskin.plots import plt\n"
        "from danskin.plots.sampled import sampled_phi\n\n"
        f"x = np.linspace({_literal(x0)}, {_literal(x1)}, {_literal(grid)})\n"
        f"y = np.linspace({_literal(y0)}, {_literal(y1)}, {_literal(grid)})\n"
        "X, Y = np.meshgrid(x, y)\n"
        f"phi = sampled_phi(f, np.column_stack([X.ravel(), Y.ravel()])).reshape(X.shape){note}\n"
        "plt.contour(X, Y, phi, 14)\n"
        "plt.show()\n"
    )


def point(made: dict[str, Any], theta: list[Any]) -> str:
    """Return the script of one point of a landscape."""
    return (
        f"{objective(made)}\n"
        f"S = dk.maximizers(f, {_literal(theta)})\n"
        "print(S)\n"
        'print("maximizers:", S.deltas.tolist(), " gradients:", S.gradients.tolist())\n'
        "print(dk.steepest_descent(S).explain())\n"
        "for i in range(len(S)):\n"
        '    print(f"-g{i + 1}:", dk.single_gradient(S, i).derivative)\n'
    )


def trajectories(
    made: dict[str, Any],
    theta: list[Any],
    rules: list[str],
    steps: int,
    step_size: Any,
    adversary: str,
    evaluate: str,
) -> str:
    """Return the script of runs of Algorithm 1 and its rivals."""
    return (
        f"{objective(made)}\n"
        "import numpy as np\n\n"
        f"adversary = {adversary}\n"
        "runs = {\n"
        f"    rule: dk.descend(f, {_literal(theta)}, rule=rule, steps={_literal(steps)},\n"
        f"                     step_size={_literal(step_size)}, adversary=adversary,\n"
        f"                     rng=np.random.default_rng(0), evaluate={_literal(evaluate)})\n"
        f"    for rule in {_literal(rules)}\n"
        "}\n"
        "for run in runs.values():\n"
        "    print(run.explain())\n"
    )


def proof(made: dict[str, Any], at: list[Any], direction: Any, budget: float) -> str:
    """Return the script of a proof."""
    return (
        f"{objective(made)}\n"
        f"proof = dk.prove_descent(f, {_literal(at)}, {_literal(direction)}, "
        f"budget={_literal(budget)})\n"
        "print(proof.explain())\n"
    )


# --- batches -------------------------------------------------------------------------------------


def batch(samples: list[list[list[Any]]], runs: list[list[int]], exact: bool) -> str:
    """Return the script of the view *Batches*."""
    listed = "".join(f"    {_rows(s, ' ' * 8)},\n" for s in samples)
    reading = (
        "from danskin.exact import exact_vector\n\n"
        if exact
        else "import numpy as np\n\nfrom danskin.objective import as_floats\n\n"
    )
    vector = 'exact_vector(g, "gradient")' if exact else 'as_floats(g, "gradient", 2)'
    array = "" if exact else "np.array"
    return (
        f"import itertools\n\n{_IMPORT}{reading}"
        "# Of each sample the gradients of its maximizers, one a row.\n"
        f"samples = [\n{listed}]\n"
        f"samples = [[{vector} for g in sample] for sample in samples]\n"
        f"runs = {_literal(runs)}  # the joint maximizers that the attack returned\n\n\n"
        "def joint(picks):\n"
        '    """The batch\'s gradient at one maximizer of each sample."""\n'
        "    chosen = [[s[i] for s, i in zip(samples, pick)] for pick in picks]\n"
        f"    return {array}([[sum(c) / len(c) for c in zip(*parts)] for parts in chosen])\n\n\n"
        "everything = joint(itertools.product(*(range(len(s)) for s in samples)))\n"
        "coupled = dk.steepest_descent(joint(runs))  # what coupled DDi promises\n"
        'print("coupled:", coupled.explain())\n'
        "if coupled.direction is not None:\n"
        "    gamma = coupled.exact_direction or coupled.direction\n"
        "    true = dk.directional_derivative(everything, gamma)\n"
        '    print("it gets:", true)\n'
        "best = dk.steepest_descent(everything)\n"
        'print("product:", best.explain())\n'
        "weights = dk.product_min_norm([[[float(x) for x in g] for g in s] for s in samples])\n"
        "print(weights)\n"
    )
