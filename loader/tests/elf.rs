//! ELF headers and plans: known files, and properties of generated ones.

mod elfgen;

use abi::Errno;
use elfgen::{PT_GNU_STACK, PT_INTERP, Phdr, cases, file, good};
use loader::elf::{HEADER_LEN, Header, Image, Interp, PAGE, Role, Stack, TASK_SIZE};
use loader::place::{ET_DYN_BASE, Place, Randomize, aligned, brk, place, place_interpreter};
use loader::plan::{Fixed, PROT_EXEC, PROT_READ, PROT_WRITE, Plan, Step};
use proptest::prelude::*;

const EXEC: u16 = 2;
const DYN: u16 = 3;

fn program(file: &elfgen::File) -> Result<Image, Errno> {
    Image::parse(&file.bytes(), Role::Program)
}

/// The plan as the brand makes it, with an mmap that always says `room`.
fn planned(image: &Image, at: Place, room: u64) -> Result<Plan, Errno> {
    let mut plan = match at.plan(image)? {
        Some(plan) => plan,
        None => aligned(image, room)
            .plan(image)?
            .expect("no search after a search"),
    };
    if plan.is_hint() {
        plan.moved_to(room)?;
    }
    Ok(plan)
}

#[test]
fn a_fixed_program() {
    let image = program(&good(EXEC, 0x40_0000)).unwrap();
    let at = place(&image, Randomize::Brk, 7);
    let plan = planned(&image, at, 0).unwrap();
    assert_eq!(
        plan.steps,
        [
            Step::File {
                addr: 0x40_0000,
                len: 0x1000,
                prot: PROT_READ | PROT_EXEC,
                offset: 0,
                fixed: Fixed::NoReplace,
                reserve: 0
            },
            Step::File {
                addr: 0x40_1000,
                len: 0x1000,
                prot: PROT_READ | PROT_WRITE,
                offset: 0x1000,
                fixed: Fixed::Replace,
                reserve: 0
            },
            Step::Zero {
                addr: 0x40_1234,
                len: 0xdcc
            },
            Step::Anon {
                addr: 0x40_2000,
                len: 0x3000,
                prot: PROT_READ | PROT_WRITE
            },
        ]
    );
    let layout = plan.layout;
    assert_eq!(
        (layout.bias, layout.entry, layout.phdr),
        (0, 0x40_0200, 0x40_0040)
    );
    assert_eq!((layout.start_code, layout.end_code), (0x40_0000, 0x40_1000));
    assert_eq!((layout.start_data, layout.end_data), (0x40_1000, 0x40_1234));
    assert_eq!(layout.bss_end, 0x40_4456);
    assert_eq!(brk(&image, layout.bss_end, Randomize::Images, 3), 0x40_5000);
    assert_eq!(
        brk(&image, layout.bss_end, Randomize::Brk, (1 << 18) + 3),
        0x40_9000
    );
}

#[test]
fn a_pie_with_an_interpreter() {
    let mut file = good(DYN, 0);
    let interp = Phdr {
        kind: PT_INTERP,
        offset: 0x300,
        filesz: 9,
        ..file.phdrs[0].clone()
    };
    file.phdrs.insert(0, interp);
    let image = program(&file).unwrap();
    assert_eq!(
        image.interp,
        Some(Interp {
            offset: 0x300,
            len: 9
        })
    );

    let base = |randomize, random| match place(&image, randomize, random) {
        Place::At {
            bias,
            first: Fixed::NoReplace,
        } => bias,
        other => panic!("{other:?}"),
    };
    assert_eq!(base(Randomize::Nothing, u64::MAX), 0x5555_5555_4000);
    assert_eq!(base(Randomize::Images, 5), 0x5555_5555_9000);
    assert_eq!(
        base(Randomize::Brk, u64::MAX),
        0x5555_5555_4000 + 0xff_ffff_f000
    );

    let plan = planned(&image, place(&image, Randomize::Nothing, 0), 0).unwrap();
    let Step::File { reserve, fixed, .. } = plan.steps[0] else {
        panic!("{plan:?}")
    };
    assert_eq!((reserve, fixed), (0x5000, Fixed::NoReplace));
    assert_eq!(plan.layout.phdr, 0x5555_5555_4040);
    assert_eq!(
        brk(&image, plan.layout.bss_end, Randomize::Brk, 0),
        0x5555_5555_a000
    );
}

