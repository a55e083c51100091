"""The public names of protocol buffer messages: tf.GraphDef, tf.train.Example, ...

They are looked up on first use: importing graphflow imports no protobuf.
"""

from __future__ import annotations

from typing import Final

from graphflow.core.export import publish_lazy

_PROTO: Final = "graphflow.formats.proto"
_NAMES: Final = {
    "": (
        "AttrValue ConfigProto Event GPUOptions GraphDef GraphOptions HistogramProto LogMessage "
        "MetaGraphDef NameAttrList NodeDef OptimizerOptions RunMetadata RunOptions SessionLog "
        "Summary SummaryMetadata TensorInfo"
    ),
    "contrib.tensorboard.plugins.projector": "EmbeddingInfo ProjectorConfig SpriteMetadata",
    "summary": "Event SessionLog Summary SummaryDescription TaggedRunMetadata",
    "train": (
        "BytesList ClusterDef Example Feature FeatureList FeatureLists Features FloatList "
        "Int64List JobDef SaverDef SequenceExample ServerDef"
    ),
}
for _space, _words in _NAMES.items():
    for _word in _words.split():
        publish_lazy(f"{_space}.{_word}" if _space else _word, _PROTO, _word)
