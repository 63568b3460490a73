"""`make bench` measures every operation but one: its workload calls each of them, and each call succeeds."""

from werkzeug.test import Client

from infra.local import openapi
from infra.tools.bench import workload
from tests.aws.in_memory import TEMPLATE
from tests.functions.page import ORIGIN
from tests.operations import OPERATIONS

ROUTES = openapi.read_routes(TEMPLATE)


class Caller:
    """The caller of the bench, with the functions of this process behind it."""

    def __init__(self, app, credential):
        self._http = Client(app)
        self._headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json", "Origin": ORIGIN}
        self.asked = set()

    def ask(self, method, path, body=None, visitor=""):
        headers = self._headers | {"X-Visitor-Token": visitor}
        answer = self._http.open(path, method=method, json=body, headers=headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        route, _ = ROUTES.match(method, path.partition("?")[0])
        self.asked.add((method, route.path))
        return answer.json


def test_bench_exercises_every_operation(app, api, register):
    register("flow_echo")
    caller = Caller(app, api.credential)
    workload.exercise_all(caller, "flow_echo", ROUTES)
    measured = [operation for operation in OPERATIONS if operation.name not in workload.NOT_MEASURED]
    assert caller.asked == {(operation.method, operation.path) for operation in measured}