#[test]
fn alignment_is_respected() {
    let mut file = good(DYN, 0);
    file.phdrs[1].align = 0x20_0000;
    file.phdrs[0].align = 0x30_0000;
    let image = program(&file).unwrap();
    assert_eq!(image.alignment(), 0x20_0000);
    let at = place(&image, Randomize::Images, 0);
    assert_eq!(
        at,
        Place::Search {
            len: 0x5000,
            alignment: 0x20_0000
        }
    );
    let plan = planned(&image, at, 0x7f00_1234_5000).unwrap();
    assert_eq!(plan.layout.bias, 0x7f00_1220_0000);

    let interp = Phdr {
        kind: PT_INTERP,
        filesz: 9,
        ..file.phdrs[0].clone()
    };
    file.phdrs.push(interp);
    let image = program(&file).unwrap();
    let at = place(&image, Randomize::Nothing, 0);
    assert_eq!(
        at,
        Place::At {
            bias: 0x5555_5540_0000,
            first: Fixed::NoReplace
        }
    );
}

#[test]
fn a_static_pie_goes_where_mmap_says() {
    let image = program(&good(DYN, 0x1_2000)).unwrap();
    let plan = planned(&image, place(&image, Randomize::Brk, 9), 0x7f00_0000_0000).unwrap();
    assert_eq!(plan.layout.bias, 0x7eff_fffe_e000);
    assert_eq!(plan.layout.entry, 0x7f00_0000_0200);
    assert_eq!(plan.steps[1].range(), (0x7f00_0000_1000, 0x1000));
    // Its brk is where programs with an interpreter live.
    assert_eq!(
        brk(&image, plan.layout.bss_end, Randomize::Images, 9),
        0x5555_5555_5000
    );
    assert_eq!(
        brk(&image, plan.layout.bss_end, Randomize::Brk, 9),
        0x5555_5555_e000
    );
    assert_eq!(ET_DYN_BASE, 0x7fff_ffff_f000 / 3 * 2);
}

#[test]
fn interpreters() {
    let file = good(DYN, 0);
    let image = Image::parse(&file.bytes(), Role::Interpreter).unwrap();
    let plan = planned(
        &image,
        place_interpreter(&image, 0x5555_5555_4000),
        0x7f00_0000_0000,
    );
    let plan = plan.unwrap();
    assert_eq!(
        (plan.layout.bias, plan.layout.entry),
        (0x7f00_0000_0000, 0x7f00_0000_0200)
    );

    // A linked-at address is a hint if the program is fixed, and ignored otherwise.
    let image = Image::parse(&good(DYN, 0x9_0000).bytes(), Role::Interpreter).unwrap();
    let hint = |bias| {
        place_interpreter(&image, bias)
            .plan(&image)
            .unwrap()
            .unwrap()
    };
    assert_eq!(hint(0).steps[0].range().0, 0x9_0000);
    assert_eq!(hint(0x1000).steps[0].range().0, 0);

    let image = Image::parse(&good(EXEC, 0x9_0000).bytes(), Role::Interpreter).unwrap();
    let plan = place_interpreter(&image, 0x1000)
        .plan(&image)
        .unwrap()
        .unwrap();
    let Step::File { reserve, fixed, .. } = plan.steps[0] else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (reserve, fixed, plan.layout.bias),
        (0x5000, Fixed::Replace, 0)
    );
}

