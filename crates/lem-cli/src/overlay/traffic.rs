//! Flags of the load as settings.

use super::text;
use crate::args::{ArrivalArg, EndpointArg, TrafficArgs};
use lem_config::Override;
use lem_domain::protocol::SeamError;
use serde_json::{Value, json};

/// What the flags say. A rate without a shape is one of users who know nothing of each other; a recorded load brings prompts
/// of its lengths with it; an address is that of a server that runs already.
pub(super) fn overrides(args: &TrafficArgs) -> Result<Vec<Override>, SeamError> {
    let mut overrides = Vec::new();
    let mut set = |path: &str, value: Value, flag: &str| {
        overrides.push(Override { path: path.to_owned(), value, flag: flag.to_owned() });
    };
    if let Some(concurrency) = args.concurrency {
        set("traffic.concurrency", json!(concurrency), "--concurrency");
    }
    if let Some(rate) = args.rate {
        set("traffic.rate", json!(rate), "--rate");
        match args.arrival {
            None => set("traffic.arrival", json!("poisson"), "--rate"),
            Some(arrival) => set("traffic.arrival", json!(arrival_word(arrival)), "--arrival"),
        }
    }
    if let Some(burstiness) = args.burstiness {
        set("traffic.burstiness", json!(burstiness), "--burstiness");
    }
    if let Some(trace) = &args.trace {
        let file = json!(text(trace)?);
        set("traffic.trace", file.clone(), "--trace");
        set("prompts.source", json!("synthetic"), "--trace");
        set("prompts.synthetic.lengths", json!("trace"), "--trace");
        set("prompts.synthetic.path", file, "--trace");
    }
    if let Some(ramp) = &args.ramp {
        set("traffic.ramp", json!(ramp), "--ramp");
    }
    if let Some(url) = &args.url {
        set("backend", json!("openai"), "--url");
        set("openai.base_url", json!(url), "--url");
    }
    if let Some(endpoint) = args.endpoint {
        let word = match endpoint {
            EndpointArg::Completions => "completions",
            EndpointArg::Chat => "chat",
        };
        set("openai.endpoint", json!(word), "--endpoint");
    }
    Ok(overrides)
}

fn arrival_word(arrival: ArrivalArg) -> &'static str {
    match arrival {
        ArrivalArg::Constant => "constant",
        ArrivalArg::Poisson => "poisson",
        ArrivalArg::Gamma => "gamma",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(args: &TrafficArgs) -> Vec<(String, Value)> {
        overrides(args).expect("valid").into_iter().map(|one| (one.path, one.value)).collect()
    }

    fn expected<const N: usize>(settings: [(&str, Value); N]) -> Vec<(String, Value)> {
        settings.map(|(path, value)| (path.to_owned(), value)).to_vec()
    }

    #[test]
    fn flags_of_the_load_become_settings() {
        let open = TrafficArgs { rate: Some(4.0), ..TrafficArgs::default() };
        assert_eq!(said(&open), expected([("traffic.rate", json!(4.0)), ("traffic.arrival", json!("poisson"))]));
        let gamma = TrafficArgs { arrival: Some(ArrivalArg::Gamma), burstiness: Some(2.0), ..open };
        assert_eq!(said(&gamma)[1..], expected([("traffic.arrival", json!("gamma")), ("traffic.burstiness", json!(2.0))]));
        let server = TrafficArgs {
            url: Some("http://a/v1".into()),
            endpoint: Some(EndpointArg::Chat),
            concurrency: Some(8),
            ..TrafficArgs::default()
        };
        let settings = [
            ("traffic.concurrency", json!(8)),
            ("backend", json!("openai")),
            ("openai.base_url", json!("http://a/v1")),
            ("openai.endpoint", json!("chat")),
        ];
        assert_eq!(said(&server), expected(settings));
        let trace = TrafficArgs { trace: Some("t.jsonl".into()), ..TrafficArgs::default() };
        assert!(said(&trace).contains(&("prompts.synthetic.path".to_owned(), json!("t.jsonl"))));
    }
}
