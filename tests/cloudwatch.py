"""A small CloudWatch: evaluates which samples of metrics put an alarm of the template into ALARM.

Metric math: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
Missing data: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import ast
import operator
import re
import statistics

from infra.local import template as sam
from tests import watched

COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
}
STATISTICS = {
    "Sum": sum,
    "p99": lambda values: (
        values[0] if len(values) == 1 else statistics.quantiles(values, n=100, method="inclusive")[98]
    ),
}
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda one, other: None if other == 0 else one / other,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}


def is_ringing(template, name, samples, *, at):
    """Whether the alarm `name` is in ALARM.

    `samples`: (namespace, metric, dimensions) -> {minute: values}, with dimensions as in `watched.Metric`. `at`: minute
    at which the alarm looks back. Data without a sample is missing.
    """
    alarm = watched.alarms(template)[name]
    periods = alarm["EvaluationPeriods"]
    assert alarm["TreatMissingData"] == "notBreaching"
    if "Metrics" in alarm:
        stats = {one["Id"]: one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one}
        series = {
            identity: _series(metric, stat["Stat"], stat["Period"], periods, samples, at)
            for (identity, stat), metric in zip(stats.items(), watched.of_alarm(name, alarm), strict=True)
        }
        (expression,) = (one["Expression"] for one in alarm["Metrics"] if "Expression" in one)
        values = evaluate(_resolved(template, expression), series)
    else:
        (metric,) = watched.of_alarm(name, alarm)
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        values = _series(metric, statistic, alarm["Period"], periods, samples, at)
    threshold = float(sam.parameter(template, alarm["Threshold"]))
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    breaching = [value for value in values if value is not None and breaches(value, threshold)]
    return len(breaching) >= alarm["DatapointsToAlarm"]


def _resolved(template, written):
    """The text of an expression, with the values of the parameters in it."""
    match written:
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\}", lambda name: str(sam.parameter(template, {"Ref": name[1]})), text)
    return written


def _series(metric, statistic, period, periods, samples, at):
    """The value of each period that the alarm evaluates, oldest first; None without data."""
    taken = samples.get((metric.namespace, metric.name, metric.dimensions), {})
    width = period // 60
    starts = range(at - periods * width, at, width)
    found = [
        [v for minute, values in taken.items() if start <= minute < start + width for v in values] for start in starts
    ]
    return [STATISTICS[statistic](values) if values else None for values in found]


def evaluate(expression, series):
    """Evaluates an expression of other series. `series`: id -> values, None without data."""
    return _value(ast.parse(expression, mode="eval").body, series)


def _value(node, series):  # noqa: PLR0911 - one for each form of an expression
    match node:
        case ast.Constant(value=constant):
            return [constant] * _length(series)
        case ast.Name(id=name):
            return series[name]
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return _pointwise(OPERATORS[type(op)], _value(left, series), _value(right, series))
        case ast.Call(func=ast.Name("METRICS"), args=[]):
            return [*series.values()]
        case ast.Call(func=ast.Name("FILL"), args=[filled, ast.Constant(value=constant)]):
            return [[constant if v is None else v for v in one] for one in _value(filled, series)]
        case ast.Call(func=ast.Name("SUM"), args=[several]):
            return [_over(sum, values) for values in zip(*_value(several, series), strict=True)]
        case ast.Call(func=ast.Name("MAX"), args=[several]):
            return [_over(max, values) for values in zip(*_value(several, series), strict=True)]
        case ast.Call(func=ast.Name("IF"), args=[condition, if_true, if_false]):
            return _pointwise(
                lambda holds, one, other: one if holds else other,
                *(_value(part, series) for part in (condition, if_true, if_false)),
                needed=1,
            )
    raise NotImplementedError(ast.unparse(node))


def _pointwise(compute, *series, needed=None):
    """A point is missing if it is missing in one of the first `needed` series, or in any."""
    return [None if None in points[:needed] else compute(*points) for points in zip(*series, strict=True)]


def _over(compute, values):
    there = [value for value in values if value is not None]
    return compute(there) if there else None


def _length(series):
    return len(next(iter(series.values())))
