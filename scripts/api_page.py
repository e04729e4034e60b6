"""docs/api.md: signatures and docstrings of what a user imports, read from the source without importing it."""

import ast
import inspect
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent.parent / "src"
WIDTH = 100

_SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Yields", "References", "Example")
_OF_ENTRIES = ("Args", "Attributes", "Raises")

Definition = ast.ClassDef | ast.FunctionDef


class Group(NamedTuple):
    """Names that belong together on the page.

    Attributes:
        title: Of the section.
        words: A sentence or two before the names.
        names: As they are imported, with their module.
    """

    title: str
    words: str
    names: tuple[str, ...]


LAZY = {"Generator": "inkmint.models.generator", "Recogniser": "inkmint.models.recogniser"}
"""Where the names live that `inkmint` itself gives out."""

GROUPS = (
    Group(
        "Mint and read",
        "Both come from `inkmint` itself; torch is imported when one of them is first asked for.",
        ("inkmint.Generator", "inkmint.Recogniser"),
    ),
    Group(
        "Digits",
        "Sets of digits in memory, from names, folders and files.",
        (
            "inkmint.data.sources.load_splits",
            "inkmint.data.digits.DigitSet",
            "inkmint.data.digits.Splits",
            "inkmint.data.folder.read_folder",
            "inkmint.data.folder.write_folder",
            "inkmint.data.npz.write_npz",
        ),
    ),
    Group(
        "Pictures",
        "What `Recogniser.reader` gives, and what it finds on a page.",
        (
            "inkmint.reading.reader.Reader",
            "inkmint.reading.reader.Reading",
            "inkmint.reading.reader.ReadDigit",
        ),
    ),
    Group(
        "Recipes and training",
        "What `inkmint train` does. A run folder is all that training leaves, and what the rest takes.",
        (
            "inkmint.recipes.find_recipe",
            "inkmint.training.recipe.Recipe",
            "inkmint.training.recipe.Optimiser",
            "inkmint.training.recipe.Schedule",
            "inkmint.data.augment.Augment",
            "inkmint.training.session.train",
            "inkmint.training.session.resume",
            "inkmint.training.runs.Run",
        ),
    ),
    Group(
        "Labelled sets",
        "What `inkmint mint` does.",
        ("inkmint.minting.session.mint", "inkmint.minting.session.Minted"),
    ),
    Group(
        "Measuring",
        "What `inkmint evaluate` and `inkmint compare` do.",
        (
            "inkmint.evaluation.judge.load_judge",
            "inkmint.evaluation.subjects.evaluate_subject",
            "inkmint.evaluation.record.Evaluation",
            "inkmint.evaluation.figure.Figure",
            "inkmint.evaluation.figure.in_words",
            "inkmint.studies.comparison.compare",
            "inkmint.studies.synthetic.train_on_synthetic",
            "inkmint.studies.synthetic.SyntheticTraining",
        ),
    ),
    Group(
        "Writing",
        "What `inkmint write` and `inkmint morph` do.",
        (
            "inkmint.writing.hand.Hand",
            "inkmint.writing.page.write_page",
            "inkmint.writing.page.Page",
            "inkmint.writing.page.Glyph",
            "inkmint.writing.morph.stops_of",
            "inkmint.writing.morph.morph",
        ),
    ),
    Group(
        "Without torch",
        "What `inkmint export` writes and `inkmint serve` uses: these run on onnxruntime alone.",
        (
            "inkmint.inference.generator.OnnxGenerator",
            "inkmint.inference.recogniser.OnnxRecogniser",
            "inkmint.exporting.onnx_model.onnx_of_folder",
        ),
    ),
)


def page() -> str:
    """The page as Markdown, without the notice that it is generated."""
    return "\n".join(
        [
            "# Python API",
            "",
            "What one imports, with the words that `help()` shows. Shapes are in capitals: N images, H height,",
            "W width, C channels, Z latent, K classes; images are uint8 with bright ink on dark unless a line says",
            "otherwise. To see them at work: [reading and generating](how-to/read-and-generate.md),",
            "[few labels](how-to/few-labels.md), [adding a model](adding-a-model.md).",
            "",
            *(f"- [{group.title}](#{_anchor(group.title)})" for group in GROUPS),
            "- [Errors](#errors)",
            *(line for group in GROUPS for line in _group(group)),
            *_errors(),
            "",
        ]
    )


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _group(group: Group) -> Iterator[str]:
    yield from ("", f"## {group.title}", "", group.words)
    for name in group.names:
        yield from ("", f"### `{name}`", "", *_described(*_found(name), name))


