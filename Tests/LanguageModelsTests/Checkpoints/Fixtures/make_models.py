"""Writes `models/`: one small checkpoint of each architecture with seeded random weights, as transformers saves it, and
what PyTorch computes with it.

Run: python make_models.py [NAME ...]   (needs torch, transformers, peft, sentence-transformers and safetensors)
Each folder gets `expected.safetensors` (logits or hidden states, gradients by tensor) and `expected.json` (tokens, the
losses of ten optimizer steps).
"""

import copy
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules.normalize import Normalize
from sentence_transformers.base.modules.transformer import Transformer
from sentence_transformers.sentence_transformer.modules.pooling import Pooling
import peft
import torch
import transformers as hf
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

FOLDER = Path(__file__).parent / "models"
VOCABULARY = 61


def lively(model, seed):
    """Random weights large enough that every part matters."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        centre = 1.0 if "norm" in name.lower() or "ln_" in name else 0.0
        is_gemma = "gemma" in type(model).__name__.lower()
        parameter.data = (0.0 if is_gemma else centre) + 0.25 * noise
    return model.eval()


def rounded(model, dtype):
    """The model with its parameters as the file holds them; buffers, such as rotary frequencies, stay as they are."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).to(torch.float32)
    return model


def sequences(seed, lengths=(9, 12)):
    generator = torch.Generator().manual_seed(seed)
    # Above the ids of padding, whose embeddings PyTorch keeps from learning.
    first = int(torch.randint(4, VOCABULARY, (1,), generator=generator))
    return [[first] + torch.randint(4, VOCABULARY, (n - 1,), generator=generator).tolist() for n in lengths]


def logits(model, tokens):
    # Gemma 3's attention in transformers doesn't hand its own soft cap on; Gemma 2's does, and so do other engines.
    cap = getattr(model.config, "attn_logit_softcapping", None) if model.config.model_type == "gemma3_text" else None
    extra = {} if cap is None else {"softcap": cap}
    return model(input_ids=torch.tensor([tokens]), **extra).logits[0]


def token_losses(model, batch):
    """log p of every token after the first, all sequences together."""
    logs = []
    for tokens in batch:
        log = torch.log_softmax(logits(model, tokens)[:-1], dim=-1)
        logs.append(log.gather(1, torch.tensor(tokens)[1:, None])[:, 0])
    return torch.cat(logs)


def train(model, batch, steps=10, rate=1e-2):
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}], lr=rate)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = -token_losses(model, batch).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def decoder(name, config, seed, dtype, model_type=hf.AutoModelForCausalLM, lengths=(9, 12), **saving):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    whole = lively(hf.AutoModelForCausalLM.from_config(config, attn_implementation="eager"), seed)
    saved = whole.base_model if model_type is hf.AutoModel else whole
    copy.deepcopy(saved).to(dtype).save_pretrained(folder, **saving)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = rounded(whole, dtype)
    batch = sequences(seed, lengths)
    expected = {}
    for index, tokens in enumerate(batch):
        expected[f"logits.{index}"] = logits(model, tokens).detach().clone()
    (-token_losses(model, batch).mean()).backward()
    for key, parameter in model.named_parameters():
        expected["gradient." + key] = parameter.grad.clone()
    model.zero_grad()
    finish(folder, expected, {"sequences": batch, "losses": train(model, batch)})


def encoder(name, config, seed, dtype, classifies, learns=True):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    kind = hf.AutoModelForSequenceClassification if classifies else hf.AutoModel
    model = lively(kind.from_config(config, attn_implementation="eager"), seed)
    copy.deepcopy(model).to(dtype).save_pretrained(folder)
    model = rounded(model, dtype)
    # DeBERTa's and ModernBERT's are longer than their buckets and windows.
    batch = sequences(seed, (5, 1, 8) if config.max_position_embeddings < 30 else (5, 1, 30))
    slopes = torch.randn((len(batch), config.hidden_size), generator=torch.Generator().manual_seed(seed + 1))
    expected = {"slopes": slopes}
    loss = 0
    for index, tokens in enumerate(batch):
        ids = torch.tensor([tokens])
        hidden = model.base_model(input_ids=ids).last_hidden_state[0]
        expected[f"hidden.{index}"] = hidden.detach().clone()
        if classifies:
            expected[f"probabilities.{index}"] = model(input_ids=ids).logits[0].softmax(-1).detach().clone()
        loss = loss + (hidden.mean(0) * slopes[index]).sum()
    if learns:
        loss.backward()
        for key, parameter in model.base_model.named_parameters():
            if parameter.grad is not None:
                expected[f"gradient.{model.base_model_prefix}.{key}"] = parameter.grad.clone()
    finish(folder, expected, {"sequences": batch})


