/// Sentences of invented posts: per language, with places for two words of a topic.
enum Sentences {
    /// What a post says about `topic`, chosen by `seed`; without hashtags.
    static func text(_ topic: Topic, _ language: Language, seed: UInt64) -> String {
        var random = SeededRandom(seed)
        let words = topic.words[language.position]
        let first = random.pick(openers[language.position])
        let second = random.pick(closers[language.position])
        let order = random.chance(50) ? words : Array(words.reversed())
        let joint = language == .ja ? "" : " "
        return filled(first, order[0]) + joint + filled(second, order[1])
    }

    /// A few words of agreement or doubt, for replies.
    static func reply(_ language: Language, seed: UInt64) -> String {
        var random = SeededRandom(seed)
        return random.pick(replies[language.position])
    }

    /// Above a folded post.
    static func warning(_ topic: Topic, _ language: Language) -> String {
        ["about ", "über ", "à propos de ", "sobre ", "話題: "][language.position] + topic.tag
    }

    private static func filled(_ template: String, _ word: String) -> String {
        guard let place = template.firstIndex(of: "_") else { return template }
        return template[..<place] + word + template[template.index(after: place)...]
    }

    private static let openers: [[String]] = [
        [
            "Spent the morning with _.", "Nobody warned me about _.", "Small victory today: _ finally works out.", "I keep coming back to _.",
            "Question for everyone who knows _: where do you start?", "Found an old note about _ in a drawer.", "A whole week without _ and I miss it.",
            "Today I learned something about _.", "My neighbour explained _ to me over the fence.", "If you have an hour, spend it on _.",
        ],
        [
            "Heute ging es um _.", "Niemand hat mich vor _ gewarnt.", "Kleiner Erfolg: _ klappt endlich.", "Ich komme immer wieder auf _ zurück.",
            "Frage an alle: Wer kennt sich aus mit _?", "In einer Schublade lag ein Zettel über _.", "Eine Woche ohne _, und es fehlt mir.",
            "Heute etwas Neues gelernt über _.", "Die Nachbarin hat mir alles erzählt über _.", "Wer eine Stunde Zeit hat: _.",
        ],
        [
            "Matinée passée avec _.", "Personne ne m'avait prévenu pour _.", "Petite victoire : _, enfin.", "Je reviens toujours à _.",
            "Question à celles et ceux qui connaissent _ : par où commencer ?", "Retrouvé une vieille note sur _.", "Une semaine sans _ et ça me manque.",
            "Appris aujourd'hui quelque chose sur _.", "Mon voisin m'a tout expliqué sur _.", "Si vous avez une heure : _.",
        ],
        [
            "Pasé la mañana con _.", "Nadie me avisó de _.", "Pequeña victoria: por fin _.", "Siempre vuelvo a _.", "Pregunta: ¿quién sabe de _?",
            "Encontré una nota vieja sobre _.", "Una semana sin _ y lo echo de menos.", "Hoy aprendí algo sobre _.", "Mi vecina me explicó _.",
            "Si tienes una hora libre: _.",
        ],
        [
            "今日は_の話。", "_には驚いた。", "やっと_がうまくいった。", "また_に戻ってきた。", "_に詳しい人はいますか。", "引き出しから_のメモが出てきた。",
            "一週間_なしで寂しい。", "_について一つ学んだ。", "隣の人が_を教えてくれた。", "一時間あるなら_がおすすめ。",
        ],
    ]

    private static let closers: [[String]] = [
        [
            "Next I will try _.", "It reminds me of _.", "The hard part is still _.", "Pictures follow, as soon as _ is done.", "And then there was _.",
            "Worth it for _ alone.", "Do not ask me about _.", "Tomorrow more about _.",
        ],
        [
            "Als Nächstes: _.", "Das erinnert mich an _.", "Schwierig bleibt _.", "Bilder folgen, sobald es mehr gibt zu _.", "Und dann war da noch _.",
            "Allein dafür lohnt es sich: _.", "Fragt mich nicht nach _.", "Morgen mehr über _.",
        ],
        [
            "Ensuite, ce sera _.", "Cela me rappelle _.", "Le plus dur reste _.", "Des photos suivront, après _.", "Et puis il y a eu _.",
            "Rien que pour _, ça vaut la peine.", "Ne me demandez rien sur _.", "Demain, la suite sur _.",
        ],
        [
            "Después probaré _.", "Me recuerda a _.", "Lo difícil sigue siendo _.", "Habrá fotos después de _.", "Y luego vino _.",
            "Solo por _ vale la pena.", "No me preguntéis por _.", "Mañana más sobre _.",
        ],
        ["次は_を試す。", "_を思い出す。", "難しいのは_だ。", "写真は_のあとで。", "そして_。", "_だけでも価値がある。", "_のことは聞かないで。", "明日は_について。"],
    ]

    private static let replies: [[String]] = [
        ["I had the same last week.", "Not so sure about that.", "Thank you, this helps.", "Where did you find it?", "That is lovely.", "Can you say more?"],
        ["Ging mir letzte Woche genauso.", "Da bin ich nicht sicher.", "Danke, das hilft.", "Wo hast du das gefunden?", "Wie schön.", "Erzähl mehr!"],
        ["Pareil la semaine dernière.", "Pas si sûr.", "Merci, ça aide.", "Où as-tu trouvé ça ?", "C'est beau.", "Tu peux en dire plus ?"],
        ["Me pasó lo mismo.", "No estoy tan seguro.", "Gracias, ayuda mucho.", "¿Dónde lo encontraste?", "Qué bonito.", "¡Cuenta más!"],
        ["先週同じことがあった。", "それはどうかな。", "ありがとう、助かる。", "どこで見つけたの。", "素敵。", "もっと聞かせて。"],
    ]
}
