/// Biographies as people write them, in twelve languages, each judged by the one who wrote it down.
enum HandWrittenBios {
    struct Bio: Sendable {
        let language: String
        let text: String
        let refuses: Bool
    }

    static let all = refusing.flatMap { language, texts in texts.map { Bio(language: language, text: $0, refuses: true) } }
        + willing.flatMap { language, texts in texts.map { Bio(language: language, text: $0, refuses: false) } }

    private static let refusing: [(String, [String])] = [
        (
            "English",
            [
                "Shepherd in Wales. #nobot please.", "Posts vanish after a week; #NoArchive means it.", "she/her, teacher. #nobridge #noindex",
                "I draw foxes 🦊 #noAI", "No scraping. #nosearch. Thank you!", "Librarian (#nofedirec)", "#norecommend — I like it quiet here",
                "Cyclist, baker, father. Robots: #nobots", "Data? No. #nomining",
            ]
        ),
        (
            "German",
            [
                "Schäferin in der Rhön. Bitte #nobot", "Lehrer, Vater, Chorsänger. #NoIndex!", "Keine KI mit meinen Bildern: #noai",
                "Ich lösche alles nach 14 Tagen (#noarchive).", "Gärtnerin. Bitte nicht weiterempfehlen: #NoRecommend",
                "Nur für Bekannte, #nosearch.", "Imker aus Jena – #nobridge, danke", "Fotos gehören mir. #nomining", "Bahnfahrer 🚆#nobots",
            ]
        ),
        (
            "French",
            [
                "Bergère dans le Jura, merci : #nobot", "Pas d’indexation s’il vous plaît. #noindex", "Mes dessins ne nourrissent pas les IA : #NoAI",
                "Professeur de latin ; #nosearch", "Rien n’est archivé ici, #noarchive !", "« #nobridge » — et bonne journée",
                "Cuisinière. #norecommend", "Vélo, pain, chorale #nobots 🚲", "Données personnelles : #nomining",
            ]
        ),
        (
            "Spanish",
            [
                "Pastora en Asturias. Por favor, #nobot.", "Nada de índices (#NoIndex)", "Mis fotos no son para la IA. #noai", "¡#nosearch! Gracias",
                "Escribo poco y borro todo: #noarchive", "Maestra y ciclista; #nobridge", "No me recomienden: #norecommend",
                "Panadero en León #NOBOTS", "Sin minería de datos, #nomining",
            ]
        ),
        (
            "Portuguese",
            [
                "Pastora na serra. #nobot, por favor", "Não indexar: #noindex", "As minhas fotografias não são para IA #NoAI",
                "Professor de música (#nosearch)", "Apago tudo ao fim do mês. #noarchive", "Padeira em Évora. #nobridge!",
                "Não me recomendem… #norecommend", "Ciclista 🚴#nobots", "Dados não se mineram: #nomining",
            ]
        ),
        (
            "Italian",
            [
                "Pastora in Abruzzo. Niente bot: #nobot", "Per favore non indicizzare. #NoIndex", "I miei disegni non sono per l’IA: #noai",
                "Insegnante; #nosearch", "Cancello tutto ogni mese (#noarchive)", "Fornaio a Matera, #nobridge", "Non consigliatemi: #norecommend",
                "Bici e pane #nobots", "Niente estrazione di dati. #nomining",
            ]
        ),
        (
            "Polish",
            [
                "Pasterka z Bieszczad. Proszę: #nobot", "Nie indeksować! #noindex", "Moje rysunki nie są dla SI: #NoAI",
                "Nauczyciel muzyki – #nosearch", "Kasuję wszystko co miesiąc (#noarchive)", "Piekarz z Łodzi, #nobridge",
                "Proszę mnie nie polecać: #norecommend", "Rower i chleb 🚲#nobots", "Żadnego zbierania danych: #nomining",
            ]
        ),
        (
            "Russian",
            [
                "Пастушка. Пожалуйста, #nobot", "Не индексировать! #noindex", "Мои рисунки не для ИИ: #NoAI", "Учитель музыки — #nosearch",
                "Всё удаляю через месяц (#noarchive)", "Пекарь из Твери, #nobridge", "Не советуйте меня: #norecommend", "Велосипед и хлеб #nobots",
                "Никакого сбора данных: #nomining",
            ]
        ),
        (
            "Japanese",
            [
                "羊飼いです。#nobot でお願いします", "検索しないでください #noindex", "絵をAIに使わないで #NoAI", "音楽の先生。#nosearch", "毎月消します（#noarchive）", "パン屋です、#nobridge。",
                "おすすめしないで：#norecommend", "自転車とパン🚲#nobots", "データ収集お断り＃nomining",
            ]
        ),
        (
            "Chinese",
            [
                "牧羊人，请勿抓取 #nobot", "请不要索引。#noindex", "我的画不给AI用：#NoAI", "音乐老师（#nosearch）", "每月删除，#noarchive", "面包师 #nobridge，谢谢", "不要推荐我＃norecommend",
                "自行车和面包🚲#nobots", "拒绝数据挖掘#nomining。",
            ]
        ),
        (
            "Arabic",
            [
                "راعية غنم، من فضلكم #nobot", "لا للفهرسة \u{200F}#noindex\u{200F} شكرا", "رسومي ليست للذكاء الاصطناعي: #NoAI",
                "معلم موسيقى (#nosearch)", "أحذف كل شيء كل شهر #noarchive", "خباز من حلب، #nobridge", "لا تقترحوني: #norecommend",
                "دراجة وخبز 🚲 #nobots", "لا لجمع البيانات #nomining",
            ]
        ),
        (
            "Turkish",
            [
                "Çoban. Lütfen #nobot", "Dizine eklemeyin! #NOİNDEX", "Çizimlerim yapay zekâ için değil: #noaı", "Müzik öğretmeni (#nosearch)",
                "Her ay silerim, #noarchıve", "Fırıncı – #nobrıdge, teşekkürler", "Beni önermeyin: #norecommend", "Bisiklet ve ekmek 🚲#nobots",
                "Veri madenciliğine hayır: #NOMİNİNG",
            ]
        ),
    ]

