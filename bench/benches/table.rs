//! The look-ups that every call makes.
#![forbid(unsafe_code)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn lookups(c: &mut Criterion) {
    c.bench_function("entry of a call", |b| {
        b.iter(|| syscalls::table::entry(black_box(257)).descriptors);
    });
    c.bench_function("entry of no call", |b| {
        b.iter(|| syscalls::table::entry(black_box(400)).descriptors);
    });
    c.bench_function("flags for the entry stub", |b| {
        b.iter(|| syscalls::table::FAST[black_box(39_usize)]);
    });
}

criterion_group!(benches, lookups);
criterion_main!(benches);
