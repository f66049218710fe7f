import Fediverse

/// How the next post comes about: each from a generator of its own, so that a world that went on in steps is the world that
/// went on at once.
extension DemoWorld {
    /// How many posts back one boosts, answers and quotes.
    private static let reach = 600
    private static let topicDraw = WeightedDraw(Topic.all.indices.map { 1 / Double($0 + 1) })

    var nextMoment: Int64 {
        var random = SeededRandom(seed, 10_000_000 + made)
        return start + Int64(made) * step + Int64(random.below(Int(max(1, step))))
    }

    mutating func makeNext() {
        var random = SeededRandom(seed, 10_000_000 + made)
        let moment = start + Int64(made) * step + Int64(random.below(Int(max(1, step))))
        let author = activity.draw(&random)
        let person = people[author]
        var post = Post(id: moment << 16 | Int64(made & 0xffff), author: Int32(author))
        made += 1
        post.language = random.chance(92) ? person.language : .en
        post.seed = random.next()
        post.topic = UInt8(random.chance(85) ? random.pick(person.topics) : Self.topicDraw.draw(&random))
        post.appeal = Int16(appeal(&random))

        switch random.below(100) {
        case 0..<18: if let target = target(for: author, &random) { return makeBoost(post, of: target) }
        case 18..<34: if let target = target(for: author, &random) { return makeAnswer(post, to: target) }
        case 34..<37:
            if let target = target(for: author, &random) {
                post.quoteOf = target.id
                post.topic = target.topic
            }
        default: break
        }
        decideAudience(&post, person, &random)
        if random.chance(12) { post.media = UInt8(1 + random.below(3)) }
        if random.chance(5) {
            post.hasWarning = true
            post.isSensitive = true
        } else if post.media > 0, random.chance(10) {
            post.isSensitive = true
        }
        if random.chance(1), random.chance(50) {
            doomed.append((moment + Int64(1 + random.below(47)) * 3_600_000, post.id))
        }
        insert(post)
        guard post.visibility == .public else { return }
        recent.append(post.id)
        if recent.count > 2 * Self.reach { recent.removeFirst(Self.reach) }
    }

    private mutating func makeBoost(_ boost: Post, of target: Post) {
        var boost = boost
        boost.reblogOf = target.id
        boost.appeal = 0
        insert(boost)
        note(.reblog, boost, about: target, post: target.id)
    }

    private mutating func makeAnswer(_ answer: Post, to target: Post) {
        var answer = answer
        answer.replyTo = target.id
        answer.topic = target.topic
        answer.language = target.language
        answer.appeal /= 3
        insert(answer)
        note(.mention, answer, about: target, post: answer.id)
    }

    private mutating func note(_ kind: WorldEvent.Kind, _ post: Post, about target: Post, post shown: Int64) {
        guard target.author != post.author else { return }
        events[Int(target.author)].append(WorldEvent(id: post.id, kind: kind, from: post.author, post: shown))
    }

    /// A recent public post, rather of a topic that the person cares for, or of somebody they follow.
    private func target(for author: Int, _ random: inout SeededRandom) -> Post? {
        guard !recent.isEmpty else { return nil }
        let window = min(recent.count, Self.reach)
        for attempt in 0..<8 {
            let id = recent[recent.count - 1 - random.below(window)]
            guard let post = post(id), Int(post.author) != author else { continue }
            let isClose = people[author].topics.contains(Int(post.topic)) || following[author].contains(post.author)
            if isClose || attempt == 7 { return post }
        }
        return nil
    }

    private func decideAudience(_ post: inout Post, _ person: Person, _ random: inout SeededRandom) {
        let limit = person.locked ? 50 : 89
        switch random.below(100) {
        case ..<limit: post.visibility = .public
        case ..<(limit + (100 - limit) * 6 / 10): post.visibility = .unlisted
        default: post.visibility = .private
        }
    }

    /// Most posts please a few, a few please many.
    private func appeal(_ random: inout SeededRandom) -> Int {
        let luck = random.fraction()
        return min(people.count - 1, Int(1 / (1.02 - luck)) - 1 + random.below(4))
    }
}
