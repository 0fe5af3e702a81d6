//! See [`seen_fuzz::decoders::read_statements`].
#![no_main]

seen_fuzz::target!(read_statements);
