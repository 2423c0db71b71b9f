"""A model of a family with drawn weights, and what it answers."""

import copy
import zlib

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

# Wide enough that scores differ from key to key, narrow enough that no softmax and no activation saturates.
MATRIX_DEVIATION = 0.3
# Norms are 1 and biases 0 in a fresh model, so a decoder that forgets them would not be noticed.
VECTOR_DEVIATION = 0.3

N_NEW_TOKENS = 32


def build(family, settings=None):
    """The model of `family`, its configuration changed by `settings`, in f32 with the plainest kernels."""
    # Configurations change the dictionaries that they are given.
    config = AutoConfig.for_model(family.model_type, **copy.deepcopy(family.config | (settings or {})))
    model = AutoModelForCausalLM.from_config(
        config, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager"
    )
    return model.eval()


def is_norm(module):
    """Whether a module normalises: every architecture has a class of its own."""
    return "Norm" in type(module).__name__


def neutral_scale(module):
    """The weight with which a norm does not scale; Gemma's add 1 to it."""
    return 0.0 if type(module).__name__.startswith("Gemma") else 1.0


@torch.no_grad()
def draw(family, model, seed):
    """Replaces every weight; what a weight gets depends on its name and the seed alone."""
    for name, weight in model.named_parameters():
        owner, _, kind = name.rpartition(".")
        module = model.get_submodule(owner)
        generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
        is_vector = kind == "bias" or is_norm(module)
        centre = neutral_scale(module) if is_norm(module) and kind == "weight" else 0.0
        values = centre + deviation(family, module, is_vector) * generator.standard_normal(tuple(weight.shape))
        weight.copy_(torch.from_numpy(values))


def deviation(family, module, is_vector):
    """Standard deviation of a weight of `module`."""
    if isinstance(module, torch.nn.Embedding):
        return family.embedding_deviation
    return VECTOR_DEVIATION if is_vector else MATRIX_DEVIATION


def draw_prompts(family, seed):
    """Rows of random tokens, none of them a special one."""
    generator = np.random.default_rng([seed, zlib.crc32(b"prompts")])
    return [torch.from_numpy(generator.integers(3, 96, length)) for length in family.lengths]


@torch.no_grad()
def prompt_logits(model, rows):
    """Logits at every position, [tokens of all rows, vocabulary]; each row runs alone, so nothing is padded."""
    return torch.cat([model(input_ids=row[None], use_cache=False).logits[0] for row in rows])


@torch.no_grad()
def continue_greedily(model, row):
    """Tokens [N_NEW_TOKENS], and the logits [N_NEW_TOKENS, vocabulary] that each was the largest of.

    Runs token by token on the cache of keys and values.
    """
    tokens, logits, cache, text = [], [], None, row
    for _ in range(N_NEW_TOKENS):
        output = model(input_ids=text[None], past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        logits.append(output.logits[0, -1])
        tokens.append(logits[-1].argmax())
        text = tokens[-1][None]
    return torch.stack(tokens), torch.stack(logits)


@torch.no_grad()
def rounded_to_bf16(model):
    """A copy whose weights are what bf16 can hold, still computed in f32."""
    rounded = copy.deepcopy(model)
    for weight in rounded.parameters():
        weight.copy_(weight.bfloat16().float())
    return rounded
