"""Writes the golden files of the tokenizer tests with the reference implementation.

    pip install tokenizers==0.23.3 && python3 make_goldens.py

Trains small tokenizers on corpus.txt (which this script also writes) and records ids and decoded text of the
strings below. The Swift tests load the tokenizers and must produce the same. Everything here is seeded, but the
reference breaks ties in training word pieces anew each time, so those three come out a little different; the text is
original and harmless.
"""

import json
import random
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent

SUBJECTS = ["The keeper of the lighthouse", "A visitor", "My neighbour's parrot", "Nobody in the archive", "The 3 clerks",
            "Our night train", "Señora Ibáñez", "Der Bäcker", "Le garçon", "東京の友達", "Старый часовщик", "It"]
VERBS = ["doesn't remember", "couldn't find", "has counted", "will've sorted", "they'll explain", "I'm told he's lost",
         "we'd painted", "you're keeping", "forgets", "wrote down"]
OBJECTS = ["1,024 brass keys", "the glimmering jars", "a map of 17 rivers", "every postcard from 1987", "die Brötchen",
           "un café crème", "新しい本", "тёплый чай", "the 🙂 stickers and the 👩‍🚀 badge", "that naïve façade",
           "unlabelled, half-opened crates", "the quick reply"]
PLACES = ["behind the counter.", "before breakfast!", "on platform 9?", "under the stairs;", "in the\tledger",
          "at 10:45", "\"twice\"", "(again)", "with café owners...", "— quietly"]


def corpus(rng):
    lines = []
    for _ in range(400):
        lines.append(" ".join([rng.choice(SUBJECTS), rng.choice(VERBS), rng.choice(OBJECTS), rng.choice(PLACES)]))
    return lines


TEXTS = [
    "", " ", "  ", "\n", "\t\t", "a", " a", "  a", "   a b", "a  ", "a \n b", "a\n\nb", "a \u00a0b", "a\u3000\u3000b",
    "a\u2003b\u0085c\u2028d", "\r\n\r\n x", "tabs\tand\t\tmore", " \u00a0 x", "\u200b zero width",
    "The keeper of the lighthouse doesn't remember 1,024 brass keys.",
    "it's we've they'll I'm you're he'd don't", "IT'S WE'VE THEY'LL", "it'\u017fa 'Ll 'rE x'\u017f 'T", "a'\u00e5\u7fff \u5fff'\u5fff",
    "a\r\nb \r\n c\n\n\n d  \n  e", "!\n\n? \n!\r\n", "\u2581 a\u2581b \u2581", "12345 1234567 a12345b", "(word) $word -word \tword",
    "<0x41> <0x0A> <unk> <bos>", "\u1100\u1161\u11a8 \uac00\u11a8 \u0915\u093c \u09c7\u09be \u0b47\u0b57 \u212b\u0327\u0301", "'s 't 're 've 'm 'll 'd 'x 'r 'v 'l '",
    "''s '''ll ' s", "don\u2019t", "rock'n'roll's", "x'sx 'sam 'regal",
    "0123456789 12 345\u00b2 \u00bd \u0663\u0664 \u2167 \u4e94 1.5e10 007", "a1b22c333", "v2.0-beta+3",
    "!?... -- *** ((())) <<>> @#$%^&*_=+|~`", " !a !b! ,c", "e\u0301 \u00e9 n\u0303 \u00f1 a\u0308\u0301",
    "\u0301leading mark", "Z\u0351\u036b\u0343\u0329a\u0331l\u034e", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u0645\u064e\u0631\u0652\u062d\u064e\u0628\u0627",
    "東京の友達が新しい本を読む。", "한국어 띄어쓰기 ㄱㄴㄷ", "𠀀𪜀 㐀 豈 ｱｲｳ ＡＢＣ", "汉字mixed漢字with9latin",
    "🙂", "🙂🙃", "a🙂b", "👩‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 🇯🇵 👍🏽 #️⃣", "\U0001f9ff\U0001fae0", "ﬁ ﬂ ß ẞ İ ı Ǆ ǅ Σίσυφος ΟΔΟΣ",
    "ÅÉÎÕÜ åéîõü Ångström CAFÉ naïve", "\u212b \u2126 \u00b5 \u03bc", "x\u0000y \u0007 \u007f \u0080 \u009f", "\ufffd\ufffd", "\ufeffbom",
    "soft\u00adhyphen word\u2060joiner \u202ertl\u202c \ue000private", "\U000e0001\U000e0041tags \U0010ffff", "\u0378 unassigned",
    "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|><|endoftext|>", "<|endoftext|", "<|end <|endoftext|> of|>",
    " <|endoftext|> ", "<|user|>How is it?<|assistant|>Fine.<|endoftext|>", "<|USER|>", "<|user|><|userx|>",
    "[CLS] a [SEP] b [MASK] c [PAD] [UNK]", "x [MASK] y", "x  [MASK]y", "[mask] <mask>  <mask>", " <mask> <mask>",
    "refund desk refunddesk refund deskrefund desk", "the refund desk, refund desk!", "REFUND DESK Refund Desk",
    "a.b,c;d:e", "http://example.org/a?b=c&d=%20e#f", "def f(x):\n    return x ** 2  # squared\n",
    "{\"key\": [1, 2.5, null]}", "Don't you're we'll—they've “quoted” ‘single’ …", "unaffable unlabelled antidisestablishmentarianism",
    # Assigned or moved to another category after Unicode 8, where the reference implementation of BERT stands still.
    "a\u061db \u09fdc \u2e43d e\u166df", "a\u07fd b\u0898 \u0890c \u08e2d", "\u1734a \u1885b \ua9bdc \U000111c9d \U0001171ee",
    "abc" * 33, "abc" * 33 + "d", "abc" * 33 + "de", "ñ" * 100, "ñ" * 101, "mañana" * 17,
]