#[test]
fn the_same_defect_is_another_error_in_an_interpreter() {
    let good = good(DYN, 0);
    let both = |file: &elfgen::File| {
        let bytes = file.bytes();
        (
            Image::parse(&bytes, Role::Program).err(),
            Image::parse(&bytes, Role::Interpreter).err(),
        )
    };
    let bad = (Some(Errno::ENOEXEC), Some(Errno::ELIBBAD));
    assert_eq!(both(&good), (None, None));
    assert_eq!(
        both(&elfgen::File {
            machine: 183,
            ..good.clone()
        }),
        bad
    );
    assert_eq!(
        both(&elfgen::File {
            phentsize: 32,
            ..good.clone()
        }),
        bad
    );
    assert_eq!(
        both(&elfgen::File {
            phnum: Some(0),
            ..good.clone()
        }),
        bad
    );
    assert_eq!(
        both(&elfgen::File {
            phnum: Some(1171),
            len: 0x2_0000,
            ..good.clone()
        }),
        bad
    );
    assert_eq!(
        both(&elfgen::File {
            phnum: Some(1170),
            len: 0x2_0000,
            ..good.clone()
        }),
        (None, None)
    );
    assert_eq!(
        both(&elfgen::File {
            phoff: u64::MAX,
            ..good.clone()
        }),
        bad
    );
    assert_eq!(
        both(&elfgen::File {
            len: 100,
            ..good.clone()
        }),
        bad
    );
    let short = elfgen::File {
        len: 60,
        ..good.clone()
    };
    assert_eq!(both(&short), (Some(Errno::ENOEXEC), Some(Errno::EIO)));

    // The type of an interpreter matters past the point of no return only.
    let relocatable = elfgen::File { kind: 1, ..good };
    assert_eq!(both(&relocatable), (Some(Errno::ENOEXEC), None));
    let image = Image::parse(&relocatable.bytes(), Role::Interpreter).unwrap();
    assert_eq!(place_interpreter(&image, 0).plan(&image), Err(Errno::EPERM));
}

#[test]
fn class_and_version_bytes_are_not_looked_at() {
    let mut bytes = good(DYN, 0).bytes();
    bytes[4..16].fill(0xff);
    assert!(Header::program(&bytes).is_ok());
    bytes[0] = 0;
    assert_eq!(Header::program(&bytes), Err(Errno::ENOEXEC));
    assert_eq!(Header::program(&[]), Err(Errno::ENOEXEC));
}

#[test]
fn interpreter_paths() {
    let with_len = |filesz| {
        let mut file = good(DYN, 0);
        file.phdrs.push(Phdr {
            kind: PT_INTERP,
            filesz,
            ..file.phdrs[0].clone()
        });
        program(&file).map(|image| image.interp)
    };
    assert_eq!(with_len(1), Err(Errno::ENOEXEC));
    assert_eq!(with_len(4097), Err(Errno::ENOEXEC));
    assert_eq!(with_len(u64::MAX), Err(Errno::ENOEXEC));
    assert_eq!(
        with_len(4096),
        Ok(Some(Interp {
            offset: 0,
            len: 4096
        }))
    );

    let interp = Interp { offset: 0, len: 5 };
    assert_eq!(interp.path(b"/lib\0more"), Ok(&b"/lib"[..]));
    assert_eq!(interp.path(b"/l\0b\0"), Ok(&b"/l"[..]));
    assert_eq!(interp.path(b"/libs"), Err(Errno::ENOEXEC));
    assert_eq!(interp.path(b"/lib"), Err(Errno::EIO));
}

#[test]
fn stack_flags() {
    let mut file = good(DYN, 0);
    assert_eq!(program(&file).unwrap().stack, Stack::Default);
    let stack = |flags| Phdr {
        kind: PT_GNU_STACK,
        flags,
        ..file.phdrs[0].clone()
    };
    let (exec, plain) = (stack(7), stack(6));
    file.phdrs.push(exec);
    assert_eq!(program(&file).unwrap().stack, Stack::Exec);
    file.phdrs.push(plain);
    assert_eq!(program(&file).unwrap().stack, Stack::NoExec);
}

