"""`make fuzz`: schemathesis sends requests that openapi.json allows and forbids, and checks the responses."""

import copy
import itertools
import json
import re
import subprocess
import sys
from collections import Counter, deque
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import schemathesis
from schemathesis.cli import schemathesis as command_line

from infra.local.management import Management, ManagementError
from infra.local.template import ROOT
from infra.tools.openapi.refusals import CODES
from tests.local_stack import RunningStack

LEAST = 2_000
CONFIG = Path(__file__).with_name("schemathesis.toml")
ORIGIN = "https://app.example.com"
# Enough that no limit of one of them is reached before the others are used.
TOKENS = 8
# A list of many tokens would wait for moto, whose batches take quadratic time.
KEPT = 8
# Bytes of a parameter. A whole address may have 10,240.
LONG = 5_000
# The id of a visitor's message.
SAID = "usr_tea"
# Whose requests show a visitor's secret.
HISTORY = ("/v1/client/conversations", "/v1/client/visitor/")
# The target that answers here calls no tools of the page, so nothing waits to be resumed or canceled.
REFUSED = {
    "POST /v1/client/resume",
    "POST /v1/client/conversations/{conversationId}/executions/{executionId}/cancel",
}
HIGHEST = {
    "rateLimitPerMinute": 1000,
    "rateLimitPerHour": 10_000,
    "maxMessagesPerSession": 1000,
}


def _shorten_address(_context, case, _arguments):
    """API Gateway returns 414 for a long address, whatever the operation: as many characters, in fewer bytes."""
    if isinstance(case.query, dict):
        long = {name for name, value in case.query.items() if isinstance(value, str) and len(quote(value)) > LONG}
        case.query = {name: "x" * len(value) if name in long else value for name, value in case.query.items()}


class World:
    """Replaces made-up ids with existing ones in three of four requests; otherwise all would be refused."""

    def __init__(self, stack):
        self._url = stack.url
        self._management = Management(stack.url, stack.api_key)
        self._flow = stack.flow_id
        self._turn = itertools.count()
        tokens = [self._create() for _ in range(TOKENS)]
        sessions = [self._open(token)["sessionId"] for token in tokens]
        self._hosts = deque(tokens)
        self._visitor = self._meet()
        self._has_spoken = False
        self._visits = itertools.cycle(zip(tokens, sessions, strict=True))
        self._doomed = self._create()
        self._said = self._talk()
        self._created = deque()
        self.answers = Counter()

    def _create(self):
        fields = {"name": "Fuzz", "allowedOrigins": [ORIGIN, "native"], "flowIds": [self._flow], **HIGHEST}
        return self._management.ask("POST", "/v1/client-tokens", fields)

    def _open(self, token):
        """Opens a new visitor's session from the page's origin, to which it is bound."""
        return json.loads(self._post("init", {"token": token["token"], "visitorHistory": True}))

    def _meet(self):
        """A new visitor's session, of the next token. One that a request has taken back makes room for a new one."""
        while True:
            self._hosts.rotate()
            try:
                return self._open(self._hosts[0])
            except HTTPError:
                self._hosts[0] = self._create()

    def _post(self, name, body):
        headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        with urlopen(Request(f"{self._url}/v1/client/{name}", data, headers)) as answer:  # noqa: S310 - the local stack's
            return answer.read()

    def _talk(self):
        """A conversation with feedback, for its owner: the ids of both."""
        session = self._meet()
        self._say(session)
        token = self._hosts[0]["token"]
        given = {"sessionId": session["sessionId"], "token": token, "type": "csat", "rating": 5}
        left = json.loads(self._post("feedback", given))
        return {"conversation": session["conversationId"], "feedback": left["feedbackId"]}

    def _say(self, session):
        message = {"id": SAID, "role": "user", "content": "Do you sell tea?"}
        self._post("chat", {"sessionId": session["sessionId"], "messages": [message]})

    def enter(self, case):
        is_history = case.path.startswith(HISTORY)
        if is_history:
            # A proof of identity is documented to get a 503, which would count as a failure of the server.
            case.headers.pop("X-Identity-Proof", None)
        if next(self._turn) % 4 == 0:
            return
        if isinstance(case.path_parameters.get("id"), str):
            case.path_parameters = {"id": self._id(case)}
        for name in self._said.keys() & case.path_parameters.keys():
            if isinstance(case.path_parameters[name], str):
                case.path_parameters = {name: self._said[name]}
                if case.method == "DELETE":
                    self._said = self._talk()
        if isinstance(case.body, dict):
            case.body = _displays(case.body) if case.path.endswith("/display-projections") else self._body(case.body)
        if case.path.startswith("/v1/client/"):
            case.headers["Origin"] = ORIGIN
        if is_history and isinstance(case.query, dict):
            self._show_visitor(case)

    def _show_visitor(self, case):
        """The secret and session of a visitor, with a conversation of theirs."""
        if "conversationId" in case.path_parameters:
            if not self._has_spoken:
                self._visitor, self._has_spoken = self._meet(), True
                self._say(self._visitor)
            case.path_parameters |= {"conversationId": self._visitor["conversationId"]}
        kept = {name: value for name, value in case.query.items() if name not in {"cursor", "messageCursor"}}
        case.query = kept | {"sessionId": self._visitor["sessionId"]}
        case.headers["X-Visitor-Token"] = self._visitor["visitor"]["token"]
        if case.method == "DELETE" or case.path.endswith("/reset"):
            self._visitor, self._has_spoken = self._meet(), False

    def _id(self, case):
        found = self._doomed["clientToken"]["id"]
        if case.method == "DELETE":
            self._doomed = self._create()
        return found

    def _body(self, body):
        token, session = next(self._visits)
        real = {"token": token["token"], "sessionId": session, "flowId": self._flow, "defaultFlowId": self._flow}
        body = copy.deepcopy(body)
        body |= {name: value for name, value in real.items() if isinstance(body.get(name), str)}
        lists = {"allowedOrigins": ORIGIN, "flowIds": self._flow, "agentIds": self._flow}
        for name, value in lists.items():
            if body.get(name) and _are_texts(body[name]):
                body[name] = [value]
        if "messages" in body and isinstance(body["messages"], list):
            body["messages"] = [*body["messages"], {"role": "user", "content": "Do you sell tea?"}]
        return body

    def note(self, case, response):
        self.answers[case.operation.label, response.status_code] += 1
        if response.status_code == HTTPStatus.CREATED:
            self._created.append(response.json()["clientToken"]["id"])
            if len(self._created) > KEPT:
                with suppress(ManagementError):
                    self._management.ask("DELETE", f"/v1/client-tokens/{self._created.popleft()}")


