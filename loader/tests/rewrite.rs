//! Sites, trampolines and the order of patching, with iced-x86 as the judge.

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, OpKind, Register};
use loader::insn::{Place, decode};
use loader::rewrite::{Built, CHUNK, INVALID_OPCODES, SLOT, guest_rip, slots, trampoline};
use loader::scan::sites;
use loader::site::{Patch, Reason, classify};
use loader::steps::{Group, revert_steps, steps};
use proptest::prelude::*;

const SITE: u64 = 0x7f12_3456_7ab0;
const SYSCALL: [u8; 2] = [0x0f, 0x05];

fn at(after: &[u8]) -> Vec<u8> {
    [&SYSCALL, after].concat()
}

fn insn(bytes: &[u8], ip: u64) -> Instruction {
    Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE).decode()
}

#[test]
fn invalid_opcodes_are_invalid_whatever_follows() {
    let options = [
        DecoderOptions::NONE,
        DecoderOptions::AMD,
        DecoderOptions::KNC,
    ];
    let mut random = 0x1234_5678_9abc_def1_u64;
    let mut never = [true; 256];
    for (opcode, never) in (0..=255).zip(&mut never) {
        for _ in 0..2000 {
            let mut bytes = [opcode; 15];
            for byte in &mut bytes[1..] {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                *byte = random.to_le_bytes()[3];
            }
            let invalid = |options| {
                Decoder::with_ip(64, &bytes, 0, options)
                    .decode()
                    .is_invalid()
            };
            *never &= options.into_iter().all(invalid);
        }
    }
    // D5 was one of them until it became the prefix REX2; the others need too many operands.
    let not = [0xd5, 0x82, 0x9a, 0xea];
    let found: Vec<_> = (0..=255u8)
        .filter(|opcode| never[usize::from(*opcode)] && !not.contains(opcode))
        .collect();
    assert_eq!(found, INVALID_OPCODES);
}

