"""The architectures to hold the decoder to: a tiny configuration of each, and how to turn its peculiarities off.

Sizes are as small as the arithmetic allows, constants are chosen so that they bite within 53 positions.
"""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Family:
    """One checkpoint to make."""

    name: str
    """Name of its folder."""
    model_type: str
    """Name of the architecture in transformers."""
    config: dict
    """What the configuration says beside the defaults of the architecture."""
    without: dict[str, dict] = field(default_factory=dict)
    """Peculiarities without a weight of their own, each with the settings that turn it off."""
    approximated: dict[str, dict] = field(default_factory=dict)
    """Functions that have a close approximation, each with the settings that take the other of the two."""
    lengths: tuple[int, ...] = (1, 9, 21)
    """Tokens of each prompt."""
    embedding_deviation: float = 0.3
    """Standard deviation of the embeddings of tokens."""


SPECIAL_TOKENS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None}
SIZES = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    **SPECIAL_TOKENS,
}
GROUPED = {**SIZES, "num_key_value_heads": 2}
# Wider heads than hidden_size / num_attention_heads, as in Mistral Nemo, Qwen3 and Gemma.
WIDE_HEADS = {**GROUPED, "head_dim": 16}


def rope(theta=10_000.0, **scaling):
    """Parameters of a rotary embedding, unscaled unless told otherwise."""
    return {"rope_parameters": {"rope_theta": theta, "rope_type": "default"} | scaling}


# For tied embeddings that outweigh what the layers add: every token would predict itself.
SMALL_EMBEDDING = 0.05

OTHER_BASE = {"base of the rotary embedding": rope(100.0)}


def other_gelu(setting, activation):
    """Says `activation` where the architecture has the other of the exact and the approximate GELU."""
    return {"approximated": {"form of the GELU": {setting: activation}}}


EXACT, TANH = "gelu", "gelu_pytorch_tanh"


def llama(name, rotary, without=None, **config):
    """A llama with the rotary embedding `rotary`, whose scaling is a peculiarity if it has one."""
    theta, kind = (rotary["rope_parameters"][key] for key in ("rope_theta", "rope_type"))
    scaling = {} if kind == "default" else {"scaling of the rotary embedding": rope(theta)}
    return Family(name, "llama", {**WIDE_HEADS, **rotary, **config}, {**OTHER_BASE, **scaling, **(without or {})})


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
# What differs is the rotary embedding alone, so little of the rest will do.
ONE_LAYER = {"num_hidden_layers": 1, "tie_word_embeddings": True}

LLAMAS = [
    llama("llama", rope(), head_dim=8),
    llama("llama_tied", rope(100_000.0), tie_word_embeddings=True, head_dim=8),
    # Some wavelengths are kept, one is smoothed and the rest are stretched.
    llama("llama_rope_llama3", rope(500_000.0, **LLAMA3), **ONE_LAYER, max_position_embeddings=512),
    llama("llama_rope_linear", rope(rope_type="linear", factor=4.0), **ONE_LAYER),
    llama("llama_rope_yarn", rope(**YARN), {"temperature of yarn": rope(**YARN, attention_factor=1.0)}, **ONE_LAYER),
]

# Each query sees as many keys as the window says, its own among them.
OFF_BY_ONE = {"last position of the sliding window": {"sliding_window": 9}}
NO_WINDOW = {"sliding window": {"sliding_window": None}, **OFF_BY_ONE}

MISTRALS = [
    Family("mistral", "mistral", {**WIDE_HEADS, **rope(), "sliding_window": 8}, {**OTHER_BASE, **NO_WINDOW}),
    Family(
        "mixtral",
        "mixtral",
        {**GROUPED, **rope(1e6), "num_local_experts": 4, "num_experts_per_tok": 2},
        {**OTHER_BASE, "second expert": {"num_experts_per_tok": 1}},
    ),
]

EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}

