import Testing

@testable import Proxy

struct InstanceDocumentTests {
    private static func rewritten(_ text: String, upstream: String = "social.example", base: String = "https://home.example") -> String {
        String(decoding: InstanceDocument.rewritten(Array(text.utf8), upstream: upstream, links: OwnLinks(base: base)), as: UTF8.self)
    }

    @Test func `both versions name us for streams, and every other byte stays`() {
        #expect(
            Self.rewritten(#"{ "uri":"social.example","x":1e2,  "urls": {"streaming_api" : "wss://social.example"},"y":null }"#)
                == #"{ "uri":"social.example","x":1e2,  "urls": {"streaming_api" : "wss://home.example"},"y":null }"#)
        #expect(
            Self.rewritten(#"{"configuration":{"urls":{"streaming":"wss:\/\/SOCIAL.example\/","status":null},"polls":{}},"title":"a"}"#)
                == #"{"configuration":{"urls":{"streaming":"wss://home.example/","status":null},"polls":{}},"title":"a"}"#)
        #expect(
            Self.rewritten(#"{"urls":{"streaming_api":"wss://127.0.0.1:81"}}"#, upstream: "127.0.0.1:81", base: "http://127.0.0.1:8080")
                == #"{"urls":{"streaming_api":"ws://127.0.0.1:8080"}}"#)
        #expect(Self.rewritten(#"{"urls":{"streaming_api":"wss://social.example:443"}}"#) == #"{"urls":{"streaming_api":"wss://home.example"}}"#)
    }

    @Test(arguments: [
        #"{"urls":{"streaming_api":"wss://streaming.social.example"}}"#, #"{"urls":{"streaming_api":"https://social.example"}}"#,
        #"{"urls":{"streaming_api":null}}"#, #"{"urls":{}}"#, #"{"urls":null}"#, "[]", "{", "", #"{"streaming_api":7}"#,
        #"{"urls":{"streaming_api":"wss://social.example.evil"}}"#,
    ])
    func `an address elsewhere stays, and what is no such document too`(text: String) { #expect(Self.rewritten(text) == text) }
}