#[test]
fn classes() {
    let cmp = [0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];
    let classify = |before: &[u8], after: &[u8], rax| classify(before, &at(after), rax);
    let displace = |insn_len| Patch::Displace { insn_len };

    let mov = [0xb8, 0x01, 0x01, 0, 0];
    let head = Patch::MovHead {
        imm: 257,
        mov_len: 5,
    };
    assert_eq!(classify(&mov, &cmp, Some(257)), head);
    assert_eq!(classify(&mov, &cmp, None), head);
    assert_eq!(classify(&mov, &[], None), head);
    assert_eq!(classify(&mov, &cmp, Some(256)), displace(6));
    let with = |byte| [&[byte][..], &mov].concat();
    assert_eq!(classify(&with(0x41), &cmp, Some(257)), displace(6));
    assert_eq!(classify(&with(0x66), &cmp, Some(257)), displace(6));
    assert_eq!(classify(&with(0x00), &cmp, Some(257)), head);
    let high = [0xb8, 0xff, 0xff, 0xff, 0xff];
    let imm = 0xffff_ffff;
    assert_eq!(
        classify(&high, &cmp, Some(imm)),
        Patch::MovHead { imm, mov_len: 5 }
    );
    assert_eq!(classify(&high, &cmp, Some(u64::MAX)), displace(6));

    let mov = [0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(
        classify(&mov, &cmp, Some(u64::MAX)),
        Patch::MovHead {
            imm: u64::MAX,
            mov_len: 7
        }
    );

    // mov dword [rsp-0x48],1; mov dword [rbp-0x48],1; mov r15,[r8+0xe8]
    assert_eq!(
        classify(&[0xc7, 0x44, 0x24, 0xb8, 1, 0, 0, 0], &cmp, Some(1)),
        displace(6)
    );
    assert_eq!(
        classify(&[0xc7, 0x45, 0xb8, 1, 0, 0, 0], &cmp, Some(1)),
        displace(6)
    );
    assert_eq!(
        classify(&[0x4d, 0x8b, 0xb8, 0xe8, 0, 0, 0], &cmp, Some(0xe8)),
        displace(6)
    );
    // mov esi,1; mov eax,1 is no `add [rax+1],bh`; nor is mov rdi,rax; mov eax,1 anything else.
    let head = Patch::MovHead { imm: 1, mov_len: 5 };
    assert_eq!(
        classify(&[0xbe, 1, 0, 0, 0, 0xb8, 1, 0, 0, 0], &cmp, Some(1)),
        head
    );
    assert_eq!(
        classify(&[0x48, 0x89, 0xc7, 0xb8, 1, 0, 0, 0], &cmp, Some(1)),
        head
    );

    let stay = Patch::Stay;
    assert_eq!(
        classify(&[], &[0xc3, 0x90, 0x90], None),
        stay(Reason::TooShort)
    );
    assert_eq!(
        classify(&[], &[0x74, 0x90, 0x90], None),
        stay(Reason::TooShort)
    );
    assert_eq!(classify(&[], &[0xe8, 0, 0, 0, 0], None), stay(Reason::Call));
    assert_eq!(
        classify(&[], &[0xcc, 0, 0, 0, 0], None),
        stay(Reason::Unmovable)
    );
    assert_eq!(classify(&[], &[0x48, 0x3d], None), stay(Reason::Cut));
    assert_eq!(
        loader::site::classify(&mov, &[0x0f, 0x0b], None),
        stay(Reason::NotSyscall)
    );
    assert_eq!(classify(&[], &[0xe9, 0, 0, 0, 0], None), displace(5));
}

#[test]
fn slots_of_a_chunk() {
    let chunk = (SITE & !0xffff) - 0x1000_0000;
    let all = Patch::MovHead { imm: 1, mov_len: 5 };
    assert_eq!(slots(SITE, &all, chunk, CHUNK).count(), 1024);
    assert_eq!(
        slots(SITE, &all, chunk + 8, 200).collect::<Vec<_>>(),
        [chunk + 64, chunk + 128]
    );
    assert_eq!(slots(SITE, &all, chunk - (1 << 31), CHUNK).count(), 0);
    assert_eq!(slots(SITE, &all, u64::MAX - 0xffff, CHUNK).count(), 0);

    let some = Patch::Displace { insn_len: 6 };
    let found: Vec<_> = slots(SITE, &some, chunk, CHUNK).collect();
    assert!(found.len() >= INVALID_OPCODES.len() * 3, "{}", found.len());
    for slot in found {
        assert_eq!(slot % SLOT, 0);
        let opcode = slot.wrapping_sub(SITE + 5).to_le_bytes()[1];
        assert!(INVALID_OPCODES.contains(&opcode));
    }
    assert_eq!(
        slots(SITE, &Patch::Stay(Reason::Call), chunk, CHUNK).count(),
        0
    );
}

#[test]
fn a_mov_head() {
    let patch = Patch::MovHead {
        imm: 257,
        mov_len: 5,
    };
    let (slot, check) = (SITE & !0xffff | 0x40, SITE & !0xffff);
    let built = trampoline(SITE, &patch, &at(&[]), slot, check).unwrap();
    assert_eq!(built.head(), SITE - 5);
    assert_eq!(built.original, [0xb8, 1, 1, 0, 0]);
    assert_eq!(insn(&built.jump, SITE - 5).near_branch_target(), slot);
    let code = built.code();
    assert_eq!(code[..5], built.original);
    judge_head(&built, 5, check);
    judge_record(&built, SITE + 2);
    let rip = |offset| guest_rip(slot + offset, slot, SITE, &patch);
    assert_eq!(
        (rip(0), rip(5), rip(12)),
        (Some(SITE - 5), Some(SITE), Some(SITE))
    );
    assert_eq!((rip(17), rip(1)), (None, None));
}

/// The `lea` and the jump that every trampoline has.
fn judge_head(built: &Built, offset: usize, check: u64) {
    let code = built.code();
    let ip = built.slot + u64::try_from(offset).unwrap();
    let lea = insn(&code[offset..], ip);
    assert_eq!(
        (lea.code(), lea.op0_register()),
        (Code::Lea_r64_m, Register::R11)
    );
    assert_eq!(
        lea.ip_rel_memory_address(),
        built.slot + u64::from(built.record_offset)
    );
    let jump = insn(&code[offset + 7..], ip + 7);
    assert_eq!(jump.near_branch_target(), check);
}

fn judge_record(built: &Built, resume: u64) {
    let record = &built.code()[usize::from(built.record_offset)..];
    let words: Vec<u64> = record
        .chunks(8)
        .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
        .collect();
    assert_eq!(words, [built.site + 2, resume, 0, built.site]);
    assert_eq!(built.record_offset % 8, 0);
}

/// That `copy` does at `to` what `original` does at `from`.
fn judge_moved(original: &[u8], from: u64, copy: &[u8], to: u64) {
    let (mut before, mut after) = (insn(original, from), insn(copy, to));
    assert_eq!((before.code(), before.len()), (after.code(), after.len()));
    if before.is_ip_rel_memory_operand() {
        assert_eq!(
            before.ip_rel_memory_address(),
            after.ip_rel_memory_address()
        );
    }
    if before.op0_kind() == OpKind::NearBranch64 {
        assert_eq!(before.near_branch_target(), after.near_branch_target());
    }
    // All that is left is the same: registers, prefixes, immediates.
    for instruction in [&mut before, &mut after] {
        instruction.set_ip(0);
        if instruction.is_ip_rel_memory_operand() {
            instruction.set_memory_displacement64(0);
        }
        if instruction.op0_kind() == OpKind::NearBranch64 {
            instruction.set_near_branch64(0);
        }
    }
    assert_eq!(before, after);
}

/// Memory of which only a few bytes around a site exist.
#[derive(Clone, PartialEq, Debug)]
struct Code16 {
    start: u64,
    bytes: [u8; 32],
}

impl Code16 {
    fn from(&self, address: u64) -> &[u8] {
        &self.bytes[usize::try_from(address - self.start).unwrap()..]
    }

    /// Carries out one group; calls `seen` after every single byte.
    fn apply(&mut self, group: &Group, seen: &mut impl FnMut(&Self)) {
        for write in group {
            for (index, byte) in write.bytes().iter().enumerate() {
                let at = usize::try_from(write.address - self.start).unwrap() + index;
                self.bytes[at] = *byte;
                seen(self);
            }
        }
    }
}

/// Every state on the way is safe at every place that a thread can be about to execute.
fn judge_protocol(built: &Built, before: [u8; 32]) {
    let start = SITE - 16;
    let original = Code16 {
        start,
        bytes: before,
    };
    let head = built.head();
    let mut code = original.clone();
    let mut patched = original.clone();
    let mut safe = |code: &Code16| {
        let now = code.from(head);
        // The old instruction, a trap, or the whole jump.
        let old = insn(original.from(head), head);
        assert!(
            now[0] == 0xcc
                || now[..5] == built.jump
                || now[..old.len()] == original.from(head)[..old.len()]
        );
        match built.patch {
            Patch::Displace { insn_len } => {
                let (now, old) = (code.from(SITE + 2), original.from(SITE + 2));
                let len = usize::from(insn_len);
                assert!(insn(now, 0).is_invalid() || now[..len] == old[..len]);
                assert_eq!(now[len..], old[len..]);
            }
            _ => assert_eq!(code.from(SITE)[..2], SYSCALL),
        }
    };
    for group in steps(built) {
        code.apply(&group, &mut safe);
    }
    patched.bytes[usize::try_from(head - start).unwrap()..][..5].copy_from_slice(&built.jump);
    assert_eq!(code, patched);
    for group in revert_steps(SITE, &built.patch, &built.original) {
        code.apply(&group, &mut safe);
    }
    assert_eq!(code, original);
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("LX_FUZZ_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(4000))
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn trampolines_do_what_the_site_did(
        opcode in any::<[u8; 4]>(),
        prefix in proptest::sample::select(vec![&[][..], &[0x48], &[0x0f], &[0x66, 0x0f], &[0x44]]),
        rest in any::<[u8; 14]>(),
        before in any::<[u8; 16]>(),
        mov in proptest::bool::weighted(0.2),
        chunk in -0x7ff0..0x7ff0i64,
        index in 0..60usize,
    ) {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&before);
        if mov {
            bytes[11] = 0xb8;
        }
        let after = [&SYSCALL, prefix, &opcode, &rest].concat();
        bytes[16..].copy_from_slice(&after[..16]);
        let here = &bytes[16..];
        let patch = classify(&bytes[..16], here, None);
        let chunk = (SITE & !0xffff).wrapping_add_signed(chunk << 16);
        let Some(slot) = slots(SITE, &patch, chunk, CHUNK).nth(index) else { return Ok(()) };
        let check = chunk + 0xff00;
        let Some(built) = trampoline(SITE, &patch, here, slot, check) else {
            // What is rip-relative can be out of reach.
            let moved = decode(&here[2..]).expect("classified");
            prop_assert_ne!(moved.place, Place::Free);
            return Ok(());
        };
        judge_protocol(&built, bytes);
        prop_assert!(built.code().len() <= 64);
        match patch {
            Patch::MovHead { mov_len, .. } => {
                let len = usize::from(mov_len);
                prop_assert_eq!(&built.code()[..len], &bytes[16 - len..16]);
                judge_head(&built, len, check);
                judge_record(&built, SITE + 2);
            }
            Patch::Displace { insn_len } => {
                let (tail, back) = (built.tail_offset, built.after_tail_offset);
                prop_assert_eq!(tail + insn_len, back);
                judge_head(&built, 0, check);
                judge_record(&built, built.tail());
                let copy = &built.code()[usize::from(tail)..];
                if !insn(&here[2..], 0).is_invalid() {
                    judge_moved(&here[2..], SITE + 2, copy, built.tail());
                }
                let next = SITE + 2 + u64::from(insn_len);
                let back_ip = slot + u64::from(back);
                let jump = insn(&built.code()[usize::from(back)..], back_ip);
                prop_assert_eq!(jump.near_branch_target(), next);
                prop_assert_eq!(built.guest_rip(slot), Some(SITE));
                prop_assert_eq!(built.guest_rip(slot + 7), Some(SITE));
                prop_assert_eq!(built.guest_rip(built.tail()), Some(SITE + 2));
                prop_assert_eq!(built.guest_rip(back_ip), Some(next));
                prop_assert_eq!(built.guest_rip(back_ip + 5), None);
            }
            Patch::Stay(_) => unreachable!("it has no slots"),
        }
    }

    #[test]
    fn scanning_any_bytes(code in proptest::collection::vec(any::<u8>(), 0..200)) {
        for site in sites(&code, 0x1000) {
            let at = usize::try_from(site.address - 0x1000).unwrap();
            prop_assert_eq!(&code[at..at + 2], &SYSCALL);
        }
    }
}

#[test]
fn scanning() {
    let code = [
        &[
            0xb8, 1, 0, 0, 0, 0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff,
        ][..],
        &[
            0x06, 0x31, 0xc0, 0x0f, 0x05, 0x48, 0x89, 0xc3, 0x0f, 0x05, 0xc3,
        ],
    ]
    .concat();
    let found: Vec<_> = sites(&code, 0x1000)
        .map(|site| (site.address, site.patch))
        .collect();
    assert_eq!(
        found,
        [
            (0x1005, Patch::MovHead { imm: 1, mov_len: 5 }),
            (0x1010, Patch::Displace { insn_len: 3 }),
            (0x1015, Patch::Stay(Reason::TooShort)),
        ]
    );
}
