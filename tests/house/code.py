"""The project's modules for the laws: parsed, never imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """`name` is dotted, from the project's root: `shared.store.table`."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every module that this one imports (`from shared import log`: `shared.log`), and the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = "." * node.level + (node.module or "")
                for alias in node.names:
                    # Our packages are empty, so a name imported from one is a module.
                    yield (f"{package}.{alias.name}" if _is_package(package) else package), node.lineno
        for room, line in self.rooms_imported_by_name():
            yield from ((other.name, line) for other in modules(room.replace(".", "/")) if other.name != self.name)

    def rooms_imported_by_name(self) -> Iterator[tuple[str, int]]:
        """Every `import_module(f"room.{name}")`, which may import any module of that room, and its line."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Call(
                    func=ast.Name("import_module"),
                    args=[ast.JoinedStr([ast.Constant(str(start)), ast.FormattedValue()])],
                ) if start.endswith("."):
                    yield start.removesuffix("."), node.lineno

    def texts(self) -> Iterator[tuple[str, int]]:
        """Every string literal and its line, except docstrings, which are prose."""
        prose = {id(node) for node in _docstrings(self.tree)}
        for node in ast.walk(self.tree):
            match node:
                case ast.Constant(value=str(text)) if id(node) not in prose:
                    yield text, node.lineno

    def names(self) -> Iterator[tuple[str, int]]:
        """Every name that the code defines or uses, and its line."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                    yield name, node.lineno
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                    yield name, node.lineno

    def words(self) -> Iterator[tuple[str, int]]:
        yield from self.texts()
        yield from self.names()

    def variables(self) -> Iterator[tuple[str | None, int]]:
        """Every use of the environment, and its line; None for a variable whose name is computed."""
        named = {}
        for node in ast.walk(self.tree):
            match node:
                case ast.Subscript(value=ast.Attribute(attr="environ") as environ, slice=ast.Constant(value=str(name))):
                    named[id(environ)] = name
                case ast.Call(
                    func=ast.Attribute(attr="get", value=ast.Attribute(attr="environ") as environ),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    named[id(environ)] = name
                case ast.Compare(
                    left=ast.Constant(value=str(name)),
                    ops=[ast.In()],
                    comparators=[ast.Attribute(attr="environ") as environ],
                ):
                    named[id(environ)] = name
        for node in ast.walk(self.tree):
            match node:
                case (
                    ast.Attribute(attr="environ" | "environb" | "getenv")
                    | ast.alias(name="environ" | "environb" | "getenv")
                ):
                    yield named.get(id(node)), node.lineno


def reached_from(name: str) -> set[str]:
    """Our modules that are loaded, or may be, once this one is."""
    reached: set[str] = set()
    ahead = [name]
    while ahead:
        here = ahead.pop()
        if here not in reached:
            reached.add(here)
            ahead += [imported for imported, _ in module(here).imports() if imported.startswith("shared.")]
    return reached


def modules(*rooms: str) -> list[Module]:
    """All modules in these folders that are not empty."""
    paths = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py")) if path.stat().st_size]
    return [_read(path) for path in paths]


def module(name: str) -> Module:
    return _read(ROOT / f"{name.replace('.', '/')}.py")


@cache
def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Module(name, path, text, ast.parse(text))


def _is_package(name: str) -> bool:
    return (ROOT / name.replace(".", "/") / "__init__.py").is_file()


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            yield node.body[0].value