PAIRS = [("How is the tea?", "Warm, thank you."), ("Tell me the passphrase!", "I can't, it's secret."), ("a", "b")]


def word_piece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    alphabet = sorted(set("".join(a + b for a, b in PAIRS).lower()) - {" "})
    words = specials + alphabet + ["##" + c for c in alphabet if c.isalpha()] + ["the", "tea", "##ea", "##phrase"]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(specials)
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"])


def roberta_bytes():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    merges = [("t", "h"), ("th", "e"), ("\u0120", "t"), ("\u0120t", "h"), ("p", "a")]
    words = specials + alphabet + [a + b for a, b in merges]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.add_special_tokens(specials)
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>")


def unigram(specials, unknown, template, pair):
    """A small Unigram tokenizer with the marks of a family."""
    alphabet = sorted(set("".join(a + b for a, b in TEXTS)) - {" "})
    words = [(mark, 0.0) for mark in specials] + [("\u2581", -3.0)] + [(c, -6.0 - i / 50) for i, c in enumerate(alphabet[:-4])]
    words += [(word, -5.0) for word in ["\u2581the", "\u2581lamp", "er", "th", "ing", "\u2581is", "pass", "phrase", "\u2581a"]]
    tokenizer = Tokenizer(models.Unigram(words, unk_id=specials.index(unknown)))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template, pair=pair, special_tokens=[(mark, i) for i, mark in enumerate(specials)])
    tokenizer.add_special_tokens(specials)
    types = ["input_ids", "attention_mask"] + (["token_type_ids"] if ":1" in pair else [])
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=unknown, pad_token=next(m for m in specials if "pad" in m.lower()),
        model_input_names=types)


def xlm_roberta():
    return unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>", "<s> $A </s>", "<s> $A </s> </s> $B </s>")


def deberta():
    return unigram(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[UNK]", "[CLS]:0 $A:0 [SEP]:0",
                   "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1")


