# SPDX-License-Identifier: Apache-2.0
"""Dashboards as Grafana's classic JSON, from panels that are data.

Expressions are PromQL with three abbreviations, so that no panel forgets a matcher: <n> stands for the matchers of the
chosen nodes, <s> for those of the chosen sites, <r> for Grafana's rate interval. Panels flow from left to right and from
top to bottom as text does: a panel says how wide and high it is, never where.
"""
import json
import re

COLUMNS = 24
# What Grafana 10.4 writes; newer ones take it in.
SCHEMA_VERSION = 39
ABBREVIATIONS = {"<n>": 'site=~"$site",node=~"$node"', "<s>": 'site=~"$site"', "<r>": "$__rate_interval"}
# How far the axis of a chart of nothing but zeros goes: without it to 100, whatever 100 is.
LEAST_MOST = {"none": 1, "percentunit": 0.05, "Bps": 1000, "ops": 1, "pps": 1, "iops": 1, "s": 0.001}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def expand(expression):
    text = " ".join(expression.split())
    for short, full in ABBREVIATIONS.items():
        text = text.replace(short, full)
    return text


def query(expression, legend="", *, instant=False, table=False, heatmap=False):
    """One query of a panel. A table is the present; all else is over time unless `instant`."""
    kind = "table" if table else "heatmap" if heatmap else "time_series"
    now = instant or table
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": expand(expression), "legendFormat": legend,
            "format": kind, "instant": now, "range": not now}


def steps(*colours):
    """Thresholds: steps("green", (70, "orange"), (85, "red"))."""
    made = [{"color": colours[0], "value": None}]
    made += [{"color": colour, "value": value} for value, colour in colours[1:]]
    return {"mode": "absolute", "steps": made}


def words(*rows):
    """Value mappings from (value, text, colour)."""
    options = {str(value): {"text": text, "color": colour, "index": i} for i, (value, text, colour) in enumerate(rows)}
    return [{"type": "value", "options": options}]


def nothing(text):
    """The mapping of what is not there, which else would have the colour of a 0."""
    return {"type": "special", "options": {"match": "null+nan", "result": {"text": text, "color": "#9fa7b3", "index": 99}}}


def override(name, **properties):
    """Properties of the field of that name, by their Grafana ids with __ for a dot. A name like /.../ is a pattern."""
    matcher = "byRegexp" if name.startswith("/") else "byName"
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": matcher, "options": name}, "properties": listed}


def panel(kind, title, description, unit, queries, *, w, h, options=None, custom=None, overrides=(), transformations=(),
          min_interval=None, links=(), empty=None, **defaults):
    """Any panel. `queries` may be one; `empty`: what is said where there is nothing; `defaults` are field defaults: min,
    max, decimals, thresholds, mappings..."""
    queries = queries if isinstance(queries, list) else [queries]
    fields = {"unit": unit, "custom": custom or {}, **defaults}
    fields.setdefault("thresholds", steps("green"))
    if empty:
        fields["noValue"] = empty
    made = {
        "type": kind, "title": title, "description": " ".join(description.split()), "datasource": DATASOURCE,
        "targets": [{**each, "refId": chr(ord("A") + i)} for i, each in enumerate(queries)],
        "fieldConfig": {"defaults": fields, "overrides": list(overrides)},
        "options": options or {}, "gridPos": {"w": w, "h": h},
    }
    if transformations:
        made["transformations"] = list(transformations)
    if min_interval:
        made["interval"] = min_interval
    if links:
        made["links"] = list(links)
    return made


