"""Reads a finished report back, as its reader would."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """The page as a flat list of elements: tag, attributes, text inside."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self._open, f"unclosed: {[one['tag'] for one in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = {"tag": tag, "attributes": dict(attrs), "text": ""}
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element["text"] += data

    def find(self, **wanted: str) -> list[dict[str, Any]]:
        """Return the elements with these attributes (data_system stands for data-system)."""
        names = {key.replace("_", "-"): value for key, value in wanted.items()}
        return [one for one in self.elements if names.items() <= one["attributes"].items()]

    def cell(self, system: str, quantity: str, label: str) -> str:
        """Return the text of the one cell for a number."""
        (found,) = self.find(data_system=system, data_quantity=quantity, data_label=label)
        return " ".join(found["text"].split())

    @property
    def body(self) -> str:
        """What a reader sees: the page's text without scripts and style."""
        hidden = [one["text"] for one in self.elements if one["tag"] in ("script", "style")]
        (body,) = [one["text"] for one in self.elements if one["tag"] == "body"]
        for text in hidden:
            body = body.replace(text, "")
        return str(body)

    @property
    def figures(self) -> dict[str, Any]:
        """The figures as the browser gets them."""
        (data,) = self.find(id="figure-data")
        return dict(json.loads(data["text"])["figures"])
