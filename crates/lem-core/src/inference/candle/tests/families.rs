//! Every family against Hugging Face transformers, on tiny random checkpoints: `tests/fixtures/families`, whose README
//! says what each part is worth.

use crate::inference::architecture::read;
use crate::inference::checkpoint::{
    Assembled, Changes, Checkpoint, CheckpointError, Choice, Config, Format, Quantiser, Safetensors, Tensor, assemble, floats,
};
use crate::inference::cpu::{self, Level, Pool, Processor, SharedPool, Tiled};
use crate::inference::executed::Executed;
use crate::inference::executor::{Executor, Extent, Segment};
use crate::inference::sampling::most_probable;
use crate::inference::tensor::{self, Accelerator};
use candle_core::{DType, Device};
use lem_domain::spec::LoadQuantization;
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Requests of the ragged batch.
pub(super) const ROWS: usize = 3;
/// Tokens that each of them goes on for.
const STEPS: usize = 32;

/// Largest difference of logits, as a part of their range.
pub(super) const TOLERANCE: f32 = 2e-5;
pub(super) const BF16_TOLERANCE: f32 = 1e-2;
/// Where activations are rounded to bfloat16 too. transformers computing in bfloat16 is off by 0.004 to 0.046.
const BF16_DOTS_TOLERANCE: f32 = 3e-2;

pub(super) struct Fixture {
    name: String,
    pub(super) folder: PathBuf,
    pub(super) expected: Vec<u8>,
    pub(super) prompts: Vec<Vec<u32>>,
    continuations: Vec<Vec<u32>>,
}

/// What runs a decoder.
#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    Processor {
        level: Level,
        threads: usize,
    },
    /// Candle's tensors on its CPU device, in this precision.
    Tensors(DType),
}

impl On {
    /// Both, in f32.
    pub(super) fn both() -> [Self; 2] {
        [Self::processor(), Self::Tensors(DType::F32)]
    }

    pub(super) fn processor() -> Self {
        Self::Processor { level: Level::best(), threads: 1 }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families")
}

pub(super) fn fixtures() -> Vec<Fixture> {
    let mut folders: Vec<_> = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(Fixture::open).collect()
}

impl Fixture {
    /// That of one family.
    pub(super) fn of(name: &str) -> Self {
        Self::open(root().join(name))
    }

    fn open(folder: PathBuf) -> Self {
        let expected = std::fs::read(folder.join("expected.safetensors")).unwrap();
        let header = SafeTensors::deserialize(&expected).unwrap();
        let numbers = |name: &str| -> Vec<u32> {
            let view = header.tensor(name).unwrap();
            view.data().as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
        };
        let mut tokens = numbers("tokens").into_iter();
        let prompts = numbers("lengths").iter().map(|&length| tokens.by_ref().take(usize::try_from(length).unwrap()).collect()).collect();
        let continuations = numbers("continuation").chunks(STEPS).map(<[u32]>::to_vec).collect();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, prompts, continuations, folder, expected }
    }

    /// Expected logits, position by position.
    pub(super) fn logits(&self, name: &str) -> Vec<Vec<f32>> {
        let header = SafeTensors::deserialize(&self.expected).unwrap();
        let view = header.tensor(name).unwrap();
        floats(Format::F32, view.data()).chunks(*view.shape().last().unwrap()).map(<[f32]>::to_vec).collect()
    }

    pub(super) fn checkpoint(&self) -> Safetensors {
        Safetensors::open(&[self.folder.join("model.safetensors")]).unwrap()
    }

    /// The model as it is stored.
    pub(super) fn model(&self, on: On, checkpoint: &dyn Checkpoint) -> Model {
        self.changed(on, checkpoint, Changes::default()).0
    }

