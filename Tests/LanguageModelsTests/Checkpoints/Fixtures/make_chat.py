"""Writes `chat/`: a small chat model with random weights and several chat templates, with what transformers renders, encodes and
generates; `tied/`, a model whose configuration ties an output matrix that is stored apart; and `split-0000N-of-00002.gguf`.

Run: python make_chat.py   (needs torch, transformers, tokenizers and gguf; recorded with transformers 5.24)
"""

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers as hf
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).parent
SPECIAL = ["<|begin|>", "<|end|>", "<|im_start|>", "<|im_end|>", "<|im_sep|>", "<think>", "</think>"]
TEXTS = ["please tell me the lamp", "the lamps are lit at nine in the evening", "system user assistant You tend the lamps."] * 5

DEFAULT = """{% set default_system = 'You tend the lamps.' %}{% if messages[0]['role'] == 'system' %}{% set s = messages[0]['content'] %}{% set rest = messages[1:] %}{% else %}{% set s = default_system %}{% set rest = messages %}{% endif %}<|im_start|>system
{{ s }}<|im_end|>
{% for m in rest %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
TEMPLATES = {
    "default system prompt in a variable": DEFAULT,
    "separators": "{% for m in messages %}{{'<|im_start|>'+m.role+'<|im_sep|>'+m.content+'<|im_end|>'}}{% endfor %}{% if add_generation_prompt %}{{'<|im_start|>assistant<|im_sep|>'}}{% endif %}",
    "no start token": "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "start token": "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}{{ eos_token }}{% endfor %}",
    "opens its reasoning": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n<think>\n",
    "macros and roles that alternate": "{%- macro turn(m) -%}<|im_start|>{{ m.role }}: {{ caller() if caller is defined and caller else m.content }}<|im_end|>{%- endmacro -%}{% if messages[0].role == 'system' %}{{ raise_exception('no system prompt here') }}{% endif %}{% for m in messages %}{{ turn(m) }}{% endfor %}",
}


def tokenizer(template):
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    model.train_from_iterator(TEXTS, trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    # What a template that says nothing of a start token must not get.
    model.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", model.token_to_id("<|begin|>"))])
    fast = hf.PreTrainedTokenizerFast(tokenizer_object=model, bos_token="<|begin|>", eos_token="<|end|>")
    fast.chat_template = template
    return fast


def lively(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = ((1.0 if "norm" in name else 0.0) + 0.25 * noise).to(torch.float16).to(torch.float32)
    return model.eval()


def config(**more):
    return hf.LlamaConfig(
        vocab_size=300, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, bos_token_id=0, eos_token_id=1, **more)


def chat():
    folder = FOLDER / "chat"
    shutil.rmtree(folder, ignore_errors=True)
    model = lively(hf.AutoModelForCausalLM.from_config(config(tie_word_embeddings=True)), 3)
    recorded = []
    for name, template in TEMPLATES.items():
        fast = tokenizer(template)
        for system in (None, "Be brief."):
            messages = ([{"role": "system", "content": system}] if system else []) + [
                {"role": "user", "content": "please tell me <|im_end|> the lamp"}]
            entry = {"name": name, "template": template, "system": system}
            try:
                entry["rendered"] = fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
                ids = fast.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
                out = model.generate(torch.tensor([ids]), max_new_tokens=10, do_sample=False, pad_token_id=1)[0][len(ids):]
                entry["ids"] = ids
                entry["greedy"] = out.tolist()
                entry["text"] = fast.decode(out, skip_special_tokens=True)
            except Exception as error:
                entry["error"] = str(error)
            recorded.append(entry)
    model.half().save_pretrained(folder)
    plain = tokenizer(None)
    plain.save_pretrained(folder)
    (folder / "expected.json").write_text(json.dumps(recorded, indent=1) + "\n")


def tied():
    folder = FOLDER / "tied"
    shutil.rmtree(folder, ignore_errors=True)
    model = lively(hf.AutoModelForCausalLM.from_config(config(tie_word_embeddings=False)), 5)
    tokenizer(None).save_pretrained(folder)
    model.half().save_pretrained(folder)
    settings = json.loads((folder / "config.json").read_text())
    settings["tie_word_embeddings"] = True
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    # As transformers reads it back.
    again = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = tokenizer(None)("please tell me the lamp")["input_ids"]
    log = torch.log_softmax(again(torch.tensor([ids])).logits[0, :-1], dim=-1)
    values = log.gather(1, torch.tensor(ids)[1:, None])[:, 0].tolist()
    again.tie_weights()
    (folder / "expected.json").write_text(json.dumps({"ids": ids, "logProbabilities": values}, indent=1) + "\n")


def split():
    weights = load_file(FOLDER / "tied" / "model.safetensors")
    names = {
        "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    }
    vocabulary = json.loads((FOLDER / "tied" / "tokenizer.json").read_text())
    tokens = sorted(vocabulary["model"]["vocab"].items(), key=lambda pair: pair[1])
    merges = [" ".join(m) if isinstance(m, list) else m for m in vocabulary["model"]["merges"]]
    heads = {"self_attn.q_proj": 4, "self_attn.k_proj": 2}
    stored = sorted(weights.items())
    for number in range(2):
        writer = gguf.GGUFWriter(FOLDER / f"split-0000{number + 1}-of-00002.gguf", "llama")
        if number == 0:
            writer.add_context_length(256)
            writer.add_embedding_length(16)
            writer.add_block_count(2)
            writer.add_feed_forward_length(32)
            writer.add_head_count(4)
            writer.add_head_count_kv(2)
            writer.add_layer_norm_rms_eps(1e-6)
            writer.add_rope_dimension_count(4)
            writer.add_tokenizer_model("gpt2")
            writer.add_tokenizer_pre("gpt-2")
            writer.add_token_list([token for token, _ in tokens])
            writer.add_token_types([3 if token in SPECIAL else 1 for token, _ in tokens])
            writer.add_token_merges(merges)
            writer.add_bos_token_id(0)
            writer.add_eos_token_id(1)
            writer.add_add_bos_token(True)
            writer.add_chat_template(TEMPLATES["start token"])
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", 2)
        writer.add_int32("split.tensors.count", len(stored))
        for name, values in stored[number::2]:
            array = values.float().numpy()
            if name in names:
                translated = names[name]
            else:
                _, _, layer, *middle, _ = name.split(".")
                middle = ".".join(middle)
                translated = f"blk.{layer}.{names[middle]}.weight"
                if middle in heads:
                    # As llama.cpp's converter pairs neighbours for the rotation.
                    h = heads[middle]
                    array = array.reshape(h, 2, array.shape[0] // h // 2, array.shape[1]).swapaxes(1, 2).reshape(array.shape)
            writer.add_tensor(translated, np.ascontiguousarray(array.astype(np.float32 if array.ndim == 1 else np.float16)))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


chat()
tied()
split()
