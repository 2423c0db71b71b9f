//! A server in a container: the words that Docker is given.

use lem_core::inference::command::{Site, StartCommand};
use lem_domain::backend::Backend;
use lem_domain::spec::ExperimentSpec;
use std::path::{Path, PathBuf};

/// What runs a container and what removes it.
#[derive(Debug)]
pub(super) struct Contained {
    pub(super) words: Vec<String>,
    pub(super) afterwards: Vec<String>,
}

/// Variables of this process that a container gets by name, so that no command line holds a key.
const PASSED_ON: [&str; 3] = ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"];

/// The image that an engine's makers publish.
const fn image(backend: Backend) -> &'static str {
    match backend {
        Backend::Pytorch => "huggingface/transformers-pytorch-gpu:latest",
        Backend::Vllm => "vllm/vllm-openai:v0.32.0",
        Backend::Tensorrt => "nvcr.io/nvidia/tensorrt-llm/release:1.2.0",
        Backend::Llamacpp => "ghcr.io/ggml-org/llama.cpp:server-cuda",
        Backend::Sglang => "lmsysorg/sglang:v0.5.23",
        Backend::Candle | Backend::Openai | Backend::Virtual => "",
    }
}

/// Runs a server's command in a container.
pub(super) fn run(spec: &ExperimentSpec, start: &StartCommand, site: &Site<'_>, named: Option<&str>) -> Contained {
    let name = format!("lem-{}-{}", std::process::id(), site.port);
    let mut words: Vec<String> = ["docker", "run", "--rm", "--name", &name].map(str::to_owned).into();
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    match spec.placement.gpus.as_deref() {
        Some([]) => {}
        Some(gpus) => option("--gpus", format!("\"device={}\"", gpus.iter().map(u32::to_string).collect::<Vec<_>>().join(","))),
        None => option("--gpus", "all".to_owned()),
    }
    // Engines share memory among their processes, more than the 64 MB that a container has by itself.
    option("--ipc", "host".to_owned());
    option("--publish", format!("127.0.0.1:{port}:{port}", port = site.port));
    let user = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    option("--user", format!("{}:{}", user.0, user.1));
    if let Some(cache) = hub_cache() {
        option("--volume", format!("{}:/cache", cache.display()));
        option("--env", "HF_HOME=/cache".to_owned());
    }
    // Paths are the same on both sides, so that a command means the same in both.
    for path in [Some(site.model), site.adapter, start.file.as_ref().map(|_| site.settings_file)].into_iter().flatten() {
        if Path::new(path).is_absolute() {
            option("--volume", format!("{path}:{path}:ro"));
        }
    }
    for (name, value) in start.environment.iter().filter(|(name, _)| *name != "CUDA_VISIBLE_DEVICES") {
        option("--env", format!("{name}={value}"));
    }
    for name in PASSED_ON.iter().filter(|name| !start.environment.contains_key(**name) && std::env::var_os(name).is_some()) {
        option("--env", (*name).to_owned());
    }
    let entry = match start.words.first().map(String::as_str) {
        // In its image it is not on the path.
        Some("llama-server") => "/app/llama-server",
        Some(program) => program,
        None => "",
    };
    option("--entrypoint", entry.to_owned());
    words.push(named.unwrap_or_else(|| image(spec.backend)).to_owned());
    words.extend(start.words.iter().skip(1).cloned());
    Contained { words, afterwards: ["docker", "rm", "--force", &name].map(str::to_owned).into() }
}

/// Where models of a hub lie on this machine.
fn hub_cache() -> Option<PathBuf> {
    let named = std::env::var_os("HF_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    named.or_else(|| std::env::home_dir().map(|home| home.join(".cache/huggingface"))).filter(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::spec::TokenLimits;

    #[test]
    fn a_container_sees_the_model_the_boards_and_its_port_alone() {
        let limits = TokenLimits { max_input: 8, max_output: 8, min_output: 0 };
        let mut spec = ExperimentSpec::plain(Backend::Vllm, "/models/m", limits, 1);
        spec.placement.gpus = Some(vec![0, 2]);
        let words = ["vllm", "serve", "/models/m", "--port", "8000"].map(str::to_owned).into();
        let environment = [("CUDA_VISIBLE_DEVICES", "0,2"), ("VLLM_NO_USAGE_STATS", "1")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let start = StartCommand { words, environment, file: None, served_model: None };
        let site = Site { host: "0.0.0.0", port: 8000, model: "/models/m", adapter: None, settings_file: "/run/s.yaml" };
        let contained = run(&spec, &start, &site, None);
        let line = contained.words.join(" ");
        assert!(line.starts_with("docker run --rm --name lem-"), "{line}");
        assert!(line.contains(" --gpus \"device=0,2\" --ipc host --publish 127.0.0.1:8000:8000 --user "), "{line}");
        assert!(line.contains(" --volume /models/m:/models/m:ro --env VLLM_NO_USAGE_STATS=1 "), "{line}");
        assert!(line.ends_with(" --entrypoint vllm vllm/vllm-openai:v0.32.0 serve /models/m --port 8000"), "{line}");
        assert!(!line.contains("CUDA_VISIBLE_DEVICES"), "Docker numbers the boards that it shows anew: {line}");
        assert_eq!(contained.afterwards[..3], ["docker", "rm", "--force"]);
        let own = run(&spec, &start, &site, Some("own/image:1")).words.join(" ");
        assert!(own.contains(" own/image:1 serve "), "{own}");
    }
}
