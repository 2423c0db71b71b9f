//! A small run of two processes, and a results folder to put it in.

use lem_domain::backend::Backend;
use lem_domain::counter::CounterRange;
use lem_domain::flops::{FlopsBreakdown, ModelShape};
use lem_domain::idle::{IdleLevel, IdleState, IdleWindow};
use lem_domain::impact::{Multiplier, Multipliers};
use lem_domain::protocol::{ResultsRepository, RunSetup};
use lem_domain::record::{
    DatasetFacts, EngineFacts, HostRecord, MemoryFacts, ModelFacts, ProcessRecord, RequestFacts, RunRecord, WarmupFacts,
};
use lem_domain::sensor::{
    Gain, Gauge, PowerMeaning, SamplerCost, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, SourceStatus,
    SourceVerdict, Stamp, ThreadPower,
};
use lem_domain::token::{FinishReason, RequestIndex, TokenEvent, TokenEventKind};
use lem_domain::units::{Bytes, Flops, Watts};
use lem_domain::{Boundary, DeviceId, ExperimentId, Finding, FindingCode, Severity, TimeWindow, Timestamp};
use lem_results::ResultsFolder;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// A results folder that goes away with the test.
pub(crate) struct Scene {
    pub(crate) results: ResultsFolder,
    _folder: TempDir,
}

impl Scene {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { results: ResultsFolder::new(folder.path().join("results")), _folder: folder }
    }

    /// A scene with one bundle of [`run`], sealed.
    pub(crate) fn with_sealed(name: &str) -> (Self, ExperimentId) {
        let scene = Self::empty();
        let id = id(name);
        save(&scene.results, &id, &run());
        scene.results.seal(&id).unwrap();
        (scene, id)
    }

    pub(crate) fn path(&self, id: &ExperimentId, file: &str) -> PathBuf {
        self.results.root().join(id.as_str()).join(file)
    }
}

pub(crate) fn id(name: &str) -> ExperimentId {
    name.parse().unwrap()
}

/// Makes a bundle and saves the raw records of its one cycle, without sealing it.
pub(crate) fn save(results: &ResultsFolder, id: &ExperimentId, run: &RunRecord) {
    save_cycles(results, id, std::slice::from_ref(run));
}

/// The same with several cycles.
pub(crate) fn save_cycles(results: &ResultsFolder, id: &ExperimentId, cycles: &[RunRecord]) {
    results.create(id, &setup()).unwrap();
    for (cycle, run) in (0..).zip(cycles) {
        save_cycle(results, id, cycle, run);
    }
}

pub(crate) fn save_cycle(results: &ResultsFolder, id: &ExperimentId, cycle: u32, run: &RunRecord) {
    for process in &run.processes {
        results.save_process(id, cycle, process).unwrap();
    }
    results.save_host(id, cycle, &run.host).unwrap();
}

pub(crate) fn setup() -> RunSetup {
    RunSetup {
        config_yaml: "model_name: model.gguf\n".into(),
        provenance_json: "{\"model_name\": \"file\"}\n".into(),
        environment_json: "{\"cpu\": \"test\"}\n".into(),
        spec_digest: "0123abcd".into(),
        tool_version: "0.1.0".into(),
        created_at: UNIX_EPOCH + Duration::from_millis(1_795_492_604_123),
    }
}

/// Two processes of two requests each over two seconds, and a host that recorded all there is to record.
pub(crate) fn run() -> RunRecord {
    RunRecord { processes: (0..2).map(process).collect(), host: host() }
}

/// A second cycle of [`run`], which refers to the idle power that the first one found.
pub(crate) fn later() -> RunRecord {
    let mut run = run();
    run.processes.iter_mut().for_each(|process| process.findings.clear());
    let watched = |sensor: &str| IdleLevel { sensor: sensor.into(), state: IdleState::DriverOnly, power: Watts::new(20.0), ..level() };
    run.host.kept_idle = vec![level(), watched("total-energy"), watched("power")];
    run.host.idle.clear();
    run
}

/// The same processes on a host of which less was recorded.
pub(crate) fn run_of_1_0() -> RunRecord {
    let mut run = RunRecord { host: host_of_1_0(), ..run() };
    // The only device that version could name.
    run.processes.iter_mut().for_each(|process| process.engine.device = EngineFacts::PROCESSOR.into());
    run
}

pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_nanos(5_000_000_000 + millis * 1_000_000)
}

