//! See [`seen_fuzz::decoders::detect_language`].
#![no_main]

seen_fuzz::target!(detect_language);
