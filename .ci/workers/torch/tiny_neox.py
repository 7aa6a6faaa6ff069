#!/usr/bin/env python3
"""Writes a small GPT-NeoX with random weights, and tokenizer and meta prompt of a checkpoint: Sluice can't run it itself.

    python3 tiny_neox.py CHECKPOINT OUTPUT
"""
import sys

import torch
from transformers import AutoConfig, AutoTokenizer, GPTNeoXConfig, GPTNeoXForCausalLM

checkpoint, output = sys.argv[1:]
tokenizer, like = AutoTokenizer.from_pretrained(checkpoint), AutoConfig.from_pretrained(checkpoint)
torch.manual_seed(1)
config = GPTNeoXConfig(
    vocab_size=like.vocab_size,
    hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=256,
    max_position_embeddings=like.max_position_embeddings,
    bos_token_id=like.bos_token_id,
    eos_token_id=like.eos_token_id,
)
config.prompt_template = like.prompt_template
GPTNeoXForCausalLM(config).save_pretrained(output)
tokenizer.save_pretrained(output)
