import Recommender

/// The texts of reasons: a short one for a name's brackets, and a sentence for the account's note and the page.
enum ReasonCatalogue {
    /// Before the argument, after it; without an argument both together.
    private struct Phrase {
        var before: String
        var after: String
        init(_ before: String, _ after: String = "") {
            self.before = before
            self.after = after
        }
    }

    /// Names are cut to this many characters: clients show them on one line beside "boosted".
    static let longestName = 40

    /// The virtual account's display name: `Sheltie (you often like @alice)`.
    ///
    /// Too long an argument is cut, never within a character, so that the bracket still closes.
    static func name(_ reason: Reason, in language: ReasonLanguage) -> String {
        let phrase = short(reason, language)
        let argument = shown(reason, whole: false)
        let fixed = "Sheltie (".count + phrase.before.count + phrase.after.count + 1
        let room = max(2, longestName - fixed)
        let cut = argument.count > room ? String(argument.prefix(room - 1)) + "…" : argument
        return "Sheltie (" + phrase.before + cut + phrase.after + ")"
    }

    /// The reason as a whole sentence, with the author's full handle.
    static func sentence(_ reason: Reason, in language: ReasonLanguage) -> String {
        let phrase = long(reason, language)
        return phrase.before + shown(reason, whole: true) + phrase.after
    }

    /// What the link to the why page says.
    static func whyLink(in language: ReasonLanguage) -> String {
        switch language {
        case .english: "Why this, and how to get less of it"
        case .german: "Warum das, und wie man weniger davon bekommt"
        case .french: "Pourquoi, et comment en voir moins"
        case .spanish: "Por qué, y cómo ver menos"
        case .japanese: "この投稿が表示される理由と、減らす方法"
        }
    }

    /// - Parameter whole: the handle with its instance.
    private static func shown(_ reason: Reason, whole: Bool) -> String {
        guard let argument = reason.argument else { return "" }
        switch reason.code {
        case .tag: return "#" + argument
        case .author: return "@" + (whole ? argument : String(argument.prefix { $0 != "@" }))
        case .popularHere, .popular, .fresh: return ""
        }
    }

    private static func short(_ reason: Reason, _ language: ReasonLanguage) -> Phrase {
        let named = reason.argument != nil
        switch (reason.code, language) {
        case (.author, .english): return named ? Phrase("you often like ") : Phrase("from an author you like")
        case (.author, .german): return named ? Phrase("du magst oft ") : Phrase("von jemandem, den du magst")
        case (.author, .french): return named ? Phrase("vous aimez souvent ") : Phrase("d’un compte que vous aimez")
        case (.author, .spanish): return named ? Phrase("te suele gustar ") : Phrase("de alguien que te gusta")
        case (.author, .japanese): return named ? Phrase("よく反応する ") : Phrase("よく反応する人の投稿")
        case (.tag, .english): return named ? Phrase("you often like ") : Phrase("a topic you like")
        case (.tag, .german): return named ? Phrase("du magst oft ") : Phrase("ein Thema, das du magst")
        case (.tag, .french): return named ? Phrase("vous aimez souvent ") : Phrase("un sujet que vous aimez")
        case (.tag, .spanish): return named ? Phrase("te suele gustar ") : Phrase("un tema que te gusta")
        case (.tag, .japanese): return named ? Phrase("よく反応する ") : Phrase("よく反応する話題")
        case (.popularHere, .english): return Phrase("popular here")
        case (.popularHere, .german): return Phrase("hier beliebt")
        case (.popularHere, .french): return Phrase("populaire ici")
        case (.popularHere, .spanish): return Phrase("popular aquí")
        case (.popularHere, .japanese): return Phrase("ここで人気")
        case (.popular, .english): return Phrase("popular right now")
        case (.popular, .german): return Phrase("gerade beliebt")
        case (.popular, .french): return Phrase("populaire en ce moment")
        case (.popular, .spanish): return Phrase("popular ahora")
        case (.popular, .japanese): return Phrase("いま人気")
        case (.fresh, .english): return Phrase("posted recently")
        case (.fresh, .german): return Phrase("kürzlich veröffentlicht")
        case (.fresh, .french): return Phrase("paru récemment")
        case (.fresh, .spanish): return Phrase("recién publicado")
        case (.fresh, .japanese): return Phrase("新着")
        }
    }

