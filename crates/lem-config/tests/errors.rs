//! What a user reads when a configuration is wrong: text, position and hint, in all three formats.

use lem_config::{ConfigError, Override, Request, RuleCode, resolve};
use lem_domain::protocol::{Fault, SeamError};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The error with its causes and its hint, as a command line shows them.
fn shown(error: &ConfigError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        write!(text, "\ncaused by: {source}").expect("a string takes all text");
        cause = source.source();
    }
    if let Some(hint) = error.hint() {
        write!(text, "\nhint: {hint}").expect("a string takes all text");
    }
    text
}

fn of_file(name: &str) -> String {
    let file = PathBuf::from("tests/fixtures").join(name);
    shown(&resolve(&Request { file: Some(file), ..Request::default() }).expect_err(name))
}

fn set(path: &str, value: serde_json::Value) -> Override {
    Override { path: path.to_owned(), value, flag: "--set".to_owned() }
}

fn of_overrides(overrides: Vec<Override>) -> String {
    shown(&resolve(&Request { overrides, ..Request::default() }).expect_err("refused"))
}

fn codes(error: ConfigError) -> Vec<RuleCode> {
    match error {
        ConfigError::Invalid { violations } => violations.into_iter().map(|violation| violation.code).collect(),
        other => panic!("expected violations: {other}"),
    }
}

