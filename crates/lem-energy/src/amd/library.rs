//! AMD's management library, loaded while the program runs. The one place of this source with `unsafe`.
//!
//! Only calls whose arguments have kept their form since ROCm 6.0 are made. Power is not asked for here: the structure
//! that the library fills with it has changed its layout under the same name, and the driver shows it as a file.

#![expect(unsafe_code, reason = "calls into a C library: each is argued for where it is made")]

use lem_domain::units::Joules;
use libloading::Library;
use std::ffi::{CStr, c_char, c_uint, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Names that the loader is asked for, newest first, and where ROCm puts the library without telling the loader.
const PLACES: [&str; 5] = ["libamd_smi.so", "libamd_smi.so.26", "libamd_smi.so.25", "libamd_smi.so.24", "/opt/rocm/lib/libamd_smi.so"];

/// `AMDSMI_INIT_AMD_GPUS`.
const GPUS: u64 = 1 << 1;

/// `AMDSMI_STATUS_SUCCESS`.
const SUCCESS: u32 = 0;

type Status = u32;
type Handle = *mut c_void;

/// Why the library gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LibraryFault {
    /// The loader does not find it.
    NotFound,
    /// It does not have a function that every version has.
    Strange(String),
    /// It does not start; the number is its own.
    Refused(Status),
}

impl LibraryFault {
    /// The fault in words.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::NotFound => "the library `libamd_smi.so` is not found (it comes with ROCm)".to_owned(),
            Self::Strange(symbol) => format!("`libamd_smi.so` has no `{symbol}`"),
            Self::Refused(status) => format!("`libamd_smi.so` does not start: status {status}"),
        }
    }
}

/// The functions that are called, as the header `amdsmi.h` declares them.
struct Functions {
    init: unsafe extern "C" fn(u64) -> Status,
    shut_down: unsafe extern "C" fn() -> Status,
    sockets: unsafe extern "C" fn(*mut u32, *mut Handle) -> Status,
    processors: unsafe extern "C" fn(Handle, *mut u32, *mut Handle) -> Status,
    address: unsafe extern "C" fn(Handle, *mut u64) -> Status,
    energy: unsafe extern "C" fn(Handle, *mut u64, *mut f32, *mut u64) -> Status,
    uuid: unsafe extern "C" fn(Handle, *mut c_uint, *mut c_char) -> Status,
    asic: unsafe extern "C" fn(Handle, *mut c_void) -> Status,
}

impl Functions {
    fn of(library: &Library) -> Result<Self, LibraryFault> {
        // SAFETY: each field's type is that of the header's declaration of the function of this name, which no version
        // since ROCm 6.0 has changed. The pointers are used only while the library stays loaded: see `AmdSmi`.
        unsafe {
            Ok(Self {
                init: symbol(library, c"amdsmi_init")?,
                shut_down: symbol(library, c"amdsmi_shut_down")?,
                sockets: symbol(library, c"amdsmi_get_socket_handles")?,
                processors: symbol(library, c"amdsmi_get_processor_handles")?,
                address: symbol(library, c"amdsmi_get_gpu_bdf_id")?,
                energy: symbol(library, c"amdsmi_get_energy_count")?,
                uuid: symbol(library, c"amdsmi_get_gpu_device_uuid")?,
                asic: symbol(library, c"amdsmi_get_gpu_asic_info")?,
            })
        }
    }
}

/// # Safety
/// `F` must be the type of the function of this name, and the result must not outlive the library.
unsafe fn symbol<F: Copy>(library: &Library, name: &CStr) -> Result<F, LibraryFault> {
    // SAFETY: the caller vouches for the type.
    let found = unsafe { library.get::<F>(name.to_bytes_with_nul()) };
    found.map(|symbol| *symbol).map_err(|_| LibraryFault::Strange(name.to_string_lossy().into_owned()))
}

