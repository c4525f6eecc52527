"""A short formula in plain letters, or nothing for a long one.

>>> formula(r"x \\in \\mathbb{R}"), formula(r"a_1^2 + \\frac{1}{2}"), formula(r"\\begin{pmatrix}1&0\\end{pmatrix}")
('x ∈ ℝ', 'a₁² + 1/2', '')
"""

from __future__ import annotations

import re
from functools import lru_cache

from nlpchat.scrape.wikipedia.figures import lowered, raised

LONGEST_SOURCE, LONGEST = 240, 80  # characters: of a formula that is tried, of one that is kept in a sentence
_NESTING = 4

_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "Complex": "ℂ", "infty": "∞",
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "leq": "≤", "le": "≤", "leqslant": "≤", "geq": "≥",
    "ge": "≥", "geqslant": "≥", "neq": "≠", "ne": "≠", "approx": "≈", "simeq": "≃", "sim": "∼", "equiv": "≡",
    "in": "∈", "notin": "∉", "subset": "⊂", "sub": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩", "emptyset": "∅",
    "forall": "∀", "exists": "∃", "to": "→", "rightarrow": "→", "longrightarrow": "→", "mapsto": "↦",
    "Rightarrow": "⇒", "Leftrightarrow": "⇔", "partial": "∂", "nabla": "∇", "sum": "∑", "int": "∫", "prod": "∏",
    "circ": "∘", "ell": "ℓ", "hbar": "ℏ", "ldots": "…", "dots": "…", "cdots": "…", "ll": "≪", "gg": "≫", "propto": "∝",
    "perp": "⊥", "star": "⋆", "prime": "′", "quad": " ", "qquad": " ", "left": "", "right": "", "displaystyle": "",
    "textstyle": "", "scriptstyle": "", "limits": "", "big": "", "Big": "", "sin": "sin", "cos": "cos", "tan": "tan",
    "exp": "exp", "ln": "ln", "log": "log", "lim": "lim", "langle": "⟨", "rangle": "⟩", "lvert": "|", "rvert": "|",
    "mid": "|", "vert": "|", "Vert": "‖", "lVert": "‖", "rVert": "‖", "setminus": "∖", "oplus": "⊕", "otimes": "⊗",
    "wedge": "∧", "vee": "∨", "iff": "⇔", "implies": "⇒", "dagger": "†", "dotsc": "…", "bigl": "", "bigr": "",
    "Bigl": "", "Bigr": "", "arg": "arg", "ker": "ker", "dim": "dim", "sup": "sup", "inf": "inf", "mod": "mod",
    "lor": "∨", "land": "∧", "angle": "∠", "degree": "°", "max": "max", "min": "min", "det": "det", "arctan": "arctan",
    "arcsin": "arcsin", "arccos": "arccos", "Re": "Re", "Im": "Im",
}  # fmt: skip
_BLACKBOARD = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "K": "𝕂", "P": "ℙ", "F": "𝔽"}

_DOUBLE = re.compile(r"\\mathbb\s*(?:\{\s*([A-Z])\s*\}|([A-Z]))")
_DRESS_NAMES = (
    "math(?:rm|bf|it|cal|scr|frak|sf|tt|op)|text(?:rm|bf|it|sc)?|mbox|operatorname|boldsymbol|bold|vec|overline"
    "|overrightarrow|underline|bar|hat|widehat|tilde|widetilde|dot|ddot|ce|rm|bf"
)
_DRESS = re.compile(rf"\\(?:{_DRESS_NAMES})\*?\s*\{{([^{{}}]*)\}}")
_BARE_DRESS = re.compile(rf"\\(?:{_DRESS_NAMES})(?![a-zA-Z])\s*(?!\s*\{{)")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|([\w\d]))\s*(?:\{([^{}]*)\}|(\w))")
_ROOT = re.compile(r"\\sqrt\s*(?:\{([^{}]*)\}|(\w))")
_SCRIPT = re.compile(r"([\^_])\s*(?:\{([^{}]*)\}|([^\s{}\\]|\\[a-zA-Z]+))")
_GROUP = re.compile(r"(?<![a-zA-Z^_}\]])\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([a-zA-Z]+)\s*")
_THIN = re.compile(r"\\[,;:! ]|~|\\\\$|\\(?:left|right)\.")
_HAT, _LOW_LINE = "\ue010", "\ue011"  # a script's own mark, once it is no longer TeX
_SPACED = frozenset("∈∉≤≥≠≈≡→↦⇒⇔∪∩")


def formula(tex: str) -> str:
    """`tex` in plain letters; "" when it is longer than a sentence can bear, or needs more than one line."""
    return "" if len(tex) > LONGEST_SOURCE or "&" in tex else _formula(tex)


@lru_cache(maxsize=2048)
def _formula(tex: str) -> str:
    text = _THIN.sub(" ", tex.replace("'", "′")).strip("., \n")
    text = text.replace("\\{", "(").replace("\\}", ")").replace("\\|", "‖").replace("\\%", "%")
    text = _BARE_DRESS.sub("", _DOUBLE.sub(lambda m: _BLACKBOARD.get(m[1] or m[2], m[1] or m[2]), text))
    for _ in range(_NESTING):
        again = _once(text)
        if again == text:
            break
        text = again
    text = text.replace("{", "").replace("}", "").replace(_HAT, "^").replace(_LOW_LINE, "_")
    text = " ".join(text.split())
    return "" if len(text) > LONGEST or "\\" in text else text


def _once(text: str) -> str:
    """The innermost groups rendered."""
    text = _SCRIPT.sub(_script, _DRESS.sub(r"\1", _COMMAND.sub(_sign, text)))
    text = _ROOT.sub(lambda m: f"√{_grouped(m[1] or m[2] or '')}", text)
    text = _FRACTION.sub(lambda m: f"{_grouped(m[1] or m[2] or '')}/{_grouped(m[3] or m[4] or '')}", text)
    return _GROUP.sub(r"\1", text)


def _grouped(text: str) -> str:
    text = text.strip()
    return text if len(text) < 2 or text.isalnum() else f"({text})"


def _script(match: re.Match[str]) -> str:
    """An exponent or an index: x² and x₁ where such digits are, else x^k and xk, else x^(k+1)."""
    inside = " ".join((match[2] if match[2] is not None else match[3]).split())
    if inside in ("′", "*", "", "+", "-"):
        return inside
    moved = raised(inside) if match[1] == "^" else lowered(inside)
    if moved != inside:
        return moved
    mark = _HAT if match[1] == "^" else "" if inside.isalnum() else _LOW_LINE
    return mark + _grouped(inside)


def _sign(match: re.Match[str]) -> str:
    sign = _SIGNS.get(match[1])
    if sign is None:
        return match[0]
    if (sign.isalpha() and sign.isascii()) or sign in _SPACED:
        return f" {sign} "
    return sign