def _errors() -> Iterator[str]:
    """The exception tree as a table."""
    classes = [node for node in _tree("inkmint.errors").body if isinstance(node, ast.ClassDef)]
    codes: dict[str, str] = {}
    yield from (
        "",
        "## Errors",
        "",
        "In `inkmint.errors`. Every message is one sentence that says what to do next; the command line prints it and",
        "exits with the code. Catch `InkmintError` for all of them.",
        "",
        "| error | a kind of | exit code | when |",
        "|---|---|---:|---|",
    )
    for node in classes:
        bases = [ast.unparse(base) for base in node.bases]
        own = [ast.unparse(each.value) for each in node.body if isinstance(each, ast.Assign)]
        codes[node.name] = (own or [codes.get(bases[0], "")])[0]
        words = (ast.get_docstring(node) or "").partition("\n")[0]
        kinds = ", ".join(f"`{base}`" for base in bases)
        yield f"| `{node.name}` | {kinds} | {codes[node.name]} | {words} |"


def _found(name: str) -> tuple[Definition, str]:
    """The definition of a name, and the module that it is in."""
    module, _, last = name.rpartition(".")
    module = LAZY[last] if module == "inkmint" else module
    for node in _tree(module).body:
        if isinstance(node, Definition) and node.name == last:
            return node, module
    raise ValueError(f"{module} defines no {last}; correct GROUPS in scripts/api_page.py.")


@cache
def _tree(module: str) -> ast.Module:
    path = SOURCE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _described(node: Definition, module: str, name: str) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        yield from _code(signature(node.name, node, module, is_method=False))
        yield from rendered(ast.get_docstring(node))
        return
    if constructor := _constructor(node, module):
        yield from _code(constructor)
    yield from rendered(ast.get_docstring(node))
    yield from _fields_table(node)
    for method in _methods(node):
        yield from ("", f"#### `{name.rpartition('.')[2]}.{method.name}`", "")
        kinds = {ast.unparse(decorator) for decorator in method.decorator_list}
        if kinds & {"property", "cached_property"}:
            returns = f": {_annotation(method.returns)}" if method.returns else ""
            yield from _code(f"{method.name}{returns}  # a property")
        else:
            yield from _code(signature(method.name, method, module, is_method="staticmethod" not in kinds))
        yield from rendered(ast.get_docstring(method))


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [each for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]


def _fields(node: ast.ClassDef) -> list[tuple[str, ast.AnnAssign]]:
    return [
        (each.target.id, each)
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]


