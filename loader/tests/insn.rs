//! The small decoder never says more than iced-x86 does.

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl};
use loader::insn::{Insn, Place, Refusal, decode};
use proptest::prelude::*;

/// Compares one decoding; `false` when the instruction was refused.
fn agrees(bytes: &[u8]) -> bool {
    let Ok(found) = decode(bytes) else {
        return false;
    };
    let mut decoder = Decoder::with_ip(64, bytes, 0x10_0000, DecoderOptions::NONE);
    let instruction = decoder.decode();
    if instruction.is_invalid() {
        // The processor refuses it wherever it stands.
        return true;
    }
    let what = || format!("{bytes:02x?}: {found:?}, {:?}", instruction.code());
    assert_eq!(usize::from(found.len), instruction.len(), "{}", what());
    let near = match instruction.flow_control() {
        FlowControl::Next | FlowControl::IndirectBranch | FlowControl::Return => false,
        FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => true,
        other => panic!("{other:?}: {}", what()),
    };
    let offsets = decoder.get_constant_offsets(&instruction);
    let relative = if near {
        assert_eq!(offsets.immediate_size(), 4, "{}", what());
        Some(offsets.immediate_offset())
    } else if instruction.is_ip_rel_memory_operand() {
        Some(offsets.displacement_offset())
    } else {
        None
    };
    let place = match found.place {
        Place::Free => None,
        Place::Relative(offset) => Some(usize::from(offset)),
    };
    assert_eq!(place, relative, "{}", what());
    let imm32 = !near
        && offsets.has_immediate()
        && offsets.immediate_size() == 4
        && offsets.immediate_offset() + 4 == instruction.len();
    assert_eq!(found.ends_in_imm32, imm32, "{}", what());
    let system = matches!(
        instruction.code(),
        Code::Syscall | Code::Sysenter | Code::Int_imm8 | Code::Int3 | Code::Int1
    );
    assert!(!system, "{}", what());
    true
}

#[test]
fn every_opcode_and_modrm() {
    let prefixes: [&[u8]; 12] = [
        &[],
        &[0x66],
        &[0xf2],
        &[0xf3],
        &[0x48],
        &[0x66, 0x48],
        &[0x41],
        &[0x4f],
        &[0xf3, 0x48],
        &[0xf0],
        &[0x2e, 0x66],
        &[0x64, 0x44],
    ];
    let mut accepted = 0;
    for prefix in prefixes {
        for map in [&[][..], &[0x0f]] {
            for opcode in 0..=255 {
                for modrm in 0..=255 {
                    for sib in [0x24, 0x25] {
                        let mut bytes = [0x11; 24];
                        let head = [prefix, map, &[opcode, modrm, sib]].concat();
                        bytes[..head.len()].copy_from_slice(&head);
                        accepted += u32::from(agrees(&bytes));
                    }
                }
            }
        }
    }
    // More than half of all, so that the comparison means something.
    assert!(accepted > 12 * 2 * 256 * 256, "{accepted}");
}

#[test]
fn what_compilers_put_after_a_call_of_the_system() {
    let free = |bytes: &[u8]| {
        let len = u8::try_from(bytes.len()).unwrap();
        let found = decode(bytes).expect("known");
        assert_eq!((found.len, found.place), (len, Place::Free), "{bytes:02x?}");
    };
    free(&[0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff]); // cmp rax,-4095
    free(&[0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff]);
    free(&[0x3d, 0x00, 0xf0, 0xff, 0xff]); // cmp eax,-4096
    free(&[0x48, 0x89, 0xc3]); // mov rbx,rax
    free(&[0x41, 0x89, 0xc0]); // mov r8d,eax
    free(&[0x48, 0x83, 0xf8, 0xfc]); // cmp rax,-4
    free(&[0x48, 0x89, 0x44, 0x24, 0x08]); // mov [rsp+8],rax
    free(&[0xb8, 0x3c, 0, 0, 0]); // mov eax,60
    free(&[0x64, 0x8b, 0x04, 0x25, 0x10, 0, 0, 0]); // mov eax,fs:[16]
    free(&[0xf3, 0x0f, 0x1e, 0xfa]); // endbr64
    let refused = |bytes: &[u8]| decode(bytes).expect_err("refused");
    assert_eq!(refused(&[0xe8, 0, 0, 0, 0]), Refusal::Call);
    assert_eq!(refused(&[0xff, 0x15, 0, 0, 0, 0]), Refusal::Call);
    assert_eq!(refused(&[0x41, 0xff, 0xd3]), Refusal::Call);
    assert_eq!(refused(&[0x74, 0x05]), Refusal::Short);
    assert_eq!(refused(&[0x0f, 0x05]), Refusal::Other);
    assert_eq!(refused(&[0xcc]), Refusal::Other);
    assert_eq!(refused(&[0x48, 0x3d, 0x01]), Refusal::Cut);
    assert_eq!(refused(&[]), Refusal::Cut);
    assert_eq!(refused(&[0x66; 20]), Refusal::Other);
    let jump = decode(&[0x0f, 0x84, 1, 2, 3, 4]);
    let rest = Insn {
        len: 6,
        place: Place::Relative(2),
        ends_in_imm32: false,
        rex_b: false,
    };
    assert_eq!(jump, Ok(rest));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
        agrees(&bytes);
    }
}
