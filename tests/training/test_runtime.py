"""Seeds, devices, threads, and a worker that is alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inkmint import runtime
from inkmint.errors import DistributedError, SettingsError
from inkmint.runtime import (
    ALONE,
    Workers,
    denormals_flushed,
    environment,
    fast_products,
    generator_of,
    machine_in_words,
    resolve_device,
    seed_of,
    set_threads,
)

paths = st.lists(st.integers(0, 2**32), min_size=1, max_size=4).map(tuple)


@given(path=paths)
def test_a_seed_depends_on_its_path_alone_and_fits_torch(path: tuple[int, ...]) -> None:
    assert seed_of(*path) == seed_of(*path)
    assert 0 <= seed_of(*path) < 2**63
    torch.Generator().manual_seed(seed_of(*path))


def test_seeds_of_neighbouring_places_are_all_different() -> None:
    seeds = {seed_of(seed, stream, step) for seed in range(8) for stream in range(8) for step in range(64)}
    assert len(seeds) == 8 * 8 * 64


def test_seeds_are_those_of_earlier_versions() -> None:
    """They decide every recorded figure; a change of this function changes all of them."""
    assert seed_of(0) == 7896617691693857887
    assert seed_of(1, 2, 3) == 6498626229777268288


def test_generators_of_neighbouring_places_are_uncorrelated() -> None:
    draws = torch.stack([torch.randn(4096, generator=generator_of(0, 1, step)) for step in range(8)])
    correlations = torch.corrcoef(draws) - torch.eye(8)
    assert correlations.abs().max() < 0.1  # six standard deviations


def test_a_machine_is_told_in_words() -> None:
    recorded = environment()
    assert f", torch {recorded['versions']['torch']}" in machine_in_words(recorded)
    assert "CPU, 1 thread, " in machine_in_words({**recorded, "processor": "CPU", "threads": 1})
    assert "CPU, 2 threads, " in machine_in_words({**recorded, "processor": "CPU", "threads": 2})


def test_auto_is_always_a_device_and_an_absent_one_is_refused() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    for name in ("tpu", "", "cuda" if not torch.cuda.is_available() else "vax"):
        with pytest.raises(SettingsError, match="not available"):
            resolve_device(name)


def test_the_number_of_threads_is_set_and_told() -> None:
    before = torch.get_num_threads()
    try:
        assert set_threads(2) == torch.get_num_threads() == 2
        assert set_threads(None) == 2
    finally:
        torch.set_num_threads(before)
    with pytest.raises(SettingsError, match="0 threads"):
        set_threads(0)


def test_without_torchrun_a_worker_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert Workers.join() == ALONE
    assert ALONE.is_first


def test_alone_everything_is_ones_own() -> None:
    values = torch.arange(5.0)
    assert torch.equal(ALONE.share(values), values)
    ALONE.average([values])
    assert torch.equal(values, torch.arange(5.0))
    assert ALONE.broadcast("word") == "word"
    assert [ALONE.any(flag) for flag in (True, False)] == [True, False]


@given(size=st.integers(1, 8), count=st.integers(1, 8))
def test_the_shares_of_all_workers_are_the_batch_in_order(size: int, count: int) -> None:
    batch = torch.arange(size * count)
    assert torch.equal(torch.cat([Workers(rank, count).share(batch) for rank in range(count)]), batch)


def test_workers_that_cannot_meet_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DistributedError, match="could not find each other"):
        Workers.join()


def test_the_environment_names_what_a_figure_depends_on() -> None:
    found = environment()
    assert found["versions"].keys() == {"inkmint", "torch", "numpy", "scikit-learn"}
    assert found["threads"] == torch.get_num_threads()
    assert found["processor"]


def test_denormal_numbers_are_zero_inside_and_the_users_again_outside() -> None:
    def smallest() -> float:
        return torch.tensor(1e-45).mul(1).item()

    assert smallest() > 0
    with denormals_flushed():
        with denormals_flushed():
            assert smallest() == 0
        assert smallest() == 0
    assert smallest() > 0


def permitted() -> str:
    return torch.backends.mkldnn.matmul.fp32_precision


def test_products_inside_are_exact_to_float32_and_the_setting_outside_is_the_users() -> None:
    before = permitted()
    a, b = torch.rand(2, 300, 300, generator=torch.Generator().manual_seed(1))
    exact = a.double() @ b.double()
    with fast_products():
        with fast_products():
            error = ((a @ b) / exact - 1).abs().max()
        with pytest.raises(KeyError), fast_products():
            raise KeyError
    assert error < 1e-5
    assert permitted() == before
    rounded = ((a.bfloat16().float() @ b.bfloat16().float()) / exact - 1).abs().max()
    assert rounded > 1e-4, "the bound above would not notice factors in bfloat16"


@pytest.mark.parametrize("matrix_units", [False, True])
def test_products_go_another_way_on_amd_without_matrix_units_alone(
    monkeypatch: pytest.MonkeyPatch, matrix_units: bool
) -> None:
    before = permitted()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_tile": matrix_units})
    monkeypatch.setattr(runtime, "_products_are_exact", lambda: True)
    for processor, expected in (("AMD EPYC", before if matrix_units else "bf16"), ("Intel Xeon", before)):
        monkeypatch.setattr(runtime, "_processor", lambda name=processor: name)
        with fast_products():
            assert permitted() == expected
    assert permitted() == before


def test_nothing_is_permitted_where_a_product_loses_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    before = permitted()
    monkeypatch.setattr(runtime, "_is_amd_without_matrix_units", lambda: True)
    monkeypatch.setattr(runtime, "_products_are_exact", lambda: False)
    with fast_products():
        assert permitted() == before
