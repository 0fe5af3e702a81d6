//! See [`seen_fuzz::decoders::compute_routes`].
#![no_main]

seen_fuzz::target!(compute_routes);
