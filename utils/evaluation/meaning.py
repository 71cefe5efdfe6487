"""A hash of what a definition computes: its own code, and all that it names in this project.

Comments, docstrings, import statements and the places of files do not count: a function that moved
computes what it did. Names are followed as they are written, through imports as well; what runs
when a module is imported and binds no name, and what is called by a name that is put together at
run time, is not seen.
"""

import ast
import hashlib
import symtable
from functools import cache

from utils.files import ROOT

PROJECT = ("neon", "utils")
IMPORTS = (ast.Import, ast.ImportFrom)
SCOPES = (ast.FunctionDef, ast.ClassDef)


@cache
def meaning(module, name, entry=None):
    """Hash of what a name of a module stands for.

    Args:
        module: dotted name of a module of the project.
        name: that it binds.
        entry: a key, if the name is a dictionary of which only one value is meant.

    Returns:
        12 hexadecimal digits.

    Raises:
        KeyError: the module does not bind the name, or the dictionary has no such key.

    Example:
        >>> meaning("utils.files", "digest") == meaning("utils.files", "write_whole")
        False
    """
    return digest(repr(sorted(repr(plain(node)) for node in reached(module, name, entry))).encode())


def digest(content):
    """First 12 hexadecimal digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:12]


def reached(module, name, entry=None):
    """Syntax trees of a name's definition and of all that it leads to in the project."""
    nodes = definitions(module, name)
    if entry is not None:
        nodes = [(module, value(nodes[0][1], entry))]
    found, waiting = {}, list(nodes)
    while waiting:
        module, node = waiting.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        for used in used_by(module, node) & names(module).keys():
            waiting += definitions(module, used)
    return list(found.values())


def definitions(module, name, seen=frozenset()):
    """Statements that bind a name, each with the module that it stands in.

    A name that stands for a module stands for all that the module binds.
    """
    if (module, name) in seen:  # modules that import each other
        return []
    seen |= {(module, name)}
    meant = names(module).get(name, (module, name))
    if meant == (module, name):  # `from . import name` in a package
        module = f"{module}.{name}"
        if not path_of(module).exists():
            raise KeyError(f"`{module}` is neither bound nor a module.")
        return [pair for inner in names(module) for pair in definitions(module, inner, seen)]
    if isinstance(meant, tuple):
        return definitions(*meant, seen) if in_project(meant[0]) else []
    return [(module, node) for node in meant]


@cache
def names(module):
    """What each name of a module stands for: statements that bind it, or (module, name)."""
    tree, found = parse(module), {}
    for statement in tree.body:
        for name in bound_by(statement):
            found.setdefault(name, []).append(statement)
    package = module.split(".")
    if path_of(module).name != "__init__.py":
        package.pop()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, (origin, alias.name))
    return found


def bound_by(statement):
    """Names that a statement at the top of a module binds, imports aside."""
    if isinstance(statement, SCOPES):
        return {statement.name}
    inner = list(ast.walk(statement))
    stored = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {n.name for n in inner if isinstance(n, SCOPES)}


def used_by(module, node):
    """Names of the module that a syntax tree uses; a variable of the same name is not one."""
    found, waiting = set(), [node]
    while waiting:
        here = waiting.pop()
        table = scopes(module).get((getattr(here, "name", None), getattr(here, "lineno", None)))
        if table:  # what is written outside of the body is read in the module
            found |= outer_names(table)
            waiting += here.decorator_list
            defaults = getattr(here, "args", None)
            waiting += (
                [d for d in (defaults.defaults + defaults.kw_defaults) if d]
                if defaults
                else here.bases
            )
        elif isinstance(here, ast.Name):
            found.add(here.id)
        else:
            waiting += ast.iter_child_nodes(here)
    return found


def outer_names(table):
    """Names that a scope and those within it take from the module, or import themselves."""
    own = {s.get_name() for s in table.get_symbols() if s.is_global() or s.is_imported()}
    return own.union(*map(outer_names, table.get_children()))


@cache
def scopes(module):
    """Symbol tables of the functions and classes of a module that are in no other."""
    top = symtable.symtable(path_of(module).read_text(encoding="utf-8"), module, "exec")
    return {(table.get_name(), table.get_lineno()): table for table in top.get_children()}


def value(statement, entry):
    """Value of a key in the dictionary that a statement assigns."""
    keys = [key.value for key in statement.value.keys]
    return statement.value.values[keys.index(entry)]


def in_project(module):
    """Does a module belong to the project?"""
    return module.split(".")[0] in PROJECT


def path_of(module):
    """Where a module of the project lies."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def parse(module):
    """Syntax tree of a module."""
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


def plain(node):
    """Turn a syntax tree into nested lists; empty fields, which differ by version, are dropped."""
    if isinstance(node, ast.AST):
        fields = [(name, plain(value)) for name, value in ast.iter_fields(node)]
        return [type(node).__name__, [field for field in fields if field[1] not in (None, [])]]
    if isinstance(node, list):
        return [
            plain(child) for child in node if not (is_text(child) or isinstance(child, IMPORTS))
        ]
    return node


def is_text(node):
    """Is the statement a docstring?"""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
