// Repeated runs: what a session has done before, done again without looking anything up in Python.
//
// A run is repeated if the same objects are fetched, the same tensors are fed in the same order, and
// the fed values are arrays of the same type and shape or Python numbers for scalars. Whatever is not
// just so is left to the session.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memory>
#include <vector>

#include "quick.h"

namespace gf {
namespace {

constexpr size_t kVariants = 4;  // ways of feeding that are remembered for the same fetches

// All objects are owned by the lists `kept` of `Quick`; pointers here are borrowed.
struct Feed {
  PyObject *tensor, *dtype, *shape, *convert;
  bool scalar;
  Py_ssize_t last;  // where in `kept` the number stands that was fed last, then its array
};
struct Variant {
  PyObject* kind;           // list, tuple, or None for a single fetch
  std::vector<int> places;  // of the fetches among the plan's values; -1: None
  std::vector<char> scalar;  // of each of these values: whether it has no axes
  std::vector<Feed> feeds;
  PyObject *function, *arenas, *failed;
  PyObject* kept;
};
using Variants = std::vector<std::shared_ptr<const Variant>>;
struct Quick {
  PyObject_HEAD
  PyObject *graph, *array_type, *edits;
  PyObject* entries;  // fetches -> position in `all`
  PyObject* kept;     // a list of the lists of the variants
  std::vector<Variants>* all;
};

PyObject *edits_name, *dtype_name, *shape_name, *no_axes;

int quick_traverse(PyObject* self, visitproc visit, void* arg) {
  Quick* q = (Quick*)self;
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(q->graph);
  Py_VISIT(q->entries);
  Py_VISIT(q->kept);
  return 0;
}
void forget(Quick* q) {
  q->all->clear();
  PyObject* old = q->entries;
  PyObject* old_kept = q->kept;
  q->entries = PyDict_New();
  q->kept = PyList_New(0);
  Py_XDECREF(old);
  Py_XDECREF(old_kept);
}
int quick_gc_clear(PyObject* self) {
  Quick* q = (Quick*)self;
  q->all->clear();
  Py_CLEAR(q->entries);
  Py_CLEAR(q->kept);
  Py_CLEAR(q->graph);
  return 0;
}
void quick_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Quick* q = (Quick*)self;
  quick_gc_clear(self);
  Py_CLEAR(q->array_type);
  Py_CLEAR(q->edits);
  delete q->all;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// Quick(graph, array_type)
PyObject* quick_new(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *graph, *array_type;
  if (!PyArg_ParseTuple(args, "OO", &graph, &array_type)) return nullptr;
  Quick* q = (Quick*)type->tp_alloc(type, 0);
  if (!q) return nullptr;
  Py_INCREF(graph);
  Py_INCREF(array_type);
  q->graph = graph;
  q->array_type = array_type;
  q->edits = nullptr;
  q->entries = PyDict_New();
  q->kept = PyList_New(0);
  q->all = new std::vector<Variants>;
  return (PyObject*)q;
}

PyObject* quick_clear(PyObject* self, PyObject*) {
  forget((Quick*)self);
  Py_RETURN_NONE;
}

// The key of fetches: themselves, or (list or tuple, *items). Null without an error: there is none.
PyObject* key_of(PyObject* fetches) {
  if (!PyList_CheckExact(fetches) && !PyTuple_CheckExact(fetches)) {
    Py_INCREF(fetches);
    return fetches;
  }
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(fetches);
  PyObject* key = PyTuple_New(n + 1);
  if (!key) return nullptr;
  PyObject* kind = (PyObject*)Py_TYPE(fetches);
  Py_INCREF(kind);
  PyTuple_SET_ITEM(key, 0, kind);
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(fetches, i);
    Py_INCREF(item);
    PyTuple_SET_ITEM(key, i + 1, item);
  }
  return key;
}

// learn(fetches, edits, kind, places, feeds, scalar, function, arenas, failed): `feeds` are tuples
// (tensor, dtype, shape, convert); `arenas` is None where `function` is to be called as it is.
PyObject* quick_learn(PyObject* self, PyObject* args) {
  Quick* q = (Quick*)self;
  PyObject *fetches, *edits, *kind, *places, *feeds, *scalar, *function, *arenas, *failed;
  if (!PyArg_ParseTuple(args, "OOOO!O!O!OOO", &fetches, &edits, &kind, &PyTuple_Type, &places,
                        &PyTuple_Type, &feeds, &PyTuple_Type, &scalar, &function, &arenas, &failed))
    return nullptr;
  const int same = q->edits ? PyObject_RichCompareBool(q->edits, edits, Py_EQ) : 0;
  if (same < 0) return nullptr;
  if (!same) {
    forget(q);
    Py_INCREF(edits);
    Py_XSETREF(q->edits, edits);
  }
  PyObject* key = key_of(fetches);
  if (!key) return nullptr;
  PyObject* known = PyDict_GetItemWithError(q->entries, key);
  if (!known && PyErr_Occurred()) {
    Py_DECREF(key);
    return nullptr;
  }
  size_t at = q->all->size();
  if (known) {
    at = PyLong_AsSize_t(known);
  } else {
    PyObject* position = PyLong_FromSize_t(at);
    const int failure = !position || PyDict_SetItem(q->entries, key, position);
    Py_XDECREF(position);
    if (failure) {
      Py_DECREF(key);
      return nullptr;
    }
    q->all->push_back({});
  }
  Py_DECREF(key);
  if ((*q->all)[at].size() >= kVariants) Py_RETURN_NONE;
  PyObject* kept = PyList_New(0);
  if (!kept || PyList_Append(q->kept, kept)) {
    Py_XDECREF(kept);
    return nullptr;
  }
  Py_DECREF(kept);  // q->kept holds it
  auto made = std::make_shared<Variant>();
  Variant& v = *made;
  v.kind = kind, v.function = function, v.failed = failed, v.kept = kept;
  v.arenas = arenas == Py_None ? nullptr : arenas;
  for (PyObject* object : {kind, feeds, function, arenas, failed})
    if (PyList_Append(kept, object)) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(places); ++i)
    v.places.push_back((int)PyLong_AsLong(PyTuple_GET_ITEM(places, i)));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(feeds); ++i) {
    Feed f{nullptr, nullptr, nullptr, nullptr, false, PyList_GET_SIZE(kept)};
    if (!PyArg_ParseTuple(PyTuple_GET_ITEM(feeds, i), "OOO!O", &f.tensor, &f.dtype, &PyTuple_Type,
                          &f.shape, &f.convert))
      return nullptr;
    f.scalar = PyTuple_GET_SIZE(f.shape) == 0;
    if (PyList_Append(kept, Py_None) || PyList_Append(kept, Py_None)) return nullptr;
    v.feeds.push_back(f);
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(scalar); ++i)
    v.scalar.push_back(PyObject_IsTrue(PyTuple_GET_ITEM(scalar, i)) == 1);
  if (PyErr_Occurred()) return nullptr;
  (*q->all)[at].push_back(made);
  Py_RETURN_NONE;
}

