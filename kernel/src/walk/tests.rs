//! The walk against a model: a tree of directories, files and links in memory, some of them mount
//! points, and a resolver that knows nothing of steps and dives.

use super::{Aim, Entry, Found, Limits, MAX_LINKS, Scope, Tree, walk};
use abi::{Errno, SysResult};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::vec::Vec;
use std::{format, vec};

/// A number in [`Model::objects`].
type Id = usize;

#[derive(Clone, Debug)]
enum Object {
    Directory {
        above: Id,
        names: BTreeMap<Vec<u8>, Id>,
    },
    File,
    Link(Vec<u8>),
}

/// Directories, and which of them others are mounted on.
#[derive(Clone, Debug)]
struct Model {
    objects: Vec<Object>,
    /// From a mount point to what is mounted there.
    mounts: BTreeMap<Id, Id>,
    root: Id,
    /// How often the tree answers a dive.
    dives: Cell<usize>,
}

impl Model {
    /// An empty root.
    fn new() -> Self {
        let names = BTreeMap::new();
        Self {
            objects: vec![Object::Directory { above: 0, names }],
            mounts: BTreeMap::new(),
            root: 0,
            dives: Cell::new(0),
        }
    }

    fn add(&mut self, directory: Id, name: &[u8], object: Object) -> Id {
        let id = self.objects.len();
        self.objects.push(object);
        if let Object::Directory { names, .. } = &mut self.objects[directory] {
            names.entry(name.to_vec()).or_insert(id);
        }
        id
    }

    fn names(&self, directory: Id) -> Option<&BTreeMap<Vec<u8>, Id>> {
        match &self.objects[directory] {
            Object::Directory { names, .. } => Some(names),
            _ => None,
        }
    }

    fn mounted(&self, id: Id) -> Id {
        self.mounts.get(&id).map_or(id, |over| self.mounted(*over))
    }

    fn child(&self, directory: Id, name: &[u8]) -> SysResult<Id> {
        let names = self.names(directory).ok_or(Errno::ENOTDIR)?;
        let id = names.get(name).copied().ok_or(Errno::ENOENT)?;
        Ok(self.mounted(id))
    }

    /// The topmost object of the mount that an object lies in.
    fn mount_of(&self, id: Id) -> Id {
        let holds = |object: &Object| match object {
            Object::Directory { names, .. } => names.values().any(|entry| *entry == id),
            _ => false,
        };
        match self.objects.iter().position(holds) {
            Some(above) => self.mount_of(above),
            None => id,
        }
    }

    fn parent(&self, directory: Id) -> SysResult<Id> {
        if directory == self.root {
            return Ok(directory);
        }
        if let Some((point, _)) = self.mounts.iter().find(|(_, over)| **over == directory) {
            return self.parent(*point);
        }
        match &self.objects[directory] {
            Object::Directory { above, .. } => Ok(*above),
            _ => Err(Errno::ENOTDIR),
        }
    }
}

impl Tree for Model {
    type Node = Id;

    fn root(&self) -> SysResult<Id> {
        Ok(self.root)
    }

    fn enter(&self, directory: &Id, name: &[u8]) -> SysResult<Entry<Id>> {
        if name == b"." {
            return self
                .names(*directory)
                .map(|_| Entry::Plain(*directory))
                .ok_or(Errno::ENOTDIR);
        }
        let id = self.child(*directory, name)?;
        Ok(match &self.objects[id] {
            Object::Link(text) => Entry::Link(id, text.clone()),
            _ => Entry::Plain(id),
        })
    }

    fn above(&self, directory: &Id) -> SysResult<Id> {
        self.parent(*directory)
    }

    fn dive(&self, directory: &Id, path: &[u8]) -> SysResult<Option<Id>> {
        let mut at = *directory;
        for name in path
            .split(|byte| *byte == b'/')
            .filter(|name| !name.is_empty())
        {
            if name == b".."
                || self.names(at).is_some_and(|names| {
                    names.get(name).is_some_and(|id| {
                        self.mounts.contains_key(id) || matches!(self.objects[*id], Object::Link(_))
                    })
                })
            {
                return Ok(None);
            }
            if name != b"." {
                at = self.child(at, name)?;
            }
            if self.names(at).is_none() {
                return Err(Errno::ENOTDIR);
            }
        }
        self.dives.set(self.dives.get() + 1);
        Ok(Some(at))
    }