# Written out in the tests: (unit, repetitions).
LONG = [("a", 20000), ("ab", 10000), (" ", 20000), ("the ", 5000), ("\n ", 7000), ("🙂", 4000), ("東京", 4000),
        ("e\u0301", 6000), ("1", 9000), ("'", 9000), ("'s", 5000), ("<|endoftext|>", 800), ("keeper", 3000), ("!a", 4000)]

RANGES = [(0x20, 0x7e), (0x20, 0x7e), (0x9, 0xd), (0x20, 0x20), (0xa0, 0x24f), (0x300, 0x36f), (0x370, 0x52f), (0x590, 0x6ff),
          (0x900, 0xdff), (0xe00, 0xeff), (0x1e00, 0x1fff), (0x2000, 0x206f), (0x20a0, 0x27bf), (0x3000, 0x30ff),
          (0x3400, 0x9fff), (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfe00, 0xffef), (0x10000, 0x107ff), (0x1d400, 0x1d7ff),
          (0x1f300, 0x1faff), (0x20000, 0x2fa1d)]


def random_text(rng):
    scalars = []
    while len(scalars) < rng.randint(1, 40):
        low, high = rng.choice(RANGES)
        # Runs, because the patterns are about runs.
        for _ in range(rng.randint(1, 4)):
            code = rng.randint(low, high)
            # Unassigned characters change with the version of Unicode.
            if unicodedata.category(chr(code)) not in ("Cn", "Cs"):
                scalars.append(chr(code))
    return "".join(scalars)


def fnv1a(ids):
    value = 0xCBF29CE484222325
    for token in ids:
        for byte in token.to_bytes(4, "little"):
            value = ((value ^ byte) * 0x100000001B3) % 2**64
    return f"{value:016x}"


