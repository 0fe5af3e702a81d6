use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long the command may take, on a machine that does other things too.
const WALL_MAX: Duration = Duration::from_secs(180);

/// How much memory it may hold at once, in MiB.
const MEMORY_MAX_MIB: u64 = 3_072;

/// How much address space it gets, in KiB: an input that eats memory ends the
/// command, not the machine.
const ADDRESSES_MAX_KIB: u64 = 8 << 20;

/// How often the memory is looked at; the highest mark is the kernel's own.
const LOOK: Duration = Duration::from_millis(5);

/// How the command ended.
#[derive(Debug)]
pub(super) struct Ended {
    name: String,
    status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs the command, prints its time and memory, and asserts that it stayed
/// within both and ended by itself without a fault of its own.
pub(super) fn run(name: &str, arguments: &[&OsStr]) -> Ended {
    let answers = TempDir::new().expect("a folder for the test");
    let answer = |of: &str| File::create(answers.path().join(of)).expect("a file can be made");
    let start = Instant::now();
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {ADDRESSES_MAX_KIB}; exec \"$0\" \"$@\""))
        .arg(env!("CARGO_BIN_EXE_seen"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(answer("stdout"))
        .stderr(answer("stderr"))
        .spawn()
        .expect("the command can be started");
    let id = child.id();
    let (done, waiting) = mpsc::channel();
    let waiter = thread::spawn(move || done.send(child.wait()));
    let mut memory_mib = 0;
    let status = loop {
        match waiting.recv_timeout(LOOK) {
            Ok(status) => break status.expect("the command can be waited for"),
            Err(RecvTimeoutError::Timeout) => {
                memory_mib = memory_mib.max(high_water_mib(id).unwrap_or(0));
                if start.elapsed() > WALL_MAX {
                    let _ = Command::new("kill")
                        .args(["-KILL", &id.to_string()])
                        .status();
                }
            }
            Err(RecvTimeoutError::Disconnected) => unreachable!("the waiter sends before it ends"),
        }
    };
    let wall = start.elapsed();
    drop(waiter.join());
    let read = |of: &str| {
        let bytes = fs::read(answers.path().join(of)).expect("the answer is there");
        String::from_utf8(bytes).expect("an answer is text")
    };
    let ended = Ended {
        name: name.to_owned(),
        status,
        stdout: read("stdout"),
        stderr: read("stderr"),
    };
    ended.within(wall, memory_mib);
    ended
}

/// Returns the most memory the process has held, in MiB; `None` once it ended.
fn high_water_mib(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

impl Ended {
    #[expect(
        clippy::print_stdout,
        reason = "the numbers are gathered by acceptance"
    )]
    fn within(&self, wall: Duration, memory_mib: u64) {
        let code = self.status.code();
        let ended = code.is_some_and(|code| (0..=5).contains(&code));
        let good = ended && wall <= WALL_MAX && memory_mib <= MEMORY_MAX_MIB;
        let how = match (code, self.status.signal()) {
            (Some(code), _) => format!("exit {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or(0)),
        };
        println!(
            "number: hostile: {} | {how}, {:.1} s, {memory_mib} MiB | exit 0 to 5, {} s, {MEMORY_MAX_MIB} MiB | {}",
            self.name,
            wall.as_secs_f64(),
            WALL_MAX.as_secs(),
            if good { "pass" } else { "fail" }
        );
        assert!(good, "{}: {how}\n{}", self.name, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }

    /// Asserts that it ended with one of these codes.
    pub(super) fn with_exit(&self, codes: &[i32]) -> &Self {
        let code = self.status.code().unwrap_or(-1);
        assert!(
            codes.contains(&code),
            "{}: exit {code}, not one of {codes:?}\n{}\n{}",
            self.name,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that the answer has this in it.
    pub(super) fn says(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text),
            "{}: `{text}` is not in\n{}\n{}",
            self.name,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that the input was refused, by this code and with a way out.
    pub(super) fn fails(&self, code: &str) {
        self.with_exit(&[2]);
        assert!(self.stdout.is_empty(), "{}: {}", self.name, self.stdout);
        for part in [format!("error[{code}]"), "hint: ".to_owned()] {
            assert!(
                self.stderr.contains(&part),
                "{}: `{part}` is not in\n{}",
                self.name,
                self.stderr
            );
        }
    }
}
