//! Latency distributions of a summary, in seconds.

use crate::record::{FieldError, finite};

use lem_domain::derive::{Distribution, LatencySummary};
use serde::{Deserialize, Serialize};

/// Latency distributions over pooled requests, in seconds; each null where no request gave one (MEASUREMENT.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyRecord {
    /// Time to first token, from the intended start.
    pub ttft_s: Option<DistributionRecord>,
    /// Time to first token, from the actual start.
    pub service_ttft_s: Option<DistributionRecord>,
    /// From intended to actual start.
    pub dispatch_delay_s: Option<DistributionRecord>,
    /// Inter-token latency, pooled over all tokens.
    pub itl_s: Option<DistributionRecord>,
    /// Time per output token, one value per request.
    pub tpot_s: Option<DistributionRecord>,
    /// End to end.
    pub end_to_end_s: Option<DistributionRecord>,
}

/// A pooled sample, in the unit that the name of its field carries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DistributionRecord {
    /// Number of values.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n − 1); null for one value.
    pub standard_deviation: Option<f64>,
    /// Smallest value.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest value.
    pub max: f64,
}

impl LatencyRecord {
    pub(super) fn of(latency: &LatencySummary) -> Result<Self, FieldError> {
        let record = |field, distribution: Option<Distribution>| {
            distribution.map(|distribution| DistributionRecord::of(distribution).map_err(|error| error.within(field))).transpose()
        };
        Ok(Self {
            ttft_s: record("latency.ttft_s", latency.ttft)?,
            service_ttft_s: record("latency.service_ttft_s", latency.service_ttft)?,
            dispatch_delay_s: record("latency.dispatch_delay_s", latency.dispatch_delay)?,
            itl_s: record("latency.itl_s", latency.itl)?,
            tpot_s: record("latency.tpot_s", latency.tpot)?,
            end_to_end_s: record("latency.end_to_end_s", latency.end_to_end)?,
        })
    }
}

impl DistributionRecord {
    fn of(distribution: Distribution) -> Result<Self, FieldError> {
        Ok(Self {
            count: distribution.count,
            mean: finite("mean", distribution.mean)?,
            standard_deviation: distribution.standard_deviation.map(|deviation| finite("standard_deviation", deviation)).transpose()?,
            min: finite("min", distribution.min)?,
            p50: finite("p50", distribution.p50)?,
            p90: finite("p90", distribution.p90)?,
            p95: finite("p95", distribution.p95)?,
            p99: finite("p99", distribution.p99)?,
            max: finite("max", distribution.max)?,
        })
    }
}