def lines(title, description, unit, queries, *, w=12, h=8, stack=False, fill=None, legend="list", bars=False,
          step=False, calcs=(), negative=None, points=False, **more):
    """Values over time. `legend`: "list", "table" (with `calcs`, to the right) or "none"; `negative`: a pattern of
    series that are drawn downwards, as what is sent beside what is received."""
    custom = {
        "drawStyle": "bars" if bars else "line", "lineWidth": 1, "showPoints": "always" if points else "never",
        "fillOpacity": fill if fill is not None else 60 if bars else 35 if stack else 10 if negative else 0,
        "lineInterpolation": "stepAfter" if step else "linear", "spanNulls": False, "axisSoftMin": 0,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"}, "thresholdsStyle": {"mode": "off"},
        "axisSoftMax": None if "max" in more else LEAST_MOST.get(unit),
        **more.pop("custom", {}),
    }
    more.setdefault("empty", "nothing in this time")
    overrides = list(more.pop("overrides", ()))
    if negative:
        overrides.append(override(negative, custom__transform="negative-Y"))
        custom.pop("axisSoftMin")
        custom["axisCenteredZero"] = True
    options = {
        "legend": {"showLegend": legend != "none", "displayMode": "table" if legend == "table" else "list",
                   "placement": "right" if legend == "table" else "bottom", "calcs": list(calcs)},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    more.setdefault("color", {"mode": "palette-classic"})
    return panel("timeseries", title, description, unit, queries, w=w, h=h, options=options, custom=custom,
                 overrides=overrides, **more)


def stat(title, description, unit, queries, *, w=3, h=4, show="auto", colour="value", graph=False, reduce="lastNotNull",
         **more):
    """One number, or some. `show`: what is written, as Grafana's textMode."""
    options = {
        "reduceOptions": {"calcs": [reduce], "fields": "", "values": False}, "textMode": show, "colorMode": colour,
        "graphMode": "area" if graph else "none", "justifyMode": "center", "orientation": "auto", "wideLayout": True,
    }
    more.setdefault("color", {"mode": "thresholds"})
    more.setdefault("empty", "-")
    more["mappings"] = [*more.get("mappings", ()), nothing(more["empty"])]
    return panel("stat", title, description, unit, queries, w=w, h=h, options=options, **more)


def bars(title, description, unit, queries, *, w=6, h=8, **more):
    """The present as one bar a series, longest first where the query sorts."""
    options = {
        "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "color",
        "namePlacement": "left", "sizing": "manual", "minVizHeight": 16, "maxVizHeight": 24, "minVizWidth": 8,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
    }
    more.setdefault("color", {"mode": "thresholds"})
    more.setdefault("empty", "none")
    more["mappings"] = [nothing(more["empty"])]
    return panel("bargauge", title, description, unit, queries, w=w, h=h, options=options, **more)


def states(title, description, queries, mappings, *, w=24, h=8, **more):
    """What something was, over time: one row a series."""
    options = {
        "mergeValues": True, "showValue": "never", "alignValue": "center", "rowHeight": 0.85,
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False}
    return panel("state-timeline", title, description, "none", queries, w=w, h=h, options=options, custom=custom,
                 mappings=mappings, color={"mode": "palette-classic"}, empty="nothing in this time", **more)


def heatmap(title, description, expression, unit="s", *, w=8, h=8):
    """How a histogram's observations lie over time; `expression` gives increases by le."""
    options = {
        "calculate": False, "cellGap": 1, "cellValues": {"unit": "short"}, "filterValues": {"le": 1e-9},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange"},
        "legend": {"show": False}, "rowsFrame": {"layout": "auto"}, "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "unit": unit, "reverse": False},
    }
    return panel("heatmap", title, description, unit, query(expression, "{{le}}", heatmap=True), w=w, h=h,
                 options=options, min_interval="30s", empty="nothing in this time")


def table(title, description, queries, columns, *, key=None, w=24, h=8, sort=None, descending=False, empty="-"):
    """The present as a table. `columns`: (field, heading, properties) in their order; what is not named is hidden.
    Several queries are joined by the field `key`. A column's properties are field properties, as in override()."""
    transformations = []
    if key:
        transformations.append({"id": "joinByField", "options": {"byField": key, "mode": "outer"}})
    shown = [field for field, _, _ in columns]
    transformations.append({"id": "filterFieldsByName", "options": {"include": {"names": shown}}})
    transformations.append({"id": "organize", "options": {
        "indexByName": {field: i for i, field in enumerate(shown)}, "excludeByName": {},
        "renameByName": {field: heading for field, heading, _ in columns}}})
    overrides = [override(heading, **properties) for _, heading, properties in columns if properties]
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "fields": ""},
               "sortBy": [{"displayName": sort, "desc": descending}] if sort else []}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False}
    return panel("table", title, description, "none", queries, w=w, h=h, options=options, custom=custom,
                 overrides=overrides, transformations=transformations, empty=empty)


# Properties of table columns.
def link_to(uid, title, **fields):
    """Opens another dashboard with variables from the row; data source and time stay."""
    chosen = "".join(f"&var-{name}=${{__data.fields.{field}}}" for name, field in fields.items())
    url = f"/d/{uid}?${{datasource:queryparam}}{chosen}&${{__url_time_range}}"
    return {"links": [{"title": title, "url": url, "targetBlank": False}]}


