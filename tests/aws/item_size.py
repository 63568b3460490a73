"""The size of an item as DynamoDB counts it."""


def item_bytes(item):
    """As DynamoDB counts them ("DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(attribute):
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return (len(value.strip("-0")) + 1) // 2 + 1
        case "BOOL":
            return 1
        case "L":
            return 3 + sum(1 + _size(one) for one in value)
    raise AssertionError(kind)
