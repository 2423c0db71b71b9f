//! The server of Hugging Face transformers.

use super::server::{RawServer, Server};
use crate::section::section;
use crate::value::{AttentionImplementation, CacheImplementation, Choice, Table};

section! {
    /// Settings of `backend: pytorch`. What is left out is the server's own choice.
    Pytorch from RawPytorch {
        /// Device, such as `auto`, `cpu` or `cuda:0`.
        #[validate(length(min = 1, max = 256))]
        device: String,
        /// How attention is computed.
        attn_implementation: Choice<AttentionImplementation>,
        /// Compile the model before it runs.
        torch_compile: bool,
        /// Keep keys and values of earlier tokens.
        use_cache: bool,
        /// How they are kept.
        cache_implementation: Choice<CacheImplementation>,
        /// Tokens that are guessed at once from the prompt itself.
        #[validate(range(min = 1, max = 64))]
        prompt_lookup_num_tokens: u32,
        /// Let a request take the place of one that ended, over a paged cache.
        continuous_batching: bool,
        /// Tokens of a block of that cache.
        #[validate(range(min = 1, max = 65_536))]
        cb_block_size: u32,
        /// Blocks of that cache.
        #[validate(range(min = 1, max = 100_000_000))]
        cb_num_blocks: u32,
        /// Most tokens of a pass.
        #[validate(range(min = 1, max = 1_000_000_000))]
        cb_max_batch_tokens: u32,
        /// Share of the GPU's memory for that cache.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        cb_max_memory_percent: f64,
        /// Record the passes as CUDA graphs.
        cb_use_cuda_graph: bool,
        /// More flags of `transformers serve`, without the dashes.
        extra: Table = Table::default(),
    } {
        /// How the server comes to run.
        "server" server: Server from RawServer,
    }
}