#[test]
fn fatal_segments() {
    let with = |change: &dyn Fn(&mut Phdr)| {
        let mut file = good(EXEC, 0x40_0000);
        change(&mut file.phdrs[1]);
        let image = program(&file).unwrap();
        place(&image, Randomize::Nothing, 0)
            .plan(&image)
            .map(|_| ())
    };
    assert_eq!(with(&|_| ()), Ok(()));
    assert_eq!(with(&|s| s.filesz = s.memsz + 1), Err(Errno::EINVAL));
    assert_eq!(with(&|s| s.memsz = u64::MAX), Err(Errno::EINVAL));
    assert_eq!(with(&|s| s.vaddr = TASK_SIZE), Err(Errno::EINVAL));
    assert_eq!(with(&|s| s.vaddr = TASK_SIZE - 0x1000), Err(Errno::EINVAL));
    assert_eq!(with(&|s| s.offset = 0x1001), Err(Errno::EINVAL));
    // A segment of a program that is not writable keeps the file's bytes after its end.
    assert_eq!(with(&|s| s.flags = 4), Ok(()));
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn any_file_is_refused_or_planned_soundly(
        file in file(), role in any::<bool>(), random: u64, room in 0..1u64 << 35,
    ) {
        let role = if role { Role::Program } else { Role::Interpreter };
        let bytes = file.bytes();
        let Ok(image) = Image::parse(&bytes, role) else { return Ok(()) };
        prop_assert!(bytes.len() >= HEADER_LEN + 56);
        let room = room << 12;
        let at = match role {
            Role::Program => place(&image, Randomize::Brk, random),
            Role::Interpreter => place_interpreter(&image, random & !0xfff),
        };
        let _ = brk(&image, random >> 17, Randomize::Brk, random);
        let Ok(plan) = planned(&image, at, room) else { return Ok(()) };
        sound(&plan)?;
        prop_assert!(plan.layout.entry < TASK_SIZE);
        let searched = matches!(at, Place::Search { .. });
        let hinted = !searched && at.plan(&image).is_ok_and(|plan| plan.unwrap().is_hint());
        if hinted {
            prop_assert_eq!(plan.steps[0].range().0, room);
        }
        // Every byte of every segment is where the header says.
        for load in image.loads.iter().filter(|load| load.p_memsz != 0) {
            let start = load.p_vaddr.wrapping_add(plan.layout.bias);
            let covered = |at: u64| plan.steps.iter().any(|step| {
                let (addr, len) = step.range();
                addr <= at && at < addr + len
            });
            prop_assert!(covered(start) && covered(start + load.p_memsz - 1));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_planned(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let mut bytes = bytes;
        for (to, from) in bytes.iter_mut().zip(b"\x7fELF") {
            *to = *from;
        }
        for role in [Role::Program, Role::Interpreter] {
            if let Ok(image) = Image::parse(&bytes, role) {
                let _ = planned(&image, place(&image, Randomize::Brk, 1), 0x1000);
            }
        }
    }
}

/// What must hold of every plan.
fn sound(plan: &Plan) -> Result<(), TestCaseError> {
    let mut previous = None;
    for (index, step) in plan.steps.iter().enumerate() {
        let (addr, len) = step.range();
        prop_assert!(len > 0 && addr < TASK_SIZE && len <= TASK_SIZE - addr);
        match *step {
            Step::File {
                offset,
                fixed,
                reserve,
                ..
            } => {
                prop_assert_eq!((addr | len | offset | reserve) % PAGE, 0);
                prop_assert_eq!(fixed == Fixed::Hint && index > 0, false);
                prop_assert!(reserve == 0 || reserve >= len && index == 0);
            }
            // bss starts where the file ends, and does not touch what was mapped of it.
            Step::Zero { .. } => {
                let Some(Step::File {
                    addr: file,
                    len: size,
                    prot,
                    ..
                }) = previous
                else {
                    return Err(TestCaseError::fail("nothing to clear"));
                };
                prop_assert!(len < PAGE && prot & PROT_WRITE != 0);
                prop_assert_eq!(addr + len, file + size);
            }
            Step::Anon { prot, .. } => {
                prop_assert_eq!((addr | len) % PAGE, 0);
                prop_assert_eq!(prot & (PROT_READ | PROT_WRITE), PROT_READ | PROT_WRITE);
            }
        }
        previous = Some(*step);
    }
    Ok(())
}
