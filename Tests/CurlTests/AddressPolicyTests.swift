import Testing

@testable import Curl

/// Every special range by its first and last address, and the global ones that lie next to them.
private let refused = [
    "0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.1.2.3", "10.255.255.255", "100.64.0.0", "100.100.100.200",
    "100.127.255.255", "127.0.0.0", "127.0.0.1", "127.1.1.1", "127.255.255.255", "169.254.0.0", "169.254.169.254",
    "169.254.255.255", "172.16.0.0", "172.20.10.1", "172.31.255.255", "192.0.0.0", "192.0.0.8", "192.0.0.170", "192.0.0.255",
    "192.0.2.0", "192.0.2.255", "192.31.196.1", "192.52.193.1", "192.88.99.0", "192.88.99.255", "192.168.0.0", "192.168.1.1",
    "192.168.255.255", "192.175.48.6", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0",
    "203.0.113.255", "224.0.0.0", "224.0.0.1", "239.255.255.255", "240.0.0.0", "254.1.2.3", "255.255.255.254",
    "255.255.255.255", "::", "::1", "::2", "::7f00:1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "1fff::1",
    "2001::", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:4:112::1", "2001:10::1", "2001:20::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2002::",
    "2002:7f00:1::", "2002:7f00:1::1", "2002:0a00:0001::1", "2002:ffff:ffff::1", "2620:4f:8000::1", "3ffe::1", "3fff::1",
    "3fff:fff:ffff::1", "4000::1", "5f00::1", "8000::1", "fc00::", "fc00::1", "fd00::1", "fdff:ffff::1", "fe80::", "fe80::1",
    "febf::1", "fec0::1", "feff::1", "ff00::", "ff02::1", "ff0e::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
]

private let global = [
    "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
    "223.255.255.255", "2000::1", "2001:200::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::", "2001:ffff::1", "2003::1",
    "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "3ffd::1",
]

@Test(arguments: refused)
func `an address that is not globally routable is refused`(text: String) throws {
    #expect(!AddressPolicy().allows(try #require(IPAddress(text))))
}

@Test(arguments: global)
func `a globally routable address is allowed`(text: String) throws {
    let policy = AddressPolicy()
    #expect(policy.allows(try #require(IPAddress(text))))
    #expect(!policy.allowsPlain(try #require(IPAddress(text))))
}

@Test func `the tables hold more than a hundred addresses`() {
    #expect(Set(refused).count == refused.count && refused.count >= 95)
    #expect(refused.count + global.count >= 125)
}

@Test(arguments: refused)
func `allowing loopback allows nothing else`(text: String) throws {
    let address = try #require(IPAddress(text))
    let policy = AddressPolicy(allowedLoopback: true)
    let isLoopback = text.hasPrefix("127.") || text == "::1"
    #expect(policy.allows(address) == isLoopback)
    #expect(policy.allowsPlain(address) == isLoopback)
}

@Test func `an allowed network is allowed, by TLS only`() throws {
    let networks = try ["10.20.0.0/16", "fd12:3456::/32", "192.168.7.7"].map { try #require(AddressRange($0)) }
    let policy = AddressPolicy(allowedAddresses: networks)
    for text in ["10.20.0.0", "10.20.255.255", "fd12:3456:ffff::1", "192.168.7.7"] {
        let address = try #require(IPAddress(text))
        #expect(policy.allows(address) && !policy.allowsPlain(address))
    }
    for text in ["10.19.255.255", "10.21.0.0", "fd12:3457::1", "192.168.7.8", "::ffff:10.20.0.1", "127.0.0.1"] {
        #expect(!policy.allows(try #require(IPAddress(text))))
    }
}

@Test(arguments: [
    "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "10.0.0/8", "host/8", "10.0.0.0/ 8",
    "fe80::1%eth0/64", "010.0.0.0/8x",
])
func `what is not a network is not read as one`(text: String) {
    #expect(AddressRange(text) == nil)
}

@Test func `a network of everything holds its family only`() throws {
    let all = try #require(AddressRange("0.0.0.0/0"))
    #expect(all.contains(.v4(0)) && all.contains(.v4(.max)) && !all.contains(.v6(0)))
    let all6 = try #require(AddressRange("::/0"))
    #expect(all6.contains(.v6(0)) && all6.contains(.v6(.max)) && !all6.contains(.v4(0)))
}
