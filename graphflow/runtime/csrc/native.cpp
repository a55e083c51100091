// The extension module: code objects that run a list of kernels on addresses, without Python.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "native.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "quick.h"
#include "threads.h"

namespace gf {

void* blas_sgemm = nullptr;
void* blas_dgemm = nullptr;
bool blas_wide = false;

static const Table* active = nullptr;
static std::unordered_map<std::string, Kernel> kernels;
static std::unordered_map<std::string, TileOp> tiles;
// What running code asks for without a look-up; helper threads read these.
static Kernel runs_f32[4], runs_f64[4];  // by Reduction
static TileOp adds_f32, adds_f64, spreads[9];  // these by the bytes of an element

static void use(const Table* table) {
  active = table;
  kernels.clear();
  tiles.clear();
  for (const KernelEntry* k = table->kernels; k->name; ++k) kernels[k->name] = k->run;
  for (const TileEntry* t = table->tiles; t->name; ++t) tiles[t->name] = t->run;
  static const char* names[] = {"sum", "sum", "max", "min"};
  for (int i = 0; i < 4; ++i) {
    runs_f32[i] = kernels[std::string(names[i]) + ".f32"];
    runs_f64[i] = kernels[std::string(names[i]) + ".f64"];
  }
  adds_f32 = tiles["add_f32"], adds_f64 = tiles["add_f64"];
  spreads[1] = tiles["spread_u8"], spreads[4] = tiles["spread_f32"], spreads[8] = tiles["spread_f64"];
}

// --- a program for tiles ---
enum Mode { kFull, kScalar, kRow, kColumn };
enum Reduction { kSum, kMean, kMax, kMin };
enum Layout { kAll, kEachRow, kEachColumn };

struct External {
  i64 operand, mode, item;
};
struct TileInstr {
  TileOp run;
  i64 a, b, c, d;
};
struct Reduce {
  i64 kind, layout, source, operand, item;
};
struct Store {
  i64 source, target;
};

constexpr i64 kLongestTile = 4096;
struct TileProgram {
  i64 R, C, tile;
  std::vector<External> externals;
  std::vector<i64> literal_items, temp_items;
  std::vector<double> literals;
  std::vector<TileInstr> instrs;
  std::vector<Store> stores;
  std::vector<Reduce> reduces;
  std::vector<char*> space;  // work memory, one for each thread
  i64 space_size = 0;
};

static void fill(char* to, const char* from, i64 item, i64 n) {
  spreads[item](from, nullptr, nullptr, to, n);
}
static void literal(char* to, double value, i64 item, bool integer, i64 n) {
  if (item == 1) {
    char x = value != 0;
    fill(to, &x, 1, n);
    return;
  }
  char bytes[8];
  if (integer) {
    const i64 whole = (i64)value;
    std::memcpy(bytes, &whole, 8);  // of a small one the first four bytes are the int32
  } else if (item == 4) {
    const float single = (float)value;
    std::memcpy(bytes, &single, 4);
  } else {
    std::memcpy(bytes, &value, 8);
  }
  fill(to, bytes, item, n);
}

template <class T>
static inline T combined(i64 kind, T a, T b) {
  if (kind <= kMean) return a + b;
  if (kind == kMax) return b > a ? b : a;
  return b < a ? b : a;
}
template <class T>
static T neutral(i64 kind) {
  if (kind <= kMean) return 0;
  return kind == kMax ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
}
// The sum, maximum or minimum of a run, by the kernel of the active instruction set.
template <class T>
static T run_of(i64 kind, const T* x, i64 n) {
  T found = neutral<T>(kind);
  if (n) {
    char* p[2] = {(char*)x, (char*)&found};
    i64 sizes[3] = {1, n, 1};
    (sizeof(T) == 4 ? runs_f32 : runs_f64)[kind](p, sizes, nullptr);
  }
  return found;
}

template <class T>
static void reduce_tile(const Reduce& r, const TileProgram& t, const char* from, char* out,
                        double& total, i64 row, i64 column, i64 rows, i64 columns) {
  const T* x = (const T*)from;
  if (r.layout == kAll) {
    total = combined(r.kind, total, (double)run_of(r.kind, x, rows * columns));
  } else if (r.layout == kEachRow) {
    T* y = (T*)out + row;
    for (i64 i = 0; i < rows; ++i, x += columns) {
      T s = run_of(r.kind, x, columns);
      y[i] = column ? combined(r.kind, y[i], s) : s;
      if (column + columns == t.C && r.kind == kMean) y[i] = y[i] / (T)t.C;
    }
  } else {
    T* y = (T*)out + column;
    T part[kLongestTile];
    char* p[2] = {(char*)x, (char*)(row ? part : y)};
    const i64 sizes[3] = {1, rows, columns};
    const i64 summed = r.kind <= kMean ? kSum : r.kind;  // a mean is divided at the end
    (sizeof(T) == 4 ? runs_f32 : runs_f64)[summed](p, sizes, nullptr);
    if (row && r.kind <= kMean)
      (sizeof(T) == 4 ? adds_f32 : adds_f64)(y, part, nullptr, y, columns);
    else if (row)
      for (i64 j = 0; j < columns; ++j) y[j] = combined(r.kind, y[j], part[j]);
    if (row + rows == t.R && r.kind == kMean)
      for (i64 j = 0; j < columns; ++j) y[j] = y[j] / (T)t.R;
  }
}

struct TileJob {
  TileProgram* t;
  char** p;
  i64 parts;
  double totals[8][8];
};

// Runs the operations on a tile of n elements, while the operands' tile after the next one comes from
// memory, a share of it beside each operation.
static void run_and_fetch(const TileProgram& t, char** at, i64 n) {
  const i64 count = (i64)t.instrs.size();
  for (i64 k = 0; k < count; ++k) {
    for (size_t i = 0; i < t.externals.size(); ++i) {
      const External& e = t.externals[i];
      if (e.mode != kFull) continue;
      const char* next = at[i] + 2 * n * e.item;
      for (i64 b = n * k / count * e.item; b < n * (k + 1) / count * e.item; b += 64)
        __builtin_prefetch(next + b);
    }
    const TileInstr& x = t.instrs[k];
    x.run(at[x.a], at[x.b], at[x.c], at[x.d], n);
  }
}

static void tile_part(void* context, i64 part) {
  TileJob& job = *(TileJob*)context;
  TileProgram& t = *job.t;
  const i64 tile = t.tile, n_ext = (i64)t.externals.size(), n_lit = (i64)t.literal_items.size();
  const i64 n_registers = n_ext + n_lit + (i64)t.temp_items.size();
  char* space = t.space[part];
  char* at[512];
  const bool flat = t.R == 1;
  const i64 together = flat ? 1 : std::max<i64>(1, tile / std::max<i64>(1, t.C));  // rows a tile
  const bool pieces = t.C > tile;
  i64 whole = 0;  // bytes of an element of all operands
  for (const External& e : t.externals) whole += e.mode == kFull ? e.item : 0;
  const bool far = whole * t.R * t.C > 1 << 20;  // more than the caches near the core hold
  // this part's share: of rows, or of the only row
  i64 row0 = flat ? 0 : t.R * part / job.parts, row1 = flat ? 1 : t.R * (part + 1) / job.parts;
  i64 col0 = 0, col1 = t.C;
  if (flat && job.parts > 1) {
    const i64 unit = (t.C + 63) / 64;
    col0 = std::min(t.C, unit * part / job.parts * 64);
    col1 = std::min(t.C, unit * (part + 1) / job.parts * 64);
  }
  const i64 longest = std::min(tile, std::max<i64>(0, (row1 - row0) * (col1 - col0)));
  const i64 stride = tile * 8;
  for (i64 i = 0; i < n_registers; ++i) at[i] = space + i * stride;
  for (i64 i = 0; i < n_ext; ++i) {
    const External& e = t.externals[i];
    if (e.mode == kScalar) fill(at[i], job.p[e.operand], e.item, longest);
    if (e.mode == kRow && !pieces)
      for (i64 k = 0; k < together && (k + 1) * t.C <= tile; ++k)
        std::memcpy(at[i] + k * t.C * e.item, job.p[e.operand], t.C * e.item);
  }
  double* totals = job.totals[part];
  for (size_t i = 0; i < t.reduces.size(); ++i) totals[i] = neutral<double>(t.reduces[i].kind);
  for (i64 row = row0; row < row1; row += together) {
    const i64 rows = std::min(together, row1 - row);
    for (i64 column = col0; column < col1; column += tile) {
      const i64 columns = pieces || flat ? std::min(tile, col1 - column) : t.C;
      const i64 n = rows * columns, start = row * t.C + column;
      for (i64 i = 0; i < n_ext; ++i) {
        const External& e = t.externals[i];
        char* base = job.p[e.operand];
        if (e.mode == kFull) {
          at[i] = base + start * e.item;
        } else if (e.mode == kRow && pieces) {
          at[i] = base + column * e.item;
        } else if (e.mode == kColumn) {
          for (i64 k = 0; k < rows; ++k)
            fill(at[i] + k * columns * e.item, base + (row + k) * e.item, e.item, columns);
        }
      }
      const bool last = column + columns >= col1 && row + rows >= row1;
      if (far && !last) {
        run_and_fetch(t, at, n);
      } else {
        for (const TileInstr& x : t.instrs) x.run(at[x.a], at[x.b], at[x.c], at[x.d], n);
      }
      for (const Store& s : t.stores)
        std::memcpy(at[s.target], at[s.source], n * t.externals[s.target].item);
      for (size_t i = 0; i < t.reduces.size(); ++i) {
        const Reduce& r = t.reduces[i];
        if (r.item == 4)
          reduce_tile<float>(r, t, at[r.source], job.p[r.operand], totals[i], row, column, rows,
                             columns);
        else
          reduce_tile<double>(r, t, at[r.source], job.p[r.operand], totals[i], row, column, rows,
                              columns);
      }
    }
  }
}

static void run_tiles(TileProgram& t, char** p) {
  TileJob job{&t, p, 1, {}};
  const i64 n = t.R * t.C;
  bool columns = false;
  for (const Reduce& r : t.reduces) columns |= r.layout == kEachColumn;
  const double cost = 1.5e-4 * (double)n * (double)t.instrs.size();
  if (!columns) job.parts = std::min<i64>(threads_wanted(cost), t.R == 1 ? 8 : std::min<i64>(8, t.R));
  while ((i64)t.space.size() < job.parts) {
    char* space = (char*)std::aligned_alloc(64, t.space_size);
    i64 k = (i64)t.externals.size();
    for (size_t i = 0; i < t.literals.size(); ++i) {
      const i64 item = t.literal_items[i];
      literal(space + (k + (i64)i) * t.tile * 8, t.literals[i], item & 15, item & 16, std::min(t.tile, n));
    }
    t.space.push_back(space);
  }
  split(job.parts, cost, tile_part, &job);
  for (size_t i = 0; i < t.reduces.size(); ++i) {
    const Reduce& r = t.reduces[i];
    if (r.layout != kAll) continue;
    double total = job.totals[0][i];
    for (i64 k = 1; k < job.parts; ++k) total = combined(r.kind, total, job.totals[k][i]);
    if (r.kind == kMean) total = r.item == 4 ? (float)total / (float)n : total / (double)n;
    if (r.item == 4)
      *(float*)p[r.operand] = (float)total;
    else
      *(double*)p[r.operand] = total;
  }
}

// --- code objects ---
struct Instr {
  Kernel run;
  TileProgram* tile;
  std::vector<i64> operands, sizes;
  std::vector<double> numbers;
};
struct Input {
  i64 operand;
  bool is_cell, written;
  i64 item;
  std::vector<Py_ssize_t> shape;
};
struct Alias {
  i64 operand, base, offset;
};
struct Code {
  PyObject_HEAD
  std::vector<Instr>* instrs;
  std::vector<Input>* inputs;
  std::vector<Alias>* aliases;
  std::vector<char*>* at;
  std::vector<Py_buffer>* views;
  PyObject* kept;
  int threads;
};

static PyObject* value_name;

static void code_dealloc(PyObject* self) {
  Code* c = (Code*)self;
  if (c->instrs)
    for (Instr& x : *c->instrs)
      if (x.tile) {
        for (char* s : x.tile->space) std::free(s);
        delete x.tile;
      }
  delete c->instrs;
  delete c->inputs;
  delete c->aliases;
  delete c->at;
  delete c->views;
  Py_XDECREF(c->kept);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

static bool read_numbers(PyObject* sequence, std::vector<i64>& to) {
  PyObject* fast = PySequence_Fast(sequence, "a sequence of integers is needed");
  if (!fast) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast); ++i)
    to.push_back(PyLong_AsLongLong(PySequence_Fast_GET_ITEM(fast, i)));
  Py_DECREF(fast);
  return !PyErr_Occurred();
}
static bool read_floats(PyObject* sequence, std::vector<double>& to) {
  PyObject* fast = PySequence_Fast(sequence, "a sequence of numbers is needed");
  if (!fast) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast); ++i)
    to.push_back(PyFloat_AsDouble(PySequence_Fast_GET_ITEM(fast, i)));
  Py_DECREF(fast);
  return !PyErr_Occurred();
}