// 1: the attribute equals what is wanted; 0: it does not; -1: an error
int attribute_is(PyObject* object, PyObject* name, PyObject* wanted) {
  PyObject* found = PyObject_GetAttr(object, name);
  if (!found) return -1;
  const int same = found == wanted ? 1 : PyObject_RichCompareBool(found, wanted, Py_EQ);
  Py_DECREF(found);
  return same;
}

// The array of a fed value (a new reference); null without an error: the session has to look.
PyObject* fed(const Quick* q, const Variant& v, const Feed& f, PyObject* value) {
  if ((PyObject*)Py_TYPE(value) == q->array_type) {
    int fits = attribute_is(value, dtype_name, f.dtype);
    if (fits == 1) fits = attribute_is(value, shape_name, f.shape);
    if (fits != 1) return nullptr;
    Py_INCREF(value);
    return value;
  }
  const bool number = PyFloat_CheckExact(value) || PyLong_CheckExact(value) || PyBool_Check(value);
  if (!f.scalar || !number) return nullptr;
  PyObject* last = PyList_GET_ITEM(v.kept, f.last);
  bool again = last == value;
  if (!again && Py_TYPE(last) == Py_TYPE(value) && PyFloat_CheckExact(value)) {
    const double a = PyFloat_AS_DOUBLE(last), b = PyFloat_AS_DOUBLE(value);
    again = !memcmp(&a, &b, sizeof a);
  }
  if (again) {
    PyObject* array = PyList_GET_ITEM(v.kept, f.last + 1);
    Py_INCREF(array);
    return array;
  }
  PyObject* array = PyObject_CallOneArg(f.convert, value);
  if (!array) return nullptr;
  Py_INCREF(value);
  PyList_SetItem(v.kept, f.last, value);
  Py_INCREF(array);
  PyList_SetItem(v.kept, f.last + 1, array);
  return array;
}

