#!/bin/bash
#: needs: go
#: limit: 600
# Programs built by the Go tool and run: goroutines, exec, signal.Notify, panics, pre-emption.
export HOME=$PWD GOFLAGS=-mod=mod GOCACHE=$PWD/cache GOPROXY=off GOTOOLCHAIN=local GO111MODULE=on CGO_ENABLED=0
mkdir m; cd m || exit; cat >go.mod <<'G'
module m
go 1.19
G
cat >main.go <<'G'
package main
import ("bufio"; "fmt"; "io"; "net"; "os"; "os/exec"; "os/signal"; "runtime"; "runtime/debug"; "strings"; "sync"; "syscall"; "time")
type T struct{ x int }
func get(t *T) (v int, err error) { defer func() { if r := recover(); r != nil { err = fmt.Errorf("%v", r) } }(); return t.x, nil }
func deep(n int) int { var a [256]byte; a[n%256] = 1; if n == 0 { return 0 }; return deep(n-1) + int(a[n%256]) }
func main() {
    var wg sync.WaitGroup; var mu sync.Mutex; total := 0; ch := make(chan int)
    for i := 0; i < 1000; i++ { wg.Add(1); go func(i int) { defer wg.Done(); mu.Lock(); total += i; mu.Unlock() }(i) }
    wg.Wait(); fmt.Println(total)
    go func() { for i := 0; i < 10000; i++ { ch <- i }; close(ch) }(); s := 0; for v := range ch { s += v }; fmt.Println(s)
    go func() { for {} }(); runtime.GC(); fmt.Println("pre-empted")
    _, err := get(nil); fmt.Println(err); fmt.Println(deep(100000)); debug.FreeOSMemory()
    sig := make(chan os.Signal, 20); signal.Notify(sig, syscall.SIGUSR1, syscall.SIGHUP)
    for i := 0; i < 5; i++ { syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println(<-sig) }
    out, err := exec.Command("sh", "-c", "echo child; exit 3").Output(); fmt.Print(string(out)); fmt.Println(err)
    c := exec.Command("tr", "a-z", "A-Z"); c.Stdin = strings.NewReader("through\n"); c.Stdout = os.Stdout; fmt.Println(c.Run())
    k := exec.Command("sleep", "9"); k.Start(); k.Process.Kill(); fmt.Println(k.Wait())
    var pw sync.WaitGroup; for i := 0; i < 20; i++ { pw.Add(1); go func() { defer pw.Done(); if exec.Command("true").Run() != nil { fmt.Println("bad") } }() }; pw.Wait()
    l, err := net.Listen("tcp", "127.0.0.1:0"); if err != nil { panic(err) }
    go func() { for { c, err := l.Accept(); if err != nil { return }; go func() { io.Copy(c, c); c.Close() }() } }()
    var nw sync.WaitGroup; got := 0; for i := 0; i < 30; i++ { nw.Add(1); go func(i int) { defer nw.Done(); c, err := net.Dial("tcp", l.Addr().String()); if err != nil { panic(err) }; fmt.Fprintf(c, "n%d\n", i); t, _ := bufio.NewReader(c).ReadString('\n'); mu.Lock(); if t == fmt.Sprintf("n%d\n", i) { got++ }; mu.Unlock(); c.Close() }(i) }; nw.Wait(); fmt.Println(got)
    select { case <-time.After(30 * time.Millisecond): fmt.Println("timer"); case <-sig: }
    garbage := 0; for i := 0; i < 2000; i++ { b := make([]byte, 50000); garbage += len(b) }; fmt.Println(garbage)
    syscall.Kill(os.Getpid(), syscall.SIGTERM); time.Sleep(5 * time.Second)
}
G
go build -o prog . && ./prog; echo "status $?"; go vet . ; echo "status $?"
printf 'package main\nfunc main() { var p *int; *p = 1 }\n' >../crash.go; go build -o ../crash ../crash.go; ../crash 2>&1 | grep -E '^(panic|\[signal)' | sed 's/ pc=.*//'; ../crash 2>/dev/null; echo "status $?"
GOMAXPROCS=8 ./prog | sha256sum
