"""Writes the golden files of the tests of Unigram tokenizers, and of ModernBERT's, with the reference implementations.

    pip install tokenizers==0.23.3 transformers==5.24.0 sentencepiece==0.2.3 protobuf && python3 make_unigram_goldens.py

Trains small models on corpus.txt with the SentencePiece library, turns them into tokenizers as transformers does for
XLM-RoBERTa and DeBERTa v2, and records ids and decoded text of the strings of make_goldens.py and of more that are about
normalisation. With a folder as argument it does the same there with SentencePiece's whole table of replacements (nmt_nfkc,
too large to keep here) and many more random strings.
"""

import io
import json
import random
import sys
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers.convert_slow_tokenizer import DebertaV2Converter, XLMRobertaConverter

import make_goldens as base

HERE = Path(__file__).parent

TEXTS = [
    "Ｆｕｌｌ ｗｉｄｔｈ １２３ ！", "ﬁne ﬂow ﬃ ½ ² ™ № ㎏ Ⅷ ①", "ｶﾞｷﾞ ﾊﾟ ｱ", "e\u0301e\u0301 \u0301e a\u0308\u0301 e\u0301\u0301 A\u030a",
    "\u1100\u1161 \u1100\u1161\u11a8 \uac00\u11a8", "\u200bzero\u200bwidth\u200b", "a\u200db\u200cc\ufeffd", "tab\tnew\nline\r\nboth\r\n\r\n",
    "nb\u00a0sp\u3000ideo\u2003em\u2028ls\u2029ps\u0085nel", "  two   three    four     ", "\u2581marked\u2581\u2581twice \u2581 alone",
    "\u0301\u0301\u0301", "e" + "\u0301" * 40, "é" + "\u0300" * 3 + "x", "क्षत्रिय ज्ञ", "நி ภำ ກຳ", "🇯🇵🇫🇷🇩", "👩‍🚀👍🏽#️⃣*️⃣",
    "\u0600\u0661 \u06dd\u0661", "\r", "\r\n", "\n\r", "a\r\nb", "<unk>", "<unk><unk> x<unk>y", "<s> a </s>", "<pad>", "a<mask>b",
    "a <mask> b", "a  <mask>  b", "<MASK>", "[CLS]a[SEP]", "x[MASK]y", "x [MASK] y", "<sep>", "a<sep>b", "<ctl>", "<ctl> a<ctl>",
    "Refund Desk", "refund desk", "REFUND DESK!", "ＲＥＦＵＮＤ ＤＥＳＫ", "refund  desk", "ξένος ΞΈΝΟΣ", "İstanbul ıI", "ẞß", "日本語。テスト！",
    "a.b,c;d", "¿qué?", "§5 €3 £4", "\u0000a\u0000", "a\u0007b\u007f", "\ue000\U0010ffff", "\ufffd", "𝔘𝔫𝔦", "ǆǄ", "ŉ", "ﷺ", "\ufdfa\u0301",
    "\u212b\u0301", "≠ =\u0338", "\u0344", "각각", "(1)⑴", "～〜", "“q” ‘q’ …", "    ", "      x", "def f():\n        return  1\n",
]

LONG = base.LONG + [("é", 5000), ("e\u0301", 5000), ("ｶﾞ", 3000), ("  a", 4000), ("\u200b", 6000), ("한국어", 2000), ("\r\n", 5000),
                    ("カフェ、", 2000), ("\u0301", 8000)]


def rules():
    """Replacements as the SentencePiece library takes them: a few hundred of those that it makes itself."""
    table = {}
    ranges = [(0xa0, 0x17f), (0x1e00, 0x1e60), (0x2000, 0x200a), (0x2070, 0x2090), (0x2150, 0x2180), (0x2460, 0x2475),
              (0x3000, 0x3001), (0xff01, 0xff9f), (0xfb00, 0xfb06), (0x1d518, 0x1d538), (0x2100, 0x2138), (0xfdfa, 0xfdfb)]
    for low, high in ranges:
        for code in range(low, high):
            plain = unicodedata.normalize("NFKC", chr(code))
            if plain != chr(code):
                table[(code,)] = plain
            # Letters apart from their marks as well.
            apart = unicodedata.normalize("NFD", chr(code))
            if len(apart) > 1 and plain == chr(code):
                table[tuple(map(ord, apart))] = chr(code)
    for first in "カキハ":
        table[(ord(first), 0x3099)] = unicodedata.normalize("NFC", first + "\u3099")
    for half, mark in [("ｶ", "ﾞ"), ("ｷ", "ﾞ"), ("ﾊ", "ﾟ")]:
        table[(ord(half), ord(mark))] = unicodedata.normalize("NFKC", half + mark)
    for code in (0x9, 0xa, 0xd, 0x85, 0x2028, 0x2029):
        table[(code,)] = " "
    for code in (0x1, 0x7, 0x7f, 0x200b, 0xfeff):
        table[(code,)] = ""
    return "".join(
        " ".join(f"{code:X}" for code in key) + "\t" + " ".join(f"{ord(c):X}" for c in text) + "\n"
        for key, text in sorted(table.items()))


def train(lines, whole, **settings):
    stream = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as table:
        if not whole:
            table.write(rules())
            table.flush()
        normalization = dict(normalization_rule_name="nmt_nfkc") if whole else dict(normalization_rule_tsv=table.name)
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([line for line in lines if line.strip()]), model_writer=stream, model_type="unigram", vocab_size=400,
            character_coverage=0.98, num_threads=1, minloglevel=2, hard_vocab_limit=False, **normalization, **settings)
    return stream.getvalue()


