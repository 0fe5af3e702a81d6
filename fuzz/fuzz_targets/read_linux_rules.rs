//! See [`seen_fuzz::decoders::read_linux_rules`].
#![no_main]

seen_fuzz::target!(read_linux_rules);
