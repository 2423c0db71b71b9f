//! What a family calls its tensors.
//!
//! Names are without `.weight` and `.bias`; in those of a block, `{layer}` is its number.

/// Names of a family's tensors.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) embedding: &'static str,
    /// Learned positions.
    pub(crate) positions: Option<&'static str>,
    pub(crate) output_norm: &'static str,
    /// The language-model head; where it is missing, the embedding is used, unless `head_is_own`.
    pub(crate) head: &'static str,
    /// The configuration says that the head is not the embedding, so it must be there.
    pub(crate) head_is_own: bool,
    pub(crate) attention_norm: &'static str,
    pub(crate) projections: Projections,
    pub(crate) attention_output: &'static str,
    /// Norms of queries and keys; with `{head}` where each head has its own.
    pub(crate) head_norms: Option<[&'static str; 2]>,
    pub(crate) attention_post_norm: Option<&'static str>,
    pub(crate) feed_forward_norm: &'static str,
    pub(crate) feed_forward_post_norm: Option<&'static str>,
    pub(crate) up: UpProjections,
    pub(crate) down: &'static str,
    pub(crate) experts: Option<ExpertNames>,
    /// Matrices are stored input by input: `[inputs, outputs]`.
    pub(crate) transposed: bool,
}

/// Queries, keys and values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Projections {
    /// A matrix each.
    Separate([&'static str; 3]),
    /// One matrix for all.
    Fused(&'static str, Fused),
}

/// The order of outputs of a fused matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fused {
    /// All queries, all keys, all values.
    Stacked,
    /// Per key/value head: the queries of its group, its key, its value. With one query head per key/value head this is
    /// the order head by head.
    Grouped,
}

/// What goes into a feed-forward block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UpProjections {
    /// One matrix.
    Plain(&'static str),
    /// Gate and up.
    Gated { gate: &'static str, up: &'static str },
    /// Gate and up in one matrix, the gate first.
    Fused(&'static str),
}

/// Names of routed experts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpertNames {
    pub(crate) router: &'static str,
    /// With `{expert}` for each expert's own, without it for a tensor of all experts.
    pub(crate) gate: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    /// The expert of every token, and its score.
    pub(crate) shared: Option<SharedNames>,
}

/// Names of an expert that every token goes through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedNames {
    pub(crate) score: &'static str,
    pub(crate) gate: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

impl Names {
    /// Hugging Face's llama, which many families follow.
    pub(crate) const LLAMA: Self = Self {
        embedding: "model.embed_tokens",
        positions: None,
        output_norm: "model.norm",
        head: "lm_head",
        head_is_own: false,
        attention_norm: "model.layers.{layer}.input_layernorm",
        projections: Projections::Separate([
            "model.layers.{layer}.self_attn.q_proj",
            "model.layers.{layer}.self_attn.k_proj",
            "model.layers.{layer}.self_attn.v_proj",
        ]),
        attention_output: "model.layers.{layer}.self_attn.o_proj",
        head_norms: None,
        attention_post_norm: None,
        feed_forward_norm: "model.layers.{layer}.post_attention_layernorm",
        feed_forward_post_norm: None,
        up: UpProjections::Gated { gate: "model.layers.{layer}.mlp.gate_proj", up: "model.layers.{layer}.mlp.up_proj" },
        down: "model.layers.{layer}.mlp.down_proj",
        experts: None,
        transposed: false,
    };

    /// Experts as Qwen's mixtures name them.
    pub(crate) const QWEN_EXPERTS: ExpertNames = ExpertNames {
        router: "model.layers.{layer}.mlp.gate",
        gate: "model.layers.{layer}.mlp.experts.{expert}.gate_proj",
        up: "model.layers.{layer}.mlp.experts.{expert}.up_proj",
        down: "model.layers.{layer}.mlp.experts.{expert}.down_proj",
        shared: None,
    };

    /// GGUF files: the same names for every family.
    pub(crate) const GGUF: Self = Self {
        embedding: "token_embd",
        positions: Some("position_embd"),
        output_norm: "output_norm",
        head: "output",
        head_is_own: false,
        attention_norm: "blk.{layer}.attn_norm",
        projections: Projections::Separate(["blk.{layer}.attn_q", "blk.{layer}.attn_k", "blk.{layer}.attn_v"]),
        attention_output: "blk.{layer}.attn_output",
        head_norms: Some(["blk.{layer}.attn_q_norm", "blk.{layer}.attn_k_norm"]),
        attention_post_norm: Some("blk.{layer}.post_attention_norm"),
        feed_forward_norm: "blk.{layer}.ffn_norm",
        feed_forward_post_norm: Some("blk.{layer}.post_ffw_norm"),
        up: UpProjections::Gated { gate: "blk.{layer}.ffn_gate", up: "blk.{layer}.ffn_up" },
        down: "blk.{layer}.ffn_down",
        experts: Some(ExpertNames {
            router: "blk.{layer}.ffn_gate_inp",
            gate: "blk.{layer}.ffn_gate_exps",
            up: "blk.{layer}.ffn_up_exps",
            down: "blk.{layer}.ffn_down_exps",
            shared: Some(SharedNames {
                score: "blk.{layer}.ffn_gate_inp_shexp",
                gate: "blk.{layer}.ffn_gate_shexp",
                up: "blk.{layer}.ffn_up_shexp",
                down: "blk.{layer}.ffn_down_shexp",
            }),
        }),
        transposed: false,
    };
}
