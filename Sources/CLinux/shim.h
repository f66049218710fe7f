#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H

#include <malloc.h>

/// Blocks up to 32 MB come from the heap and go back to it. By glibc's defaults each page of a timeline (128 KB and more) is
/// mapped and unmapped anew, and every request pays for its page faults. One heap for all threads keeps what is free in one place.
static inline void clinux_keep_freed_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_ARENA_MAX, 1);
}

#endif
