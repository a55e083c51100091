"""Graphs to draw, as TensorFlow 1.15 names their nodes."""

import functools
import xml.etree.ElementTree as ET

from graphflow.formats import proto
from graphflow.viz.svg import find_renderer

SOFTMAX = """
x Placeholder
y_ Placeholder
zeros Const
W VariableV2
W/Assign Assign W zeros
W/read Identity W
MatMul MatMul x W/read
loss Sub MatMul y_
loss/part Neg loss
Mean/axis Const
Mean Mean loss/part Mean/axis
out Identity Mean
gradients/grad_ys_0 Const
gradients/Mean_grad/Tile Tile gradients/grad_ys_0 loss/part
gradients/MatMul_grad/MatMul MatMul x gradients/Mean_grad/Tile
beta1_power VariableV2
beta1_power/Assign Assign beta1_power zeros
beta1_power/read Identity beta1_power
W/Adam VariableV2
W/Adam/Assign Assign W/Adam zeros
W/Adam/read Identity W/Adam
global_step VariableV2
Adam/update_W/ApplyAdam ApplyAdam W W/Adam beta1_power/read gradients/MatMul_grad/MatMul
Adam/mul Mul beta1_power/read
Adam/Assign Assign beta1_power Adam/mul
Adam/value Const
Adam AssignAdd global_step Adam/value ^Adam/update_W/ApplyAdam ^Adam/Assign
init NoOp ^W/Assign ^beta1_power/Assign ^W/Adam/Assign
save/Const Const
save/SaveV2 SaveV2 save/Const W
save/RestoreV2 RestoreV2 save/Const
save/Assign Assign W save/RestoreV2
save/restore_all NoOp ^save/Assign
"""
SHAPES = {"x": (-1, 784), "W": (784, 10), "W/read": (784, 10), "MatMul": (-1, 10), "Mean": ()}


def graph_def(lines, shapes=()):
    """A GraphDef of lines `name op input...`; `shapes` are noted on its nodes."""
    message = proto.GraphDef()
    for line in lines.strip().splitlines():
        name, op, *inputs = line.split()
        node = message.node.add(name=name, op=op, input=inputs)
        if op == "VariableV2":
            node.attr["dtype"].type = 1
        if name in shapes:
            node.attr["_output_shapes"].list.shape.add(dim=[{"size": n} for n in shapes[name]])
    return message


@functools.cache
def softmax():
    return graph_def(SOFTMAX, SHAPES)


def links(picture):
    return {(s, t, kind) for s, t, kind in picture.links}


def texts(svg):
    root = ET.fromstring(svg)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


HAS_RENDERER = find_renderer() is not None