/// The library, started. It has one state per process, so everyone shares one of these; the last one stops it.
pub(super) struct AmdSmi {
    functions: Functions,
    /// The library says that it may be called from several threads; one call at a time does not depend on it.
    calls: Mutex<()>,
    /// Last, and so dropped last: `functions` point into it.
    _library: Library,
}

/// The library that runs, by where it was loaded from.
static RUNNING: Mutex<Vec<(Option<PathBuf>, Weak<AmdSmi>)>> = Mutex::new(Vec::new());

impl AmdSmi {
    /// Loads and starts the library, or joins the one that runs.
    pub(super) fn load(path: Option<&Path>) -> Result<Arc<Self>, LibraryFault> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(_, library)| library.strong_count() > 0);
        let known = running.iter().find(|(from, _)| from.as_deref() == path);
        if let Some(library) = known.and_then(|(_, library)| library.upgrade()) {
            return Ok(library);
        }
        let library = Arc::new(Self::start(path)?);
        running.push((path.map(Path::to_owned), Arc::downgrade(&library)));
        Ok(library)
    }

    fn start(path: Option<&Path>) -> Result<Self, LibraryFault> {
        let places: Vec<&Path> = path.map_or_else(|| PLACES.iter().map(Path::new).collect(), |path| vec![path]);
        // SAFETY: loading runs the library's initialisers. It is the vendor's own, from where the system or the caller
        // says it is, and no more is trusted here than any program linked to it trusts.
        let library = places.iter().find_map(|place| unsafe { Library::new(place) }.ok()).ok_or(LibraryFault::NotFound)?;
        let functions = Functions::of(&library)?;
        // SAFETY: takes a number and no pointer.
        let status = unsafe { (functions.init)(GPUS) };
        if status != SUCCESS {
            return Err(LibraryFault::Refused(status));
        }
        Ok(Self { functions, calls: Mutex::new(()), _library: library })
    }

    fn one_call(&self) -> MutexGuard<'_, ()> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every processor that the library knows and that is the first of its board: parts of one board share its counter.
    pub(super) fn processors(self: &Arc<Self>) -> Vec<Processor> {
        let _call = self.one_call();
        let handles: Vec<Handle> = handles(|count, handles| {
            // SAFETY: `handles` is null, when only the number is asked for, or has room for `count` handles.
            unsafe { (self.functions.sockets)(count, handles) }
        })
        .into_iter()
        .flat_map(|socket| {
            handles(|count, handles| {
                // SAFETY: as above, and `socket` is a handle that this library gave and that lives until it stops.
                unsafe { (self.functions.processors)(socket, count, handles) }
            })
        })
        .collect();
        handles.into_iter().filter_map(|handle| self.describe(handle)).collect()
    }

    fn describe(self: &Arc<Self>, handle: Handle) -> Option<Processor> {
        let mut place = 0;
        // SAFETY: the handle is the library's own, and the pointer is that of a live number of the declared type.
        if unsafe { (self.functions.address)(handle, &raw mut place) } != SUCCESS || partition(place) != 0 {
            return None;
        }
        let (uuid, name) = (self.uuid(handle), self.name(handle));
        Some(Processor { library: Arc::clone(self), handle: handle.expose_provenance(), address: address(place), uuid, name })
    }

    fn uuid(&self, handle: Handle) -> Option<String> {
        let mut text = [0 as c_char; 64];
        let mut length = c_uint::try_from(text.len()).expect("64");
        // SAFETY: the buffer is live and `length` states its size, which exceeds AMDSMI_GPU_UUID_SIZE (38).
        let status = unsafe { (self.functions.uuid)(handle, &raw mut length, text.as_mut_ptr()) };
        (status == SUCCESS).then(|| text_of(&text)).flatten()
    }

    /// The market name is the first member of the structure in every version, at 64 to 256 bytes; the rest is not read.
    fn name(&self, handle: Handle) -> Option<String> {
        let mut structure = AsicInfo([0; ASIC_INFO_ROOM]);
        // SAFETY: the library fills at most its own structure, under 1 KiB in every version so far; the buffer is live,
        // aligned for any member, and several times that.
        let status = unsafe { (self.functions.asic)(handle, (&raw mut structure).cast()) };
        (status == SUCCESS).then(|| text_of(&structure.0)).flatten()
    }
}