class Slow:
    """What the converters ask of a tokenizer."""

    def __init__(self, path, ids, **settings):
        self.vocab_file = str(path)
        self.convert_tokens_to_ids = ids.__getitem__
        for key, value in settings.items():
            setattr(self, key, value)


def xlm_roberta(path):
    tokenizer = XLMRobertaConverter(Slow(path, {"<s>": 0, "</s>": 2})).converted()
    tokenizer.add_special_tokens(
        ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, normalized=True, special=True)])
    return tokenizer


def deberta(path, **settings):
    tokenizer = DebertaV2Converter(Slow(path, {"[CLS]": 1, "[SEP]": 2}, **settings)).converted()
    tokenizer.add_special_tokens(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])
    return tokenizer


def published(tokenizer):
    """XLM-RoBERTa as its tokenizer.json is published: white space cut off first, the mask swallowing what is before it."""
    whole = json.loads(tokenizer.to_str())
    whole["normalizer"] = whole["normalizer"]["normalizers"][0]
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer.add_tokens([AddedToken("ＲＥＦＵＮＤ ＤＥＳＫ", normalized=True), AddedToken("counter", single_word=True)])
    return tokenizer


def in_bytes(vocabulary):
    """Unknown text in bytes, and the normalizers with which newer versions write DeBERTa's."""
    known = {token for token, _ in vocabulary}
    vocabulary = vocabulary + [(f"<0x{b:02X}>", -20.0) for b in range(256) if f"<0x{b:02X}>" not in known]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), normalizers.NFC(),
        normalizers.Replace("``", '"'), normalizers.Strip(left=False, right=True)])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation(behavior="isolated"), pre_tokenizers.Metaspace(prepend_scheme="never", split=False)])
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    tokenizer.add_tokens([AddedToken("Refund Desk", normalized=True)])
    return tokenizer


def modern_bert(lines):
    """ModernBERT's byte-level tokenizer: runs of blanks as tokens, special tokens of BERT's names."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(lines, tokenizers.trainers.BpeTrainer(
        vocab_size=500, min_frequency=2, special_tokens=["|||IP_ADDRESS|||", "<|padding|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    tokenizer.add_tokens([AddedToken("cafe\u0301 owners", normalized=True)])
    tokenizer.add_special_tokens([
        "<|endoftext|>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", AddedToken("[MASK]", lstrip=True, normalized=False, special=True),
        "[unused0]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")])
    return tokenizer


def main(folder, whole):
    rng = random.Random(20240611)
    lines = (HERE / "corpus.txt").read_text(encoding="utf-8").splitlines()
    first = dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1, user_defined_symbols=["<sep>"], control_symbols=["<ctl>"])
    second = dict(pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]",
                  unk_piece="[UNK]", user_defined_symbols=["<sep>"])
    for name, settings in (("xlm-roberta-spm", first), ("deberta-spm", second), ("deberta-spm-split", second)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        file = "sentencepiece.bpe.model" if settings is first else "spm.model"
        if name != "deberta-spm-split":
            (folder / name / file).write_bytes(train(lines + base.TEXTS + TEXTS, whole, **settings))
        else:
            (folder / name / file).write_bytes((folder / "deberta-spm" / file).read_bytes())
    split = dict(do_lower_case=True, split_by_punct=True)
    (folder / "deberta-spm-split" / "tokenizer_config.json").write_text(json.dumps(split) + "\n")
    converted = xlm_roberta(folder / "xlm-roberta-spm" / "sentencepiece.bpe.model")
    plain = deberta(folder / "deberta-spm" / "spm.model", do_lower_case=False, split_by_punct=False)
    vocabulary = [tuple(entry) for entry in json.loads(converted.to_str())["model"]["vocab"]]
    made = {
        "xlm-roberta-spm": converted,
        "deberta-spm": plain,
        "deberta-spm-split": deberta(folder / "deberta-spm" / "spm.model", **split),
        "xlm-roberta": published(converted),
        "deberta": plain,
        "unigram-bytes": in_bytes(vocabulary),
        "modernbert": modern_bert(lines),
    }
    texts = base.TEXTS + TEXTS + [base.random_text(rng) for _ in range(4000 if whole else 200)]
    goldens = {"texts": texts, "long": [{"unit": unit, "count": count} for unit, count in LONG], "tokenizers": {}}
    for name, tokenizer in made.items():
        if not name.startswith(("xlm-roberta-spm", "deberta-spm")):
            (folder / name).mkdir(exist_ok=True)
            tokenizer.save(str(folder / name / "tokenizer.json"), pretty=False)
        encoded = [tokenizer.encode(text).ids for text in texts]
        sizes = tokenizer.get_vocab_size()
        drawn = [[rng.randrange(sizes) for _ in range(rng.randint(1, 25))] for _ in range(60)]
        goldens["tokenizers"][name] = {
            "ids": encoded,
            "decoded": [tokenizer.decode(ids) for ids in encoded],
            "drawn": drawn,
            "drawnDecoded": [tokenizer.decode(ids, skip_special_tokens=False) for ids in drawn],
            "long": [
                {"count": len(ids), "fnv1a": base.fnv1a(ids)}
                for ids in (tokenizer.encode(unit * count).ids for unit, count in LONG)
            ],
        }
    (folder / "unigram_goldens.json").write_text(json.dumps(goldens, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE, whole=len(sys.argv) > 1)
