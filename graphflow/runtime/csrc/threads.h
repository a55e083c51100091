// Helper threads: a kernel's work in parts.
#pragma once

namespace gf {

// At most n threads, the caller among them, work on one kernel.
void set_threads(int n);

// At most n of them work on what this thread starts from now on; 0: as many as set_threads says.
void limit_threads(int n);

}  // namespace gf