def _displays(body):
    """Of the one message that the visitor has sent."""
    if not isinstance(body.get("messages"), list):
        return body
    return body | {"messages": [one | {"id": SAID} if isinstance(one, dict) else one for one in body["messages"]]}


def _are_texts(value):
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def main():
    with TemporaryDirectory() as directory:
        stack = RunningStack(directory)
        try:
            sys.exit(_run(stack, Path(directory)))
        finally:
            # It has much to clean up by then, and is killed if that takes too long.
            with suppress(subprocess.TimeoutExpired):
                stack.stop()


def _run(stack, directory):
    """The exit code, or an error for a run that tested too little."""
    world = World(stack)
    schemathesis.hook("before_call")(_shorten_address)
    schemathesis.hook("before_call")(lambda _context, case, _arguments: world.enter(case))
    schemathesis.hook("after_call")(lambda _context, case, response: world.note(case, response))
    written = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    strict = directory / "openapi.json"
    strict.write_text(json.dumps(_strict(written)), encoding="utf-8")
    options = ["--url", stack.url, "--header", f"Authorization: Bearer {stack.api_key}"]
    try:
        command_line.main(["--config-file", str(CONFIG), "run", str(strict), *options])
    except SystemExit as ended:
        failed = ended.code
    print(*(line for line in stack.lines if '"fault"' in line), sep="")
    for (operation, status), count in sorted(world.answers.items()):
        print(f"{count:6} x {status} {operation}")
    asked = sum(world.answers.values())
    print(f"{asked} requests")
    answered = {operation for operation, status in world.answers if status < HTTPStatus.BAD_REQUEST}
    operations = {f"{method.upper()} {path}" for path, item in written["paths"].items() for method in item}
    if missing := operations - answered - REFUSED:
        return f"Never answered but with a refusal: {', '.join(sorted(missing))}."
    return failed or (f"That are fewer than {LEAST}." if asked < LEAST else 0)


def _strict(written):
    """The document, changed to forbid everything that it does not list."""
    operations = [operation for path in written["paths"].values() for operation in path.values()]
    schemas = written["components"]["schemas"]
    for name in _reached([operation["responses"] for operation in operations], schemas):
        schemas[name]["additionalProperties"] = False
    for operation in operations:
        for response in operation["responses"].values():
            if CODES in response:
                media = response["content"]["application/json"]
                media["schema"] = {"allOf": [media["schema"], {"properties": {"code": {"enum": response[CODES]}}}]}
    _describe_events(written["paths"]["/v1/client/chat"]["post"]["responses"]["200"]["content"], schemas)
    # Of a transcript, the service reads the last message of a user alone; the document describes all of them.
    messages = schemas["Chat"]["properties"]["messages"]
    messages["items"] = {"anyOf": [messages["items"], {}]}
    return written


def _describe_events(content, schemas):
    """Describes a stream as events, for schemathesis. The document says text, which generators understand."""
    for one in schemas["ChatEvent"]["oneOf"]:
        schemas[one["$ref"].rpartition("/")[2]]["additionalProperties"] = False
    data = {"type": "string", "contentMediaType": "application/json"}
    data["contentSchema"] = {"$ref": "#/components/schemas/ChatEvent"}
    properties = {"event": {"type": "string"}, "data": data}
    event = {"type": "object", "required": ["event", "data"], "properties": properties, "additionalProperties": False}
    content["text/event-stream"] = {"itemSchema": event}


def _reached(part, schemas):
    """The schemas that this part of the document refers to."""
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(part)))
    return named.union(*(_reached(schemas[name], schemas) for name in named))


if __name__ == "__main__":
    main()
