//! `lem mock-server`.

use crate::args::MockServerArgs;
use crate::exit::Exit;
use crate::render::out;
use crate::signals;
use lem_core::mock_server::{MockPlan, MockServer};
use lem_domain::protocol::{Fault, Interrupt, SeamError};
use lem_domain::{Clock, HostClock};
use std::io;
use std::time::Duration;

/// Serves until a signal comes. The address is the first line of stdout.
pub(crate) fn serve(args: &MockServerArgs) -> anyhow::Result<Exit> {
    let time =
        |flag: &str, text: &str| lem_config::parse_duration(text).map_err(|error| SeamError::new(Fault::Usage, format!("{flag}: {error}")));
    let plan = MockPlan {
        ttft: time("--ttft", &args.ttft)?,
        itl: time("--itl", &args.itl)?,
        itl_beside: time("--itl-beside", &args.itl_beside)?,
        slots: args.slots,
        faults: args.fault.clone(),
        model: args.model.clone(),
    };
    let cannot = |error: io::Error| SeamError::new(Fault::Preflight, "the mock server cannot start").because(error);
    let interrupt = Interrupt::new();
    let received = signals::listen(&interrupt, None)?;
    let server = MockServer::start(plan, args.port).map_err(cannot)?;
    out::line(server.base_url())?;
    let far = HostClock.now().after(Duration::from_secs(u32::MAX.into()));
    let _ = interrupt.wait_until(&HostClock, far, || ());
    Ok(received.exit())
}
