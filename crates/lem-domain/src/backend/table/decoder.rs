//! How the next token is chosen, and what ends a text.

use super::{APPLIED, NO_STANDARD, NO_TEXT, no, request};
use crate::backend::{Field, FieldSupport, Handover};

/// What the server of transformers takes as `generation_config`, a JSON text.
const fn generation(key: &'static str) -> FieldSupport {
    FieldSupport::Translated(Handover::RequestJson("generation_config", key))
}

const NO_NGRAMS: FieldSupport = no("the server has no such field; `decoder.repetition_penalty` is the nearest it knows");
/// A search tells no token before it ends, and a token without a time is no event.
const NO_BEAMS: FieldSupport = no("servers do not stream a beam search, so that no token would have a time");
const NO_LOGPROBS: FieldSupport = no("the server of transformers gives no probabilities");
const GOES_ON: FieldSupport = no("the server of transformers has no such field; `min_output_tokens` makes outputs longer");

const BEAMS: &[FieldSupport; 8] = &[APPLIED, NO_BEAMS, NO_BEAMS, NO_BEAMS, NO_BEAMS, NO_BEAMS, NO_BEAMS, NO_TEXT];

/// A key of requests that all servers but the one of transformers and the plain protocol know by this name.
macro_rules! by_most {
    ($key:literal) => {
        &[APPLIED, generation($key), request($key), request($key), request($key), request($key), NO_STANDARD, NO_TEXT]
    };
}

/// A key of requests that is part of OpenAI's protocol.
macro_rules! by_all {
    ($key:literal) => {
        &[APPLIED, request($key), request($key), request($key), request($key), request($key), request($key), NO_TEXT]
    };
}

pub(super) const ROWS: &[Field] = &[
    Field::each("decoder.preset", &[APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, APPLIED, NO_TEXT]),
    Field::each(
        "decoder.do_sample",
        &[
            APPLIED,
            generation("do_sample"),
            // Without a draw the temperature is 0.
            APPLIED,
            APPLIED,
            APPLIED,
            APPLIED,
            APPLIED,
            NO_TEXT,
        ],
    ),
    Field::each("decoder.temperature", by_all!("temperature")),
    Field::each("decoder.top_k", by_most!("top_k")),
    Field::each("decoder.top_p", by_all!("top_p")),
    Field::each("decoder.min_p", by_most!("min_p")),
    Field::each(
        "decoder.repetition_penalty",
        &[
            APPLIED,
            generation("repetition_penalty"),
            request("repetition_penalty"),
            request("repetition_penalty"),
            request("repeat_penalty"),
            request("repetition_penalty"),
            NO_STANDARD,
            NO_TEXT,
        ],
    ),
    Field::each(
        "decoder.no_repeat_ngram_size",
        &[APPLIED, generation("no_repeat_ngram_size"), NO_NGRAMS, NO_NGRAMS, NO_NGRAMS, NO_NGRAMS, NO_STANDARD, NO_TEXT],
    ),
    Field::each(
        "decoder.ignore_eos",
        &[
            APPLIED,
            GOES_ON,
            request("ignore_eos"),
            request("ignore_eos"),
            request("ignore_eos"),
            request("ignore_eos"),
            NO_STANDARD,
            NO_TEXT,
        ],
    ),
    Field::each("decoder.stop", by_all!("stop")),
    Field::each(
        "decoder.logprobs",
        &[
            APPLIED,
            NO_LOGPROBS,
            request("logprobs"),
            request("logprobs"),
            request("n_probs"),
            request("logprobs"),
            request("logprobs"),
            NO_TEXT,
        ],
    ),
    Field::each("decoder.beam_search.num_beams", BEAMS),
    Field::each("decoder.beam_search.length_penalty", BEAMS),
    Field::each("decoder.beam_search.early_stopping", BEAMS),
];