def _constructor(node: ast.ClassDef, module: str) -> str | None:
    """How it is called, if that is told: by its `__init__`, or by the fields of a data class that are all public."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            return signature(node.name, each, module, is_method=True, returns=False)
    fields = _fields(node)
    is_data = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    if not is_data or any(name.startswith("_") for name, _ in fields):
        return None
    return _call(node.name, [_parameter(name, each.annotation, each.value, module) for name, each in fields])


def _fields_table(node: ast.ClassDef) -> Iterator[str]:
    """Of a pydantic model whose fields describe themselves."""
    fields = [(name, each.annotation, _Field.of(each.value)) for name, each in _fields(node)]
    if not any(field.words for _, _, field in fields):
        return
    yield from ("", "| field | type | default | what it is |", "|---|---|---|---|")
    for name, annotation, field in fields:
        kind = _annotation(annotation).replace("|", r"\|")
        yield f"| `{name}` | `{kind}` | {field.default} | {field.words or field.bounds} |"


class _Field(NamedTuple):
    """What is known of a field of a pydantic model, in words."""

    default: str
    words: str
    bounds: str

    @classmethod
    def of(cls, value: ast.expr | None) -> "_Field":
        if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "Field"):
            return cls(f"`{_unparsed(value)}`" if value else "required", "", "")
        keywords = {word.arg: word.value for word in value.keywords}
        default = f"`{_unparsed(value.args[0])}`" if value.args else "required"
        if factory := keywords.get("default_factory"):
            default = f"`{ast.unparse(factory)}()`"
        words = keywords.get("description")
        return cls(default, str(words.value) if isinstance(words, ast.Constant) else "", _bounds(keywords))


def _bounds(keywords: dict[str | None, ast.expr]) -> str:
    signs = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return ", ".join(
        f"{signs[name]} {ast.unparse(value)}" for name, value in keywords.items() if name in signs
    )


def signature(name: str, node: ast.FunctionDef, module: str, *, is_method: bool, returns: bool = True) -> str:
    """How a function is called, as its source has it; one parameter a line where a line does not hold it.

    Args:
        name: To show.
        node: Of the function.
        module: That it is in, whose constants stand for themselves.
        is_method: Whether to leave out the first parameter.
        returns: Whether to tell what comes back.
    """
    given = node.args
    places = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(places) - len(given.defaults)) + list(given.defaults)
    parts = [
        _parameter(place.arg, place.annotation, default, module)
        for place, default in zip(places, defaults, strict=True)
    ][is_method:]
    if given.vararg:
        parts.append(f"*{_parameter(given.vararg.arg, given.vararg.annotation, None, module)}")
    elif given.kwonlyargs:
        parts.append("*")
    parts += [
        _parameter(each.arg, each.annotation, default, module)
        for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        parts.append(f"**{_parameter(given.kwarg.arg, given.kwarg.annotation, None, module)}")
    return _call(name, parts, f" -> {_annotation(node.returns)}" if returns and node.returns else "")


def _call(name: str, parts: Sequence[str], returns: str = "") -> str:
    line = f"{name}({', '.join(parts)}){returns}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){returns}"])


def _parameter(name: str, annotation: ast.expr | None, default: ast.expr | None, module: str) -> str:
    shown = f": {_annotation(annotation)}" if annotation else ""
    return f"{name}{shown}{f' = {_default(default, module)}' if default else ''}"


def _annotation(annotation: ast.expr | None) -> str:
    """As it is written, without the quotes of a forward reference."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return _unparsed(annotation) if annotation else ""


def _default(default: ast.expr, module: str) -> str:
    """As it is written; a constant of this package, by its value."""
    if not isinstance(default, ast.Name):
        return _unparsed(default)
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and default.id in (values := _assigned(node)):
            return _default(values[default.id], module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inkmint."):
            for alias in node.names:
                if default.id == (alias.asname or alias.name):
                    return _default(ast.Name(alias.name), node.module or "")
    return default.id


def _assigned(node: ast.Assign) -> dict[str, ast.expr]:
    """What an assignment to one name, or to several at once, gives to each."""
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return {ast.unparse(name): each for name, each in pairs}
    return {ast.unparse(target): value}


def _unparsed(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def _code(text: str) -> Iterator[str]:
    yield from ("```python", text, "```", "")


def rendered(docstring: str | None) -> list[str]:
    """A docstring in Google's style as lines of Markdown."""
    lines: list[str] = []
    for section, block in _parts((docstring or "").splitlines()):
        if section:
            lines += ["", f"**{section}**", ""]
        lines += _entries(block) if section in _OF_ENTRIES else block
    return lines


def _parts(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The text before sections, then each section's name and its lines, dedented."""
    section, block = "", list[str]()
    for line in lines:
        if line.endswith(":") and line[:-1] in _SECTIONS:
            yield section, _trimmed(block)
            section, block = line[:-1], []
        elif section and line and not line.startswith(" "):
            yield section, _trimmed(block)
            section, block = "", ["", line]
        else:
            block.append(line)
    yield section, _trimmed(block)


def _trimmed(block: Sequence[str]) -> list[str]:
    begins_apart = len(block) > 1 and not block[0] and block[1]
    text = inspect.cleandoc("\n".join(["", *block])).splitlines()
    return ["", *text] if begins_apart and text else text


def _entries(block: Sequence[str]) -> list[str]:
    """`name: words` over several lines as items of a list."""
    items: list[str] = []
    for line in block:
        name, colon, words = line.partition(": ")
        if colon and not line.startswith(" "):
            names = ", ".join(f"`{each}`" for each in name.split(", "))
            items.append(f"- {names}: {words}")
        elif line.strip():
            items.append(f"  {line.strip()}")
    return items