QWENS = [
    Family("qwen2", "qwen2", {**GROUPED, **rope(1e6), "tie_word_embeddings": True}, OTHER_BASE),
    Family(
        "qwen2_moe",
        "qwen2_moe",
        # The first layer is dense.
        {**GROUPED, **rope(1e6), **EXPERTS, "mlp_only_layers": [0], "shared_expert_intermediate_size": 24},
        {**OTHER_BASE, "second expert": {"num_experts_per_tok": 1}, "unnormalised routing": {"norm_topk_prob": True}},
    ),
    Family("qwen3", "qwen3", {**WIDE_HEADS, **rope(1e6)}, OTHER_BASE),
    Family(
        "qwen3_moe",
        "qwen3_moe",
        {**WIDE_HEADS, **rope(1e6), **EXPERTS, "norm_topk_prob": True},
        {**OTHER_BASE, "second expert": {"num_experts_per_tok": 1}, "normalised routing": {"norm_topk_prob": False}},
    ),
]


def gemma3_rope(local_theta=100.0, **scaling):
    """Parameters of Gemma 3's two rotary embeddings."""
    return {
        "rope_parameters": {
            "sliding_attention": {"rope_theta": local_theta, "rope_type": "default"},
            "full_attention": {"rope_theta": 10_000.0, "rope_type": "default"} | scaling,
        }
    }


SCALED = {"rope_type": "linear", "factor": 4.0}

GEMMAS = [
    Family("gemma", "gemma", {**WIDE_HEADS, **rope(), "num_key_value_heads": 1}, OTHER_BASE),
    Family(
        "gemma2",
        "gemma2",
        # The first layer slides. Attention scales by another number than the width of a head, as in the 27B model.
        {
            **WIDE_HEADS,
            **rope(),
            "query_pre_attn_scalar": 8,
            "sliding_window": 8,
            "attn_logit_softcapping": 3.0,
            "final_logit_softcapping": 0.5,
        },
        {
            **OTHER_BASE,
            "scale of attention": {"query_pre_attn_scalar": 16},
            "sliding window": {"sliding_window": 128},
            **OFF_BY_ONE,
            "cap of attention": {"attn_logit_softcapping": None},
            "cap of logits": {"final_logit_softcapping": None},
        },
        **other_gelu("hidden_activation", EXACT),
        embedding_deviation=SMALL_EMBEDDING,
    ),
    Family(
        "gemma3_text",
        "gemma3_text",
        {
            **WIDE_HEADS,
            **gemma3_rope(**SCALED),
            "query_pre_attn_scalar": 8,
            "sliding_window": 8,
            "layer_types": ["sliding_attention", "full_attention"],
        },
        {
            "base of the local rotary embedding": gemma3_rope(10_000.0, **SCALED),
            "scaling of the global rotary embedding": gemma3_rope(),
            "scale of attention": {"query_pre_attn_scalar": 16},
            "sliding window": {"sliding_window": 128},
            **OFF_BY_ONE,
        },
        **other_gelu("hidden_activation", EXACT),
        embedding_deviation=SMALL_EMBEDDING,
    ),
]


def longrope(original, short, long):
    """Parameters of Phi-3's rotary embedding beyond `original` positions."""
    factors = {"short_factor": short, "long_factor": long}
    parameters = rope(rope_type="longrope", partial_rotary_factor=len(short) / 4, **factors)
    return {**parameters, "original_max_position_embeddings": original}


PARTIAL = {"partial_rotary_factor": 0.5}
WHOLE_HEAD = {"part of a head that is rotated": rope(partial_rotary_factor=1.0)}

PHIS = [
    Family(
        "phi",
        "phi",
        {**SIZES, **rope(**PARTIAL)},
        {"base of the rotary embedding": rope(100.0, **PARTIAL), **WHOLE_HEAD},
        **other_gelu("hidden_act", EXACT),
    ),
    Family("phi3", "phi3", {**GROUPED, **rope(), "sliding_window": 8}, {**OTHER_BASE, **NO_WINDOW}),
    # Every position is within the original length, so the short factors hold from first to last.
    Family(
        "phi3_longrope_short",
        "phi3",
        {**GROUPED, **longrope(64, [1.0, 1.25, 1.5, 2.0], [2.0, 4.0, 8.0, 16.0])},
        {"scaling of the rotary embedding": rope()},
    ),
    # Every prompt is beyond the original length, so the long factors hold from first to last.
    Family(
        "phi3_longrope_long",
        "phi3",
        {**GROUPED, **longrope(8, [1.0, 1.25, 1.5], [1.5, 2.0, 4.0]), "tie_word_embeddings": True},
        {
            "scaling of the rotary embedding": rope(partial_rotary_factor=0.75),
            "long factors": longrope(64, [1.0, 1.25, 1.5], [1.5, 2.0, 4.0]),
            "part of a head that is rotated": longrope(8, [1.0, 1.25, 1.5, 1.5], [1.5, 2.0, 4.0, 4.0]),
        },
        lengths=(9, 14, 21),
    ),
]