    /// The model, and how many of its matrices were quantised.
    pub(super) fn changed(&self, on: On, checkpoint: &dyn Checkpoint, changes: Changes<'_>) -> (Model, usize) {
        self.try_changed(on, checkpoint, changes).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// With room for the requests of this fixture.
    pub(super) fn try_changed(&self, on: On, checkpoint: &dyn Checkpoint, changes: Changes<'_>) -> Result<(Model, usize), CheckpointError> {
        let (mut executor, quantised) = self.executor(on, checkpoint, changes)?;
        let longest = self.prompts.iter().map(Vec::len).max().unwrap();
        executor.reserve(Extent { rows: ROWS, capacity: longest + STEPS, tokens: 64, positions: 64 }).unwrap();
        (0..ROWS).for_each(|row| executor.begin(row, longest + STEPS));
        Ok((Model { executor, executed: Executed::default() }, quantised))
    }

    fn executor(&self, on: On, checkpoint: &dyn Checkpoint, changes: Changes<'_>) -> Result<(Box<dyn Executor>, usize), CheckpointError> {
        let config = Config::open(&self.folder.join("config.json"))?;
        let (architecture, names) = read::config(&config)?;
        let count = |quantised: &BTreeMap<_, Choice>| quantised.values().filter(|choice| !choice.format.is_float()).count();
        match on {
            On::Processor { level, threads } => {
                let Assembled { weights, changed } = assemble(&Tiled, &architecture, &names, checkpoint, changes)?;
                let pool = SharedPool::new(Pool::new(threads).unwrap().into());
                Ok((Box::new(Processor::new(cpu::Decoder::new(architecture, weights, level), pool)), count(&changed)))
            }
            On::Tensors(precision) => {
                let place = tensor::Placement { device: Device::Cpu, precision };
                let Assembled { weights, changed } = assemble(&place, &architecture, &names, checkpoint, changes)?;
                Ok((Box::new(Accelerator::new(tensor::Decoder::new(architecture, weights, place))), count(&changed)))
            }
        }
    }

    /// Errors of all expected logits of the prompts together, as a part of the logits.
    pub(super) fn relative_error(&self, got: &[Vec<f32>]) -> f32 {
        let expected = self.logits("prompt_logits");
        let pairs = || got.iter().flatten().zip(expected.iter().flatten());
        let errors: f32 = pairs().map(|(got, expected)| (got - expected).powi(2)).sum();
        (errors / pairs().map(|(_, expected)| expected.powi(2)).sum::<f32>()).sqrt()
    }

    pub(super) fn check(&self, what: &str, got: &[Vec<f32>], expected: &[Vec<f32>], tolerance: f32) {
        for (position, error) in errors(got, expected).into_iter().enumerate() {
            assert!(error <= tolerance, "{}, {what}: logits of position {position} are {error} of their range off", self.name);
        }
    }
}

/// The largest error of each position's logits, as a part of the range of all.
fn errors(got: &[Vec<f32>], expected: &[Vec<f32>]) -> Vec<f32> {
    assert_eq!(got.len(), expected.len());
    let all = || expected.iter().flatten().copied();
    let range = all().fold(f32::MIN, f32::max) - all().fold(f32::MAX, f32::min);
    let largest = |got: &[f32], expected: &[f32]| {
        assert_eq!(got.len(), expected.len());
        got.iter().zip(expected).map(|(got, expected)| (got - expected).abs()).fold(0.0, f32::max) / range
    };
    got.iter().zip(expected).map(|(got, expected)| largest(got, expected)).collect()
}

/// The model of a family, without room.
pub(super) fn family(name: &str, on: On) -> Box<dyn Executor> {
    let fixture = Fixture::of(name);
    fixture.executor(on, &fixture.checkpoint(), Changes::default()).unwrap().0
}

/// The most probable tokens after a prompt, each computed with all before it in one pass.
pub(super) fn greedy(name: &str, prompt: &[u32], tokens: usize) -> Vec<u32> {
    let mut text = prompt.to_vec();
    for _ in 0..tokens {
        let fixture = Fixture::of(name);
        let mut model = fixture.model(On::processor(), &fixture.checkpoint());
        let logits = model.run(&[Segment { row: 0, tokens: &text }]).pop().unwrap();
        text.push(most_probable(&logits));
    }
    text.split_off(prompt.len())
}

pub(super) struct Model {
    executor: Box<dyn Executor>,
    executed: Executed,
}

impl Model {
    /// Whether tokens are routed to experts.
    pub(super) fn routes(&self) -> bool {
        self.executor.architecture().shape.experts.is_some()
    }

