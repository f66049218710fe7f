/// A language that invented people write in. The raw value is its BCP 47 code.
enum Language: String, CaseIterable, Sendable {
    case en, de, fr, es, ja

    var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What invented people write about: a hashtag, and two words of it in each language.
struct Topic: Sendable {
    let tag: String
    /// Per language in the order of `Language.allCases`.
    let words: [[String]]

    /// From the most to the least popular.
    static let all: [Topic] = table.split(separator: "\n").map { line in
        let cells = line.split(separator: "|")
        return Topic(tag: String(cells[0]), words: cells.dropFirst().map { $0.split(separator: ",").map(String.init) })
    }

    private static let table = """
        photography|the lens,a long exposure|das Objektiv,die Belichtung|l'objectif,une pose longue|el objetivo,la luz de tarde|レンズ,長時間露光
        gardening|the tomatoes,my compost|die Tomaten,der Kompost|les tomates,le compost|los tomates,el huerto|トマト,堆肥
        cats|the cat,a sunny window sill|die Katze,die Fensterbank|le chat,le rebord de la fenêtre|el gato,la ventana|猫,窓辺
        music|an old record,the bass line|die alte Platte,der Bass|un vieux disque,la ligne de basse|un disco viejo,el bajo|古いレコード,ベース
        bicycle|the front wheel,a new route|das Vorderrad,die neue Strecke|la roue avant,un nouveau trajet|la rueda,una ruta nueva|前輪,新しい道
        cooking|the soup,fresh herbs|die Suppe,frische Kräuter|la soupe,les herbes fraîches|la sopa,las hierbas|スープ,香草
        opensource|a small patch,the release notes|ein kleiner Patch,die Versionshinweise|un petit correctif,les notes de version|un parche,las notas|小さな修正,リリースノート
        books|the second chapter,a quiet novel|das zweite Kapitel,ein leiser Roman|le deuxième chapitre,un roman calme|el segundo capítulo,una novela|第二章,静かな小説
        birds|a heron,the feeder|ein Reiher,das Futterhaus|un héron,la mangeoire|una garza,el comedero|サギ,餌台
        bread|the sourdough,a dark crust|der Sauerteig,die Kruste|le levain,la croûte|la masa madre,la corteza|天然酵母,焼き色
        trains|the night train,a branch line|der Nachtzug,die Nebenbahn|le train de nuit,une petite ligne|el tren nocturno,la vía|夜行列車,支線
        swift|a generic function,the compiler|eine generische Funktion,der Compiler|une fonction générique,le compilateur|una función genérica,el compilador|ジェネリック関数,コンパイラ
        hiking|the ridge,a muddy path|der Grat,ein matschiger Weg|la crête,un sentier boueux|la cresta,el sendero|尾根,ぬかるんだ道
        knitting|the left sleeve,soft wool|der linke Ärmel,weiche Wolle|la manche gauche,la laine douce|la manga,la lana|左袖,柔らかい毛糸
        astronomy|the Pleiades,a clear sky|die Plejaden,der klare Himmel|les Pléiades,un ciel clair|las Pléyades,un cielo claro|すばる,澄んだ空
        boardgames|the dice,a fair rule|die Würfel,eine faire Regel|les dés,une règle juste|los dados,una regla|サイコロ,公平なルール
        linux|the kernel log,a tidy script|das Kernel-Log,ein Skript|le journal du noyau,un script|el núcleo,un guion|カーネルログ,スクリプト
        painting|the blue layer,a wet brush|die blaue Schicht,der Pinsel|la couche bleue,le pinceau|la capa azul,el pincel|青い層,筆
        radio|the antenna,a faint signal|die Antenne,ein schwaches Signal|l'antenne,un signal faible|la antena,una señal|アンテナ,弱い電波
        history|an old map,the archive|die alte Karte,das Archiv|une vieille carte,les archives|un mapa viejo,el archivo|古い地図,資料館
        maps|the contour lines,a missing street|die Höhenlinien,eine fehlende Straße|les courbes,une rue oubliée|las curvas,una calle|等高線,抜けた道
        theatre|the third act,an empty stage|der dritte Akt,die leere Bühne|le troisième acte,la scène vide|el tercer acto,el escenario|第三幕,空の舞台
        fountainpens|the nib,green ink|die Feder,grüne Tinte|la plume,l'encre verte|la pluma,la tinta verde|ペン先,緑のインク
        moss|the stone wall,a shaded bank|die Steinmauer,der Schatten|le mur de pierre,l'ombre|el muro,la sombra|石垣,日陰
        """
}
