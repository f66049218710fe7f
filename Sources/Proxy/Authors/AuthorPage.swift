import Privacy

/// The page where authors who never heard of us learn what this is, and end it for themselves. No script; a form.
enum AuthorPage {
    /// - Parameter outcome: of the form that was just sent. Nothing that was sent stands in the page again.
    static func html(_ outcome: AuthorRequests.Outcome? = nil) -> String {
        head + (outcome.map(told) ?? "") + rest
    }

    private static func told(_ outcome: AuthorRequests.Outcome) -> String {
        switch outcome {
        case .code(let code, let action):
            """
            <section class="told" role="status">
            <h2>Your code</h2>
            <p><code>\(code)</code></p>
            <p>Put it into your profile, or into a public or unlisted post, as it stands. Then choose “\(action == .optOut ? "I show the code: leave me alone" : "I show the code: take it back")” below.
            It counts until the end of tomorrow (UTC), once. Afterwards you may remove it.</p>
            </section>
            """
        case .leftAlone:
            #"<section class="told" role="status"><p>Done. Everything that was kept of your posts is gone, and nothing of yours is kept or recommended here from now on.</p></section>"#
        case .takenBack(true):
            #"<section class="told" role="status"><p>Your request is taken back. Your posts may be recommended here again, as far as your profile allows it.</p></section>"#
        case .takenBack(false):
            #"<section class="told" role="status"><p>Your request is taken back, but another reason stands: a tag in your profile, or a decision of whoever runs this service.</p></section>"#
        case .refused(let sentence, _, _):
            #"<section class="told" role="alert"><p>\#(sentence).</p></section>"#
        }
    }

    private static let head = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>For authors</title>
        <style>
        :root { color-scheme: light dark; --line: #8885; --mark: #9a4d14; }
        @media (prefers-color-scheme: dark) { :root { --mark: #f0a268; } }
        body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 0 auto; padding: 2rem 1rem 4rem; overflow-wrap: anywhere; }
        h1 { font-size: 1.7rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
        code { font: .9em ui-monospace, monospace; }
        .told { border-left: .3rem solid var(--mark); padding: .1rem 1rem; margin: 1.5rem 0; } .told h2 { margin-top: .5rem; }
        label { display: block; margin: .8rem 0 .2rem; } input { font: inherit; width: 100%; max-width: 24rem; padding: .4rem; box-sizing: border-box; }
        button { font: inherit; padding: .5rem .9rem; margin: .8rem .4rem 0 0; min-height: 2.75rem; } :focus-visible { outline: .15rem solid var(--mark); outline-offset: .15rem; }
        </style>
        </head>
        <body>
        <main>
        <h1>For authors</h1>
        <p>This service recommends public posts to people who read their own instance through it. It does so only for authors who are
        discoverable and indexable, and shows the post as the reader's own instance has it. Your name, handle and address are not
        stored.</p>
        """

    private static let rest = """
        <h2>To be left alone</h2>
        <p>Any of these is enough: turn off “feature profile and posts in discovery” or “include public posts in search results” at your
        instance; lock your account; or write <code>#nobot</code>, <code>#noindex</code> or <code>#norecommend</code> into your profile. It counts when
        your instance next shows us a post of yours, at the latest after a day.</p>
        <p>Here it counts at once. Get a code, show it, and say so:</p>
        <form method="post" action="/sheltie/authors">
        <label for="account">Your handle</label>
        <input id="account" name="account" required maxlength="320" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="@name@instance">
        <input type="hidden" name="action" value="opt-out">
        <button name="do" value="code">Get a code</button>
        <button name="do" value="opt-out">I show the code: leave me alone</button>
        </form>
        <h2>To take it back</h2>
        <p>This takes back what you asked for here. A tag that was seen in your profile, and a decision of whoever runs this service,
        stand.</p>
        <form method="post" action="/sheltie/authors">
        <label for="again">Your handle</label>
        <input id="again" name="account" required maxlength="320" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="@name@instance">
        <input type="hidden" name="action" value="opt-in">
        <button name="do" value="code">Get a code</button>
        <button name="do" value="opt-in">I show the code: take it back</button>
        </form>
        <h2>What is kept then</h2>
        <p>A code of 64 digits, made from your address with a secret key: it tells your posts from others' and nothing else. There is no
        list of names. It is kept until you take it back.</p>
        </main>
        </body>
        </html>
        """
}