    private static func long(_ reason: Reason, _ language: ReasonLanguage) -> Phrase {
        let named = reason.argument != nil
        switch (reason.code, language) {
        case (.author, .english):
            return named ? Phrase("Recommended because you often like posts by ", ".") : Phrase("Recommended because you often like this author's posts.")
        case (.author, .german):
            return named ? Phrase("Empfohlen, weil dir Beiträge von ", " oft gefallen.") : Phrase("Empfohlen, weil dir Beiträge dieser Person oft gefallen.")
        case (.author, .french):
            return named ? Phrase("Recommandé parce que vous aimez souvent les messages de ", ".")
                : Phrase("Recommandé parce que vous aimez souvent les messages de ce compte.")
        case (.author, .spanish):
            return named ? Phrase("Recomendado porque te suelen gustar las publicaciones de ", ".")
                : Phrase("Recomendado porque te suelen gustar las publicaciones de esta cuenta.")
        case (.author, .japanese): return named ? Phrase("", " さんの投稿によく反応しているため、おすすめしています。") : Phrase("この人の投稿によく反応しているため、おすすめしています。")
        case (.tag, .english):
            return named ? Phrase("Recommended because you often like posts with ", ".") : Phrase("Recommended because you often like this topic.")
        case (.tag, .german):
            return named ? Phrase("Empfohlen, weil dir Beiträge mit ", " oft gefallen.") : Phrase("Empfohlen, weil dir dieses Thema oft gefällt.")
        case (.tag, .french):
            return named ? Phrase("Recommandé parce que vous aimez souvent les messages avec ", ".") : Phrase("Recommandé parce que vous aimez souvent ce sujet.")
        case (.tag, .spanish):
            return named ? Phrase("Recomendado porque te suelen gustar las publicaciones con ", ".") : Phrase("Recomendado porque te suele gustar este tema.")
        case (.tag, .japanese): return named ? Phrase("", " の投稿によく反応しているため、おすすめしています。") : Phrase("この話題によく反応しているため、おすすめしています。")
        case (.popularHere, .english): return Phrase("Recommended because several people on this server liked it.")
        case (.popularHere, .german): return Phrase("Empfohlen, weil es mehreren Menschen auf diesem Server gefiel.")
        case (.popularHere, .french): return Phrase("Recommandé parce que plusieurs personnes de ce serveur l’ont aimé.")
        case (.popularHere, .spanish): return Phrase("Recomendado porque gustó a varias personas de este servidor.")
        case (.popularHere, .japanese): return Phrase("このサーバーの複数の人が反応したため、おすすめしています。")
        case (.popular, .english): return Phrase("Recommended because it is getting much attention right now.")
        case (.popular, .german): return Phrase("Empfohlen, weil es gerade viel Beachtung findet.")
        case (.popular, .french): return Phrase("Recommandé parce qu’il attire beaucoup d’attention en ce moment.")
        case (.popular, .spanish): return Phrase("Recomendado porque está recibiendo mucha atención ahora.")
        case (.popular, .japanese): return Phrase("いま注目を集めているため、おすすめしています。")
        case (.fresh, .english): return Phrase("Recommended because it was posted just now.")
        case (.fresh, .german): return Phrase("Empfohlen, weil es gerade erst veröffentlicht wurde.")
        case (.fresh, .french): return Phrase("Recommandé parce qu’il vient de paraître.")
        case (.fresh, .spanish): return Phrase("Recomendado porque se acaba de publicar.")
        case (.fresh, .japanese): return Phrase("投稿されたばかりのため、おすすめしています。")
        }
    }
}
