"""All cases of bad inputs, in the order of their numbers. Runs on Python 3.7 as well."""

from __future__ import annotations

from tests.errors.case import Case
from tests.errors.graph_cases import GRAPH
from tests.errors.more_op_cases import MORE_OPS
from tests.errors.op_cases import OPS
from tests.errors.session_cases import SESSION
from tests.errors.variable_cases import VARIABLES

CASES: list[Case] = sorted(SESSION + OPS + MORE_OPS + GRAPH + VARIABLES)