    /// Logits at every position of a pass.
    pub(super) fn run(&mut self, segments: &[Segment<'_>]) -> Vec<Vec<f32>> {
        self.executor.run(segments, &mut self.executed).unwrap();
        let positions: Vec<_> = (0..segments.iter().map(|segment| segment.tokens.len()).sum()).collect();
        let vocabulary = self.executor.architecture().vocabulary;
        self.executor.logits(&positions, &mut self.executed).unwrap().chunks(vocabulary).map(<[f32]>::to_vec).collect()
    }

    /// All prompts in one pass.
    pub(super) fn prompts(&mut self, fixture: &Fixture) -> Vec<Vec<f32>> {
        let segments: Vec<_> = fixture.prompts.iter().enumerate().map(|(row, tokens)| Segment { row, tokens }).collect();
        self.run(&segments)
    }
}

/// Runs the prompts in one pass and then step by step, and holds all logits to the reference.
pub(super) fn check_run(fixture: &Fixture, what: &str, mut model: Model) {
    let prompts = model.prompts(fixture);
    fixture.check(what, &prompts, &fixture.logits("prompt_logits"), TOLERANCE);
    let expected = fixture.logits("continuation_logits");
    // The first of them came with the prompt.
    for step in 1..STEPS {
        let tokens: Vec<[u32; 1]> = fixture.continuations.iter().map(|tokens| [tokens[step - 1]]).collect();
        let segments: Vec<_> = tokens.iter().enumerate().map(|(row, tokens)| Segment { row, tokens }).collect();
        let got = model.run(&segments);
        let expected: Vec<_> = (0..ROWS).map(|row| expected[row * STEPS + step].clone()).collect();
        fixture.check(&format!("{what}, step {step}"), &got, &expected, TOLERANCE);
    }
}

#[test]
fn ragged_prompts_and_32_steps_give_the_logits_of_transformers() {
    for fixture in fixtures() {
        for level in Level::available() {
            check_run(&fixture, level.name(), fixture.model(On::Processor { level, threads: 2 }, &fixture.checkpoint()));
        }
    }
}

#[test]
fn pieces_of_a_prompt_give_what_the_whole_gives_and_rows_do_not_see_each_other() {
    for fixture in fixtures() {
        let checkpoint = fixture.checkpoint();
        let whole = fixture.model(On::processor(), &checkpoint).prompts(&fixture);
        let mut model = fixture.model(On::Processor { level: Level::best(), threads: 2 }, &checkpoint);
        // The longest prompt alone, in pieces; its logits are the last ones of the batch.
        let prompt = &fixture.prompts[ROWS - 1];
        let got: Vec<_> =
            [&prompt[..5], &prompt[5..6], &prompt[6..]].into_iter().flat_map(|tokens| model.run(&[Segment { row: 1, tokens }])).collect();
        let expected = &whole[whole.len() - prompt.len()..];
        let same = |(left, right): (&f32, &f32)| left.to_bits() == right.to_bits();
        assert!(got.iter().flatten().zip(expected.iter().flatten()).all(same), "{}", fixture.name);
    }
}

/// The original context of `phi3_longrope_short`, within which its prompts stay.
const USUAL: usize = 64;

#[test]
fn how_positions_turn_hangs_on_the_text_and_not_on_the_room() {
    let fixture = Fixture::of("phi3_longrope_short");
    for on in On::both() {
        let (mut executor, _) = fixture.executor(on, &fixture.checkpoint(), Changes::default()).unwrap();
        executor.reserve(Extent { rows: ROWS + 1, capacity: 2 * USUAL, tokens: 3 * USUAL, positions: 3 * USUAL }).unwrap();
        executor.begin(0, 2 * USUAL);
        (1..=ROWS).for_each(|row| executor.begin(row, USUAL));
        let long = &fixture.prompts[ROWS - 1];
        let others = fixture.prompts.iter().enumerate().map(|(index, tokens)| Segment { row: index + 1, tokens });
        let segments: Vec<_> = std::iter::once(Segment { row: 0, tokens: long }).chain(others).collect();
        let mut got = Model { executor, executed: Executed::default() }.run(&segments);
        let short = got.split_off(long.len());
        let expected = fixture.logits("prompt_logits");
        fixture.check("beside a long text", &short, &expected, TOLERANCE);
        assert!(
            errors(&got, &expected[expected.len() - long.len()..]).into_iter().any(|error| error > 10.0 * TOLERANCE),
            "a long text turns otherwise"
        );
    }
}

/// A checkpoint with every number rounded to bfloat16.
pub(super) struct Rounded<'a>(BTreeMap<String, (Vec<usize>, Vec<u8>)>, &'a Safetensors);

impl<'a> Rounded<'a> {
    pub(super) fn new(checkpoint: &'a Safetensors) -> Self {
        let round = |name: &str| {
            let tensor = checkpoint.get(name).unwrap();
            let bytes = floats(tensor.format, tensor.bytes).into_iter().flat_map(|value| half::bf16::from_f32(value).to_le_bytes());
            (name.to_owned(), (tensor.shape, bytes.collect()))
        };
        Self(checkpoint.names().map(round).collect(), checkpoint)
    }
}

impl Checkpoint for Rounded<'_> {
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.1.names()
    }

    fn get(&self, name: &str) -> Option<Tensor<'_>> {
        self.0.get(name).map(|(shape, bytes)| Tensor { format: Format::Bf16, shape: shape.clone(), bytes, file: None })
    }

    fn release(&self, _: &str) {}
}

