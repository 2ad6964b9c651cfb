"""Where a training comes from: its files, and how a later process finds it again."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from tunesmith.errors import InvalidFile
from tunesmith.space.params import Json

_INSTALLED: Final = ("site-packages", "dist-packages")


class Origin(NamedTuple):
    """What a record needs to know of a training beyond the process that it runs in."""

    files: tuple[Path, ...] = ()
    """Its source: the file that was named first, then what that imports from beside it."""
    root: Path | None = None
    """The directory that the files' names begin at."""
    source: str = ""
    """The function's own text where it stands in no file, but in a notebook's cell."""
    target: Json = None
    """How it is started again, as JSON; None if only a person can tell.

    `{"function": "train:train", "path": DIR}` is a name in a module, importable with DIR on the path;
    `{"command": [...], "cwd": DIR, "metrics_file": None}` are the arguments of `Command`.
    """


NOWHERE: Final = Origin()


# -- functions -------------------------------------------------------------------------------------------------------


def origin_of(function: Callable[..., Any]) -> Origin:
    """The origin of a function, which can be found again if it has a name in a module, or in a script with a main part of its own."""
    file = source_of(function)
    if file is None:
        return Origin(source=_text_of(function))
    module, name = getattr(function, "__module__", "__main__"), getattr(function, "__qualname__", "")
    if module != "__main__" and getattr(sys.modules.get(module), name, None) is function:
        return _origin_in(module, name)
    found = getattr(sys.modules["__main__"], name, None) is function and _is_importable(file)
    target = {"function": f"{file.stem}:{name}", "path": str(file.parent)} if found else None
    return Origin(_with_neighbours(file, file.parent), file.parent, target=target)


def _is_importable(script: Path) -> bool:
    """Whether a script keeps what it does under `if __name__ == "__main__":`, so that to import it is not to run it."""
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    guarded = any(isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body)
    return guarded and script.suffix == ".py" and script.stem.isidentifier()


def origin_of_named(target: str) -> Origin:
    """The origin of the function that `train.py:train` or `package.module:train` names, once it has been loaded."""
    module, _, name = _module_and_directory(target)
    return _origin_in(module, name)


def _origin_in(module: str, name: str) -> Origin:
    path = sys.modules[module].__file__
    if path is None:
        return NOWHERE
    file = Path(path).absolute()
    root = file.parents[module.count(".") + (file.name == "__init__.py")]
    target = {"function": f"{module}:{name}", "path": str(root)}
    return Origin(_with_neighbours(file, root), root, target=target)


def source_of(function: Callable[..., Any]) -> Path | None:
    """The file that a training function was written in."""
    while isinstance(function, partial):
        function = function.func
    try:
        found = inspect.getsourcefile(inspect.unwrap(function))
    except TypeError:
        return None
    return Path(found).absolute() if found and Path(found).exists() else None


def _text_of(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (TypeError, OSError):
        return ""


def _with_neighbours(file: Path, root: Path) -> tuple[Path, ...]:
    """A source file, and those of the loaded modules beside and below it; what is installed is known by its version."""
    loaded = {Path(path).absolute() for module in _own_modules() if (path := getattr(module, "__file__", None))}
    beside = {path for path in loaded if path.suffix == ".py" and path.is_relative_to(root)}
    near = {path for path in beside if not set(path.relative_to(root).parts) & set(_INSTALLED)}
    return (file, *sorted(near - {file}))


def _own_modules() -> Iterator[ModuleType]:
    return (module for name, module in tuple(sys.modules.items()) if name.partition(".")[0] != "tunesmith")


# -- loading ---------------------------------------------------------------------------------------------------------


def load_function(target: str) -> Callable[..., Any]:
    """The function that `train.py:train` or `package.module:train` names. Errors in the module itself come with its traceback."""
    module, directory, name = _module_and_directory(target)
    return _loaded(module, directory, name, target.rpartition(":")[0])


def load_recorded(target: Json) -> Callable[..., Any]:
    """The function that a record's target names."""
    module, _, name = target["function"].rpartition(":")
    package = module.partition(".")[0]
    known = getattr(sys.modules.get(package), "__file__", None)
    if package == "tunesmith" or known is None or Path(known).is_relative_to(target["path"]):
        return _loaded(module, Path(target["path"]), name, f"{target['path']}: {module}")
    # Another directory's module of the same name is loaded; it shall be found again by whoever uses it.
    others = {loaded: sys.modules.pop(loaded) for loaded in tuple(sys.modules) if loaded.partition(".")[0] == package}
    try:
        return _loaded(module, Path(target["path"]), name, f"{target['path']}: {module}")
    finally:
        sys.modules.update(others)


def _module_and_directory(target: str) -> tuple[str, Path, str]:
    place, _, name = target.rpartition(":")
    if not place:
        raise InvalidFile(f"{target}: name the function in it, as in {target}:train.")
    if not place.endswith(".py"):
        return place, Path.cwd(), name
    path = Path(place).absolute()
    if not path.exists():
        raise InvalidFile(f"{place} does not exist; name a Python file and a function in it, as in train.py:train.")
    return path.stem, path.parent, name


def _loaded(module_name: str, directory: Path, name: str, place: str) -> Callable[..., Any]:
    sys.path.insert(0, str(directory))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # a module that the user's own code imports
        raise InvalidFile(
            f"There is no module {module_name!r} here; name a file and a function, as in train.py:train."
        ) from None
    except SystemExit as end:
        raise InvalidFile(
            f"{place} ended when it was loaded (exit code {end.code}); put its main part under if __name__ == '__main__':, "
            f"or run it as a program: tunesmith run -- python {place}"
        ) from None
    function = getattr(module, name, None)
    if not callable(function):
        known = ", ".join(
            key
            for key, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", "") == module_name
        )
        raise InvalidFile(f"{place} has no function {name!r}; its functions: {known or 'none'}.")
    found: Callable[..., Any] = function
    return found
