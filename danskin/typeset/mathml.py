"""LaTeX formulas to MathML that a browser typesets by itself, without a script or a font to load.

`latex2mathml` reads the LaTeX. What it returns is not taken as it is: it neither escapes text nor
refuses a command that it does not know, and it writes for older renderers. So the tree is built
anew here, from known elements and attributes only, in the dialect of browsers (MathML Core). A
formula of which a command is left over is not shown half: `to_mathml` returns None.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from xml.etree import ElementTree as ET

from latex2mathml.converter import convert

__all__ = ["to_mathml"]

_MAX_LENGTH = 10_000

_TAGS = re.compile(
    "math|mrow|mi|mo|mn|mtext|mspace|mfrac|msqrt|mroot|msub|msup|msubsup|munder|mover|munderover"
    "|mtable|mtr|mtd|mstyle|mpadded|mphantom"
)
_ATTRIBUTES = re.compile(
    "accent|accentunder|depth|displaystyle|fence|form|height|largeop|linethickness|lspace"
    "|mathvariant|maxsize|minsize|movablelimits|rspace|scriptlevel|stretchy|symmetric|width"
)
#: How many parts these have; with any other number a formula is broken off.
_ARGUMENTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3} | {
    "munder": 2, "mover": 2, "munderover": 3
}  # fmt: skip
_VALUE = re.compile(r"[-+.%a-z0-9]{1,20}")

#: `convert` leaves these as they stand.
_LEFT_OVER = {
    r"\langle": "⟨", r"\rangle": "⟩", r"\|": "‖", r"\Vert": "‖", r"\lVert": "‖", r"\rVert": "‖",
    r"\vert": "|", r"\lvert": "|", r"\rvert": "|", r"\{": "{", r"\}": "}", r"\lbrace": "{",
    r"\rbrace": "}", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
}  # fmt: skip
_OPEN, _CLOSE = "([{⟨⌊⌈", ")]}⟩⌋⌉"
#: Mathematical signs that are no operators, by Unicode's category or by `convert`.
_ORDINARY = "∞∂∇∅…⋯⋮⋱°%#&!?"
_RELATIONS = "=<>≤≥≠≔∈∉⊂⊆⊃⊇→↦⇒⟹⇔⟺≈≡∼∝↑↓↗↘"
_LIMITS = frozenset(["max", "min", "sup", "inf", "lim", "lim sup", "lim inf", "arg max", "arg min"])
#: TeX's spacing, where that of MathML's operator dictionary differs or depends on the browser.
_SPACING = {
    "/": ("0", "0"), "′": ("0", "0"), ",": ("0", "0.167em"), ";": ("0", "0.167em"),
    ":": ("0.222em", "0.278em"),
}  # fmt: skip
_LIMIT_SIGNS = "∑∏⋃⋂⨁"

_TEXT = re.compile(r"\\(?:text(?:rm|bf|it|tt|normal)?|mbox|emph)\s*\{([^{}]*)\}")
_NAME = re.compile(r"\\(?:operatorname(\*?)|math(?:rm|op)(?!\w))\s*\{((?:[\w .-]|\\[,;: ])+)\}")
_ENVIRONMENT = re.compile(r"\\(begin|end)\{(?:aligned|split|align)\}")
_ARG = re.compile(r"\\arg\s*(?:\\,)?\s*\\(min|max)(?![a-zA-Z])")
#: Text may hold signs that mean something in XML; they travel in the private use area.
_HIDDEN = dict(zip("<>&", "\ue000\ue001\ue002", strict=True))
_SHOWN = {ord(v): k for k, v in _HIDDEN.items()}


class _UnknownError(Exception):
    """The formula has something that is not known here."""


@lru_cache(maxsize=4096)
def to_mathml(latex: str, *, display: bool = False) -> str | None:
    r"""Return a formula as MathML markup, or None where it cannot be shown whole.

    Parameters
    ----------
    latex : str
        A formula, without dollar signs.
    display : bool
        Whether it stands by itself: limits go below ``\max``, fractions have their full size. It
        is cut into several ``<math>`` elements after commas and relations, so that a long
        statement wraps as text does.

    Returns
    -------
    str or None
    """
    if not latex.strip() or len(latex) > _MAX_LENGTH:
        return None
    try:
        prepared, names = _prepare(latex)
        source = ET.fromstring(convert(prepared, display="block" if display else "inline"))
        nodes = _Builder(names, display).children(source)
    except Exception:  # convert raises whatever it stumbles over: IndexError, KeyError, its own
        return None
    while len(nodes) == 1 and nodes[0].tag == "mrow":
        nodes = list(nodes[0])
    if not nodes:
        return None
    if not display:
        return _serialise(nodes, {})
    chunks = [_serialise(chunk, {"displaystyle": "true"}) + gap for chunk, gap in _chunks(nodes)]
    return "".join(chunks)


# --- before --------------------------------------------------------------------------------------


def _prepare(latex: str) -> tuple[str, dict[str, tuple[str, bool]]]:
    """Rewrite what `convert` gets wrong; return the names of operators by their stand-ins."""
    names: dict[str, tuple[str, bool]] = {}

    def text(match: re.Match[str]) -> str:
        command = match[0][: match.start(1) - match.start() - 1]
        hidden = match[1]
        for sign, private in _HIDDEN.items():
            hidden = hidden.replace(sign, private)
        # Mathematics inside text is mathematics again: \text{if $x$ is} -> \text{if }x\text{ is}.
        parts = re.split(r"(?<!\\)\$", hidden)
        if len(parts) % 2 == 0:
            raise _UnknownError
        return "".join(
            f" {part.translate(_SHOWN)} " if i % 2 else f"{command}{{{part}}}"
            for i, part in enumerate(parts)
            if part or not i
        )

    def name(match: re.Match[str]) -> str:
        shown = re.sub(r"\\[,;: ]", " ", match[2]).strip()
        stand_in = "\\danskinname" + "abcdefghijklmnopqrstuvwxyz"[len(names)]
        names[stand_in] = (shown, bool(match[1]) or shown in _LIMITS)
        return stand_in + " "

    latex = latex.replace(r"\nolimits", "").replace(r"\limits", "")
    latex = _ARG.sub(r"\\operatorname*{arg\\,\1}", latex)
    latex = _ENVIRONMENT.sub(r"\\\1{align*}", latex)
    return _NAME.sub(name, _TEXT.sub(text, latex)), names


# --- after ---------------------------------------------------------------------------------------


class _Builder:
    """Builds the clean tree."""

    def __init__(self, names: dict[str, tuple[str, bool]], display: bool) -> None:
        self.names = names
        self.display = display

    def children(self, parent: ET.Element) -> list[ET.Element]:
        nodes = [self.element(child) for child in parent]
        return _spaced([node for node in nodes if node is not None])

    def element(self, source: ET.Element) -> ET.Element | None:
        tag = source.tag.rpartition("}")[2]
        if not _TAGS.fullmatch(tag):
            raise _UnknownError(tag)
        node = ET.Element(tag, self.attributes(source))
        if tag in ("mi", "mo", "mn", "mtext"):
            if len(source):
                raise _UnknownError("markup inside text")
            self.token(node, (source.text or "").translate(_SHOWN))
            return node
        if (source.text or "").strip():
            raise _UnknownError("text outside a token")
        if tag == "mspace":
            if source.get("linebreak"):
                return None
            node.set("width", node.get("width", "0").replace("negativethinmathspace", "-0.167em"))
            return node
        nodes = [n for n in map(self.element, source) if n is not None]
        arguments = _ARGUMENTS.get(tag)
        if arguments not in (None, len(nodes)):
            raise _UnknownError(f"{tag} with {len(nodes)} parts")
        node.extend(_spaced(nodes) if arguments is None else nodes)
        if arguments is not None and tag not in ("mfrac", "mroot"):
            self.scripts(node)
        if tag == "mtd" and source.get("columnalign") in ("left", "right"):
            node.set("style", f"text-align:{source.get('columnalign')}")
        return node

    def attributes(self, source: ET.Element) -> dict[str, str]:
        return {k: v for k, v in source.items() if _ATTRIBUTES.fullmatch(k) and _VALUE.fullmatch(v)}

    def token(self, node: ET.Element, text: str) -> None:
        """Give a token its text, its kind and its spacing."""
        variant, limits = node.attrib.pop("mathvariant", ""), False
        if text in self.names:
            text, limits = self.names[text]
            node.tag, variant = "mo" if limits else "mi", "normal"
        text = _LEFT_OVER.get(text, text).replace("\u2006", " ")
        if "\\" in text or any("\ue000" <= c <= "\uf8ff" for c in text):
            raise _UnknownError(text)
        if node.tag == "mtext":
            if variant in ("bold", "italic", "monospace"):
                node.set("class", variant)
        elif variant and variant != "normal":
            text = _lettered(text, variant)
        elif len(text) == 1 and node.tag in ("mi", "mo"):
            self.sign(node, text)
        elif node.tag in ("mi", "mo") and text.replace(" ", "").isalpha():
            node.tag = "mo" if limits or text in _LIMITS else "mi"
            node.attrib.clear()
            if node.tag == "mo":
                node.attrib.update({"movablelimits": "true", "lspace": "0", "rspace": "0"})
            text = text.replace(" ", "\u2006" if node.tag == "mo" else " ")
        if node.tag == "mi" and len(text) == 1 and (variant == "normal" or text == "∇"):
            node.set("mathvariant", "normal")
        node.text = {"~": "∼"}.get(text, text) if node.tag == "mo" else text

    def sign(self, node: ET.Element, text: str) -> None:
        """Tell operators from other signs, and give them their spacing."""
        if text in _ORDINARY:
            node.tag = "mi"
            node.attrib.clear()
        elif unicodedata.category(text) in ("Sm", "Ps", "Pe") or text in "‖|~′:;,/":
            node.tag = "mo"
        elif node.tag == "mo" and text.isalpha():
            node.tag = "mi"
        if node.tag != "mo":
            return
        if text in "|‖" and node.get("form") is None:
            # On their own, vertical bars are both fences and relations; here they are fences.
            node.attrib.update({"lspace": "0", "rspace": "0"})
            if "minsize" not in node.attrib:
                node.set("stretchy", "false")
        elif text in "⟨⟩⌊⌋⌈⌉" and "stretchy" not in node.attrib:
            node.set("stretchy", "false")
        elif text in _SPACING:
            node.attrib.update(zip(("lspace", "rspace"), _SPACING[text], strict=True))

    def scripts(self, node: ET.Element) -> None:
        """Put limits below in display, turn names within scripts into text, keep accents near."""
        base = _core(node[0])
        takes_limits = base.tag == "mo" and (
            base.get("movablelimits") == "true" or (base.text or "-") in _LIMIT_SIGNS
        )
        under = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
        if takes_limits and self.display:
            node.tag = under.get(node.tag, node.tag)
        elif takes_limits:
            node.tag = {v: k for k, v in under.items()}.get(node.tag, node.tag)
        for script in list(node)[1:]:
            core = _core(script)
            if core.tag == "mo" and core.get("movablelimits") == "true":
                core.tag = "mi"
                core.attrib.clear()
        if node.tag == "mover" and node[1].text == "―":
            # No font at hand stretches an overline; a border does.
            node.remove(node[1])
            node.tag = "mrow"
            node.attrib.clear()
            node.set("class", "overline")
            # In a notebook there is no style sheet, and without its line a mean is a variable.
            node.set("style", "border-top:.06em solid;padding-top:.08em")
        elif node.tag == "mover" and node[1].tag == "mo" and (node[1].text or "-") in "^∼¯ˇ˙¨→⃗":
            node.set("accent", "true")


def _core(node: ET.Element) -> ET.Element:
    while node.tag in ("mrow", "mstyle") and len(node) == 1:
        node = node[0]
    return node


def _base(node: ET.Element) -> ET.Element:
    while node.tag not in ("mi", "mo", "mn", "mtext") and len(node):
        node = node[0]
    return node


def _spaced(nodes: list[ET.Element]) -> list[ET.Element]:
    """Set the thin spaces of TeX around names such as max, conv and log."""
    out: list[ET.Element] = []
    nodes = _joined(nodes)
    for i, node in enumerate(nodes):
        core = _base(node)
        named = len(core.text or "") > 1 and core.tag in ("mi", "mo") and node.tag != "mfrac"
        before = _base(nodes[i - 1]) if i else None
        after = _base(nodes[i + 1]) if i + 1 < len(nodes) else None
        if (
            node.tag == "mo"
            and node.text in tuple("+−±∓")
            and (
                before is not None and before.tag == "mo" and (before.text or "-") not in "⟩)]}|‖!′"
            )
        ):
            # A sign, not a sum.
            node.attrib.update({"form": "prefix", "lspace": "0", "rspace": "0"})
        if named and core.tag == "mo":
            core.set("lspace", "0.167em" if before is not None and before.tag != "mo" else "0")
            opened = after is None or (after.tag == "mo" and (after.text or "") in _OPEN)
            under = node.tag in ("munder", "munderover")
            core.set("rspace", "0" if opened and not under else "0.167em")
        out.append(node)
        if named and core.tag == "mi" and after is not None and after.tag in ("mi", "mn"):
            out.append(ET.Element("mspace", {"width": "0.167em"}))
    return out


def _joined(nodes: list[ET.Element]) -> list[ET.Element]:
    """Make one sign of ``:=``."""
    out: list[ET.Element] = []
    for node in nodes:
        if node.tag == "mo" and node.text == "=" and out and out[-1].text == ":":
            out[-1] = ET.Element("mo")
            out[-1].text = "≔"
        else:
            out.append(node)
    return out


def _lettered(text: str, variant: str) -> str:
    """Return letters in a mathematical alphabet, as characters (MathML Core has no other way)."""
    kind = {
        "bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC",
        "double-struck": "DOUBLE-STRUCK", "script": "SCRIPT", "fraktur": "FRAKTUR",
        "sans-serif": "SANS-SERIF", "monospace": "MONOSPACE",
    }.get(variant)  # fmt: skip
    if kind is None:
        raise _UnknownError(variant)
    out = []
    for char in text:
        name = unicodedata.name(char, "").replace("LATIN ", "").replace("GREEK ", "")
        name = name.replace("LETTER ", "").replace(" LETTER", "")
        for prefix in (f"MATHEMATICAL {kind} ", f"{kind} "):
            try:
                out.append(unicodedata.lookup(prefix + name))
                break
            except KeyError:
                continue
        else:
            out.append(char)
    return "".join(out)


# --- lines ---------------------------------------------------------------------------------------


def _chunks(nodes: list[ET.Element]) -> list[tuple[list[ET.Element], str]]:
    """Cut a formula where a line may end; a chunk comes with what follows it (space or <wbr>)."""
    chunks: list[tuple[list[ET.Element], str]] = []
    current: list[ET.Element] = []
    depth, bars = 0, 0
    nodes = _words(nodes)
    for i, node in enumerate(nodes):
        current.append(node)
        text = (node.text or "") if node.tag == "mo" else ""
        # A closing fence may carry an exponent or an index.
        fence = _base(node) if node.tag in ("msup", "msub", "msubsup") else node
        sign = (fence.text or "") if fence.tag == "mo" else ""
        if sign:
            depth += (sign in _OPEN) - (sign in _CLOSE)
            bars += sign in ("|", "‖")
        if depth > 0 or bars % 2 or i + 1 == len(nodes):
            continue
        wide = node.tag == "mspace" and float(_em(node.get("width"))) >= 0.25
        blank = node.tag == "mtext" and not (node.text or "").strip()
        follows = nodes[i + 1]
        if text in (",", ";") and text and follows.tag not in ("mspace", "mtext"):
            chunks.append((current, " "))
        elif wide or blank:
            if blank:
                current.pop()
            if current:
                chunks.append((current, " "))
        elif text and text in _RELATIONS and len(current) > 1:
            node.set("form", "infix")
            chunks.append((current, "<wbr>"))
        elif node.tag == "mtext" and (node.text or "").endswith(("\u00a0", " ")):
            chunks.append((current, "<wbr>"))
        else:
            continue
        current = []
    if current:
        chunks.append((current, ""))
    return chunks


def _words(nodes: list[ET.Element]) -> list[ET.Element]:
    """Cut runs of text after their spaces: a line may end there too."""
    out: list[ET.Element] = []
    for node in nodes:
        parts = re.findall(r"[ \u00a0]*[^ \u00a0]+[ \u00a0]?", node.text or "")
        if node.tag != "mtext" or len(parts) < 2 or "".join(parts) != node.text:
            out.append(node)
            continue
        for part in parts:
            word = ET.Element("mtext", node.attrib)
            word.text = part
            out.append(word)
    return out


def _em(width: str | None) -> str:
    return width[:-2] if width and re.fullmatch(r"[-+]?[\d.]+em", width) else "0"


def _serialise(nodes: list[ET.Element], attributes: dict[str, str]) -> str:
    math = ET.Element("math", attributes)
    math.extend(nodes)
    return ET.tostring(math, encoding="unicode", method="xml", short_empty_elements=False)