impl Drop for AmdSmi {
    fn drop(&mut self) {
        // SAFETY: takes nothing. Every `Processor` holds this value alive, so no handle is used from here on.
        let _ = unsafe { (self.functions.shut_down)() };
    }
}

const ASIC_INFO_ROOM: usize = 8 * 1024;

#[repr(C, align(16))]
struct AsicInfo([c_char; ASIC_INFO_ROOM]);

/// Asks for a number of handles, then for the handles.
fn handles(ask: impl Fn(*mut u32, *mut Handle) -> Status) -> Vec<Handle> {
    let mut count = 0;
    if ask(&raw mut count, ptr::null_mut()) != SUCCESS {
        return Vec::new();
    }
    let mut handles = vec![ptr::null_mut(); usize::try_from(count).unwrap_or_default()];
    if ask(&raw mut count, handles.as_mut_ptr()) != SUCCESS {
        return Vec::new();
    }
    handles.truncate(usize::try_from(count).unwrap_or_default());
    handles.retain(|handle| !handle.is_null());
    handles
}

fn text_of(buffer: &[c_char]) -> Option<String> {
    let bytes: Vec<u8> = buffer.iter().map_while(|&byte| (byte != 0).then(|| byte.cast_unsigned())).collect();
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The PCI address in the header's packing: domain from bit 32, bus from 8, device from 3, function.
fn address(place: u64) -> String {
    format!("{:04x}:{:02x}:{:02x}.{}", place >> 32, (place >> 8) & 0xff, (place >> 3) & 0x1f, place & 0x7)
}

/// Which part of a partitioned board it is, from bit 28; zero on boards that are whole.
fn partition(place: u64) -> u64 {
    (place >> 28) & 0xf
}

/// One processor of the library.
#[derive(Clone)]
pub(super) struct Processor {
    library: Arc<AmdSmi>,
    /// The library's handle, as a number: only the library makes a pointer of it.
    handle: usize,
    /// Where it sits, as the kernel writes it.
    pub(super) address: String,
    pub(super) uuid: Option<String>,
    pub(super) name: Option<String>,
}

impl Processor {
    /// Energy that the board has counted, and the energy of one count; `None` when the library does not say.
    ///
    /// The library's time stamp is not used: it is the kernel's time of the read, on a clock that also runs while the
    /// machine sleeps, and says nothing of when the firmware counted.
    pub(super) fn energy(&self) -> Option<(Joules, Joules)> {
        let (mut count, mut microjoules_per_count, mut at) = (0, 0.0, 0);
        let _call = self.library.one_call();
        let handle = ptr::with_exposed_provenance_mut(self.handle);
        // SAFETY: the handle is one that this library gave and is valid until the library stops, which `library` holds
        // off; the pointers are those of live numbers of the declared types.
        let status = unsafe { (self.library.functions.energy)(handle, &raw mut count, &raw mut microjoules_per_count, &raw mut at) };
        let step = Joules::from_microjoules(1) * f64::from(microjoules_per_count);
        (status == SUCCESS && step.get() > 0.0).then(|| (Joules::from_counts(count, step), step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_unpacked_as_the_header_packs_them() {
        let place = (1 << 32) | (0xc3 << 8) | (0x1f << 3) | 0x2;
        assert_eq!((address(place).as_str(), partition(place)), ("0001:c3:1f.2", 0));
        assert_eq!(partition(place | (3 << 28)), 3);
    }

    #[test]
    fn a_library_that_is_not_there_is_not_found() {
        assert_eq!(AmdSmi::load(Some(Path::new("/nowhere/libamd_smi.so"))).err(), Some(LibraryFault::NotFound));
    }
}