// sizes: R C tile, counts of (externals, literals, temporaries, instructions, stores, reductions),
// then these, flattened; an instruction's operation is a position in `names`.
static TileProgram* tile_program(const std::vector<i64>& s, const std::vector<double>& f,
                                 PyObject* names) {
  auto* t = new TileProgram;
  t->R = s[0], t->C = s[1], t->tile = s[2];
  const i64 *q = s.data() + 9;
  for (i64 i = 0; i < s[3]; ++i, q += 3) t->externals.push_back({q[0], q[1], q[2]});
  for (i64 i = 0; i < s[4]; ++i, ++q) t->literal_items.push_back(*q);
  for (i64 i = 0; i < s[5]; ++i, ++q) t->temp_items.push_back(*q);
  for (i64 i = 0; i < s[6]; ++i, q += 5) {
    const char* name = PyUnicode_AsUTF8(PyList_GetItem(names, q[0]));
    auto found = name ? tiles.find(name) : tiles.end();
    if (found == tiles.end()) {
      PyErr_Format(PyExc_ValueError, "no operation on tiles is called %s", name ? name : "?");
      delete t;
      return nullptr;
    }
    t->instrs.push_back({found->second, q[1], q[2], q[3], q[4]});
  }
  for (i64 i = 0; i < s[7]; ++i, q += 2) t->stores.push_back({q[0], q[1]});
  for (i64 i = 0; i < s[8]; ++i, q += 5) t->reduces.push_back({q[0], q[1], q[2], q[3], q[4]});
  t->literals = f;
  const i64 registers = s[3] + s[4] + s[5];
  if (registers > 512 || s[8] > 8 || t->tile > kLongestTile) {
    PyErr_SetString(PyExc_ValueError, "too many registers or reductions, or too long a tile");
    delete t;
    return nullptr;
  }
  t->space_size = std::max<i64>(64, (registers * t->tile * 8 + 63) / 64 * 64);
  return t;
}

