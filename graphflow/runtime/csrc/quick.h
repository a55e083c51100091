// Repeated runs of a session.
#pragma once
#include <Python.h>

namespace gf {
int add_quick(PyObject* module);  // the type `Quick`; -1: an error
}
