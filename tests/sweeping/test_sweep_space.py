"""What `--set` may say, and how it is refused."""

import pytest

from inkmint.errors import SettingsError
from inkmint.recipes import find_recipe
from inkmint.sweeping.space import Axis, grid, parse_settings

RATE = "optimisers.recogniser.learning_rate"


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        (f"{RATE}=1e-4..1e-2:log", Axis(field=RATE, low=1e-4, high=1e-2, log=True)),
        ("average=0..0.5", Axis(field="average", low=0, high=0.5)),
        ("batch_size=64,128", Axis(field="batch_size", choices=(64, 128))),
        ("batch_size=10..20", Axis(field="batch_size", low=10, high=20)),
        ("batch_size=10..20:3", Axis(field="batch_size", choices=(10, 15, 20))),
        (f"{RATE}=0.001..0.1:log:3", Axis(field=RATE, choices=(0.001, 0.01, 0.1))),
        (f"{RATE}=1..2", Axis(field=RATE, low=1.0, high=2.0)),  # a field of real numbers
        ("schedule.kind=constant,one-cycle", Axis(field="schedule.kind", choices=("constant", "one-cycle"))),
    ],
)
def test_ranges_and_values(text: str, axis: Axis) -> None:
    fixed, (found,) = parse_settings([text], find_recipe("lenet-quick"))
    assert fixed == {}
    assert found == axis
    assert found.is_whole == axis.is_whole
    assert Axis.model_validate_json(found.model_dump_json()) == axis


def test_a_single_value_is_fixed() -> None:
    fixed, axes = parse_settings(["epochs=3", "batch_size=1,2"], find_recipe("lenet-quick"))
    assert fixed == {"epochs": 3}
    assert [axis.field for axis in axes] == ["batch_size"]


def test_a_grid_is_every_combination() -> None:
    _, axes = parse_settings(["batch_size=10..12", "average=0.0,0.9"], find_recipe("lenet-quick"))
    cells = grid(axes)
    assert len(cells) == 6
    assert cells[0] == {"batch_size": 10, "average": 0.0}
    assert cells[1] == {"batch_size": 10, "average": 0.9}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("batch_size", "is not an assignment"),
        ("batchsize=1,2", "no field 'batchsize'"),
        ("batch_size=1,2,2", "are not all different"),
        ("batch_size=1,,2", "A value of batch_size is missing"),
        ("batch_size=0,64", "greater than or equal to 1"),
        ("batch_size=1..100000", "less than or equal to 65536"),
        ("batch_size=64..32", "must rise"),
        (f"{RATE}=0.0..1.0:log", "begin above 0"),
        (f"{RATE}=low..high", "is no range of"),
        (f"{RATE}=0.1..nan", "is no range of"),
        (f"{RATE}=0.1..0.2:lin", "is no range of"),
        (f"{RATE}=0.1..0.2:1", "1 values of"),
        ("options.guidance=0.0..1.0", "no option 'guidance'"),
    ],
)
def test_refusals_name_the_field(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse_settings([text], find_recipe("lenet-quick"))


def test_a_field_is_varied_once() -> None:
    with pytest.raises(SettingsError, match="names batch_size twice"):
        parse_settings(["batch_size=1,2", "batch_size=3"], find_recipe("lenet-quick"))


def test_a_range_is_no_grid_and_a_grid_has_an_end() -> None:
    _, axes = parse_settings([f"{RATE}=0.1..0.2"], find_recipe("lenet-quick"))
    with pytest.raises(SettingsError, match=r"say how many as in .*=0.1..0.2:5"):
        grid(axes)
    _, axes = parse_settings(["batch_size=1..1000", "epochs=1..1000"], find_recipe("lenet-quick"))
    with pytest.raises(SettingsError, match="1,000,000 cells"):
        grid(axes)
