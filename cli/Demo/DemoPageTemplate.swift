/// The start page of the demo, as Mustache.
enum DemoPageTemplate {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Sheltie: home, with and without</title>
        <style>
        :root { color-scheme: light dark; --line: #8884; --mark: #c87a3c; }
        * { box-sizing: border-box; }
        body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 76rem; }
        h1 { margin: 0 0 .25rem; font-size: 1.7rem; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; }
        .lead { margin: 0 0 1rem; max-width: 46rem; }
        .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
        @media (max-width: 44rem) { .sides { grid-template-columns: 1fr; } }
        article { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
        article.ours { border-color: var(--mark); border-width: 2px; }
        .reason { color: var(--mark); font-weight: 600; font-size: .9rem; margin: 0; }
        .boost, .meta { opacity: .75; font-size: .85rem; margin: 0; }
        .text { margin: .2rem 0; white-space: pre-line; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .85rem; } th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
        code { font-size: .85rem; overflow-wrap: anywhere; }
        </style>
        </head>
        <body>
        <h1>Sheltie</h1>
        <p class="lead">The same reader's home twice: as the instance sends it, and as it comes through the proxy, with {{count}} labelled
        recommendations. Nothing that the reader follows is missing: what makes room opens the next page. All people and posts are invented.</p>
        <div class="sides">
        <section><h2>Through Sheltie</h2>
        {{#with}}<article{{#reason}} class="ours"{{/reason}}>{{#reason}}<p class="reason">{{.}}</p>{{/reason}}{{#booster}}<p class="boost">{{.}} boosted</p>{{/booster}}<strong>{{author}}</strong> <span class="meta">@{{acct}}</span><p class="text">{{text}}</p><p class="meta">{{when}} &nbsp; {{counts}}</p></article>
        {{/with}}
        </section>
        <section><h2>Without</h2>
        {{#without}}<article>{{#booster}}<p class="boost">{{.}} boosted</p>{{/booster}}<strong>{{author}}</strong> <span class="meta">@{{acct}}</span><p class="text">{{text}}</p><p class="meta">{{when}} &nbsp; {{counts}}</p></article>
        {{/without}}
        </section>
        </div>
        <h2>What is stored about this reader</h2>
        <p class="lead">Level {{level}}. There is no name, handle or account id: the reader is alias {{alias}}…, made with a key that is not in the database.</p>
        {{#tables}}
        <h2>{{name}}: {{rows}}</h2>
        <div class="scroll"><table><tr>{{#columns}}<th>{{.}}</th>{{/columns}}</tr>
        {{#first}}<tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
        {{/first}}</table></div>
        {{#more}}<p class="meta">and {{.}} more</p>{{/more}}
        {{/tables}}
        <h2>The same in a terminal</h2>
        <p><code>{{curl}}</code></p>
        </body>
        </html>
        """
}
