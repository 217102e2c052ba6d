"""Steps are shown with the paper's signs, and every statement can be typeset."""

import pytest

from danskin.claims import all_claims
from danskin.claims.notation import typeset
from danskin.typeset.mathml import to_mathml
from danskin.typeset.prose import statement


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("D(theta; -v) <= -rho", "D(θ; -v) ≤ -ρ"),
        ("<gamma, grad_theta g(theta, delta)> >= |x|^2", "⟨γ, ∇ g(θ, δ)⟩ ≥ |x|²"),
        ("a < b, c > d", "a < b, c > d"),
        ("p <= q, r >= s => p == r", "p ≤ q, r ≥ s ⇒ p = r"),
        ("<-x, (1, 2)> < 0", "⟨-x, (1, 2)⟩ < 0"),
        ("x**2 + y**3 + 10**25", "x² + y³ + 10^25"),
        ("sqrt(5)/5, sqrt(a + 1)", "√5/5, √(a + 1)"),
        ("theta0, theta1, zeta, thetas, oo, zoo", "θ₀, θ₁, zeta, thetas, ∞, zoo"),
        ("eta -> 0, beta", "η → 0, β"),
    ],
)
def test_signs(plain, shown):
    assert typeset(plain) == shown
    assert typeset(shown) == shown


@pytest.mark.parametrize("claim", all_claims(), ids=lambda c: c.id)
def test_every_statement_is_typeset(claim):
    for text in filter(None, (claim.statement, claim.corrected)):
        pieces = statement(text)
        assert pieces
        for piece in pieces:
            assert piece.kind in ("math", "display")
            assert to_mathml(piece.body) is not None
