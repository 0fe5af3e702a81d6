//! The kernel as a judge of the interpreter.

use std::process::Command;

/// A few rule sets of both languages, with NAT and state; the full size is
/// `lab judge 100 200 0`.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn kernel_agrees_with_the_interpreter() {
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["judge", "6", "100", "1"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(5) {
        let reason = String::from_utf8_lossy(&output.stderr);
        println!("skipped: the kernel cannot be asked here: {reason}");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{text}");
}
