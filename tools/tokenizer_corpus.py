"""The mixed text of make_tokenizer_golden.py: deterministic for a given random generator."""

SENTENCES = """All human beings are born free and equal in dignity and rights.
They are endowed with reason and conscience, and should act towards one another in a spirit of brotherhood.
It's what we've said: they'll go, I'm sure, she'd stay; you're right, don't! WE'LL SEE, IT'S FINE, I'M OK, THEY'RE HERE.
Tous les êtres humains naissent libres et égaux en dignité et en droits. L'été, c'était déjà l'œuvre de Noël.
Alle Menschen sind frei und gleich an Würde und Rechten geboren. Straße, Größe, ẞ, Übermaß, Äpfel.
Todos los seres humanos nacen libres e iguales en dignidad y derechos. ¿Qué pasó mañana? ¡Año nuevo!
Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Ação, coração, pão.
Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Perché no?
Alla människor är födda fria och lika i värde och rättigheter. Åsa gick på ön.
Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Zażółć gęślą jaźń.
Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Příliš žluťoučký kůň.
Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Árvíztűrő tükörfúrógép.
Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İstanbul ışığı, IĞDIR ılık.
Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.
Все люди рождаются свободными и равными в своем достоинстве и правах. Ёлка, подъезд, объём.
Всі люди народжуються вільними і рівними у своїй гідності та правах. Ґанок, їжак, є.
Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. ΟΔΥΣΣΕΥΣ, ὁ ἄνθρωπος.
יולד כל בני האדם בני חורין ושווים בערכם ובזכויותיהם. בְּרֵאשִׁית בָּרָא אֱלֹהִים
يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. بِسْمِ ٱللَّٰهِ ٱلرَّحْمَٰنِ ٱلرَّحِيمِ ١٢٣٤
تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. ۱۲۳
सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। क्षत्रिय १२३
সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে।
அனைத்து மனிதரும் சுதந்திரமாகப் பிறந்துள்ளனர். மதிப்பிலும் உரிமைகளிலும் சமமானவர்கள்.
మానవులందరూ పుట్టుకతో స్వతంత్రులు. గౌరవం, హక్కులలో సమానులు.
มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ๑๒๓
လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် မွေးဖွားလာသူများ ဖြစ်သည်။
មនុស្សទាំងអស់ កើតមកមានសេរីភាព និងសមភាព ក្នុងផ្នែកសេចក្តីថ្លៃថ្នូរ។
人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。２０２５年１月
人人生而自由，在尊嚴和權利上一律平等。𠮷野家 𪚥 㐂
すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。ｶﾀｶﾅ ﾊﾟｰﾃｨｰ 日本
모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 각가힣 ᄒᆞᆫ글
ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით. ᲗᲑᲘᲚᲘᲡᲘ
Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով։
የሰው ልጅ ሁሉ ሲወለድ ነጻና በክብርና በመብትም እኩልነት ያለው ነው።
ᎠᏂᎦᏓ ꭰꮒꭶꮣ Cherokee; ⵉⵎⴷⴰⵏⵏ, 𐌰𐌻𐌻𐌰𐌹, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢, 𝟙𝟚𝟛, Ⅷ ⅷ ½ ¾ ² ³ ① ㊙ ﷺ ﬁ ﬂ ﬀ
Fullwidth Ａｂｃ１２３！？ and ™ ® © № ℃ Å Ω ſ long, 'ſ 'S 'ſt I'ſ, ŉ ǆ ǅ Ǆ ß İ ı
""".splitlines()

CODE = [
    "for (std::size_t i = 0; i < n; ++i) { sum += a[i] * b[i]; }", "    return x if x > 0 else -x  # absolute",
    "\tif (ptr == NULL) return -1;\t/* out of memory */", "def f(self, *args, **kwargs) -> dict[str, list[int]]:",
    "SELECT name, COUNT(*) FROM t WHERE id >= 1000 GROUP BY 1 ORDER BY 2 DESC;", "<div class=\"row\"><a href='/x?y=1&z=2'>go</a></div>",
    "{\"key\": [1, 2.5e-3, null, true], \"other\": \"va\\\"lue\\n\"}", "git commit -m 'fix: it''s broken' && make -j8 2>&1 | tee log.txt",
    "https://example.org/a/b-c_d?q=%20x#frag user@example.com 192.168.0.1:8080", "let y = xs.iter().map(|x| x + 1).collect::<Vec<_>>();",
    "$$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$$", "#include <vector>\n\nint main() {\n    return 0;\n}\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n", "- [ ] one\n- [x] two\n\n1. three\n", "0x1F 1_000_000 3.14159 1e10 2025-11-24T15:00:00Z +49 (0)30 1234567",
]

EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "☺", "🤷🏿‍♀️", "1️⃣", "🫠", "©️", "🧑‍💻", "👁️‍🗨️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
MARKS = ["e\u0301", "a\u0323\u0302", "a\u0302\u0323", "o\u031b\u0301", "क\u093c", "\u0958", "ệ", "n\u0303", "\u0301x", "Z̸͑͌a̷l̵g̶o̴",
         "\u212b", "\u1e9b\u0323", "\u0344", "가\u11a8", "\u1100\u1161\u11a8", "\u0f73", "ạ̈", "\u0600a", "a\u0903", "x\u200dy"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u3000", "\u2003", "\u200b", "\ufeff", "\u2028", "\x85", "\x0b", "\x0c",
          "        ", "\r", " \r\n\t", "\u180e", "\u1680", "\x1c", "\x00"]
SPECIALS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<s>", "</s>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "<pad>", "<think>",
            "</think>", "<tool_call>", "<|im_start|", "im_end|>", "<0x41>", "<0xE2>", "the", "Ünï", "日本", "▁", "▁the", "##ing", "</w>"]
BROKEN = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe0\x80\x80",
          b"\xf8\x88\x80\x80\x80", b"\xe2\x28\xa1", b"caf\xe9", b"\xf0\x9f\x98\x80\x80", b"\xef\xbf\xbd", b"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"]
DIGITS = ["1", "12", "123", "1234", "12345678", "٣٤", "१२", "½", "Ⅻ", "²³", "１２３", "𝟘𝟙", "3.14", "1,000,000", "007"]


def words_of(rng):
    return rng.choice(SENTENCES).split(" ")


def clause(rng):
    words = words_of(rng)
    start = rng.randrange(len(words))
    return " ".join(words[start:start + rng.randrange(1, 9)])


def random_characters(rng):
    ranges = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0x800), (0x900, 0x1000), (0x1000, 0x2000), (0x2000, 0x2C00),
              (0x3000, 0x3400), (0x4E00, 0xA000), (0xA000, 0xD7FF), (0xE000, 0x10000), (0x10000, 0x12000), (0x1D000, 0x1FB00), (0x20000, 0x20100),
              (0xE0000, 0xE0200), (0, 0x110000)]
    low, high = rng.choice(ranges)
    points = [rng.randrange(low, high) for _ in range(rng.randrange(1, 7))]
    return "".join(chr(c) for c in points if not 0xD800 <= c < 0xE000)


def piece(rng):
    kinds = [lambda: clause(rng), lambda: clause(rng), lambda: clause(rng), lambda: rng.choice(CODE), lambda: rng.choice(EMOJI),
             lambda: rng.choice(MARKS), lambda: rng.choice(SPACES), lambda: rng.choice(SPACES) * rng.randrange(1, 5), lambda: rng.choice(SPECIALS),
             lambda: rng.choice(DIGITS), lambda: random_characters(rng), lambda: rng.choice("'’\"!?.,;:-—…()[]{}<>/\\@#$%^&*_+=~`|"),
             lambda: rng.choice(["'s", "'S", "'re", "'LL", "n't", " 'm", "'Ve", "''", "-/-"])]
    return rng.choice(kinds)()


def mixed_line(rng):
    out = b""
    for _ in range(rng.randrange(1, 6)):
        out += piece(rng).encode("utf-8")
        if rng.random() < 0.5:
            out += b" "
    return out


def broken_line(rng):
    out = mixed_line(rng)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(out) + 1)
        out = out[:at] + rng.choice(BROKEN) + out[at + rng.randrange(3):]
    return out


def make_corpus(rng):
    lines = [s.encode("utf-8") for s in SENTENCES + CODE + EMOJI + MARKS + SPACES + SPECIALS + DIGITS] + BROKEN + [b""]
    lines += [("a" * n).encode() for n in (30, 100, 101, 999)] + [b" " * 300, b"\n" * 70, "é".encode() * 120, "漢".encode() * 130]
    while len(lines) < 12000:
        lines.append(broken_line(rng) if rng.random() < 0.12 else mixed_line(rng))
    return lines
