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
        :root { color-scheme: light dark; --line: #8885; --mark: #9a4d14; --card: #8881; }
        @media (prefers-color-scheme: dark) { :root { --mark: #f0a268; } }
        * { box-sizing: border-box; }
        body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem; }
        h1 { margin: 0 0 .25rem; font-size: 1.7rem; }
        h2 { font-size: 1.25rem; margin: 2rem 0 .6rem; }
        h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; } h3 span { font-weight: 400; }
        p { max-width: 46rem; margin: 0 0 .8rem; }
        a { color: inherit; }
        nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
        .sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 1.5rem; }
        @media (max-width: 44rem) { .sides { grid-template-columns: minmax(0, 1fr); } }
        article { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
        article.ours { border: 2px solid var(--mark); background: var(--card); }
        article.later { border-style: dashed; }
        article p { margin: 0; }
        article .text { margin: .2rem 0; white-space: pre-line; }
        .reason { color: var(--mark); font-weight: 600; font-size: .9rem; }
        .meta { opacity: .8; font-size: .85rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font: .8rem/1.5 ui-monospace, monospace; }
        th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
        pre { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere; }
        </style>
        </head>
        <body>
        <h1>Sheltie</h1>
        <p>The same reader's home twice: as it comes through the proxy, with {{count}} labelled recommendations, and as the instance sends it.
        Nothing that the reader follows is missing: what makes room opens the next page. All people and posts are invented.</p>
        <nav><a href="#with">Through Sheltie</a> <a href="#without">Without</a> <a href="#stored">What is stored about this reader</a> <a href="#terminal">In a terminal</a></nav>
        <main>
        <div class="sides">
        <section><h2 id="with">Through Sheltie</h2>
        {{#with}}<article{{#reason}} class="ours"{{/reason}}{{#language}} lang="{{.}}"{{/language}}>{{#reason}}<p class="reason" lang="en">{{name}} · <a href="{{why}}">why?</a></p>{{/reason}}{{#booster}}<p class="meta" lang="en">{{.}} boosted</p>{{/booster}}<strong>{{author}}</strong> <span class="meta">@{{acct}}</span><p class="text">{{text}}</p><p class="meta" lang="en">{{when}} · {{counts}}</p></article>
        {{/with}}
        </section>
        <section><h2 id="without">Without</h2>
        {{#without}}<article{{#later}} class="later"{{/later}}{{#language}} lang="{{.}}"{{/language}}>{{#later}}<p class="meta" lang="en">Opens the next page through Sheltie</p>{{/later}}{{#booster}}<p class="meta" lang="en">{{.}} boosted</p>{{/booster}}<strong>{{author}}</strong> <span class="meta">@{{acct}}</span><p class="text">{{text}}</p><p class="meta" lang="en">{{when}} · {{counts}}</p></article>
        {{/without}}
        </section>
        </div>
        <h2 id="stored">What is stored about this reader</h2>
        <p>This is all of it; times are UTC. The level is {{level}}. There is no name, handle or account id: the reader is alias
        {{alias}}…, made with a key that is not in the database. At level NONE there would be nothing here.</p>
        {{#tables}}
        <h3>{{name}} <span>{{rows}}</span></h3>
        <div class="scroll" tabindex="0"><table><tr>{{#columns}}<th scope="col">{{.}}</th>{{/columns}}</tr>
        {{#first}}<tr>{{#cells}}<td>{{.}}</td>{{/cells}}</tr>
        {{/first}}</table></div>
        {{#more}}<p class="meta">and {{.}} more</p>{{/more}}
        {{/tables}}
        <h2 id="terminal">In a terminal</h2>
        <p>The same page as a client gets it. The token belongs to an invented person and is worth nothing anywhere else.</p>
        <pre><code>{{curl}}</code></pre>
        </main>
        </body>
        </html>
        """
}
