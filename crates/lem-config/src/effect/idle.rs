//! Which settings other settings make idle, and why.

use crate::sections::Settings;
use crate::stack::Stack;
use crate::tree;
use crate::value::{ArrivalKind, LauncherKind, LengthKind, ParallelKind, PromptKind, SpeculationKind};
use lem_domain::backend::{Backend, FieldSupport};
use lem_domain::spec::{BatchingStrategy, EnergyChoice};

/// A dotted path, and what makes it idle.
type Idle = (&'static str, &'static str);

/// Every setting that has no effect beside the others, whether somebody wrote it or not.
pub(super) fn of(stack: &Stack, settings: &Settings) -> Vec<Idle> {
    let groups = [decoder, batching, prompts, speculation, traffic, repetition, objectives, energy];
    let mut idle: Vec<Idle> = groups.iter().flat_map(|group| group(settings)).collect();
    idle.extend(running_server(stack, settings));
    idle
}

fn all<const N: usize>(paths: [&'static str; N], reason: &'static str) -> impl Iterator<Item = Idle> {
    paths.into_iter().map(move |path| (path, reason))
}

fn decoder(settings: &Settings) -> Vec<Idle> {
    let decoder = &settings.decoder;
    let mut idle = Vec::new();
    if !decoder.do_sample {
        let of_draws = ["decoder.temperature", "decoder.top_k", "decoder.top_p", "decoder.min_p"];
        idle.extend(all(of_draws, "`decoder.do_sample` is false"));
    } else if decoder.temperature <= 0.0 {
        let of_draws = ["decoder.do_sample", "decoder.top_k", "decoder.top_p", "decoder.min_p"];
        idle.extend(all(of_draws, "`decoder.temperature` is 0"));
    }
    if decoder.beam_search.num_beams == 1 {
        let of_search = ["decoder.beam_search.length_penalty", "decoder.beam_search.early_stopping"];
        idle.extend(all(of_search, "`decoder.beam_search.num_beams` is 1"));
    }
    idle
}

fn batching(settings: &Settings) -> Vec<Idle> {
    let strategy = settings.batching.strategy.0;
    let mut idle = Vec::new();
    if settings.streaming {
        idle.push(("batching.batch_size", "`streaming` runs one request at a time"));
        if strategy != BatchingStrategy::Continuous {
            idle.extend(all(["batching.strategy", "batching.max_tokens_per_batch"], "`streaming` runs one request at a time"));
        }
    } else if strategy == BatchingStrategy::Continuous && settings.backend.0 == Backend::Virtual {
        idle.push(("batching.max_tokens_per_batch", "the virtual engine runs a prompt in one piece"));
    } else if !strategy.has_token_budget() && strategy != BatchingStrategy::Continuous {
        idle.push(("batching.max_tokens_per_batch", "only the dynamic strategies and the continuous one have a token budget"));
    }
    if settings.parallelism.strategy.0 == ParallelKind::None {
        idle.push(("parallelism.degree", "`parallelism.strategy` is `none`"));
    }
    idle
}

/// Settings of prompts that the source does not look at.
fn prompts(settings: &Settings) -> Vec<Idle> {
    let source = settings.prompts.source.0;
    let mut idle = Vec::new();
    if source != PromptKind::Hub {
        let of_hub = ["prompts.subset", "prompts.split", "prompts.data_file"];
        idle.extend(of_hub.map(|path| (path, "`prompts.source` is not `hub`")));
    }
    if !matches!(source, PromptKind::File | PromptKind::Hub) {
        idle.push(("prompts.column", "`prompts.source` has no columns"));
    }
    if source != PromptKind::Synthetic {
        idle.extend(tree::below("prompts.synthetic").map(|path| (path, "`prompts.source` is not `synthetic`")));
        return idle;
    }
    let (of_fixed, of_bounds, of_normal, of_trace) = (
        ["prompts.synthetic.tokens"].as_slice(),
        ["prompts.synthetic.min_tokens", "prompts.synthetic.max_tokens"].as_slice(),
        ["prompts.synthetic.deviation"].as_slice(),
        ["prompts.synthetic.path", "prompts.synthetic.column"].as_slice(),
    );
    let (others, reason) = match settings.prompts.synthetic.lengths.0 {
        LengthKind::Fixed => ([of_bounds, of_normal, of_trace].concat(), "`prompts.synthetic.lengths` is `fixed`"),
        LengthKind::Uniform => ([of_fixed, of_normal, of_trace].concat(), "`prompts.synthetic.lengths` is `uniform`"),
        LengthKind::Normal => (of_trace.to_vec(), "`prompts.synthetic.lengths` is `normal`"),
        LengthKind::Trace => ([of_fixed, of_bounds, of_normal].concat(), "`prompts.synthetic.lengths` is `trace`"),
    };
    idle.extend(others.into_iter().map(|path| (path, reason)));
    idle
}

fn speculation(settings: &Settings) -> Vec<Idle> {
    match settings.candle.speculative.method.0 {
        SpeculationKind::None => {
            let of_guesses = ["candle.speculative.num_tokens", "candle.speculative.prompt_lookup_max"];
            all(of_guesses, "`candle.speculative.method` is `none`").collect()
        }
        SpeculationKind::DraftModel => {
            vec![("candle.speculative.prompt_lookup_max", "`candle.speculative.method` is `draft_model`")]
        }
        SpeculationKind::PromptLookup => Vec::new(),
    }
}

fn traffic(settings: &Settings) -> Vec<Idle> {
    let mut idle = Vec::new();
    let arrival = settings.traffic.arrival.0;
    if arrival != ArrivalKind::Gamma {
        idle.push(("traffic.burstiness", "`traffic.arrival` is not `gamma`"));
    }
    if matches!(arrival, ArrivalKind::None | ArrivalKind::Constant) {
        idle.push(("traffic.seed", "nothing is drawn from it"));
    }
    let at_instants = arrival != ArrivalKind::None || settings.traffic.trace.is_some();
    let in_places = settings.traffic.concurrency.is_some() || settings.batching.strategy.0 == BatchingStrategy::Continuous;
    if !(at_instants || settings.backend.0.is_server() && in_places) {
        idle.push(("traffic.ramp", "requests start in batches, or as many at once as there are places in this process"));
    }
    idle
}

fn repetition(settings: &Settings) -> Vec<Idle> {
    let mut idle = Vec::new();
    if !settings.warmup.until_stable {
        let of_stability = ["warmup.max_requests", "warmup.window", "warmup.cv_threshold", "warmup.min_duration"];
        idle.extend(all(of_stability, "`warmup.until_stable` is false"));
    }
    if !settings.schedule.enabled {
        let of_schedule = ["schedule.interval", "schedule.at", "schedule.days", "schedule.total_duration"];
        idle.extend(all(of_schedule, "`schedule.enabled` is false"));
    }
    if settings.num_cycles == 1 {
        idle.push(("statistics.confidence", "`num_cycles` is 1, which gives no interval over cycles"));
    }
    idle
}

fn objectives(settings: &Settings) -> Vec<Idle> {
    let slo = &settings.slo;
    let is_asked = slo.ttft.is_some() || slo.tpot.is_some() || slo.end_to_end.is_some();
    if is_asked { Vec::new() } else { vec![("slo.percentile", "no limit of `slo` is set")] }
}

fn energy(settings: &Settings) -> Vec<Idle> {
    if settings.energy.backend.choice() == EnergyChoice::None {
        let paths = ["energy.interval"].into_iter().chain(tree::below("energy.baseline")).chain(tree::below("impact"));
        return paths.map(|path| (path, "`energy.backend` is `none`")).collect();
    }
    if settings.energy.baseline.duration.0.is_zero() {
        vec![("energy.baseline.keep", "`energy.baseline.duration` is 0s")]
    } else {
        Vec::new()
    }
}

/// What a server is told when it starts, where it runs already.
fn running_server(stack: &Stack, settings: &Settings) -> Vec<Idle> {
    let backend = settings.backend.0;
    let runs_already = settings.server().is_some_and(|(_, server)| server.launcher.0 == LauncherKind::Attach);
    if !runs_already {
        return Vec::new();
    }
    let told_at_start = |support: FieldSupport| match support {
        FieldSupport::Translated(handover) => !handover.is_in_requests(),
        FieldSupport::Applied | FieldSupport::Unsupported(_) => false,
    };
    let written = stack.written().filter(|field| told_at_start(field.support(backend)) && field.path != "model_name");
    written.map(|field| (field.path, "the server runs already")).collect()
}