#[test]
fn malformed_documents_give_place_and_cause() {
    insta::assert_snapshot!(of_file("malformed.yaml"), @"
    `tests/fixtures/malformed.yaml` is not valid YAML at line 4, column 2
    caused by: while parsing a block mapping, did not find expected key
    ");
    insta::assert_snapshot!(of_file("malformed.toml"), @"
    `tests/fixtures/malformed.toml` is not valid TOML at line 2, column 10
    caused by: invalid table header, expected `.`, `]`
    ");
    insta::assert_snapshot!(of_file("malformed.json"), @"
    `tests/fixtures/malformed.json` is not valid JSON at line 3, column 34
    caused by: trailing comma
    ");
    insta::assert_snapshot!(of_file("list.yaml"), @"
    `tests/fixtures/list.yaml` holds no settings: its top level is not made of `name: value` pairs
    hint: start it with `model_name: …`
    ");
}

#[test]
fn a_repeated_key_is_not_a_winner() {
    insta::assert_snapshot!(of_file("duplicate.yaml"), @"
    `tests/fixtures/duplicate.yaml` is not valid YAML at line 2, column 1
    caused by: duplicate mapping key: model_name
    ");
    insta::assert_snapshot!(of_file("duplicate.toml"), @"
    `tests/fixtures/duplicate.toml` is not valid TOML at line 2, column 1
    caused by: duplicate key `model_name` in document root
    ");
    insta::assert_snapshot!(of_file("duplicate.json"), @"
    `tests/fixtures/duplicate.json` is not valid JSON at line 2, column 14
    caused by: duplicate key `model_name`
    ");
}

#[test]
fn unknown_keys_suggest_what_was_meant() {
    insta::assert_snapshot!(of_file("unknown-key.yaml"), @"
    2 settings are wrong
      batching.batch_siez: there is no such setting (tests/fixtures/unknown-key.yaml, line 3, column 3) [C001]
      temprature: there is no such setting (tests/fixtures/unknown-key.yaml, line 4, column 1) [C001]
    hint: batching.batch_siez: did you mean `batching.batch_size`?
      temprature: did you mean `decoder.temperature`?
    ");
    insta::assert_snapshot!(of_file("unknown-key.toml"), @"
    batching.batch_siez: there is no such setting (tests/fixtures/unknown-key.toml, line 4, column 1) [C001]
    hint: did you mean `batching.batch_size`?
    ");
    insta::assert_snapshot!(of_file("unknown-key.json"), @"
    batching.batch_siez: there is no such setting (tests/fixtures/unknown-key.json, line 3, column 17) [C001]
    hint: did you mean `batching.batch_size`?
    ");
}

#[test]
fn wrong_types_name_what_was_expected_and_found() {
    insta::assert_snapshot!(of_file("wrong-type.yaml"), @r#"
    10 settings are wrong
      model_name: expected a text, found the number 7 (tests/fixtures/wrong-type.yaml, line 1, column 1) [C002]
      max_input_tokens: expected a whole number from 0 to 4294967295, found the text "64" (tests/fixtures/wrong-type.yaml, line 2, column 1) [C002]
      decoder.do_sample: expected `true` or `false`, found the text "yes" (tests/fixtures/wrong-type.yaml, line 4, column 3) [C002]
      batching: expected a section, found the number 8 (tests/fixtures/wrong-type.yaml, line 5, column 1) [C002]
      virtual.ttft: `20` has no unit; write `"20ms"` or `"20s"` (tests/fixtures/wrong-type.yaml, line 7, column 3) [C004]
      energy.interval: `msec` is no unit of duration; known: w, d, h, m, s, ms, us, ns (tests/fixtures/wrong-type.yaml, line 9, column 3) [C004]
      energy.backend: unknown word `nvlm`, known: auto, nvml, rapl, amd, hwmon, estimate, virtual, none (tests/fixtures/wrong-type.yaml, line 10, column 3) [C003]
      backend: unknown word `transformers`, known: candle, pytorch, vllm, tensorrt, llamacpp, sglang, openai, virtual (tests/fixtures/wrong-type.yaml, line 11, column 1) [C003]
      random_seed: expected a whole number from 0 to 18446744073709551615, found the number -1 (tests/fixtures/wrong-type.yaml, line 12, column 1) [C004]
      max_output_tokens: expected a value, found null (tests/fixtures/wrong-type.yaml, line 13, column 1) [C002]
    hint: model_name: put it in quotes: `"7"`
      max_input_tokens: write it without quotes: `64`
      decoder.do_sample: write `true`
      batching: it holds: batch_size, strategy, max_tokens_per_batch
      energy.backend: did you mean `nvml`?
      backend: transformers is called `pytorch` here
      max_output_tokens: leave it out, then it is 128
    "#);
    insta::assert_snapshot!(of_file("wrong-type.toml"), @r#"
    3 settings are wrong
      max_input_tokens: expected a whole number from 0 to 4294967295, found the number 64.5 (tests/fixtures/wrong-type.toml, line 2, column 1) [C002]
      decoder.top_p: expected a number, found the text "NaN" (tests/fixtures/wrong-type.toml, line 4, column 1) [C002]
      energy.interval: `50` has no unit; write `"50ms"` or `"50s"` (tests/fixtures/wrong-type.toml, line 6, column 1) [C004]
    "#);
    insta::assert_snapshot!(of_file("wrong-type.json"), @r#"
    3 settings are wrong
      model_name: expected a text, found a list (tests/fixtures/wrong-type.json, line 1, column 3) [C002]
      prompts.shuffle: expected `true` or `false`, found the number 1 (tests/fixtures/wrong-type.json, line 1, column 42) [C002]
      prompts.sample_size: expected a whole number from 1 up, or `all`, found the text "some" (tests/fixtures/wrong-type.json, line 1, column 56) [C004]
    "#);
    // The TOML reader gives no positions in a document with a date.
    insta::assert_snapshot!(of_file("date.toml"), @"
    day: there is no such setting (tests/fixtures/date.toml) [C001]
    hint: did you mean `schedule.days`?
    ");
}

#[test]
fn broken_rules_are_all_told_at_once() {
    insta::assert_snapshot!(of_file("rules.yaml"), @"
    4 settings are wrong
      min_output_tokens: 9 is above `max_output_tokens`, 8 (tests/fixtures/rules.yaml, line 3, column 1) [C011]
      prompts.path: `p.txt` is not used: `prompts.source` is `embedded` (tests/fixtures/rules.yaml, line 5, column 3) [C013]
      energy.require: `measured` can never be reached with `energy.backend: estimate` (tests/fixtures/rules.yaml, line 8, column 3) [C019]
      energy.cpu.idle_power_per_thread: 5W is above `energy.cpu.max_power_per_thread`, 0.5W (tests/fixtures/rules.yaml, line 10, column 5) [C017]
    hint: min_output_tokens: lower it to 8, or raise `max_output_tokens`
      prompts.path: set `prompts.source: file`, or leave it out
      energy.require: set `energy.backend: auto`, or ask for a lower grade
      energy.cpu.idle_power_per_thread: an idle thread draws at most what a busy one does
    ");
    insta::assert_snapshot!(of_file("rules.toml"), @"
    2 settings are wrong
      prompts.source: `file` needs `prompts.path` (tests/fixtures/rules.toml, line 5, column 1) [C012]
      energy.backend: `virtual` reads the sensors of the simulated machine, which only `backend: virtual` has (tests/fixtures/rules.toml, line 3, column 1) [C014]
    hint: prompts.source: name the file in `prompts.path`, or give `--prompts FILE`
      energy.backend: use `auto`, or set `backend: virtual`
    ");
    insta::assert_snapshot!(of_file("rules.json"), @"
    3 settings are wrong
      decoder.temperature: 0.5 has no effect with `backend: virtual`: the virtual engine makes no text, so there is nothing to choose from (tests/fixtures/rules.json, line 1, column 57) [C010]
      candle.threads: 2 has no effect with `backend: virtual`: it is a setting of `backend: candle` (tests/fixtures/rules.json, line 1, column 91) [C010]
      energy.backend: `estimate` reads this machine in real time, which simulated time does not follow (tests/fixtures/rules.json, line 1, column 119) [C015]
    hint: decoder.temperature: leave it out, choose another backend, or let it through with `--force`
      candle.threads: leave it out, choose another backend, or let it through with `--force`
      energy.backend: use `auto` or `virtual`, or set `virtual.clock: real`
    ");
    insta::assert_snapshot!(of_file("bounds.yaml"), @"
    6 settings are wrong
      max_input_tokens: 0 is out of bounds: at least 1 and at most 1000000 (tests/fixtures/bounds.yaml, line 2, column 1) [C005]
      batching.batch_size: 1025 is out of bounds: at least 1 and at most 1024 (tests/fixtures/bounds.yaml, line 4, column 3) [C005]
      decoder.temperature: 2.5 is out of bounds: at least 0.0 and at most 2.0 (tests/fixtures/bounds.yaml, line 6, column 3) [C005]
      decoder.top_p: 0 is out of bounds: above 0.0 and at most 1.0 (tests/fixtures/bounds.yaml, line 7, column 3) [C005]
      energy.interval: 1us is out of bounds: at least 1ms and at most 10s (tests/fixtures/bounds.yaml, line 9, column 3) [C005]
      io.results_dir: an empty text is out of bounds: at least 1 and at most 4096 characters (tests/fixtures/bounds.yaml, line 11, column 3) [C005]
    ");
}

#[test]
fn weights_are_quantised_once() {
    let with = |path, value| set(path, json!(value));
    let both = |four| vec![set("model_name", json!("m")), with("quantization.load_in_8bit", true), with("quantization.load_in_4bit", four)];
    insta::assert_snapshot!(of_overrides(both(true)), @"
    quantization.load_in_4bit: weights are quantised once, and `quantization.load_in_8bit` is true too (--set) [C024]
    hint: set one of them; `false` takes back a lower layer's
    ");
    assert!(resolve(&Request { overrides: both(false), ..Request::default() }).is_ok());
    insta::assert_snapshot!(of_overrides(vec![with("quantization", true)]), @"
    quantization: expected a section, found `true` (--set) [C002]
    hint: it holds: load_in_8bit, load_in_4bit
    ");
    insta::assert_snapshot!(of_overrides(vec![with("quantization.quantization", true)]), @"
    quantization.quantization: it does not say to how many bits (--set) [C029]
    hint: write `quantization.load_in_8bit: true` or `quantization.load_in_4bit: true`
    ");
}

#[test]
fn flags_are_checked_like_files() {
    insta::assert_snapshot!(of_overrides(vec![set("batching.batchsize", json!(4))]), @"
    batching.batchsize: there is no such setting (--set) [C001]
    hint: did you mean `batching.batch_size`?
    ");
    insta::assert_snapshot!(of_overrides(vec![set("batch_size", json!(4))]), @"
    batch_size: there is no such setting (--set) [C001]
    hint: it is called `batching.batch_size` here
    ");
    insta::assert_snapshot!(of_overrides(vec![set("batching", json!(4))]), @"
    batching: expected a section, found the number 4 (--set) [C002]
    hint: it holds: batch_size, strategy, max_tokens_per_batch
    ");
    insta::assert_snapshot!(of_overrides(vec![set("energy.cpu.watts", json!("5W"))]), @"
    energy.cpu.watts: there is no such setting (--set) [C001]
    hint: `energy.cpu` holds: idle_power_per_thread, max_power_per_thread
    ");
    insta::assert_snapshot!(of_overrides(vec![set("", json!({}))]), @"
    (no name): there is no such setting (--set) [C001]
    hint: the top level holds: config_name, model_name, adapter, backend, fp_precision, max_input_tokens, max_output_tokens, min_output_tokens, random_seed, streaming, save_outputs, gpus, num_cycles, extra_metadata, prompts, batching, decoder, parallelism, traffic, warmup, energy, impact, slo, statistics, schedule, io, quantization, candle, pytorch, vllm, tensorrt, llamacpp, sglang, openai, virtual
    ");
    insta::assert_snapshot!(of_overrides(vec![set("decoder.preset", json!("creativ"))]), @"
    decoder.preset: unknown word `creativ`, known: deterministic, standard, creative, factual (--set) [C003]
    hint: did you mean `creative`?
    ");
    insta::assert_snapshot!(of_overrides(vec![set("decoder.repetition_penalty", json!(0))]), @"
    decoder.repetition_penalty: 0 is out of bounds: at least 0.1 and at most 10.0 (--set) [C005]
    ");
    insta::assert_snapshot!(of_overrides(vec![set("decoder.stop", json!(7))]), @r#"
    decoder.stop: expected a text or a list of texts, found the number 7 (--set) [C002]
    hint: put it in quotes: `"7"`
    "#);
    insta::assert_snapshot!(of_overrides(vec![set("decoder.stop", json!(["END", ""]))]), @"
    decoder.stop: an empty text is found everywhere; leave it out (--set) [C004]
    ");
}

#[test]
fn a_missing_model_preset_or_file_says_what_to_do() {
    insta::assert_snapshot!(of_overrides(vec![]), @"
    no model is named
    hint: give `--model REF`: a `.gguf` file, a folder, or org/name on a hub; there is no default model
    ");
    insta::assert_snapshot!(of_file("no-model.yaml"), @"
    no model is named
    hint: add `model_name: …` to `tests/fixtures/no-model.yaml`, or give `--model REF`: a `.gguf` file, a folder, or org/name on a hub; there is no default model
    ");
    let preset = |name: &str| shown(&resolve(&Request { preset: Some(name.to_owned()), ..Request::default() }).expect_err(name));
    insta::assert_snapshot!(preset("quick-test"), @"
    no model is named
    hint: give `--model REF`: a `.gguf` file, a folder, or org/name on a hub; there is no default model
    ");
    insta::assert_snapshot!(preset("quick_tets"), @"
    unknown preset `quick_tets`
    hint: did you mean `quick-test`?
    ");
    insta::assert_snapshot!(preset("vllm-memory-eficient"), @"
    unknown preset `vllm-memory-eficient`
    hint: did you mean `vllm-memory-efficient`?
    ");
    insta::assert_snapshot!(of_file("no-such-file.yaml"), @"
    cannot read `tests/fixtures/no-such-file.yaml`
    caused by: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(of_file("ending.ini"), @"
    the ending of `tests/fixtures/ending.ini` tells no format
    hint: name it `.yaml`, `.json` or `.toml`
    ");
}

#[test]
fn every_rule_between_settings_can_be_broken() {
    let on = |settings: &[(&str, serde_json::Value)]| {
        let mut overrides = vec![set("model_name", json!("m.gguf"))];
        overrides.extend(settings.iter().map(|(path, value)| set(path, value.clone())));
        resolve(&Request { overrides, ..Request::default() }).map_or_else(codes, |_| Vec::new())
    };
    let (idle, max) = ("energy.cpu.idle_power_per_thread", "energy.cpu.max_power_per_thread");
    assert_eq!(on(&[("min_output_tokens", json!(200))]), [RuleCode::OutputLimitsCrossed]);
    assert_eq!(on(&[("prompts.source", json!("file"))]), [RuleCode::PromptPathMissing]);
    assert_eq!(on(&[("prompts.path", json!("p.txt"))]), [RuleCode::PromptPathUnused]);
    assert_eq!(on(&[("energy.backend", json!("virtual"))]), [RuleCode::VirtualSensorsElsewhere]);
    assert_eq!(on(&[("backend", json!("virtual")), ("energy.backend", json!("estimate"))]), [RuleCode::SensorOnSimulatedClock]);
    for list in [json!(["estimate", "virtual"]), json!(["virtual", "nvml"])] {
        assert_eq!(on(&[("backend", json!("virtual")), ("energy.backend", list)]), [RuleCode::SensorOnSimulatedClock]);
    }
    assert_eq!(on(&[("energy.backend", json!(["nvml", "virtual"]))]), [RuleCode::VirtualSensorsElsewhere]);
    assert_eq!(on(&[("energy.backend", json!(["nvml", "nvml"]))]), [RuleCode::SourceRepeated]);
    assert_eq!(on(&[("energy.backend", json!("nvml,auto"))]), [RuleCode::NotASource]);
    assert_eq!(on(&[("energy.backend", json!(["none"]))]), [RuleCode::NotASource]);
    assert_eq!(on(&[("impact.region", json!("FRA")), ("impact.grid_intensity", json!(56))]), [RuleCode::GridGivenTwice]);
    assert_eq!(on(&[("impact.price_per_kwh", json!(0.25))]), [RuleCode::PriceIncomplete]);
    assert_eq!(on(&[("impact.currency", json!("EUR"))]), [RuleCode::PriceIncomplete]);
    assert_eq!(on(&[(idle, json!("1W"))]), [RuleCode::CpuPowerIncomplete]);
    assert_eq!(on(&[(max, json!("1W"))]), [RuleCode::CpuPowerIncomplete]);
    assert_eq!(on(&[(idle, json!("2W")), (max, json!("1W"))]), [RuleCode::CpuPowerCrossed]);
    for without_estimate in [json!("none"), json!(["nvml", "rapl"])] {
        assert_eq!(on(&[(idle, json!("1W")), (max, json!("2W")), ("energy.backend", without_estimate)]), [RuleCode::CpuPowerUnused]);
    }
    assert_eq!(on(&[("energy.backend", json!("estimate")), ("energy.require", json!("measured"))]), [RuleCode::GradeUnreachable]);
    assert_eq!(on(&[("energy.backend", json!("none")), ("energy.require", json!("estimated"))]), [RuleCode::GradeUnreachable]);
    let (method, draft, beams) = ("candle.speculative.method", "candle.speculative.model", ("decoder.beam_search.num_beams", json!(4)));
    assert_eq!(on(&[(method, json!("draft_model"))]), [RuleCode::DraftModelMissing]);
    assert_eq!(on(&[(draft, json!("small"))]), [RuleCode::DraftModelUnused]);
    assert_eq!(on(&[(draft, json!("small")), (method, json!("draft_model"))]), []);
    let greedy = ("decoder.do_sample", json!(false));
    assert_eq!(on(std::slice::from_ref(&beams)), [RuleCode::BesideBeams]);
    assert_eq!(on(&[beams.clone(), greedy.clone()]), []);
    for other in [("batching.strategy", json!("continuous")), (method, json!("prompt_lookup")), ("decoder.logprobs", json!(true))] {
        assert_eq!(on(&[beams.clone(), greedy.clone(), other]), [RuleCode::BesideBeams]);
    }
    assert_eq!(on(&[("virtual.ttft", json!("30ms"))]), [RuleCode::Unsupported]);
}

#[test]
fn rules_of_load_devices_and_repetition_can_be_broken() {
    let on = |settings: &[(&str, serde_json::Value)]| {
        let mut overrides = vec![set("model_name", json!("m.gguf"))];
        overrides.extend(settings.iter().map(|(path, value)| set(path, value.clone())));
        resolve(&Request { overrides, force: true, ..Request::default() }).map_or_else(codes, |_| Vec::new())
    };
    let (poisson, rate, continuous) =
        (("traffic.arrival", json!("poisson")), ("traffic.rate", json!(2.0)), ("batching.strategy", json!("continuous")));
    assert_eq!(on(&[poisson.clone(), continuous.clone()]), [RuleCode::ArrivalWithoutRate]);
    assert_eq!(on(std::slice::from_ref(&rate)), [RuleCode::RateWithoutArrival]);
    assert_eq!(on(&[("traffic.arrival", json!("gamma")), rate.clone(), continuous.clone()]), [RuleCode::BurstinessMissing]);
    assert_eq!(on(&[poisson.clone(), rate.clone()]), [RuleCode::ArrivalBesideBatches]);
    assert_eq!(on(&[poisson, rate, continuous]), []);
    let (tensor, vllm, two) = (("parallelism.strategy", json!("tensor_parallel")), ("backend", json!("vllm")), ("gpus", json!([0, 1])));
    assert_eq!(on(&[vllm.clone(), tensor.clone(), two.clone(), ("parallelism.degree", json!(4))]), [RuleCode::DegreeBeyondGpus]);
    assert_eq!(on(&[vllm.clone(), tensor, two.clone(), ("parallelism.degree", json!(2))]), []);
    for backend in ["vllm", "tensorrt", "llamacpp"] {
        let copies = [("backend", json!(backend)), ("parallelism.strategy", json!("data_parallel")), ("parallelism.degree", json!(2))];
        assert_eq!(on(&copies), [RuleCode::Unsupported], "{backend}");
    }
    assert_eq!(on(&[two]), [RuleCode::SeveralDevices]);
    assert_eq!(on(&[("gpus", json!([1])), ("candle.device", json!("cuda:0"))]), [RuleCode::DeviceSaidTwice]);
    let (enabled, interval) = (("schedule.enabled", json!(true)), ("schedule.interval", json!("6h")));
    assert_eq!(on(std::slice::from_ref(&enabled)), [RuleCode::ScheduleWithoutTime]);
    assert_eq!(on(&[enabled.clone(), interval.clone(), ("schedule.at", json!("06:30"))]), [RuleCode::ScheduleTimesTwice]);
    assert_eq!(on(&[enabled, interval]), []);
    let target = ("statistics.target_half_width", json!(0.01));
    assert_eq!(on(std::slice::from_ref(&target)), [RuleCode::TargetWithoutCycles]);
    assert_eq!(on(&[target, ("num_cycles", json!(20))]), []);
    assert_eq!(on(&[("warmup.until_stable", json!(true)), ("warmup.max_requests", json!(4))]), [RuleCode::WarmupCrossed]);
    assert_eq!(on(&[("backend", json!("openai"))]), [RuleCode::AddressMissing]);
    assert_eq!(on(&[vllm.clone(), ("vllm.server.launcher", json!("attach"))]), [RuleCode::AddressMissing]);
    assert_eq!(on(&[vllm, ("vllm.server.image", json!("vllm/vllm-openai:v0.32.0"))]), [RuleCode::PlaceOfOtherLauncher]);
}

#[test]
fn at_a_seam_a_configuration_is_the_users_to_correct() {
    let seam = SeamError::from(resolve(&Request::default()).expect_err("no model"));
    assert_eq!(seam.fault, Fault::Usage);
    assert!(seam.hint.is_some_and(|hint| hint.contains("--model")));
    assert_eq!(seam.source.map(|source| source.to_string()).as_deref(), Some("no model is named"));
}