    fn jump(&self, _: &Id, _: &[u8]) -> SysResult<Id> {
        Err(Errno::ENOENT)
    }

    fn is_directory(&self, node: &Id) -> bool {
        self.names(*node).is_some()
    }

    fn again(&self, start: &Id) -> Id {
        *start
    }

    fn is_same(&self, one: &Id, other: &Id) -> bool {
        one == other
    }

    fn crosses(&self, one: &Id, other: &Id) -> bool {
        self.mount_of(*one) != self.mount_of(*other)
    }
}

/// A tree that never dives: every component is a step.
struct Stepping<'a>(&'a Model);

impl Tree for Stepping<'_> {
    type Node = Id;
    fn root(&self) -> SysResult<Id> {
        self.0.root()
    }
    fn enter(&self, directory: &Id, name: &[u8]) -> SysResult<Entry<Id>> {
        self.0.enter(directory, name)
    }
    fn above(&self, directory: &Id) -> SysResult<Id> {
        self.0.above(directory)
    }
    fn dive(&self, _: &Id, _: &[u8]) -> SysResult<Option<Id>> {
        Ok(None)
    }
    fn jump(&self, _: &Id, _: &[u8]) -> SysResult<Id> {
        Err(Errno::ENOENT)
    }

    fn is_directory(&self, node: &Id) -> bool {
        self.0.is_directory(node)
    }

    fn again(&self, start: &Id) -> Id {
        self.0.again(start)
    }

    fn is_same(&self, one: &Id, other: &Id) -> bool {
        self.0.is_same(one, other)
    }

    fn crosses(&self, one: &Id, other: &Id) -> bool {
        self.0.crosses(one, other)
    }
}

/// path_resolution(7) by recursion.
fn resolve(model: &Model, at: Id, path: &[u8], follow: bool, links: &Cell<usize>) -> SysResult<Id> {
    let knows_root = Cell::new(false);
    let state = (links, &knows_root);
    resolve_within(model, (at, Limits::default()), at, path, follow, state)
}

fn resolve_within(
    model: &Model,
    within: (Id, Limits),
    mut at: Id,
    path: &[u8],
    follow: bool,
    state: (&Cell<usize>, &Cell<bool>),
) -> SysResult<Id> {
    let (top, limits) = within;
    let (links, knows_root) = state;
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let step = |from: Id, to: Id| {
        if limits.one_mount && model.mount_of(from) != model.mount_of(to) {
            return Err(Errno::EXDEV);
        }
        Ok(to)
    };
    if path.starts_with(b"/") {
        let root = match limits.scope {
            Scope::Free => model.root,
            Scope::Beneath => return Err(Errno::EXDEV),
            Scope::Root => top,
        };
        // Where the path itself begins does not count.
        let begins = links.get() == 0;
        knows_root.set(knows_root.get() || begins || limits.scope != Scope::Free);
        if limits.one_mount && !knows_root.get() {
            return Err(Errno::EXDEV);
        }
        at = if begins { root } else { step(at, root)? };
    }
    let names: Vec<&[u8]> = path
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .collect();
    let slash = path.ends_with(b"/");
    for (index, name) in names.iter().enumerate() {
        let last = index + 1 == names.len();
        if model.names(at).is_none() {
            return Err(Errno::ENOTDIR);
        }
        let next = match *name {
            b"." => at,
            b".." if at == top && limits.scope == Scope::Beneath => return Err(Errno::EXDEV),
            b".." if at == top && limits.scope == Scope::Root => at,
            b".." => {
                knows_root.set(true);
                step(at, model.parent(at)?)?
            }
            name => step(at, model.child(at, name)?)?,
        };
        at = match &model.objects[next] {
            Object::Link(text) if !last || follow || slash => {
                links.set(links.get() + 1);
                if links.get() > MAX_LINKS {
                    return Err(Errno::ELOOP);
                }
                resolve_within(model, within, at, text, true, state)?
            }
            _ => next,
        };
        if (!last || slash) && model.names(at).is_none() {
            return Err(Errno::ENOTDIR);
        }
    }
    Ok(at)
}

fn outcome(found: SysResult<Found<Id>>) -> SysResult<Id> {
    match found? {
        Found::Node(id, _) => Ok(id),
        Found::Name(..) => Err(Errno::ENOENT),
    }
}