// Fills `arrays` with new references: true; or leaves it empty.
bool all_fed(const Quick* q, const Variant& v, PyObject* feed_dict, std::vector<PyObject*>& arrays) {
  const Py_ssize_t wanted = (Py_ssize_t)v.feeds.size();
  if ((feed_dict == Py_None ? 0 : PyDict_GET_SIZE(feed_dict)) != wanted) return false;
  Py_ssize_t place = 0, i = 0;
  PyObject *tensor, *value;
  while (i < wanted && PyDict_Next(feed_dict, &place, &tensor, &value)) {
    if (tensor != v.feeds[i].tensor) break;
    Py_INCREF(value);  // what is called may change the dictionary
    PyObject* array = fed(q, v, v.feeds[i], value);
    Py_DECREF(value);
    if (!array) break;
    arrays.push_back(array);
    ++i;
  }
  if (i == wanted) return true;
  for (PyObject* array : arrays) Py_DECREF(array);
  arrays.clear();
  return false;
}

// Calls the plan; returns the list of its values.
PyObject* run_plan(const Variant& v, std::vector<PyObject*>& arrays) {
  PyObject* function = v.function;
  if (v.arenas) {
    const Py_ssize_t n = PyList_GET_SIZE(v.arenas);
    if (n) {  // what is bound to buffers that nobody uses now
      function = PyList_GET_ITEM(v.arenas, n - 1);
      Py_INCREF(function);
      if (PyList_SetSlice(v.arenas, n - 1, n, nullptr)) {
        Py_DECREF(function);
        return nullptr;
      }
    } else {
      function = PyObject_CallNoArgs(v.function);
      if (!function) return nullptr;
    }
    PyObject* values = PyObject_Vectorcall(function, arrays.data(), arrays.size(), nullptr);
    if (values && PyList_Append(v.arenas, function)) Py_CLEAR(values);
    Py_DECREF(function);
    return values;
  }
  PyObject* list = PyList_New((Py_ssize_t)arrays.size());
  if (!list) return nullptr;
  for (size_t i = 0; i < arrays.size(); ++i) {
    Py_INCREF(arrays[i]);
    PyList_SET_ITEM(list, (Py_ssize_t)i, arrays[i]);
  }
  PyObject* values = PyObject_CallOneArg(function, list);
  Py_DECREF(list);
  return values;
}

// Lets the session say what has gone wrong.
PyObject* failure(PyObject* failed) {
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return nullptr;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (trace) PyException_SetTraceback(value, trace);
  PyObject* none = PyObject_CallOneArg(failed, value);
  Py_XDECREF(none);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  if (none) PyErr_SetString(PyExc_SystemError, "the failure of a run was not raised");
  return nullptr;
}

// A new reference to what the user gets for a value.
PyObject* shown(PyObject* values, int place, const std::vector<char>& scalar) {
  if (place < 0) Py_RETURN_NONE;
  PyObject* value = PyList_GET_ITEM(values, place);
  if (scalar[place]) return PyObject_GetItem(value, no_axes);
  Py_INCREF(value);
  return value;
}

