"""Colours and strokes of network diagrams, for light and dark colour schemes.

`graph_html`, `graph_svg` and `report_html` call it.
"""

from provisioner.documents.graph import EdgeKind

FONT = 'Arial,Helvetica,"Liberation Sans","DejaVu Sans",sans-serif'

_EDGES = {
    EdgeKind.EGRESS: ("#1a7f37", "#56d364", "3", ""),
    EdgeKind.ROUTE: ("#1a7f37", "#56d364", "1.5", "6 4"),
    EdgeKind.INGRESS: ("#b35900", "#e3a252", "2.5", ""),
    EdgeKind.PEERING: ("#0b5cad", "#79b8ff", "2.5", ""),
    EdgeKind.GATEWAY: ("#8a4b00", "#e3a252", "2", ""),
    EdgeKind.PRIVATE_ENDPOINT: ("#7a3cc2", "#c297ff", "1.5", ""),
    EdgeKind.API_SERVER: ("#0b5cad", "#79b8ff", "1.5", ""),
    EdgeKind.DNS_LINK: ("#0f766e", "#4fd1c5", "1.25", "2 3"),
    EdgeKind.IDENTITY: ("#57606a", "#9aa4af", "1.25", ""),
    EdgeKind.LOGS: ("#57606a", "#9aa4af", "1.25", "2 3"),
}
"""The colour for light and dark schemes, the width and the dashes of each kind of edge."""

_FAMILIES = {
    "outside": ("#eef1f4", "#57606a", "#21262d", "#9aa4af"),
    "guard": ("#fff4e5", "#b35900", "#2d2110", "#e3a252"),
    "compute": ("#e8f2fd", "#0b5cad", "#10243a", "#79b8ff"),
    "data": ("#f4edfd", "#7a3cc2", "#251a38", "#c297ff"),
    "names": ("#e6f6f4", "#0f766e", "#0d2926", "#4fd1c5"),
    "watch": ("#f3f4f6", "#57606a", "#1f242b", "#9aa4af"),
}
"""The fill and the border of each family of boxes, for light and dark schemes."""

_GROUPS = {
    "subscription": ("#f6f8fa", "#8c959f", "#0f141a", "#6e7681"),
    "hub": ("#fdfaf3", "#b35900", "#17150f", "#e3a252"),
    "network": ("#f3f8fe", "#0b5cad", "#0f1722", "#79b8ff"),
    "resource-group": ("#ffffff", "#afb8c1", "#161b22", "#57606a"),
    "subnet": ("#ffffff", "#8c959f", "#161b22", "#6e7681"),
}
_FAILS = ("#ffebe9", "#c0141c", "#3a1214", "#ff7b72")


def class_of(kind: EdgeKind) -> str:
    """Return the class of the lines of a kind."""
    return kind.value.lower().replace(" ", "-")


def _colours(dark: bool) -> str:
    """Return the rules that differ between light and dark."""
    shift = 2 if dark else 0
    rules = [
        f".azsec .paper{{fill:{'#0d1117' if dark else '#ffffff'}}}",
        f".azsec text{{fill:{'#e6edf3' if dark else '#1f2328'}}}",
        f".azsec .kind,.azsec .detail{{fill:{'#aab4be' if dark else '#505862'}}}",
        f".azsec .unknown{{fill:{'#e3a252' if dark else '#8a4b00'}}}",
    ]
    for name, colours in (*_GROUPS.items(), *_FAMILIES.items(), ("fails", _FAILS)):
        fill, stroke = colours[shift : shift + 2]
        rules.append(f".azsec .{name}>rect{{fill:{fill};stroke:{stroke}}}")
    for kind, (light, night, _, _) in _EDGES.items():
        colour = night if dark else light
        rules.append(f".azsec .{class_of(kind)}>path{{stroke:{colour}}}")
        rules.append(f".azsec .head-{class_of(kind)}{{fill:{colour}}}")
    fails = _FAILS[shift + 1]
    rules.append(f".azsec .edge.fails>path{{stroke:{fails}}}")
    rules.append(f".azsec text.fails,.azsec .head-fails{{fill:{fails}}}")
    return "".join(rules)


def _strokes() -> str:
    rules = [
        f".azsec text{{font-family:{FONT};font-size:11px}}",
        ".azsec .title{font-size:18px;font-weight:bold}.azsec .kind{font-size:10px}",
        ".azsec .name{font-size:13px;font-weight:bold}",
        ".azsec text.fails,.azsec .unknown{font-weight:bold}",
        ".azsec .group>rect,.azsec .node>rect{stroke-width:1}",
        ".azsec .hub>rect,.azsec .network>rect{stroke-width:1.5}",
        ".azsec .fails>rect{stroke-width:2.5}",
        ".azsec .subscription>rect,.azsec .undeclared>rect{stroke-dasharray:5 4}",
        ".azsec .edge>path{fill:none;stroke-linejoin:round}",
        ".azsec .edge.legend>path{fill:none}.azsec .legend.undeclared>rect{fill:none}",
    ]
    rules.append(".azsec .edge.joins>path{marker-end:none}")
    rules.append(".azsec .edge.fails:not(.peering)>path{marker-end:url(#azsec-fails)}")
    for kind, (_, _, width, dashes) in _EDGES.items():
        name = class_of(kind)
        dashed = f";stroke-dasharray:{dashes}" if dashes else ""
        arrow = "" if kind is EdgeKind.PEERING else f";marker-end:url(#azsec-{name})"
        rules.append(f".azsec .{name}>path{{stroke-width:{width}{dashed}{arrow}}}")
    return "".join(rules)


STYLE = (
    f"{_strokes()}{_colours(dark=False)}"
    f"@media screen and (prefers-color-scheme:dark){{{_colours(dark=True)}}}"
)
"""The style sheet of a drawing."""

ARROWS = "".join(
    f'<marker id="azsec-{name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
    f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
    f'<path class="head-{name}" d="M0 0L8 4L0 8z"/></marker>'
    for name in ("fails", *(class_of(kind) for kind in EdgeKind if kind is not EdgeKind.PEERING))
)
"""The arrowheads of the edges, one for each colour."""
