#!/bin/bash
#: needs: getent cc
#: limit: 180
# A program built by rustc and run: threads, channels, panics caught, processes, files.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
rustc=$(command -v rustc || ls -d "$home"/.rustup/toolchains/stable-*/bin/rustc 2>/dev/null | head -n 1)
[ -n "$rustc" ] || { echo "SKIP no rustc"; exit 77; }
cat >p.rs <<'R'
use std::{collections::HashMap, fs, io::{Read, Write}, net::*, panic, process::*, sync::*, thread, time::Duration};
fn main() {
    let total = Arc::new(Mutex::new(0u64));
    let ts: Vec<_> = (0..16).map(|i| { let t = total.clone(); thread::spawn(move || for _ in 0..1000 { *t.lock().unwrap() += i }) }).collect();
    for t in ts { t.join().unwrap() } println!("{}", total.lock().unwrap());
    let (tx, rx) = mpsc::channel(); for i in 0..8 { let tx = tx.clone(); thread::spawn(move || for k in 0..100 { tx.send(i * k).unwrap() }); } drop(tx); println!("{}", rx.iter().sum::<i32>());
    panic::set_hook(Box::new(|_| ())); println!("{}", thread::spawn(|| panic!("x")).join().is_err());
    println!("{}", (0..500).filter(|i| panic::catch_unwind(|| if i % 2 == 0 { panic!() }).is_err()).count());
    let mut c = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap(); c.stdin.take().unwrap().write_all(b"abc").unwrap(); let o = c.wait_with_output().unwrap(); println!("{:?} {}", String::from_utf8(o.stdout), o.status);
    println!("{} {}", Command::new("sh").args(["-c", "exit 9"]).status().unwrap(), Command::new("sh").args(["-c", "kill -9 $$"]).status().unwrap()); println!("{:?}", Command::new("./none").spawn().err().map(|e| e.kind()));
    let l = TcpListener::bind("127.0.0.1:0").unwrap(); let a = l.local_addr().unwrap(); thread::spawn(move || { let (mut s, _) = l.accept().unwrap(); let mut b = [0; 4]; s.read_exact(&mut b).unwrap(); s.write_all(&b).unwrap(); });
    let mut s = TcpStream::connect(a).unwrap(); s.write_all(b"ping").unwrap(); let mut b = String::new(); s.read_to_string(&mut b).unwrap(); println!("{b}");
    let m: HashMap<_, _> = (0..100).map(|i| (i, i * i)).collect(); fs::write("f", format!("{}", m[&9])).unwrap(); println!("{} {:?}", fs::read_to_string("f").unwrap(), fs::metadata("g").map_err(|e| e.kind()).err());
    let pair = Arc::new((Mutex::new(false), Condvar::new())); println!("{}", pair.1.wait_timeout(pair.0.lock().unwrap(), Duration::from_millis(20)).unwrap().1.timed_out()); std::process::abort()
}
R
"$rustc" -O -C codegen-units=2 p.rs 2>&1; ./p; echo "status $?"; echo 'fn main() { 1 + "a" }' | "$rustc" --crate-name bad - 2>&1 | grep -c '^error'