pub(crate) fn window(start: u64, end: u64) -> TimeWindow {
    TimeWindow { start: at(start), end: at(end) }
}

pub(crate) fn process(index: u32) -> ProcessRecord {
    let late = u64::from(index) * 10;
    ProcessRecord {
        index,
        expected_processes: 2,
        engine: EngineFacts {
            backend: Backend::Candle,
            version: "0.11.0".into(),
            device: "cuda:0".into(),
            kernel: "f32".into(),
            threads: Some(2),
        },
        server: None,
        model: model(),
        dataset: DatasetFacts { name: "embedded".into(), sha256: "ab".repeat(32), available: Some(8), ..DatasetFacts::default() },
        load: window(0, 300),
        warmup: Some(WarmupFacts { requests: 1, window: window(300, 900) }),
        offered: None,
        window: Some(window(1_000, 3_000 + late)),
        requests: vec![request("p-1", None), request("p-2", Some(900))],
        events: events(late),
        speculation: None,
        executed: Some(FlopsBreakdown {
            linear: Flops::new(30_000_000_000),
            attention: Flops::new(90_000_000),
            lm_head: Flops::new(3_000_000_000),
        }),
        traffic: None,
        memory: MemoryFacts {
            model: Some(Bytes::new(91_000_000)),
            kv_cache: None,
            peak_host: Some(Bytes::new(240_000_000)),
            peak_device: None,
        },
        findings: vec![
            Finding::new(FindingCode::SamplesMissed, Severity::Warning, "2 % of the processor was busy elsewhere").with_hint("stop it"),
        ],
    }
}

fn model() -> ModelFacts {
    ModelFacts {
        reference: "model.gguf".into(),
        name: Some("SmolLM2 135M".into()),
        architecture: "llama".into(),
        revision: None,
        weights_sha256: Some("cd".repeat(32)),
        tokenizer_sha256: None,
        weight_types: "Q4_1 ×210, F32 ×61".into(),
        adapter: None,
        quantization: None,
        parameters: Some(134_515_008),
        shape: Some(ModelShape {
            layers: 30,
            hidden: 576,
            heads: 9,
            kv_heads: 3,
            head_dim: 64,
            intermediate: 1_536,
            gated_mlp: true,
            vocabulary: 49_152,
            max_context: 8_192,
            windowed: None,
            experts: None,
        }),
    }
}

fn request(prompt_id: &str, truncated_from: Option<u64>) -> RequestFacts {
    RequestFacts {
        prompt_id: prompt_id.into(),
        prompt_tokens: Some(40),
        truncated_from,
        padding_tokens: 0,
        finish: Some(FinishReason::Length),
        log_probability: None,
        served: None,
    }
}

/// Two requests one after the other: 40 ms of prefill, then a token every 10 ms for 16 tokens.
pub(crate) fn events(late: u64) -> Vec<TokenEvent> {
    let mut events = Vec::new();
    for (request, start) in [(0, 1_000 + late), (1, 1_900 + late)] {
        let mut push = |millis, kind| events.push(TokenEvent { request: RequestIndex(request), at: at(millis), kind });
        push(start, TokenEventKind::Arrived);
        push(start + 1, TokenEventKind::Scheduled);
        for token in 0..16 {
            push(start + 41 + 10 * token, TokenEventKind::Tokens { count: 1 });
        }
        push(start + 191, TokenEventKind::Finished(FinishReason::Length));
    }
    events
}

/// When a sample of [`host`] was taken, by its tick of 100 ms: from two seconds before the load to a second past the window.
fn tick_at(tick: u32) -> Timestamp {
    Timestamp::from_nanos(3_000_000_000 + u64::from(tick) * 100_000_000)
}

