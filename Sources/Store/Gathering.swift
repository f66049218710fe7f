import Database
import Synchronization

/// Gathers what many callers bring while a write of theirs waits for its turn, so that one write does it for all.
///
/// The caller who finds nobody waiting leads: their write takes whatever has been brought when it begins. Everybody is answered after
/// its commit.
final class Gathering<Element: Sendable, Answer: Sendable>: Sendable {
    private struct Waiting: Sendable {
        let element: Element
        /// nil for the leader.
        let continuation: CheckedContinuation<Turn, any Error>?
    }

    private enum Turn: Sendable { case lead, answered(Answer) }

    private let waiting = Mutex<[Waiting]>([])

    /// - Parameter write: runs the write, in which it asks for the elements and gives an answer to each, in their order. Asked again, as
    ///   when the write is begun anew, it is given the same ones.
    /// - Returns: the answer to `element`.
    func run(
        _ element: Element, _ write: (_ take: @escaping @Sendable () -> [Element]) async throws -> [Result<Answer, any Error>]
    ) async throws -> Answer {
        let turn: Turn = try await withCheckedThrowingContinuation { continuation in
            let leads = waiting.withLock { waiting in
                let leads = waiting.isEmpty
                waiting.append(Waiting(element: element, continuation: leads ? nil : continuation))
                return leads
            }
            if leads { continuation.resume(returning: .lead) }
        }
        if case .answered(let answer) = turn { return answer }
        let group = Group(self)
        let answers: [Result<Answer, any Error>]
        do {
            answers = try await write { group.taken().map(\.element) }
        } catch {
            for other in group.taken() { other.continuation?.resume(throwing: error) }
            throw error
        }
        let taken = group.taken()
        precondition(answers.count == taken.count, "\(answers.count) answers for \(taken.count)")
        for (other, answer) in zip(taken, answers).dropFirst() { other.continuation?.resume(with: answer.map(Turn.answered)) }
        // The leader came first.
        return try answers[0].get()
    }

    /// What one leader's write takes, once.
    private final class Group: Sendable {
        private let gathering: Gathering
        private let elements = Mutex<[Waiting]?>(nil)

        init(_ gathering: Gathering) { self.gathering = gathering }

        func taken() -> [Waiting] {
            elements.withLock { elements in
                if let elements { return elements }
                let taken = gathering.waiting.withLock { waiting in
                    defer { waiting = [] }
                    return waiting
                }
                elements = taken
                return taken
            }
        }
    }
}

extension Connection {
    /// Does something for all elements at once and, where that fails for what one of them asks, for each by itself.
    /// - Throws: what concerns them all: another session's work, or a session that is gone.
    func each<Element, Answer>(
        _ elements: [Element], _ body: ([Element]) throws -> [Answer]
    ) throws -> [Result<Answer, any Error>] {
        do {
            return try transaction { try body(elements) }.map { .success($0) }
        } catch {
            if elements.count == 1 || Self.concernsAll(error) { throw error }
        }
        return try elements.map { element in
            do {
                return .success(try transaction { try body([element])[0] })
            } catch {
                if Self.concernsAll(error) { throw error }
                return .failure(error)
            }
        }
    }

    private static func concernsAll(_ error: any Error) -> Bool {
        switch error as? DatabaseError {
        case .conflict, .disconnected, .transactionLost, .outcomeUnknown, .readOnly, .diskFull: true
        default: false
        }
    }
}
