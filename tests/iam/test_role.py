"""Roles are evaluated as AWS documents it. Where that would take a guess, an error is raised.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import pytest

from tests.iam.role import Unknown, decide, role_of
from tests.iam.sample import (
    GET,
    GET_TOKENS,
    KEY,
    LISTING,
    ON_KEY,
    ON_LISTING,
    ON_TABLE,
    OTHER_KEY,
    TABLE,
    VALUES,
    access,
    allow,
    deny,
    on_attributes,
    template,
    under,
)

PUT = allow("dynamodb:PutItem", ON_TABLE)
NO_LISTING = deny("dynamodb:PutItem", ON_TABLE, Condition=on_attributes("listing_pk", "listing_sk"))
BATCH_TOKENS = allow("dynamodb:BatchGetItem", ON_TABLE, Condition=under("TOKEN#*"))


@pytest.mark.parametrize(
    ("statements", "asked", "allowed"),
    [
        pytest.param([GET], access("dynamodb:GetItem", TABLE, "A#1"), True, id="exactly"),
        pytest.param([], access("dynamodb:GetItem", TABLE, "A#1"), False, id="no statement"),
        pytest.param([GET], access("dynamodb:PutItem", TABLE, "A#1"), False, id="other action"),
        pytest.param([GET], access("dynamodb:GetItems", TABLE, "A#1"), False, id="action that only begins so"),
        pytest.param([GET], access("kms:GetItem", TABLE), False, id="other service"),
        pytest.param([GET], access("dynamodb:GetItem", TABLE + "2", "A#1"), False, id="table that only begins so"),
        pytest.param([GET], access("dynamodb:GetItem", LISTING, "A#1"), False, id="table is not its index"),
        pytest.param(
            [allow("DYNAMODB:getitem", ON_TABLE)],
            access("dynamodb:GetItem", TABLE, "A#1"),
            True,
            id="action in any case",
        ),
        pytest.param(
            [allow("dynamodb:GetItem", TABLE.upper())],
            access("dynamodb:GetItem", TABLE, "A#1"),
            False,
            id="resource in its own case only",
        ),
        pytest.param(
            [allow(["dynamodb:PutItem", "dynamodb:GetItem"], [ON_KEY, ON_TABLE])],
            access("dynamodb:GetItem", TABLE, "A#1"),
            True,
            id="any of the lists",
        ),
        pytest.param([allow("dynamodb:*", "*")], access("dynamodb:GetItem", TABLE, "A#1"), True, id="star"),
        pytest.param([allow("dynamodb:*", "*")], access("kms:GenerateMac", KEY), False, id="star of one service"),
        pytest.param(
            [allow("dynamodb:Get????", ON_TABLE)], access("dynamodb:GetItem", TABLE, "A#1"), True, id="question marks"
        ),
        pytest.param(
            [allow("dynamodb:Get???", ON_TABLE)],
            access("dynamodb:GetItem", TABLE, "A#1"),
            False,
            id="too few of them",
        ),
        pytest.param(
            [allow("dynamodb:[GP]etItem", ON_TABLE)],
            access("dynamodb:GetItem", TABLE, "A#1"),
            False,
            id="brackets are no wildcard",
        ),
        pytest.param(
            [allow("dynamodb:Query", ON_LISTING)], access("dynamodb:Query", LISTING, "A#1"), True, id="index by Sub"
        ),
        pytest.param(
            [allow("dynamodb:Query", ON_LISTING)],
            access("dynamodb:Query", TABLE, "A#1"),
            False,
            id="index is not its table",
        ),
        pytest.param(
            [allow("dynamodb:Query", {"Fn::Sub": "${Table.Arn}/index/*"})],
            access("dynamodb:Query", LISTING, "A#1"),
            True,
            id="any index",
        ),
        pytest.param([GET_TOKENS], access("dynamodb:GetItem", TABLE, "TOKEN#1"), True, id="key under its pattern"),
        pytest.param([GET_TOKENS], access("dynamodb:GetItem", TABLE, "APIKEY#1"), False, id="key under no pattern"),
        pytest.param([GET_TOKENS], access("dynamodb:GetItem", TABLE, "token#1"), False, id="key in other case"),
        pytest.param([GET_TOKENS], access("dynamodb:GetItem", TABLE, "X#TOKEN#1"), False, id="pattern from the start"),
        pytest.param([GET_TOKENS], access("dynamodb:GetItem", TABLE, "TOKEN#1\n2"), True, id="star spans lines"),
        pytest.param([BATCH_TOKENS], access("dynamodb:BatchGetItem", TABLE, "TOKEN#1", "TOKEN#2"), True, id="all"),
        pytest.param([BATCH_TOKENS], access("dynamodb:BatchGetItem", TABLE, "TOKEN#1", "A#2"), False, id="not every"),
        pytest.param(
            [allow("dynamodb:BatchGetItem", ON_TABLE, Condition=under("TOKEN#*", "SESSION#*"))],
            access("dynamodb:BatchGetItem", TABLE, "TOKEN#1", "SESSION#2"),
            True,
            id="each key under some pattern",
        ),
        pytest.param(
            [BATCH_TOKENS, allow("dynamodb:BatchGetItem", ON_TABLE, Condition=under("SESSION#*"))],
            access("dynamodb:BatchGetItem", TABLE, "TOKEN#1", "SESSION#2"),
            False,
            id="statements do not add up within one call",
        ),
        pytest.param(
            [allow("dynamodb:Scan", ON_TABLE, Condition=under("TOKEN#*"))],
            access("dynamodb:Scan", TABLE),
            True,
            id="a condition for all of no keys holds",
        ),
        pytest.param(
            [GET, deny("dynamodb:GetItem", ON_TABLE)], access("dynamodb:GetItem", TABLE, "A#1"), False, id="Deny wins"
        ),
        pytest.param(
            [deny("dynamodb:*", "*"), GET],
            access("dynamodb:GetItem", TABLE, "A#1"),
            False,
            id="Deny wins in any order",
        ),
        pytest.param(
            [GET, deny("dynamodb:GetItem", ON_TABLE, Condition=under("APIKEY#*"))],
            access("dynamodb:GetItem", TABLE, "TOKEN#1"),
            True,
            id="Deny of other keys",
        ),
        pytest.param(
            [PUT, NO_LISTING],
            access("dynamodb:PutItem", TABLE, "A#1", attributes=["pk", "listing_pk"]),
            False,
            id="denied",
        ),
        pytest.param(
            [PUT, NO_LISTING], access("dynamodb:PutItem", TABLE, "A#1", attributes=["pk", "id"]), True, id="not denied"
        ),
        pytest.param(
            [PUT, NO_LISTING],
            access("dynamodb:PutItem", TABLE, "A#1"),
            True,
            id="a condition for any of no value fails",
        ),
        pytest.param([allow("kms:GenerateMac", ON_KEY)], access("kms:GenerateMac", KEY), True, id="this key"),
        pytest.param([allow("kms:GenerateMac", ON_KEY)], access("kms:GenerateMac", OTHER_KEY), False, id="another key"),
        pytest.param([allow("kms:GenerateMac", ON_KEY)], access("kms:VerifyMac", KEY), False, id="other use"),
    ],
)
def test_decision_matches_iam(statements, asked, allowed):
    assert decide(role_of(template(*statements), "Chat", VALUES), asked).allowed is allowed


@pytest.mark.parametrize(
    ("value", "resources"), [("", []), ("arn:one", ["arn:one"]), ("arn:one,arn:two", ["arn:one", "arn:two"])]
)
def test_conditional_statement_follows_its_parameter(value, resources):
    statement = allow("kms:GenerateMac", {"Fn::Split": [",", {"Ref": "Names"}]})
    given = template({"Fn::If": ["IsGiven", statement, {"Ref": "AWS::NoValue"}]}) | {
        "Parameters": {"Names": {"Type": "String", "Default": value}},
        "Conditions": {"IsGiven": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Names"}, ""]}]}},
    }
    assert [resource for one in role_of(given, "Chat", VALUES) for resource in one.resources] == resources


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(template({"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}), id="NotAction"),
        pytest.param(template({"Effect": "Allow", "Action": "kms:*", "NotResource": "*"}), id="NotResource"),
        pytest.param(template(allow("kms:*", "*") | {"Principal": "*"}), id="Principal"),
        pytest.param(template(allow("kms:*", "*") | {"Effect": "allow"}), id="Effect"),
        pytest.param(template(allow("kms:*", "*", Condition={"Bool": {"aws:SecureTransport": "true"}})), id="operator"),
        pytest.param(
            template(allow("kms:*", "*", Condition=under("A#*") | {"StringLike": {"aws:PrincipalTag/x": "y"}})),
            id="second operator",
        ),
        pytest.param(
            template(allow("kms:*", "*", Condition={"ForAllValues:StringLike": {"dynamodb:Attributes": ["pk"]}})),
            id="condition key",
        ),
        pytest.param(template(allow("kms:*", {"Fn::ImportValue": "x"})), id="intrinsic function"),
        pytest.param(
            template({"Fn::If": ["Is", allow("kms:*", "*"), {"Ref": "AWS::NoValue"}]})
            | {"Conditions": {"Is": {"Fn::Or": [{"Condition": "A"}, {"Condition": "B"}]}}},
            id="condition of the template",
        ),
        pytest.param(template(allow("kms:*", {"Fn::GetAtt": ["Elsewhere", "Arn"]})), id="name without a value"),
        pytest.param(template(allow("kms:*", "arn:aws:kms:*:*:key/${aws:PrincipalTag/x}")), id="policy variable"),
        pytest.param(template(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]), id="managed policy"),
        pytest.param(template(PermissionsBoundary="arn:aws:iam::123456789012:policy/Boundary"), id="boundary"),
    ],
)
def test_unknown_role_element_raises_instead_of_guessing(template):
    with pytest.raises(Unknown):
        role_of(template, "Chat", VALUES)
