//! Which experiments give most tokens for least energy.

use super::experiment::ExperimentView;
use lem_domain::{Boundary, Grade};
use serde::Serialize;

/// Where an experiment stands between throughput and energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// None is faster and needs less energy.
    Front,
    /// One is at least as fast and needs less, and the intervals of both overlap: it may belong to the front.
    Unclear,
    /// One is at least as fast and needs less beyond all doubt of the sensors.
    Dominated,
    /// Throughput or energy is missing.
    Unknown,
}

/// What is compared with what: joules of one boundary and one kind of origin.
#[derive(Clone, Copy, PartialEq)]
struct Point {
    boundary: Option<Boundary>,
    estimated: bool,
    throughput: f64,
    energy: f64,
    half_width: f64,
}

/// The standing of each, among those whose energy covers the same and comes from the same kind of source.
pub(super) fn standings(experiments: &[ExperimentView]) -> Vec<Standing> {
    let points: Vec<Option<Point>> = experiments.iter().map(point).collect();
    points.iter().map(|point| point.map_or(Standing::Unknown, |point| standing(point, &points))).collect()
}

fn point(experiment: &ExperimentView) -> Option<Point> {
    let energy = experiment.figure("energy_j_per_output_token")?;
    Some(Point {
        boundary: energy.boundary,
        estimated: energy.grade == Grade::Estimated,
        throughput: experiment.figure("output_tok_per_s")?.value?.approximate(),
        energy: energy.value?.approximate(),
        half_width: energy.uncertainty.map_or(0.0, |uncertainty| uncertainty.expanded_k2),
    })
}

fn standing(point: Point, all: &[Option<Point>]) -> Standing {
    let comparable = |other: &&Point| other.boundary == point.boundary && other.estimated == point.estimated;
    let better = |other: &&Point| {
        other.throughput >= point.throughput
            && other.energy <= point.energy
            && (other.throughput > point.throughput || other.energy < point.energy)
    };
    let mut standing = Standing::Front;
    for other in all.iter().flatten().filter(comparable).filter(better) {
        if other.energy + other.half_width < point.energy - point.half_width {
            return Standing::Dominated;
        }
        standing = Standing::Unclear;
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(throughput: f64, energy: f64, half_width: f64) -> Option<Point> {
        Some(Point { boundary: Some(Boundary::GpuBoard), estimated: false, throughput, energy, half_width })
    }

    fn check(points: &[Option<Point>], expected: &[Standing]) {
        let standings: Vec<Standing> = points.iter().flatten().map(|&point| standing(point, points)).collect();
        assert_eq!(standings, expected);
    }

    #[test]
    fn only_an_interval_that_stands_apart_is_dominated() {
        check(&[at(100.0, 1.0, 0.1), at(50.0, 0.5, 0.1), at(80.0, 2.0, 0.1)], &[Standing::Front, Standing::Front, Standing::Dominated]);
        check(&[at(100.0, 1.0, 0.1), at(80.0, 1.1, 0.1)], &[Standing::Front, Standing::Unclear]);
        check(&[at(100.0, 1.0, 0.0), at(100.0, 1.0, 0.0)], &[Standing::Front, Standing::Front]);
    }

    #[test]
    fn joules_of_other_boundaries_and_estimates_are_not_compared() {
        let host = at(10.0, 9.0, 0.0).map(|point| Point { boundary: Some(Boundary::Host), ..point });
        let guessed = at(10.0, 9.0, 0.0).map(|point| Point { estimated: true, ..point });
        check(&[at(100.0, 1.0, 0.1), host, guessed], &[Standing::Front, Standing::Front, Standing::Front]);
    }
}