// Code(operands, fixed, aliases, inputs, instructions, kept, threads)
static PyObject* code_new(PyTypeObject* type, PyObject* args, PyObject*) {
  Py_ssize_t operands;
  PyObject *fixed, *aliases, *inputs, *instructions, *kept;
  int threads = 0;
  if (!PyArg_ParseTuple(args, "nO!O!O!O!O|i", &operands, &PyList_Type, &fixed, &PyList_Type,
                        &aliases, &PyList_Type, &inputs, &PyList_Type, &instructions, &kept,
                        &threads))
    return nullptr;
  Code* c = (Code*)type->tp_alloc(type, 0);
  if (!c) return nullptr;
  c->instrs = new std::vector<Instr>;
  c->inputs = new std::vector<Input>;
  c->aliases = new std::vector<Alias>;
  c->at = new std::vector<char*>(operands, nullptr);
  c->views = new std::vector<Py_buffer>;
  Py_INCREF(kept);
  c->kept = kept;
  c->threads = threads;
  auto fail = [&]() -> PyObject* {
    Py_DECREF(c);
    return nullptr;
  };
  for (Py_ssize_t i = 0; i < PyList_Size(fixed); ++i) {
    long long operand, address;
    if (!PyArg_ParseTuple(PyList_GetItem(fixed, i), "LL", &operand, &address)) return fail();
    c->at->at(operand) = (char*)(std::intptr_t)address;
  }
  for (Py_ssize_t i = 0; i < PyList_Size(aliases); ++i) {
    long long operand, base, offset;
    if (!PyArg_ParseTuple(PyList_GetItem(aliases, i), "LLL", &operand, &base, &offset)) return fail();
    c->aliases->push_back({operand, base, offset});
  }
  for (Py_ssize_t i = 0; i < PyList_Size(inputs); ++i) {
    long long operand, item;
    int is_cell, written;
    PyObject* shape;
    if (!PyArg_ParseTuple(PyList_GetItem(inputs, i), "LppLO", &operand, &is_cell, &written, &item,
                          &shape))
      return fail();
    std::vector<i64> sizes;
    if (!read_numbers(shape, sizes)) return fail();
    Input input{operand, (bool)is_cell, (bool)written, item, {}};
    input.shape.assign(sizes.begin(), sizes.end());
    c->inputs->push_back(input);
  }
  for (Py_ssize_t i = 0; i < PyList_Size(instructions); ++i) {
    const char* name;
    PyObject *ops, *sizes, *numbers, *names;
    if (!PyArg_ParseTuple(PyList_GetItem(instructions, i), "sOOOO", &name, &ops, &sizes, &numbers,
                          &names))
      return fail();
    Instr x{nullptr, nullptr, {}, {}, {}};
    if (!read_numbers(ops, x.operands) || !read_numbers(sizes, x.sizes) ||
        !read_floats(numbers, x.numbers))
      return fail();
    if (x.operands.size() > 512) {
      PyErr_SetString(PyExc_ValueError, "too many operands");
      return fail();
    }
    if (!std::strcmp(name, "tiles")) {
      x.tile = tile_program(x.sizes, x.numbers, names);
      if (!x.tile) return fail();
    } else {
      auto found = kernels.find(name);
      if (found == kernels.end()) {
        PyErr_Format(PyExc_ValueError, "no kernel is called %s", name);
        return fail();
      }
      x.run = found->second;
    }
    c->instrs->push_back(x);
  }
  c->views->resize(c->inputs->size());
  return (PyObject*)c;
}

