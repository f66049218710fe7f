import LoopbackClient
import TestSupport
import Testing

extension ServiceTests {
    /// Numbers about the service on a listener of their own, and nobody in them.
    struct MetricsTests {
        @Test func `metrics are told where they are asked for, about people from five on`() async throws {
            try await Upstream.serving(people: 30, posts: 300) { upstream in
                let place = try Place(upstream: upstream.address)
                try await place.serving(Place.quiet + ["--metrics-listen", "127.0.0.1:0"]) { program, port in
                    try await jobsRested(StoredRows(place))
                    let metrics = try metricsPort(of: program)
                    for number in 0..<6 {
                        let visitor = try Visitor("zaungast_nummer_\(number)", named: "Zaungast \(number)", at: upstream).at(port)
                        try await visitor.settle(following: 3)
                        try await place.run(["privacy", "set"], ["--level", number < 5 ? "FULL" : "LIMITED", "--token-stdin"], input: visitor.token)
                        try await visitor.accepted("GET", "/api/v1/timelines/home?limit=20")
                    }
                    let page = try await LoopbackClient.send("GET", port: metrics, "/metrics")
                    #expect(page.status == 200 && page["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
                    let lines = page.text.split(separator: "\n")
                    #expect(lines.contains("sheltie_people{level=\"FULL\"} 5") && !page.text.contains("level=\"LIMITED\""))
                    #expect(lines.contains { $0.hasPrefix("sheltie_events_total{event=\"requests\"} ") })
                    for job in ["ingest", "recheck", "signals", "anonymizer"] {
                        #expect(lines.contains("sheltie_job_failed{job=\"\(job)\"} 0"))
                        #expect(lines.contains { $0.hasPrefix("sheltie_job_finished_timestamp_seconds{job=\"\(job)\"} ") })
                    }
                    #expect(lines.contains { $0.hasPrefix("sheltie_refused_statuses{rule=\"discoverable\"} ") && !$0.hasSuffix(" 0") })
                    // Every line is a comment or a sample with a name of ours and at most one label.
                    for line in lines where !line.hasPrefix("# HELP sheltie_") && !line.hasPrefix("# TYPE sheltie_") {
                        #expect(line.wholeMatch(of: #/sheltie_[a-z_]+(\{[a-z]+="[A-Za-z-]+"\})? \d+/#) != nil, "\(line)")
                    }
                    #expect(try await LoopbackClient.send("GET", port: metrics, "/api/v1/timelines/home").status == 404)
                    #expect(try await LoopbackClient.send("POST", port: metrics, "/metrics", body: []).status == 405)
                    let here = try await LoopbackClient.send("GET", port: port, "/metrics")
                    #expect(here.status == 404, "the clients' own listener has none")
                }
                try await place.serving { program, _ in #expect(!program.errors.contains("METRICS"), "off unless it is asked for") }
            }
        }
    }
}

/// From the line in which the service names it.
func metricsPort(of program: Program) throws -> Int {
    let line = try #require(program.lines.first { $0.hasPrefix("METRICS http://127.0.0.1:") })
    return try #require(Int(line.dropFirst("METRICS http://127.0.0.1:".count).prefix { $0 != "/" }))
}
