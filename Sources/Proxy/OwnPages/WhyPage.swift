/// What the link on a label leads to: how recommendations come about, and how to have fewer. It knows nobody: a person's own
/// reasons are told only to them.
enum WhyPage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Why this post?</title>
        <style>
        :root { color-scheme: light dark; --line: #8885; --mark: #9a4d14; }
        @media (prefers-color-scheme: dark) { :root { --mark: #f0a268; } }
        body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 0 auto; padding: 2rem 1rem 4rem; overflow-wrap: anywhere; }
        h1 { font-size: 1.7rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; }
        dl { margin: 0; } dt { color: var(--mark); font-weight: 600; padding-top: .6rem; border-top: 1px solid var(--line); } dd { margin: 0 0 .6rem; }
        code { font: .9em ui-monospace, monospace; }
        </style>
        </head>
        <body>
        <main>
        <h1>Why this post?</h1>
        <p>A post marked “Sheltie” does not come from anybody you follow. It was added to your home for the reason in the
        brackets, because your privacy level allows it and its author agrees to be found. Nothing that you follow was hidden for
        it: what made room opens the next page.</p>
        <h2>The reasons</h2>
        <dl>
        <dt>you often like @…</dt><dd>You favourited, boosted, bookmarked or answered posts by this author.</dd>
        <dt>you often like #…</dt><dd>You did so with posts that carry this hashtag.</dd>
        <dt>popular here</dt><dd>At least five people of this service acted on it. Only how many is used, and nobody is told who.</dd>
        <dt>popular right now</dt><dd>Its public counters at your instance grew.</dd>
        <dt>posted recently</dt><dd>It is new, and none of the others fits better.</dd>
        </dl>
        <h2>Less of it</h2>
        <p>Mute or unfollow the account with that name in your client, and its kind of reason is not used for you any more; follow it
        to have it back. Block it, and recommendations in your home are off until you unblock it.</p>
        <h2>What is known about you</h2>
        <p>Your privacy report has everything that is stored about you, with the reasons of what you were shown lately. Whoever runs
        this service can give it to you (<code>sheltie privacy report</code>), and can change your level or erase all of it when you ask.</p>
        </main>
        </body>
        </html>
        """
}
