"""All cases of bad inputs, in the order of their numbers. Runs on Python 3.7 as well."""

from __future__ import annotations

from tests.errors.case import Case
from tests.errors.flow_cases import FLOW
from tests.errors.flow_more_cases import MORE_FLOW
from tests.errors.graph_cases import GRAPH
from tests.errors.image_cases import IMAGES
from tests.errors.import_cases import IMPORTS
from tests.errors.linalg_cases import LINALG
from tests.errors.more_op_cases import MORE_OPS
from tests.errors.op_cases import OPS
from tests.errors.reading_cases import READING
from tests.errors.run_cases import RUNS
from tests.errors.session_cases import SESSION
from tests.errors.sparse_cases import SPARSE
from tests.errors.text_cases import TEXTS
from tests.errors.value_cases import VALUES
from tests.errors.variable_cases import VARIABLES
from tests.errors.window_cases import WINDOWS

_GRAPHS: list[Case] = [*GRAPH, *IMPORTS, *FLOW, *MORE_FLOW, *VARIABLES]
_OPS: list[Case] = [*OPS, *MORE_OPS, *VALUES, *IMAGES, *TEXTS, *SPARSE, *WINDOWS, *LINALG]
CASES: list[Case] = sorted([*SESSION, *RUNS, *READING, *_GRAPHS, *_OPS])
