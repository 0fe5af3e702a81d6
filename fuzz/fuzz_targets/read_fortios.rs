//! See [`seen_fuzz::decoders::read_fortios`].
#![no_main]

seen_fuzz::target!(read_fortios);
