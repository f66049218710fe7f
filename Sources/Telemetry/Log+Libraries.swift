public import Logging

extension Log {
    /// For libraries that want a logger of swift-log: they write texts of their own, into which addresses and requests may go, so only
    /// that something was reported is told, from warnings on.
    public var forLibraries: Logger {
        Logger(label: "library") { _ in LibraryLogHandler(log: self) }
    }

    /// Takes in what libraries say to loggers that they make by themselves. Once in a process.
    public func takeInLibraries() { LoggingSystem.bootstrap { [self] _ in LibraryLogHandler(log: self) } }
}

private struct LibraryLogHandler: LogHandler {
    let log: Log
    var logLevel: Logger.Level = .warning
    var metadata: Logger.Metadata = [:]

    init(log: Log) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        guard event.level >= .warning else { return }
        log.note(event.level >= .error ? .error : .warning, "a library reports trouble", .library)
    }
}
