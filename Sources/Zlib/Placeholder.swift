// Zlib