#[test]
fn bfloat16_weights_give_the_logits_of_the_rounded_model() {
    for fixture in fixtures() {
        for level in Level::available() {
            let checkpoint = fixture.checkpoint();
            let mut model = fixture.model(On::Processor { level, threads: 1 }, &Rounded::new(&checkpoint));
            let (got, expected) = (model.prompts(&fixture), fixture.logits("prompt_logits_bf16"));
            if !level.dots_bf16() {
                fixture.check(level.name(), &got, &expected, BF16_TOLERANCE);
            } else if family(&fixture.name, On::Processor { level, threads: 1 }).architecture().shape.experts.is_none() {
                fixture.check(level.name(), &got, &expected, BF16_DOTS_TOLERANCE);
            } else {
                // Rounding sends tokens to other experts where two are nearly tied, and such a token says something else.
                let close = errors(&got, &expected).into_iter().filter(|&error| error <= BF16_DOTS_TOLERANCE).count();
                assert!(3 * close >= 2 * expected.len(), "{}: most tokens go to the same experts", fixture.name);
            }
        }
    }
}

/// Weights in eight bits meet activations in eight bits, whose errors do not average out in models this narrow: all logits
/// together are held to a bound. A matrix at the wrong place is off by the logits themselves.
#[test]
fn every_family_is_quantised_while_it_is_loaded() {
    const BOUND: f32 = 0.1;
    for fixture in fixtures() {
        let asked = [LoadQuantization::EightBit, LoadQuantization::FourBit];
        for (asked, on) in asked.into_iter().flat_map(|asked| On::both().map(|on| (asked, on))) {
            let changes = Changes { quantiser: Some(Quantiser { asked }), threads: 2, ..Changes::default() };
            let (mut model, changed) = fixture.changed(on, &fixture.checkpoint(), changes);
            assert!(changed > 0, "{}: nothing was quantised", fixture.name);
            let error = fixture.relative_error(&model.prompts(&fixture));
            assert!(error > 1e-4 && error < BOUND, "{} on {on:?}: {error} of the logits", fixture.name);
        }
    }
}
