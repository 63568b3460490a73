"""Checks a deployment end to end, by hand or on a schedule."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from infra.cli import audit_records, parsers
from infra.cli.command import examples, on_deployment
from infra.cli.deployment import Deployment
from infra.cli.options import Json
from infra.cli.output import say
from shared.errors import InvalidRequest
from shared.store import targets

EPILOG = examples(
    "client-tokens doctor",
    "client-tokens doctor --json | jq -r '.checks[] | select(.status == \"failed\") | .name'",
    "client-tokens doctor --tenant acme --target flow_support",
)
TENANT = "client-tokens-doctor"
_MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}


@on_deployment
def doctor(
    deployment: Deployment,
    *,
    tenant: Annotated[
        str | None,
        typer.Option(parser=parsers.tenant, metavar="TENANT", help="The tenant of --target."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            parser=parsers.target_id,
            metavar="ID",
            help="A registered target that should answer. It may cost what one message costs. By default, an echo "
            "answers.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a deployment end to end.

    It checks the table and the signing key with your AWS credentials. Then it calls the API as programs and pages do:
    with an API key that it creates for this run, it creates a client token, has a conversation of one message, and
    tries what must be refused: other callers, another origin, a forged token, and a deleted one.

    Everything that it creates is deleted again, also after a failure or Ctrl-C. It works in a tenant of its own,
    client-tokens-doctor, unless you name a target. What stays expires by itself: audit records, and counters. A run
    takes a few seconds, and at most two and a half minutes plus the time of the target's answer.

    The exit status is 0 if everything is well, and 1 if a check failed or something could not be deleted.
    """
    # Loads AWS's client, which help does not wait for.
    from infra.cli.doctor_checks import CHECKS  # noqa: PLC0415
    from infra.cli.doctor_examination import Examination, results  # noqa: PLC0415
    from infra.cli.doctor_trial import Trial  # noqa: PLC0415

    if (tenant is None) != (target is None):
        raise InvalidRequest("--tenant and --target belong together: name both, or neither for an echo.")
    if tenant and target:
        targets.get(tenant, target)
    trial = Trial(audit_records.context(deployment, tenant or TENANT), target)
    found, left = [], []
    try:
        for result in results(Examination.of(deployment, trial), CHECKS):
            found.append(result)
            if not as_json:
                print(f"{_MARKS[result.status]:<9}{result.name:<21}{result.found}", flush=True)
                if result.advice:
                    print(f"{'':<30}{result.advice}", flush=True)
    finally:
        left = trial.delete()
        for one in left:
            say(one)
    is_well = not left and all(result.status == "passed" for result in found)
    if as_json:
        print(json.dumps({"isWell": is_well, "checks": list(map(asdict, found)), "left": left}, indent=2))
    else:
        print("Everything is well." if is_well else "Something is wrong: see above.")
    if not is_well:
        raise typer.Exit(1)
