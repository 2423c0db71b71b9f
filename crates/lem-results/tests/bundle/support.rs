//! A small run of two processes, and a results folder to put it in.

use lem_domain::backend::Backend;
use lem_domain::counter::CounterRange;
use lem_domain::flops::{FlopsBreakdown, ModelShape};
use lem_domain::protocol::{ResultsRepository, RunSetup};
use lem_domain::record::{DatasetFacts, EngineFacts, MemoryFacts, ModelFacts, ProcessRecord, RequestFacts, RunRecord, WarmupFacts};
use lem_domain::sensor::{
    Gain, SamplerCost, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, SourceStatus, SourceVerdict, ThreadPower,
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

/// Makes a bundle and saves the raw records, without sealing it.
pub(crate) fn save(results: &ResultsFolder, id: &ExperimentId, run: &RunRecord) {
    results.create(id, &setup()).unwrap();
    for process in &run.processes {
        results.save_process(id, process).unwrap();
    }
    results.save_host(id, &run.host).unwrap();
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

/// Two processes of two requests each, a counter of a board and a busy-time sensor, over two seconds.
pub(crate) fn run() -> RunRecord {
    RunRecord { processes: (0..2).map(process).collect(), host: host() }
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
            device: "cpu".into(),
            kernel: "f32".into(),
            threads: Some(2),
        },
        model: model(),
        dataset: DatasetFacts { name: "embedded".into(), sha256: "ab".repeat(32), available: 8 },
        load: window(0, 300),
        warmup: Some(WarmupFacts { requests: 1, window: window(300, 900) }),
        window: Some(window(1_000, 3_000 + late)),
        requests: vec![request("p-1", None), request("p-2", Some(900))],
        events: events(late),
        executed: Some(FlopsBreakdown {
            linear: Flops::new(30_000_000_000),
            attention: Flops::new(90_000_000),
            lm_head: Flops::new(3_000_000_000),
        }),
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
        }),
    }
}

fn request(prompt_id: &str, truncated_from: Option<u64>) -> RequestFacts {
    RequestFacts { prompt_id: prompt_id.into(), prompt_tokens: 40, truncated_from, padding_tokens: 0, finish: Some(FinishReason::Length) }
}

/// Two requests one after the other: 40 ms of prefill, then a token every 10 ms for 16 tokens.
fn events(late: u64) -> Vec<TokenEvent> {
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

/// 50 W on the board's counter and half of the processor busy, sampled every 100 ms from 0 to 4 s.
pub(crate) fn host() -> SensorRecord {
    let counter = SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: Watts::new(1_000.0) });
    let busy = SensorKind::BusyTime(ThreadPower { threads: 2, idle: Watts::new(0.5), max: Watts::new(5.0) });
    let samples = (0..=40u32).flat_map(|tick| {
        let sample =
            |sensor, value| SensorSample { sensor: SensorIndex(sensor), at: at(u64::from(tick) * 100), value, read_nanos: 1_200 + tick };
        [sample(0, 1e6 + 5.0 * f64::from(tick)), sample(1, 0.1 * f64::from(tick))]
    });
    SensorRecord {
        sensors: vec![
            sensor("total-energy", "GPU-0000", counter, Boundary::GpuBoard),
            sensor("busy-time", "cpu", busy, Boundary::CpuPackage),
        ],
        samples: samples.collect(),
        sources: vec![
            SourceVerdict { source: "nvml".into(), status: SourceStatus::Works },
            SourceVerdict {
                source: "rapl".into(),
                status: SourceStatus::NotPermitted { reason: "permission denied".into(), fix: "chmod a+r energy_uj".into() },
            },
        ],
        cost: SamplerCost {
            ticks: 41,
            missed_ticks: 0,
            cpu_time: Some(Duration::from_micros(900)),
            read_p50: Some(Duration::from_nanos(1_220)),
            read_p99: None,
        },
        interval: Duration::from_millis(100),
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
        resolution: 0.001,
        gain: Gain { half_width: 0.05, source: "assumed".into() },
        source: format!("{name} of {device}"),
    }
}
