//! See [`seen_fuzz::decoders::read_observed`].
#![no_main]

seen_fuzz::target!(read_observed);
