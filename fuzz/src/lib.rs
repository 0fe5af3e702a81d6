//! What the fuzz targets have in common.
//!
//! [`decoders`] holds one function a target: it reads bytes with one decoder
//! and asserts what must hold of any input. It knows nothing of the engine, so
//! that the tests of the command replay `regressions/` with it. [`mutate`]
//! changes inputs by lines and words, in which configurations are written.

pub mod decoders;
pub mod mutate;

#[doc(hidden)]
pub use libfuzzer_sys;

/// Makes a fuzz target of a function of [`decoders`].
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::decoders::$name(data));
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8],
                                              size: usize,
                                              max_size: usize,
                                              seed: u32| {
            $crate::mutate::mutate(data, size, max_size, seed)
        });
    };
}
