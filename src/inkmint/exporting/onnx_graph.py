"""From a network to ONNX: dynamic in the number of images, small on disk."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from inkmint.errors import ModelError

_OPSET = 20
_LEAST_HALVED = 256  # numbers; fewer are not worth a node


def onnx_of(
    name: str, graph: nn.Module, inputs: Mapping[str, Tensor], output_names: Sequence[str]
) -> onnx.ModelProto:
    """Export a network.

    Args:
        name: Of the model, for messages.
        graph: Its arguments are named as the inputs.
        inputs: Examples of a batch, whose first dimension becomes any number.
        output_names: Of what it returns.

    Raises:
        ModelError: It does something that ONNX does not know.
    """
    any_number = torch.export.Dim("N", min=1, max=2**20)
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                graph,
                tuple(inputs.values()),
                dynamo=True,
                verbose=False,
                opset_version=_OPSET,
                input_names=list(inputs),
                output_names=list(output_names),
                dynamic_shapes={input_name: {0: any_number} for input_name in inputs},
            )
    except Exception as error:  # the exporter raises what the network's own code raises, and types of its own
        raise ModelError(
            f"The model {name!r} does something that ONNX does not know; export one whose forward pass is of torch's "
            "own operations."
        ) from error
    assert program is not None
    return _small(program.model_proto)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks about itself and about packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _small(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Without traces of the code it came from, and numbers that float16 holds exactly stored as such."""
    _strip(proto.graph)
    proto.doc_string = ""
    del proto.metadata_props[:]
    casts, stored = [], []
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16) if values.dtype == np.float32 else values
        if halves is values or values.size < _LEAST_HALVED or not np.array_equal(halves, values):
            stored.append(tensor)
            continue
        stored.append(numpy_helper.from_array(halves, f"{tensor.name}.half"))
        casts.append(
            helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *proto.graph.node]
    del proto.graph.initializer[:], proto.graph.node[:]
    proto.graph.initializer.extend(stored)
    proto.graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    return proto


def _strip(graph: Any) -> None:
    graph.doc_string = ""
    del graph.value_info[:], graph.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _strip(attribute.g)
