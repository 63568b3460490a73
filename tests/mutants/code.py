"""Mutants of Python source: each is the source with one small mistake in it, as somebody could make it.

The operators are our own, on `ast`, because no tool fits: neither mutmut nor cosmic-ray draws a sample by a seed,
mutates YAML, or runs the tests that cover a line in forked processes; mutatest has had no release since 2022.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMPARISONS = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
# Places where a mutant would change only texts for readers, or types.
_UNSEEN = ("annotation", "returns")


@dataclass(frozen=True, order=True)
class Mutant:
    """`column`: from the line's first character. `change`: a description. `original`: the unchanged line.

    `start` and `end`: the range of characters in the file that `code` replaces.
    """

    path: str
    line: int
    column: int
    change: str
    original: str
    start: int
    end: int
    code: str

    @property
    def key(self) -> str:
        """Identifies the mutant as long as its line is unchanged, even if the line moves."""
        return f"{self.path} | {self.original} | {self.change} | at {self.column}"

    def text(self, root: Path) -> str:
        """The whole file with the mutation."""
        source = (root / self.path).read_text(encoding="utf-8")
        return source[: self.start] + self.code + source[self.end :]

    def is_in_function(self, root: Path) -> bool:
        """Whether calls run it, and not the import of its module."""
        tree = ast.parse((root / self.path).read_text(encoding="utf-8"))
        functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
        return any(node.body[0].lineno <= self.line <= (node.end_lineno or 0) for node in functions)

    def is_program(self, root: Path) -> bool:
        """Whether it parses: in a few places, Python's syntax does not allow the mutation."""
        try:
            ast.parse(self.text(root))
        except SyntaxError:
            return False
        return True


def mutants(root: Path, path: str) -> Iterator[Mutant]:
    source = (root / path).read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    tree = ast.parse(source)
    conditions = {node.test for node in ast.walk(tree) if isinstance(node, ast.If | ast.While | ast.IfExp)}
    for node in _seen(tree):
        negated = [("the condition is negated", ast.UnaryOp(ast.Not(), node))] if node in conditions else []
        for change, mutated in [*_changes(node), *negated]:
            code = ast.unparse(ast.fix_missing_locations(mutated))
            line = lines[node.lineno - 1]
            yield Mutant(
                path=path,
                line=node.lineno,
                column=node.col_offset - (len(line) - len(line.lstrip())),
                change=change,
                original=line.strip(),
                start=_offset(lines, node.lineno, node.col_offset),
                end=_offset(lines, node.end_lineno, node.end_col_offset),
                code=f"({code})" if isinstance(node, ast.expr) else code,
            )


def _seen(node: ast.AST) -> Iterator[ast.AST]:
    """Without docstrings, annotations, imports, what is for readers, and kw_only, which only forbids calls."""
    for name, value in ast.iter_fields(node):
        if name in _UNSEEN or (isinstance(node, ast.keyword) and node.arg == "kw_only"):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if not isinstance(inner, ast.AST) or isinstance(inner, ast.Import | ast.ImportFrom | ast.JoinedStr):
                continue
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant):
                continue
            if isinstance(inner, ast.Assign) and _is_for_readers(inner):
                continue
            if hasattr(inner, "lineno"):
                yield inner
            yield from _seen(inner)


def _is_for_readers(assignment: ast.Assign) -> bool:
    """`__all__`, and the type of a function."""
    is_function_type = isinstance(assignment.value, ast.Subscript) and ast.unparse(assignment.value.value) == "Callable"
    return is_function_type or ast.unparse(assignment.targets[0]) == "__all__"


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Description -> the node to use instead."""
    for kind, change in _OPERATORS.items():
        if isinstance(node, kind):
            yield from change(node)


def _comparison(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    first, *rest = node.ops
    other = _COMPARISONS[type(first)]()
    yield f"{_name(first)} becomes {_name(other)}", ast.Compare(node.left, [other, *rest], node.comparators)


def _conditions(node: ast.BoolOp) -> Iterator[tuple[str, ast.AST]]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield f"{_name(node.op)} becomes {_name(other)}", ast.BoolOp(other, node.values)
    for number, kept in _each_without_one(node.values):
        yield f"condition {number + 1} is dropped", kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept)


def _negation(node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.op, ast.Not):
        yield "not is dropped", node.operand


def _arithmetic(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    if type(node.op) in _ARITHMETIC:
        other = _ARITHMETIC[type(node.op)]()
        yield f"{_name(node.op)} becomes {_name(other)}", ast.BinOp(node.left, other, node.right)


def _constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    match node.value:
        case bool(value):
            yield f"{value} becomes {not value}", ast.Constant(not value)
        case int(value):
            yield f"{value} becomes {value + 1}", ast.Constant(value + 1)
            yield f"{value} becomes {value - 1}", ast.Constant(value - 1)
        case str(value):
            yield f"{value[:40]!r} is another text", ast.Constant(f"X{value}X")


def _branches(node: ast.IfExp) -> Iterator[tuple[str, ast.AST]]:
    yield "the branches are swapped", ast.IfExp(node.test, node.orelse, node.body)


def _return(node: ast.Return) -> Iterator[tuple[str, ast.AST]]:
    if node.value is not None and not _is_none(node.value):
        yield "returns None", ast.Return(ast.Constant(None))


def _statement(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call):
        yield "the statement is dropped", ast.Pass()


def _keywords(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for number, kept in _each_without_one(node.keywords):
        if (name := node.keywords[number].arg) not in {None, "kw_only"}:
            yield f"{name}= is dropped", ast.Call(node.func, node.args, kept)


def _items(node: ast.Dict) -> Iterator[tuple[str, ast.AST]]:
    for number, kept in _each_without_one([*zip(node.keys, node.values, strict=True)]):
        key = node.keys[number]
        mutated = ast.Dict([key for key, _ in kept], [value for _, value in kept])
        yield f"{ast.unparse(key) if key else '**'}: is dropped", mutated


def _entries(node: ast.Set | ast.List) -> Iterator[tuple[str, ast.AST]]:
    if len(node.elts) > 1 and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        for number, kept in _each_without_one(node.elts):
            mutated = ast.Set(kept) if isinstance(node, ast.Set) else ast.List(kept, node.ctx)
            yield f"{ast.unparse(node.elts[number])[:40]} is dropped", mutated


_OPERATORS: dict[Any, Callable[[Any], Iterator[tuple[str, ast.AST]]]] = {
    ast.Compare: _comparison,
    ast.BoolOp: _conditions,
    ast.UnaryOp: _negation,
    ast.BinOp: _arithmetic,
    ast.Constant: _constant,
    ast.IfExp: _branches,
    ast.Return: _return,
    ast.Expr | ast.Raise | ast.AugAssign: _statement,
    ast.Call: _keywords,
    ast.Dict: _items,
    ast.Set | ast.List: _entries,
}


def _each_without_one(entries: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    for number in range(len(entries)):
        yield number, entries[:number] + entries[number + 1 :]


def _is_none(value: ast.AST) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


def _offset(lines: list[str], line: int, column: int) -> int:
    """The offset in characters: ast counts the bytes of a line."""
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())