    private static let willing: [(String, [String])] = [
        (
            "English",
            [
                "Shepherd in Wales. Bots welcome.", "I build robots. No, really. #bots", "Index cards and archives are my trade. #archive",
                "Ask me about bridges #bridge #civil", "My dog is called Nobot", "#nobotany, only zoology", "AI researcher, opinions mine",
                "C# and # signs; nothing else",
            ]
        ),
        (
            "German",
            [
                "Schäferin in der Rhön. Bots sind mir gleich.", "Archivarin #archiv", "Ich suche Brücken #brücke", "KI ist mein Beruf",
                "Mein Hund heißt Nobot", "#nobottich, nur Eimer", "Nordlicht #norden", "Kein Plan, keine Ahnung",
            ]
        ),
        (
            "French",
            [
                "Bergère dans le Jura", "Archiviste #archives", "Ponts et chaussées #pont", "Je travaille sur l’IA", "Mon chien s’appelle Nobot",
                "#noblesse oblige", "#noel toute l’année", "Pas de quoi, vraiment",
            ]
        ),
        (
            "Spanish",
            [
                "Pastora en Asturias", "Archivera #archivo", "Puentes y caminos #puente", "Trabajo con IA", "Mi perro se llama Nobot",
                "#nobel de literatura", "#noche de verano", "No busco nada",
            ]
        ),
        (
            "Portuguese",
            [
                "Pastora na serra", "Arquivista #arquivo", "Pontes e estradas #ponte", "Trabalho com IA", "O meu cão chama-se Nobot", "#nobre povo",
                "#noite de verão", "Não procuro nada",
            ]
        ),
        (
            "Italian",
            [
                "Pastora in Abruzzo", "Archivista #archivio", "Ponti e strade #ponte", "Lavoro con l’IA", "Il mio cane si chiama Nobot",
                "#nobile arte", "#notte d’estate", "Non cerco niente",
            ]
        ),
        (
            "Polish",
            [
                "Pasterka z Bieszczad", "Archiwistka #archiwum", "Mosty i drogi #most", "Pracuję z SI", "Mój pies to Nobot", "#nobel dla nas",
                "#noc letnia", "Niczego nie szukam",
            ]
        ),
        (
            "Russian",
            [
                "Пастушка", "Архивист #архив", "Мосты и дороги #мост", "Работаю с ИИ", "Мою собаку зовут Nobot", "#нобот", "#ночь", "Ничего не ищу",
            ]
        ),
        (
            "Japanese",
            [
                "羊飼いです", "記録係 #アーカイブ", "橋と道 #橋", "AIの仕事をしています", "犬の名前はNobotです", "#ノーボット", "#夜", "何も探していません",
            ]
        ),
        (
            "Chinese",
            [
                "牧羊人", "档案员 #档案", "桥和路 #桥", "我做AI", "我的狗叫Nobot", "#机器人", "#夜晚", "什么都不找",
            ]
        ),
        (
            "Arabic",
            [
                "راعية غنم", "أمينة أرشيف #أرشيف", "جسور وطرق #جسر", "أعمل في الذكاء الاصطناعي", "كلبي اسمه Nobot", "#روبوت", "#ليل",
                "لا أبحث عن شيء",
            ]
        ),
        (
            "Turkish",
            [
                "Çoban", "Arşivci #arşiv", "Köprüler ve yollar #köprü", "Yapay zekâ ile çalışırım", "Köpeğimin adı Nobot", "#nobel ödülü",
                "#noel baba", "Bir şey aramıyorum",
            ]
        ),
    ]
}
