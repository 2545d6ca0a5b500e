//! What one hot site costs once, and what planning costs at every exec.
#![forbid(unsafe_code)]

use criterion::{Criterion, criterion_group, criterion_main};
use loader::elf::{Image, Role};
use loader::place::{Randomize, place};
use loader::{rewrite, scan, site, steps};
use std::hint::black_box;

/// `mov eax,257; syscall`, as compilers and glibc write most calls.
const MOV_BEFORE: [u8; site::BEFORE] = [
    0x48, 0x89, 0xd6, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xb8, 1, 1, 0, 0,
];
/// Bytes before a site whose call number came from elsewhere.
const OTHER_BEFORE: [u8; site::BEFORE] = [0x90; site::BEFORE];
/// `syscall; cmp rax,-4096` and what follows it in glibc.
const AT: [u8; site::AT] = [
    0x0f, 0x05, 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff, 0x77, 0x09, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90,
    0x90,
];
/// Where the site is said to be.
const SITE: u64 = 0x7f00_1234_5678;

fn sites(c: &mut Criterion) {
    c.bench_function("classify, mov before", |b| {
        b.iter(|| site::classify(black_box(&MOV_BEFORE), black_box(&AT), Some(257)));
    });
    c.bench_function("classify, displace", |b| {
        b.iter(|| site::classify(black_box(&OTHER_BEFORE), black_box(&AT), Some(257)));
    });
    c.bench_function("classify, stay", |b| {
        let ret = [0x0f, 0x05, 0xc3];
        b.iter(|| site::classify(black_box(&OTHER_BEFORE), black_box(&ret), Some(257)));
    });
}

fn trampolines(c: &mut Criterion) {
    let chunk = (SITE & !0xffff) + rewrite::CHUNK;
    let check = chunk;
    let patch = site::classify(&OTHER_BEFORE, &AT, Some(257));
    let slot = rewrite::slots(SITE, &patch, chunk, rewrite::CHUNK).next();
    c.bench_function("first suitable slot", |b| {
        b.iter(|| rewrite::slots(black_box(SITE), &patch, chunk, rewrite::CHUNK).next());
    });
    // A chunk that held none would make the rest meaningless.
    let slot = slot.expect("a chunk of 1024 slots has one that suits");
    c.bench_function("trampoline, displace", |b| {
        b.iter(|| rewrite::trampoline(black_box(SITE), &patch, &AT, slot, check));
    });
    let built = rewrite::trampoline(SITE, &patch, &AT, slot, check);
    let built = built.expect("the slot suits");
    c.bench_function("steps of a patch", |b| {
        b.iter(|| steps::steps(black_box(&built)))
    });
}

fn images(c: &mut Criterion) {
    // This program itself: a static-pie with the usual segments.
    let Ok(file) = std::env::current_exe().and_then(std::fs::read) else {
        return;
    };
    c.bench_function("ELF parse", |b| {
        b.iter(|| Image::parse(black_box(&file), Role::Program));
    });
    let Ok(image) = Image::parse(&file, Role::Program) else {
        return;
    };
    c.bench_function("ELF place and plan", |b| {
        b.iter(|| place(black_box(&image), Randomize::Brk, 0x1234_5678).plan(&image));
    });
    let code = &file[..file.len().min(1 << 20)];
    c.bench_function("scan 1 MiB for sites", |b| {
        b.iter(|| scan::sites(code, 0).count())
    });
}

criterion_group!(benches, sites, trampolines, images);
criterion_main!(benches);
