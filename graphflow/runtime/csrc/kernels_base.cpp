// The kernels for base. Every instruction set is compiled from the same files.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "native.h"

#define GF_BYTES 16
namespace gf {
namespace {
#include "tiles.inc"
#include "kernels.inc"
}  // namespace
const Table* table_base() {
  static const Table table{"base", kKernels, kTiles};
  return &table;
}
}  // namespace gf
