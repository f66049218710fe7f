import ArgumentParser
import Fediverse
import SheltieKit

struct PostsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "posts", abstract: "The posts that may be recommended.", 
        subcommands: [Import.self, List.self, Search.self, Show.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Store posts from a JSON file: an array, or {\"posts\": […]}.",
            discussion: """
                Example: sheltie posts import posts.json
                Members: post_id, author_id, content, language, created_at, favorites, boosts, replies, sensitive, tags.
                That their authors agree to be recommended is your word; authors who opted out here are left out.
                """)
        @Argument(help: "The file.") var file: String
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws { try await PostsCommand.importPosts(from: file, json: json, flags) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stored posts, newest first.", discussion: "Example: sheltie posts list --tag dogs --language en")
        @Option(help: "The most posts, 1 to 100000.") var limit = 20
        @Option(help: "How many to pass over first.") var offset = 0
        @Option(help: "Only posts in this language, as en.") var language: String?
        @Option(help: "Only posts with this hashtag.") var tag: String?
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try checkLimit(limit)
            try await withLocal(flags, access: .look) { service, _ in
                let posts = try await service.getRecentPosts(limit: limit, offset: offset, language: language, tag: tag)
                Output.posts(posts, json: json)
            }
        }
    }

    struct Search: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stored posts whose text has all of the words, newest first.",
            discussion: """
                Example: sheltie posts search sourdough bread
                A word may be part of a longer one, in any case; # finds hashtags.
                Only posts that may be recommended are searched, and only while their text
                is kept (--content-days).
                """)
        @Argument(help: "The words.") var words: [String]
        @Option(help: "The most posts, 1 to 100000.") var limit = 20
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try checkLimit(limit)
            let words = words.joined(separator: " ")
            guard words.contains(where: { !$0.isWhitespace }) else { throw Failure("give at least one word to look for", .usage) }
            try await withLocal(flags, access: .look) { service, settings in
                let posts = try await service.searchPosts(words, limit: limit)
                // Texts from before the setting may still be there until the anonymizer's next run.
                if posts.isEmpty, try settings.number("contentDays") == 0 { Output.note("No post's text is kept here: --content-days is 0.") }
                Output.posts(posts, json: json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One stored post.", discussion: "Example: sheltie posts show post_456 --json")
        @Argument(help: "The post's id.") var id: String
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withLocal(flags, access: .look) { service, _ in
                guard let post = try await service.post(id) else { throw Failure("no such post is stored", .noInput) }
                if json {
                    Output.json { post.write(to: &$0) }
                } else {
                    Output.table(["member", "value"], post.rows)
                }
            }
        }
    }

    /// Reads the whole file before anything is stored, so that broken JSON changes nothing.
    static func importPosts(from path: String, json: Bool, _ flags: SettingFlags) async throws {
        let file = try PostFile(path: path)
        try await withLocal(flags, access: .change) { service, _ in
            var total = BulkResult()
            while let batch = try file.next(500) {
                let result = try await service.bulkImportPosts(batch.rows.map(\.post))
                total.ok += result.ok
                total.errors += batch.errors
                total.errors += result.errors.map { .init(index: batch.rows[$0.index].index, reason: $0.reason) }
            }
            total.errors.sort { $0.index < $1.index }
            if json {
                Output.json { total.write(to: &$0) }
            } else {
                Output.line("Imported \(total.ok) post\(total.ok == 1 ? "" : "s").")
            }
            guard let first = total.errors.first else { return }
            let others = total.errors.count == 1 ? "" : ", and \(total.errors.count - 1) more (--json names them all)"
            throw Failure("row \(first.index) was not imported: \(first.reason)\(others)", .badData)
        }
    }
}

extension Output {
    fileprivate static func posts(_ posts: [PostMetadata], json: Bool) {
        if json {
            self.json { writer in writer.array { for post in posts { post.write(to: &$0) } } }
        } else if posts.isEmpty {
            line("There are none.")
        } else {
            table(
                ["post", "created", "language", "text"],
                posts.map { [$0.postID, $0.createdAt ?? "-", $0.language ?? "-", start(of: $0.content)] })
        }
    }
}

extension PostMetadata {
    fileprivate var rows: [[String]] {
        [
            ["post_id", postID], ["author_id", authorID], ["content", Output.start(of: content)], ["language", language ?? "-"],
            ["created_at", createdAt ?? "-"], ["favorites", String(favorites)], ["boosts", String(boosts)], ["replies", String(replies)],
            ["tags", tags.joined(separator: ", ")],
        ]
    }
}

extension BulkResult {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("ok", ok)
            $0.member("errors") {
                $0.array {
                    for error in errors {
                        $0.object {
                            $0.member("index", error.index)
                            $0.member("reason", error.reason)
                        }
                    }
                }
            }
        }
    }
}
