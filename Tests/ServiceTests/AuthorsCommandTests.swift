import Database
import Fediverse
import Privacy
import TestSupport
import Testing

extension ServiceTests {
    /// The operator's list of authors to be left alone: keyed codes, never names.
    struct AuthorsCommandTests {
        @Test func `the operator's list takes an author's posts out at once, and only its own entries back`() async throws {
            try await Upstream.serving(people: 40, posts: 400) { upstream in
                let place = try Place(upstream: upstream.address)
                try await place.run(["ingest"])
                let rows = StoredRows(place)
                let visitor = try Visitor("zaungast_merkwuerdig", named: "Zaungast", at: upstream)
                let stored = try rows.texts("SELECT local_id FROM post_metadata WHERE eligible = 1")
                let author = try #require(try await visitor.publicStatuses(pages: 3).first { stored.contains($0.id) && $0.account.acct.contains("@") }).account
                let key = try place.pseudonymizer().authorID(uri: author.uri)
                let theirs: SQL = "SELECT count(*) FROM post_metadata p JOIN authors a ON a.author_key = p.author_key WHERE a.author_id = \(key)"
                #expect(try rows.count(theirs) > 0)

                // A bad line changes nothing, and is told by its number alone.
                for (input, code, said) in [
                    ("@\(author.acct)\nnot a handle\n", Int32(65), "line 2 names no author"), ("@\(author.acct)\n@nobody.at.all@\(place.domain)\n", 66, "does not know author 2"),
                    ("\n \n", 66, "no author was named"),
                ] {
                    let program = try place.start(["authors", "opt-out"], input: input)
                    #expect(try await program.ended() == .init(code: code))
                    #expect(program.lines.count == 1 && program.errors.contains(said), "\(program.errors)")
                    #expect(!program.errors.contains("not a handle") && !program.errors.contains(author.acct))
                }
                #expect(try rows.count(theirs) > 0)
                #expect(try rows.count("SELECT count(*) FROM author_opt_outs WHERE source <> 'profile'") == 0)

                let file = place.folder + "/authors.txt"
                try write("@\(author.acct)\n\n".utf8, to: file)
                let done = try await place.run(["authors", "opt-out"], ["--file", file, "--json"])
                #expect(done.output.hasPrefix(#"{"authors":1,"posts_removed":"#))
                #expect(try rows.count(theirs) == 0)
                try await place.run(["ingest"])
                #expect(try rows.count(theirs) == 0)
                #expect(try await place.run(["authors", "count", "--json"]).output.hasSuffix(#""request":0,"operator":1}"# + "\n"))
                // No name stands anywhere; the code does.
                let found = contents(of: place.data).filter { ByteSearch([author.acct, author.uri]).found(in: $0.value).count > 0 }
                #expect(found.isEmpty, "\(found.keys)")

                let back = try await place.run(["authors", "opt-in"], input: author.uri)
                #expect(back.output == "Of 1 author 1 may be recommended again, as far as their profiles allow it.\n")
                #expect(try rows.count("SELECT count(*) FROM author_opt_outs WHERE source <> 'profile'") == 0)
            }
        }
    }
}
