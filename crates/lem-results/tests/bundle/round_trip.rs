//! Whatever can be recorded is read back unchanged.

use crate::generate::{any_level, duration, number, text};
use crate::support::{Scene, at, host, id, process, run, save, setup};
use lem_domain::backend::Backend;
use lem_domain::counter::CounterRange;
use lem_domain::flops::FlopsBreakdown;
use lem_domain::idle::{IdleState, IdleWindow};
use lem_domain::impact::{Multiplier, Multipliers};
use lem_domain::protocol::{Fault, ResultsRepository, RunOwner, RunPhase, RunState, StateStore};
use lem_domain::record::{
    AdapterFacts, EngineFacts, HostRecord, LoadShape, MemoryFacts, ModelFacts, OfferedLoad, ProcessRecord, QuantizationFacts, RequestFacts,
    RequestFailure, RunRecord, ServedFacts, ServerFacts, ServerOrigin, SpeculationFacts, WarmupFacts,
};
use lem_domain::sensor::{
    Gain, Gauge, PowerMeaning, SamplerCost, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, SourceStatus,
    SourceVerdict, Stamp, ThreadPower,
};
use lem_domain::spec::{ArrivalShape, ArrivalSpec, Endpoint, LoadQuantization, Objectives};
use lem_domain::token::{FinishReason, RequestIndex, SpeculationCounts, TokenCounts, TokenEvent, TokenEventKind};
use lem_domain::traffic::{MemoryTraffic, PassTraffic};
use lem_domain::units::{Bytes, Flops, Joules, Watts};
use lem_domain::{Boundary, DeviceId, Finding, FindingCode, Severity, TimeWindow, Timestamp};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::{Duration, UNIX_EPOCH};

fn window() -> impl Strategy<Value = TimeWindow> {
    (any::<u64>(), any::<u64>())
        .prop_map(|(a, b)| TimeWindow { start: Timestamp::from_nanos(a.min(b)), end: Timestamp::from_nanos(a.max(b)) })
}

fn flops() -> impl Strategy<Value = FlopsBreakdown> {
    any::<[u128; 3]>().prop_map(|[linear, attention, lm_head]| FlopsBreakdown {
        linear: Flops::new(linear),
        attention: Flops::new(attention),
        lm_head: Flops::new(lm_head),
    })
}

fn pass_traffic() -> impl Strategy<Value = PassTraffic> {
    any::<[u64; 4]>().prop_map(|[passes, weights, kv_read, kv_written]| PassTraffic {
        passes,
        weights: Bytes::new(weights),
        kv_read: Bytes::new(kv_read),
        kv_written: Bytes::new(kv_written),
    })
}

fn traffic() -> impl Strategy<Value = MemoryTraffic> {
    (pass_traffic(), pass_traffic()).prop_map(|(prefill, decode)| MemoryTraffic { prefill, decode })
}

fn event() -> impl Strategy<Value = TokenEvent> {
    let kind = prop_oneof![
        Just(TokenEventKind::Arrived),
        Just(TokenEventKind::Scheduled),
        any::<u32>().prop_map(|count| TokenEventKind::Tokens { count }),
        select(FinishReason::ALL).prop_map(TokenEventKind::Finished),
    ];
    (any::<u32>(), any::<u64>(), kind).prop_map(|(request, at, kind)| TokenEvent {
        request: RequestIndex(request),
        at: Timestamp::from_nanos(at),
        kind,
    })
}

fn request() -> impl Strategy<Value = RequestFacts> {
    (text(), of(any::<u64>()), of(any::<u64>()), any::<u64>(), of(select(FinishReason::ALL)), of(-1e6..0.0f64), of(served())).prop_map(
        |(prompt_id, prompt_tokens, truncated_from, padding_tokens, finish, log_probability, served)| RequestFacts {
            prompt_id,
            prompt_tokens,
            truncated_from,
            padding_tokens,
            finish,
            log_probability,
            served,
        },
    )
}

fn counts() -> impl Strategy<Value = TokenCounts> {
    (of(any::<u64>()), of(any::<u64>()), of(any::<u64>())).prop_map(|(listed, usage, retokenised)| TokenCounts {
        listed,
        usage,
        retokenised,
    })
}

