"""Where names of TensorFlow's inside are found that are no public objects."""

from __future__ import annotations

from typing import Final

_CORE: Final = "graphflow.core"
_INSIDE: Final = "graphflow.inside"
_ESTIMATORS: Final = "graphflow.estimators"
_DISTRIBUTIONS: Final = "graphflow.nets.distributions"
_FEATURES: Final = "graphflow.features"
_COLUMNS: Final = " ".join(
    f"{_FEATURES}.{module}"
    for module in (
        "bases", "numeric", "categorical", "combined", "indicator", "embedding",
        "shared_embedding", "steps", "sequence", "input_layer", "linear_model", "dense_features",
        "reading", "state", "parse_spec", "contrib_sequence", "serialization",
    )
)  # fmt: skip

HOMES: Final = {
    "client.device_lib": f"{_INSIDE}.device_lib",
    "client.timeline": "graphflow.formats.timeline",
    "client.session": "graphflow.runtime.session",
    "eager.backprop": "graphflow graphflow.autodiff.eager_tape graphflow.autodiff.eager_functions",
    "eager.context": f"{_INSIDE}.context",
    "eager.def_function": "graphflow",
    "eager.function": "graphflow graphflow.ops.def_function",
    "eager.test": "graphflow.testing.eager_test graphflow.test graphflow.testing.googletest",
    "estimator.canned.dnn": f"{_ESTIMATORS}.canned_dnn",
    "estimator.canned.dnn_linear_combined": f"{_ESTIMATORS}.canned_combined",
    "estimator.canned.linear": f"{_ESTIMATORS}.canned_linear",
    "estimator.canned.head": f"{_ESTIMATORS}.head_base",
    "estimator.canned.metric_keys": f"{_ESTIMATORS}.keys",
    "estimator.canned.prediction_keys": f"{_ESTIMATORS}.keys",
    "estimator.early_stopping": f"{_ESTIMATORS}.early_stopping",
    "estimator.export.export_output": f"{_ESTIMATORS}.export_outputs",
    "estimator.model_fn": f"{_ESTIMATORS}.model_calls",
    "estimator.run_config": f"{_ESTIMATORS}.cluster_task",
    "estimator.tpu.tpu_config": f"{_ESTIMATORS}.tpu_config",
    "estimator.tpu.tpu_estimator": f"{_ESTIMATORS}.tpu_estimator",
    "estimator.util": f"{_CORE}.function_arguments",
    "feature_column.dense_features": f"{_FEATURES}.dense_features",
    "feature_column.dense_features_v2": f"{_FEATURES}.dense_features",
    "feature_column.feature_column": _COLUMNS,
    "feature_column.feature_column_lib": _COLUMNS,
    "feature_column.feature_column_v2": _COLUMNS,
    "feature_column.sequence_feature_column": _COLUMNS,
    "feature_column.serialization": f"{_FEATURES}.serialization",
    "feature_column.utils": _COLUMNS,
    "framework.common_shapes": f"{_INSIDE}.shapes",
    "framework.constant_op": "graphflow.ops.constant",
    "framework.device": f"{_CORE}.device graphflow.testing.devices",
    "framework.device_spec": f"{_CORE}.device",
    "framework.dtypes": f"{_CORE}.dtypes {_INSIDE}.dtypes",
    "framework.errors": f"{_CORE}.errors",
    "framework.errors_impl": f"{_CORE}.errors",
    "framework.function": "graphflow.contrib.framework graphflow",
    "framework.graph_util": "graphflow.formats.graph_def_surgery graphflow.graph_util",
    "framework.graph_util_impl": "graphflow.formats.graph_def_surgery graphflow.graph_util",
    "framework.importer": "graphflow.formats.graph_import",
    "framework.indexed_slices": "graphflow.ops.indexed_slices",
    "framework.meta_graph": "graphflow.formats.meta_graph graphflow.formats.meta_graph_collections",
    "framework.op_def_registry": f"{_INSIDE}.op_defs",
    "framework.ops": (
        f"{_CORE}.scopes {_CORE}.convert {_CORE}.graph {_CORE}.collections {_CORE}.compat "
        f"{_CORE}.eager_tensor {_CORE}.eager_switch "
        f"graphflow.autodiff.registry graphflow.ops.indexed_slices {_INSIDE}.ops graphflow"
    ),
    "framework.random_seed": f"{_CORE}.seeds {_INSIDE}.ops",
    "framework.smart_cond": "graphflow.ops.flow_cond",
    "framework.sparse_tensor": f"{_CORE}.sparse_tensor graphflow.sparse graphflow",
    "framework.tensor_shape": f"{_CORE}.shape {_INSIDE}.shapes",
    "framework.tensor_spec": f"{_CORE}.tensor_spec",
    "framework.type_spec": f"{_CORE}.type_spec",
    "framework.tensor_util": f"{_INSIDE}.tensors graphflow.formats.make_tensor_proto",
    "framework.test_util": "graphflow.testing.test_util",
    "framework.versions": f"{_CORE}.public",
    "layers.utils": f"{_INSIDE}.layer_utils",
    "lib.io.file_io": "graphflow.platform.file_io graphflow.platform.gfile",
    "lib.io.python_io": "graphflow.python_io",
    "lib.io.tf_record": "graphflow.platform.tf_record",
    **{
        f"keras.{module}": " ".join(f"graphflow.{home}" for home in homes.split())
        for module, homes in {
            "activations": "keras.activations models.activations",
            "backend": "keras.backend nets.keras_state",
            "callbacks": "keras.callbacks models.callbacks models.callbacks_base",
            "initializers": "keras.initializers models.initializers",
            "losses": "keras.losses models.losses models.losses_functions",
            "metrics": "keras.metrics models.metrics models.metrics_functions",
            "optimizer_v2.optimizer_v2": "models.optimizers_base",
            "regularizers": "keras.regularizers models.regularizers",
            "constraints": "keras.constraints models.constraints",
            **{
                f"datasets.{name}": f"keras.datasets.{name}"
                for name in (
                    "boston_housing",
                    "cifar10",
                    "cifar100",
                    "fashion_mnist",
                    "imdb",
                    "mnist",
                    "reuters",
                )
            },
            "engine.base_layer": "nets.keras_layer models.engine_op_layer nets.keras_nodes",
            "engine.base_layer_utils": "nets.keras_nodes nets.layer_nodes",
            "engine.input_layer": "models.engine_input",
            "engine.input_spec": "nets.input_spec",
            "engine.network": "models.engine_network models.engine_map",
            "engine.node": "nets.keras_nodes",
            "engine.sequential": "models.engine_sequential",
            "engine.training": "models.engine_training",
            "engine.training_arrays": "models.engine_loop",
            "engine.training_generator": "models.engine_generator",
            "engine.training_utils": "models.engine_data models.engine_loop models.engine_inputs",
            "optimizers": "keras.optimizers models.optimizers models.optimizers_wrapped",
            "saving.hdf5_format": "models.saving_hdf5",
            "saving.save": "keras.models",
            "utils.generic_utils": "models.utils_objects models.utils_progress keras.utils",
            "utils.layer_utils": "models.engine_summary keras.utils",
            "layers.recurrent": "models.layers_rnn_cells models.layers_rnn keras.layers",
            "utils.losses_utils": "models.losses_weighted",
            "utils.metrics_utils": "models.metrics_confusion models.metrics_auc",
        }.items()
    },
    "ops.array_ops": f"{_INSIDE}.array_ops",
    "ops.confusion_matrix": "graphflow.ops.confusion",
    "ops.control_flow_ops": f"graphflow.ops.control_ops graphflow.ops.flow_cond {_INSIDE}.flow",
    "ops.control_flow_util": f"{_INSIDE}.flow",
    "ops.control_flow_v2_toggles": "graphflow",
    "ops.distributions.bernoulli": f"{_DISTRIBUTIONS}.bernoulli",
    "ops.distributions.beta": f"{_DISTRIBUTIONS}.beta {_DISTRIBUTIONS}.softplus",
    "ops.distributions.categorical": f"{_DISTRIBUTIONS}.categorical",
    "ops.distributions.dirichlet": f"{_DISTRIBUTIONS}.dirichlet",
    "ops.distributions.dirichlet_multinomial": f"{_DISTRIBUTIONS}.dirichlet_multinomial",
    "ops.distributions.distribution": f"{_DISTRIBUTIONS}.distribution",
    "ops.distributions.exponential": f"{_DISTRIBUTIONS}.gamma {_DISTRIBUTIONS}.softplus",
    "ops.distributions.gamma": f"{_DISTRIBUTIONS}.gamma {_DISTRIBUTIONS}.softplus",
    "ops.distributions.kullback_leibler": f"{_DISTRIBUTIONS}.divergence",
    "ops.distributions.laplace": f"{_DISTRIBUTIONS}.laplace {_DISTRIBUTIONS}.softplus",
    "ops.distributions.multinomial": f"{_DISTRIBUTIONS}.multinomial",
    "ops.distributions.normal": f"{_DISTRIBUTIONS}.normal {_DISTRIBUTIONS}.softplus",
    "ops.distributions.special_math": f"{_DISTRIBUTIONS}.special_math",
    "ops.distributions.student_t": f"{_DISTRIBUTIONS}.student_t {_DISTRIBUTIONS}.softplus",
    "ops.distributions.uniform": f"{_DISTRIBUTIONS}.uniform",
    "ops.distributions.util": f"{_DISTRIBUTIONS}.checks {_DISTRIBUTIONS}.static",
    "ops.data_flow_ops": "graphflow.ops.staging graphflow.ops.barrier graphflow.ops.queues",
    **{
        f"ops.distributions.{name}": f"{_DISTRIBUTIONS}.{home} {_DISTRIBUTIONS}.softplus"
        for name, home in {
            **{
                word: word
                for word in (
                    "bernoulli",
                    "beta",
                    "categorical",
                    "dirichlet",
                    "dirichlet_multinomial",
                    "distribution",
                    "gamma",
                    "laplace",
                    "multinomial",
                    "normal",
                    "special_math",
                    "student_t",
                    "uniform",
                )
            },
            "exponential": "gamma",
            "kullback_leibler": "divergence",
            "util": f"static {_DISTRIBUTIONS}.checks",
        }.items()
    },
    "ops.embedding_ops": f"{_INSIDE}.embedding",
    "ops.gradient_checker": "graphflow.testing.gradient_checker",
    "ops.gradients": "graphflow.autodiff.reverse graphflow.autodiff.hessians",
    "ops.gradients_impl": "graphflow.autodiff.reverse graphflow.autodiff.hessians",
    "ops.gradients_util": "graphflow.autodiff.reverse",
    "ops.init_ops": "graphflow.nets.initializers graphflow.initializers",
    "ops.metrics_impl": "graphflow.nets.metrics_base",
    "ops.lookup_ops": (
        f"{_INSIDE}.lookup_ops graphflow.ops.lookup_contrib graphflow.ops.lookup_index "
        "graphflow.ops.lookup_base graphflow.training.lookup_tables"
    ),
    "ops.math_ops": f"{_INSIDE}.array_ops",
    "ops.nn_ops": "graphflow.nn",
    "ops.nn_impl": "graphflow.nn",
    "ops.rnn": "graphflow.nets.rnn_steps graphflow.nets.rnn_sizes",
    "ops.rnn_cell_impl": "graphflow.nets.rnn_cells",
    "ops.resources": "graphflow.ops.resource_lists",
    "ops.resource_variable_ops": "graphflow.ops.resource_variables graphflow.ops.variables",
    "ops.sparse_ops": f"{_INSIDE}.sparse",
    "ops.state_ops": f"graphflow.ops.state {_INSIDE}.state",
    "ops.variable_scope": (
        f"{_INSIDE}.variable_scope graphflow.ops.variable_scope graphflow.ops.variable_store"
    ),
    "ops.variables": (
        f"{_INSIDE}.variables graphflow.ops.variables graphflow.ops.ref_variables "
        "graphflow.ops.partitioned_variables graphflow.ops.variable_lists"
    ),
    "ops.weights_broadcast_ops": "graphflow.nets.weights_broadcast",
    "platform.app": "graphflow.platform.app graphflow.app",
    "platform.benchmark": "graphflow.testing.benchmark",
    "platform.flags": "graphflow.flags",
    "platform.gfile": "graphflow.platform.file_io graphflow.gfile",
    "platform.googletest": "graphflow.testing.googletest graphflow.test absl.testing.absltest",
    "platform.resource_loader": "graphflow.resource_loader",
    "platform.sysconfig": "graphflow.sysconfig",
    "platform.test": "graphflow.test graphflow.testing.googletest",
    "platform.tf_logging": "graphflow.platform.tf_logging",
    "pywrap_tensorflow": f"graphflow.train {_INSIDE}.pywrap graphflow.testing.devices",
    "pywrap_tensorflow_internal": (f"graphflow.train {_INSIDE}.pywrap graphflow.testing.devices"),
    "saved_model.signature_def_utils_impl": "graphflow.formats.signature_def",
    "saved_model.utils": "graphflow.formats.tensor_info",
    "saved_model.utils_impl": "graphflow.formats.tensor_info",
    "summary.summary_iterator": "graphflow.train",
    "tf2": f"{_INSIDE}.tf2",
    "tpu.tpu_config": f"{_ESTIMATORS}.tpu_config",
    "tpu.tpu_estimator": f"{_ESTIMATORS}.tpu_estimator",
    "tpu.tpu_function": "graphflow.ops.cross_replica",
    "training.checkpoint_management": "graphflow.train graphflow.formats.checkpoint_state",
    "training.checkpoint_utils": "graphflow.training.checkpoints",
    "training.moving_averages": "graphflow.training.moving_average",
    "training.optimizer": "graphflow.training.optimizer graphflow.train",
    "training.saver": "graphflow.training.saver graphflow.train graphflow.formats.meta_graph",
    "training.slot_creator": "graphflow.training.slots",
    "user_ops.user_ops": "graphflow.user_ops",
    "util.compat": f"{_CORE}.compat graphflow.compat",
    "util.deprecation": f"{_INSIDE}.deprecation",
    "util.function_utils": f"{_INSIDE}.inspection",
    "util.keyword_args": f"{_INSIDE}.inspection",
    "util.nest": f"{_CORE}.nest graphflow.nest",
    "util.protobuf.compare": "graphflow.testing.messages",
    "util.tf_contextlib": "contextlib",
    "util.tf_decorator": f"{_INSIDE}.decorators",
    "util.tf_export": f"{_INSIDE}.decorators",
    "util.tf_inspect": f"{_INSIDE}.inspection inspect",
    "util.tf_should_use": f"{_INSIDE}.decorators",
}
"""The modules (spaces between them) where a module's other names are looked up."""

