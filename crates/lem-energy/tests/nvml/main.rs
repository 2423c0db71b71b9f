//! NVIDIA boards through the real NVML path, on a library whose truth is known: what is found, what is said, what is measured.

#[path = "../fake_nvml/mod.rs"]
mod fake_nvml;
mod faults;
mod found;
mod lab;
mod measured;