def gauge_cell(unit, thresholds, most=1, width=None):
    cell = {"unit": unit, "min": 0, "max": most, "thresholds": thresholds, "color": {"mode": "thresholds"},
            "custom__cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}}
    return {**cell, **({"custom__width": width} if width else {})}


def coloured_cell(unit, thresholds=None, mappings=None, background=False, width=None):
    cell = {"unit": unit, "color": {"mode": "thresholds"},
            "custom__cellOptions": {"type": "color-background" if background else "color-text"}}
    if background:
        cell["custom__cellOptions"]["mode"] = "basic"
        cell["custom__align"] = "center"
    if thresholds:
        cell["thresholds"] = thresholds
    if mappings:
        cell["mappings"] = mappings
    return {**cell, **({"custom__width": width} if width else {})}


def width(pixels, **more):
    return {"custom__width": pixels, **more}


# Variables and annotations.
DATASOURCE_VARIABLE = {
    "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {},
    "hide": 0, "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False,
}


def choice(name, label, description, expression, *, all_value=".+", first=False):
    """A variable of label values, several at a time or all; refreshed when the time range changes. `first`: begins
    with the first value; Grafana begins with all where there is that choice, so there is none then."""
    text = expand(expression)
    chosen = {} if first else {"selected": True, "text": ["All"], "value": ["$__all"]}
    return {
        "name": name, "label": label, "description": description, "type": "query", "datasource": DATASOURCE,
        "definition": text, "query": {"query": text, "refId": f"variable-{name}"}, "refresh": 2, "regex": "", "sort": 7,
        "multi": True, "includeAll": not first, "allValue": all_value, "current": chosen, "hide": 0, "options": [],
        "skipUrlSync": False,
    }


def annotation(name, colour, expression, title, *, tags="node", at_value=False, enable=True):
    """Marks in all charts: where `expression` is above 0, or at the time that is its value (`at_value`, in ms)."""
    made = {
        "name": name, "datasource": DATASOURCE, "enable": enable, "hide": False, "iconColor": colour,
        "expr": expand(expression), "step": "15s", "titleFormat": title, "textFormat": "", "tagKeys": tags,
        "target": {"refId": "Anno", "expr": expand(expression), "interval": "15s"},
    }
    return {**made, "useValueForTime": "on"} if at_value else made


class Dashboard:
    """Collects rows of panels; `json()` is the file."""

    TAG = "piman"

    def __init__(self, uid, title, description, variables, annotations=(), *, time="now-6h", refresh="30s"):
        self.uid, self.title, self.description = uid, title, " ".join(description.split())
        self.variables, self.annotations = [DATASOURCE_VARIABLE, *variables], list(annotations)
        self.time, self.refresh = time, refresh
        self.panels, self._y, self._next_id = [], 0, 1

    def _identified(self, made):
        made = {"id": self._next_id, **made}
        self._next_id += 1
        return made

    def _placed(self, panels):
        """Flows panels; a line is as high as its highest panel."""
        x = highest = 0
        for each in panels:
            size = each["gridPos"]
            if x + size["w"] > COLUMNS:
                self._y, x, highest = self._y + highest, 0, 0
            yield self._identified({**each, "gridPos": {"x": x, "y": self._y, **size}})
            x, highest = x + size["w"], max(highest, size["h"])
        self._y += highest

    def add(self, *panels):
        """Panels without a heading."""
        self.panels += self._placed(panels)

    def row(self, title, *panels, collapsed=False):
        head = self._identified({"type": "row", "title": title, "collapsed": collapsed,
                                 "gridPos": {"x": 0, "y": self._y, "w": COLUMNS, "h": 1}, "panels": []})
        self._y += 1
        self.panels.append(head)
        below = self._y
        placed = list(self._placed(panels))
        if collapsed:  # it takes one line; its panels know where they go when it opens
            head["panels"], self._y = placed, below
        else:
            self.panels += placed

    def json(self):
        links = [{"type": "dashboards", "title": "piman dashboards", "tags": [self.TAG], "asDropdown": True, "icon": "external link",
                  "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}]
        built_in = {"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": True, "hide": True,
                    "iconColor": "rgba(0, 211, 255, 1)", "name": "Annotations & Alerts", "type": "dashboard"}
        document = {
            "uid": self.uid, "title": self.title, "description": self.description, "tags": [self.TAG],
            "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": False, "graphTooltip": 1, "fiscalYearStartMonth": 0,
            "liveNow": False, "style": "dark", "timezone": "browser", "weekStart": "", "refresh": self.refresh,
            "time": {"from": self.time, "to": "now"}, "timepicker": {}, "links": links,
            "annotations": {"list": [built_in, *self.annotations]}, "templating": {"list": self.variables},
            "panels": self.panels,
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def parts_of(name):
    """A pattern for one legend among several queries: "/^name/"."""
    return f"/^{re.escape(name)}/"