static long long run_all(Code* c) {
  char* p[512];
  long long at = 0;
  limit_threads(c->threads);
  for (Instr& x : *c->instrs) {
    ++at;
    for (size_t i = 0; i < x.operands.size(); ++i) p[i] = (*c->at)[x.operands[i]];
    if (x.tile)
      run_tiles(*x.tile, p);
    else if (x.run(p, x.sizes.data(), x.numbers.data()))
      return at;
  }
  return 0;
}

// Runs on the inputs in order. Returns 0; -1 if an input is not as planned (nothing has been done
// then); or the number of the instruction (from 1) that refuses the values.
static PyObject* code_call(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
  Code* c = (Code*)self;
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  if (names || n != (Py_ssize_t)c->inputs->size()) {
    PyErr_SetString(PyExc_TypeError, "a code object takes its inputs, in order");
    return nullptr;
  }
  Py_ssize_t open = 0;
  bool fits = true;
  for (; open < n && fits; ++open) {
    const Input& in = (*c->inputs)[open];
    Py_buffer& view = (*c->views)[open];
    PyObject* array = args[open];
    if (in.is_cell) {
      array = PyObject_GetAttr(array, value_name);
      if (!array) {
        PyErr_Clear();
        fits = false;
        break;
      }
    }
    int wanted = PyBUF_ND | (in.written ? PyBUF_WRITABLE : 0);
    int refused = PyObject_GetBuffer(array, &view, wanted);
    if (in.is_cell) Py_DECREF(array);
    if (refused) {
      PyErr_Clear();
      fits = false;
      break;
    }
    fits = view.itemsize == in.item && view.ndim == (int)in.shape.size();
    for (int d = 0; fits && d < view.ndim; ++d) fits = view.shape[d] == in.shape[d];
    (*c->at)[in.operand] = (char*)view.buf;
  }
  long long status = -1;
  if (fits) {
    for (const Alias& a : *c->aliases) (*c->at)[a.operand] = (*c->at)[a.base] + a.offset;
    Py_BEGIN_ALLOW_THREADS;
    status = run_all(c);
    Py_END_ALLOW_THREADS;
  }
  for (Py_ssize_t i = 0; i < open; ++i) PyBuffer_Release(&(*c->views)[i]);
  return PyLong_FromLongLong(status);
}