fn served() -> impl Strategy<Value = ServedFacts> {
    let ending = (of(any::<u16>()), of(select(RequestFailure::ALL)), of(text()));
    (ending, counts(), of(any::<u64>()), counts(), any::<u64>(), any::<u32>()).prop_map(
        |((status, failure, reason), prompt, cached_prompt, output, pieces, retries)| ServedFacts {
            status,
            failure,
            reason,
            prompt,
            cached_prompt,
            output,
            pieces,
            retries,
        },
    )
}

fn server() -> impl Strategy<Value = ServerFacts> {
    let named = (text(), select(Endpoint::ALL), text(), select(ServerOrigin::ALL), prop::collection::vec(text(), 0..3));
    let told = (of(window()), of(text()), of(text()), prop::collection::vec((text(), text()), 0..3), of(text()));
    (named, told).prop_map(|((address, endpoint, served_model, origin, command), (start, version, device, reported, no_tokenizer))| {
        ServerFacts { address, endpoint, served_model, origin, command, start, version, device, reported, no_tokenizer }
    })
}

fn offered() -> impl Strategy<Value = OfferedLoad> {
    let arrival = prop_oneof![
        Just(ArrivalShape::Constant),
        Just(ArrivalShape::Poisson),
        number().prop_map(|variation| ArrivalShape::Gamma { variation })
    ];
    let open = (arrival, number(), any::<u64>()).prop_map(|(shape, rate, seed)| LoadShape::Open(ArrivalSpec { shape, rate, seed }));
    let shape = prop_oneof![Just(LoadShape::Batches), Just(LoadShape::Closed), open, text().prop_map(|file| LoadShape::Trace { file })];
    let objectives = (of(duration()), of(duration()), of(duration()), of(number()))
        .prop_map(|(ttft, tpot, end_to_end, share)| Objectives { ttft, tpot, end_to_end, share });
    (shape, of(any::<u32>()), of(duration()), objectives).prop_map(|(shape, cap, ramp, objectives)| OfferedLoad {
        shape,
        cap,
        ramp,
        objectives,
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    (select(FindingCode::ALL), select(&[Severity::Info, Severity::Warning, Severity::Error][..]), text(), of(text()))
        .prop_map(|(code, severity, message, hint)| Finding { code, severity, message, hint })
}

fn memory() -> impl Strategy<Value = MemoryFacts> {
    (of(any::<u64>()), of(any::<u64>()), of(any::<u64>()), of(any::<u64>())).prop_map(|(model, kv_cache, peak_host, peak_device)| {
        MemoryFacts {
            model: model.map(Bytes::new),
            kv_cache: kv_cache.map(Bytes::new),
            peak_host: peak_host.map(Bytes::new),
            peak_device: peak_device.map(Bytes::new),
        }
    })
}

fn engine() -> impl Strategy<Value = EngineFacts> {
    (select(Backend::ALL), text(), text(), text(), of(any::<u32>())).prop_map(|(backend, version, device, kernel, threads)| EngineFacts {
        backend,
        version,
        device,
        kernel,
        threads,
    })
}

fn quantization() -> impl Strategy<Value = QuantizationFacts> {
    (select(LoadQuantization::ALL), text(), prop::collection::vec(text(), 0..3))
        .prop_map(|(asked, stored_types, exceptions)| QuantizationFacts { asked, stored_types, exceptions })
}

fn adapter() -> impl Strategy<Value = AdapterFacts> {
    (text(), of(text()), text(), text(), any::<u64>()).prop_map(|(reference, revision, weights_sha256, config_sha256, matrices)| {
        AdapterFacts { reference, revision, weights_sha256, config_sha256, matrices }
    })
}

fn model() -> impl Strategy<Value = ModelFacts> {
    (of(text()), of(text()), of(text()), of(any::<u64>()), any::<bool>(), of(adapter()), of(quantization())).prop_map(
        |(name, revision, tokenizer_sha256, parameters, shaped, adapter, quantization)| {
            let known = process(0).model;
            let shape = known.shape.filter(|_| shaped);
            ModelFacts { name, revision, tokenizer_sha256, parameters, shape, adapter, quantization, ..known }
        },
    )
}

fn any_process() -> impl Strategy<Value = ProcessRecord> {
    let streams = (prop::collection::vec(request(), 0..5), prop::collection::vec(event(), 0..40), prop::collection::vec(finding(), 0..3));
    let warmup = of((any::<u32>(), window()).prop_map(|(requests, window)| WarmupFacts { requests, window }));
    let counts = any::<[u64; 3]>().prop_map(|[drafted, accepted, verified]| SpeculationCounts { drafted, accepted, verified });
    let speculation = of((of(model()), counts).prop_map(|(draft, counts)| SpeculationFacts { draft, counts }));
    let ran = (engine(), model(), of(server()), of(offered()));
    let whole = (ran, window(), warmup, of(window()), streams, ((of(flops()), of(traffic())), speculation), memory());
    whole.prop_map(|(ran, load, warmup, window, (requests, events, findings), ((executed, traffic), speculation), memory)| {
        let (engine, model, server, offered) = ran;
        ProcessRecord {
            engine,
            server,
            offered,
            model,
            load,
            warmup,
            window,
            requests,
            events,
            executed,
            traffic,
            speculation,
            memory,
            findings,
            ..process(0)
        }
    })
}

fn kind() -> impl Strategy<Value = SensorKind> {
    prop_oneof![
        (of(number()), number()).prop_map(|(wraps_at, power)| SensorKind::EnergyCounter(CounterRange {
            wraps_at: wraps_at.map(Joules::new),
            plausible_power: Watts::new(power),
        })),
        Just(SensorKind::Power(PowerMeaning::Instant)),
        duration().prop_map(|over| SensorKind::Power(PowerMeaning::Averaged(over))),
        (any::<u32>(), number(), number()).prop_map(|(threads, idle, max)| SensorKind::BusyTime(ThreadPower {
            threads,
            idle: Watts::new(idle),
            max: Watts::new(max),
        })),
        select(Gauge::ALL).prop_map(SensorKind::Gauge),
    ]
}

fn descriptor() -> impl Strategy<Value = SensorDescriptor> {
    let timing = (duration(), select(&[Stamp::Read, Stamp::Device][..]), duration());
    (text(), text(), kind(), select(Boundary::ALL), timing, number(), number()).prop_map(
        |(name, device, kind, boundary, (update_period, stamp, interval), resolution, half_width)| SensorDescriptor {
            name: name.clone(),
            device: DeviceId::new(device),
            device_name: name,
            kind,
            boundary,
            update_period,
            stamp,
            interval,
            resolution,
            gain: Gain { half_width, source: "table".into() },
            source: "file".into(),
        },
    )
}

fn verdict() -> impl Strategy<Value = SourceVerdict> {
    let status = prop_oneof![
        Just(SourceStatus::Works),
        text().prop_map(SourceStatus::Broken),
        (text(), text()).prop_map(|(reason, fix)| SourceStatus::NotPermitted { reason, fix }),
        text().prop_map(SourceStatus::Absent),
        Just(SourceStatus::NotAsked),
    ];
    (text(), status).prop_map(|(source, status)| SourceVerdict { source, status })
}

fn any_meter() -> impl Strategy<Value = SensorRecord> {
    let sample = (any::<u16>(), any::<u64>(), number(), any::<u32>()).prop_map(|(sensor, at, value, read_nanos)| SensorSample {
        sensor: SensorIndex(sensor),
        at: Timestamp::from_nanos(at),
        value,
        read_nanos,
    });
    let cost = (any::<u64>(), any::<u64>(), of(duration()), of(duration()), of(duration()))
        .prop_map(|(ticks, missed_ticks, cpu_time, read_p50, read_p99)| SamplerCost { ticks, missed_ticks, cpu_time, read_p50, read_p99 });
    let lists = (prop::collection::vec(descriptor(), 0..4), prop::collection::vec(sample, 0..40), prop::collection::vec(verdict(), 0..5));
    (lists, cost).prop_map(|((sensors, samples, sources), cost)| SensorRecord { sensors, samples, sources, cost })
}

fn any_host() -> impl Strategy<Value = HostRecord> {
    let idle = (select(IdleState::ALL), window()).prop_map(|(state, window)| IdleWindow { state, window });
    let multiplier = || of((number(), text()).prop_map(|(value, source)| Multiplier { value, source }));
    let multipliers = (multiplier(), multiplier(), multiplier(), of(text())).prop_map(|(pue, grid, price, currency)| Multipliers {
        pue,
        grid,
        price,
        currency,
    });
    (any_meter(), prop::collection::vec(idle, 0..4), prop::collection::vec(any_level(), 0..4), multipliers)
        .prop_map(|(meter, idle, kept_idle, multipliers)| HostRecord { meter, idle, kept_idle, asked_precision: Some(0.05), multipliers })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_run_is_read_back_unchanged(process in any_process(), host in any_host()) {
        let (scene, id) = (Scene::empty(), id("run"));
        let run = RunRecord { processes: vec![process], host };
        save(&scene.results, &id, &run);
        prop_assert_eq!(scene.results.load_record(&id).unwrap().cycles, [run.clone()]);
        scene.results.seal(&id).unwrap();
        prop_assert_eq!(scene.results.load_record(&id).unwrap().cycles, [run]);
    }

    #[test]
    fn any_state_is_read_back_unchanged(phase in select(RunPhase::ALL), nanos in 0..4_000_000_000_000_000_000u64, reason in of(text())) {
        let (scene, id) = (Scene::empty(), id("run"));
        scene.results.create(&id, &setup()).unwrap();
        let owner = reason.clone().map(|host: String| RunOwner { host, boot_id: "b".into(), pid: 7, started_ticks: nanos });
        let idle = if nanos % 2 == 0 { vec![IdleState::DriverOnly] } else { Vec::new() };
        let state = RunState { reason, owner, idle, cycle: Some(3), ..RunState::new(phase, UNIX_EPOCH + Duration::from_nanos(nanos)) };
        scene.results.save_state(&id, &state).unwrap();
        prop_assert_eq!(scene.results.load_state(&id).unwrap(), Some(state));
    }
}

#[test]
fn more_than_ten_processes_keep_their_order() {
    let (scene, id) = (Scene::empty(), id("run"));
    save(&scene.results, &id, &RunRecord { processes: (0..12).map(process).collect(), host: host() });
    let indices: Vec<u32> = scene.results.load_record(&id).unwrap().cycles[0].processes.iter().map(|process| process.index).collect();
    assert_eq!(indices, (0..12).collect::<Vec<_>>());
}

#[test]
fn a_value_that_is_no_number_is_refused_and_named() {
    let (scene, id) = (Scene::empty(), id("run"));
    save(&scene.results, &id, &run());
    let check = |spoil: fn(&mut HostRecord), place: &str, field: &str| {
        let mut host = host();
        spoil(&mut host);
        let error = scene.results.save_host(&id, 0, &host).unwrap_err();
        assert!(error.what.contains(place) && error.what.contains(field), "{error}");
        assert_eq!(error.fault, Fault::Run);
    };
    check(|host| host.meter.samples[3].value = f64::NAN, "host.samples.parquet", "value");
    check(|host| host.meter.sensors[1].resolution = f64::INFINITY, "host.json", "sensors[1].resolution");
    check(|host| host.meter.sensors[0].gain.half_width = f64::NAN, "host.json", "sensors[0].gain.half_width_ratio");
    check(|host| host.meter.sensors[2].interval = Duration::MAX, "host.json", "sensors[2].interval_ns");
    check(|host| host.idle[0].window = TimeWindow { start: at(1), end: at(0) }, "host.json", "idle[0].window");
    check(|host| host.kept_idle[0].random_w = f64::NAN, "host.json", "kept_idle[0].random_w");
    check(|host| host.multipliers.price.as_mut().unwrap().value = f64::NAN, "host.json", "multipliers.price_per_kwh.value");
    // A refusal leaves what was there.
    assert_eq!(scene.results.load_record(&id).unwrap().cycles, [run()]);
}

#[test]
fn a_state_that_was_never_saved_is_none_and_not_an_error() {
    let scene = Scene::empty();
    assert_eq!(scene.results.load_state(&id("never")).unwrap(), None);
    scene.results.create(&id("made"), &setup()).unwrap();
    assert_eq!(scene.results.load_state(&id("made")).unwrap(), None);
}
