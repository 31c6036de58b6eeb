#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wasmfusion_fuzz::backup::run(data));
