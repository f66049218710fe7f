import HTTPService
import Testing

struct RouteTableTests {
    private let table: RouteTable<String> = {
        var table = RouteTable<String>()
        table.add("GET", "/api/v1/statuses", "several")
        table.add("POST", "/api/v1/statuses", "post")
        table.add("GET", "/api/v1/statuses/:id", "one")
        table.add("GET", "/api/v1/statuses/:id/context", "context")
        table.add("GET", "/api/v1/accounts/lookup", "lookup")
        table.add("GET", "/api/v1/accounts/:id", "account")
        table.add("GET", "/api/v1/accounts/:id/statuses", "posts")
        table.add("GET", "/media/*path", "media")
        table.add("GET", "/", "start")
        return table
    }()

    @Test(arguments: [
        ("GET", "/api/v1/statuses/12", "one"), ("GET", "/api/v1/statuses/", "several"), ("POST", "/api/v1/statuses", "post"),
        ("GET", "/api/v1/statuses/12/context/", "context"), ("GET", "/api/v1/accounts/lookup", "lookup"),
        ("GET", "/api/v1/accounts/lookup/statuses", "posts"), ("HEAD", "/api/v1/accounts/9", "account"), ("GET", "/", "start"),
    ])
    func `literal beats parameter, a slash at the end is tolerated, HEAD is GET`(method: String, path: String, handler: String) {
        #expect(table.match(method, path)?.handler == handler)
    }

    @Test func `parameters come as they stand in the path, with the template as name`() throws {
        let match = try #require(table.match("GET", "/api/v1/statuses/a%2Fb/context"))
        #expect(match.parameters == ["id": "a%2Fb"])
        #expect(match.template == "/api/v1/statuses/:id/context")
        #expect(table.match("GET", "/media/a/b.png")?.parameters == ["path": "a/b.png"])
    }

    @Test(arguments: ["/api/v1", "/api/v1/statuses//context", "api/v1/statuses", "/media", "/api/v1/statuses/1/2", "*"])
    func `what is not in the table has no match`(path: String) {
        #expect(table.match("GET", path) == nil)
    }

    @Test func `a path tells its methods`() {
        #expect(table.methods(of: "/api/v1/statuses") == ["GET", "POST"])
        #expect(table.methods(of: "/nowhere") == [])
    }

    @Test func `form fields keep order and repetition and decode escapes`() {
        let fields = FormFields("a=1&b=x+y%21&a=2&id[]=3&id%5B%5D=4&empty&bad=%zz%4")
        #expect(fields.all.map(\.name) == ["a", "b", "a", "id[]", "id[]", "empty", "bad"])
        #expect(fields["a"] == "1" && fields["b"] == "x y!" && fields["empty"] == "" && fields["bad"] == "%zz%4")
        #expect(fields.list("id") == ["3", "4"] && fields.list("a") == ["1", "2"])
    }

    @Test func `dates are written as HTTP asks`() {
        #expect(HTTPDate.text(second: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
