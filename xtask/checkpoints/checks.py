"""Whether a drawn model tells a right decoder from a wrong one, and no right decoder from another.

A model that fails is drawn anew with the next seed.
"""

import copy

import torch

from model import build, is_norm, neutral_scale, prompt_logits

# All thresholds are shares of the range of the logits. A test that allows an error of 2e-5 has room on both sides.
LEAST_EFFECT = 2e-2
LEAST_EFFECT_OF_APPROXIMATION = 5e-5
LEAST_MARGIN = 2e-4
MOST_ROUNDING = 3e-6
# Difference of router logits below which rounding could choose another expert.
LEAST_ROUTING_MARGIN = 1e-3
# A text that repeats itself shows little of a decoder.
LEAST_DISTINCT_TOKENS = 8


def share(changed, logits):
    """Largest difference of two tensors of logits, relative to the range of the second."""
    return ((changed - logits).abs().max() / (logits.max() - logits.min())).item()


def problems(family, model, rows, answer):
    """What is wrong with a model as a reference, lazily, the cheapest checks first."""
    yield from weak_choices(model, answer)
    yield from weak_routes(model, rows, answer)
    yield from rounding(model, rows, answer)
    for part, settings in family.approximated.items():
        if (effect := effect_of_settings(family, model, settings, rows, answer)) < LEAST_EFFECT_OF_APPROXIMATION:
            yield f"the {part} matters by {effect:.1e} only"
    for part, effect in effects(family, model, rows, answer):
        if effect < LEAST_EFFECT:
            yield f"{part} matters by {effect:.1e} only"


def weak_choices(model, answer):
    """Continuations that end, go in circles, or hang on a hair."""
    first, second = answer.continuation_logits.topk(2).values.unbind(-1)
    margin = ((first - second).min() / (answer.continuation_logits.max() - answer.continuation_logits.min())).item()
    if margin < LEAST_MARGIN:
        yield f"a greedy choice has a margin of {margin:.1e}"
    if (answer.continuation == model.config.eos_token_id).any():
        yield "a continuation ends the text"
    if min(len(row.unique()) for row in answer.continuation) < LEAST_DISTINCT_TOKENS:
        yield "a continuation repeats itself"


def weak_routes(model, rows, answer):
    """Tokens for which two experts are about equally good."""
    margins = []

    def watch(router, _, output):
        descending = output[0].sort(descending=True).values
        margins.append((descending[:, router.top_k - 1] - descending[:, router.top_k]).min().item())

    for checked in (model, answer.rounded_model):
        routers = [module for module in checked.modules() if type(module).__name__.endswith("Router")]
        handles = [router.register_forward_hook(watch) for router in routers]
        prompt_logits(checked, texts(rows, answer))
        for handle in handles:
            handle.remove()
    if margins and min(margins) < LEAST_ROUTING_MARGIN:
        yield f"a choice of experts has a margin of {min(margins):.1e}"


def rounding(model, rows, answer):
    """Logits that depend on the order of sums, or on whether keys and values come from a cache."""
    exact = prompt_logits(copy.deepcopy(model).double(), rows).float()
    if (error := share(exact, answer.prompt_logits)) > MOST_ROUNDING:
        yield f"f32 is {error:.1e} away from f64"
    whole = [prompt_logits(model, [text])[-len(answer.continuation[0]) :] for text in texts(rows, answer)]
    if (error := share(torch.stack(whole), answer.continuation_logits)) > MOST_ROUNDING:
        yield f"the cache is {error:.1e} away from computing anew"


def texts(rows, answer):
    """Prompts with their continuations, less the last token, which the model never sees."""
    return [torch.cat([row, continuation[:-1]]) for row, continuation in zip(rows, answer.continuation, strict=True)]


def effects(family, model, rows, answer):
    """By how much the logits change without each part of the model: `(part, share)`."""
    for part, settings in family.without.items():
        yield f"the {part}", effect_of_settings(family, model, settings, rows, answer)
    for name, module in model.named_modules():
        if is_norm(module):
            changed = copy.deepcopy(model)
            changed.set_submodule(name, torch.nn.Identity())
            yield f"the norm {name}", share(prompt_logits(changed, rows), answer.prompt_logits)
    for name, weight in model.named_parameters():
        # Experts share a tensor.
        for part in range(len(weight)) if weight.dim() == 3 else [...]:
            label = name if part is ... else f"{name}[{part}]"
            yield label, effect_of_weight(model, name, part, rows, answer)


def effect_of_settings(family, model, settings, rows, answer):
    """By how much the logits change when the same weights are read under other settings."""
    changed = build(family, settings)
    changed.load_state_dict(model.state_dict())
    return share(prompt_logits(changed, rows), answer.prompt_logits)


@torch.no_grad()
def effect_of_weight(model, name, index, rows, answer):
    """By how much the logits change when a weight says nothing."""
    owner, _, kind = name.rpartition(".")
    module = model.get_submodule(owner)
    neutral = neutral_scale(module) if is_norm(module) and kind == "weight" else 0.0
    weight = model.get_parameter(name)
    kept = weight.clone()
    weight[index] = neutral
    effect = share(prompt_logits(model, rows), answer.prompt_logits)
    weight.copy_(kept)
    return effect
