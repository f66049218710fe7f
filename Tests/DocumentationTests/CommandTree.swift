/// The command tree as `--experimental-dump-help` tells it.
struct CommandTree: Decodable {
    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var arguments: [Argument]?
        var subcommands: [Command]?

        var children: [Command] { (subcommands ?? []).filter { $0.commandName != "help" } }

        /// The lines of the discussion that are examples, without the word.
        var examples: [String] {
            (discussion ?? "").split(separator: "\n").filter { $0.hasPrefix("Example: ") }.map { String($0.dropFirst("Example: ".count)) }
        }
    }

    struct Argument: Decodable {
        struct Name: Decodable { var kind: String, name: String }
        var kind: String
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?

        func answers(to word: String) -> Bool { (names ?? []).contains { word == ($0.kind == "long" ? "--" : "-") + $0.name } }
    }

    var command: Command

    static func load() throws -> CommandTree { try Program.run("--experimental-dump-help").decoded(CommandTree.self) }

    /// Every command that does something, by its whole name.
    var leaves: [(path: String, command: Command)] { Self.leaves(of: command, path: command.commandName) }

    private static func leaves(of command: Command, path: String) -> [(path: String, command: Command)] {
        if command.children.isEmpty { return [(path, command)] }
        // A group with an example of its own does something by itself, too.
        return (command.examples.isEmpty ? [] : [(path, command)]) + command.children.flatMap { leaves(of: $0, path: path + " " + $0.commandName) }
    }

    /// What is wrong with a command line, nil when the program would take it.
    /// - Parameter whole: whether everything that is needed must be there; a mention in a sentence may be shorter.
    func fault(of words: [String], whole: Bool) -> String? {
        var command = command
        var rest = words.dropFirst()
        // A group's own flags may stand behind its commands, too.
        var ofGroups: [Argument] = []
        while let next = rest.first, let child = command.children.first(where: { $0.commandName == next }) {
            ofGroups += command.arguments ?? []
            command = child
            rest = rest.dropFirst()
        }
        let arguments = (command.arguments ?? []) + ofGroups
        var given: Set<Int> = []
        var positional = arguments.indices.filter { arguments[$0].kind == "positional" }[...]
        while let word = rest.popFirst() {
            if word == "--help" || word == "--version" || word == "--generate-completion-script" { return nil }
            if word.hasPrefix("-") {
                guard let index = arguments.firstIndex(where: { $0.answers(to: word) }) else { return "\(command.commandName) has no \(word)" }
                given.insert(index)
                if arguments[index].kind == "option", rest.popFirst() == nil, whole { return "\(word) has no value" }
            } else {
                guard let index = positional.first else { return "\(command.commandName) does not take '\(word)'" }
                if !arguments[index].isRepeating { positional = positional.dropFirst() }
                given.insert(index)
            }
        }
        guard whole else { return nil }
        if !command.children.isEmpty, command.examples.isEmpty { return "\(command.commandName) alone does nothing" }
        let missing = arguments.indices.first { !arguments[$0].isOptional && !given.contains($0) }
        return missing.map { "\(arguments[$0].names?.first?.name ?? "an argument") is missing" }
    }
}

/// The calls of the program in a line of shell: `printf … | sheltie … > file` has one.
func calls(in line: String) -> [[String]] {
    var calls: [[String]] = [[]]
    var word = ""
    var quote: Character?
    var isOpen = false
    func end() {
        if isOpen { calls[calls.count - 1].append(word) }
        word = ""
        isOpen = false
    }
    for character in line {
        if let open = quote {
            if character == open { quote = nil } else { word.append(character) }
        } else if character == "'" || character == "\"" {
            quote = character
            isOpen = true
        } else if character == "|" || character == "&" || character == ";" {
            end()
            calls.append([])
        } else if character == " " {
            end()
        } else {
            word.append(character)
            isOpen = true
        }
    }
    end()
    return calls.filter { $0.first == "sheltie" }.map { call in Array(call.prefix { $0 != ">" }) }
}