/// A board with a counter, a power sensor and two gauges: 20 W until the load begins at tick 20, then 50 W. Beside it a
/// processor of which half is busy. The board idled before the load, and a level of the loaded model was kept.
pub(crate) fn host() -> HostRecord {
    let boards = [
        sensor("total-energy", "GPU-0000", counter(), Boundary::GpuBoard),
        SensorDescriptor {
            stamp: Stamp::Device,
            interval: Duration::from_millis(50),
            ..sensor("power", "GPU-0000", SensorKind::Power(PowerMeaning::Instant), Boundary::GpuBoard)
        },
        sensor("busy-time", "cpu", busy(), Boundary::CpuPackage),
        sensor("temperature", "GPU-0000", SensorKind::Gauge(Gauge::Temperature), Boundary::GpuBoard),
        sensor("throttle", "GPU-0000", SensorKind::Gauge(Gauge::ThrottleReasons), Boundary::GpuBoard),
    ];
    let samples = (0..=60u32).flat_map(|tick| {
        let sample = |sensor, value| SensorSample { sensor: SensorIndex(sensor), at: tick_at(tick), value, read_nanos: 1_200 + tick };
        let busy_ticks = tick.saturating_sub(20);
        let energy = 1e6 + 2.0 * f64::from(tick) + 3.0 * f64::from(busy_ticks);
        let power = if tick < 20 { 20.0 } else { 50.0 };
        [
            sample(0, energy),
            sample(1, power),
            sample(2, 0.1 * f64::from(tick)),
            sample(3, 40.0 + f64::from(tick / 10)),
            sample(4, if tick == 45 { 4.0 } else { 1.0 }),
        ]
    });
    HostRecord {
        meter: SensorRecord { sensors: boards.into(), samples: samples.collect(), sources: sources(), cost: cost() },
        idle: vec![IdleWindow { state: IdleState::DriverOnly, window: TimeWindow { start: tick_at(2), end: tick_at(18) } }],
        kept_idle: vec![level()],
        asked_precision: Some(0.05),
        multipliers: multipliers(),
    }
}

/// An idle level found by an earlier run.
pub(crate) fn level() -> IdleLevel {
    IdleLevel {
        device: DeviceId::new("GPU-0000"),
        sensor: "total-energy".into(),
        state: IdleState::ModelLoaded,
        power: Watts::new(24.0),
        random_w: 0.125,
        at: UNIX_EPOCH + Duration::from_secs(1_795_400_000),
    }
}

fn multipliers() -> Multipliers {
    let multiplier = |value, source: &str| Some(Multiplier { value, source: source.into() });
    Multipliers {
        pue: None,
        grid: multiplier(400.0, "a table of 2025"),
        price: multiplier(0.25, "configured"),
        currency: Some("EUR".into()),
    }
}

/// What version 1.0 could record: 50 W on the board's counter and half of the processor busy, sampled every 100 ms from 0
/// to 4 s.
pub(crate) fn host_of_1_0() -> HostRecord {
    let samples = (0..=40u32).flat_map(|tick| {
        let sample =
            |sensor, value| SensorSample { sensor: SensorIndex(sensor), at: at(u64::from(tick) * 100), value, read_nanos: 1_200 + tick };
        [sample(0, 1e6 + 5.0 * f64::from(tick)), sample(1, 0.1 * f64::from(tick))]
    });
    let sensors =
        vec![sensor("total-energy", "GPU-0000", counter(), Boundary::GpuBoard), sensor("busy-time", "cpu", busy(), Boundary::CpuPackage)];
    HostRecord { meter: SensorRecord { sensors, samples: samples.collect(), sources: sources(), cost: cost() }, ..HostRecord::default() }
}

fn counter() -> SensorKind {
    SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: Watts::new(1_000.0) })
}

fn busy() -> SensorKind {
    SensorKind::BusyTime(ThreadPower { threads: 2, idle: Watts::new(0.5), max: Watts::new(5.0) })
}

fn sources() -> Vec<SourceVerdict> {
    let refused = SourceStatus::NotPermitted { reason: "permission denied".into(), fix: "chmod a+r energy_uj".into() };
    vec![SourceVerdict { source: "nvml".into(), status: SourceStatus::Works }, SourceVerdict { source: "rapl".into(), status: refused }]
}

fn cost() -> SamplerCost {
    SamplerCost {
        ticks: 41,
        missed_ticks: 0,
        cpu_time: Some(Duration::from_micros(900)),
        read_p50: Some(Duration::from_nanos(1_220)),
        read_p99: None,
    }
}

fn sensor(name: &str, device: &str, kind: SensorKind, boundary: Boundary) -> SensorDescriptor {
    SensorDescriptor {
        name: name.into(),
        device: DeviceId::new(device),
        device_name: format!("{device} of the test"),
        kind,
        boundary,
        update_period: Duration::from_millis(20),
        stamp: Stamp::Read,
        interval: Duration::from_millis(100),
        resolution: 0.001,
        gain: Gain { half_width: 0.05, source: "assumed".into() },
        source: format!("{name} of {device}"),
    }
}