RENAMED: Final = {
    "estimator.canned.optimizers.get_optimizer_instance": (
        "graphflow.estimators.optimizer_names:optimizer_instance"
    ),
    "feature_column.dense_features.DenseFeatures": f"{_FEATURES}.dense_features:DenseFeatures",
    "feature_column.dense_features_v2.DenseFeatures": f"{_FEATURES}.dense_features:DenseFeatures",
    "feature_column.feature_column_lib.DenseFeatures": f"{_FEATURES}.dense_features:DenseFeatures",
    "feature_column.feature_column._normalize_feature_columns": f"{_FEATURES}.reading:old_columns",
    "feature_column.feature_column_v2._normalize_feature_columns": (
        f"{_FEATURES}.reading:new_columns"
    ),
    "feature_column.feature_column._to_sparse_input_and_drop_ignore_values": (
        f"{_FEATURES}.reading:to_sparse"
    ),
    "feature_column.feature_column_v2._to_sparse_input_and_drop_ignore_values": (
        f"{_FEATURES}.reading:to_sparse"
    ),
    "feature_column.feature_column._verify_static_batch_size_equality": (
        f"{_FEATURES}.reading:check_batch_sizes"
    ),
    "feature_column.feature_column_v2._verify_static_batch_size_equality": (
        f"{_FEATURES}.reading:check_batch_sizes"
    ),
    "feature_column.feature_column_v2._check_shape": f"{_FEATURES}.checks:checked_shape",
    "feature_column.utils.assert_key_is_string": f"{_FEATURES}.checks:check_key",
    "feature_column.utils.assert_string_or_int": f"{_FEATURES}.checks:check_string_or_int",
    "feature_column.utils.check_default_value": f"{_FEATURES}.checks:checked_default",
    "feature_column.utils.sequence_length_from_sparse_tensor": f"{_FEATURES}.steps:sequence_length",
    "feature_column.sequence_feature_column._assert_all_equal_and_return": (
        f"{_FEATURES}.contrib_sequence:same_lengths"
    ),
    "framework.constant_op.constant": "graphflow.inside.constant_op:constant",
    "framework.versions.__version__": "graphflow.core.public:TENSORFLOW_VERSION",
    "framework.versions.VERSION": "graphflow.core.public:TENSORFLOW_VERSION",
    "framework.constant_op.constant_v1": "graphflow.ops.constant:constant",
    "framework.ops.Tensor": "graphflow.core.tensor:Tensor",
    "framework.ops.register_dense_tensor_like_type": "graphflow.inside.ops:ignored",
    "framework.ops.reset_default_graph": "graphflow.core.scopes:reset_default_graph",
    "ops.init_ops._compute_fans": "graphflow.nets.initializers:_fans",
    "ops.parsing_ops.decode_raw": "graphflow.inside.embedding:decode_raw",
    "ops.lookup_ops.index_table_from_tensor": (
        "graphflow.inside.lookup_ops:index_table_from_tensor"
    ),
    "ops.lookup_ops.index_to_string_table_from_tensor": (
        "graphflow.inside.lookup_ops:index_to_string_table_from_tensor"
    ),
    "ops.variables.Variable": "graphflow.inside.variables:Variable",
    "keras.optimizer_v2.rmsprop.RMSProp": "graphflow.models.optimizers_adaptive:RMSprop",
    "keras.optimizer_v2.optimizer_v2.OptimizerV2": "graphflow.models.optimizers_base:OptimizerV2",
    "keras.utils.generic_utils.to_snake_case": "graphflow.nets.keras_layer:snake_case",
    "ops.gradient_checker_v2.compute_gradient": (
        "graphflow.testing.gradient_checker:compute_gradient_v2"
    ),
    "ops.gradient_checker_v2.max_error": "graphflow.testing.gradient_checker:max_error",
    "ops.metrics_impl._remove_squeezable_dimensions": "graphflow.nets.metrics_base:fitted",
    "ops.rnn._best_effort_input_batch_size": "graphflow.nets.rnn_steps:batch_size_of",
    "ops.rnn._infer_state_dtype": "graphflow.nets.rnn_sizes:inferred_dtype",
    "ops.rnn._transpose_batch_time": "graphflow.nets.rnn_dynamic:transpose_batch_time",
    "ops.rnn_cell_impl._BIAS_VARIABLE_NAME": "graphflow.nets.rnn_cells:BIAS",
    "ops.rnn_cell_impl._WEIGHTS_VARIABLE_NAME": "graphflow.nets.rnn_cells:KERNEL",
    "platform.googletest.TestCase": "absl.testing.absltest:TestCase",
    "platform.googletest.absltest_main": "absl.testing.absltest:main",
    "platform.googletest.main": "graphflow.testing.googletest:main",
    "platform.test.TestCase": "graphflow.testing.case:TensorFlowTestCase",
    "training.evaluation._StopAfterNEvalsHook": (
        "graphflow.training.evaluation:StopAfterNEvalsHook"
    ),
    "training.evaluation._evaluate_once": "graphflow.training.evaluation:evaluate_once",
    "training.evaluation._get_or_create_eval_step": (
        "graphflow.training.evaluation:get_or_create_eval_step"
    ),
    "util.compat.collections_abc": "collections:abc",
    "util.nest.is_sequence": "graphflow.core.nest:is_nested",
}
"""Names that have other names here: "module:attribute"."""

