//! The NVML calls that the wrapper makes only by allocating, and a handle that outlives a borrow of the library.

#![expect(unsafe_code, reason = "reads inside the measured window must not allocate, which these two calls of the wrapper do")]

use lem_domain::Timestamp;
use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::{Device, GpmSample, Nvml};
use nvml_wrapper_sys::bindings::{
    NVML_GPM_METRICS_GET_VERSION, nvmlDevice_t, nvmlFieldValue_t, nvmlGpmMetric_t, nvmlGpmMetric_t__bindgen_ty_1, nvmlGpmMetricsGet_t,
    nvmlGpmSample_t, nvmlReturn_enum_NVML_SUCCESS, nvmlValue_t, nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT,
};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

/// One board, and the library that its handle belongs to.
pub(super) struct Board {
    nvml: Arc<Nvml>,
    handle: nvmlDevice_t,
}

// SAFETY: the handle is a name that only NVML looks behind, and NVML's documentation says that simultaneous calls from
// several threads are safe; the wrapper's own `Device` is `Send` and `Sync` on the same ground.
unsafe impl Send for Board {}
// SAFETY: as above; no method of `Board` changes anything on this side.
unsafe impl Sync for Board {}

impl Board {
    /// The board at an index of NVML's order, which is that of the PCI bus.
    ///
    /// # Errors
    /// What NVML says: no permission, lost, …
    pub(super) fn open(nvml: &Arc<Nvml>, index: u32) -> Result<Self, NvmlError> {
        let device = nvml.device_by_index(index)?;
        // SAFETY: a handle stays valid until nvmlShutdown, which the wrapper calls when the last `Arc` goes; the clone
        // that is kept beside the handle makes that later than the handle's last use.
        let handle = unsafe { device.handle() };
        Ok(Self { nvml: Arc::clone(nvml), handle })
    }

    /// The board as the wrapper's safe calls know it.
    pub(super) fn device(&self) -> Device<'_> {
        // SAFETY: the handle came from this very library, which `self` keeps alive for as long as the device is borrowed.
        unsafe { Device::new(self.handle, &self.nvml) }
    }
}

/// A field and the part of the board that it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Number of the field, such as 186 for the instant power.
    pub(super) id: u32,
    /// What it covers: `NVML_POWER_SCOPE_…`.
    pub(super) scope: u32,
}

/// What a field said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldReading {
    /// The value as it came; milliwatts for a power.
    pub(super) raw: u32,
    /// The driver's time stamp: microseconds of processor time since 1970.
    pub(super) stamp_micros: i64,
}

/// Fields that one call reads into a buffer of its own.
pub(super) struct Fields {
    values: Box<[nvmlFieldValue_t]>,
    /// Whether the last call filled the buffer.
    answered: bool,
}

impl Fields {
    pub(super) fn new(asked: &[Field]) -> Self {
        let blank = |field: &Field| nvmlFieldValue_t {
            fieldId: field.id,
            scopeId: field.scope,
            timestamp: 0,
            latencyUsec: 0,
            valueType: nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT,
            nvmlReturn: nvmlReturn_enum_NVML_SUCCESS,
            value: nvmlValue_t { ullVal: 0 },
        };
        Self { values: asked.iter().map(blank).collect(), answered: false }
    }

    /// Asks for all of them at once.
    pub(super) fn read(&mut self, board: &Board) {
        self.answered = false;
        let (Ok(call), Ok(count)) = (board.nvml.lib().nvmlDeviceGetFieldValues.as_ref(), i32::try_from(self.values.len())) else { return };
        if count > 0 {
            // SAFETY: the handle is valid (see `Board`); the pointer and the count describe the whole of a buffer that is
            // borrowed mutably for the call, and NVML keeps neither after it returns.
            self.answered = nvml_try(unsafe { call(board.handle, count, self.values.as_mut_ptr()) }).is_ok();
        }
    }

    /// What one of them said in the last call; `None` when it did not answer, or not with the unsigned number that a
    /// power is documented to be.
    pub(super) fn get(&self, position: usize) -> Option<FieldReading> {
        let value = self.values.get(position).filter(|_| self.answered)?;
        let is_usable =
            value.nvmlReturn == nvmlReturn_enum_NVML_SUCCESS && value.valueType == nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT;
        // SAFETY: the whole union was written when the buffer was made, and every bit pattern is a valid `u32`; whether it
        // means anything is what `is_usable` says.
        let raw = unsafe { value.value.uiVal };
        is_usable.then_some(FieldReading { raw, stamp_micros: value.timestamp })
    }
}

