"""What the HTTP interface takes and gives, as models that OpenAPI describes. Pictures are `data:` addresses of PNG."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Picture = Annotated[
    str, Field(pattern="^data:image/png;base64,", examples=["data:image/png;base64,iVBORw0KGgo="])
]
Digit = int | str
"""A class: a whole number if that is its name, as of digits; else the name."""

RunState = Literal["running", "finished", "interrupted", "failed", "dead", "unknown"]
"""`dead`: its status says running, but no process holds its folder. `unknown`: it never began, or cannot be read."""

StudyKind = Literal["run", "demo", "mix", "sweep", "reproduction", "page"]
Column = list[float | None]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Error(_Answer):
    """Every refusal."""

    error: str = Field(description="One sentence that says what to do.")


class Health(_Answer):
    """The server is up."""

    status: Literal["ok"] = "ok"
    version: str = Field(description="Of inkmint.")
    uptime_sec: float
    model: str = Field(description="Reads digits.")
    generator: str = Field(description="Mints digits.")
    threads: int = Field(description="For computing.")
    waiting: int = Field(description="Requests that are computed or wait for it.")


class SecondGuess(_Answer):
    """The next class after the best."""

    digit: Digit
    probability: float


class Look(_Answer):
    """What one drawing is."""

    digit: Digit | None = Field(description="Null where it is no digit, or none that is sure.")
    confidence: float = Field(description="That the best guess is right, if it is a digit; calibrated.")
    probabilities: list[float] = Field(description="Of every class, in label order; all 0 without ink.")
    seen: Picture = Field(description="The 28x28 pixels that the network sees, ink bright on dark.")
    mask: Picture | None = Field(
        description="Where the network looks, 28x28, bright where it counts; null if it has no mask."
    )
    second: SecondGuess | None
    reason: str | None = Field(description="Why `digit` is null.")


class FoundDigit(_Answer):
    """A place on a page."""

    digit: Digit | None = Field(description="Null where it is no digit, or none that is sure.")
    guess: Digit = Field(description="The nearest class, rejected or not.")
    confidence: float
    second: SecondGuess
    box: tuple[int, int, int, int] = Field(
        description="x, y, width, height in pixels of the uploaded picture, upright."
    )
    reason: str | None = Field(description="Why `digit` is null.")


class FoundLine(_Answer):
    """A line of digits, from left to right."""

    text: str = Field(description="? for what was rejected, a blank where a wide gap parts two numbers.")
    digits: list[FoundDigit]


class PageRead(_Answer):
    """What was read on a page."""

    lines: list[FoundLine]
    size: tuple[int, int] = Field(description="Width and height that boxes refer to, in pixels.")
    annotated: Picture = Field(description="The page with a box around each place, reduced if it is large.")
    note: str | None = Field(description="What to know of it, such as pages that were not read.")


class SliderDirection(_Answer):
    """A direction in which the generator's digits vary."""

    name: str
    deviation: float = Field(description="Its standard deviation over digits; a slider counts in it.")
    explained: float = Field(description="Share of all variance that lies along it.")


class GeneratorFacts(_Answer):
    """The generator that mints."""

    name: str
    latent_size: int
    num_classes: int = Field(description="0 if it knows no classes.")
    class_names: list[str]
    directions: list[SliderDirection] = Field(description="The one that explains most first.")


class MintRequest(BaseModel):
    """What to mint; without `digit` and `digits`, picture i is of class i mod the number of classes."""

    model_config = ConfigDict(extra="forbid")

    digits: list[Annotated[int, Field(ge=0)]] | None = Field(
        None, min_length=1, max_length=100, description="The class of each picture."
    )
    digit: int | None = Field(None, ge=0, description="The class of all pictures.")
    count: int | None = Field(
        None, ge=1, le=100, description="How many; by default one, or one for each of `digits`."
    )
    seed: int | None = Field(
        None, ge=0, lt=2**32, description="The same seed gives the same digits; null draws one."
    )
    sliders: dict[str, Annotated[float, Field(ge=-5, le=5)]] = Field(
        default_factory=dict,
        max_length=64,
        description="By place in the list of directions: steps along it, in standard deviations.",
    )
    spread: float = Field(
        1.0, ge=0, le=1, description="How far the handwriting of the pictures differs: 0 is one hand."
    )
    paper: bool = Field(False, description="Dark ink on white paper.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.digit is not None and self.digits is not None:
            raise ValueError("both digit and digits were given; give one of them")
        if self.digits is not None and self.count not in (None, len(self.digits)):
            raise ValueError("count is not the number of digits; leave it out")
        return self


class Minted(_Answer):
    """Pictures of 28x28 pixels."""

    pictures: list[Picture]
    labels: list[int] = Field(description="The class of each; means nothing if the generator knows none.")
    seed: int = Field(description="Gives the same pictures again.")


class RunSummary(_Answer):
    """A run in the list."""

    name: str = Field(
        description="Names the run in addresses: its folder below the folder of runs, `:` between the parts."
    )
    folder: str = Field(description="The same with slashes, for people.")
    recipe: str
    model: str
    status: RunState
    step: int
    epoch: float = Field(description="Epochs done.")
    num_epochs: int | None
    started: float = Field(description="Seconds since 1970.")
    changed: float = Field(description="When it last wrote, in seconds since 1970.")
    seconds: float = Field(description="Of training so far.")
    losses: dict[str, float] = Field(description="The last ones.")
    figures: dict[str, float] = Field(description="The last ones that were measured.")


class RunDetails(RunSummary):
    """All that is recorded of a run but its curves."""

    config: dict[str, Any]
    environment: dict[str, Any]
    findings: list[str] = Field(description="What the last look found wrong with it.")
    samples: int = Field(description="Number of sample pictures.")
    report: str | None = Field(description="Address of its report.")


class Curves(_Answer):
    """The records of a run, thinned out, as columns of one length; null where a record lacks the value."""

    columns: dict[str, Column] = Field(
        description="`step`, `epoch`, `seconds`, `images_per_sec`, `losses.NAME` and `figures.NAME`."
    )
    points: int = Field(description="Length of every column, at most 500.")
    records: int = Field(description="How many there are in the run.")
    offset: int = Field(description="For `events?after=OFFSET`: only what is newer follows.")


class Difference(_Answer):
    """A setting in which runs differ."""

    field: str = Field(description="Dotted name in config.json.")
    values: list[Any] = Field(description="For each run; null where a run lacks it.")


class RunComparison(_Answer):
    """Runs side by side."""

    runs: list[RunSummary]
    differences: list[Difference]
    curves: list[Curves] = Field(description="For each run.")


class Study(_Answer):
    """A page that a command wrote below the folder of runs."""

    title: str
    kind: StudyKind
    folder: str
    url: str = Field(description="Relative address.")
    changed: float = Field(description="Seconds since 1970.")
