"""Reading on onnxruntime: what goes in, what comes out, what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.testing import assert_allclose
from onnx import TensorProto, helper

from inkmint.errors import DataError, ModelError, SettingsError
from inkmint.inference.folders import find_model
from inkmint.inference.onnx_file import FILE_NAME, METADATA_KEY
from inkmint.inference.recogniser import BATCH_IMAGES, OnnxRecogniser
from inkmint.models import Recogniser
from inkmint.reading.model import load_reader


@pytest.fixture(scope="module")
def recogniser() -> OnnxRecogniser:
    return OnnxRecogniser.from_pretrained("lenet-attention", threads=1)


@pytest.fixture(scope="module")
def onnx_path() -> Path:
    return find_model("lenet-attention") / FILE_NAME


def changed(path: Path, to: Path, **fields: Any) -> Path:
    """A copy whose metadata say something else."""
    proto = onnx.load(path)
    record = json.loads(proto.metadata_props[0].value) | fields
    del proto.metadata_props[:]
    proto.metadata_props.add(key=METADATA_KEY, value=json.dumps(record))
    onnx.save(proto, to)
    return to


def test_it_reads_as_torch_does(recogniser: OnnxRecogniser, few: Any) -> None:
    images, model = few.test.images.numpy(), Recogniser.from_pretrained("lenet-attention")
    assert_allclose(recogniser.probabilities(images), model.predict_proba(images), atol=1e-5)
    assert_allclose(recogniser.features(images), model.features(images), atol=1e-3)
    assert (recogniser.probabilities(images).argmax(axis=1) == few.test.labels.numpy()).mean() > 0.9
    assert recogniser.class_names == model.class_names
    assert recogniser.weights_sha256 == model.weights_sha256
    assert recogniser.name == model.name


def test_images_are_taken_in_the_forms_that_the_recogniser_takes(
    recogniser: OnnxRecogniser, few: Any
) -> None:
    images = few.test.images[:3].numpy()
    expected = recogniser.probabilities(images)
    for form in (images.reshape(3, 784), images / 255, images.tolist(), images.astype(np.int64)):
        assert_allclose(recogniser.predict_proba(form), expected, atol=1e-6)


def test_more_images_than_a_batch_are_answered_one_by_one(recogniser: OnnxRecogniser, few: Any) -> None:
    images = np.resize(few.test.images.numpy(), (BATCH_IMAGES + 7, 28, 28))
    assert_allclose(recogniser.probabilities(images)[-7:], recogniser.probabilities(images[-7:]), atol=1e-5)


def test_the_mask_lets_through_between_nothing_and_all(recogniser: OnnxRecogniser, few: Any) -> None:
    mask = recogniser.attention(few.test.images[:5].numpy())
    assert mask.shape == (5, 10, 10)
    assert 0 < mask.min() < mask.max() < 1
    assert recogniser.attention_area == (4, 4, 24, 24)


def test_a_network_without_a_mask_says_so(recogniser: OnnxRecogniser) -> None:
    config = recogniser.config.model_copy(update={"attention_area": None})
    with pytest.raises(ModelError, match="has no attention mask; take one that has"):
        OnnxRecogniser(recogniser._session, config, recogniser.folder).attention(np.zeros((1, 28, 28)))


@pytest.mark.parametrize("images", [np.zeros((0, 28, 28)), np.zeros((2, 27, 28)), np.full((1, 28, 28), 300)])
def test_images_that_do_not_fit_are_refused(recogniser: OnnxRecogniser, images: Any) -> None:
    with pytest.raises(DataError, match="The input h"):
        recogniser.probabilities(images)


def test_a_picture_is_read_with_the_calibration(recogniser: OnnxRecogniser, few: Any) -> None:
    page = np.full((60, 140), 255, np.uint8)
    chosen = [int(np.flatnonzero(few.test.labels == label)[0]) for label in (3, 1, 4)]
    for place, index in enumerate(chosen):
        page[16:44, 10 + 40 * place : 38 + 40 * place] -= few.test.images[index].numpy()
    reader = load_reader(recogniser, recogniser.folder)
    assert reader.calibration.measured and reader.familiarity is not None
    by_torch = Recogniser.from_pretrained("lenet-attention").read(page)
    reading = reader.read(page)
    assert reading.text.replace(" ", "") == by_torch.text.replace(" ", "") == "314"
    for one, other in zip(reading.digits, by_torch.digits, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


# Files


def test_a_file_by_itself_is_enough(onnx_path: Path, tmp_path: Path, recogniser: OnnxRecogniser) -> None:
    shutil.copyfile(onnx_path, tmp_path / "mine.onnx")
    moved = OnnxRecogniser.from_pretrained(tmp_path / "mine.onnx", threads=1)
    assert moved.config == recogniser.config and moved.folder == tmp_path


@pytest.mark.parametrize("content", [b"", b"no model", b"\x00" * 1000, "half", "flipped"])
def test_a_damaged_file_is_one_sentence(
    content: bytes | str, onnx_path: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = onnx_path.read_bytes()
    path = tmp_path / "model.onnx"
    match content:
        case "half":
            path.write_bytes(whole[: len(whole) // 2])
        case "flipped":
            path.write_bytes(bytes(255 - byte for byte in whole[:300]) + whole[300:])
        case bytes():
            path.write_bytes(content)
    with pytest.raises(ModelError, match=r"is damaged or no ONNX file|was not written by this version"):
        OnnxRecogniser.from_pretrained(path)
    assert capfd.readouterr().err == ""


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3])
    other = helper.make_tensor_value_info("other", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph([helper.make_node("Relu", ["images"], ["other"])], "foreign", [value], [other])
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "foreign.onnx")
    with pytest.raises(ModelError, match="was not written by this version of inkmint"):
        OnnxRecogniser.from_pretrained(tmp_path / "foreign.onnx")


@pytest.mark.parametrize("fields", [{"format": 2}, {"kind": "judge"}, {"class_names": []}, {"unknown": 1}])
def test_metadata_of_another_version_are_refused(fields: Any, onnx_path: Path, tmp_path: Path) -> None:
    path = changed(onnx_path, tmp_path / "model.onnx", **fields)
    with pytest.raises(ModelError, match="was not written by this version of inkmint"):
        OnnxRecogniser.from_pretrained(path)


def test_a_generator_is_no_recogniser() -> None:
    with pytest.raises(ModelError, match="is a generator, not a recogniser"):
        OnnxRecogniser.from_pretrained("house")


def test_a_file_of_other_weights_than_those_beside_it_is_refused(onnx_path: Path, tmp_path: Path) -> None:
    shutil.copytree(onnx_path.parent, tmp_path / "model")
    OnnxRecogniser.from_pretrained(tmp_path / "model", threads=1)
    changed(onnx_path, tmp_path / "model" / FILE_NAME, weights_sha256="0" * 64)
    with pytest.raises(ModelError, match="is of other weights than those beside it"):
        OnnxRecogniser.from_pretrained(tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config.json is damaged"):
        OnnxRecogniser.from_pretrained(tmp_path / "model")


def test_a_model_without_its_onnx_file_says_how_to_write_it() -> None:
    with pytest.raises(
        ModelError, match=r"holds no model.onnx; write one with: inkmint export judge-v1 --to onnx"
    ):
        OnnxRecogniser.from_pretrained("judge-v1")


def test_there_is_at_least_one_thread() -> None:
    with pytest.raises(SettingsError, match="0 threads cannot compute anything"):
        OnnxRecogniser.from_pretrained("lenet-attention", threads=0)