static PyObject* code_run(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  return code_call(self, args, (size_t)n, nullptr);
}
static PyMethodDef code_methods[] = {
    {"run", (PyCFunction)(void (*)(void))code_run, METH_FASTCALL,
     "run(*inputs) -> 0, -1 (an input is not as planned) or the number of the refusing instruction"},
    {nullptr, nullptr, 0, nullptr}};
static PyType_Slot code_slots[] = {{Py_tp_new, (void*)code_new},
                                   {Py_tp_dealloc, (void*)code_dealloc},
                                   {Py_tp_methods, code_methods},
                                   {0, nullptr}};
static PyType_Spec code_spec = {"graphflow.runtime.native.Code", sizeof(Code), 0, Py_TPFLAGS_DEFAULT,
                                code_slots};

// --- the module ---
static PyObject* names_of(bool of_tiles) {
  PyObject* found = PyList_New(0);
  if (of_tiles)
    for (const TileEntry* t = active->tiles; t->name; ++t) {
      PyObject* s = PyUnicode_FromString(t->name);
      PyList_Append(found, s);
      Py_DECREF(s);
    }
  else
    for (const KernelEntry* k = active->kernels; k->name; ++k) {
      PyObject* s = PyUnicode_FromString(k->name);
      PyList_Append(found, s);
      Py_DECREF(s);
    }
  return found;
}
static PyObject* m_tiles(PyObject*, PyObject*) { return names_of(true); }
static PyObject* m_kernels(PyObject*, PyObject*) { return names_of(false); }
static PyObject* m_isas(PyObject*, PyObject*) {
  PyObject* found = PyList_New(0);
  for (const Table* t : usable_tables()) {
    PyObject* s = PyUnicode_FromString(t->isa);
    PyList_Append(found, s);
    Py_DECREF(s);
  }
  return found;
}
static PyObject* m_isa(PyObject*, PyObject*) { return PyUnicode_FromString(active->isa); }
static PyObject* m_use(PyObject*, PyObject* arg) {
  const char* name = PyUnicode_AsUTF8(arg);
  if (!name) return nullptr;
  for (const Table* t : usable_tables())
    if (!std::strcmp(t->isa, name)) {
      use(t);
      Py_RETURN_NONE;
    }
  PyErr_Format(PyExc_ValueError, "this processor cannot run the kernels for %s", name);
  return nullptr;
}
static PyObject* m_blas(PyObject*, PyObject* args) {
  long long single, twice;
  int wide;
  if (!PyArg_ParseTuple(args, "LLp", &single, &twice, &wide)) return nullptr;
  blas_sgemm = (void*)(std::intptr_t)single;
  blas_dgemm = (void*)(std::intptr_t)twice;
  blas_wide = wide;
  Py_RETURN_NONE;
}
static PyObject* m_threads(PyObject*, PyObject* arg) {
  long n = PyLong_AsLong(arg);
  if (n == -1 && PyErr_Occurred()) return nullptr;
  set_threads((int)n);
  Py_RETURN_NONE;
}
static PyObject* m_philox(PyObject*, PyObject* args) {
  unsigned long long key, high, low;
  Py_buffer out;
  if (!PyArg_ParseTuple(args, "KKKw*", &key, &high, &low, &out)) return nullptr;
  Py_BEGIN_ALLOW_THREADS;
  philox(key, high, low, (std::uint32_t*)out.buf, (i64)out.len / 16);
  Py_END_ALLOW_THREADS;
  PyBuffer_Release(&out);
  Py_RETURN_NONE;
}
// The first item of a list if nobody but the list holds it, else None.
static PyObject* m_unshared(PyObject*, PyObject* list) {
  if (!PyList_CheckExact(list) || PyList_GET_SIZE(list) == 0) Py_RETURN_NONE;
  PyObject* item = PyList_GET_ITEM(list, 0);
  if (Py_REFCNT(item) != 1) Py_RETURN_NONE;
  Py_INCREF(item);
  return item;
}
static PyObject* m_advance(PyObject*, PyObject* args) {
  Py_buffer stream;
  unsigned long long blocks;
  if (!PyArg_ParseTuple(args, "w*K", &stream, &blocks)) return nullptr;
  unsigned long long at = 0;
  const bool fits = stream.len == 24;
  if (fits) at = __atomic_fetch_add((std::uint64_t*)stream.buf + 2, blocks, __ATOMIC_RELAXED);
  PyBuffer_Release(&stream);
  if (fits) return PyLong_FromUnsignedLongLong(at);
  PyErr_SetString(PyExc_ValueError, "a stream is three words of 64 bits");
  return nullptr;
}
static PyMethodDef methods[] = {
    {"tile_operations", m_tiles, METH_NOARGS, "The names of the operations on tiles."},
    {"kernels", m_kernels, METH_NOARGS, "The names of the kernels."},
    {"instruction_sets", m_isas, METH_NOARGS, "The instruction sets this processor can run."},
    {"instruction_set", m_isa, METH_NOARGS, "The instruction set in use."},
    {"use", m_use, METH_O, "use(name): takes the kernels of an instruction set, for new code."},
    {"set_blas", m_blas, METH_VARARGS, "set_blas(sgemm, dgemm, wide): CBLAS functions to call."},
    {"philox", m_philox, METH_VARARGS,
     "philox(key, high, low, out): random words of consecutive positions into uint32 [n, 4]."},
    {"unshared", m_unshared, METH_O, "unshared(list): its first item if the list alone holds it, or None."},
    {"advance", m_advance, METH_VARARGS,
     "advance(stream, blocks) -> the next free block of uint64 [3], now that many further on."},
    {"set_threads", m_threads, METH_O, "set_threads(n): at most n threads work on one kernel."},
    {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "graphflow.runtime.native",
                             "Compiled kernels, and code objects that run lists of them.", -1,
                             methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace gf

PyMODINIT_FUNC PyInit_native() {
  gf::use(gf::usable_tables().back());
  gf::value_name = PyUnicode_InternFromString("value");
  PyObject* m = PyModule_Create(&gf::module);
  if (!m) return nullptr;
  PyObject* type = PyType_FromSpec(&gf::code_spec);
  if (!type || PyModule_AddObject(m, "Code", type) < 0 || gf::add_quick(m)) return nullptr;
  return m;
}
