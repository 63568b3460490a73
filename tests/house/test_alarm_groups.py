"""Law 10: an alarm stays within CloudWatch's limit, and every function is watched, however many there are."""

import copy

import pytest

from tests import watched

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
MOST_METRICS = 10
OF_EVERY_FUNCTION = ("Duration", "Throttles")


def problems(names, alarms):
    """Alarms that CloudWatch would reject, and functions that are not watched exactly once per metric."""
    for alarm, properties in alarms.items():
        count = len(list(watched.of_alarm(alarm, properties)))
        if count > MOST_METRICS:
            yield f"{alarm} has {count} metrics. CloudWatch takes {MOST_METRICS}: split it."
    seen = [one for alarm, properties in alarms.items() for one in watched.of_alarm(alarm, properties)]
    for metric in OF_EVERY_FUNCTION:
        found = [dict(one.dimensions)["FunctionName"] for one in seen if one.name == metric]
        for name in sorted({*names, *found}):
            if name not in names:
                yield f"An alarm watches {metric} of {name}, which is no function."
            elif found.count(name) != 1:
                yield f"{found.count(name)} alarms watch {metric} of {name}. One has to."


def test_every_function_is_watched_within_the_limit(template, watching):
    names = set(watched.function_names(template).values())
    assert list(problems(names, watched.alarms(watching))) == []


def test_functions_are_named_after_their_stack_and_module(template, functions):
    for name, properties in functions.items():
        module = properties["Handler"].removesuffix(".handler").rpartition(".")[2]
        assert watched.text(properties["FunctionName"]) == f"<AWS::StackName>-{module.replace('_', '-')}", name


def test_function_names_leave_32_characters_for_the_stack_name(functions):
    """Lambda allows 64, and docs/deploy.md says so."""
    for name, properties in functions.items():
        assert len(watched.text(properties["FunctionName"]).removeprefix("<AWS::StackName>")) <= 64 - 32, name


class TestFortyFunctions:
    @pytest.fixture
    def names(self):
        return [f"<AWS::StackName>-operation-{number}" for number in range(40)]

    @pytest.fixture
    def alarms(self, names):
        """In groups of ten, as in the template."""
        return {
            f"{metric}{start // 10}": group(metric, names[start : start + 10])
            for metric in OF_EVERY_FUNCTION
            for start in range(0, 40, 10)
        }

    def test_are_watched_in_groups_of_ten(self, names, alarms):
        assert list(problems(names, alarms)) == []

    def test_are_too_many_for_one_alarm(self, names):
        one_for_all = {metric: group(metric, names) for metric in OF_EVERY_FUNCTION}
        assert [problem.partition(".")[0] for problem in problems(names, one_for_all)] == [
            "Duration has 40 metrics",
            "Throttles has 40 metrics",
        ]

    @pytest.mark.parametrize("metric", OF_EVERY_FUNCTION)
    @pytest.mark.parametrize("number", range(40))
    def test_each_is_missed_if_no_alarm_watches_it(self, names, alarms, metric, number):
        left_out = copy.deepcopy(alarms)
        del left_out[f"{metric}{number // 10}"]["Metrics"][number % 10]
        assert list(problems(names, left_out)) == [f"0 alarms watch {metric} of {names[number]}. One has to."]

    def test_an_eleventh_in_a_group_is_named(self, names, alarms):
        names.append("<AWS::StackName>-operation-40")
        for metric in OF_EVERY_FUNCTION:
            alarms[f"{metric}0"] = group(metric, [*names[:10], names[40]])
        assert list(problems(names, alarms)) == [
            "Duration0 has 11 metrics. CloudWatch takes 10: split it.",
            "Throttles0 has 11 metrics. CloudWatch takes 10: split it.",
        ]

    def test_a_function_that_is_gone_is_named(self, names, alarms):
        gone = names.pop()
        assert list(problems(names, alarms)) == [
            f"An alarm watches {metric} of {gone}, which is no function." for metric in OF_EVERY_FUNCTION
        ]


def group(metric, names):
    dimensions = [[{"Name": "FunctionName", "Value": name}] for name in names]
    return {
        "Metrics": [
            {"MetricStat": {"Metric": {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": one}}}
            for one in dimensions
        ]
    }