PyObject* rebuilt(const Variant& v, PyObject* values) {
  if (v.kind == Py_None) return shown(values, v.places[0], v.scalar);
  const bool list = v.kind == (PyObject*)&PyList_Type;
  const Py_ssize_t n = (Py_ssize_t)v.places.size();
  PyObject* found = list ? PyList_New(n) : PyTuple_New(n);
  for (size_t i = 0; found && i < v.places.size(); ++i) {
    PyObject* value = shown(values, v.places[i], v.scalar);
    if (!value) {
      Py_CLEAR(found);
    } else if (list) {
      PyList_SET_ITEM(found, (Py_ssize_t)i, value);
    } else {
      PyTuple_SET_ITEM(found, (Py_ssize_t)i, value);
    }
  }
  return found;
}

// run(fetches, feed_dict) -> the values, or NotImplemented
PyObject* quick_run(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  Quick* q = (Quick*)self;
  if (n != 2) {
    PyErr_SetString(PyExc_TypeError, "run(fetches, feed_dict)");
    return nullptr;
  }
  PyObject *fetches = args[0], *feed_dict = args[1];
  if (q->all->empty() || (feed_dict != Py_None && !PyDict_CheckExact(feed_dict)))
    Py_RETURN_NOTIMPLEMENTED;
  PyObject* key = key_of(fetches);
  if (!key) return nullptr;
  PyObject* known = PyDict_GetItemWithError(q->entries, key);
  Py_DECREF(key);
  if (!known) {
    PyErr_Clear();  // fetches may have no hash
    Py_RETURN_NOTIMPLEMENTED;
  }
  const size_t at = PyLong_AsSize_t(known);
  const int same = attribute_is(q->graph, edits_name, q->edits);
  if (same < 0) return nullptr;
  if (!same) {
    forget(q);
    Py_RETURN_NOTIMPLEMENTED;
  }
  std::vector<PyObject*> arrays;
  for (size_t i = 0; at < q->all->size() && i < (*q->all)[at].size(); ++i) {
    const std::shared_ptr<const Variant> v = (*q->all)[at][i];
    PyObject* kept = v->kept;
    Py_INCREF(kept);  // and with it what this run needs, whatever is forgotten meanwhile
    const bool fits = all_fed(q, *v, feed_dict, arrays);
    PyObject* found = nullptr;
    if (fits) {
      PyObject* values = run_plan(*v, arrays);
      for (PyObject* array : arrays) Py_DECREF(array);
      found = values ? rebuilt(*v, values) : failure(v->failed);
      Py_XDECREF(values);
    }
    Py_DECREF(kept);
    if (fits) return found;
    if (PyErr_Occurred()) {
      PyErr_Clear();  // the session meets the same error and words it
      break;
    }
  }
  Py_RETURN_NOTIMPLEMENTED;
}

PyMethodDef quick_methods[] = {
    {"run", (PyCFunction)(void (*)(void))quick_run, METH_FASTCALL,
     "run(fetches, feed_dict) -> the values of a run like one that was learnt, or NotImplemented"},
    {"learn", quick_learn, METH_VARARGS,
     "learn(fetches, edits, kind, places, feeds, scalar, function, arenas, failed)"},
    {"clear", quick_clear, METH_NOARGS, "Forgets all that was learnt."},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot quick_slots[] = {{Py_tp_new, (void*)quick_new},
                             {Py_tp_dealloc, (void*)quick_dealloc},
                             {Py_tp_traverse, (void*)quick_traverse},
                             {Py_tp_clear, (void*)quick_gc_clear},
                             {Py_tp_methods, quick_methods},
                             {0, nullptr}};
PyType_Spec quick_spec = {"graphflow.runtime.native.Quick", sizeof(Quick), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, quick_slots};

}  // namespace

int add_quick(PyObject* module) {
  edits_name = PyUnicode_InternFromString("_edits");
  dtype_name = PyUnicode_InternFromString("dtype");
  shape_name = PyUnicode_InternFromString("shape");
  no_axes = PyTuple_New(0);
  PyObject* type = PyType_FromSpec(&quick_spec);
  return !type || PyModule_AddObject(module, "Quick", type) < 0 ? -1 : 0;
}

}  // namespace gf
