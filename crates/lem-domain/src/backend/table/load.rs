//! Which requests there are, when they come, how they are grouped, and on how many devices they run.

use super::{APPLIED, NO_LOAD, NO_TEXT, RUNNING, no};
use crate::backend::{Field, FieldSupport, Handover};

const OWN_TEMPLATE: FieldSupport =
    no("a server gets prompts as they are; `backend: openai` with `openai.endpoint: chat` lets it write its own template");

pub(super) const ROWS: &[Field] = &[
    Field::every("prompts.source", APPLIED),
    Field::every("prompts.path", APPLIED),
    Field::every("prompts.dataset", APPLIED),
    Field::every("prompts.subset", APPLIED),
    Field::every("prompts.split", APPLIED),
    Field::every("prompts.data_file", APPLIED),
    Field::every("prompts.column", APPLIED),
    Field::every("prompts.sample_size", APPLIED),
    Field::every("prompts.shuffle", APPLIED),
    //                                   candle   pytorch      vllm         tensorrt     llamacpp     sglang       openai       virtual
    Field::each(
        "prompts.chat_template",
        &[APPLIED, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, NO_TEXT],
    ),
    Field::each("prompts.system", &[APPLIED, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, OWN_TEMPLATE, NO_TEXT]),
    Field::every("prompts.synthetic.lengths", APPLIED),
    Field::every("prompts.synthetic.tokens", APPLIED),
    Field::every("prompts.synthetic.deviation", APPLIED),
    Field::every("prompts.synthetic.min_tokens", APPLIED),
    Field::every("prompts.synthetic.max_tokens", APPLIED),
    Field::every("prompts.synthetic.path", APPLIED),
    Field::every("prompts.synthetic.column", APPLIED),
    Field::every("batching.batch_size", APPLIED),
    Field::every("batching.strategy", APPLIED),
    Field::every("batching.max_tokens_per_batch", APPLIED),
];

const ONE_DEVICE: FieldSupport = no("it runs in one process on one device; `candle.device` says on which");
const SPREADS: FieldSupport = no("the server of transformers spreads a model over all GPUs that it sees; `gpus` says which");
const BATCHES: FieldSupport = no("the virtual engine starts a batch when the one before has ended");
const IN_PROCESS: &str = "a request of this process fails with the run";
const SIZE: &str = "`batching.batch_size` says how many requests run at once";

const fn by_strategy(degrees: &'static [(&'static str, Handover)]) -> FieldSupport {
    FieldSupport::Translated(Handover::By("parallelism.strategy", degrees))
}

const SPLIT_MODE: FieldSupport = FieldSupport::Translated(Handover::Spelled(
    &Handover::Flag("--split-mode"),
    &[("none", "none"), ("tensor_parallel", "row"), ("pipeline_parallel", "layer")],
));

pub(super) const SPREAD: &[Field] = &[
    //                                   candle      pytorch  vllm     tensorrt llamacpp    sglang   openai   virtual
    Field::each("parallelism.strategy", &[ONE_DEVICE, SPREADS, APPLIED, APPLIED, SPLIT_MODE, APPLIED, RUNNING, NO_LOAD]),
    Field::each(
        "parallelism.degree",
        &[
            ONE_DEVICE,
            SPREADS,
            by_strategy(&[
                ("tensor_parallel", Handover::Flag("--tensor-parallel-size")),
                ("pipeline_parallel", Handover::Flag("--pipeline-parallel-size")),
            ]),
            by_strategy(&[("tensor_parallel", Handover::Flag("--tp_size")), ("pipeline_parallel", Handover::Flag("--pp_size"))]),
            // It takes as many of the GPUs as it is shown.
            APPLIED,
            by_strategy(&[
                ("tensor_parallel", Handover::Flag("--tp-size")),
                ("pipeline_parallel", Handover::Flag("--pp-size")),
                ("data_parallel", Handover::Flag("--dp-size")),
            ]),
            RUNNING,
            NO_LOAD,
        ],
    ),
    Field::each("traffic.arrival", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, BATCHES]),
    Field::each("traffic.rate", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, BATCHES]),
    Field::each("traffic.burstiness", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, BATCHES]),
    Field::each("traffic.seed", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, BATCHES]),
    Field::each("traffic.trace", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, BATCHES]),
    Field::each("traffic.ramp", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, BATCHES]),
    Field::each("traffic.retries", &[no(IN_PROCESS), APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, no(IN_PROCESS)]),
    Field::each("traffic.concurrency", &[no(SIZE), APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, no(SIZE)]),
];
