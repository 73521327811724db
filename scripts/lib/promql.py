# SPDX-License-Identifier: Apache-2.0
"""Which series a PromQL expression selects, and how. Not a parser: a walk over tokens that knows functions from metrics.
Whether the expression is PromQL at all, promtool says."""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""\s*(?:
    (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*') | (?P<range>\[[^\]]*\]) | (?P<braces>\{(?:"(?:\\.|[^"\\])*"|[^"}])*\}) |
    (?P<name>[a-zA-Z_:$][a-zA-Z0-9_:$]*) | (?P<number>[0-9][0-9a-zA-Z.]*) | (?P<other>.))""", re.X | re.S)
AGGREGATIONS = {"sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk", "quantile"}
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
WORDS = {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "Inf", "NaN"}
MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:\\.|[^"\\])*)"\s*(?:,|$)')


class Selector(NamedTuple):
    name: str
    matchers: dict  # label -> (operator, value)
    range: str | None
    inside: tuple  # functions and aggregations around it, outermost first


def matchers_of(text):
    return {label: (operator, value) for label, operator, value in MATCHER.findall(text)}


def selectors(expression):
    """Every selector, in the order of the text."""
    tokens = [(match.lastgroup, match.group(match.lastgroup)) for match in TOKEN.finditer(expression.strip())]
    found, around, i = [], [], 0
    called = None  # the function or aggregation whose parenthesis comes next
    while i < len(tokens):
        kind, text = tokens[i]
        following = tokens[i + 1][1] if i + 1 < len(tokens) else ""
        if kind == "name" and text in LABEL_LISTS:
            if following == "(":
                while tokens[i][1] != ")":
                    i += 1
        elif kind == "name" and text in AGGREGATIONS:
            called = text
        elif kind == "name" and following == "(" and text not in WORDS:
            called = text
        elif text == "(":
            around.append(called)
            called = None
        elif text == ")":
            around.pop()
        elif kind == "name" and text not in WORDS:
            matchers, window = {}, None
            if i + 1 < len(tokens) and tokens[i + 1][0] == "braces":
                i += 1
                matchers = matchers_of(tokens[i][1][1:-1])
            if i + 1 < len(tokens) and tokens[i + 1][0] == "range":
                i += 1
                window = tokens[i][1][1:-1]
            found.append(Selector(text, matchers, window, tuple(name for name in around if name)))
        i += 1
    return found


def metric_names(expression):
    return {selector.name for selector in selectors(expression)}
