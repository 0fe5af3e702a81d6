//! See [`seen_fuzz::decoders::read_cisco_ios`].
#![no_main]

seen_fuzz::target!(read_cisco_ios);
