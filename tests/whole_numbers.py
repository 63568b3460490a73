"""The range of a parameter that takes whole numbers."""

import re


def bounds(parameter):
    """The smallest and the largest value, or None if it takes no whole numbers.

    CloudFormation knows the range as a pattern, and people by the sentence that this reads. A test compares the two.
    """
    found = re.fullmatch(r"must be a whole number from (\d+) to (\d+)", parameter.get("ConstraintDescription", ""))
    return (int(found[1]), int(found[2])) if found else None
