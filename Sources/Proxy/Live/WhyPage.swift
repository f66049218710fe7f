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
        :root { color-scheme: light dark; }
        body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 3rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; } dt { font-weight: 600; margin-top: 1rem; } dd { margin: 0; }
        </style>
        </head>
        <body>
        <h1>Why this post?</h1>
        <p>Posts marked “Sheltie” were not sent by anybody you follow. They were added to your home because of the reason in
        the brackets, and only because you chose a level that allows it. Nothing that you follow was hidden for them.</p>
        <dl>
        <dt>you often like @…</dt><dd>You favourited, boosted, bookmarked or answered posts by this author.</dd>
        <dt>you often like #…</dt><dd>You did so with posts that carry this hashtag.</dd>
        <dt>popular here</dt><dd>At least five people of this service acted on it; we cannot tell you, or anybody, who.</dd>
        <dt>popular right now</dt><dd>Its public counters grew.</dd>
        <dt>just posted</dt><dd>It is new, and fits none of the others better.</dd>
        </dl>
        <h2>Less of it</h2>
        <p>Unfollow or mute the account with that name in your client: then this reason is not used for you any more. Block it, and
        recommendations in your home are off. Your author or hashtag weights, and everything else that is stored about you, are in
        your privacy report.</p>
        </body>
        </html>
        """
}
