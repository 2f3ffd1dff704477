"""Figures as SVG inside a page: what matplotlib writes, without what only a file of its own needs.

Glyphs, marks and clips, whose names follow from what they are, stand once in a page however many figures use them; other names
(`axes_1`, `text_3`) would be there several times, and nothing refers to them.
"""

import re
import xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
NUMBER = re.compile(r"-?\d+\.\d{3,}")
DIGITS = 2  # of coordinates in points: a hundredth of one is nowhere seen
ROUNDED = ("d", "x", "y", "width", "height", "points")

xml.register_namespace("", SVG[1:-1])
xml.register_namespace("xlink", LINK[1:-5])


def rounded(text):
    return NUMBER.sub(lambda number: f"{float(number[0]):.{DIGITS}f}".rstrip("0").rstrip("."), text)


class Sheet:
    """The figures of one page."""

    def __init__(self):
        self.shared = {}  # name → element that figures refer to

    def add(self, svg, label):
        """A figure as an element of a page; `label` is read to who doesn't see it."""
        root = xml.fromstring(svg)
        for metadata in root.findall(SVG + "metadata"):
            root.remove(metadata)
        for parent in list(root.iter()):
            for definitions in parent.findall(SVG + "defs"):
                for element in definitions:
                    if element.get("id"):
                        self.shared.setdefault(element.get("id"), element)
                parent.remove(definitions)
        for element in root.iter():
            element.attrib.pop("id", None)
            shorten(element)
        width, height = (float(root.attrib.pop(side).removesuffix("pt")) for side in ("width", "height"))
        root.attrib.pop("version", None)
        root.set("viewBox", f"0 0 {width:g} {height:g}")
        root.set("role", "img")
        root.set("aria-label", label)
        return text_of(root)

    def definitions(self):
        """What the figures share; stands in the page before them."""
        root = xml.Element(SVG + "svg", {"width": "0", "height": "0", "class": "shared", "aria-hidden": "true"})
        for element in self.shared.values():
            for one in element.iter():
                if SVG + "clipPath" in (element.tag, one.tag):
                    shorten(one)
            xml.SubElement(root, SVG + "defs").append(element)
        return text_of(root)


def shorten(element):
    for name in ROUNDED:
        if name in element.attrib:
            element.set(name, rounded(element.get(name)))
    for part in (element, *element):
        if not (part.tail or "").strip():
            part.tail = None
    if not (element.text or "").strip():
        element.text = None


def text_of(root):
    return xml.tostring(root, encoding="unicode", short_empty_elements=True)
