"""Records the arguments of TensorFlow 1.15.5's generated functions, by operation type."""

import ast
import gzip
import json
from pathlib import Path


def main():
    import tensorflow_core

    found = {}
    for path in sorted((Path(tensorflow_core.__file__).parent / "python").rglob("gen_*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.endswith("_eager_fallback"):
                continue
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and (
                    getattr(call.func, "attr", "") == "_apply_op_helper"
                ):
                    names = [a.arg for a in node.args.args]
                    required = len(names) - len(node.args.defaults)
                    found[call.args[0].s] = [node.name, names, required]
    out = Path(__file__).with_name("generated.json.gz")
    with gzip.GzipFile(str(out), "wb", mtime=0) as file:
        file.write(json.dumps(found, sort_keys=True).encode())
    print(len(found), "operation types in", out.name)


if __name__ == "__main__":
    main()
