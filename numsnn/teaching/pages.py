"""Notebooks as web pages, with their alt texts: the usual export leaves these out."""

from pathlib import Path
from typing import Any

from numsnn.atomic import write_text
from numsnn.teaching.shelf import Lesson

TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{% block data_png scoped %}
{%- set about = output.metadata.get('image/png', {}) -%}
<div class="jp-RenderedImage jp-OutputArea-output {{ extra_class }}">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
 alt="{{ about.get('alt', '') | escape_html }}"
 width="{{ about.get('width', '') }}" height="{{ about.get('height', '') }}">
</div>
{% endblock %}
"""


def page(one: Lesson, into: Path) -> Path:
    """Write a notebook, as committed, as one HTML file into a folder."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter: Any = HTMLExporter(
        extra_loaders=[DictLoader({"with_alt.html.j2": TEMPLATE})], template_file="with_alt.html.j2"
    )
    html, _ = exporter.from_filename(str(one.path))
    path = into / f"{one.name}.html"
    write_text(path, html)
    return path
