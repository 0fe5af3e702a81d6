//! See [`seen_fuzz::decoders::read_region`].
#![no_main]

seen_fuzz::target!(read_region);
