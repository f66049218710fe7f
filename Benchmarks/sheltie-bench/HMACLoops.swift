import OpenSSL
import Privacy

/// Aliases and plain codes a second, on one thread: the message of an alias is 40 bytes long here.
func measureHMAC(count: Int) throws {
    let pseudonymizer = Pseudonymizer(try MasterKey(bytes: benchmarkKey))
    // "alias/v1", a zero byte, two lengths of two bytes: 13 of the 40. The ids are made beforehand: whoever asks has theirs.
    let domain = "social.ex"
    let ids = (0..<1_000).map { "1094000000000" + String(10_000 + $0) }
    var start = processTime()
    for place in 0..<count { use(try pseudonymizer.alias(domain: domain, accountID: ids[place % ids.count])) }
    report("alias", Double(count) / (processTime() - start))

    let hmac = try HMACKey(benchmarkKey)
    let messages = ids.map { Array((domain + "/users/0000000" + $0).utf8.prefix(40)) }
    start = processTime()
    for place in 0..<count { use(hmac.code(of: messages[place % messages.count])) }
    report("code", Double(count) / (processTime() - start))
}
