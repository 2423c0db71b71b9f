//! From a spec to a running server: as a process of this machine, or in a container.

mod container;

use crate::secrets;
use lem_core::inference::command::{Site, StartCommand, start_command};
use lem_domain::backend::Backend;
use lem_domain::protocol::{Fault, HostFacts, Interrupt, SeamError, ServerHost, ServerLauncher};
use lem_domain::record::ServerOrigin;
use lem_domain::spec::{ExperimentSpec, Launch};
use lem_domain::{Clock, HostClock};
use lem_orchestration::server::{ServerPlan, Supervisor};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to end. vLLM takes about 14 s to end in order.
const GRACE: Duration = Duration::from_secs(30);

/// Starts the servers of one run.
pub(crate) struct EngineLauncher {
    /// Folder of what servers write and read, below the run's own.
    pub(crate) folder: PathBuf,
    /// The user's wish to stop.
    pub(crate) interrupt: Interrupt,
}

impl ServerLauncher for EngineLauncher {
    fn launch(&self, spec: &ExperimentSpec) -> Result<Box<dyn ServerHost>, SeamError> {
        let program = std::env::current_exe().map_err(|error| SeamError::new(Fault::Run, "cannot find this program").because(error))?;
        let clock: Arc<dyn Clock> = Arc::new(HostClock);
        let supervisor = Supervisor {
            keeper: vec![program.into_os_string(), "keep-server".into()],
            log: self.folder.join("server.log"),
            clock,
            interrupt: self.interrupt.clone(),
            hidden: secrets::values(),
        };
        Ok(Box::new(supervisor.start(self.plan(spec, Supervisor::free_port()?)?)?))
    }
}

impl EngineLauncher {
    fn plan(&self, spec: &ExperimentSpec, port: u16) -> Result<ServerPlan, SeamError> {
        let server =
            spec.server.as_ref().ok_or_else(|| SeamError::new(Fault::Usage, format!("`backend: {}` is no server", spec.backend)))?;
        let settings_file = absolute(&self.folder.join("settings.yaml"));
        let model = absolute_where_there(&spec.model);
        let adapter = spec.weights.adapter.as_deref().map(absolute_where_there);
        let contained = matches!(server.launch, Launch::Container { .. });
        let site = Site {
            host: if contained { "0.0.0.0" } else { "127.0.0.1" },
            port,
            model: &model,
            adapter: adapter.as_deref(),
            settings_file: &settings_file.to_string_lossy(),
        };
        let mut start = start_command(spec, &site)?;
        if Path::new(&model).is_absolute() {
            // What lies on this machine is looked up nowhere.
            start.environment.entry("HF_HUB_OFFLINE".to_owned()).or_insert_with(|| "1".to_owned());
        }
        if let Some(content) = &start.file {
            let written = std::fs::create_dir_all(&self.folder).and_then(|()| std::fs::write(&settings_file, content));
            written.map_err(|error| SeamError::new(Fault::Run, format!("cannot write `{}`", settings_file.display())).because(error))?;
        }
        let (words, afterwards, origin) = match &server.launch {
            Launch::Container { image } => {
                let contained = container::run(spec, &start, &site, image.as_deref());
                (contained.words, contained.afterwards, ServerOrigin::Container)
            }
            Launch::Process { .. } | Launch::Attach { .. } => (start.words.clone(), Vec::new(), ServerOrigin::Process),
        };
        let facts = HostFacts {
            origin,
            command: secrets::hidden(words.iter().map(String::as_str)),
            start: None,
            version: None,
            device: runs_on_processor(spec).then(|| "cpu".to_owned()),
            reported: Vec::new(),
        };
        let StartCommand { environment, served_model, .. } = start;
        Ok(ServerPlan {
            command: words,
            environment,
            afterwards,
            port,
            ready_path: "/health",
            served_model,
            startup_timeout: server.startup_timeout,
            grace: GRACE,
            facts,
        })
    }
}

/// Whether nothing but the processor can be what the model runs on.
fn runs_on_processor(spec: &ExperimentSpec) -> bool {
    let is_told = spec.placement.gpus.as_ref().is_some_and(Vec::is_empty);
    let has_accelerator = ["/dev/nvidiactl", "/dev/kfd", "/dev/dxg"].iter().any(|device| Path::new(device).exists());
    is_told || spec.backend != Backend::Tensorrt && !has_accelerator
}

/// A reference as another folder's process finds it; one on a hub stays as it is.
fn absolute_where_there(reference: &str) -> String {
    let path = Path::new(reference);
    if path.exists() { absolute(path).to_string_lossy().into_owned() } else { reference.to_owned() }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
