import Testing

/// Proofs on the whole program as separate processes. One after the other: each wants the machine's cores for itself, and
/// what is measured or killed in one must not be the load of another.
@Suite(.serialized)
enum ServiceTests {}
