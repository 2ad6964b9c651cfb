"""The command line of one trial, from a template. Pure.

| in the template                 | becomes                                                                        |
| ------------------------------- | ------------------------------------------------------------------------------ |
| `{lr}`, `{model.width}`         | the value; True, False and None as in Python, lists as JSON                    |
| `${env}`, `${interpreter}`      | /usr/bin/env; the Python that runs Tunesmith                                   |
| `${args}`                       | --lr=0.1 --width=64                                                            |
| `${args_no_equals}`             | --lr 0.1 --width 64                                                            |
| `${args_no_hyphens}`            | lr=0.1 width=64 (Hydra; `_append_hydra` and `_override_hydra` put + and ++)    |
| `${args_no_boolean_flags}`      | --flag for true, nothing for false, the rest as in `${args}`                   |
| `${args_json}`                  | one word of JSON, groups nested                                                |
| `${args_json_file}`             | the path of a file that holds it                                               |
| `${envvar:NAME}`                | the program's environment variable; the bare name if there is none             |

Braces around anything else stay as they are. What several words come from may also stand inside a word, as in
`sh -c "python train.py ${args}"`; the words are quoted for a shell then.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tunesmith.space.names import nest_config
from tunesmith.space.params import Config, Json

_SLOT: Final = re.compile(r"\$\{([^{}]*)\}|\{([^{}]*)\}")
_ENV: Final = "/usr/bin/env"
_JSON_FILE: Final = "args_json_file"


def fill(
    template: Sequence[str],
    config: Config,
    *,
    environ: Mapping[str, str] | None = None,
    json_file: str = "",
    interpreter: str = sys.executable,
) -> list[str]:
    """The words of the command line. A template that takes no values anywhere has `${args}` added at its end.

    `environ` serves `${envvar:NAME}`; `json_file` is the path for `${args_json_file}`, whose content is `config_json`.
    """
    texts = {name: value_text(value) for name, value in config.items()}
    singles = {"env": _ENV, "interpreter": interpreter, "args_json": config_json(config), _JSON_FILE: json_file}
    words: list[str] = []
    takes_values = False

    def replacement(match: re.Match[str]) -> str:
        nonlocal takes_values
        macro, name = match.groups()
        if macro is None:
            takes_values |= name in texts
            return texts.get(name, match.group())
        takes_values |= macro in _SEVERAL or macro.startswith("args_json")
        if macro in _SEVERAL:
            return shlex.join(_SEVERAL[macro](config))
        if macro.startswith("envvar:"):
            variable = macro.removeprefix("envvar:")
            return (environ or {}).get(variable, variable)
        return singles.get(macro, match.group())

    for word in template:
        if word[:2] == "${" and word[2:-1] in _SEVERAL and word[-1] == "}":
            words += _SEVERAL[word[2:-1]](config)
            takes_values = True
        else:
            words.append(_SLOT.sub(replacement, word))
    return words if takes_values else words + _flags(config)


def macro_names() -> tuple[str, ...]:
    """All macros but `${envvar:NAME}`, without their brackets."""
    return ("env", "interpreter", *_SEVERAL, "args_json", _JSON_FILE)


def needs_json_file(template: Sequence[str]) -> bool:
    """Whether the file of `${args_json_file}` must be written."""
    return any(f"${{{_JSON_FILE}}}" in word for word in template)


def config_json(config: Config) -> str:
    """The configuration as programs read it: dotted names are nested groups."""
    return json.dumps(nest_config(config), ensure_ascii=False)


def value_text(value: Json) -> str:
    """A value as one word."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        # As W&B gives them, and as Python programs read them.
        return str(value)
    # JSON has the shortest exact floats.
    return json.dumps(value, ensure_ascii=False)


def _each(form: str) -> Callable[[Config], list[str]]:
    return lambda config: [form.format(name, value_text(value)) for name, value in config.items()]


_flags: Final = _each("--{}={}")


def _apart(config: Config) -> list[str]:
    return [word for name, value in config.items() for word in (f"--{name}", value_text(value))]


def _switches(config: Config) -> list[str]:
    given = {name: value for name, value in config.items() if value is not False}
    return [f"--{name}" if value is True else f"--{name}={value_text(value)}" for name, value in given.items()]


_SEVERAL: Final[Mapping[str, Callable[[Config], list[str]]]] = {
    "args": _flags,
    "args_no_equals": _apart,
    "args_no_hyphens": _each("{}={}"),
    "args_append_hydra": _each("+{}={}"),
    "args_override_hydra": _each("++{}={}"),
    "args_no_boolean_flags": _switches,
}
