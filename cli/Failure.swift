import ArgumentParser
import Curl
import Database
import Glibc
import Jobs
import Privacy
import Recommender
import SheltieKit
import Store
import Upstream

/// Why a command cannot go on: one line that says what to do, and the code that sysexits.h gives its kind.
struct Failure: Error {
    let sentence: String
    let code: Code

    enum Code: Int32 {
        case usage = 64
        case badData = 65
        case noInput = 66
        case unavailable = 69
        case software = 70
        case cannotCreate = 73
        case inputOutput = 74
        case tryAgain = 75
        case notPermitted = 77
        case badSetting = 78
    }

    init(_ sentence: String, _ code: Code) {
        self.sentence = sentence
        self.code = code
    }

    /// What any error means for whoever called the program.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as DatabaseError: self.init("\(error)", Self.code(of: error))
        case let error as StoreError: self.init("\(error)", Self.code(of: error))
        case let error as TransferError: self.init("\(error)", Self.code(of: error))
        case let error as MasterKeyError: self.init("\(error)", .badSetting)
        case let error as TokenFileError: self.init("\(error)", .badSetting)
        case let error as SealedFileError: self.init("\(error)", Self.code(of: error))
        case let error as ServiceError: self.init("\(error)", Self.code(of: error))
        case let error as PseudonymError: self.init("\(error)", .badData)
        case let error as CurlError: self.init("a request was not answered: \(error)", .unavailable)
        case let error as StatusRefused: self.init("\(error)", .badData)
        case let error as UpstreamError: self.init("the instance gave no usable answer: \(error)", .unavailable)
        case let error as InstanceUnreachable: self.init("\(error)", .unavailable)
        case let error as JobLeaseLost: self.init("\(error)", .tryAgain)
        case is CancellationError: self.init("stopped", .tryAgain)
        default: self.init("an unexpected failure: \(String(describing: type(of: error)))", .software)
        }
    }

    private static func code(of error: DatabaseError) -> Code {
        switch error {
        case .corrupt, .newerSchema, .changedMigration: .badData
        case .cannotOpen: .noInput
        case .unreachable, .unfit: .unavailable
        case .notAdmitted: .notPermitted
        case .cannotCreate: .cannotCreate
        case .busy, .conflict, .unavailable, .disconnected, .outcomeUnknown, .transactionLost, .interrupted: .tryAgain
        case .unstorableText: .badData
        case .alreadyServed: .unavailable
        case .diskFull, .readOnly: .inputOutput
        default: .software
        }
    }

    private static func code(of error: StoreError) -> Code {
        switch error {
        case .noDatabase: .noInput
        case .noFile: .usage
        default: .badSetting
        }
    }

    private static func code(of error: TransferError) -> Code {
        switch error {
        case .unfit, .different, .unknownSource, .unknownTable: .badData
        case .running, .sourceChanged: .tryAgain
        case .targetUsed, .unfinished, .otherSource: .cannotCreate
        case .notAllowed: .notPermitted
        case .needsIdentity: .usage
        }
    }

    private static func code(of error: SealedFileError) -> Code {
        switch error {
        case .notABackup, .damaged: .badData
        case .keyDestroyed: .noInput
        case .alreadyThere: .cannotCreate
        case .system: .inputOutput
        }
    }

    private static func code(of error: ServiceError) -> Code {
        switch error {
        case .badInstance, .severalInstances: .badSetting
        case .unknownPost, .unknownInstance: .noInput
        case .badPost: .badData
        default: .usage
        }
    }

    /// Prints the error and ends the process. Help, versions and usage errors are ArgumentParser's.
    static func exit(with error: any Error) -> Never {
        if error is ExitCode || error is CleanExit || Sheltie.exitCode(for: error) != .failure { Sheltie.exit(withError: error) }
        if !(error is Failure), Sheltie.fullMessage(for: error).contains("Usage:") { Sheltie.exit(withError: error) }
        let failure = Failure(error)
        Output.complain(failure.sentence)
        Glibc.exit(failure.code.rawValue)
    }
}