/// Names from which trees and paths are made, so that they meet.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"a".to_vec()),
        Just(b"b".to_vec()),
        Just(b"c".to_vec())
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        6 => name(),
        2 => Just(b"..".to_vec()),
        1 => Just(b".".to_vec()),
        1 => Just(Vec::new()),
    ];
    (any::<bool>(), prop::collection::vec(part, 1..7)).prop_map(|(absolute, parts)| {
        let text = parts.join(&b'/');
        if absolute {
            [b"/".as_slice(), &text].concat()
        } else {
            text
        }
    })
}

#[derive(Clone, Debug)]
enum Growth {
    Directory(usize, Vec<u8>),
    File(usize, Vec<u8>),
    Link(usize, Vec<u8>, Vec<u8>),
    Mount(usize),
}

fn growth() -> impl Strategy<Value = Growth> {
    prop_oneof![
        4 => (any::<usize>(), name()).prop_map(|(at, name)| Growth::Directory(at, name)),
        1 => (any::<usize>(), name()).prop_map(|(at, name)| Growth::File(at, name)),
        3 => (any::<usize>(), name(), path()).prop_map(|(at, name, to)| Growth::Link(at, name, to)),
        1 => any::<usize>().prop_map(Growth::Mount),
    ]
}

fn grown(steps: &[Growth]) -> Model {
    let mut model = Model::new();
    for step in steps {
        let directories: Vec<Id> = (0..model.objects.len())
            .filter(|id| model.names(*id).is_some())
            .collect();
        let pick = |at: &usize| directories[at % directories.len()];
        match step {
            Growth::Directory(at, name) => {
                let above = pick(at);
                let names = BTreeMap::new();
                model.add(above, name, Object::Directory { above, names });
            }
            Growth::File(at, name) => {
                model.add(pick(at), name, Object::File);
            }
            Growth::Link(at, name, to) => {
                model.add(pick(at), name, Object::Link(to.clone()));
            }
            Growth::Mount(at) => {
                let point = pick(at);
                if point != model.root && !model.mounts.contains_key(&point) {
                    // Its own root, as a file system of its own has it.
                    let id = model.objects.len();
                    let names = BTreeMap::new();
                    model.objects.push(Object::Directory { above: id, names });
                    model.mounts.insert(point, id);
                }
            }
        }
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn it_ends_where_the_model_says(
        steps in prop::collection::vec(growth(), 0..30),
        start in any::<usize>(),
        path in path(),
        follow in any::<bool>(),
    ) {
        let model = grown(&steps);
        let directories: Vec<Id> =
            (0..model.objects.len()).filter(|id| model.names(*id).is_some()).collect();
        let start = directories[start % directories.len()];
        let expected = resolve(&model, start, &path, follow, &Cell::new(0));
        let aim = if follow { Aim::Follow } else { Aim::Keep };
        let limits = Limits::default();
        let found = outcome(walk(&model, start, &path, aim, limits));
        prop_assert_eq!(found, expected, "with dives");
        let found = outcome(walk(&Stepping(&model), start, &path, aim, limits));
        prop_assert_eq!(found, expected, "step by step");
    }

    #[test]
    fn limits_hold_as_in_the_model(
        steps in prop::collection::vec(growth(), 0..30),
        start in any::<usize>(),
        path in path(),
        follow in any::<bool>(),
        one_mount in any::<bool>(),
        scope in 0..3,
    ) {
        let model = grown(&steps);
        let directories: Vec<Id> =
            (0..model.objects.len()).filter(|id| model.names(*id).is_some()).collect();
        let start = directories[start % directories.len()];
        let scope = match scope {
            0 => Scope::Free,
            1 => Scope::Beneath,
            _ => Scope::Root,
        };
        let limits = Limits { one_mount, scope, ..Limits::default() };
        let within = (start, limits);
        let state = (&Cell::new(0), &Cell::new(false));
        let expected = resolve_within(&model, within, start, &path, follow, state);
        let aim = if follow { Aim::Follow } else { Aim::Keep };
        let found = outcome(walk(&model, start, &path, aim, limits));
        prop_assert_eq!(found, expected, "with dives");
        let found = outcome(walk(&Stepping(&model), start, &path, aim, limits));
        prop_assert_eq!(found, expected, "step by step");
    }

    #[test]
    fn a_parent_and_a_name_lead_to_the_same(
        steps in prop::collection::vec(growth(), 0..30),
        path in path(),
    ) {
        let model = grown(&steps);
        let whole = resolve(&model, model.root, &path, false, &Cell::new(0));
        if let Ok(Found::Name(directory, name)) =
            walk(&model, model.root, &path, Aim::Parent, Limits::default())
        {
            prop_assert_eq!(resolve(&model, directory, &name, false, &Cell::new(0)), whole);
        } else {
            prop_assert!(whole.is_err());
        }
    }

    /// Nothing outside of the root is ever found from within.
    #[test]
    fn it_stays_below_the_root(
        steps in prop::collection::vec(growth(), 0..30),
        path in path(),
    ) {
        let mut model = grown(&steps);
        let inner: Option<Id> = model.child(model.root, b"a").ok();
        let Some(inner) = inner.filter(|id| model.names(*id).is_some()) else { return Ok(()) };
        model.root = inner;
        let mut inside = vec![inner];
        let mut next = 0;
        while let Some(at) = inside.get(next).copied() {
            next += 1;
            for id in model.names(at).into_iter().flat_map(BTreeMap::values) {
                let id = model.mounted(*id);
                if !inside.contains(&id) {
                    inside.push(id);
                }
            }
        }
        if let Ok(Found::Node(id, _) | Found::Name(id, _)) =
            walk(&model, inner, &path, Aim::Follow, Limits::default())
        {
            prop_assert!(inside.contains(&id), "{id} is not in {inside:?}");
        }
    }
}

fn sample() -> (Model, Id, Id) {
    let mut model = Model::new();
    let names = BTreeMap::new;
    let usr = model.add(
        0,
        b"usr",
        Object::Directory {
            above: 0,
            names: names(),
        },
    );
    let lib = model.add(
        usr,
        b"lib",
        Object::Directory {
            above: usr,
            names: names(),
        },
    );
    let file = model.add(lib, b"x", Object::File);
    model.add(0, b"lib", Object::Link(b"usr/lib".to_vec()));
    model.add(0, b"loop", Object::Link(b"loop".to_vec()));
    model.add(0, b"abs", Object::Link(b"/lib/x".to_vec()));
    (model, lib, file)
}

#[test]
fn links_cost_a_step_and_the_rest_is_a_dive() {
    let (model, _, file) = sample();
    let found = walk(&model, 0, b"/lib/x", Aim::Follow, Limits::default());
    assert_eq!(outcome(found), Ok(file));
    assert_eq!(model.dives.get(), 1);
    assert_eq!(
        outcome(walk(&model, 0, b"abs", Aim::Follow, Limits::default())),
        Ok(file)
    );
}

#[test]
fn ends_of_paths_are_told_apart() {
    let (model, lib, file) = sample();
    let by = |path: &[u8], aim| walk(&model, 0, path, aim, Limits::default());
    let text = |found: SysResult<Found<Id>>| format!("{found:?}");
    assert_eq!(
        text(by(b"/", Aim::Parent)),
        format!("{:?}", SysResult::Ok(Found::Name(0usize, b"/".to_vec())))
    );
    assert_eq!(
        text(by(b"usr/lib/n//", Aim::Parent)),
        format!("{:?}", SysResult::Ok(Found::Name(lib, b"n//".to_vec())))
    );
    assert_eq!(
        text(by(b"lib/new", Aim::Follow)),
        format!("{:?}", SysResult::Ok(Found::Name(lib, b"new".to_vec())))
    );
    assert_eq!(outcome(by(b"loop", Aim::Follow)), Err(Errno::ELOOP));
    assert!(outcome(by(b"loop", Aim::Keep)).is_ok());
    assert_eq!(outcome(by(b"loop/", Aim::Keep)), Err(Errno::ELOOP));
    assert_eq!(outcome(by(b"/lib/x/", Aim::Follow)), Err(Errno::ENOTDIR));
    assert_eq!(outcome(by(b"/lib/x/..", Aim::Follow)), Err(Errno::ENOTDIR));
    assert_eq!(outcome(by(b"/lib/x/y", Aim::Parent)), Err(Errno::ENOTDIR));
    assert_eq!(outcome(by(b"", Aim::Follow)), Err(Errno::ENOENT));
    assert_eq!(outcome(by(b"/../../lib/./x", Aim::Follow)), Ok(file));
    let limits = Limits {
        no_links: true,
        ..Limits::default()
    };
    assert_eq!(
        outcome(walk(&model, 0, b"lib/x", Aim::Follow, limits)),
        Err(Errno::ELOOP)
    );
}