GPTS = [
    Family(
        "gpt2",
        "gpt2",
        {
            "vocab_size": 96,
            "n_embd": 32,
            "n_layer": 2,
            "n_head": 4,
            "n_inner": 40,
            "n_positions": 128,
            **SPECIAL_TOKENS,
        },
        {"smoothness of the activation": {"activation_function": "relu"}},
        **other_gelu("activation_function", EXACT),
    ),
    Family(
        "gpt_neox",
        "gpt_neox",
        {**SIZES, **rope(**PARTIAL)},
        {
            "base of the rotary embedding": rope(100.0, **PARTIAL),
            **WHOLE_HEAD,
            "parallel residual": {"use_parallel_residual": False},
        },
        **other_gelu("hidden_act", TANH),
    ),
]

FALCON = {key: value for key, value in SIZES.items() if key != "intermediate_size"} | {"ffn_hidden_size": 64, **rope()}

FALCONS = [
    # As the 7B model: one key for all heads, one norm for attention and feed-forward.
    Family("falcon_7b", "falcon", FALCON, OTHER_BASE, **other_gelu("activation", TANH)),
    # As the 40B model: grouped keys, two norms.
    Family(
        "falcon_40b",
        "falcon",
        {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2},
        OTHER_BASE,
        **other_gelu("activation", TANH),
    ),
]

QUARTER = {"partial_rotary_factor": 0.25}

STABLE_LMS = [
    Family(
        "stablelm",
        "stablelm",
        {**SIZES, **rope(**QUARTER), "num_attention_heads": 2, "num_key_value_heads": 2, "use_qkv_bias": True},
        {"base of the rotary embedding": rope(100.0, **QUARTER), **WHOLE_HEAD},
    ),
    # As the 12B model: a norm for every head, attention beside feed-forward.
    Family(
        "stablelm_12b",
        "stablelm",
        {**GROUPED, **rope(**PARTIAL), "qk_layernorm": True, "use_parallel_residual": True},
        {"base of the rotary embedding": rope(100.0, **PARTIAL), **WHOLE_HEAD},
    ),
]

OLMOS = [
    Family("olmo", "olmo", {**SIZES, **rope(), "clip_qkv": 2.0}, {**OTHER_BASE, "clipping": {"clip_qkv": None}}),
    Family("olmo2", "olmo2", {**WIDE_HEADS, **rope()}, OTHER_BASE),
]

MULTIPLIERS = {
    "embedding_multiplier": 3.0,
    "attention_multiplier": 0.2,
    "residual_multiplier": 0.5,
    "logits_scaling": 4.0,
}

GRANITES = [
    Family(
        "granite",
        "granite",
        {**GROUPED, **rope(), **MULTIPLIERS, "tie_word_embeddings": True},
        {**OTHER_BASE, **{name: {name: 1.0} for name in MULTIPLIERS}},
        embedding_deviation=SMALL_EMBEDDING,
    ),
]

# What each architecture calls the epsilon of its norms, where that is not rms_norm_eps; OLMo's is fixed.
EPSILONS = {
    "phi": "layer_norm_eps",
    "gpt2": "layer_norm_epsilon",
    "gpt_neox": "layer_norm_eps",
    "falcon": "layer_norm_epsilon",
    "stablelm": "layer_norm_eps",
    "olmo": None,
}


def with_large_epsilon(family):
    """`family` with norms whose epsilon is not lost in rounding."""
    setting = EPSILONS.get(family.model_type, "rms_norm_eps")
    if setting is None:
        return family
    without = {**family.without, "epsilon of the norms": {setting: 1e-5}}
    return replace(family, config={**family.config, setting: 0.1}, without=without)


GROUPS = [LLAMAS, MISTRALS, QWENS, GEMMAS, PHIS, GPTS, FALCONS, STABLE_LMS, OLMOS, GRANITES]
FAMILIES = [with_large_epsilon(family) for group in GROUPS for family in group]
