//! A server that was started is gone without a trace, whoever ends first.
//!
//! The server is a script that does what engines do: it starts workers that leave its session, one of which makes a segment
//! of shared memory, and answers requests.

use crate::Scene;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Writes `ready` once its grandchild and the segment are there: the process ids of all three.
const SERVER: &str = r"
import os, sys, time
folder, segment = sys.argv[1], sys.argv[2]
print('the key is', os.environ.get('SOME_API_KEY'), flush=True)
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    grandchild = os.fork()
    if grandchild == 0:
        memory = os.open('/dev/shm/' + segment, os.O_CREAT | os.O_RDWR)
        os.write(memory, b'x')
        os.write(writer, b'.')
        time.sleep(600)
    os.read(reader, 1)
    pids = f'{os.getppid()} {os.getpid()} {grandchild}'
    open(folder + '/ready.part', 'w').write(pids)
    os.rename(folder + '/ready.part', folder + '/ready')
    time.sleep(600)
time.sleep(600)
";

struct Kept {
    keeper: Child,
    pids: Vec<String>,
    segment: PathBuf,
    scene: Scene,
}

fn keep(segment: &str) -> Kept {
    let scene = Scene::new();
    scene.write("server.py", SERVER);
    let name = format!("lem_test_{segment}_{}", std::process::id());
    let mut command = Command::new(env!("CARGO_BIN_EXE_lem"));
    command.args(["keep-server", "--log", "server.log", "--grace", "60", "--", "python3", "server.py", ".", &name]);
    command.current_dir(scene.path()).env("SOME_API_KEY", "sk-abcdefghij").stdin(Stdio::piped()).stdout(Stdio::piped());
    let keeper = command.spawn().unwrap();
    let ready = scene.path().join("ready");
    eventually("the server is ready", || ready.exists());
    let pids = fs::read_to_string(ready).unwrap().split(' ').map(str::to_owned).collect();
    Kept { keeper, pids, segment: Path::new("/dev/shm").join(name), scene }
}

/// Waits for what must come, for as long as a busy machine may take.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let came = (0..6000).any(|_| {
        is_so() || {
            std::thread::sleep(Duration::from_millis(10));
            false
        }
    });
    assert!(came, "never came: {what}");
}

impl Kept {
    fn nothing_is_left(&self) {
        for pid in &self.pids {
            eventually("the end of a process", || !Path::new("/proc").join(pid).exists());
        }
        assert!(!self.segment.exists(), "{} is left", self.segment.display());
        let log = fs::read_to_string(self.scene.path().join("server.log")).unwrap();
        assert_eq!(log, "the key is …\n");
    }
}

#[test]
fn nothing_is_left_when_lem_is_gone() {
    let mut kept = keep("gone");
    assert_eq!(kept.pids.len(), 3);
    assert!(kept.segment.exists());
    // What the kernel does to the pipe of a process that was killed.
    drop(kept.keeper.stdin.take());
    assert!(kept.keeper.wait().unwrap().success());
    kept.nothing_is_left();
}

#[test]
fn a_server_is_asked_to_end_and_what_it_leaves_is_ended() {
    let mut kept = keep("asked");
    kept.keeper.stdin.as_mut().unwrap().write_all(b"s").unwrap();
    assert!(kept.keeper.wait().unwrap().success());
    kept.nothing_is_left();
    let told: Vec<String> = BufReader::new(kept.keeper.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert_eq!(told, [format!("started {}", kept.pids[0]), "ended by signal 15".to_owned()]);
}

#[test]
fn a_server_that_is_killed_leaves_nothing() {
    let mut kept = keep("killed");
    assert!(Command::new("kill").args(["-9", &kept.pids[0]]).status().unwrap().success());
    assert!(kept.keeper.wait().unwrap().success());
    kept.nothing_is_left();
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let scene = Scene::new();
    let output = scene.lem(&["keep-server", "--log", "server.log", "--grace", "1", "--", "no-such-server"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("failed cannot start `no-such-server`: "), "{told}");
}