def byte_level(lines):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=900, min_frequency=2, special_tokens=["<|endoftext|>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def prefixed(base):
    """RoBERTa's conventions on the same merges, digits apart, and added tokens of every kind."""
    tokenizer = Tokenizer.from_str(base.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=True)])
    tokenizer.add_special_tokens(["<s>", "</s>", AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.add_tokens([AddedToken("refund desk", single_word=True, normalized=True), AddedToken("==>", rstrip=True)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")])
    return tokenizer


def modern(lines, digits, normalizer, ignore_merges):
    """Llama 3's and Qwen 2's conventions."""
    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + digits
               + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=600, min_frequency=2, special_tokens=["<|begin|>", "<|endoftext|>", "<|user|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    if ignore_merges:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B",
                special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))])])
    return tokenizer


def sentence_piece(lines, legacy):
    """Gemma's conventions, or Llama 2's: blanks are marked, characters are merged, unknown ones spelt in bytes."""
    specials = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    replace = normalizers.Replace(" ", "\u2581")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), replace]) if legacy else replace
    if not legacy:
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    # Training sees words; the tokenizer itself doesn't cut there.
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="never")
    trained.train_from_iterator(
        lines, trainers.BpeTrainer(vocab_size=900, min_frequency=3, special_tokens=specials, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    whole = json.loads(tokenizer.to_str())
    whole["model"]["vocab"], whole["model"]["merges"] = model["vocab"], model["merges"]
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(steps + ([decoders.Strip(" ", 1, 0)] if legacy else []))
    tokenizer.add_special_tokens(["<pad>", "<eos>", "<bos>", "<unk>", "<|endoftext|>", "<|user|>"])
    if not legacy:
        tokenizer.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("\t\t", normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos>:1 $B:1", special_tokens=[("<bos>", tokenizer.token_to_id("<bos>"))])
    return tokenizer


def word_piece(lines, lowercase, vocabulary=None):
    tokenizer = Tokenizer(models.WordPiece(vocabulary or {}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        lines, trainers.WordPieceTrainer(vocab_size=700, min_frequency=2, special_tokens=specials, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")])
    return tokenizer


def main():
    rng = random.Random(20240607)
    lines = corpus(rng)
    (HERE / "corpus.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    base = byte_level(lines)
    made = {
        "byte-level": base,
        "prefixed": prefixed(base),
        "word-piece": word_piece(lines, lowercase=True),
        "word-piece-cased": word_piece(lines, lowercase=False),
        "llama3": modern(lines, r"\p{N}{1,3}", None, ignore_merges=True),
        "qwen2": modern(lines, r"\p{N}", normalizers.NFC(), ignore_merges=False),
        "gemma": sentence_piece(lines, legacy=False),
        "llama2": sentence_piece(lines, legacy=True),
    }
    texts = TEXTS + [random_text(rng) for _ in range(200)]
    goldens = {"tokenizers_version": tokenizers.__version__, "unicode_version": unicodedata.unidata_version,
               "texts": texts, "long": [{"unit": unit, "count": count} for unit, count in LONG], "tokenizers": {}}
    for name, tokenizer in made.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        encoded = [tokenizer.encode(text).ids for text in texts]
        sizes = tokenizer.get_vocab_size()
        drawn = [[rng.randrange(sizes) for _ in range(rng.randint(1, 25))] for _ in range(60)]
        goldens["tokenizers"][name] = {
            "ids": encoded,
            "decoded": [tokenizer.decode(ids) for ids in encoded],
            "drawn": drawn,
            "drawnDecoded": [tokenizer.decode(ids, skip_special_tokens=False) for ids in drawn],
            "long": [
                {"count": len(ids), "fnv1a": fnv1a(ids)}
                for ids in (tokenizer.encode(unit * count).ids for unit, count in LONG)
            ],
        }
    for name in ("byte-level", "word-piece"):
        legacy = HERE / f"{name}-legacy"
        legacy.mkdir(exist_ok=True)
        made[name].model.save(str(legacy))
    specials = {"eos_token": "<|endoftext|>", "additional_special_tokens": ["<|user|>", "<|assistant|>"]}
    (HERE / "byte-level-legacy" / "special_tokens_map.json").write_text(json.dumps(specials) + "\n")
    (HERE / "goldens.json").write_text(json.dumps(goldens, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
