// Helper threads: a kernel's work in parts.
#pragma once

namespace gf {

// At most n threads, the caller among them, work on one kernel.
void set_threads(int n);

}  // namespace gf
