"""The rules that keep the rooms apart, read from the source with `ast`. ARCHITECTURE.md explains them."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import tunesmith

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tunesmith"
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Which rooms a room may import from, besides itself.
_ALGORITHMS = {"errors", "space", "trials"}
_LEARNERS = {*_ALGORITHMS, "surrogates"}
_RUN = {*_ALGORITHMS, "samplers", "schedulers", "stores"}
_STUDY = {*_RUN, "surrogates", "analysis", "plots", "run", "stages"}
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "space": {"errors"},
    "trials": {"errors", "space"},
    "surrogates": _ALGORITHMS,
    "samplers": _LEARNERS,
    "schedulers": _LEARNERS,
    "analysis": _LEARNERS,
    "stores": _ALGORITHMS,
    "plots": {*_ALGORITHMS, "analysis", "stages"},
    "run": _RUN,
    "stages": {*_RUN, "surrogates", "analysis", "run"},
    "warm_start": {*_ALGORITHMS, "stores"},
    "opening": {*_RUN, "warm_start"},
    "reading": {*_RUN, "run"},
    "asking": {*_RUN, "run", "reading"},
    "held_out": {*_STUDY, "reading"},
    "study": {*_STUDY, "opening", "reading", "asking", "held_out", "warm_start"},
    "tuning": {*_STUDY, "study", "held_out", "warm_start"},
    "training": {*_STUDY, "study", "tuning"},
    "recipes": {*_STUDY, "study", "tuning", "training"},
    "reproduce": {*_STUDY, "study"},
    "web": {*_STUDY, "study", "tuning"},
    "testing": _STUDY - {"plots"},
    "cli": {*_STUDY, "study", "tuning", "training", "recipes", "reproduce", "web", "warm_start"},
    "__main__": {"cli"},
}

PURE = ("space", "trials", "surrogates", "samplers", "schedulers", "analysis", "stages")
IMPURE_MODULES = {
    "time", "datetime", "os", "io", "pathlib", "random", "secrets", "threading", "multiprocessing", "concurrent",
    "asyncio", "socket", "sqlite3", "logging", "subprocess", "tempfile", "shutil", "pickle", "cloudpickle", "rich",
    "click", "plotly", "jinja2", "starlette", "uvicorn",
}  # fmt: skip
NUMPY_RANDOM_THAT_IS_LOCAL = {"default_rng", "Generator", "SeedSequence"}

LONGEST_FILE = 400

DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc"}


class Import(NamedTuple):
    """An import inside the package: what is imported, and whether it happens only for type checkers."""

    file: Path
    line: int
    target: str
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(SOURCE)}:{self.line} imports {self.target}"


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports(file: Path) -> Iterator[Import]:
    """All imports of a file, also those inside functions, as full module names."""
    tree = tree_of(file)
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name, id(node) in typing_only)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: write the full name of the module"
            assert node.module is not None
            names = {alias.name for alias in node.names}
            inside = [f"{node.module}.{name}" for name in names if is_module(f"{node.module}.{name}")]
            for target in inside if len(inside) == len(names) else [node.module, *inside]:
                yield Import(file, node.lineno, target, id(node) in typing_only)


def is_module(name: str) -> bool:
    path = SOURCE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def inner_imports(room: str) -> list[Import]:
    return [
        found
        for file in files()
        if room_of(file) == room
        for found in imports(file)
        if found.target.split(".")[0] == "tunesmith"
    ]


def rooms() -> list[str]:
    return sorted({room_of(file) for file in files()} - {"__init__"})


# -- who may import whom ---------------------------------------------------------------------------------------------


def test_every_room_has_a_place() -> None:
    """a new room must be given its place in the order before anything else"""
    assert set(rooms()) <= set(BELOW)


@pytest.mark.parametrize("room", rooms())
def test_imports_run_one_way(room: str) -> None:
    """errors <- space <- trials <- {samplers | schedulers | analysis | stores} <- run <- study <- faces"""
    allowed = {*BELOW.get(room, set()), room}
    wrong = []
    for found in inner_imports(room):
        target = found.target.split(".")[1] if "." in found.target else ""
        if target not in allowed:
            wrong.append(str(found))
    assert wrong == []


def test_run_sees_only_the_protocols_of_samplers_schedulers_and_stores() -> None:
    """the driver works with any sampler, scheduler and store, because it cannot know one"""
    wrong = [
        str(found)
        for found in inner_imports("run")
        if found.target.split(".")[1] in ("samplers", "schedulers", "stores") and not found.target.endswith(".base")
    ]
    assert wrong == []


def test_modules_do_not_import_in_circles() -> None:
    """inside a room, too, imports run one way; imports inside functions and for type checkers do not count"""
    names = {file: ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts) for file in files()}
    graph: dict[str, set[str]] = {}
    for file, name in names.items():
        if file.name != "__init__.py":
            top = top_level_lines(file)
            graph[name] = {
                found.target for found in imports(file) if found.line in top and not found.typing_only
            } & set(names.values())
    waiting = dict(graph)
    while waiting:
        leaves = [name for name, targets in waiting.items() if not targets & waiting.keys()]
        assert leaves, f"these modules import one another: {sorted(waiting)}"
        for leaf in leaves:
            del waiting[leaf]


def top_level_lines(file: Path) -> set[int]:
    """Lines of the imports that run when the module is loaded."""
    return {node.lineno for node in tree_of(file).body if isinstance(node, ast.Import | ast.ImportFrom)}


# -- purity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_touch_nothing_outside(room: str) -> None:
    """no clock, no disk, no process, no network, no log, no terminal"""
    wrong = [
        str(found)
        for file in files()
        if room_of(file) == room
        for found in imports(file)
        if found.target.split(".")[0] in IMPURE_MODULES
    ]
    assert wrong == []


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_use_no_global_randomness(room: str) -> None:
    """randomness comes in as a generator, so that the same view and generator give the same answer"""
    wrong = []
    for file in files():
        if room_of(file) != room:
            continue
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "numpy.random"):
                if node.attr not in NUMPY_RANDOM_THAT_IS_LOCAL:
                    wrong.append(f"{file.relative_to(SOURCE)}:{node.lineno} uses {ast.unparse(node)}")
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
                if not node.args and not node.keywords:
                    wrong.append(f"{file.relative_to(SOURCE)}:{node.lineno} makes a generator without a seed")
            elif isinstance(node, ast.Name) and node.id in ("open", "input", "print", "eval", "exec"):
                wrong.append(f"{file.relative_to(SOURCE)}:{node.lineno} uses {node.id}")
    assert wrong == []


def test_modules_that_say_they_are_pure_are() -> None:
    """outside of the pure rooms, too: a module whose first line ends with "Pure." touches nothing"""
    wrong = []
    for file in files():
        if room_of(file) not in PURE and first_line(file).endswith("Pure."):
            wrong += [str(found) for found in imports(file) if found.target.split(".")[0] in IMPURE_MODULES]
    assert wrong == []


def first_line(file: Path) -> str:
    return (ast.get_docstring(tree_of(file)) or "").partition("\n")[0]


def test_every_module_says_what_it_is() -> None:
    """in the first line of its docstring"""
    assert [str(file.relative_to(SOURCE)) for file in files() if not first_line(file).endswith((".", "?"))] == []


def test_stores_do_not_unpickle() -> None:
    """what is read from a store is data, whoever wrote it"""
    wrong = [
        str(found)
        for file in files()
        if room_of(file) in ("stores", "trials", "space", "study", "cli", "analysis", "plots")
        for found in imports(file)
        if found.target.split(".")[0] in ("pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib")
    ]
    assert wrong == []


# -- shape of the code -----------------------------------------------------------------------------------------------


def test_nothing_calls_super() -> None:
    """a class is a protocol or final; variation is by wrapping"""
    wrong = [
        f"{file.relative_to(SOURCE)}:{node.lineno}"
        for file in files()
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Name) and node.id == "super"
    ]
    assert wrong == []


def test_no_concrete_class_of_ours_is_subclassed() -> None:
    """only exceptions form a tree; all else is a protocol or stands alone"""
    bases: dict[str, set[str]] = {}
    protocols = set()
    for file in files():
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.ClassDef):
                names = {ast.unparse(base).split("[")[0] for base in node.bases}
                bases[node.name] = bases.get(node.name, set()) | names
                if "Protocol" in names:
                    protocols.add(node.name)
    errors = {node.name for node in ast.walk(tree_of(SOURCE / "errors.py")) if isinstance(node, ast.ClassDef)}
    ours = bases.keys() - protocols - errors
    wrong = [f"{name} is a {base}" for name, names in bases.items() for base in names & ours]
    assert wrong == []


def test_no_drawers() -> None:
    """a module is named for what it holds"""
    wrong = [str(path.relative_to(SOURCE)) for path in [*files(), *(f.parent for f in files())] if path.stem in DRAWERS]
    assert wrong == []


def test_files_can_be_read_in_one_sitting() -> None:
    """no file is longer than 400 lines; most are half as long"""
    lengths = {str(file.relative_to(SOURCE)): len(file.read_text(encoding="utf-8").splitlines()) for file in files()}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert too_long == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= LONGEST_FILE / 2


# -- the public names ------------------------------------------------------------------------------------------------


def test_lazy_names_are_those_that_type_checkers_see() -> None:
    """the table in `__init__.py` and the imports for type checkers say the same"""
    seen = {}
    for node in ast.walk(tree_of(SOURCE / "__init__.py")):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tunesmith."):
            for alias in node.names:
                assert alias.asname == alias.name, f"write {alias.name} as {alias.name}"
                seen[alias.name] = node.module.removeprefix("tunesmith.")
    assert seen == tunesmith._HOME_OF


def test_lazy_names_are_sorted() -> None:
    """homes, the names of each home, and `__all__`"""
    assert list(tunesmith._HOMES) == sorted(tunesmith._HOMES)
    assert [list(names) for names in tunesmith._HOMES.values()] == [
        sorted(names) for names in tunesmith._HOMES.values()
    ]
    assert tunesmith.__all__ == sorted(tunesmith.__all__)


@pytest.mark.parametrize("name", tunesmith.__all__)
def test_every_public_name_loads(name: str) -> None:
    """and is the one that its home defines"""
    home = importlib.import_module(f"tunesmith.{tunesmith._HOME_OF[name]}")
    assert getattr(tunesmith, name) is getattr(home, name)
    assert name in dir(tunesmith)


def test_unknown_names_are_attribute_errors() -> None:
    """so that hasattr and the editors work"""
    assert not hasattr(tunesmith, "no_such_name")


def test_the_version_is_the_one_of_the_package() -> None:
    """told in two places, once"""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{tunesmith.__version__}"' in text


# -- what importing costs --------------------------------------------------------------------------------------------


def loaded_by(code: str) -> set[str]:
    """Top-level packages beyond the standard library that a fresh interpreter has loaded after `code`."""
    script = (
        f"import sys; before = set(sys.modules); {code}\n"
        "names = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print('\\n'.join(names - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split()) - {"tunesmith", ""}


def test_import_loads_nothing_heavier_than_numpy() -> None:
    """`import tunesmith` must be free, also for programs that only sometimes tune"""
    assert loaded_by("import tunesmith") <= {"numpy"}


def test_names_load_no_faces() -> None:
    """a program that tunes needs neither the plots nor the command line nor the extras"""
    heavy = {"plotly", "rich", "click", "sklearn", "jinja2", "pandas", "polars", "ruamel", "torch"}
    assert not loaded_by("import tunesmith; tunesmith.Float, tunesmith.Study, tunesmith.tune") & heavy


def test_reading_commands_load_only_what_they_need() -> None:
    """`tunesmith ls` answers without loading plots, scipy or the extras"""
    heavy = {"plotly", "sklearn", "jinja2", "pandas", "polars", "torch", "scipy"}
    assert not loaded_by("import tunesmith.cli.main, tunesmith.cli.show, tunesmith.cli.check") & heavy


# -- the repository --------------------------------------------------------------------------------------------------


def test_decisions_are_numbered_without_gaps() -> None:
    """docs/decisions/0001-title.md, 0002-title.md, ..."""
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert names, "docs/decisions is empty"
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_every_dependency_has_its_line_in_the_decisions() -> None:
    """each dependency must earn its place"""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert block is not None
    wanted = re.findall(r'"([A-Za-z0-9_.-]+?)[><=~]', block[1])
    decision = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    assert [name for name in wanted if f"**{name}**" not in decision] == []


def test_nothing_names_a_package_registry() -> None:
    """where packages come from is the business of whoever installs them"""
    hosts = re.compile(rb"(pypi\.org|pythonhosted\.org|test\.pypi|anaconda\.org|conda\.anaconda|index-url|npmjs\.)")
    wrong = []
    for path in repository_files():
        content = path.read_bytes()
        if path != Path(__file__).resolve() and hosts.search(content):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def functions_of(file: Path) -> set[str]:
    return {node.name for node in ast.walk(tree_of(file)) if isinstance(node, ast.FunctionDef)}


def test_the_architecture_page_names_what_exists() -> None:
    """rooms, files, and the tests that hold the invariants"""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    known = {path.name for path in SOURCE.rglob("*")}
    assert sorted(set(re.findall(r"`(?:\w+/)*(\w+\.(?:py|j2))`", text)) - known - {path.name for path in TESTS}) == []
    tests = {path: functions_of(path) for path in (*TESTS, *(SOURCE / "testing").glob("*.py"))}
    assert sorted(set(re.findall(r"\b(test_\w+)`", text)) - set().union(*tests.values())) == []
    assert [path for path in re.findall(r"`(tests/[\w/.]+)", text) if not (ROOT / path).exists()] == []
    placed = re.findall(r"`(tests/[\w/.]+)::(\w+)`", text)
    assert [name for path, name in placed if name not in tests[ROOT / path]] == []
    assert [room for room in rooms() if room != "__main__" and not re.search(rf"`{room}(/|\.py)`", text)] == []


def repository_files() -> list[Path]:
    """All files that are or could be committed; hidden and built ones are left out."""
    skipped = {"__pycache__", "build", "dist", "node_modules"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and not any(part in skipped or part.endswith((".egg-info", ".files")) for part in path.relative_to(ROOT).parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
        and path.suffix not in (".db", ".png", ".html")
    ]
