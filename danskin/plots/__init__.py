"""Results to matplotlib Axes: the hull of gradients, D over all directions, phi and its traces.

Every function takes results, draws on the `ax` it is given (or on a new figure's) and returns it.
Nothing global is set. Colours are Okabe and Ito's, which colour-blind readers can tell apart, and
every colour is doubled by a marker, a line style or a hatch, so that a picture reads in grey too.

One theta: `plot_inner` (g over delta, maximizers lit), `plot_hull`, `plot_gram`, `plot_derivative`
(D in every direction), `plot_phi` (all of it on the contours of phi), `plot_envelope` (phi along a
line), `plot_certificate` (whichever of these fits n). A proof: `plot_cells`, `plot_bounds`. Runs:
`plot_landscape`, `plot_values` (Figures 1a and 1b of the paper). Many sets of gradients:
`plot_price`, and `plot_extremal` (the worst there are); `plot_phase_diagram` and `plot_losses`
(random ones).
"""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danskin.plots.around import plot_phi
from danskin.plots.certificate import plot_certificate
from danskin.plots.ensembles import plot_losses, plot_phase_diagram
from danskin.plots.envelope import plot_envelope
from danskin.plots.extremal import plot_extremal
from danskin.plots.gram import plot_gram
from danskin.plots.hull import plot_hull
from danskin.plots.inner import plot_inner
from danskin.plots.polar import plot_derivative
from danskin.plots.price import plot_price, random_gradients
from danskin.plots.proof import plot_bounds, plot_cells
from danskin.plots.runs import plot_landscape, plot_values
from danskin.plots.style import OKABE_ITO

__all__ = [
    "OKABE_ITO",
    "Axes",
    "Figure",
    "plot_bounds",
    "plot_cells",
    "plot_certificate",
    "plot_derivative",
    "plot_envelope",
    "plot_extremal",
    "plot_gram",
    "plot_hull",
    "plot_inner",
    "plot_landscape",
    "plot_losses",
    "plot_phase_diagram",
    "plot_phi",
    "plot_price",
    "plot_values",
    "plt",
    "random_gradients",
]