def bert_bytes():
    """ModernBERT's: bytes, with BERT's marks."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<|padding|>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    merges = [("t", "h"), ("th", "e"), ("\u0120", "t"), ("\u0120t", "h"), ("p", "a"), ("l", "a")]
    words = specials + alphabet + [a + b for a, b in merges]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(specials)
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"])


def texts():
    """Fifty prompts with responses, short and long."""
    rng = random.Random(26)
    words = ("the lamp keeper is counting a passphrase behind the counter, slowly; nobody minds! What? 17 lamps café naïve "
             "東京 \U0001f642 Ωmega the lantern's wick").split()
    pairs = [("a", "b"), ("The lamp is lit.", "Is it?"), ("", "no prompt"), ("  two  spaces ", " and  more ")]
    while len(pairs) < 50:
        pairs.append(tuple(" ".join(rng.choices(words, k=rng.randint(1, 14))) for _ in range(2)))
    return pairs


def text_classifier(name, config, seed, tokenizer, older=None):
    """A classifier with its tokenizer, and its logits for fifty pairs of texts.

    `older` are changes to config.json, None for a key that goes, as earlier versions wrote it."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    config.vocab_size = len(tokenizer)
    model = lively(hf.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager"), seed)
    model.save_pretrained(folder)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    if older:
        written = {**json.loads((folder / "config.json").read_text()), **older}
        (folder / "config.json").write_text(json.dumps({k: v for k, v in written.items() if v is not None}, indent=2) + "\n")
        model = hf.AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
    facts = []
    for prompt, response in TEXTS:
        inputs = tokenizer(prompt, response, return_tensors="pt")
        facts.append({"prompt": prompt, "response": response, "ids": inputs["input_ids"][0].tolist(),
                      "logits": model(**inputs).logits[0].tolist()})
    (folder / "texts.json").write_text(json.dumps(facts) + "\n")
    longest = max(len(fact["ids"]) for fact in facts)
    assert longest <= config.max_position_embeddings - 2, longest
    buckets = getattr(config, "position_buckets", -1)
    if buckets > 0:
        # Distances as the published models have them, beside this one's own.
        kinds = [(buckets, config.max_position_embeddings), (256, 512), (128, 512), (320, 1024)]
        (folder / "buckets.json").write_text(json.dumps([
            {"buckets": b, "maximum": m,
             "rows": [int(make_log_bucket_position(torch.tensor([d]), b, m)[0].clamp(-b, b - 1)) + b
                      for d in range(1 - m, m)]} for b, m in kinds]) + "\n")


def pair_classifier(name, config, seed, tokenizer):
    """A classifier with its tokenizer, on pairs of texts."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    config.vocab_size = len(tokenizer)
    model = lively(hf.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager"), seed)
    model.save_pretrained(folder)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    facts = []
    for prompt, response in PAIRS:
        inputs = tokenizer(prompt, response, return_tensors="pt")
        facts.append({"prompt": prompt, "response": response, "ids": inputs["input_ids"][0].tolist(),
                      "probabilities": model(**inputs).logits[0].softmax(-1).tolist()})
    (folder / "pairs.json").write_text(json.dumps(facts) + "\n")


TEXTS = texts()


def sentence_encoder(name, config, seed, pooling):
    """A folder as sentence-transformers writes it, and its embeddings."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer = word_piece()
    config.vocab_size = len(tokenizer)
    model = lively(hf.AutoModel.from_config(config, attn_implementation="eager"), seed)
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        body = Transformer(plain, max_seq_length=12)
    modules = [body, Pooling(config.hidden_size, pooling_mode=pooling),
               Normalize()]
    encoder = SentenceTransformer(modules=modules, device="cpu").eval()
    encoder.save(str(folder), create_model_card=False)
    texts = [text for pair in PAIRS for text in pair] + ["", "the tea is warm and the secret is thin, as the tea was"]
    vectors = encoder.encode(texts, normalize_embeddings=True).tolist()
    (folder / "embeddings.json").write_text(json.dumps({"texts": texts, "vectors": vectors}) + "\n")


def adapter(name, base, modules):
    """A LoRA adapter in PEFT's layout on one of the models above, and the logits with it."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model = hf.AutoModelForCausalLM.from_pretrained(FOLDER / base, dtype=torch.float32, attn_implementation="eager")
    settings = peft.LoraConfig(r=3, lora_alpha=6, target_modules=modules, task_type="CAUSAL_LM",
                               fan_in_fan_out=base.startswith("gpt2"))
    adapted = peft.get_peft_model(model, settings).eval()
    generator = torch.Generator().manual_seed(17)
    for key, parameter in sorted(adapted.named_parameters()):
        if "lora_" in key:
            parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    configuration = json.loads((folder / "adapter_config.json").read_text())
    configuration["base_model_name_or_path"] = base
    (folder / "adapter_config.json").write_text(json.dumps(configuration, indent=2) + "\n")
    tokens = sequences(17)[0]
    save_file({"logits.0": logits(adapted, tokens).detach().contiguous()}, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"sequences": [tokens]}) + "\n")


def finish(folder, tensors, facts):
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps(facts) + "\n")


GPT2 = dict(vocab_size=VOCABULARY, n_positions=24, n_embd=16, n_layer=2, n_head=2, n_inner=40, bos_token_id=0,
            eos_token_id=0, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
LLAMA = dict(vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2)
GEMMA = dict(vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, head_dim=6, max_position_embeddings=64, sliding_window=4, query_pre_attn_scalar=9,
             layer_types=["sliding_attention", "full_attention", "sliding_attention"])
WIDE_HEADS = {**LLAMA, "num_attention_heads": 2, "num_key_value_heads": 1, "pad_token_id": 0}
YARN = dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16)
LONGROPE = dict(rope_type="longrope", rope_theta=100.0, partial_rotary_factor=0.5, short_factor=[1.25, 3.0],
                long_factor=[2.0, 5.0])
# Longer than every window and than the contexts that yarn stretches.
LONG = (9, 12, 30)
BERT = dict(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
            max_position_embeddings=20, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
LONGER = dict(BERT, max_position_embeddings=80)
# DeBERTa v3's way and a mixture of what v2 and its relatives may say; ModernBERT's way and one with all biases.
DEBERTA3 = dict(BERT, max_position_embeddings=220, relative_attention=True, position_buckets=8, pos_att_type="p2c|c2p",
                share_att_key=True, norm_rel_ebd="layer_norm", position_biased_input=False)
DEBERTA2 = dict(BERT, max_position_embeddings=220, relative_attention=True, max_relative_positions=12,
                pos_att_type=["c2p", "p2c"], type_vocab_size=2, hidden_act="gelu_new", pooler_hidden_act="tanh",
                layer_norm_eps=1e-5)
MODERN = dict(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=24,
              max_position_embeddings=220, local_attention=6, pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2,
              sep_token_id=3)
BIASED = dict(MODERN, norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True, classifier_activation="silu",
              hidden_activation="gelu_pytorch_tanh", num_hidden_layers=3,
              layer_types=["sliding_attention", "full_attention", "sliding_attention"])
LABELS = dict(id2label={0: "safe", 1: "unsafe"}, label2id={"safe": 0, "unsafe": 1})

MODELS = {
    "gpt2": lambda n: decoder(n, hf.GPT2Config(**GPT2), 1, torch.float32),
    "gpt2-half": lambda n: decoder(n, hf.GPT2Config(**GPT2, tie_word_embeddings=False), 2, torch.float16),
    "gpt2-bare-sharded": lambda n: decoder(
        n, hf.GPT2Config(**GPT2), 3, torch.bfloat16, model_type=hf.AutoModel, max_shard_size=6000),
    "llama": lambda n: decoder(
        n, hf.LlamaConfig(**LLAMA, tie_word_embeddings=False, rope_parameters=dict(
            rope_type="llama3", rope_theta=100.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=16)), 4, torch.bfloat16),
    "smollm2": lambda n: decoder(
        n, hf.LlamaConfig(**LLAMA, tie_word_embeddings=True, attention_bias=True), 5, torch.float32),
    "qwen2": lambda n: decoder(n, hf.Qwen2Config(**LLAMA, tie_word_embeddings=True), 6, torch.float16),
    "mistral": lambda n: decoder(
        n, hf.MistralConfig(**LLAMA, head_dim=6, sliding_window=4), 18, torch.bfloat16, lengths=LONG),
    "mistral-dynamic": lambda n: decoder(
        n, hf.MistralConfig(**LLAMA, sliding_window=None, rope_parameters=dict(
            rope_type="dynamic", rope_theta=100.0, factor=2.0)), 19, torch.float16, lengths=LONG),
    "qwen2-yarn": lambda n: decoder(
        n, hf.Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=4, max_window_layers=1, rope_parameters=YARN),
        20, torch.float32, lengths=LONG),
    "qwen3": lambda n: decoder(
        n, hf.Qwen3Config(**LLAMA, head_dim=6, tie_word_embeddings=True), 21, torch.bfloat16, lengths=LONG),
    "qwen3-yarn": lambda n: decoder(
        n, hf.Qwen3Config(**LLAMA, head_dim=12, attention_bias=True, rope_parameters=dict(
            YARN, beta_fast=8.0, beta_slow=2.0, mscale=0.7, mscale_all_dim=0.4, truncate=False)), 22, torch.float16,
        lengths=LONG),
    "phi3": lambda n: decoder(
        n, hf.Phi3Config(**WIDE_HEADS, sliding_window=4, original_max_position_embeddings=64), 23, torch.float16,
        lengths=LONG),
    "phi3-longrope": lambda n: decoder(
        n, hf.Phi3Config(**WIDE_HEADS, original_max_position_embeddings=16, rope_parameters=LONGROPE), 24,
        torch.bfloat16, lengths=(9, 12, 16)),
    "gemma2": lambda n: decoder(
        n, hf.Gemma2Config(**{**GEMMA, "layer_types": None}, attn_logit_softcapping=2.0, final_logit_softcapping=5.0), 25,
        torch.bfloat16, lengths=LONG),
    "smollm3": lambda n: decoder(
        n, hf.SmolLM3Config(**{**LLAMA, "num_hidden_layers": 4}, pad_token_id=0, attention_bias=True), 26,
        torch.bfloat16, lengths=LONG),
    "smollm3-window": lambda n: decoder(
        n, hf.SmolLM3Config(**{**LLAMA, "num_hidden_layers": 3}, pad_token_id=0, no_rope_layers=[1, 0, 1],
                            use_sliding_window=True, sliding_window=4, tie_word_embeddings=False,
                            rope_parameters=dict(rope_type="linear", rope_theta=100.0, factor=2.0)), 27,
        torch.float16, lengths=LONG),
    "gemma3": lambda n: decoder(n, hf.Gemma3TextConfig(**GEMMA), 7, torch.bfloat16),
    "gemma3-capped": lambda n: decoder(
        n, hf.Gemma3TextConfig(**GEMMA, attn_logit_softcapping=2.0, final_logit_softcapping=5.0), 8, torch.float32),
    "bert": lambda n: encoder(n, hf.BertConfig(**BERT), 9, torch.float32, False),
    "bert-classifier": lambda n: encoder(n, hf.BertConfig(**BERT, **LABELS), 10, torch.float16, True),
    "roberta": lambda n: encoder(
        n, hf.RobertaConfig(**BERT, type_vocab_size=1, pad_token_id=1), 11, torch.float32, False),
    "roberta-classifier": lambda n: encoder(
        n, hf.RobertaConfig(**BERT, type_vocab_size=1, pad_token_id=1, **LABELS), 12, torch.bfloat16, True),
    "xlm-roberta": lambda n: encoder(
        n, hf.XLMRobertaConfig(**BERT, type_vocab_size=1, pad_token_id=1), 31, torch.float16, False),
    "deberta": lambda n: encoder(n, hf.DebertaV2Config(**DEBERTA3), 32, torch.float32, False, learns=False),
    "deberta-c2p": lambda n: encoder(
        n, hf.DebertaV2Config(**{**DEBERTA2, "pos_att_type": "c2p"}), 33, torch.float32, False, learns=False),
    "deberta-p2c": lambda n: encoder(
        n, hf.DebertaV2Config(**{**DEBERTA3, "pos_att_type": ["p2c"], "norm_rel_ebd": "none"}), 34, torch.bfloat16, False,
        learns=False),
    "deberta-absolute": lambda n: encoder(
        n, hf.DebertaV2Config(**{**DEBERTA2, "relative_attention": False}), 35, torch.float32, False, learns=False),
    "modernbert": lambda n: encoder(n, hf.ModernBertConfig(**MODERN), 36, torch.bfloat16, False),
    "modernbert-biased": lambda n: encoder(n, hf.ModernBertConfig(**BIASED), 37, torch.float16, False),
    "xlm-roberta-texts": lambda n: text_classifier(
        n, hf.XLMRobertaConfig(**{**BERT, "max_position_embeddings": 222}, type_vocab_size=1, pad_token_id=1, **LABELS), 38,
        xlm_roberta()),
    "deberta3-texts": lambda n: text_classifier(n, hf.DebertaV2Config(**DEBERTA3, **LABELS), 39, deberta()),
    "deberta2-texts": lambda n: text_classifier(n, hf.DebertaV2Config(**DEBERTA2, **LABELS), 40, deberta()),
    "modernbert-texts": lambda n: text_classifier(
        n, hf.ModernBertConfig(**MODERN, **LABELS), 41, bert_bytes(), older=dict(
            rope_parameters=None, layer_types=None, global_rope_theta=500.0, local_rope_theta=60.0,
            global_attn_every_n_layers=2, position_embedding_type="absolute", transformers_version="4.47.0.dev0")),
    "modernbert-mean-texts": lambda n: text_classifier(
        n, hf.ModernBertConfig(**BIASED, **LABELS, classifier_pooling="mean"), 42, bert_bytes()),
    "bert-pairs": lambda n: pair_classifier(n, hf.BertConfig(**LONGER, **LABELS), 13, word_piece()),
    "roberta-pairs": lambda n: pair_classifier(
        n, hf.RobertaConfig(**LONGER, type_vocab_size=1, pad_token_id=1, **LABELS), 14, roberta_bytes()),
    "gpt2-adapter": lambda n: adapter(n, "gpt2", ["attn.c_attn", "mlp.c_proj"]),
    "gemma3-adapter": lambda n: adapter(n, "gemma3", ["q_proj", "v_proj", "down_proj"]),
    "sentence": lambda n: sentence_encoder(n, hf.BertConfig(**LONGER), 15, "mean"),
    "sentence-cls": lambda n: sentence_encoder(n, hf.BertConfig(**LONGER), 16, "cls"),
}

if __name__ == "__main__":
    torch.manual_seed(0)
    for chosen in sys.argv[1:] or MODELS:
        MODELS[chosen](chosen)
        size = sum(file.stat().st_size for file in (FOLDER / chosen).iterdir())
        print(f"{chosen}: {size // 1024} KB")
