//! Verdicts on arms.

use super::arm::Repetitions;
use crate::record::document::{ArmRecord, ComparisonRecord, ConfidenceIntervalRecord, EffectRecord};
use lem_domain::Uncertainty;
use lem_domain::statistics::{
    Arm, Comparison, Design, Margin, Observation, Verdict, compare, judge, minimum_detectable_effect, ratio_interval, standard_deviation,
};

/// How sure a verdict must be, and what counts as a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComparisonSettings {
    /// Confidence of intervals and verdicts, such as 0.95.
    pub confidence: f64,
    /// What may differ and still be called the same, as a share.
    pub margin: f64,
}

impl Default for ComparisonSettings {
    fn default() -> Self {
        Self { confidence: 0.95, margin: 0.01 }
    }
}

/// The seed of intervals on stored figures: the same figures give the same intervals.
const SEED: u64 = 1;

/// Compares B with A.
#[must_use]
pub fn compare_arms(a: &Repetitions, b: &Repetitions, settings: ComparisonSettings) -> ComparisonRecord {
    compare_family(a, std::slice::from_ref(b), settings).remove(0)
}

/// Compares each of several with A; the verdicts allow for how many there are.
#[must_use]
pub fn compare_family(a: &Repetitions, others: &[Repetitions], settings: ComparisonSettings) -> Vec<ComparisonRecord> {
    let found: Vec<Result<Comparison, String>> = others.iter().map(|b| effect(a, b)).collect();
    let judged: Vec<Comparison> = found.iter().filter_map(|found| found.as_ref().ok().cloned()).collect();
    let mut verdicts = judge(&judged, Margin(settings.margin), settings.confidence).into_iter();
    others
        .iter()
        .zip(found)
        .map(|(b, found)| {
            let effect = found.as_ref().ok().zip(verdicts_of(&found, &mut verdicts));
            let (verdict, record) = match effect {
                Some((comparison, (verdict, probability))) => {
                    (verdict, Some(EffectRecord::of(comparison, probability, settings.confidence)))
                }
                None => (Verdict::Ambiguous, None),
            };
            ComparisonRecord {
                figure: "energy_per_output_token".to_owned(),
                unit: "J/token".to_owned(),
                margin: settings.margin,
                confidence: settings.confidence,
                family: others.len() as u64,
                a: arm(a, settings.confidence),
                b: arm(b, settings.confidence),
                verdict,
                reason: found.err().or_else(|| caveat(a, b, record.as_ref())),
                detectable: detectable(a, b, settings.confidence),
                effect: record,
            }
        })
        .collect()
}

/// The next verdict, for a comparison that was judged.
fn verdicts_of(found: &Result<Comparison, String>, verdicts: &mut impl Iterator<Item = (Verdict, f64)>) -> Option<(Verdict, f64)> {
    found.is_ok().then(|| verdicts.next()).flatten()
}

/// The effect of B against A, or why there is none.
fn effect(a: &Repetitions, b: &Repetitions) -> Result<Comparison, String> {
    for (name, side) in [("A", a), ("B", b)] {
        if let Some(absence) = &side.absence {
            return Err(format!("{name} has no energy per output token: {absence}"));
        }
    }
    if a.boundary != b.boundary {
        let named = |side: &Repetitions| side.boundary.map_or("an unknown boundary", |boundary| boundary.as_str());
        return Err(format!("A covers {}, B {}: their joules are not the same thing", named(a), named(b)));
    }
    if a.is_estimated != b.is_estimated {
        return Err("one is measured and the other estimated by a model of the machine".to_owned());
    }
    let mut all: Vec<(&(String, usize), Arm, f64)> = Vec::new();
    for (arm, side) in [(Arm::A, a), (Arm::B, b)] {
        all.extend(side.units.iter().map(|ordered| (&ordered.place, arm, (ordered.unit.numerator / ordered.unit.denominator).ln())));
    }
    all.sort_by(|one, other| one.0.cmp(other.0));
    let observations: Vec<Observation> = all.iter().map(|&(_, arm, logarithm)| Observation { arm, logarithm, temperature: None }).collect();
    let comparison = compare(&observations)
        .ok_or_else(|| format!("A has {} and B {} repetitions; a spread needs at least two of each", a.units.len(), b.units.len()))?;
    // On the same sensors the gain is common to both and cancels; on different ones both enter.
    let gains = if a.sensors == b.sensors { 0.0 } else { a.systematic.hypot(b.systematic) };
    Ok(Comparison { systematic: comparison.systematic.hypot(Uncertainty::COVERAGE_FACTOR * gains), ..comparison })
}

/// What a reader must know of a verdict that stands.
fn caveat(a: &Repetitions, b: &Repetitions, effect: Option<&EffectRecord>) -> Option<String> {
    let effect = effect?;
    let mut parts = Vec::new();
    if effect.design == "separate" {
        parts.push("they ran one after the other, so drift between them cannot be told from an effect".to_owned());
    }
    if a.sensors != b.sensors {
        parts.push("they were read by different sensors, whose gains differ".to_owned());
    }
    if a.is_estimated {
        parts.push("both energies are estimated from how busy the processor was: what it does not show is not seen".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn arm(side: &Repetitions, confidence: f64) -> ArmRecord {
    let units = side.units();
    let joules: f64 = units.iter().map(|unit| unit.numerator).sum();
    let tokens: f64 = units.iter().map(|unit| unit.denominator).sum();
    ArmRecord {
        experiment_ids: side.ids.clone(),
        repetitions: units.len() as u64,
        energy_per_output_token: (tokens > 0.0).then(|| joules / tokens),
        interval: ratio_interval(&units, confidence, SEED).map(|found| ConfidenceIntervalRecord::from(found.interval)),
    }
}

/// The smallest effect that as many interleaved pairs would find, from the scatter within both.
fn detectable(a: &Repetitions, b: &Repetitions, confidence: f64) -> Option<f64> {
    let scatter = |side: &Repetitions| {
        let logarithms: Vec<f64> = side.units.iter().map(|ordered| (ordered.unit.numerator / ordered.unit.denominator).ln()).collect();
        standard_deviation(&logarithms)
    };
    let pooled = ((scatter(a)?.powi(2) + scatter(b)?.powi(2)) / 2.0).sqrt();
    minimum_detectable_effect(pooled, a.units.len().min(b.units.len()), confidence)
}

impl EffectRecord {
    fn of(comparison: &Comparison, probability: f64, confidence: f64) -> Self {
        let interval = comparison.interval(confidence);
        let (design, blocks) = match comparison.design {
            Design::Interleaved { blocks } => ("interleaved", Some(blocks as u64)),
            Design::Separate => ("separate", None),
        };
        Self {
            ratio: comparison.effect.exp(),
            ratio_interval: interval.exp().into(),
            log_ratio: comparison.effect,
            log_interval: interval.into(),
            standard_error: comparison.standard_error,
            systematic_half_width: comparison.systematic,
            degrees_of_freedom: comparison.degrees,
            adjusted_probability: probability,
            design: design.to_owned(),
            blocks,
            covariates: comparison.covariates.iter().map(|covariate| covariate.as_str().to_owned()).collect(),
        }
    }
}
