import ArgumentParser
struct InteractionsCommand: AsyncParsableCommand {}
struct RecommendationsCommand: AsyncParsableCommand {}
struct PostsCommand: AsyncParsableCommand {}
struct SetupCommand: AsyncParsableCommand {}
enum CorgiNames { static let all: [any ParsableCommand.Type] = [] }
