"""Plain text in, mathematical signs out: theta becomes θ, <= becomes ≤, <x, g> becomes ⟨x, g⟩.

Steps of an argument are written, and formulas printed by SymPy, in plain letters; a terminal and a
page show the same line with the signs of the paper.
"""

from __future__ import annotations

import re

__all__ = ["typeset"]

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "eta": "η",
    "theta": "θ", "xi": "ξ", "rho": "ρ", "tau": "τ", "phi": "φ", "lambda": "λ",
}  # fmt: skip
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"grad_theta|\bgrad\b"), "∇"),
    # An inner product: no space inside its angles, unlike the relations < and >.
    (re.compile(r"<(?![=\s])([^<>]*?, [^<>]*?[^\s<>])>(?!=)"), r"⟨\1⟩"),
    (re.compile(r"<="), "≤"),
    (re.compile(r"=>"), "⇒"),
    (re.compile(r">="), "≥"),
    (re.compile(r"=="), "="),
    (re.compile(r"->"), "→"),
    (re.compile(r"\bsqrt\((\d+)\)"), r"√\1"),
    (re.compile(r"\bsqrt\("), "√("),
    (re.compile(r"(?<![A-Za-z])oo(?![A-Za-z])"), "∞"),
    (re.compile(r"(?:\*\*|\^)2(?!\d|\.\d)"), "²"),
    (re.compile(r"(?:\*\*|\^)3(?!\d|\.\d)"), "³"),
    (re.compile(r"\*\*"), "^"),
)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_WORD = re.compile(rf"(?<![A-Za-z])({'|'.join(_GREEK)})(\d*)(?![A-Za-z])")


def typeset(text: str) -> str:
    """Return the text with Greek letters, relations, powers and inner products as signs."""
    for pattern, sign in _RULES:
        text = pattern.sub(sign, text)
    return _WORD.sub(lambda m: _GREEK[m[1]] + m[2].translate(_SUBSCRIPTS), text)
