//! Changes to inputs that keep them near to what people write.

use libfuzzer_sys::fuzzer_mutate;

/// Numbers at which readers change their mind.
const EDGES: &[&str] = &[
    "0",
    "1",
    "31",
    "32",
    "33",
    "128",
    "129",
    "255",
    "256",
    "4094",
    "4096",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "-1",
    "0.0.0.0",
    "255.255.255.255",
    "255.0.255.0",
    "::",
    "ffff::/128",
];

/// Changes the first `size` bytes of `data` and returns how many there are now,
/// at most `max_size`. Half of the changes are the engine's own.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(u64::from(seed) | 1 << 40);
    let text = data.get(..size).map(std::str::from_utf8);
    let changed = match text {
        Some(Ok(text)) if random.below(2) == 0 => change(text, &mut random),
        _ => return fuzzer_mutate(data, size, max_size),
    };
    let length = changed.len().min(max_size).min(data.len());
    match (data.get_mut(..length), changed.as_bytes().get(..length)) {
        (Some(to), Some(from)) => to.copy_from_slice(from),
        _ => return fuzzer_mutate(data, size, max_size),
    }
    length
}

/// Does one to four changes of lines and words.
fn change(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for _ in 0..=random.below(4) {
        let (one, other) = (random.below(lines.len()), random.below(lines.len()));
        match random.below(8) {
            0 => lines.swap(one, other),
            1 if lines.len() > 1 => drop(lines.remove(one)),
            2 => {
                let copy = lines[other].clone();
                lines.insert(one, copy);
            }
            3 => {
                // A block of lines, so that sections repeat.
                let end = lines.len().min(other + 1 + random.below(12));
                let block = lines[other..end].to_vec();
                lines.splice(one..one, block);
            }
            4 => {
                let indent = " ".repeat(random.below(4));
                lines[one] = format!("{indent}{}", lines[one].trim_start());
            }
            kind => {
                let from = lines[other].clone();
                lines[one] = change_words(&lines[one], &from, kind, random);
            }
        }
    }
    lines.join("\n")
}

/// Changes one word of a line: for one of another line, for an edge, or away.
fn change_words(line: &str, from: &str, kind: usize, random: &mut Random) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    let others: Vec<&str> = from.split(' ').collect();
    let at = random.below(words.len());
    let other = others[random.below(others.len())];
    match kind {
        5 => words[at] = other,
        6 => words[at] = EDGES[random.below(EDGES.len())],
        _ if random.below(2) == 0 => words.insert(at, other),
        _ => drop(words.remove(at)),
    }
    words.join(" ")
}

/// A generator of numbers that look random (xorshift64*).
struct Random(u64);

impl Random {
    /// Returns a number below `limit`, which is above zero.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or_default() % limit.max(1)
    }
}