/// Activity of a board's units between two looks at their counters (GPM, Hopper and newer).
pub(super) struct Activity {
    board: Arc<Board>,
    /// Two buffers that take turns; `newest` was filled last.
    samples: [nvmlGpmSample_t; 2],
    newest: usize,
    newest_at: Option<Timestamp>,
    request: Box<nvmlGpmMetricsGet_t>,
    answered: bool,
}

// SAFETY: the buffers belong to this value alone and are passed to NVML under `&mut self`, so never from two threads at
// once; the pointers in the request are these buffers and names that NVML owns and never changes.
unsafe impl Send for Activity {}

/// A shorter look says little: a gauge's own read may follow one forced at an edge at once.
const SHORTEST_LOOK: Duration = Duration::from_millis(100);

impl Activity {
    /// Starts watching.
    ///
    /// # Errors
    /// When the board cannot tell: older than Hopper, or another tool holds the counters.
    pub(super) fn watch(board: &Arc<Board>, metrics: &[GpmMetricId]) -> Result<Self, NvmlError> {
        nvml_sym(board.nvml.lib().nvmlGpmMetricsGet.as_ref())?;
        let samples = [board.device().gpm_sample()?.into_handle(), ptr::null_mut()];
        let blank = nvmlGpmMetric_t {
            metricId: 0,
            nvmlReturn: nvmlReturn_enum_NVML_SUCCESS,
            value: 0.0,
            metricInfo: nvmlGpmMetric_t__bindgen_ty_1 { shortName: ptr::null_mut(), longName: ptr::null_mut(), unit: ptr::null_mut() },
        };
        let mut request = Box::new(nvmlGpmMetricsGet_t {
            version: NVML_GPM_METRICS_GET_VERSION,
            numMetrics: 0,
            sample1: ptr::null_mut(),
            sample2: ptr::null_mut(),
            metrics: [blank; 210],
        });
        for (slot, metric) in request.metrics.iter_mut().zip(metrics) {
            slot.metricId = metric.as_c();
            request.numMetrics += 1;
        }
        let mut activity = Self { board: Arc::clone(board), samples, newest: 0, newest_at: None, request, answered: false };
        activity.samples[1] = board.device().gpm_sample()?.into_handle();
        Ok(activity)
    }

    /// Looks again. What [`Activity::percent`] then gives covers the time since the look before.
    pub(super) fn look(&mut self, now: Timestamp) {
        self.answered = false;
        let before = self.newest_at;
        if before.is_some_and(|at| at.after(SHORTEST_LOOK) > now) {
            return;
        }
        let lib = self.board.nvml.lib();
        let (Ok(sample), Ok(compare)) = (lib.nvmlGpmSampleGet.as_ref(), lib.nvmlGpmMetricsGet.as_ref()) else { return };
        let oldest = 1 - self.newest;
        // SAFETY: handle and buffer are valid: the buffer was made by this library and is freed only in `drop`.
        if nvml_try(unsafe { sample(self.board.handle, self.samples[oldest]) }).is_err() {
            return;
        }
        (self.request.sample1, self.request.sample2) = (self.samples[self.newest], self.samples[oldest]);
        (self.newest, self.newest_at) = (oldest, Some(now));
        // The first look has only the opening before it, which may be any time ago.
        if before.is_some() {
            // SAFETY: the request is a whole structure of the version that it names, holds two valid buffers, and counts
            // no more metrics than its array has.
            self.answered = nvml_try(unsafe { compare(&raw mut *self.request) }).is_ok();
        }
    }

    /// What one metric was between the last two looks, in per cent.
    pub(super) fn percent(&self, position: usize) -> Option<f64> {
        let metric = self.request.metrics.get(position).filter(|_| self.answered)?;
        (metric.nvmlReturn == nvmlReturn_enum_NVML_SUCCESS && metric.value.is_finite()).then_some(metric.value)
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        for sample in self.samples {
            if !sample.is_null() {
                // SAFETY: the buffer came from `into_handle`, which gave up its ownership, and nothing else frees it.
                drop(unsafe { GpmSample::from_handle(&self.board.nvml, sample) });
            }
        }
    }
}