_SEQ2SEQ: Final = "graphflow.nets.seq2seq"
CONTRIB_HOMES: Final = {
    "seq2seq.python.ops.attention_wrapper": (
        f"{_SEQ2SEQ}_attention {_SEQ2SEQ}_mechanisms {_SEQ2SEQ}_monotonic"
    ),
    "seq2seq.python.ops.basic_decoder": f"{_SEQ2SEQ}_basic",
    "seq2seq.python.ops.beam_search_decoder": f"{_SEQ2SEQ}_beam {_SEQ2SEQ}_beam_step",
    "seq2seq.python.ops.decoder": f"{_SEQ2SEQ}_decoder",
    "seq2seq.python.ops.helper": (f"{_SEQ2SEQ}_helpers {_SEQ2SEQ}_scheduled {_SEQ2SEQ}_samples"),
}
"""As HOMES, for modules below `tensorflow.contrib`."""

SPACES: Final = {
    "client": ("",),
    "data": ("data", "data.experimental"),
    "eager": ("",),
    "feature_column": ("feature_column",),
    "framework": ("", "errors", "dtypes", "graph_util", "random", "io"),
    "keras": (
        "keras", "keras.layers", "keras.models", "keras.utils", "keras.optimizers",
        "keras.optimizers.schedules", "keras.preprocessing.text", "keras.preprocessing.sequence",
    ),
    "layers": ("layers",),
    "lib": ("io", "gfile", "python_io"),
    "ops": (
        "", "nn", "math", "image", "losses", "metrics", "initializers", "random", "strings",
        "sparse", "linalg", "sets", "signal", "lookup", "ragged", "queue",
    ),
    "platform": ("",),
    "profiler": ("profiler",),
    "saved_model": (
        "saved_model", "saved_model.builder", "saved_model.loader", "saved_model.constants",
        "saved_model.signature_constants", "saved_model.tag_constants", "saved_model.utils",
    ),
    "summary": ("summary", "summary.writer"),
    "training": ("train", ""),
    "util": ("nest", "compat", ""),
}  # fmt: skip
"""The namespaces where names of a folder's modules are looked up last."""
