"""All claims, in the order of the paper, and `verify`, which runs them."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable
from functools import cache

from danskin.claims.core import Claim, ClaimResult, VerifyReport
from danskin.errors import InvalidInputError

__all__ = ["SECTIONS", "all_claims", "verify"]

#: The modules that hold the claims, one a section of the paper (or a theorem of it); each has a
#: tuple CLAIMS.
SECTIONS = (
    "section1",
    "section1_danskin",
    "section2",
    "section2_derivatives",
    "section3",
    "section3_rates",
    "section3_steps",
    "section3_kinks",
    "section4_theorem2",
    "section4_scope",
    "section4_theorem3",
    "section4_theorem3_sharper",
    "section4_improves",
    "section4_step_size",
    "section4_algorithm",
    "section5",
    "section5_figure1",
    "section5_inner_products",
    "appendix_a",
    "appendix_a_descent",
    "appendix_b",
    "appendix_c",
    "appendix_c_duality",
    "artefacts",
    "ours_product",
    "ours_batch",
    "ours_batch_probability",
    "ours_certificate",
    "ours_price",
    "ours_price_sharp",
    "ours_price_semidefinite",
    "ours_step_aware",
    "ours_trust_region",
)


@cache
def all_claims() -> tuple[Claim, ...]:
    """Return all claims, in the order of the paper, ours last."""
    modules = [importlib.import_module(f"danskin.claims.{name}") for name in SECTIONS]
    return tuple(claim for module in modules for claim in module.CLAIMS)


def verify(
    ids: str | Iterable[str] | None = None,
    *,
    progress: Callable[[Claim, ClaimResult | None], object] | None = None,
) -> VerifyReport:
    """Run the claims and report.

    Parameters
    ----------
    ids : str or iterable of str, optional
        Which claims; all by default. They run in the order given.
    progress : callable, optional
        Called with (claim, None) before and (claim, result) after each claim.

    Returns
    -------
    VerifyReport
        A sequence of `ClaimResult`; `ok` where every verdict is the expected one.

    Raises
    ------
    InvalidInputError
        An unknown id; the message names the nearest ones.
    """
    results = []
    for claim in _chosen(ids):
        if progress is not None:
            progress(claim, None)
        result = claim.run()
        if progress is not None:
            progress(claim, result)
        results.append(result)
    return VerifyReport(results)


def _chosen(ids: str | Iterable[str] | None) -> list[Claim]:
    known = {c.id: c for c in all_claims()}
    if ids is None:
        return list(known.values())
    wanted = [ids] if isinstance(ids, str) else ids
    if not isinstance(wanted, Iterable):
        raise InvalidInputError("ids", f"{ids!r} is not an id or a list of ids", "Pass text.")
    chosen: dict[str, Claim] = {}
    for name in wanted:
        if not isinstance(name, str) or name not in known:
            near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4)
            remedy = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
            raise InvalidInputError("ids", f"no claim is called {name!r}", remedy)
        chosen[name] = known[name]
    return list(chosen.values())
