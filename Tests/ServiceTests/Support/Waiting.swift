import Database

/// Asks again and again until the answer is yes, for what another process does and tells nobody.
func eventually(_ what: String, within patience: Duration = .seconds(120), _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + patience
    while try await !isSo() {
        guard ContinuousClock.now < end else { throw Program.Failure(description: "not in time: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Waits until the jobs of a started service have each ended once, so that it writes nothing of its own accord for a while.
func jobsRested(_ rows: some StoredTexts) async throws {
    try await eventually("the first run of each job") {
        try rows.count("SELECT count(DISTINCT job) FROM job_runs WHERE outcome IS NOT NULL") >= 4
            && rows.count("SELECT count(*) FROM job_runs WHERE outcome IS NULL") == 0
    }
}
